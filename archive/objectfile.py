"""Writes the object that lies in the stores: a valid DICOM file of lossless HTJ2K that can give the original back."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import BinaryIO

import imagecodecs

from archive import explicit, native, recipe
from archive.elements import ITEM, SEQUENCE_END, UNDEFINED
from archive.pixels import Layout, Pixels
from archive.recipe import Recipe
from archive.structure import Structure
from archive.syntaxes import HTJ2K_LOSSLESS_RPCL
from core.errors import Unreadable

ROWS = 0x00280010
PIXEL_DATA, EXTENDED_OFFSETS, EXTENDED_LENGTHS = 0x7FE00010, 0x7FE00001, 0x7FE00002
PHOTOMETRIC_INTERPRETATION, PLANAR_CONFIGURATION = 0x00280004, 0x00280006
# From this many native bytes on, offsets may not fit 32 bits (HTJ2K makes noise a little larger): PS3.5 annex A.4.
EXTENDED_TABLE_OVER_BYTES = 0xE0000000
USUAL_HALVINGS = 5  # of wavelet coding, ITU-T T.800; also what a smaller picture can be read by
_WHOLE_PIXELS = ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB", "YBR_FULL")


def unsuited(structure: Structure, pixels: Pixels | None) -> str:
    """Why this file is kept as sent; empty when its pixels may become HTJ2K."""
    if pixels is None:
        return "an image without pixels" if ROWS in structure.elements else "not an image"
    if structure.syntax.codec != "native":
        return "came compressed"
    if structure.syntax.deflated:
        return "deflated"
    return _unsuited_pixels(structure, pixels)


def _unsuited_pixels(structure: Structure, pixels: Pixels) -> str:
    layout = pixels.layout
    if pixels.element.tag != PIXEL_DATA:
        return "floating point pixels"
    if layout.bits_allocated not in (8, 16):
        return f"{layout.bits_allocated} bits a sample"
    if layout.samples not in (1, 3) or layout.photometric not in _WHOLE_PIXELS:
        return f"{layout.photometric} with {layout.samples} samples a pixel"
    if structure.syntax.big_endian and layout.bits_allocated == 8 and pixels.element.vr == "OW":
        return "bytes exchanged in big endian words"
    return ""


def write(
    file: BinaryIO,
    structure: Structure,
    pixels: Pixels,
    original_sha256: bytes,
    *,
    extended_over_bytes: int = EXTENDED_TABLE_OVER_BYTES,
) -> int:
    """Writes the whole object and gives its `part10_size`; frame by frame, so memory stays small.

    Raises Unreadable when a frame cannot be coded without loss of meaning. Whether the original comes back is for
    `original.restore` to prove afterwards.
    """
    file.write(explicit.file_meta(structure, HTJ2K_LOSSLESS_RPCL))
    file.write(_converted(structure, pixels, structure.data_set, pixels.element.start))
    fragments = _write_frames(file, structure, pixels, pixels.layout.native_bytes > extended_over_bytes)
    file.write(_converted(structure, pixels, pixels.element.end, len(structure.data)))
    part10_size = file.tell()
    native_end = pixels.element.value + pixels.layout.native_bytes
    head, tail = structure.data[: pixels.element.value], structure.data[native_end:]
    file.write(recipe.pack(_recipe(structure, pixels, original_sha256, fragments), head, tail, part10_size))
    return part10_size


def _converted(structure: Structure, pixels: Pixels, start: int, end: int) -> bytes:
    values = {}
    if pixels.layout.samples == 3:
        values[PLANAR_CONFIGURATION] = b"\0\0"
    if pixels.layout.photometric == "RGB":
        values[PHOTOMETRIC_INTERPRETATION] = b"YBR_RCT"  # PS3.3 C.7.6.3.1.2: the codestream holds the transformed colours
    return explicit.data_set(
        structure.data,
        start,
        end,
        structure.syntax,
        signed=pixels.layout.signed,
        values=values,
        without=frozenset({recipe.DATA_SET_TRAILING_PADDING}),
    )


def _write_frames(file: BinaryIO, structure: Structure, pixels: Pixels, extended: bool) -> int:
    """Pixel Data with one fragment a frame; gives the offset of the first fragment's item."""
    tables = _begin_pixel_data(file, pixels.layout.frames, extended)
    fragments = file.tell()
    offsets, lengths = [], []
    for codestream in _codestreams(structure, pixels):
        padding = bytes(len(codestream) % 2)
        offsets.append(file.tell() - fragments)
        lengths.append(len(codestream) + len(padding))
        file.write(_item(lengths[-1]) + codestream + padding)
    file.write(struct.pack("<HHI", SEQUENCE_END >> 16, SEQUENCE_END & 0xFFFF, 0))
    end = file.tell()
    for place, numbers in zip(tables, (offsets, lengths), strict=False):
        file.seek(place)
        file.write(struct.pack(f"<{len(numbers)}{'Q' if extended else 'I'}", *numbers))
    file.seek(end)
    return fragments


