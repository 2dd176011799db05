"""From a frame's bytes to its stored values, bit by bit as the device meant them (PS3.5 section 8)."""

from __future__ import annotations

import struct
import sys
from itertools import pairwise
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom.pixels.processing import convert_color_space

from archive import codestream as coded
from archive.codestream import Header
from core.errors import Unreadable
from films.image import ImageDescription

Samples = NDArray[Any]

EXPLICIT_BIG_ENDIAN = "1.2.840.10008.1.2.2"
RLE_LOSSLESS = "1.2.840.10008.1.2.5"
NATIVE_SYNTAXES = frozenset(
    ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.1.98", EXPLICIT_BIG_ENDIAN)
)
DECODABLE_SYNTAXES = (
    NATIVE_SYNTAXES
    | {RLE_LOSSLESS}
    | coded.JPEG_SYNTAXES
    | coded.JPEG_LS_SYNTAXES
    | coded.JPEG_2000_SYNTAXES
    | coded.HTJ2K_SYNTAXES
)
MAX_FRAME_BYTES = 1 << 30  # one decoded frame; the largest slide tiles and radiographs need a tenth of it
_YBR = frozenset(("YBR_FULL", "YBR_FULL_422"))
_RGB = frozenset(("RGB", "YBR_RCT", "YBR_ICT"))  # the last two are undone by the JPEG 2000 decoders
_RLE_HEADER = struct.Struct("<16I")  # PS3.5 section G.5
_END_OF_CODESTREAM = b"\xff\xd9"
_PADDING_BYTES = 16  # a fragment is padded with one byte; some devices add more
_CODEC_ERRORS = (RuntimeError, ValueError, OverflowError, TypeError)  # what imagecodecs raises on bad bytes


def decode_frame(
    codestream: bytes,
    transfer_syntax_uid: str,
    description: ImageDescription,
    *,
    reduce: int = 0,
    first_bit: int = 0,
    swapped_words: bool = False,
) -> Samples:
    """One frame to draw: stored values (rows, columns), a palette's indices too; colour as RGB (rows, columns, 3).

    Arguments and errors as in `stored_frame`.
    """
    samples = stored_frame(
        codestream, transfer_syntax_uid, description, reduce=reduce, first_bit=first_bit, swapped_words=swapped_words
    )
    if samples.ndim == 2 or not _is_ybr(codestream, transfer_syntax_uid, description):
        return samples
    if samples.dtype != np.uint8:
        raise Unreadable(f"{description.photometric_interpretation} with more than 8 bits a sample has no definition")
    return convert_color_space(samples, "YBR_FULL", "RGB")


def stored_frame(
    codestream: bytes,
    transfer_syntax_uid: str,
    description: ImageDescription,
    *,
    reduce: int = 0,
    first_bit: int = 0,
    swapped_words: bool = False,
) -> Samples:
    """The stored values of one frame with their sign, (rows, columns) or (rows, columns, 3), colour space untouched.

    reduce: halve that many times; only for HTJ2K, whose codestream may then be the prefix that ends those resolutions.
    first_bit: for 1-bit frames, the bit of the first byte at which the frame begins (`first_bit_of`).
    swapped_words: 8-bit samples of VR OW in a big endian file, where each two bytes are exchanged.
    Subsampled chrominance comes out at full size. Raises Unreadable when bytes and description disagree.
    """
    _require_size(description)
    if reduce and transfer_syntax_uid not in coded.HTJ2K_SYNTAXES:
        raise ValueError("only HTJ2K holds smaller pictures")
    if transfer_syntax_uid in NATIVE_SYNTAXES:
        return _native(codestream, transfer_syntax_uid == EXPLICIT_BIG_ENDIAN, description, first_bit, swapped_words)
    if description.sample != "integer":
        raise Unreadable(f"{description.sample} samples are only defined for native pixel data")
    if transfer_syntax_uid == RLE_LOSSLESS:
        return _rle(codestream, description)
    found = coded.header(codestream, transfer_syntax_uid)
    coded.require_agreement(
        found, description.rows, description.columns, description.samples_per_pixel, description.bits_allocated
    )
    return _coded(codestream, transfer_syntax_uid, description, found, reduce)


def native_frame(samples: Samples, description: ImageDescription) -> bytes:
    """A frame of `stored_frame` or `decode_frame` as little endian native pixel data, planes apart where they were sent so."""
    if description.sample == "bit":
        return np.packbits(samples, axis=None, bitorder="little").tobytes()
    if samples.ndim == 3 and description.planar_configuration == 1:
        samples = samples.transpose(2, 0, 1)
    return samples.astype(samples.dtype.newbyteorder("<"), copy=False).tobytes()


def first_bit_of(frame_number: int, description: ImageDescription) -> int:
    """Where in its first byte a 1-bit frame begins: such frames follow each other without padding (PS3.5 section 8.1.1)."""
    return (frame_number - 1) * description.rows * description.columns % 8


