"""Do the pixels fit what the file says of them, and where does each frame lie (PS3.5 section 8 and annex A.4)?"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import pairwise

from archive import codestream as coded
from archive.elements import Element, Item, unreadable
from archive.structure import Structure
from core.errors import Unreadable

FRAME_CAP_BYTES = 1 << 30  # a decoded frame; 786 bytes of JPEG-LS can claim 65535 x 65535
FRAME_COUNT_CAP = 1 << 20
ITEM_HEADER_BYTES = 8
_RLE_HEADER = struct.Struct("<16I")  # PS3.5 annex G.5
_FIRST_MARKERS = (b"\xff\xd8", b"\xff\x4f", b"\x00\x00")  # JPEG and JPEG-LS, JPEG 2000, JPEG 2000 inside a JP2 box
_CHECKED = coded.JPEG_SYNTAXES | coded.JPEG_LS_SYNTAXES | coded.JPEG_2000_SYNTAXES | coded.HTJ2K_SYNTAXES

_BITS_OF = {0x7FE00008: 32, 0x7FE00009: 64}  # float and double pixels, PS3.3 C.7.6.24 and C.7.6.25
_WHOLE_BITS = frozenset({1, 8, 16, 24, 32, 64})


@dataclass(frozen=True, slots=True)
class Layout:
    """Size and sample format of the frames as the data set says it."""

    rows: int
    columns: int
    samples: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    planar: int
    photometric: str
    frames: int

    @property
    def frame_bits(self) -> int:
        """Bits of one native frame; 4:2:2 keeps two samples a pixel (PS3.3 C.7.6.3.1.2)."""
        samples = 2 if self.photometric in ("YBR_FULL_422", "YBR_PARTIAL_422") and self.samples == 3 else self.samples
        return self.rows * self.columns * samples * self.bits_allocated

    @property
    def frame_bytes(self) -> int:
        """Bytes of one native frame, the last one filled up."""
        return (self.frame_bits + 7) // 8

    @property
    def native_bytes(self) -> int:
        """Bytes of all native frames; 1-bit frames follow each other without a gap."""
        return (self.frame_bits * self.frames + 7) // 8


@dataclass(frozen=True, slots=True)
class Range:
    """Where a frame lies: `length` bytes from `offset` on; `fragments` more than one when item headers lie inside."""

    offset: int
    length: int
    fragments: int = 1
    leading_bits: int = 0


@dataclass(frozen=True, slots=True)
class Pixels:
    """What the file holds of pictures."""

    element: Element
    layout: Layout
    frames: tuple[Range, ...]


def find(structure: Structure) -> Pixels | None:
    """The frames of a file, or None when it holds none; raises Unreadable when the pixels contradict the data set."""
    element = structure.pixels
    if element is None or structure.syntax.codec == "referenced":
        return None
    layout = _layout(structure, element)
    if structure.syntax.codec in ("video", "unknown"):
        return Pixels(element, layout, ())  # a stream of its own clock, or of a kind that we do not know
    if element.delimited:
        return Pixels(element, layout, _encapsulated(structure, layout))
    return Pixels(element, layout, _native(element, layout))


def _layout(structure: Structure, element: Element) -> Layout:
    number = structure.number
    bits = _BITS_OF.get(element.tag) or number(0x00280100, 0)
    layout = Layout(
        rows=number(0x00280010, 0),
        columns=number(0x00280011, 0),
        samples=number(0x00280002, 1),
        bits_allocated=bits,
        bits_stored=number(0x00280101, bits),
        high_bit=number(0x00280102, bits - 1),
        signed=number(0x00280103, 0) == 1,
        planar=number(0x00280006, 0),
        photometric=structure.text(0x00280004),
        frames=number(0x00280008, 1) or 1,
    )
    _check_layout(layout, element)
    return layout


def _check_layout(layout: Layout, element: Element) -> None:
    if not (layout.rows and layout.columns and layout.samples):
        raise unreadable(element.tag, element.start, "pixels without Rows, Columns or Samples per Pixel")
    if layout.bits_allocated not in _WHOLE_BITS:
        raise unreadable(element.tag, element.start, f"Bits Allocated is {layout.bits_allocated}")
    if layout.frame_bytes > FRAME_CAP_BYTES:
        raise unreadable(element.tag, element.start, f"a frame of {layout.frame_bytes} bytes")
    if layout.frames > FRAME_COUNT_CAP:
        raise unreadable(element.tag, element.start, f"{layout.frames} frames")


def _native(element: Element, layout: Layout) -> tuple[Range, ...]:
    padded = layout.native_bytes + layout.native_bytes % 2
    if element.length not in (layout.native_bytes, padded):
        problem = f"{element.length} bytes of pixels where Rows, Columns and frames ask for {layout.native_bytes}"
        raise unreadable(element.tag, element.start, problem)
    bits = layout.frame_bits
    starts = (number * bits for number in range(layout.frames))
    return tuple(Range(element.value + start // 8, (start % 8 + bits + 7) // 8, leading_bits=start % 8) for start in starts)


def _encapsulated(structure: Structure, layout: Layout) -> tuple[Range, ...]:
    fragments = structure.items[1:]
    if len(fragments) < layout.frames:
        raise Unreadable(f"(7FE0,0010): {len(fragments)} fragments for {layout.frames} frames")
    frames = tuple(_range(group) for group in _grouped(structure, fragments, layout.frames))
    for number, frame in enumerate(frames, 1):
        _check_header(structure, layout, frame, number)
    return frames


def _range(group: tuple[Item, ...]) -> Range:
    if len(group) == 1:
        return Range(group[0].value, group[0].length)
    start = group[0].value - ITEM_HEADER_BYTES
    return Range(start, group[-1].end - start, len(group))


def _grouped(structure: Structure, fragments: tuple[Item, ...], frames: int) -> list[tuple[Item, ...]]:
    if len(fragments) == frames:
        return [(fragment,) for fragment in fragments]
    if frames == 1:
        return [fragments]
    starts = _by_offset_table(structure, fragments, frames) or _by_marker(structure, fragments, frames)
    if starts is None:
        raise Unreadable(f"(7FE0,0010): {len(fragments)} fragments cannot be told apart into {frames} frames")
    return [fragments[start:end] for start, end in pairwise([*starts, len(fragments)])]


def _by_offset_table(structure: Structure, fragments: tuple[Item, ...], frames: int) -> list[int] | None:
    offsets = _offset_table(structure)
    first = fragments[0].value
    places = {fragment.value - first: index for index, fragment in enumerate(fragments)}
    starts = [places.get(offset, -1) for offset in offsets]
    sound = len(starts) == frames and starts[0] == 0 and all(one < next_one for one, next_one in pairwise(starts))
    return starts if sound else None


def _offset_table(structure: Structure) -> tuple[int, ...]:
    """The Extended Offset Table (PS3.3 C.7.6.3.1.8), else the Basic Offset Table (PS3.5 annex A.4)."""
    extended = structure.value(0x7FE00001)
    if extended:
        return struct.unpack(f"<{len(extended) // 8}Q", extended[: len(extended) // 8 * 8])
    table = structure.items[0]
    basic = bytes(structure.data[table.value : table.end])
    return struct.unpack(f"<{len(basic) // 4}I", basic[: len(basic) // 4 * 4])


def _by_marker(structure: Structure, fragments: tuple[Item, ...], frames: int) -> list[int] | None:
    starts = [
        index
        for index, fragment in enumerate(fragments)
        if bytes(structure.data[fragment.value : fragment.value + 2]) in _FIRST_MARKERS
    ]
    return starts if len(starts) == frames and starts[0] == 0 else None


def _check_header(structure: Structure, layout: Layout, frame: Range, number: int) -> None:
    skipped = ITEM_HEADER_BYTES if frame.fragments > 1 else 0
    start = structure.data[frame.offset + skipped : frame.offset + frame.length]
    try:
        if structure.syntax.codec == "rle":
            _check_rle(start, layout)
        elif structure.syntax.uid in _CHECKED:
            found = coded.header(start, structure.syntax.uid)
            coded.require_agreement(found, layout.rows, layout.columns, layout.samples, layout.bits_allocated)
    except Unreadable as error:
        raise Unreadable(f"(7FE0,0010) frame {number}: {error}") from error


def _check_rle(start: memoryview, layout: Layout) -> None:
    asked = layout.samples * layout.bits_allocated // 8
    if len(start) < _RLE_HEADER.size:
        raise Unreadable("the frame is shorter than an RLE header")
    found, first = _RLE_HEADER.unpack_from(start)[:2]
    if (found, first) != (asked, _RLE_HEADER.size):
        raise Unreadable(f"{found} RLE segments from byte {first} on, the data set asks for {asked} from {_RLE_HEADER.size} on")
