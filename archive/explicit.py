"""The same data set in Explicit VR Little Endian (PS3.5 annex A.2), element by element, without parsing any value."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping

import numpy as np

from archive.elements import ITEM, ITEM_END, LONG_VRS, SEQUENCE_END, UNDEFINED, Header, Item, header_reader
from archive.structure import MEDIA_SOP_CLASS_UID, MEDIA_SOP_INSTANCE_UID, PREAMBLE_BYTES, TRANSFER_SYNTAX_UID, Structure
from archive.syntaxes import Syntax

_META_VERSION, _META_LENGTH, _GROUP_LENGTH_BYTES = 0x00020001, 0x00020000, 12
_SHORT_VALUE_MOST_BYTES = 0xFFFE  # a longer value of a VR with a 16-bit length is carried as UN (PS3.5 section 6.2.2)
_AS_SENT: Mapping[int, bytes] = {}
_WORD_BYTES = {"US": 2, "SS": 2, "OW": 2, "AT": 2, "UL": 4, "SL": 4, "FL": 4, "OL": 4, "OF": 4} | {
    vr: 8 for vr in ("FD", "OD", "SV", "UV", "OV")
}
# What PS3.6 leaves open; Pixel Data and overlays of an implicit file are OW (PS3.5 annex A.1).
_CHOSEN = {"OB or OW": "OW", "US or OW": "OW", "US or SS or OW": "OW"}


def file_meta(structure: Structure, transfer_syntax_uid: str) -> bytes:
    """Preamble and file meta information (PS3.10 section 7.1) for that transfer syntax; the rest as sent."""
    values = {tag: (element.vr, structure.value(tag)) for tag, element in structure.meta.items()}
    values.setdefault(_META_VERSION, ("OB", b"\0\1"))
    values.setdefault(MEDIA_SOP_CLASS_UID, ("UI", structure.sop_class_uid.encode()))
    values.setdefault(MEDIA_SOP_INSTANCE_UID, ("UI", structure.sop_instance_uid.encode()))
    values[TRANSFER_SYNTAX_UID] = ("UI", transfer_syntax_uid.encode())
    values.pop(_META_LENGTH, None)
    body = b"".join(element(tag, vr, value) for tag, (vr, value) in sorted(values.items()))
    # The preamble is cleared: a file that is also a program or a picture of another kind is not handed on.
    return bytes(PREAMBLE_BYTES) + b"DICM" + element(_META_LENGTH, "UL", struct.pack("<I", len(body))) + body


def element(tag: int, vr: str, value: bytes | memoryview) -> bytes:
    """One element, its value filled up to an even length."""
    padding = (b"\0" if vr in ("UI", "OB", "UN") else b" ") if len(value) % 2 else b""
    return header(tag, vr, len(value) + len(padding)) + value + padding


def header(tag: int, vr: str, length: int) -> bytes:
    """What stands before a value in Explicit VR Little Endian (PS3.5 section 7.1.2)."""
    group, number = tag >> 16, tag & 0xFFFF
    if vr.encode() in LONG_VRS:
        return struct.pack("<HH2sHI", group, number, vr.encode(), 0, length)
    return struct.pack("<HH2sH", group, number, vr.encode(), length)


def data_set(
    data: memoryview,
    start: int,
    end: int,
    syntax: Syntax,
    *,
    signed: bool,
    values: Mapping[int, bytes] = _AS_SENT,
    without: frozenset[int] = frozenset(),
) -> bytes:
    """The top-level elements between two bytes, each with its value in `values` if it stands there; group lengths go.

    `signed` decides "US or SS" of implicit sources; elements of `without` are left out. The range must have been walked before.
    """
    return b"".join(_Converter(data, syntax, signed).elements(start, end, values, without))


class _Converter:
    __slots__ = ("_data", "_header", "_item", "_signed", "_syntax", "_verbatim")

    def __init__(self, data: memoryview, syntax: Syntax, signed: bool) -> None:
        self._data = data
        self._syntax = syntax
        self._signed = signed
        self._header = header_reader(syntax)
        self._item = struct.Struct(">HHI" if syntax.big_endian else "<HHI")
        self._verbatim = not (syntax.implicit or syntax.big_endian)

    def elements(
        self, offset: int, end: int, values: Mapping[int, bytes] = _AS_SENT, without: frozenset[int] = frozenset()
    ) -> Iterator[bytes | memoryview]:
        while offset < end:
            found = self._header(self._data, offset, end)
            after = self._end(found, end)
            if found.tag in values:
                yield element(found.tag, found.vr, values[found.tag])
            elif found.tag & 0xFFFF and found.tag not in without:  # group lengths (retired) would be wrong now
                yield self._data[offset:after] if self._verbatim else self._element(found, after)
            offset = after

    def _end(self, found: Header, end: int) -> int:
        if found.length != UNDEFINED:
            return found.value + found.length
        if found.vr == "UN" and not self._syntax.implicit:
            return _Converter(self._data, _UN_SYNTAX, self._signed)._sequence_end(found.value, end)
        return self._sequence_end(found.value, end)

    def _element(self, found: Header, end: int) -> bytes:
        vr = self._vr(found)
        if vr == "SQ":
            return self._sequence(found, end)
        value = self._data[found.value : found.value + found.length] if found.length != UNDEFINED else None
        if value is None:  # UN of undefined length, or nested encapsulated pixels: carried as they are
            return header(found.tag, vr, UNDEFINED) + self._data[found.value : end]
        if len(value) > _SHORT_VALUE_MOST_BYTES and vr.encode() not in LONG_VRS:
            vr = "UN"
        return header(found.tag, vr, len(value)) + self._swapped(vr, value)

    def _vr(self, found: Header) -> str:
        if found.vr == "US or SS":
            return "SS" if self._signed else "US"
        if found.length == UNDEFINED and found.vr == "UN" and self._syntax.implicit:
            return "SQ"
        return _CHOSEN.get(found.vr, found.vr)

    def _swapped(self, vr: str, value: memoryview) -> bytes | memoryview:
        word = _WORD_BYTES.get(vr)
        if word is None or not self._syntax.big_endian:
            return value
        return swapped(value, word)

    def _sequence(self, found: Header, end: int) -> bytes:
        parts = []
        for item in self._items(found.value, end):
            inner_end = item.value + item.length if item.length != UNDEFINED else item.end - 8
            content = b"".join(self.elements(item.value, inner_end))
            parts.append(struct.pack("<HHI", ITEM >> 16, ITEM & 0xFFFF, len(content)) + content)
        content = b"".join(parts)
        return header(found.tag, "SQ", len(content)) + content

    def _items(self, offset: int, end: int) -> Iterator[Item]:
        while offset < end:
            tag, length = self._item_header(offset)
            if tag == SEQUENCE_END:
                return
            after = offset + 8 + length if length != UNDEFINED else self._item_end(offset + 8, end)
            yield Item(offset + 8, length, after)
            offset = after

    def _sequence_end(self, offset: int, end: int) -> int:
        for item in self._items(offset, end):
            offset = item.end
        return offset + 8

    def _item_end(self, offset: int, end: int) -> int:
        while self._item_header(offset)[0] != ITEM_END:
            offset = self._end(self._header(self._data, offset, end), end)
        return offset + 8

    def _item_header(self, offset: int) -> tuple[int, int]:
        group, number, length = self._item.unpack_from(self._data, offset)
        return group << 16 | number, length


_UN_SYNTAX = Syntax("PS3.5 section 6.2.2 note 2", implicit=True)


def swapped(value: memoryview | bytes, word_bytes: int) -> bytes:
    """The value with the bytes of each word turned round; an incomplete last word stays."""
    whole = len(value) - len(value) % word_bytes
    return np.frombuffer(value[:whole], f"u{word_bytes}").byteswap().tobytes() + bytes(value[whole:])
