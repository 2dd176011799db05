"""The stored object: a DICOM file that others read, and the original file that comes back from it byte by byte."""

from __future__ import annotations

import hashlib
import io
import struct
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, HTJ2KLosslessRPCL, ImplicitVRLittleEndian

from archive import objectfile, original, recipe
from archive.levels import SMALLEST_LEVEL_PIXELS, lengths
from archive.pixels import find
from archive.structure import walk
from core.errors import Unreadable
from tests.archive import samples

SYNTAXES = [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian]
RANDOM = np.random.default_rng(7)


def stored(data: bytes, **options: Any) -> tuple[bytes, int]:
    """The object of a file and its part10_size; raises Unreadable when the file must be kept as sent."""
    structure = walk(memoryview(data))
    pixels = find(structure)
    reason = objectfile.unsuited(structure, pixels)
    if reason or pixels is None:
        raise Unreadable(reason)
    buffer = io.BytesIO()
    part10_size = objectfile.write(buffer, structure, pixels, hashlib.sha256(data).digest(), **options)
    return buffer.getvalue(), part10_size


def suited_files() -> list[Path]:
    return [path for path in [*samples.package_files(), *samples.sample_files()] if _suited(path.read_bytes())]


def _suited(data: bytes) -> bool:
    try:
        structure = walk(memoryview(data))
        return not objectfile.unsuited(structure, find(structure))
    except Unreadable:
        return False


@pytest.mark.parametrize("path", suited_files(), ids=lambda path: path.name)
def test_every_native_image_comes_back_and_is_read_equal_by_pydicom(path: Path) -> None:
    data = path.read_bytes()
    kept, part10_size = stored(data)
    assert hashlib.sha256(original.restore(kept)).digest() == hashlib.sha256(data).digest()
    sent = samples.read(data)
    for file in (kept, kept[:part10_size], original.explicit_le(kept)):
        walk(memoryview(file))
        assert np.array_equal(samples.read(file).pixel_array, sent.pixel_array)
    assert samples.read(kept).file_meta.TransferSyntaxUID == HTJ2KLosslessRPCL


@pytest.mark.parametrize("shape", [(512, 512), (300, 77), (65, 64), (64, 64), (40, 9), (1, 1), (3, 1000), (200, 130, 3)])
def test_a_prefix_is_the_exact_smaller_picture(shape: tuple[int, ...]) -> None:
    image = RANDOM.integers(0, 256, shape, dtype=np.uint8)
    kept, _ = stored(samples.instance(image))
    pixels = find(walk(memoryview(kept)))
    assert pixels is not None
    frame = kept[pixels.frames[0].offset :][: pixels.frames[0].length]
    pieces = lengths(frame, max(shape[:2]))
    assert sum(pieces) in (len(frame), len(frame) - 1)
    for count in range(1, len(pieces) + 1):
        halved = len(pieces) - count
        smaller = imagecodecs.htj2k_decode(frame[: sum(pieces[:count])], skipres=halved, resilient=True)
        assert np.array_equal(smaller, imagecodecs.htj2k_decode(frame, skipres=halved) if halved else image)
        assert smaller.shape[:2] == (-(-shape[0] >> halved), -(-shape[1] >> halved))
        assert max(smaller.shape[:2]) >= min(SMALLEST_LEVEL_PIXELS, max(shape[:2]))


@pytest.mark.parametrize(
    ("longer_side", "halvings"), [(1, 1), (2, 1), (3, 1), (4, 2), (10, 3), (16, 4), (31, 4), (32, 5), (512, 5)]
)
def test_no_picture_is_halved_beyond_one_pixel(longer_side: int, halvings: int) -> None:
    kept, _ = stored(samples.instance(np.zeros((2, longer_side), np.uint8)))
    coding_style = kept.index(b"\xff\x52")  # ITU-T T.800 annex A.6.1: the number of levels stands at its tenth byte
    assert kept[coding_style + 9] == halvings


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda uid: uid.name)
@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2"])
@pytest.mark.parametrize(
    ("shape", "frames", "planar"),
    [((7, 5), 0, 0), ((3, 7, 5), 3, 0), ((5, 7, 3), 0, 0), ((5, 7, 3), 0, 1), ((2, 5, 7, 3), 2, 1), ((9, 1, 1), 9, 0)],
)
def test_each_form_of_pixels_comes_back(syntax: str, dtype: str, shape: tuple[int, ...], frames: int, planar: int) -> None:
    limits = np.iinfo(dtype)
    image = RANDOM.integers(limits.min, limits.max, shape, dtype=dtype, endpoint=True)
    data = samples.instance(image.astype(_order(syntax, image)), transfer_syntax_uid=syntax, frames=frames, planar=planar)
    kept, _ = stored(data)
    assert original.restore(kept) == data
    assert np.array_equal(np.squeeze(samples.read(kept).pixel_array), np.squeeze(image))
    explicit = original.explicit_le(kept)
    assert np.array_equal(np.squeeze(samples.read(explicit).pixel_array), np.squeeze(image))
    assert (explicit == data) == (syntax == ExplicitVRLittleEndian)


def _order(syntax: str, image: NDArray[Any]) -> np.dtype[Any]:
    return image.dtype.newbyteorder(">" if syntax == ExplicitVRBigEndian else "<")


