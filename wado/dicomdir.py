"""The directory of a folder of DICOM files (PS3.10 section 8.6, PS3.3 Annex F), so that a program for CDs finds its way."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from archive.explicit import element, header
from archive.syntaxes import EXPLICIT_LE

NAME = "DICOMDIR"
DIRECTORY_CLASS_UID = "1.2.840.10008.1.3.10"
IMPLEMENTATION_CLASS_UID = "2.25.153811417024966133213254158127912405613"  # ours, as in every file that we make
IMAGE = "IMAGE"
# beginning of a SOP class UID → what its instances are in a directory; the longer one first
KINDS: Mapping[str, str] = {
    "1.2.840.10008.5.1.4.1.1.88.59": "KEY OBJECT DOC",
    "1.2.840.10008.5.1.4.1.1.88.": "SR DOCUMENT",
    "1.2.840.10008.5.1.4.1.1.9.": "WAVEFORM",
    "1.2.840.10008.5.1.4.1.1.104.": "ENCAP DOC",
}
# PS3.3 section F.5: kind → attributes that must have a value, and those that must at least be there
_FILLED: Mapping[str, tuple[str, ...]] = {
    "KEY OBJECT DOC": ("InstanceNumber", "ContentDate", "ContentTime", "ConceptNameCodeSequence"),
    "SR DOCUMENT": (
        *("InstanceNumber", "CompletionFlag", "VerificationFlag"),
        *("ContentDate", "ContentTime", "ConceptNameCodeSequence"),
    ),
    "WAVEFORM": ("InstanceNumber", "ContentDate", "ContentTime"),
    "ENCAP DOC": ("InstanceNumber", "MIMETypeOfEncapsulatedDocument"),
}
_PRESENT: Mapping[str, tuple[str, ...]] = {
    "ENCAP DOC": ("ContentDate", "ContentTime", "DocumentTitle", "ConceptNameCodeSequence"),
}
_UTF_8 = "ISO_IR 192"
_ITEM = struct.Struct("<HHI")
_NEXT_AT, _LOWER_AT = 16, 38  # where the two offsets stand in the item of a record
_OFFSET, _SHORT = struct.Struct("<I"), struct.Struct("<H")
_NO_OFFSETS = bytes(8)

Key = tuple[int, str, str]  # tag, VR, value


@dataclass(frozen=True, slots=True)
class File:
    """What a record says of the file that it names. `path` is its file ID: of each part at most eight of A-Z, 0-9 and _."""

    path: tuple[str, ...]
    sop_class_uid: str
    sop_uid: str
    transfer_syntax_uid: str


@dataclass(frozen=True, slots=True)
class Record:
    """One entry: PATIENT, STUDY, SERIES, IMAGE or one of KINDS; `keys` are its attributes, encoded."""

    kind: str
    keys: bytes
    below: tuple[Record, ...] = ()
    file: File | None = None


def keys(*wanted: Key) -> bytes:
    """These attributes in the order of their tags, as Explicit VR Little Endian; texts in UTF-8."""
    charset = element(0x00080005, "CS", _UTF_8.encode()) if any(not value.isascii() for _, _, value in wanted) else b""
    return charset + b"".join(element(tag, vr, value.encode()) for tag, vr, value in sorted(wanted))


def kind_of(sop_class_uid: str) -> str:
    """What an instance without pictures is in a directory; empty for what is listed in none."""
    return next((kind for uid, kind in KINDS.items() if sop_class_uid.startswith(uid)), "")


def document_keys(kind: str, metadata: Mapping[str, Any]) -> bytes | None:
    """The attributes of an instance of KINDS, from its DICOM JSON; None when it lacks what such a record must have."""
    said = Dataset.from_json(dict(metadata), bulk_data_uri_handler=lambda _uri: b"")
    record = Dataset()
    record.SpecificCharacterSet = _UTF_8
    for keyword in (*_FILLED[kind], *_PRESENT.get(kind, ())):
        setattr(record, keyword, said.get(keyword))
    if any(record.get(keyword) in (None, "") or record.get(keyword) == [] for keyword in _FILLED[kind]):
        return None
    written = DicomBytesIO()
    written.is_little_endian, written.is_implicit_VR = True, False
    write_dataset(written, record)
    return bytes(written.getvalue())


def dicomdir(patients: Sequence[Record]) -> bytes:
    """The file. The same records give the same bytes."""
    records = list(_all(patients))
    items = [_item(record) for record in records]
    length = sum(map(len, items))
    meta = _meta(_uid(items))
    offset, starts = len(meta) + len(_head(_NO_OFFSETS, length)), dict[int, int]()
    for record, item in zip(records, items, strict=True):
        starts[id(record)] = offset
        offset += len(item)
    following = _following(patients, starts)
    for record, item in zip(records, items, strict=True):
        lower = starts[id(record.below[0])] if record.below else 0
        _OFFSET.pack_into(item, _NEXT_AT, following[id(record)])
        _OFFSET.pack_into(item, _LOWER_AT, lower)
    ends = [starts[id(patients[place])] for place in (0, -1)] if patients else [0, 0]
    return b"".join((meta, _head(b"".join(map(_OFFSET.pack, ends)), length), *items))


def _all(records: Sequence[Record]) -> Iterator[Record]:
    """Each record before those below it."""
    for record in records:
        yield record
        yield from _all(record.below)


def _following(records: Sequence[Record], starts: Mapping[int, int]) -> dict[int, int]:
    """id of a record → offset of the next one beside it, 0 for the last."""
    beside = [*(starts[id(record)] for record in records[1:]), 0]
    found = {id(record): offset for record, offset in zip(records, beside, strict=bool(records))}
    for record in records:
        found |= _following(record.below, starts) if record.below else {}
    return found


def _item(record: Record) -> bytearray:
    content = b"".join(
        (
            element(0x00041400, "UL", _OFFSET.pack(0)),
            element(0x00041410, "US", _SHORT.pack(0xFFFF)),
            element(0x00041420, "UL", _OFFSET.pack(0)),
            element(0x00041430, "CS", record.kind.encode()),
            _named(record.file) if record.file else b"",
            record.keys,
        )
    )
    return bytearray(_ITEM.pack(0xFFFE, 0xE000, len(content)) + content)


def _named(file: File) -> bytes:
    return b"".join(
        (
            element(0x00041500, "CS", "\\".join(file.path).encode()),
            element(0x00041510, "UI", file.sop_class_uid.encode()),
            element(0x00041511, "UI", file.sop_uid.encode()),
            element(0x00041512, "UI", file.transfer_syntax_uid.encode()),
        )
    )


def _head(ends: bytes, length: int) -> bytes:
    """All before the first item: the offsets of the first and the last record at the root, length of all items in bytes."""
    return b"".join(
        (
            element(0x00041130, "CS", b"CLOUDFILM"),
            element(0x00041200, "UL", ends[:4]),
            element(0x00041202, "UL", ends[4:]),
            element(0x00041212, "US", _SHORT.pack(0)),
            header(0x00041220, "SQ", length),
        )
    )


def _meta(uid: str) -> bytes:
    body = b"".join(
        (
            element(0x00020001, "OB", b"\0\1"),
            element(0x00020002, "UI", DIRECTORY_CLASS_UID.encode()),
            element(0x00020003, "UI", uid.encode()),
            element(0x00020010, "UI", EXPLICIT_LE.encode()),
            element(0x00020012, "UI", IMPLEMENTATION_CLASS_UID.encode()),
        )
    )
    return bytes(128) + b"DICM" + element(0x00020000, "UL", _OFFSET.pack(len(body))) + body


def _uid(items: Sequence[bytearray]) -> str:
    """Of these records and no others (PS3.5 annex B.2)."""
    digest = hashlib.sha256(b"".join(items)).digest()
    return f"2.25.{int.from_bytes(digest[:15])}"
