"""From an arriving file to everything that is kept of it, with the verdict of every sample file written down."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import AsyncIterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import orjson
import pytest
from numpy.typing import NDArray
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit

from archive import extents, original
from archive.decode import decode_frame
from archive.describe import unpack
from archive.prepare import AS_SENT, HTJ2K, Prepared, prepare, prepared
from core.errors import Unreadable
from infra.children import Children
from tests.archive import samples, test_pixels, test_structure

REFUSED = test_structure.REFUSED | test_pixels.REFUSED
COMPRESSED = "came compressed"
NO_IMAGE = "not an image"

# Of the package's and the other sample files: why each is kept as sent. What is not here becomes HTJ2K.
VERDICTS = {
    "SC_rgb_small_odd_big_endian.dcm": "bytes exchanged in big endian words",
    "SC_ybr_full_422_uncompressed.dcm": "YBR_FULL_422 with 3 samples a pixel",
    "image_dfl.dcm": "deflated",
    "cs3d__CTImage.dcm_DeflatedExplicitVRLittleEndianTransferSyntax_1.2.840.10008.1.2.1.99.dcm": "deflated",
    "liver_1frame.dcm": "1 bits a sample",
    "liver_expb_1frame.dcm": "1 bits a sample",
    "hd__seg_image_ct_binary.dcm": "1 bits a sample",
    "reportsi.dcm": NO_IMAGE,
    "reportsi_with_empty_number_tags.dcm": NO_IMAGE,
    "test-SR.dcm": NO_IMAGE,
    "waveform_ecg.dcm": NO_IMAGE,
    "ort__sample-pdf.dcm": NO_IMAGE,
    "ort__Issue168.dcm": NO_IMAGE,
    "ort__DummyCT.dcm": "an image without pixels",
}
# Compressed files are kept as they came; these are the ones whose name does not say so.
CAME_COMPRESSED = (
    "693_J2KI", "GDCMJ2K", "J2K_", "JPEG", "JPGExtended", "_RLE", "_rle", "jp2k", "jpeg", "SC_rgb_dcmtk", "SC_rgb_gdcm", "Lena",
    "OutOfBoundsOverlay", "TransferSyntax_1.2.840.10008.1.2.4", "TransferSyntax_1.2.840.10008.1.2.5", "Issue16.dcm",
    "examples_ybr_color", "Monochrome1-Jpeg",
)  # fmt: skip
NATIVE_DESPITE_ITS_NAME = "SC_rgb_jpeg_dcmd.dcm"


def verdict(path: Path) -> str:
    name = path.name.removeprefix("pyd__")
    if name in VERDICTS:
        return VERDICTS[name]
    compressed = any(part in path.name for part in CAME_COMPRESSED) and name != NATIVE_DESPITE_ITS_NAME
    return COMPRESSED if compressed else ""


def accepted() -> list[Path]:
    return [
        path for path in [*samples.package_files(), *samples.sample_files()] if path.name.removeprefix("pyd__") not in REFUSED
    ]


def made(data: bytes, folder: Path) -> tuple[Prepared, bytes]:
    """What is made of a file, and the object."""
    source, target = folder / "source.dcm", folder / "target.dcm"
    source.write_bytes(data)
    result = prepare(str(source), str(target))
    return result, (target if result.form == HTJ2K else source).read_bytes()


@pytest.mark.parametrize("path", accepted(), ids=lambda path: path.name)
def test_each_file_has_its_verdict_and_comes_back_whole(path: Path, tmp_path: Path) -> None:
    data = path.read_bytes()
    result, kept = made(data, tmp_path)
    assert (result.form, result.verdict) == (AS_SENT if verdict(path) else HTJ2K, verdict(path))
    assert (result.size, result.sha256) == (len(kept), hashlib.sha256(kept).hexdigest())
    assert (result.original_size, result.original_sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert result.original_crc32 == zlib.crc32(data)
    assert original.restore(kept) == data
    assert result.part10_size <= result.size
    assert samples.read(kept[: result.part10_size]).file_meta.TransferSyntaxUID == result.transfer_syntax_uid
    has_picture = verdict(path) not in (NO_IMAGE, "an image without pixels")
    assert result.decodable == (result.thumbnail is not None) == bool(result.number_of_frames) == has_picture


@pytest.mark.parametrize("path", accepted(), ids=lambda path: path.name)
def test_each_frame_and_large_value_lies_where_its_extent_says(path: Path, tmp_path: Path) -> None:
    result, kept = made(path.read_bytes(), tmp_path)
    places = extents.decode(result.extents)
    holder = original.explicit_le(kept) if places.of_explicit_le else kept
    syntax = "1.2.840.10008.1.2.1" if places.of_explicit_le else result.transfer_syntax_uid
    assert len(places.frames) == result.number_of_frames
    for frame in places.frames:
        stored = holder[frame.offset : frame.offset + frame.length]
        assert sum(segment.length for segment in frame.segments) == frame.length == len(stored)
        start = 0
        for segment in frame.segments:
            assert hashlib.sha256(stored[start : start + segment.length]).digest() == segment.sha256
            start += segment.length
        codestream = bytes(extents.joined(memoryview(stored))) if frame.fragmented else stored
        array = decode_frame(codestream, syntax, unpack(result.description), first_bit=frame.leading_bits)
        assert array.size
    document = orjson.loads(zlib.decompress(result.metadata))
    known = {bulk.path for bulk in places.bulkdata} | {"7FE00010"}
    assert {uri.removeprefix("bulkdata/") for uri in _uris(document)} <= known


def _uris(document: dict[str, dict[str, object]]) -> list[str]:
    found = []
    for attribute in document.values():
        if "BulkDataURI" in attribute:
            found.append(str(attribute["BulkDataURI"]))
        for value in attribute.get("Value", []) if attribute["vr"] == "SQ" else []:  # type: ignore[attr-defined]
            found += _uris(value)
    return found


@pytest.mark.parametrize("path", [path for path in samples.package_files() if path.name in REFUSED], ids=lambda path: path.name)
def test_a_broken_file_is_refused_and_leaves_nothing(path: Path, tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=REFUSED[path.name]):
        prepare(str(path), str(tmp_path / "target.dcm"))
    assert not list(tmp_path.iterdir())


def test_the_thumbnail_is_a_small_jpeg_of_the_middle_frame(tmp_path: Path) -> None:
    frames = np.stack([np.full((300, 600), shade, np.uint8) for shade in (0, 255, 0)])
    result, _ = made(samples.instance(frames, frames=3, WindowCenter=128, WindowWidth=256), tmp_path)
    assert result.thumbnail
    picture = imagecodecs.jpeg8_decode(result.thumbnail)
    assert picture.shape[:2] == (128, 256)
    assert picture.mean() > 250


def test_the_metadata_shows_the_instance_as_it_was_sent(tmp_path: Path) -> None:
    data = samples.instance(np.zeros((5, 7, 3), np.uint8), planar=1)
    result, _ = made(data, tmp_path)
    document = orjson.loads(zlib.decompress(result.metadata))
    assert document["00280004"]["Value"] == ["RGB"]
    assert document["00280006"]["Value"] == [1]
    assert document["7FE00010"] == {"vr": "OB", "BulkDataURI": "bulkdata/7FE00010"}
    assert result.study["PatientName"] == "Phantom"


def test_words_with_foreign_bits_are_kept_as_sent_with_the_reason(tmp_path: Path) -> None:
    data = samples.instance(np.full((8, 8), 0x0FFF, np.uint16), BitsStored=12, HighBit=11, PixelRepresentation=1)
    result, kept = made(data, tmp_path)
    assert (result.form, kept) == (AS_SENT, data)
    assert "12 bits" in result.verdict
    assert result.decodable


def test_an_encoder_that_loses_one_pixel_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encode = imagecodecs.htj2k_encode

    def careless(samples: NDArray[np.uint16], **options: Any) -> bytes:
        samples = samples.copy()
        samples[3, 4] ^= 1
        return bytes(encode(samples, **options))

    monkeypatch.setattr(imagecodecs, "htj2k_encode", careless)
    data = samples.instance(np.full((8, 8), 77, np.uint16))
    result, kept = made(data, tmp_path)
    assert (result.form, result.verdict, kept) == (AS_SENT, "the original did not come back from the object", data)


def test_a_codestream_that_no_decoder_takes_is_kept_and_marked(tmp_path: Path) -> None:
    data_set = samples.read(samples.package("SC_rgb_small_odd_jpeg.dcm"))
    frame = bytes(imagecodecs.jpeg8_encode(np.zeros((3, 3, 3), np.uint8)))
    data_set.PixelData = encapsulate([frame[: frame.index(b"\xff\xda") + 4]])
    result, kept = made(samples.written(data_set, JPEGBaseline8Bit), tmp_path)
    assert result.form == AS_SENT
    assert not result.decodable
    assert original.restore(kept) == samples.written(data_set, JPEGBaseline8Bit)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="an empty file"):
        made(b"", tmp_path)


@pytest.fixture
async def children() -> AsyncIterator[Children]:
    async with Children(1, warm=("archive.prepare",)) as pool:
        yield pool


async def test_a_limited_child_prepares_the_same(children: Children, tmp_path: Path) -> None:
    source = samples.PACKAGE / "CT_small.dcm"
    inside = await prepared(children, str(source), str(tmp_path / "inside.dcm"))
    outside = prepare(str(source), str(tmp_path / "outside.dcm"))
    assert [getattr(inside, field.name) for field in fields(Prepared)] == [
        getattr(outside, field.name) for field in fields(Prepared)
    ]
    assert (tmp_path / "inside.dcm").read_bytes() == (tmp_path / "outside.dcm").read_bytes()
    with pytest.raises(Unreadable, match="8192 bytes claimed"):
        await prepared(children, str(samples.PACKAGE / "MR_truncated.dcm"), str(tmp_path / "none.dcm"))
