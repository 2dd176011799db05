"""Is this a whole DICOM file (PS3.10)? Every length is followed to the exact end before anybody parses or decodes it."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from archive.elements import Element, Item, Walk, unreadable
from archive.extents import Bulk
from archive.syntaxes import Syntax, syntax
from core.errors import Unreadable
from core.uids import is_uid

PREAMBLE_BYTES = 128
INFLATED_CAP_BYTES = 1 << 29  # a deflated data set of 1 MB can claim 1 GB
_META = Syntax("file meta information")  # always Explicit VR Little Endian (PS3.10 section 7.1)

TRANSFER_SYNTAX_UID, MEDIA_SOP_CLASS_UID, MEDIA_SOP_INSTANCE_UID = (0x00020010, 0x00020002, 0x00020003)
SOP_CLASS_UID, SOP_INSTANCE_UID = 0x00080016, 0x00080018
STUDY_INSTANCE_UID, SERIES_INSTANCE_UID = 0x0020000D, 0x0020000E


@dataclass(frozen=True, slots=True)
class Structure:
    """A file whose every length fits. Offsets count in `data`: the file, or for deflated ones its head and what it holds."""

    data: memoryview
    syntax: Syntax
    meta: dict[int, Element]
    data_set: int
    elements: dict[int, Element]
    bulkdata: tuple[Bulk, ...]
    items: tuple[Item, ...] = ()  # of encapsulated pixel data; the first is the Basic Offset Table

    @property
    def pixels(self) -> Element | None:
        """Pixel Data, Float Pixel Data or Double Float Pixel Data."""
        return self.elements.get(0x7FE00010) or self.elements.get(0x7FE00008) or self.elements.get(0x7FE00009)

    @property
    def study_instance_uid(self) -> str:
        """(0020,000D)"""
        return self.text(STUDY_INSTANCE_UID)

    @property
    def series_instance_uid(self) -> str:
        """(0020,000E)"""
        return self.text(SERIES_INSTANCE_UID)

    @property
    def sop_class_uid(self) -> str:
        """(0008,0016)"""
        return self.text(SOP_CLASS_UID)

    @property
    def sop_instance_uid(self) -> str:
        """(0008,0018)"""
        return self.text(SOP_INSTANCE_UID)

    def value(self, tag: int) -> bytes:
        """The bytes of a top-level element; empty when it is absent."""
        element = self.meta.get(tag) or self.elements.get(tag)
        return bytes(self.data[element.value : element.end]) if element else b""

    def text(self, tag: int) -> str:
        """An ASCII value without padding."""
        return self.value(tag).decode("ascii", "replace").strip("\0 ")

    def number(self, tag: int, absent: int) -> int:
        """A US or IS value; raises Unreadable when it is neither."""
        element = self.elements.get(tag)
        if element is None or not element.length:
            return absent
        if element.vr == "IS":
            return self._decimal(element)
        if element.length != 2:
            raise unreadable(tag, element.start, f"{element.length} bytes where one number of 2 bytes must stand")
        (number,) = struct.unpack_from(">H" if self.syntax.big_endian else "<H", self.data, element.value)
        return int(number)

    def _decimal(self, element: Element) -> int:
        text = self.text(element.tag)
        if text.isascii() and text.isdigit() and len(text) <= 10:
            return int(text)
        raise unreadable(element.tag, element.start, "not a whole number")


def walk(data: memoryview) -> Structure:
    """The structure of a whole file; raises Unreadable with the reason, the tag and the byte."""
    meta, start = _file_meta(data)
    found = syntax(_transfer_syntax_uid(data, meta))
    if found.deflated:
        data = memoryview(bytes(data[:start]) + _inflated(data[start:]))
    steps = Walk(data, found)
    elements = steps.top_level(start)
    items = _fragments(steps, elements, found)
    structure = Structure(data, found, meta, start, elements, tuple(steps.bulkdata), items)
    _check_uids(structure)
    return structure


def _file_meta(data: memoryview) -> tuple[dict[int, Element], int]:
    if bytes(data[PREAMBLE_BYTES : PREAMBLE_BYTES + 4]) != b"DICM":
        raise Unreadable("no DICM prefix after a preamble of 128 bytes: not a DICOM Part 10 file")
    steps = Walk(data, _META)
    meta: dict[int, Element] = {}
    offset = PREAMBLE_BYTES + 4
    while bytes(data[offset : offset + 2]) == b"\x02\x00":
        element = steps.element(offset)
        meta[element.tag] = element
        offset = element.end
    return meta, offset


def _transfer_syntax_uid(data: memoryview, meta: dict[int, Element]) -> str:
    element = meta.get(TRANSFER_SYNTAX_UID)
    if element is None:
        raise Unreadable("(0002,0010) Transfer Syntax UID is missing")
    uid = bytes(data[element.value : element.end]).decode("ascii", "replace").strip("\0 ")
    if not is_uid(uid):
        raise unreadable(element.tag, element.start, "Transfer Syntax UID is not a UID")
    return uid


def _inflated(deflated: memoryview) -> bytes:
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = inflate.decompress(deflated, INFLATED_CAP_BYTES + 1)
    except zlib.error as error:
        raise Unreadable("the deflated data set is damaged") from error
    if len(data) > INFLATED_CAP_BYTES:
        raise Unreadable(f"the deflated data set is larger than {INFLATED_CAP_BYTES} bytes")
    if not inflate.eof:
        raise Unreadable("the deflated data set has no end")
    if inflate.unused_data not in (b"", b"\0", _gzip_trailer(data)):  # PS3.5 annex A.5: one null may make the length even
        raise Unreadable("bytes follow the deflated data set")
    return data


def _gzip_trailer(data: bytes) -> bytes:
    # Some writers deflate with gzip and leave its checksum and length behind (RFC 1952 section 2.3.1).
    return struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)


def _fragments(steps: Walk, elements: dict[int, Element], found: Syntax) -> tuple[Item, ...]:
    pixels = elements.get(0x7FE00010)
    if pixels is None:
        return ()
    if not pixels.delimited:
        if found.encapsulated and found.codec != "unknown":
            raise unreadable(pixels.tag, pixels.start, "native pixels under a compressed transfer syntax")
        return ()
    if not found.encapsulated:
        raise unreadable(pixels.tag, pixels.start, "fragments under a native transfer syntax")
    return tuple(steps.items(pixels))


def _check_uids(structure: Structure) -> None:
    for tag in (STUDY_INSTANCE_UID, SERIES_INSTANCE_UID, SOP_CLASS_UID, SOP_INSTANCE_UID):
        if not is_uid(structure.text(tag)):
            raise Unreadable(f"({tag >> 16:04X},{tag & 0xFFFF:04X}) is missing or is not a UID")
    for said, meant in ((MEDIA_SOP_CLASS_UID, SOP_CLASS_UID), (MEDIA_SOP_INSTANCE_UID, SOP_INSTANCE_UID)):
        if structure.text(said) not in ("", structure.text(meant)):
            raise Unreadable(f"({said >> 16:04X},{said & 0xFFFF:04X}) of the file meta information contradicts the data set")
