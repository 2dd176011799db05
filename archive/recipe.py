"""What a stored object carries last, in Data Set Trailing Padding (PS3.10 section 7.2), to give the original file back.

The element's value: 8 bytes of magic, the length of the recipe as 4 bytes, the recipe in MessagePack, the original's head
and tail around its pixels in Zstandard, an even filling; and as the last 16 bytes of the file the offset of the element
and a second magic. All numbers are little endian. So one object alone, without any database, is enough to restore.
"""

from __future__ import annotations

import struct
from dataclasses import asdict, dataclass

import imagecodecs
import msgpack  # type: ignore[import-untyped]

from archive.explicit import header
from core.errors import Unreadable

DATA_SET_TRAILING_PADDING = 0xFFFCFFFC
FORMAT_VERSION = 1  # fields may only be appended: objects written years ago carry them
_MAGIC, _END_MAGIC = b"CFLMOBJ1", b"CFLMEND1"
_FOOTER = struct.Struct("<Q8s")
_ELEMENT_HEADER_BYTES = 12
_ZSTANDARD_LEVEL = 3


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the original was made of head, frames and tail; offsets count in the original unless said otherwise."""

    size: int
    sha256: bytes
    transfer_syntax_uid: str
    data_set: int  # where the data set begins
    pixels: int  # where the header of Pixel Data begins
    pixels_vr: str
    pixels_length: int  # as claimed by that header
    signed: bool
    planar: int
    bits_allocated: int
    frames: int
    fragments: int  # where the first frame's item begins, in the object
    head: int = 0  # length of everything before the first frame
    tail: int = 0
    packed_head: int = 0
    packed_tail: int = 0


@dataclass(frozen=True, slots=True)
class Remainder:
    """A recipe with the original's head and tail; `part10_size` bytes of the object come before it."""

    recipe: Recipe
    head: bytes
    tail: bytes
    part10_size: int


def pack(recipe: Recipe, head: memoryview, tail: memoryview, part10_size: int) -> bytes:
    """The whole Data Set Trailing Padding element, to be written at `part10_size`."""
    packed_head, packed_tail = _packed(head), _packed(tail)
    lengths = {"head": len(head), "tail": len(tail), "packed_head": len(packed_head), "packed_tail": len(packed_tail)}
    fields: bytes = msgpack.packb({"version": FORMAT_VERSION} | asdict(recipe) | lengths)
    value = _MAGIC + struct.pack("<I", len(fields)) + fields + packed_head + packed_tail
    value += bytes(len(value) % 2) + _FOOTER.pack(part10_size, _END_MAGIC)
    return header(DATA_SET_TRAILING_PADDING, "OB", len(value)) + value


def find(stored: memoryview) -> Remainder | None:
    """The recipe of a stored object; None when it carries none, being kept as sent. Raises Unreadable when it is damaged."""
    if len(stored) < _FOOTER.size:
        return None
    part10_size, magic = _FOOTER.unpack_from(stored, len(stored) - _FOOTER.size)
    start = part10_size + _ELEMENT_HEADER_BYTES
    if magic != _END_MAGIC or bytes(stored[start : start + len(_MAGIC)]) != _MAGIC:
        return None
    return _read(stored, start + len(_MAGIC), part10_size)


def _read(stored: memoryview, offset: int, part10_size: int) -> Remainder:
    try:
        (length,) = struct.unpack_from("<I", stored, offset)
        fields = msgpack.unpackb(stored[offset + 4 : offset + 4 + length])
        version = fields.pop("version")
        if version != FORMAT_VERSION:
            raise Unreadable(f"a recipe of version {version}, this program reads version {FORMAT_VERSION}")
        recipe = Recipe(**fields)
    except (struct.error, ValueError, TypeError, AttributeError, KeyError) as error:
        raise Unreadable("the object's recipe is damaged") from error
    start = offset + 4 + length
    middle = start + recipe.packed_head
    head = _unpacked(stored[start:middle], recipe.head)
    tail = _unpacked(stored[middle : middle + recipe.packed_tail], recipe.tail)
    return Remainder(recipe, head, tail, part10_size)


def _packed(data: memoryview) -> bytes:
    return bytes(imagecodecs.zstd_encode(bytes(data), _ZSTANDARD_LEVEL)) if data else b""


def _unpacked(packed: memoryview, length: int) -> bytes:
    if not length:
        return b""
    try:
        data = bytes(imagecodecs.zstd_decode(bytes(packed), out=length))
    except (RuntimeError, ValueError) as error:
        raise Unreadable("the original's head or tail in the object is damaged") from error
    if len(data) != length:
        raise Unreadable("the original's head or tail in the object is damaged")
    return data
