"""Lookup tables as files carry them: modality and VOI LUTs and palettes (PS3.3 C.11.1, C.11.2, C.7.6.3.1.5, C.7.9.2)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut

from archive.dicomjson import values
from films.image import Lut, Palette

Words = NDArray[Any]

_LUT_DESCRIPTOR, _LUT_DATA = 0x00283002, 0x00283006
_RED_DESCRIPTOR, _RED_DATA, _RED_SEGMENTS = 0x00281101, 0x00281201, 0x00281221  # green and blue follow each
_ENTRIES_WHEN_ZERO = 1 << 16  # the count has 16 bits
_SEGMENTS_MAX_BYTES = 1 << 16
# What pydicom raises on segments that lead nowhere.
_BAD_SEGMENTS = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)


def lut(item: Dataset, signed: bool) -> Lut | None:
    """The table of one item of a Modality or VOI LUT Sequence; None when it is not one.

    signed: its input may be negative, so that the first value mapped is, whatever VR it was sent in.
    """
    return _lut(item, _LUT_DESCRIPTOR, _LUT_DATA, signed)


def palette(ds: Dataset, signed: bool) -> Palette | None:
    """The palette of a PALETTE COLOR image; None when a colour is missing."""
    if _RED_DATA not in ds:
        return _segmented(ds, signed)
    colours = [_lut(ds, _RED_DESCRIPTOR + colour, _RED_DATA + colour, signed) for colour in range(3)]
    red, green, blue = colours
    return Palette(red, green, blue) if red and green and blue else None


def _lut(item: Dataset, descriptor_tag: int, data_tag: int, signed: bool) -> Lut | None:
    descriptor = _descriptor(item, descriptor_tag, signed)
    element = item.get_item(data_tag)
    if descriptor is None or element is None:
        return None
    count, first, bits = descriptor
    words = _words(element, count, item.original_encoding[1] is not False)
    return Lut(first, bits, words.astype("<u2").tobytes()) if words.size else None


def _descriptor(item: Dataset, tag: int, signed: bool) -> tuple[int, int, int] | None:
    """How many entries, the first value mapped, bits of an entry."""
    found = values(item, tag)
    if len(found) != 3 or not all(isinstance(value, int) for value in found):
        return None
    count, first, bits = found
    if first < 0 or signed:
        first = (first & 0xFFFF ^ 0x8000) - 0x8000
    return count & 0xFFFF or _ENTRIES_WHEN_ZERO, first, bits & 0xFFFF


def _words(element: DataElement | RawDataElement, count: int, little_endian: bool) -> Words:
    """The first `count` entries: numbers, or bytes that hold an entry in two or, packed, in one."""
    value: Any = element.value
    if isinstance(value, bytes):
        return _unpacked(value, count, little_endian)
    found = [value] if isinstance(value, int) else list(value or ())
    return np.array([number & 0xFFFF for number in found[:count] if isinstance(number, int)], np.uint16)


def _unpacked(value: bytes, count: int, little_endian: bool) -> Words:
    words = np.frombuffer(value, "<u2" if little_endian else ">u2", count=len(value) // 2)
    if len(value) >= 2 * count or len(value) < count:
        return words[:count]
    return words.astype("<u2").view(np.uint8)[:count] if len(value) % 2 == 0 else np.frombuffer(value, np.uint8)[:count]


def _segmented(ds: Dataset, signed: bool) -> Palette | None:
    descriptor = _descriptor(ds, _RED_DESCRIPTOR, signed)
    segments = [ds.get_item(_RED_SEGMENTS + colour) for colour in range(3)]
    if descriptor is None or not all(_is_sane(element) for element in segments):
        return None
    count, first, bits = descriptor
    if bits not in (8, 16):
        return None
    alone = Dataset()
    alone.set_original_encoding(False, ds.original_encoding[1] is not False, "iso8859")
    for colour, element in enumerate(segments):
        assert element is not None
        alone.add_new(_RED_DESCRIPTOR + colour, "SS" if first < 0 else "US", [count & 0xFFFF, first, bits])
        alone.add_new(_RED_SEGMENTS + colour, "OW", element.value)
    try:
        drawn = apply_color_lut(np.arange(first, first + count, dtype=np.int32), alone)
    except _BAD_SEGMENTS:
        return None
    tables = [Lut(first, bits, drawn[:, colour].astype("<u2").tobytes()) for colour in range(3)]
    return Palette(*tables)


def _is_sane(element: DataElement | RawDataElement | None) -> bool:
    return element is not None and isinstance(element.value, bytes) and 0 < len(element.value) <= _SEGMENTS_MAX_BYTES
