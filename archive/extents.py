"""Where each picture, each smaller size of it and each large value lies inside a stored object."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import msgpack  # type: ignore[import-untyped]

from core.errors import Unreadable

FORMAT_VERSION = 1  # fields may only be appended: rows written years ago carry them
ITEM_HEADER_BYTES = 8  # PS3.5 section 7.5: tag and length of an item
SHA256_BYTES = 32


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of bytes with its own hash, so that a part that was read can be checked."""

    length: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: `length` bytes from `offset` on, cut into segments.

    HTJ2K: segment i ends one resolution, smallest first, so that a prefix of segments is an exact smaller picture, halved
    once for each segment left out. `fragmented`: several items whose headers must be stripped.
    `leading_bits` (1-bit images only): bits of the frame before that share its first byte.
    """

    offset: int
    length: int
    segments: tuple[Segment, ...]
    fragmented: bool = False
    leading_bits: int = 0

    def prefix(self, count: int) -> int:
        """Bytes of the first `count` segments."""
        return sum(segment.length for segment in self.segments[:count])


@dataclass(frozen=True, slots=True)
class Bulk:
    """A large binary value: `path` is TAG, or TAG/item/TAG with items counted from 0."""

    path: str
    vr: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Extents:
    """All frames and large values of one object.

    `of_explicit_le`: offsets count in `original.explicit_le(object)` and not in the object itself, because that is
    deflated or big endian; its frames are native little endian then.
    """

    frames: tuple[Frame, ...] = ()
    bulkdata: tuple[Bulk, ...] = ()
    of_explicit_le: bool = False


def encode(extents: Extents) -> bytes:
    """A compact form for the database."""
    frames = [_packed(frame) for frame in extents.frames]
    bulkdata = [(bulk.path, bulk.vr, bulk.offset, bulk.length) for bulk in extents.bulkdata]
    packed: bytes = msgpack.packb((FORMAT_VERSION, frames, bulkdata, extents.of_explicit_le))
    return packed


def _packed(frame: Frame) -> tuple[int, int, list[int], bytes, bool, int]:
    lengths = [segment.length for segment in frame.segments]
    hashes = b"".join(segment.sha256 for segment in frame.segments)
    return (frame.offset, frame.length, lengths, hashes, frame.fragmented, frame.leading_bits)


def decode(packed: bytes) -> Extents:
    """What `encode` was given; raises Unreadable for a version we do not know."""
    version, frames, bulkdata, of_explicit_le = msgpack.unpackb(packed, use_list=False)[:4]
    if version != FORMAT_VERSION:
        raise Unreadable(f"extents of version {version}, this program reads version {FORMAT_VERSION}")
    return Extents(tuple(map(_unpacked, frames)), tuple(Bulk(*bulk) for bulk in bulkdata), of_explicit_le)


def _unpacked(packed: tuple[int, int, tuple[int, ...], bytes, bool, int]) -> Frame:
    offset, length, lengths, hashes, fragmented, leading_bits = packed
    cuts = range(0, len(hashes), SHA256_BYTES)
    segments = tuple(Segment(size, hashes[cut : cut + SHA256_BYTES]) for size, cut in zip(lengths, cuts, strict=True))
    return Frame(offset, length, segments, fragmented, leading_bits)


def codestream(stored: bytes | memoryview, frame: Frame, frame_bits: int = 0) -> bytes | memoryview:
    """The frame proper from its stored bytes: item headers stripped, 1-bit frames moved to a byte boundary.

    `frame_bits` (rows × columns of a 1-bit image) is needed only where `leading_bits` is set.
    """
    if frame.fragmented:
        return joined(memoryview(stored))
    if frame.leading_bits or frame_bits % 8:
        return _aligned(stored, frame.leading_bits, frame_bits)
    return stored


def joined(items: memoryview) -> bytes:
    """One codestream of several fragments, their item headers stripped."""
    fragments = []
    offset = 0
    while offset < len(items):
        (length,) = struct.unpack_from("<I", items, offset + 4)
        offset += ITEM_HEADER_BYTES
        fragments.append(items[offset : offset + length])
        offset += length
    return b"".join(fragments)


def _aligned(stored: bytes | memoryview, leading_bits: int, frame_bits: int) -> bytes:
    # PS3.5 section 8.1.1: 1-bit pixels fill bytes from the least significant bit on, frames follow without a gap.
    number = (int.from_bytes(stored, "little") >> leading_bits) & ((1 << frame_bits) - 1)
    return number.to_bytes((frame_bits + 7) // 8, "little")
