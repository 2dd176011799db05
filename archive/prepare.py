"""From the file that arrived to all that is kept of it: object, proof, metadata, picture. Runs inside a limited child."""

from __future__ import annotations

import hashlib
import mmap
import os
import struct
import warnings
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Protocol

import numpy as np
import orjson
import pydicom
from pydicom import config
from pydicom.dataset import Dataset

from archive import explicit, extents, levels, objectfile, original, pixels
from archive.attributes import Attributes, Values, attributes
from archive.decode import decode_frame
from archive.describe import describe, pack
from archive.dicomjson import to_json
from archive.extents import Extents, Frame, Segment, joined
from archive.pixels import Pixels, Range
from archive.structure import Structure, walk
from archive.syntaxes import EXPLICIT_LE, HTJ2K_LOSSLESS_RPCL
from core.errors import CloudfilmError, Unreadable
from films import encode, picture
from films.image import ImageDescription

AS_SENT, HTJ2K = "as-sent", "htj2k"
VERDICT_MOST_CHARACTERS = 200
READ_MOST_BYTES = 32 << 20
THUMBNAIL_QUALITY = 80
_METADATA_LEVEL = 3  # of zlib: 0.1 ms for a CT; the highest saves 3 % for five times that
_NO_PIXELS = b"\0\0"  # stands for the pixels while the rest is parsed


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that ingest stores and indexes of one file; plain values, so that it can leave a child as a message."""

    form: str  # "htj2k": the object is the target file; "as-sent": it is the source file itself
    verdict: str
    size: int
    sha256: str
    part10_size: int
    original_size: int
    original_sha256: str
    original_crc32: int
    original_transfer_syntax_uid: str
    transfer_syntax_uid: str
    decodable: bool
    number_of_frames: int
    extents: bytes
    description: bytes
    metadata: bytes
    thumbnail: bytes | None
    study: Values
    series: Values
    instance: Values
    study_row: bytes
    series_row: bytes
    instance_row: bytes


class Caller(Protocol):
    """Something that runs a function elsewhere: `infra.children.Children`."""

    async def call(self, function: str, /, **arguments: Any) -> Any:
        """The function's result as plain values."""


async def prepared(children: Caller, source: str, target: str) -> Prepared:
    """`prepare`, in a limited child."""
    return Prepared(**await children.call("archive.prepare:prepare", source=source, target=target))


def prepare(source: str, target: str) -> Prepared:
    """Examines the DICOM file `source` and writes `target`, not yet flushed, when it can be kept as proven lossless HTJ2K.

    Raises Unreadable with the reason when the file is not a whole DICOM instance.
    """
    data = _mapped(source)
    structure = walk(data)
    found = pixels.find(structure)
    sha256 = hashlib.sha256(data).digest()
    stored = _stored(data, structure, found, sha256, target)
    return _described(data, structure, found, sha256, stored)


@dataclass(frozen=True, slots=True)
class _Stored:
    """The object as it will lie in the stores."""

    form: str
    verdict: str
    data: memoryview
    sha256: bytes
    part10_size: int
    structure: Structure  # of the object, or of its Explicit VR Little Endian form
    pixels: Pixels | None
    of_explicit_le: bool = False


def _mapped(path: str) -> memoryview:
    """The bytes of a file: small ones are read, which is quicker than mapping; large ones stay on the disk."""
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if not size:
            raise Unreadable("an empty file")
        if size <= READ_MOST_BYTES:
            return memoryview(file.read())
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _stored(data: memoryview, structure: Structure, found: Pixels | None, sha256: bytes, target: str) -> _Stored:
    verdict = objectfile.unsuited(structure, found)
    if not verdict and found is not None:
        try:
            return _as_htj2k(structure, found, sha256, target)
        except Unreadable as error:
            verdict = str(error)
    return _as_sent(data, structure, found, sha256, verdict[:VERDICT_MOST_CHARACTERS])


def _as_sent(data: memoryview, structure: Structure, found: Pixels | None, sha256: bytes, verdict: str) -> _Stored:
    of_explicit_le = structure.syntax.codec == "native" and (structure.syntax.deflated or structure.syntax.big_endian)
    if of_explicit_le:
        structure = walk(memoryview(original.explicit_le(data)))
        found = pixels.find(structure)
    return _Stored(AS_SENT, verdict, data, sha256, len(data), structure, found, of_explicit_le)


def _as_htj2k(structure: Structure, found: Pixels, sha256: bytes, target: str) -> _Stored:
    """Writes the object and trusts it only when the original comes back from what was written."""
    with open(target, "wb") as file:
        part10_size = objectfile.write(file, structure, found, sha256)
    data = _mapped(target)
    _require_same(structure.data, original.restored(data))
    written = walk(data)
    return _Stored(HTJ2K, "", data, hashlib.sha256(data).digest(), part10_size, written, pixels.find(written))


def _require_same(sent: memoryview, restored: Iterable[bytes | memoryview]) -> None:
    """Every byte of the file must come back: then so does its SHA-256, and comparing is ten times as quick as hashing."""
    offset = 0
    for piece in restored:
        back = np.frombuffer(piece, np.uint8)
        if not np.array_equal(back, np.frombuffer(sent[offset : offset + back.size], np.uint8)):
            raise Unreadable("the original did not come back from the object")
        offset += back.size
    if offset != len(sent):
        raise Unreadable("the original did not come back from the object")


