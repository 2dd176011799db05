"""Gives back what was sent: the original file byte by byte, or the same instance in Explicit VR Little Endian."""

from __future__ import annotations

from collections.abc import Iterator

import imagecodecs

from archive import explicit, native, pixels, recipe
from archive.decode import decode_frame, native_frame
from archive.extents import joined
from archive.pixels import Pixels
from archive.recipe import Recipe, Remainder
from archive.structure import Structure, walk
from archive.syntaxes import EXPLICIT_LE, syntax
from core.errors import Unreadable
from films.image import ImageDescription

Piece = bytes | memoryview

_ITEM_HEADER_BYTES = 8
PHOTOMETRIC_INTERPRETATION, PIXEL_REPRESENTATION, PIXEL_DATA = 0x00280004, 0x00280103, 0x7FE00010
_EXTENDED_OFFSET_TABLE = frozenset({0x7FE00001, 0x7FE00002})  # of fragments that are no more


def restore(stored: bytes | memoryview) -> bytes:
    """The original file of a stored object of either form; raises Unreadable when the object is damaged.

    Whether it is the original is for the caller to see by SHA-256, which database and recipe both know.
    """
    return b"".join(restored(memoryview(stored)))


def restored(stored: memoryview) -> Iterator[Piece]:
    """The original file piece by piece: one frame at a time is in memory."""
    remainder = recipe.find(stored)
    if remainder is None:
        yield stored
        return
    yield remainder.head
    yield from _native_frames(stored, remainder.recipe)
    yield remainder.tail


def explicit_le(stored: bytes | memoryview, description: ImageDescription | None = None) -> bytes:
    """The instance as sent, as a DICOM file in Explicit VR Little Endian; see `explicit_le_pieces`."""
    return b"".join(explicit_le_pieces(memoryview(stored), description))


def explicit_le_pieces(stored: memoryview, description: ImageDescription | None = None) -> Iterator[Piece]:
    """The instance as sent, in Explicit VR Little Endian with native pixels, one frame at a time in memory.

    It is the original itself when that was Explicit VR Little Endian. Compressed pixels are decoded, colour becomes RGB;
    they need the `description`. Raises Unreadable when the object is damaged or its pixels cannot be decoded.
    """
    remainder = recipe.find(stored)
    if remainder is None:
        yield from _from_sent(stored, description)
    elif remainder.recipe.transfer_syntax_uid == EXPLICIT_LE:
        yield from restored(stored)
    else:
        yield from _from_object(stored, remainder)


def _native_frames(stored: memoryview, how: Recipe) -> Iterator[memoryview]:
    for array in _decoded(stored, how):
        yield native.frame(array, planar=how.planar, big_endian=syntax(how.transfer_syntax_uid).big_endian)


def _decoded(stored: memoryview, how: Recipe) -> Iterator[native.Samples]:
    offset = how.fragments
    for number in range(1, how.frames + 1):
        length = int.from_bytes(stored[offset + 4 : offset + _ITEM_HEADER_BYTES], "little")
        offset += _ITEM_HEADER_BYTES
        try:
            yield imagecodecs.htj2k_decode(bytes(stored[offset : offset + length]))
        except (RuntimeError, ValueError) as error:
            raise Unreadable(f"frame {number} of the object is damaged") from error
        offset += length


def _from_object(stored: memoryview, remainder: Remainder) -> Iterator[Piece]:
    how = remainder.recipe
    head, tail = memoryview(remainder.head), memoryview(remainder.tail)
    source = syntax(how.transfer_syntax_uid)
    frames_length = how.size - how.head - how.tail
    padding = how.pixels_length - frames_length
    structure = walk(stored)
    yield explicit.file_meta(structure, EXPLICIT_LE)
    yield explicit.data_set(head, how.data_set, how.pixels, source, signed=how.signed)
    yield explicit.header(PIXEL_DATA, "OB" if how.pixels_vr == "OB" else "OW", how.pixels_length)
    for array in _decoded(stored, how):
        yield native.frame(array, planar=how.planar, big_endian=False)
    yield bytes(tail[:padding])
    yield explicit.data_set(tail, padding, len(tail), source, signed=how.signed)


def _from_sent(stored: memoryview, description: ImageDescription | None) -> Iterator[Piece]:
    structure = walk(stored)
    if structure.syntax.uid == EXPLICIT_LE:
        yield stored
        return
    yield explicit.file_meta(structure, EXPLICIT_LE)
    found = pixels.find(structure)
    if found is None:
        yield _between(structure, structure.data_set, len(structure.data))
        return
    yield from _with_pixels(structure, found, description)


def _with_pixels(structure: Structure, found: Pixels, description: ImageDescription | None) -> Iterator[Piece]:
    compressed = found.element.delimited
    yield _between(structure, structure.data_set, found.element.start, colour=compressed and found.layout.samples == 3)
    if compressed:
        yield from _decompressed(structure, found, description)
    else:
        yield from _sent_pixels(structure, found)
    yield _between(structure, found.element.end, len(structure.data))


def _between(structure: Structure, start: int, end: int, *, colour: bool = False) -> bytes:
    values = {PHOTOMETRIC_INTERPRETATION: b"RGB"} if colour else {}
    signed = structure.number(PIXEL_REPRESENTATION, 0) == 1
    return explicit.data_set(
        structure.data, start, end, structure.syntax, signed=signed, values=values, without=_EXTENDED_OFFSET_TABLE
    )


def _sent_pixels(structure: Structure, found: Pixels) -> Iterator[Piece]:
    """Native pixels of another native syntax: the same samples, little endian."""
    element, bits = found.element, found.layout.bits_allocated
    value = structure.data[element.value : element.end]
    vr = "OW" if element.vr == "OB or OW" else element.vr
    yield explicit.header(element.tag, vr, element.length)
    word = bits // 8 if bits > 8 else 2 if vr == "OW" else 1
    yield explicit.swapped(value, word) if structure.syntax.big_endian and word > 1 else value


def _decompressed(structure: Structure, found: Pixels, description: ImageDescription | None) -> Iterator[Piece]:
    if description is None or not found.frames:
        raise Unreadable(f"pixels of transfer syntax {structure.syntax.uid} cannot be decoded")
    length = found.layout.rows * found.layout.columns * found.layout.samples * found.layout.bits_allocated // 8
    length *= found.layout.frames
    vr = "OB" if found.layout.bits_allocated == 8 else "OW"
    yield explicit.header(PIXEL_DATA, vr, length + length % 2)
    for frame in found.frames:
        coded = structure.data[frame.offset : frame.offset + frame.length]
        codestream = joined(coded) if frame.fragments > 1 else bytes(coded)
        yield native_frame(decode_frame(codestream, structure.syntax.uid, description), description)
    yield bytes(length % 2)
