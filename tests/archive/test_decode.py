"""Every frame that pydicom can decode comes out the same, bit by bit; others are compared with the same picture elsewhere."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.dataset import FileDataset
from pydicom.encaps import generate_frames

from archive.decode import DECODABLE_SYNTAXES, decode_frame, first_bit_of, native_frame, stored_frame
from archive.describe import describe
from core.errors import Unreadable
from films.image import ImageDescription
from tests.archive import samples
from tests.stories.pydicoms import has_decoder

pytestmark = pytest.mark.filterwarnings("ignore")  # pydicom's, on files that are wrong on purpose

EXPLICIT_LE, EXPLICIT_BE, RLE = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.5"
JPEG, JPEG_LS, JPEG_2000, HTJ2K = (f"1.2.840.10008.1.2.4.{number}" for number in (50, 80, 90, 202))
BROKEN = {"MR_truncated.dcm", "JPEG2000-embedded-sequence-delimiter.dcm", "badVR.dcm"}  # no decoder reads these
GREY = ImageDescription(96, 130, 1, 1, "MONOCHROME2", 16, 16, 15, 0)
NOISE = np.random.default_rng(7).integers(0, 1 << 16, (96, 130)).astype(np.uint16)


def _files() -> list[Path]:
    found = [*samples.package_files(), *samples.sample_files()]
    return [path for path in found if path.name.removeprefix("pyd__") not in BROKEN]


def _frames(ds: FileDataset, description: ImageDescription) -> list[bytes]:
    if ds.file_meta.TransferSyntaxUID.is_encapsulated:
        return list(generate_frames(ds.PixelData, number_of_frames=description.frames))
    samples_per_pixel = 2 if description.photometric_interpretation == "YBR_FULL_422" else description.samples_per_pixel
    bits = description.rows * description.columns * samples_per_pixel * description.bits_allocated
    starts = [number * bits for number in range(description.frames)]
    pad = len(ds.PixelData) % 2 if description.frames > 1 else bits // 8 % 2
    return [ds.PixelData[start // 8 : (start + bits + 7) // 8 + pad] for start in starts]


def _decoded(ds: FileDataset) -> list[NDArray[Any]]:
    description = describe(ds)
    assert description is not None
    syntax = ds.file_meta.TransferSyntaxUID
    swapped = syntax == EXPLICIT_BE and description.bits_allocated == 8 and ds["PixelData"].VR == "OW"
    return [
        decode_frame(
            frame,
            syntax,
            description,
            first_bit=first_bit_of(number, description) if description.sample == "bit" else 0,
            swapped_words=swapped,
        )
        for number, frame in enumerate(_frames(ds, description), 1)
    ]


@pytest.mark.parametrize("path", _files(), ids=lambda path: path.name)
def test_frames_are_those_of_pydicom(path: Path) -> None:
    ds = pydicom.dcmread(path, force=True)
    if describe(ds) is None or "TransferSyntaxUID" not in ds.file_meta:
        return
    ours = _decoded(ds)
    if not has_decoder(ds):
        return
    theirs = ds.pixel_array
    for number, frame in enumerate(ours):
        expected = theirs[number] if len(ours) > 1 else theirs
        assert frame.dtype == expected.dtype.newbyteorder("=")
        assert np.array_equal(frame, expected)


def test_one_ct_is_the_same_in_every_lossless_transfer_syntax() -> None:
    names = ("LittleEndianExplicit", "Process14Transfer", "Process14SV1", "JPEGLSLossless", "JPEG2000LosslessOnly", "RLE")
    pictures = [
        _decoded(pydicom.dcmread(path))[0]
        for path in samples.sample_files()
        if path.name.startswith("cs3d__CTImage") and any(name in path.name for name in names)
    ]
    for picture in pictures:
        assert np.array_equal(picture, pictures[0])


def test_12_bit_jpeg_is_the_same_sequential_and_progressive_and_near_the_original() -> None:
    found = [path for path in samples.sample_files() if path.name.startswith("cs3d__CTImage")]
    lossy = [
        _decoded(pydicom.dcmread(path))[0] for path in found if path.name.endswith((".4.51.dcm", ".4.53.dcm", ".4.55.dcm"))
    ]
    for picture in lossy:
        assert np.array_equal(picture, lossy[0])
    for path in found:
        if path.name.endswith(".1.2.1.dcm"):
            stored = 2.0002442 * lossy[0] - 4047 + 1024  # rescaled otherwise there, says the lossy file's header
            assert np.abs(stored - _decoded(pydicom.dcmread(path))[0]).mean() < 8


def test_lossless_jpeg_in_colour_is_the_picture_of_the_rle_file() -> None:
    jpeg, rle = (_decoded(samples.read(samples.package(name)))[0] for name in ("SC_rgb_jpeg_gdcm.dcm", "SC_rgb_rle.dcm"))
    assert np.array_equal(jpeg, rle)


def test_12_bit_jpeg_is_near_the_jpeg_2000_of_the_same_picture() -> None:
    jpeg, jpeg_2000 = (_decoded(samples.read(samples.package(name)))[0] for name in ("JPGExtended.dcm", "JPEG2000.dcm"))
    assert np.corrcoef(jpeg.ravel(), jpeg_2000.ravel())[0, 1] > 0.95


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", "uint32", "int32"])
def test_htj2k_of_every_sample_type_is_exact_at_every_size(dtype: str) -> None:
    picture = NOISE.astype(np.uint32).astype(dtype)
    bits = picture.dtype.itemsize * 8
    description = replace(GREY, bits_allocated=bits, bits_stored=bits, high_bit=bits - 1, pixel_representation=dtype[0] == "i")
    stream = bytes(
        imagecodecs.htj2k_encode(picture, reversible=True, tlm=True, tilepart=imagecodecs.HTJ2K.TILEPART.RESOLUTIONS)
    )
    assert np.array_equal(decode_frame(stream, HTJ2K, description), picture)
    for reduce in range(1, 4):
        smaller = decode_frame(_prefix(stream, reduce), HTJ2K, description, reduce=reduce)
        assert smaller.shape == (-(-96 // 2**reduce), -(-130 // 2**reduce))
        assert smaller.dtype == dtype
        assert np.array_equal(smaller, imagecodecs.htj2k_decode(stream, skipres=reduce))


def _prefix(stream: bytes, reduce: int) -> bytes:
    """The first tile-parts, of which each holds one resolution."""
    starts = [at for at in range(len(stream) - 12) if stream[at : at + 4] == b"\xff\x90\x00\x0a"]
    return stream[: starts[len(starts) - reduce]]


def test_htj2k_colour_comes_back_as_rgb() -> None:
    picture = np.dstack([NOISE, NOISE.T.copy().reshape(96, 130), NOISE[::-1]]).astype(np.uint8)
    description = replace(
        GREY, samples_per_pixel=3, photometric_interpretation="RGB", bits_allocated=8, bits_stored=8, high_bit=7
    )
    stream = bytes(imagecodecs.htj2k_encode(picture, reversible=True, rgb=True))
    assert np.array_equal(decode_frame(stream, HTJ2K, description), picture)


def test_smaller_pictures_are_asked_of_htj2k_alone_and_only_where_it_holds_them() -> None:
    stream = bytes(imagecodecs.htj2k_encode(NOISE, reversible=True, resolutions=2))
    with pytest.raises(Unreadable, match="2 smaller pictures"):
        decode_frame(stream, HTJ2K, GREY, reduce=3)
    with pytest.raises(ValueError, match="only HTJ2K"):
        decode_frame(NOISE.tobytes(), EXPLICIT_LE, GREY, reduce=1)


def test_a_damaged_htj2k_frame_is_refused_when_the_whole_picture_is_asked_for() -> None:
    stream = bytes(imagecodecs.htj2k_encode(NOISE, reversible=True))
    with pytest.raises(Unreadable):
        decode_frame(stream[: len(stream) // 2], HTJ2K, GREY)


@pytest.mark.parametrize("shape", [(96, 130), (96, 130, 3)])
def test_a_black_picture_is_black_and_a_damaged_one_is_not_shown_as_black(shape: tuple[int, ...]) -> None:
    colour = len(shape) == 3
    description = replace(
        GREY, samples_per_pixel=len(shape) * 2 - 3, photometric_interpretation="RGB" if colour else "MONOCHROME2"
    )
    black = bytes(imagecodecs.htj2k_encode(np.zeros(shape, np.uint16), reversible=True))
    assert not decode_frame(black, HTJ2K, description).any()
    gradient = np.broadcast_to(np.arange(1000, 1096, dtype=np.uint16).reshape(96, *[1] * (len(shape) - 1)), shape)
    stream = bytes(imagecodecs.htj2k_encode(np.ascontiguousarray(gradient), reversible=True))
    for at in range(150, len(stream) - 4, 7):
        damaged = stream[:at] + bytes((stream[at] ^ 0xFF,)) + stream[at + 1 :]
        try:
            assert decode_frame(damaged, HTJ2K, description).any()
        except Unreadable:
            continue


@pytest.mark.parametrize(("syntax", "planar"), [(JPEG_LS, 0), (JPEG_LS, 1), (RLE, 0)])
def test_colour_is_interleaved_however_it_was_compressed(syntax: str, planar: int) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (33, 47, 3)).astype(np.uint8)
    ds = samples.read(samples.instance(picture, planar=planar))
    ds.compress(syntax, generate_instance_uid=False)
    assert np.array_equal(_decoded(ds)[0], picture)


@pytest.mark.parametrize("planar", [0, 1])
def test_a_native_frame_is_written_back_as_it_was_sent(planar: int) -> None:
    picture = np.random.default_rng(2).integers(0, 1 << 16, (31, 46, 3)).astype(np.uint16)
    ds = samples.read(samples.instance(picture, planar=planar))
    description = describe(ds)
    assert description is not None
    assert native_frame(stored_frame(ds.PixelData, EXPLICIT_LE, description), description) == ds.PixelData


def test_bits_beside_the_stored_ones_do_not_count() -> None:
    values = np.array([[-2048, -1, 0, 2047]], np.int16)
    description = ImageDescription(1, 4, 1, 1, "MONOCHROME2", 16, 12, 11, 1)
    overlaid = (values.view(np.uint16) & 0x0FFF) | np.array([0x0000, 0xF000, 0x5000, 0xA000], np.uint16)
    assert np.array_equal(decode_frame(overlaid.tobytes(), EXPLICIT_LE, description), values)
    shifted = values.view(np.uint16) << 4 | 5
    assert np.array_equal(decode_frame(shifted.tobytes(), EXPLICIT_LE, replace(description, high_bit=15)), values)


def test_one_bit_frames_begin_inside_a_byte() -> None:
    frames = np.random.default_rng(3).integers(0, 2, (3, 5, 7)).astype(np.uint8)
    packed = np.packbits(frames, axis=None, bitorder="little").tobytes()
    description = ImageDescription(5, 7, 3, 1, "MONOCHROME2", 1, 1, 0, 0, sample="bit")
    for number in (1, 2, 3):
        start = (number - 1) * 35
        frame = decode_frame(packed[start // 8 :], EXPLICIT_LE, description, first_bit=first_bit_of(number, description))
        assert np.array_equal(frame, frames[number - 1])
        assert native_frame(frame, description) == np.packbits(frames[number - 1], axis=None, bitorder="little").tobytes()


@pytest.mark.parametrize(("kind", "dtype"), [("float", np.float32), ("double", np.float64)])
def test_float_pixels_keep_their_values(kind: str, dtype: type[np.floating[Any]]) -> None:
    picture = np.array([[1.5, -2.25, np.nan, np.inf]], dtype)
    bits = picture.dtype.itemsize * 8
    description = ImageDescription(1, 4, 1, 1, "MONOCHROME2", bits, bits, bits - 1, 0, sample=kind)
    assert np.array_equal(decode_frame(picture.tobytes(), EXPLICIT_LE, description), picture, equal_nan=True)
    assert np.array_equal(decode_frame(picture.byteswap().tobytes(), EXPLICIT_BE, description), picture, equal_nan=True)
    with pytest.raises(Unreadable, match="only defined for native"):
        decode_frame(picture.tobytes(), RLE, description)


def test_jpeg_colour_follows_the_markers_when_the_attribute_is_wrong() -> None:
    picture = np.full((64, 64, 3), (200, 30, 60), np.uint8)
    stream = bytes(imagecodecs.jpeg8_encode(picture, level=95, subsampling="444"))  # JFIF: YBR inside
    for declared in ("YBR_FULL_422", "YBR_FULL", "RGB"):
        description = ImageDescription(64, 64, 1, 3, declared, 8, 8, 7, 0)
        assert np.abs(decode_frame(stream, JPEG, description).astype(int) - picture).max() <= 3


# -- hostile frames -----------------------------------------------------------------


@pytest.mark.parametrize("length", [0, 1, 96 * 130 * 2 - 1, 96 * 130 * 2 + 1])
def test_a_native_frame_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(Unreadable, match="ask for 24960"):
        decode_frame(bytes(length), EXPLICIT_LE, GREY)


@pytest.mark.parametrize(
    ("syntax", "stream"),
    [
        (JPEG, bytes(imagecodecs.jpeg8_encode(NOISE.astype(np.uint8)))),
        (JPEG_LS, bytes(imagecodecs.jpegls_encode(NOISE))),
        (JPEG_2000, bytes(imagecodecs.jpeg2k_encode(NOISE, codecformat="J2K", reversible=True, level=0))),
        (HTJ2K, bytes(imagecodecs.htj2k_encode(NOISE, reversible=True))),
    ],
)
def test_codestreams_that_contradict_the_description_never_reach_a_decoder(
    syntax: str, stream: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reached(*_: object, **__: object) -> None:
        raise AssertionError("the decoder was called")

    for name in ("jpeg8", "jpegls", "jpeg2k", "htj2k"):
        monkeypatch.setattr(imagecodecs, f"{name}_decode", reached)
    for wrong in (
        replace(GREY, rows=65535, columns=4096),
        replace(GREY, columns=131),
        replace(GREY, samples_per_pixel=3, photometric_interpretation="RGB"),
    ):
        with pytest.raises(Unreadable, match="codestream"):
            decode_frame(stream, syntax, wrong)


@pytest.mark.parametrize(
    ("description", "reason"),
    [
        (replace(GREY, rows=65535, columns=65535), "not a picture that we decode"),
        (replace(GREY, rows=0), "not a picture that we decode"),
        (replace(GREY, samples_per_pixel=4), "SamplesPerPixel is 4"),
        (replace(GREY, bits_stored=17), "BitsStored is 17"),
        (replace(GREY, bits_stored=0), "BitsStored is 0"),
        (replace(GREY, bits_allocated=24), "24 bits have no definition"),
    ],
)
def test_impossible_descriptions_are_refused(description: ImageDescription, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        decode_frame(NOISE.tobytes(), EXPLICIT_LE, description)


def _rle(*offsets: int, count: int = 2) -> bytes:
    return np.array([count, *offsets, *[0] * (15 - len(offsets))], "<u4").tobytes() + b"\x80" * 64


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"\x02\x00\x00\x00", "shorter than an RLE header"),
        (_rle(64, 96, count=3), "3 RLE segments"),
        (_rle(64, 1 << 31), "outside the frame"),
        (_rle(96, 64), "over each other"),
        (_rle(0, 64), "outside the frame"),
        (_rle(64, 96), "has 0 bytes"),
        (_rle(64, 96)[:64] + b"\x7f", "outside the frame|damaged"),
    ],
)
def test_broken_rle_frames_are_refused(frame: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        decode_frame(frame, RLE, GREY)


def test_transfer_syntaxes_that_we_cannot_decode_are_refused() -> None:
    mpeg = "1.2.840.10008.1.2.4.102"
    assert mpeg not in DECODABLE_SYNTAXES
    with pytest.raises(Unreadable, match=mpeg):
        decode_frame(b"\0" * 64, mpeg, GREY)


def test_three_samples_that_are_neither_rgb_nor_ybr_are_refused() -> None:
    description = ImageDescription(2, 2, 1, 3, "HSV", 8, 8, 7, 0)
    with pytest.raises(Unreadable, match="HSV"):
        decode_frame(bytes(12), EXPLICIT_LE, description)


def test_swapped_words_of_a_big_endian_file_are_put_right() -> None:
    description = ImageDescription(3, 3, 1, 1, "MONOCHROME2", 8, 8, 7, 0)
    frame = decode_frame(bytes((1, 0, 3, 2, 5, 4, 7, 6, 0, 8)), EXPLICIT_BE, description, swapped_words=True)
    assert frame.ravel().tolist() == list(range(9))


def test_damaged_files_never_raise_anything_else(tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    for name in ("MR_small_RLE.dcm", "MR_small_jpeg_ls_lossless.dcm", "SC_rgb_jpeg_dcmtk.dcm"):
        data = bytearray(samples.package(name))
        ds = pydicom.dcmread(io.BytesIO(bytes(data)))
        description = describe(ds)
        assert description is not None
        (frame,) = _frames(ds, description)
        for _ in range(40):
            damaged = bytearray(frame)
            damaged[int(rng.integers(len(frame)))] ^= int(rng.integers(1, 256))
            try:
                picture = decode_frame(bytes(damaged), ds.file_meta.TransferSyntaxUID, description)
            except Unreadable:
                continue
            assert picture.shape[:2] == (description.rows, description.columns)