def _require_size(description: ImageDescription) -> None:
    """A few bytes must not make us reserve memory for a picture that no device makes."""
    samples = description.rows * description.columns * description.samples_per_pixel
    if not samples or samples * max(description.bits_allocated, 8) // 8 > MAX_FRAME_BYTES:
        raise Unreadable(f"a frame of {description.rows} x {description.columns} is not a picture that we decode")
    if description.samples_per_pixel not in (1, 3):
        raise Unreadable(f"SamplesPerPixel is {description.samples_per_pixel}")
    if not 1 <= description.bits_stored <= description.bits_allocated:
        raise Unreadable(f"BitsStored is {description.bits_stored}, BitsAllocated {description.bits_allocated}")


def _is_ybr(codestream: bytes, transfer_syntax_uid: str, description: ImageDescription) -> bool:
    """Whether three samples are YBR; inside JPEG its own markers count more, as devices forget to set the attribute."""
    if transfer_syntax_uid in coded.JPEG_SYNTAXES | coded.JPEG_LS_SYNTAXES:
        marked = coded.header(codestream, transfer_syntax_uid).colour
        if marked:
            return marked == "YBR"
    interpretation = description.photometric_interpretation
    if interpretation in _YBR:
        return True
    if interpretation in _RGB:
        return False
    raise Unreadable(f"PhotometricInterpretation {interpretation} is not one of three samples")


def _native(data: bytes, big_endian: bool, description: ImageDescription, first_bit: int, swapped_words: bool) -> Samples:
    if description.sample == "bit":
        return _bits(data, description, first_bit)
    if _is_subsampled(description):
        return _full_size(data, description)
    shape = (description.rows, description.columns, description.samples_per_pixel)
    dtype = _dtype(description)
    data = _exactly(_exchanged(data) if swapped_words else data, int(np.prod(shape)) * dtype.itemsize)
    samples: Samples = np.frombuffer(data, dtype.newbyteorder(">" if big_endian else "<"))
    samples = samples.astype(dtype, copy=False)
    if description.planar_configuration == 1 and shape[2] == 3:
        samples = np.ascontiguousarray(samples.reshape(3, shape[0], shape[1]).transpose(1, 2, 0))
    return _meant(samples.reshape(shape if shape[2] == 3 else shape[:2]), description)


def _bits(data: bytes, description: ImageDescription, first_bit: int) -> Samples:
    count = description.rows * description.columns
    if len(data) * 8 < first_bit + count:
        raise Unreadable(f"the frame has {len(data)} bytes, too few for {count} bits")
    bits = np.unpackbits(np.frombuffer(data, np.uint8), count=first_bit + count, bitorder="little")
    return bits[first_bit:].reshape(description.rows, description.columns)


def _is_subsampled(description: ImageDescription) -> bool:
    return description.photometric_interpretation == "YBR_FULL_422" and description.samples_per_pixel == 3


def _full_size(data: bytes, description: ImageDescription) -> Samples:
    """Native YBR_FULL_422: luminance of two pixels, then their common chrominances (PS3.3 section C.7.6.3.1.2)."""
    if description.bits_allocated != 8 or description.columns % 2:
        raise Unreadable("native YBR_FULL_422 needs 8 bits and an even number of columns")
    pairs = np.frombuffer(_exactly(data, description.rows * description.columns * 2), np.uint8).reshape(-1, 4)
    samples = np.empty((len(pairs), 2, 3), np.uint8)
    samples[:, :, 0] = pairs[:, :2]
    samples[:, :, 1:] = pairs[:, np.newaxis, 2:]
    return samples.reshape(description.rows, description.columns, 3)


