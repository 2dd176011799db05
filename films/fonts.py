"""The letters of reports and films: Noto Sans SC, which has the rare characters of Chinese names.

films touches no machine, but letters come out of a file. It is read-only, the same on every machine (`infra/deploy/fonts.sh`
brings it by its hash into the virtual environment), and read here alone.
"""

from __future__ import annotations

import sys
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


def _there(path: Path) -> Path:
    if not path.is_file():
        raise Unavailable(f"the font {path.name} is missing: run infra/deploy/fonts.sh")
    return path
