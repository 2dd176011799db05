"""Ready tables: one shade for each value that a sample can have, and the lookup tables that images bring (PS3.3 C.11)."""

from __future__ import annotations

from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from films.image import Lut

Stored: TypeAlias = NDArray[Any]
Shades: TypeAlias = NDArray[np.uint8]
Reals: TypeAlias = NDArray[np.float64]

WHITE = 255
INDEX_TYPES: dict[int, np.dtype[Any]] = {1: np.dtype(np.uint8), 2: np.dtype(np.uint16)}  # by bytes of a sample


def has_table(array: Stored) -> bool:
    """True when one table can hold every value of such samples: integers of 8 or 16 bits."""
    return array.dtype.kind in "iu" and array.dtype.itemsize in INDEX_TYPES


def look_up(array: Stored, table: Shades) -> Shades:
    """The shade of each sample; signed samples index the table by their bits (two's complement)."""
    return np.asarray(cv2.LUT(array.view(INDEX_TYPES[array.dtype.itemsize]), table), dtype=np.uint8)


def every_value(dtype: str) -> Stored:
    """All values of such a sample, in the order of their bits."""
    kind = np.dtype(dtype)
    return np.arange(256**kind.itemsize, dtype=INDEX_TYPES[kind.itemsize]).view(kind)


def rounded(values: Reals) -> Shades:
    """To the nearest shade; uses `values` up."""
    np.clip(values, 0.0, WHITE, out=values)
    values += 0.5
    return values.astype(np.uint8)


def entries(lut: Lut) -> NDArray[np.uint16]:
    """Its outputs, in order."""
    return np.frombuffer(lut.values, dtype="<u2")


def places(values: Reals, lut: Lut) -> NDArray[np.intp]:
    """Which entry each value takes; values outside take the first or the last one (PS3.3 C.11.1.1.1)."""
    return np.clip(np.rint(values - lut.first), 0, len(lut.values) // 2 - 1).astype(np.intp)


def true_bits(*luts: Lut) -> int:
    """Bits of the entries: some devices claim 16 and write 8, others write more than they claim."""
    highest = max(int(entries(lut).max(initial=0)) for lut in luts)
    claimed = max(lut.bits for lut in luts)
    return 8 if claimed > 8 and highest <= WHITE else max(claimed, highest.bit_length(), 1)


def in_shades(lut: Lut, bits: int) -> Shades:
    """Its outputs, counted in 256 shades."""
    return rounded(entries(lut) * (WHITE / (2**bits - 1)))
