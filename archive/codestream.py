"""What a compressed frame says of itself: size, samples and precision, read before any decoder runs (PS3.5 section 8.2)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from core.errors import Unreadable

Buffer = bytes | memoryview

JPEG_SYNTAXES = frozenset(f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 53, 55, 57, 70))
JPEG_LS_SYNTAXES = frozenset(f"1.2.840.10008.1.2.4.{n}" for n in (80, 81))
JPEG_2000_SYNTAXES = frozenset(f"1.2.840.10008.1.2.4.{n}" for n in (90, 91))
HTJ2K_SYNTAXES = frozenset(f"1.2.840.10008.1.2.4.{n}" for n in (201, 202, 203))

_SOS, _EOI = 0xDA, 0xD9
_STANDALONE = frozenset((0x01, *range(0xD0, 0xD8)))  # markers without a length, ISO/IEC 10918-1 table B.1
_SOF_HUFFMAN = frozenset(range(0xC0, 0xC4))  # baseline, extended, progressive, lossless
_SOF_JPEG_LS = frozenset((0xF7,))
_SOF_ANY = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | _SOF_JPEG_LS
_APP0, _APP14 = 0xE0, 0xEE
_RGB_IDS = (b"RGB", b"rgb")
MAX_SEGMENTS = 4096  # marker segments before the picture; real files have fewer than twenty

_SOC, _SIZ, _COD, _SOT = 0xFF4F, 0xFF51, 0xFF52, 0xFF90
_SIZ_FIXED = struct.Struct(">HHIIIIIIIIH")  # Lsiz Rsiz Xsiz Ysiz XOsiz YOsiz XTsiz YTsiz XTOsiz YTOsiz Csiz
_JP2_SIGNATURE = b"\x00\x00\x00\x0cjP  "
MAX_TILES = 65535  # ISO/IEC 15444-1 section A.4.2: Isot has 16 bits


@dataclass(frozen=True, slots=True)
class Header:
    """Size and samples as the codestream states them; `signed` is None and `colour` "" where the format does not say."""

    rows: int
    columns: int
    samples_per_pixel: int
    precision: int
    signed: bool | None = None
    colour: str = ""  # "RGB", or "YBR" for luminance and two chrominances
    levels: int = 0  # of wavelet decomposition


def header(codestream: Buffer, transfer_syntax_uid: str) -> Header:
    """The header of one frame's codestream; raises Unreadable when it is broken or of another kind than the syntax says."""
    if transfer_syntax_uid in JPEG_SYNTAXES:
        return jpeg(codestream, _SOF_HUFFMAN)
    if transfer_syntax_uid in JPEG_LS_SYNTAXES:
        return jpeg(codestream, _SOF_JPEG_LS)
    if transfer_syntax_uid in JPEG_2000_SYNTAXES | HTJ2K_SYNTAXES:
        return jpeg_2000(codestream)
    raise Unreadable(f"transfer syntax {transfer_syntax_uid} has no codestream that we read")


def require_agreement(found: Header, rows: int, columns: int, samples_per_pixel: int, bits_allocated: int) -> None:
    """Pass, or raise Unreadable: what the codestream says of itself must be what the data set says of it."""
    if (found.rows, found.columns) != (rows, columns):
        raise Unreadable(f"the codestream is {found.rows} x {found.columns}, Rows x Columns are {rows} x {columns}")
    if found.samples_per_pixel != samples_per_pixel:
        raise Unreadable(f"the codestream has {found.samples_per_pixel} components, SamplesPerPixel is {samples_per_pixel}")
    if not 2 <= found.precision <= bits_allocated:
        raise Unreadable(f"the codestream has {found.precision} bits a sample, BitsAllocated is {bits_allocated}")


def jpeg(data: Buffer, kinds: frozenset[int] = _SOF_ANY) -> Header:
    """The frame header of JPEG and JPEG-LS (ISO/IEC 10918-1 annex B, 14495-1 annex C); raises Unreadable."""
    if bytes(data[:2]) != b"\xff\xd8":
        raise Unreadable("the codestream does not begin as JPEG does")
    colour = ""
    offset = 2
    for _ in range(MAX_SEGMENTS):
        marker, offset = _jpeg_marker(data, offset)
        if marker in _STANDALONE:
            continue
        segment = _jpeg_segment(data, offset)
        if marker in kinds:
            return _frame_header(segment, colour)
        if marker in _SOF_ANY or marker in (_SOS, _EOI):
            raise Unreadable(f"the codestream is not of the transfer syntax's kind (marker FF{marker:02X})")
        colour = _marked_colour(marker, segment) or colour
        offset += 2 + len(segment)
    raise Unreadable("the codestream has too many segments before its frame header")