def _begin_pixel_data(file: BinaryIO, frames: int, extended: bool) -> list[int]:
    """Everything before the first fragment; gives where the offsets, and the lengths of an extended table, go."""
    tables = []
    for tag in (EXTENDED_OFFSETS, EXTENDED_LENGTHS) if extended else ():
        tables.append(file.tell() + file.write(explicit.header(tag, "OV", 8 * frames)))
        file.write(bytes(8 * frames))
    basic = 0 if extended else 4 * frames
    start = file.tell() + file.write(explicit.header(PIXEL_DATA, "OB", UNDEFINED) + _item(basic))
    file.write(bytes(basic))
    return tables or [start]


def _item(length: int) -> bytes:
    return struct.pack("<HHI", ITEM >> 16, ITEM & 0xFFFF, length)


def _codestreams(structure: Structure, pixels: Pixels) -> Iterable[bytes]:
    for frame in pixels.frames:
        raw = structure.data[frame.offset : frame.offset + frame.length]
        samples = native.samples(raw, pixels.layout, big_endian=structure.syntax.big_endian)
        native.require_plain_words(samples, pixels.layout)
        yield _encoded(samples, pixels.layout)


def _encoded(samples: native.Samples, layout: Layout) -> bytes:
    """Reversible HTJ2K, RPCL, one tile-part a resolution, so that a smaller picture is a prefix."""
    try:
        codestream = imagecodecs.htj2k_encode(
            samples,
            reversible=True,
            rgb=layout.photometric == "RGB",
            planar=False if layout.samples == 3 else None,
            resolutions=_halvings(layout),
            tlm=True,
            tilepart=imagecodecs.HTJ2K.TILEPART.RESOLUTIONS,
        )
    except (RuntimeError, ValueError) as error:
        raise Unreadable("the HTJ2K encoder refuses a frame") from error
    return bytes(codestream)


def _halvings(layout: Layout) -> int:
    """As usual, but none beyond a single pixel: such cannot be read by the codec of OHIF 3.13 (codec-openjph up to 2.4.8)."""
    return min(USUAL_HALVINGS, max(1, max(layout.rows, layout.columns).bit_length() - 1))


def _recipe(structure: Structure, pixels: Pixels, original_sha256: bytes, fragments: int) -> Recipe:
    return Recipe(
        size=len(structure.data),
        sha256=original_sha256,
        transfer_syntax_uid=structure.syntax.uid,
        data_set=structure.data_set,
        pixels=pixels.element.start,
        pixels_vr=pixels.element.vr,
        pixels_length=pixels.element.length,
        signed=pixels.layout.signed,
        planar=pixels.layout.planar if pixels.layout.samples == 3 else 0,
        bits_allocated=pixels.layout.bits_allocated,
        frames=pixels.layout.frames,
        fragments=fragments,
    )
