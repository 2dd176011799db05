"""Where frames lie, and every way in which pixels can contradict what the file says of them."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.encaps import encapsulate, encapsulate_extended, generate_frames
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless

from archive.explicit import header
from archive.extents import Frame as Extent
from archive.extents import codestream, joined
from archive.pixels import Pixels, find
from archive.structure import walk
from core.errors import Unreadable
from tests.archive import samples

IMAGE = np.arange(48, dtype=np.uint16).reshape(6, 8)
REFUSED = {
    "JPEG2000-embedded-sequence-delimiter.dcm": "more tiles than the format allows",
    "MR_small_padded.dcm": "8320 bytes of pixels where Rows, Columns and frames ask for 8192",
}


def found(data: bytes) -> Pixels | None:
    return find(walk(memoryview(data)))


def pixels(data: bytes) -> Pixels:
    result = found(data)
    assert result is not None
    return result


@pytest.mark.parametrize("path", [*samples.package_files(), *samples.sample_files()], ids=lambda path: path.name)
def test_the_frames_of_each_file_are_those_that_pydicom_finds(path: Path) -> None:
    data = path.read_bytes()
    try:
        structure = walk(memoryview(data))
    except Unreadable:
        return  # test_structure says which and why
    if path.name in REFUSED:
        with pytest.raises(Unreadable, match=REFUSED[path.name]):
            find(structure)
        return
    result = find(structure)
    data_set = samples.read(data)
    assert (result is not None) == ("PixelData" in data_set)
    if result is None or not result.element.delimited:
        return
    stored = [structure.data[frame.offset : frame.offset + frame.length] for frame in result.frames]
    ours = [joined(part) if frame.fragments > 1 else bytes(part) for frame, part in zip(result.frames, stored, strict=True)]
    assert ours == list(generate_frames(data_set.PixelData, number_of_frames=int(data_set.get("NumberOfFrames") or 1)))


def test_native_frames_follow_each_other() -> None:
    frames = np.arange(90, dtype=np.uint8).reshape(3, 5, 6)
    data = samples.instance(frames, frames=3)
    result = pixels(data)
    assert [data[frame.offset : frame.offset + frame.length] for frame in result.frames] == [one.tobytes() for one in frames]


def test_frames_of_single_bits_may_begin_inside_a_byte() -> None:
    bits = np.random.default_rng(1).integers(0, 2, (3, 5, 5), dtype=np.uint8)
    data_set = samples.read(samples.instance(np.zeros((3, 8, 8), np.uint8), frames=3))
    data_set.Rows = data_set.Columns = 5
    data_set.BitsAllocated, data_set.BitsStored, data_set.HighBit = 1, 1, 0
    data_set.PixelData = np.packbits(bits.reshape(-1), bitorder="little").tobytes()
    data = samples.written(data_set, "1.2.840.10008.1.2.1")
    result = pixels(data)
    assert [frame.leading_bits for frame in result.frames] == [0, 1, 2]
    for frame, expected in zip(result.frames, bits, strict=True):
        stored = data[frame.offset : frame.offset + frame.length]
        packed = codestream(stored, Extent(frame.offset, frame.length, (), False, frame.leading_bits), 25)
        unpacked = np.unpackbits(np.frombuffer(packed, np.uint8), bitorder="little")[:25]
        assert np.array_equal(unpacked.reshape(5, 5), expected)


@pytest.mark.parametrize("size", [0, 2, 94, 98, 96 + 96])
def test_native_pixels_of_another_length_are_refused(size: int) -> None:
    data_set = samples.read(samples.instance(IMAGE))
    data_set.PixelData = bytes(size)
    with pytest.raises(Unreadable, match=f"{size} bytes of pixels where Rows, Columns and frames ask for 96"):
        found(samples.written(data_set, "1.2.840.10008.1.2.1"))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"NumberOfFrames": 2}, "ask for 192"),
        ({"Rows": 65535, "Columns": 65535, "SamplesPerPixel": 1}, "a frame of 8589672450 bytes"),
        ({"Rows": 0}, "without Rows"),
        ({"SamplesPerPixel": 0}, "without Rows"),
        ({"BitsAllocated": 12}, "Bits Allocated is 12"),
        ({"NumberOfFrames": 2_000_000}, "2000000 frames"),
    ],
)
def test_a_size_that_the_pixels_contradict_is_refused(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        found(samples.instance(IMAGE, **change))


def test_a_number_of_frames_that_is_no_number_is_refused() -> None:
    data = samples.instance(IMAGE, NumberOfFrames=1)
    place = walk(memoryview(data)).elements[0x00280008]
    with pytest.raises(Unreadable, match="not a whole number"):
        found(data[: place.value] + b"1A" + data[place.end :])


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("JPEG-lossy.dcm", "the codestream is 1024 x 256, Rows x Columns are 65535 x 65535"),
        ("JPEG2000.dcm", "the codestream is 1024 x 256"),
        ("MR_small_jpeg_ls_lossless.dcm", "the codestream is 64 x 64"),
    ],
)
def test_a_codestream_that_contradicts_rows_and_columns_is_refused(name: str, reason: str) -> None:
    data_set = samples.read(samples.package(name))
    data_set.Rows = data_set.Columns = 65535
    data_set.BitsAllocated = 8
    with pytest.raises(Unreadable, match="a frame of 4294836225 bytes"):
        found(samples.written(data_set, data_set.file_meta.TransferSyntaxUID))
    data_set.Rows = 99
    with pytest.raises(Unreadable, match=reason.split(",")[0]):
        found(samples.written(data_set, data_set.file_meta.TransferSyntaxUID))


def test_codestreams_that_lie_together_with_the_data_set_are_refused_by_size() -> None:
    data_set = samples.read(samples.package("MR_small_jpeg_ls_lossless.dcm"))
    frame = bytearray(next(generate_frames(data_set.PixelData, number_of_frames=1)))
    place = frame.index(b"\xff\xf7") + 5
    frame[place : place + 4] = b"\xff\xff\xff\xff"
    data_set.Rows = data_set.Columns = 65535
    data_set.PixelData = encapsulate([bytes(frame)])
    with pytest.raises(Unreadable, match="a frame of 8589672450 bytes"):
        found(samples.written(data_set, JPEGLSLossless))


def test_rle_with_another_number_of_segments_is_refused() -> None:
    data_set = samples.read(samples.package("MR_small_RLE.dcm"))
    data_set.SamplesPerPixel = 3
    with pytest.raises(Unreadable, match="2 RLE segments from byte 64 on, the data set asks for 6"):
        found(samples.written(data_set, RLELossless))


def test_fewer_fragments_than_frames_are_refused() -> None:
    data_set = samples.read(samples.package("MR_small_RLE.dcm"))
    data_set.NumberOfFrames = 2
    with pytest.raises(Unreadable, match="1 fragments for 2 frames"):
        found(samples.written(data_set, RLELossless))


@pytest.mark.parametrize("table", ["basic", "extended", "none"])
def test_frames_of_several_fragments_are_told_apart(table: str) -> None:
    data_set = samples.read(samples.package("MR_small_jp2klossless.dcm"))
    frame = next(generate_frames(data_set.PixelData, number_of_frames=1))
    data_set.NumberOfFrames = 3
    if table == "extended":
        value, offsets, lengths = encapsulate_extended([frame] * 3)
        data_set.PixelData, data_set.ExtendedOffsetTable, data_set.ExtendedOffsetTableLengths = value, offsets, lengths
    else:
        data_set.PixelData = encapsulate([frame] * 3, fragments_per_frame=2, has_bot=table == "basic")
    data_set["PixelData"].is_undefined_length = True
    data = samples.written(data_set, JPEG2000Lossless)
    result = pixels(data)
    assert len(result.frames) == 3
    for part in result.frames:
        stored = memoryview(data)[part.offset : part.offset + part.length]
        assert bytes(joined(stored) if part.fragments > 1 else stored).rstrip(b"\0") == frame.rstrip(b"\0")


def test_fragments_that_nothing_tells_apart_are_refused() -> None:
    data_set = samples.read(samples.package("MR_small_RLE.dcm"))
    frame = next(generate_frames(data_set.PixelData, number_of_frames=1))
    data_set.NumberOfFrames = 2
    data_set.PixelData = encapsulate([frame] * 2, fragments_per_frame=2, has_bot=False)
    with pytest.raises(Unreadable, match="4 fragments cannot be told apart into 2 frames"):
        found(samples.written(data_set, RLELossless))


def test_fragments_without_a_sequence_delimiter_are_refused() -> None:
    data = samples.package("MR_small_RLE.dcm")
    with pytest.raises(Unreadable, match=r"no sequence delimiter|ends inside"):
        found(data[: data.rindex(struct.pack("<HHI", 0xFFFE, 0xE0DD, 0))])


def test_native_pixels_under_a_compressed_syntax_and_the_reverse_are_refused() -> None:
    native = samples.instance(IMAGE)
    with pytest.raises(Unreadable, match="native pixels under a compressed transfer syntax"):
        found(native.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.5\0"))
    place = walk(memoryview(native)).elements[0x7FE00010]
    fragments = header(0x7FE00010, "OB", 0xFFFFFFFF) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    with pytest.raises(Unreadable, match="fragments under a native transfer syntax"):
        found(native[: place.start] + fragments)