def _jpeg_marker(data: Buffer, offset: int) -> tuple[int, int]:
    """The marker at `offset` and the offset after it; any number of FF may fill the place before it."""
    start = offset
    while offset < len(data) and data[offset] == 0xFF:
        offset += 1
    if offset in (start, len(data)):
        raise Unreadable(f"the codestream has no marker at byte {start}")
    return data[offset], offset + 1


def _jpeg_segment(data: Buffer, offset: int) -> bytes:
    length = int.from_bytes(data[offset : offset + 2], "big")
    segment = bytes(data[offset + 2 : offset + length])
    if length < 2 or len(segment) != length - 2:
        raise Unreadable("the codestream ends inside a segment")
    return segment


def _frame_header(segment: bytes, colour: str) -> Header:
    if len(segment) < 6:
        raise Unreadable("the codestream's frame header is too short")
    precision, rows, columns, components = struct.unpack_from(">BHHB", segment)
    if components == 3 and segment[6:15:3] in _RGB_IDS:
        colour = "RGB"
    return Header(rows, columns, components, precision, colour=colour if components == 3 else "")


def _marked_colour(marker: int, segment: bytes) -> str:
    """JFIF is always YBR (ITU-T T.871), Adobe's transform 1 too; its 0 is left to PhotometricInterpretation."""
    if marker == _APP0 and segment.startswith(b"JFIF"):
        return "YBR"
    if marker == _APP14 and segment.startswith(b"Adobe") and segment[11:12] == b"\x01":
        return "YBR"
    return ""


def jpeg_2000(data: Buffer) -> Header:
    """The main header of JPEG 2000 and HTJ2K (ISO/IEC 15444-1 annex A); raises Unreadable."""
    try:
        return _main_header(data, _codestream_start(data))
    except (struct.error, IndexError) as error:
        raise Unreadable("the codestream ends inside its header") from error


def _main_header(data: Buffer, start: int) -> Header:
    if struct.unpack_from(">HH", data, start) != (_SOC, _SIZ):
        raise Unreadable("the codestream does not begin as JPEG 2000 does")
    length, _, x, y, x0, y0, tile_x, tile_y, tile_x0, tile_y0, components = _SIZ_FIXED.unpack_from(data, start + 4)
    if length != 38 + 3 * components or not components:
        raise Unreadable("the SIZ segment contradicts its own component count")
    if x <= x0 or y <= y0 or tile_x0 > x0 or tile_y0 > y0 or not tile_x or not tile_y:
        raise Unreadable("the SIZ segment describes an empty picture")
    if -(-(x - tile_x0) // tile_x) * -(-(y - tile_y0) // tile_y) > MAX_TILES:
        raise Unreadable("the SIZ segment asks for more tiles than the format allows")
    depth = _common_depth(bytes(data[start + 42 : start + 4 + length]))
    levels = _levels(data, start + 4 + length)
    return Header(y - y0, x - x0, components, (depth & 0x7F) + 1, signed=bool(depth & 0x80), levels=levels)


def _common_depth(components: bytes) -> int:
    """Ssiz, when all components share it and none is subsampled."""
    if components[1:3] != b"\x01\x01" or components != components[:3] * (len(components) // 3):
        raise Unreadable("the components differ in depth or size, which DICOM does not foresee")
    return components[0]


def _levels(data: Buffer, offset: int) -> int:
    """Decomposition levels, from the COD segment of the main header (section A.6.1)."""
    for _ in range(MAX_SEGMENTS):
        marker, length = struct.unpack_from(">HH", data, offset)
        if marker == _COD:
            return data[offset + 9]
        if marker == _SOT:
            break
        offset += 2 + length
    raise Unreadable("the codestream has no COD segment")


def _codestream_start(data: Buffer) -> int:
    """0 for a bare codestream; where it starts inside a JP2 file, which some devices send (annex I)."""
    if bytes(data[:8]) != _JP2_SIGNATURE:
        return 0
    offset = 0
    for _ in range(MAX_SEGMENTS):
        length, kind = struct.unpack_from(">I4s", data, offset)
        head = 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, offset + 8)
            head = 16
        if kind == b"jp2c":
            return offset + head
        if length < head:
            break
        offset += length
    raise Unreadable("the JP2 file holds no codestream")
