"""Letters on a film: each letter is drawn once, then laid on the page as often as it is needed."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from films.fonts import face
from films.tables import WHITE, Shades

Ink: TypeAlias = NDArray[np.uint8]
LETTERS_KEPT = 4096
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
    x = float(left)
    baseline = top + round(size * BASELINE)
    for letter in text:
        ink, (across, down), advance = _letter(letter, size, bold, shade)
        _lay(page, ink, round(x) + across, baseline + down)
        x += advance
    return round(x)


def write_right(page: Shades, text: str, right: int, top: int, size: int, shade: int, bold: bool = False) -> int:
    """As `write`, ending at `right`; gives the x where it begins."""
    left = right - width_of(text, size, bold)
    write(page, text, left, top, size, shade, bold)
    return left


def write_centred(page: Shades, text: str, centre: int, top: int, size: int, shade: int, bold: bool = False) -> None:
    """As `write`, centred on an x."""
    write(page, text, centre - width_of(text, size, bold) // 2, top, size, shade, bold)


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
    height, width = ink.shape
    if not ink.size or left < 0 or top < 0 or left + width > page.shape[1] or top + height > page.shape[0]:
        return
    part = page[top : top + height, left : left + width]
    np.maximum(part, ink if page.ndim == 2 else ink[:, :, None], out=part)