def twelve_bits(image: NDArray[Any], signed: bool, high_bit: int = 11) -> bytes:
    return samples.instance(image, BitsStored=12, HighBit=high_bit, PixelRepresentation=int(signed))


def test_twelve_bits_in_sixteen_come_back_when_they_are_sign_extended() -> None:
    image = RANDOM.integers(-2048, 2048, (40, 40), dtype=np.int16)
    kept, _ = stored(twelve_bits(image, signed=True))
    assert np.array_equal(samples.read(kept).pixel_array, image)


@pytest.mark.parametrize(
    "data",
    [
        twelve_bits(np.full((8, 8), 0x0FFF, np.uint16), signed=True),  # -1 without its sign
        twelve_bits(np.full((8, 8), 0x8001, np.uint16), signed=False),  # an overlay in the highest bit
        twelve_bits(np.full((8, 8), 0x7FF0, np.uint16), signed=False, high_bit=15),
    ],
    ids=["sign not extended", "overlay bit", "high bit"],
)
def test_words_with_other_bits_than_the_stored_ones_are_not_recoded(data: bytes) -> None:
    with pytest.raises(Unreadable, match="bits"):
        stored(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (samples.instance(np.zeros((4, 4), np.uint32)), "32 bits a sample"),
        (samples.package("liver_1frame.dcm"), "1 bits a sample"),
        (samples.package("SC_ybr_full_422_uncompressed.dcm"), "YBR_FULL_422"),
        (samples.package("SC_rgb_small_odd_big_endian.dcm"), "exchanged"),
        (samples.package("image_dfl.dcm"), "deflated"),
        (samples.package("MR_small_RLE.dcm"), "came compressed"),
        (samples.package("test-SR.dcm"), "not an image"),
        (samples.instance(Rows=5), "an image without pixels"),
    ],
)
def test_what_cannot_become_htj2k_is_named(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        stored(data)


def test_an_extended_offset_table_holds_the_frames_of_a_huge_object() -> None:
    frames = RANDOM.integers(0, 9, (5, 32, 32), dtype=np.uint8)
    data = samples.instance(frames, frames=5)
    kept, _ = stored(data, extended_over_bytes=100)
    read = samples.read(kept)
    offsets = struct.unpack("<5Q", read.ExtendedOffsetTable)
    assert offsets[0] == 0 and len(set(offsets)) == 5
    assert np.array_equal(read.pixel_array, frames)
    assert original.restore(kept) == data


def test_an_offset_table_points_at_each_frame() -> None:
    frames = RANDOM.integers(0, 255, (4, 33, 31), dtype=np.uint8)
    kept, _ = stored(samples.instance(frames, frames=4))
    structure = walk(memoryview(kept))
    table, *fragments = structure.items
    offsets = struct.unpack("<4I", structure.data[table.value : table.end])
    assert [fragment.value - 8 - (fragments[0].value - 8) for fragment in fragments] == list(offsets)


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda uid: uid.name)
def test_everything_but_the_pixels_reads_the_same_in_object_and_explicit_form(syntax: str) -> None:
    inner = Dataset()
    inner.ReferencedSOPInstanceUID, inner.PurposeOfReferenceCodeSequence = "1.2.9", Sequence([Dataset(), Dataset()])
    image = np.arange(30, dtype=np.int16).reshape(5, 6)
    data = samples.instance(
        image.astype(_order(syntax, image)),
        transfer_syntax_uid=syntax,
        ReferencedImageSequence=Sequence([inner, inner]),
        SmallestImagePixelValue=-3,
        RedPaletteColorLookupTableDescriptor=[256, 0, 8],
        EstimatedRadiographicMagnificationFactor=1.25,
        RealWorldValueSlope=0.5,
        FrameIncrementPointer=0x00181063,
        EncapsulatedDocument=bytes(range(200)),
        DataSetTrailingPadding=bytes(10),
    )
    kept, _ = stored(data)
    sent = samples.read(data).to_json_dict()
    for form, changed in ((kept, {"7FE00010", "FFFCFFFC"}), (original.explicit_le(kept), {"7FE00010"})):
        ours = samples.read(form).to_json_dict()
        assert {tag: value for tag, value in ours.items() if tag not in changed} == {
            tag: value for tag, value in sent.items() if tag not in changed
        }


def test_an_object_is_restored_without_any_database() -> None:
    data = samples.package("CT_small.dcm")
    kept, part10_size = stored(data)
    remainder = recipe.find(memoryview(kept))
    assert remainder is not None
    assert remainder.part10_size == part10_size
    assert remainder.recipe.sha256 == hashlib.sha256(data).digest()
    assert recipe.find(memoryview(data)) is None
    assert original.restore(data) == data


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the codec's own complaints
def test_a_damaged_object_is_refused_or_its_hash_tells() -> None:
    data = samples.package("CT_small.dcm")
    kept, part10_size = stored(data)
    for place in [*range(part10_size - 4000, part10_size, 31), *range(part10_size, len(kept))]:
        damaged = bytearray(kept)
        damaged[place] ^= 0x5A
        try:
            original.restore(bytes(damaged))
        except Unreadable as error:
            assert str(error)
