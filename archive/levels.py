"""Where each resolution ends inside an HTJ2K codestream written resolution by resolution (ITU-T T.800 annex A.4.2)."""

from __future__ import annotations

import struct

from core.errors import Unreadable

Buffer = bytes | memoryview

SMALLEST_LEVEL_PIXELS = 64  # smaller pictures than this are not worth a read of their own
_SOT, _EOC = 0xFF90, 0xFFD9
_SOT_BYTES, _EOC_BYTES = 12, 2


def lengths(codestream: Buffer, longer_side: int) -> tuple[int, ...]:
    """Lengths of the pieces, smallest resolution first; the main header belongs to the first, the end to the last.
    Their sum is the codestream without a byte that pads its fragment.

    Pictures whose longer side is under 64 pixels are merged into the first piece. Raises Unreadable when the tile-parts
    are not one a resolution in order.
    """
    try:
        ends = _tile_part_ends(codestream)
    except struct.error as error:
        raise Unreadable("the HTJ2K codestream ends inside a tile-part") from error
    halvings = range(len(ends) - 1, -1, -1)
    kept = [end for halved, end in zip(halvings, ends, strict=True) if _worth(longer_side, halved)]
    kept[-1] += _EOC_BYTES
    return tuple(end - start for start, end in zip([0, *kept], kept, strict=False))


def _worth(longer_side: int, halved: int) -> bool:
    return halved == 0 or -(-longer_side >> halved) >= SMALLEST_LEVEL_PIXELS


def _tile_part_ends(codestream: Buffer) -> list[int]:
    offset = _main_header_end(codestream)
    ends: list[int] = []
    while True:
        marker, _, tile, length, part, _ = struct.unpack_from(">HHHIBB", codestream, offset)
        if marker != _SOT or tile != 0 or part != len(ends) or length < _SOT_BYTES:
            raise Unreadable(f"the HTJ2K codestream has no next tile-part at byte {offset}")
        offset += length
        ends.append(offset)
        if struct.unpack_from(">H", codestream, offset)[0] == _EOC:
            return ends


def _main_header_end(codestream: Buffer) -> int:
    offset = 2
    while True:
        marker, length = struct.unpack_from(">HH", codestream, offset)
        if marker == _SOT:
            return offset
        offset += 2 + int(length)
