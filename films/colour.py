"""Colour as shown: RGB of any depth and PALETTE COLOR in 8 bits (PS3.3 C.7.6.3.1.2 and C.7.9). Never windowed."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from films.image import ImageDescription, Palette
from films.tables import WHITE, Shades, Stored, every_value, has_table, in_shades, look_up, places, rounded, true_bits


def colour(array: Stored, description: ImageDescription) -> Shades:
    """RGB (rows, columns, 3) of 8, 16 or 32 bits a sample → 8 bits."""
    if array.dtype == np.uint8:
        return array
    scale = WHITE / (2**description.bits_stored - 1)
    if array.dtype == np.uint16:
        return look_up(array, _colour_table(scale))
    return rounded(array.astype(np.float64) * scale)


@lru_cache(maxsize=16)
def _colour_table(scale: float) -> Shades:
    return rounded(np.arange(65536, dtype=np.float64) * scale)


def has_palette(description: ImageDescription) -> bool:
    """True when stored values are places in a palette."""
    return description.palette is not None and description.photometric_interpretation == "PALETTE COLOR"


def painted(array: Stored, palette: Palette) -> Shades:
    """PALETTE COLOR: three tables, joined (PS3.3 C.7.6.3.1.6)."""
    if not has_table(array):
        array = np.clip(array, 0, 65535).astype(np.uint16)
    tables = _paint_tables(palette, array.dtype.str)
    return np.asarray(cv2.merge([look_up(array, table) for table in tables]), dtype=np.uint8)


@lru_cache(maxsize=16)
def _paint_tables(palette: Palette, dtype: str) -> tuple[Shades, ...]:
    luts = (palette.red, palette.green, palette.blue)
    values = every_value(dtype).astype(np.float64)
    return tuple(in_shades(lut, true_bits(*luts))[places(values, lut)] for lut in luts)
