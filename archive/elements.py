"""Data elements of a DICOM file (PS3.5 section 7): their headers, walked one by one to the exact end."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from pydicom.datadict import dictionary_VR

from archive.extents import Bulk
from archive.syntaxes import Syntax
from core.errors import Unreadable

View = memoryview

UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
PIXEL_TAGS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})  # float, double and integer pixels

NESTING_CAP = 32  # pydicom's error messages grow 2.6 times with each level
ELEMENT_CAP = 300_000  # elements and items; 100 000 cost pydicom 6 s
BULK_OVER_BYTES = 1024  # larger binary values are resources of their own (PS3.18 section 8.6.3)

LONG_VRS = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
# PS3.5 tables 7.1-1 and 7.1-2
SHORT_VRS = frozenset(
    {b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO"}
    | {b"LT", b"PN", b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US"}
)
_BINARY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN", "OB or OW", "US or OW", "US or SS or OW"})
_VR_TEXT = {vr: vr.decode() for vr in LONG_VRS | SHORT_VRS}


class Element(NamedTuple):
    """One element: its header begins at `start`, its value takes `length` bytes from `value` on, `end` is after it all."""

    tag: int
    vr: str
    start: int
    value: int
    length: int  # 0xFFFFFFFF when a delimiter ends it
    end: int

    @property
    def delimited(self) -> bool:
        """True when the length is undefined and a delimiter ends the value."""
        return self.length == UNDEFINED


class Header(NamedTuple):
    """What stands before a value."""

    tag: int
    vr: str
    value: int
    length: int


class Item(NamedTuple):
    """One item of a sequence, or one fragment: `length` bytes from `value` on; `end` is after its delimiter, if any."""

    value: int
    length: int
    end: int


def unreadable(tag: int, offset: int, problem: str) -> Unreadable:
    """Our error, saying where: tag and byte."""
    return Unreadable(f"({tag >> 16:04X},{tag & 0xFFFF:04X}) at byte {offset}: {problem}")


@lru_cache(maxsize=20_000)
def dictionary_vr(tag: int) -> str:
    """The VR that PS3.6 gives this tag; ambiguous ones as "US or SS"; UN for private elements and unknown ones."""
    try:
        return dictionary_VR(tag)
    except KeyError:
        if tag & 0xFFFF == 0:
            return "UL"
        return "LO" if tag >> 16 & 1 and 0x10 <= tag & 0xFFFF <= 0xFF else "UN"


def header_reader(syntax: Syntax) -> Callable[[View, int, int], Header]:
    """The function that reads the header of the element at an offset, never looking beyond `end`."""
    if syntax.implicit:
        return _implicit_header
    return _explicit_be_header if syntax.big_endian else _explicit_le_header


def _implicit_header(data: View, offset: int, end: int) -> Header:
    if offset + 8 > end:
        raise _cut(offset)
    group, element, length = _IMPLICIT.unpack_from(data, offset)
    tag = group << 16 | element
    return Header(tag, dictionary_vr(tag), offset + 8, length)


def _explicit_le_header(data: View, offset: int, end: int) -> Header:
    return _explicit_header(data, offset, end, _SHORT_LE, _LENGTH_LE)


def _explicit_be_header(data: View, offset: int, end: int) -> Header:
    return _explicit_header(data, offset, end, _SHORT_BE, _LENGTH_BE)


_IMPLICIT = struct.Struct("<HHI")
_SHORT_LE, _SHORT_BE = struct.Struct("<HH2sH"), struct.Struct(">HH2sH")
_LENGTH_LE, _LENGTH_BE = struct.Struct("<I"), struct.Struct(">I")


def _explicit_header(data: View, offset: int, end: int, short: struct.Struct, long: struct.Struct) -> Header:
    if offset + 8 > end:
        raise _cut(offset)
    group, element, vr, length = short.unpack_from(data, offset)
    tag = group << 16 | element
    if vr in SHORT_VRS:
        return Header(tag, _VR_TEXT[vr], offset + 8, length)
    if group == 0xFFFE:  # PS3.5 section 7.5: delimiters have no VR
        return Header(tag, "", offset + 8, long.unpack_from(data, offset + 4)[0])
    if vr not in LONG_VRS and not (vr.isalpha() and vr.isupper()):
        raise unreadable(tag, offset, "no value representation where one must stand")
    if offset + 12 > end:
        raise _cut(offset)
    # PS3.5 section 6.2: a VR we do not know has the long form and is carried as UN.
    return Header(tag, _VR_TEXT.get(vr, "UN"), offset + 12, long.unpack_from(data, offset + 8)[0])


def _cut(offset: int) -> Unreadable:
    return Unreadable(f"the file ends inside an element header at byte {offset}")


class Walk:
    """One walk over a data set; counts what it meets and notes large binary values."""

    __slots__ = ("_count", "_data", "_header", "_implicit", "_item", "bulkdata")

    def __init__(self, data: View, syntax: Syntax) -> None:
        self.bulkdata: list[Bulk] = []
        self._data = data
        self._header = header_reader(syntax)
        self._item = struct.Struct(">HHI" if syntax.big_endian else "<HHI")
        self._implicit = syntax.implicit
        self._count = 0

    def top_level(self, offset: int) -> dict[int, Element]:
        """Every element from `offset` to the exact end; raises Unreadable when one does not fit or stands twice."""
        elements: dict[int, Element] = {}
        end = len(self._data)
        while offset < end:
            element = self._element(offset, end, 0, "")
            if element.tag in elements:
                raise unreadable(element.tag, offset, "the element stands twice")
            elements[element.tag] = element
            offset = element.end
        return elements

    def element(self, offset: int) -> Element:
        """The element at `offset`, walked with all that is nested in it."""
        return self._element(offset, len(self._data), 0, "")

    def items(self, element: Element) -> list[Item]:
        """The fragments of encapsulated pixel data, already walked."""
        found = []
        offset = element.value
        while offset < element.end:
            tag, length = self._item_header(offset, element.end)
            if tag == SEQUENCE_END:
                break
            found.append(Item(offset + 8, length, offset + 8 + length))
            offset += 8 + length
        return found

    def _element(self, offset: int, end: int, depth: int, path: str) -> Element:
        self._counted(offset)
        tag, vr, value, length = self._header(self._data, offset, end)
        if tag >> 16 == 0xFFFE:
            raise unreadable(tag, offset, "a delimiter where an element must stand")
        if length == UNDEFINED:
            after = self._undefined(tag, vr, value, end, depth, path)
        else:
            after = value + length
            if after > end:
                raise unreadable(tag, offset, f"{length} bytes claimed, {end - value} left")
            if vr == "SQ" and length:
                self._sequence(tag, value, after, depth, path, delimited=False)
        if vr in _BINARY and after - value > BULK_OVER_BYTES and (path or tag not in PIXEL_TAGS):
            self.bulkdata.append(Bulk(f"{path}{tag:08X}", vr if len(vr) == 2 else "OW", value, min(length, after - value)))
        return Element(tag, vr, offset, value, length, after)

    def _undefined(self, tag: int, vr: str, value: int, end: int, depth: int, path: str) -> int:
        if vr in ("OB", "OW", "OB or OW"):
            return self._fragments(tag, value, end)
        if vr not in ("SQ", "UN"):
            raise unreadable(tag, value, f"a value of {vr} without a length")
        if vr == "UN" and not self._implicit:
            return self._as_implicit(tag, value, end, depth, path)
        return self._sequence(tag, value, end, depth, path, delimited=True)

    def _as_implicit(self, tag: int, value: int, end: int, depth: int, path: str) -> int:
        # PS3.5 section 6.2.2 note 2: UN of undefined length is a sequence in Implicit VR Little Endian.
        kept = self._header, self._item, self._implicit
        self._header, self._item, self._implicit = _implicit_header, _IMPLICIT, True
        after = self._sequence(tag, value, end, depth, path, delimited=True)
        self._header, self._item, self._implicit = kept
        return after

    def _sequence(self, tag: int, offset: int, end: int, depth: int, path: str, *, delimited: bool) -> int:
        if depth >= NESTING_CAP:
            raise unreadable(tag, offset, f"sequences nested deeper than {NESTING_CAP}")
        number = 0
        while offset < end:
            item, length = self._item_header(offset, end)
            if delimited and item == SEQUENCE_END:
                return self._delimiter(offset, length)
            if item != ITEM:
                raise unreadable(tag, offset, "no item where one must stand")
            self._counted(offset)
            offset = self._data_set(tag, offset + 8, end, length, depth + 1, f"{path}{tag:08X}/{number}/")
            number += 1
        if delimited:
            raise unreadable(tag, offset, "the sequence has no delimiter")
        return offset

    def _data_set(self, tag: int, offset: int, end: int, length: int, depth: int, path: str) -> int:
        if length == UNDEFINED:
            return self._delimited_data_set(tag, offset, end, depth, path)
        if offset + length > end:
            raise unreadable(tag, offset, f"an item claims {length} bytes, {end - offset} left")
        end = offset + length
        while offset < end:
            offset = self._element(offset, end, depth, path).end
        return offset

    def _delimited_data_set(self, tag: int, offset: int, end: int, depth: int, path: str) -> int:
        while offset < end:
            mark, length = self._item_header(offset, end)
            if mark == ITEM_END:
                return self._delimiter(offset, length)
            offset = self._element(offset, end, depth, path).end
        raise unreadable(tag, offset, "an item has no delimiter")

    def _fragments(self, tag: int, offset: int, end: int) -> int:
        while offset < end:
            item, length = self._item_header(offset, end)
            if item == SEQUENCE_END:
                return self._delimiter(offset, length)
            if item != ITEM or length == UNDEFINED:
                raise unreadable(tag, offset, "no fragment where one must stand")
            self._counted(offset)
            offset += 8 + length
            if offset > end:
                raise unreadable(tag, offset, f"a fragment claims {length} bytes beyond the end of the file")
        raise unreadable(tag, offset, "the fragments have no sequence delimiter")

    def _item_header(self, offset: int, end: int) -> tuple[int, int]:
        if offset + 8 > end:
            raise _cut(offset)
        group, element, length = self._item.unpack_from(self._data, offset)
        return group << 16 | element, length

    def _delimiter(self, offset: int, length: int) -> int:
        if length:
            raise Unreadable(f"the delimiter at byte {offset} claims a length")
        return offset + 8

    def _counted(self, offset: int) -> None:
        self._count += 1
        if self._count > ELEMENT_CAP:
            raise Unreadable(f"more than {ELEMENT_CAP} elements and items before byte {offset}")