def _exchanged(data: bytes) -> bytes:
    return np.frombuffer(data, np.uint16, count=len(data) // 2).byteswap().tobytes()


def _exactly(data: bytes, size: int) -> bytes:
    """The frame without the byte that pads an odd length."""
    if len(data) not in (size, size + size % 2):
        raise Unreadable(f"the frame has {len(data)} bytes, Rows, Columns and BitsAllocated ask for {size}")
    return data[:size]


def _dtype(description: ImageDescription) -> np.dtype[Any]:
    if description.sample == "float" and description.bits_allocated == 32:
        return np.dtype(np.float32)
    if description.sample == "double" and description.bits_allocated == 64:
        return np.dtype(np.float64)
    if description.sample == "integer" and description.bits_allocated in (8, 16, 32, 64):
        return np.dtype(f"{'i' if description.pixel_representation else 'u'}{description.bits_allocated // 8}")
    raise Unreadable(f"{description.sample} samples of {description.bits_allocated} bits have no definition")


def _meant(samples: Samples, description: ImageDescription) -> Samples:
    """Stored bits alone, sign extended: the others may hold overlays or anything (PS3.5 section 8.1.1)."""
    if samples.dtype.kind == "f" or description.bits_stored == description.bits_allocated:
        return samples
    below = description.high_bit + 1 - description.bits_stored
    if not 0 <= below <= description.bits_allocated - description.bits_stored:
        below = 0  # an impossible HighBit: the lowest bits, as everybody reads them
    above = description.bits_allocated - description.bits_stored - below
    return np.right_shift(np.left_shift(samples, above), above + below)


def _rle(data: bytes, description: ImageDescription) -> Samples:
    """PS3.5 annex G: one segment a byte plane, the most significant first."""
    dtype = _dtype(description)
    pixels = description.rows * description.columns
    planes = _rle_segments(data, description.samples_per_pixel * dtype.itemsize)
    samples = np.empty((pixels, description.samples_per_pixel, dtype.itemsize), np.uint8)
    for index, plane in enumerate(planes):
        sample, significance = divmod(index, dtype.itemsize)
        samples[:, sample, dtype.itemsize - 1 - significance] = np.frombuffer(_unpacked(plane, pixels), np.uint8)
    words: Samples = samples.view(dtype.newbyteorder("<")).astype(dtype, copy=False)
    return _meant(words.reshape(_shape(description, 0)), description)


def _rle_segments(data: bytes, expected: int) -> list[bytes]:
    if len(data) < _RLE_HEADER.size:
        raise Unreadable("the frame is shorter than an RLE header")
    count, *offsets = _RLE_HEADER.unpack_from(data)
    if count != expected:
        raise Unreadable(f"the frame has {count} RLE segments, its samples need {expected}")
    bounds = [*offsets[:count], len(data)]
    if bounds[0] < _RLE_HEADER.size or any(start > end for start, end in pairwise(bounds)):
        raise Unreadable("the RLE segments lie outside the frame or over each other")
    return [data[start:end] for start, end in pairwise(bounds)]


def _unpacked(segment: bytes, size: int) -> bytes:
    try:
        plane = bytes(imagecodecs.packbits_decode(segment))
    except _CODEC_ERRORS as error:
        raise Unreadable("an RLE segment is damaged") from error
    if len(plane) < size:
        raise Unreadable(f"an RLE segment has {len(plane)} bytes, the frame has {size} pixels")
    return plane[:size]


def _coded(data: bytes, transfer_syntax_uid: str, description: ImageDescription, found: Header, reduce: int) -> Samples:
    try:
        samples = _decompressed(data, transfer_syntax_uid, found, reduce)
    except _CODEC_ERRORS as error:
        raise Unreadable(f"the decoder of {transfer_syntax_uid} refuses the codestream") from error
    if samples.shape != _shape(description, reduce):
        raise Unreadable(f"the decoder gave {samples.shape}, the description asks for {_shape(description, reduce)}")
    if transfer_syntax_uid in coded.JPEG_SYNTAXES:
        return _meant(samples.astype(_dtype(description), copy=False), description)
    return _signed_as_described(samples, description, found)


def _decompressed(data: bytes, transfer_syntax_uid: str, found: Header, reduce: int) -> Samples:
    if transfer_syntax_uid in coded.HTJ2K_SYNTAXES:
        return _htj2k(data, found, reduce)
    if transfer_syntax_uid in coded.JPEG_2000_SYNTAXES:
        return imagecodecs.jpeg2k_decode(data)
    if transfer_syntax_uid in coded.JPEG_LS_SYNTAXES:
        return imagecodecs.jpegls_decode(data)
    # Naming the same space twice keeps libjpeg from guessing a conversion.
    space = imagecodecs.JPEG8.CS.YCbCr if found.samples_per_pixel == 3 else imagecodecs.JPEG8.CS.GRAYSCALE
    return imagecodecs.jpeg8_decode(data, colorspace=space, outcolorspace=space)


def _htj2k(data: bytes, found: Header, reduce: int) -> Samples:
    if reduce > found.levels:
        raise Unreadable(f"the codestream has {found.levels} smaller pictures, number {reduce} was asked for")
    if reduce:
        return imagecodecs.htj2k_decode(data, skipres=reduce, resilient=True)  # the prefix ends early, on purpose
    if _END_OF_CODESTREAM not in data[-_PADDING_BYTES:]:
        raise Unreadable("the codestream has no end")  # which the decoder would not mind
    samples = imagecodecs.htj2k_decode(data)
    # imagecodecs swallows what OpenJPH throws half way and returns zeros; whether the picture is black, OpenJPEG knows.
    return samples if samples.any() else imagecodecs.jpeg2k_decode(data)


def _shape(description: ImageDescription, reduce: int) -> tuple[int, ...]:
    rows, columns = -(-description.rows >> reduce), -(-description.columns >> reduce)
    return (rows, columns) if description.samples_per_pixel == 1 else (rows, columns, description.samples_per_pixel)


def _signed_as_described(samples: Samples, description: ImageDescription, found: Header) -> Samples:
    """JPEG-LS knows no sign and JPEG 2000 encoders set it wrongly: PixelRepresentation decides, at the stated precision."""
    dtype = _dtype(description)
    samples = samples.astype(dtype, copy=False)
    shift = 8 * dtype.itemsize - found.precision
    if not shift or found.signed == bool(description.pixel_representation):
        return samples
    return np.right_shift(np.left_shift(samples, shift), shift)


if sys.byteorder != "little":
    raise ImportError("arrays are handed on in the machine's order, which must be little endian")
