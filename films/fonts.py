"""The letters of reports and films: Noto Sans SC, which has the rare characters of Chinese names.

films touches no machine, but letters come out of a file. It is read-only, the same on every machine (`infra/deploy/fonts.sh`
brings it by its hash into the virtual environment), and read here alone.
"""

from __future__ import annotations

import struct
import sys
from bisect import bisect_right
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

from core.errors import Unavailable

FOLDER = Path(sys.prefix) / "share" / "fonts" / "noto-sans-sc"
REGULAR = "NotoSansSC_400Regular.ttf"
BOLD = "NotoSansSC_700Bold.ttf"
SIZES_KEPT = 64


def regular_path() -> Path:
    """The file of the upright letters; raises Unavailable where it was not brought."""
    return _there(FOLDER / REGULAR)


def bold_path() -> Path:
    """The file of the bold letters; raises Unavailable where it was not brought."""
    return _there(FOLDER / BOLD)


@lru_cache(maxsize=SIZES_KEPT)
def face(size_px: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """The letters at a size, for Pillow. The same object for every caller: do not change it."""
    return ImageFont.truetype(str(bold_path() if bold else regular_path()), size_px, layout_engine=ImageFont.Layout.BASIC)


def covers(letter: str) -> bool:
    """True when the font has a picture of that one character."""
    starts, ends = _covered()
    place = bisect_right(starts, ord(letter)) - 1
    return place >= 0 and ord(letter) <= ends[place]


@lru_cache(maxsize=1)
def _covered() -> tuple[list[int], list[int]]:
    """First and last character of each stretch that the font has (OpenType, table cmap, format 12)."""
    font = regular_path().read_bytes()
    (tables,) = struct.unpack_from(">H", font, 4)
    records = [struct.unpack_from(">4s4xII", font, 12 + 16 * number) for number in range(tables)]
    cmap = next(offset for tag, offset, _ in records if tag == b"cmap")
    (count,) = struct.unpack_from(">H", font, cmap + 2)
    offsets = [struct.unpack_from(">4xI", font, cmap + 4 + 8 * number)[0] for number in range(count)]
    table = next(cmap + offset for offset in offsets if struct.unpack_from(">H", font, cmap + offset) == (12,))
    (groups,) = struct.unpack_from(">I", font, table + 12)
    stretches = [struct.unpack_from(">II4x", font, table + 16 + 12 * number) for number in range(groups)]
    return [start for start, _ in stretches], [end for _, end in stretches]


def _there(path: Path) -> Path:
    if not path.is_file():
        raise Unavailable(f"the font {path.name} is missing: run infra/deploy/fonts.sh")
    return path
