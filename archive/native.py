"""Native frames (PS3.5 section 8.1) as arrays, and back to the very bytes they came from."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from archive.pixels import Layout
from core.errors import Unreadable

Samples = NDArray[Any]


def samples(frame: memoryview, layout: Layout, *, big_endian: bool) -> Samples:
    """Array (rows, columns) or (rows, columns, 3) of a native frame, in the machine's byte order, every bit kept."""
    flat = np.frombuffer(frame, _dtype(layout).newbyteorder(">" if big_endian else "<"))
    flat = flat.astype(_dtype(layout), copy=False)
    if layout.samples == 1:
        return flat.reshape(layout.rows, layout.columns)
    if layout.planar == 1:
        planes = flat.reshape(layout.samples, layout.rows, layout.columns)
        return np.ascontiguousarray(planes.transpose(1, 2, 0))
    return flat.reshape(layout.rows, layout.columns, layout.samples)


def frame(array: Samples, *, planar: int, big_endian: bool) -> memoryview:
    """The bytes of a native frame that `samples` would make this array of."""
    if array.ndim == 3 and planar == 1:
        array = array.transpose(2, 0, 1)
    array = np.ascontiguousarray(array.astype(array.dtype.newbyteorder(">" if big_endian else "<"), copy=False))
    return array.reshape(-1).view(np.uint8).data


def require_plain_words(array: Samples, layout: Layout) -> None:
    """Pass when each word is its stored bits, zero or sign extended; else raise Unreadable.

    Readers of native pixels cut the word to Bits Stored, readers of a codestream do not: they would see other values.
    """
    if layout.high_bit != layout.bits_stored - 1:
        raise Unreadable(f"High Bit is {layout.high_bit} with {layout.bits_stored} bits stored")
    low, high = (-(1 << layout.bits_stored - 1), (1 << layout.bits_stored - 1) - 1)
    if not layout.signed:
        low, high = 0, (1 << layout.bits_stored) - 1
    if array.min() < low or array.max() > high:
        raise Unreadable(f"words hold more than the {layout.bits_stored} bits that are called stored")


def _dtype(layout: Layout) -> np.dtype[Any]:
    return np.dtype(f"{'i' if layout.signed else 'u'}{layout.bits_allocated // 8}")
