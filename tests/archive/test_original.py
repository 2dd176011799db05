"""What was sent comes back: as it was, and in Explicit VR Little Endian."""

from __future__ import annotations

import numpy as np
import pytest

from archive.describe import describe
from archive.original import explicit_le, restore
from archive.structure import walk
from core.errors import Unreadable
from tests.archive import samples

NATIVE = [
    "SC_rgb_small_odd_big_endian.dcm",
    "liver_expb_1frame.dcm",
    "image_dfl.dcm",
    "MR_small_expb.dcm",
    "MR_small_implicit.dcm",
    "ExplVR_BigEnd.dcm",
]
COMPRESSED = [
    "JPEG2000.dcm",
    "MR_small_RLE.dcm",
    "MR_small_jp2klossless.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "SC_rgb_rle_16bit_2frame.dcm",
    "SC_rgb_rle_2frame.dcm",
    "SC_rgb_rle_32bit.dcm",
    "rtdose_rle.dcm",
    "examples_jpeg2k.dcm",
]


@pytest.mark.parametrize("name", NATIVE)
def test_other_native_syntaxes_become_explicit_little_endian_with_equal_pixels(name: str) -> None:
    data = samples.package(name)
    explicit = explicit_le(data)
    assert walk(memoryview(explicit)).syntax.uid == "1.2.840.10008.1.2.1"
    sent, ours = samples.read(data), samples.read(explicit)
    assert np.array_equal(ours.pixel_array, sent.pixel_array)
    assert {element.tag for element in ours} == {element.tag for element in sent if element.tag.element}


@pytest.mark.parametrize("name", COMPRESSED)
def test_compressed_pixels_are_decoded_for_explicit_little_endian(name: str) -> None:
    data = samples.package(name)
    sent = samples.read(data)
    ours = samples.read(explicit_le(data, describe(sent)))
    walk(memoryview(explicit_le(data, describe(sent))))
    assert ours.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert np.array_equal(ours.pixel_array, sent.pixel_array)


def test_colour_is_rgb_after_decoding() -> None:
    data = samples.package("examples_ybr_color.dcm")
    sent = samples.read(data)
    ours = samples.read(explicit_le(data, describe(sent)))
    assert ours.PhotometricInterpretation == "RGB"
    assert ours.pixel_array.shape == (30, 240, 320, 3)


@pytest.mark.parametrize("name", ["CT_small.dcm", "test-SR.dcm", "waveform_ecg.dcm", "liver_1frame.dcm"])
def test_an_explicit_little_endian_file_is_handed_out_as_it_is(name: str) -> None:
    assert explicit_le(samples.package(name)) == restore(samples.package(name)) == samples.package(name)


def test_compressed_pixels_without_a_description_cannot_be_decoded() -> None:
    with pytest.raises(Unreadable, match="cannot be decoded"):
        explicit_le(samples.package("JPEG2000.dcm"))