def _described(data: memoryview, structure: Structure, found: Pixels | None, sha256: bytes, stored: _Stored) -> Prepared:
    document, description = _parsed(structure)
    rows: Attributes = attributes(document)
    # What was proved is drawn from the native frames of the source: they need no decoder.
    drawn = (structure, found) if stored.form == HTJ2K else (stored.structure, stored.pixels)
    return Prepared(
        form=stored.form,
        verdict=stored.verdict,
        size=len(stored.data),
        sha256=stored.sha256.hex(),
        part10_size=stored.part10_size,
        original_size=len(data),
        original_sha256=sha256.hex(),
        original_crc32=zlib.crc32(data),
        original_transfer_syntax_uid=structure.syntax.uid,
        transfer_syntax_uid=HTJ2K_LOSSLESS_RPCL if stored.form == HTJ2K else structure.syntax.uid,
        decodable=stored.form == HTJ2K or _decodable(*drawn, description),
        number_of_frames=found.layout.frames if found else 0,
        extents=extents.encode(_extents(stored)),
        description=pack(description) if description else b"",
        metadata=zlib.compress(orjson.dumps(document), _METADATA_LEVEL),
        thumbnail=_thumbnail(*drawn, description),
        study=rows.study,
        series=rows.series,
        instance=rows.instance,
        study_row=rows.study_row,
        series_row=rows.series_row,
        instance_row=rows.instance_row,
    )


def _parsed(structure: Structure) -> tuple[dict[str, Any], ImageDescription | None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they quote the data set
        config.settings.reading_validation_mode = config.IGNORE
        parsed = data_set(structure)
        return to_json(parsed), describe(parsed) if structure.pixels else None


def data_set(structure: Structure) -> Dataset:
    """The data set by pydicom, without its pixels."""
    data, element = structure.data, structure.pixels
    deflated = structure.syntax.deflated
    head = explicit.file_meta(structure, EXPLICIT_LE) if deflated else bytes(data[: structure.data_set])
    if element is None:
        return pydicom.dcmread(BytesIO(head + data[structure.data_set :]))
    before, after = data[structure.data_set : element.start], data[element.end :]
    return pydicom.dcmread(BytesIO(b"".join((head, before, _placeholder(structure), after))))


def _placeholder(structure: Structure) -> bytes:
    element = structure.pixels
    if element is None:
        return b""
    if structure.syntax.implicit:
        return struct.pack("<HHI", element.tag >> 16, element.tag & 0xFFFF, len(_NO_PIXELS)) + _NO_PIXELS
    if structure.syntax.big_endian:
        group, number = element.tag >> 16, element.tag & 0xFFFF
        return struct.pack(">HH2sHI", group, number, element.vr.encode(), 0, len(_NO_PIXELS)) + _NO_PIXELS
    return explicit.element(element.tag, element.vr, _NO_PIXELS)


def _extents(stored: _Stored) -> Extents:
    structure, found = stored.structure, stored.pixels
    if structure.syntax.deflated:  # its pixels lie elsewhere, and its values nowhere that could be pointed at
        return Extents()
    frames = tuple(_frame(structure, found, frame) for frame in found.frames) if found else ()
    return Extents(frames, structure.bulkdata, stored.of_explicit_le)


def _frame(structure: Structure, found: Pixels, frame: Range) -> Frame:
    data = structure.data[frame.offset : frame.offset + frame.length]
    lengths: tuple[int, ...] = (frame.length,)
    if structure.syntax.uid == HTJ2K_LOSSLESS_RPCL and frame.fragments == 1:
        lengths = _levels(data, found) or lengths
    segments = []
    offset = 0
    for length in lengths:
        segments.append(Segment(length, hashlib.sha256(data[offset : offset + length]).digest()))
        offset += length
    return Frame(frame.offset, offset, tuple(segments), frame.fragments > 1, frame.leading_bits)


def _levels(data: memoryview, found: Pixels) -> tuple[int, ...]:
    """Empty for somebody else's codestream, which is not cut at resolutions."""
    try:
        return levels.lengths(data, max(found.layout.rows, found.layout.columns))
    except Unreadable:
        return ()


def _decodable(structure: Structure, found: Pixels | None, description: ImageDescription | None) -> bool:
    if found is None or description is None or not found.frames:
        return False
    try:
        for frame in found.frames:
            decoded(structure, frame, description)
    except Unreadable:
        return False
    return True


def decoded(structure: Structure, frame: Range, description: ImageDescription) -> Any:
    """The samples of one frame; raises Unreadable."""
    data = structure.data[frame.offset : frame.offset + frame.length]
    codestream = joined(data) if frame.fragments > 1 else bytes(data)
    return decode_frame(codestream, structure.syntax.uid, description, first_bit=frame.leading_bits)


def _thumbnail(structure: Structure, found: Pixels | None, description: ImageDescription | None) -> bytes | None:
    """JPEG of the middle frame; None when there is nothing that could be drawn."""
    if found is None or description is None or not found.frames:
        return None
    number = len(found.frames) // 2 + 1
    try:
        array = decoded(structure, found.frames[number - 1], description)
        return encode.jpeg(picture.thumbnail(array, description, number), THUMBNAIL_QUALITY)
    except (CloudfilmError, ValueError, ArithmeticError):
        return None
