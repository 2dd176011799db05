"""Letters on a film: each letter and line is drawn once, then laid on the page as often as it is needed."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from films.fonts import face
from films.tables import WHITE, Shades

Ink: TypeAlias = NDArray[np.uint8]
LETTERS_KEPT, LINES_KEPT = 4096, 256
ELLIPSIS = "…"
BASELINE = 0.88  # of the height of a letter's box in Noto Sans SC, from its top


def width_of(text: str, size: int, bold: bool = False) -> int:
    """Width of a line in pixels."""
    return round(sum(_letter(letter, size, bold)[2] for letter in text))


def fitted(text: str, size: int, width: int, bold: bool = False) -> str:
    """The text, cut with an ellipsis where it is longer than `width` pixels."""
    if width_of(text, size, bold) <= width:
        return text
    while text and width_of(text + ELLIPSIS, size, bold) > width:
        text = text[:-1]
    return text + ELLIPSIS if text else ""


def write(page: Shades, text: str, left: int, top: int, size: int, shade: int, bold: bool = False) -> int:
    """A line whose letters' box begins at (left, top); grey or RGB page. Gives the x where it ends.

    What would lie outside the page is left out.
    """
    margin = size // 2
    ink, width = _line(text, size, bold, shade)
    _lay(page, ink, left - margin, top - margin)
    return left + width


def write_right(page: Shades, text: str, right: int, top: int, size: int, shade: int, bold: bool = False) -> int:
    """As `write`, ending at `right`; gives the x where it begins."""
    left = right - width_of(text, size, bold)
    write(page, text, left, top, size, shade, bold)
    return left


def write_centred(page: Shades, text: str, centre: int, top: int, size: int, shade: int, bold: bool = False) -> None:
    """As `write`, centred on an x."""
    write(page, text, centre - width_of(text, size, bold) // 2, top, size, shade, bold)


@lru_cache(maxsize=LINES_KEPT)
def _line(text: str, size: int, bold: bool, shade: int) -> tuple[Ink, int]:
    """The pixels of a line with half a letter's height free on every side, and its width: most lines of a sheet repeat."""
    margin, x = size // 2, 0.0
    ink = np.zeros((size + 2 * margin, width_of(text, size, bold) + 2 * margin), np.uint8)
    for letter in text:
        drawn, (across, down), advance = _letter(letter, size, bold, shade)
        _lay(ink, drawn, margin + round(x) + across, margin + round(size * BASELINE) + down)
        x += advance
    ink.setflags(write=False)
    return ink, round(x)


@lru_cache(maxsize=LETTERS_KEPT)
def _letter(letter: str, size: int, bold: bool, shade: int = WHITE) -> tuple[Ink, tuple[int, int], float]:
    """The shade of each of its pixels, where they begin against pen and baseline, and how far the pen moves."""
    font = face(size, bold)
    left, top, *_ = font.getbbox(letter, anchor="ls")
    mask, _ = font.getmask2(letter, mode="L", anchor="ls")
    width, height = mask.size
    share = np.array(mask, np.uint16).reshape(height, width) if width and height else np.zeros((0, 0), np.uint16)
    ink: Ink = (share * shade // WHITE).astype(np.uint8)
    ink.setflags(write=False)
    return ink, (int(left), int(top)), float(font.getlength(letter))


def _lay(page: Shades, ink: Ink, left: int, top: int) -> None:
    """The brighter of page and ink, where the ink lies on the page."""
    height, width = page.shape[:2]
    ink = ink[max(0, -top) : max(0, height - top), max(0, -left) : max(0, width - left)]
    top, left = max(0, top), max(0, left)
    part = page[top : top + ink.shape[0], left : left + ink.shape[1]]
    np.maximum(part, ink if page.ndim == 2 else ink[:, :, None], out=part)
