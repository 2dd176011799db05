"""QR codes (ISO/IEC 18004) as pictures: black on white, with the quiet zone that the standard asks for."""

from __future__ import annotations

import io
from itertools import groupby

import numpy as np
import qrcode  # type: ignore[import-untyped]  # it has no stubs of its own
from numpy.typing import NDArray
from PIL import Image
from qrcode.exceptions import DataOverflowError  # type: ignore[import-untyped]  # as above

from core.errors import TooLarge

QUIET_MODULES = 4  # ISO/IEC 18004 section 9.1
LEVELS = {"L": 1, "M": 0, "Q": 3, "H": 2}  # how the standard numbers them, section 8.9
LONGEST_TEXT = 1000  # characters; longer ones take too long to make and are hard to scan
RUN_OF_DIGITS = 20  # from here on digits get a part of their own, in which three of them take ten bits


def png(text: str, *, module_px: int = 8, border: int = QUIET_MODULES, level: str = "M") -> bytes:
    """The code of `text` as a PNG of one bit a pixel; `border` in modules. Raises TooLarge for a text that does not fit."""
    dark = np.pad(modules(text, level=level), border)
    pixels = np.kron(~dark, np.ones((module_px, module_px), bool))
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert("1").save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def svg(text: str, *, module_px: int = 8, border: int = QUIET_MODULES, level: str = "M") -> bytes:
    """The same as an SVG that can be printed at any size; `module_px` is the size it has by itself."""
    dark = np.pad(modules(text, level=level), border)
    side = len(dark)
    path = "".join(_run(row, column, length) for row, line in enumerate(dark) for column, length in _runs(line))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{side * module_px}" height="{side * module_px}" '
        f'viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path d="{path}"/></svg>'
    ).encode()


def modules(text: str, *, level: str = "M") -> NDArray[np.bool_]:
    """The code without its quiet zone: (modules, modules), True where it is dark. Raises TooLarge."""
    if len(text) > LONGEST_TEXT:
        raise TooLarge(f"a QR code takes {LONGEST_TEXT} characters here")
    code = qrcode.QRCode(error_correction=LEVELS[level], border=0)
    try:
        code.add_data(text, optimize=RUN_OF_DIGITS)
        code.make(fit=True)
    except (DataOverflowError, ValueError) as error:
        raise TooLarge("the text does not fit into a QR code") from error
    return np.array(code.modules, dtype=bool)


def _runs(line: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """(first column, length) of each dark stretch."""
    found, column = [], 0
    for dark, stretch in groupby(line.tolist()):
        length = len(list(stretch))
        if dark:
            found.append((column, length))
        column += length
    return found


def _run(row: int, column: int, length: int) -> str:
    return f"M{column} {row}h{length}v1h-{length}z"
