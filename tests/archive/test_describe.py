"""The description holds what drawing needs, from plain and enhanced images, and survives being packed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.data import get_palette_files
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut

from archive.describe import describe, pack, unpack
from core.errors import Unreadable
from films.image import ImageDescription, Lut, Tone, Window
from tests.archive import samples

pytestmark = pytest.mark.filterwarnings("ignore")  # pydicom's, on files that are wrong on purpose

PIXELS = np.zeros((4, 6), np.uint16)
SIGNED = np.zeros((4, 6), np.int16)
EXPLICIT_LE, IMPLICIT_LE, EXPLICIT_BE = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"


def _described(data: bytes) -> ImageDescription:
    description = describe(samples.read(data))
    assert description is not None
    return description


def _of(pixels: Any = PIXELS, **attributes: Any) -> ImageDescription:
    return _described(samples.instance(pixels, **attributes))


def _item(**attributes: Any) -> Dataset:
    item = Dataset()
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return item


@pytest.mark.parametrize("path", [*samples.package_files(), *samples.sample_files()], ids=lambda path: path.name)
def test_descriptions_say_what_the_data_set_says_and_survive_packing(path: Path) -> None:
    ds = pydicom.dcmread(path, force=True)
    description = describe(ds)
    if description is None:
        assert "Rows" not in ds or not {"PixelData", "FloatPixelData", "DoubleFloatPixelData"} & set(ds.dir())
        return
    assert (description.rows, description.columns) == (ds.Rows, ds.Columns)
    assert description.bits_stored == ds.BitsStored
    assert description.photometric_interpretation == ds.PhotometricInterpretation
    assert len(description.tones) in (1, description.frames)
    assert unpack(pack(description)) == description


def test_a_file_without_pixels_has_no_description() -> None:
    assert describe(samples.read(samples.package("rtplan.dcm"))) is None
    without = _item(Rows=4, Columns=6, BitsAllocated=16)
    assert describe(without) is None
    assert describe(without, pixel_tag=0x7FE00010) is not None


def test_windows_keep_their_order_function_and_names() -> None:
    description = _of(
        WindowCenter=[40, -600],
        WindowWidth=[400, 1500],
        VOILUTFunction="SIGMOID",
        WindowCenterWidthExplanation=["soft", "lung"],
    )
    assert description.tones == (
        Tone(windows=(Window(40.0, 400.0, "SIGMOID", "soft"), Window(-600.0, 1500.0, "SIGMOID", "lung"))),
    )


def test_impossible_numbers_count_as_absent() -> None:
    data = samples.instance(PIXELS, WindowCenter="40  ", WindowWidth="400 ", RescaleSlope="1.25", RescaleIntercept="-10 ")
    data = samples.patched(samples.patched(data, b"400 ", b"wide"), b"1.25", b"nan ")
    (tone,) = _described(data).tones
    assert (tone.windows, tone.slope, tone.intercept) == ((), 1.0, -10.0)


def test_colour_is_never_windowed_even_when_its_file_kept_a_window() -> None:
    description = _of(np.zeros((4, 6, 3), np.uint8), WindowCenter=40, WindowWidth=400, RescaleSlope=2, RescaleIntercept=-1024)
    assert description.tones == (Tone(),)


def test_every_frame_of_an_enhanced_image_has_its_own_rescale_and_window() -> None:
    frames = [
        _item(
            PixelValueTransformationSequence=[_item(RescaleIntercept=0, RescaleSlope=number, RescaleType="US")],
            FrameVOILUTSequence=[_item(WindowCenter=10 * number, WindowWidth=20 * number)],
        )
        for number in (1, 2, 3)
    ]
    shared = _item(PixelMeasuresSequence=[_item(PixelSpacing=[0.5, 0.25], SliceThickness=1)])
    description = _of(
        np.zeros((3, 4, 6), np.uint16),
        frames=3,
        PerFrameFunctionalGroupsSequence=frames,
        SharedFunctionalGroupsSequence=[shared],
        WindowCenter=1,
        WindowWidth=2,
    )
    assert [description.tone(number).slope for number in (1, 2, 3)] == [1.0, 2.0, 3.0]
    assert [description.tone(number).windows[0].center for number in (1, 2, 3)] == [10.0, 20.0, 30.0]
    assert (description.row_spacing_mm, description.column_spacing_mm) == (0.5, 0.25)


def test_shared_groups_and_equal_frames_make_one_tone() -> None:
    shared = _item(
        PixelValueTransformationSequence=[_item(RescaleIntercept=-1024, RescaleSlope=1, RescaleType="HU")],
        FrameVOILUTSequence=[_item(WindowCenter=40, WindowWidth=400)],
    )
    description = _of(
        np.zeros((2, 4, 6), np.uint16),
        frames=2,
        SharedFunctionalGroupsSequence=[shared],
        PerFrameFunctionalGroupsSequence=[_item(), _item()],
    )
    assert description.tones == (Tone(1.0, -1024.0, windows=(Window(40.0, 400.0),)),)


def test_fewer_functional_groups_than_frames_make_no_table_as_long_as_the_claim() -> None:
    groups = [_item(FrameVOILUTSequence=[_item(WindowCenter=center, WindowWidth=9)]) for center in (1, 2)]
    data = samples.instance(PIXELS, NumberOfFrames=2_000_000_000, PerFrameFunctionalGroupsSequence=groups)
    assert _described(data).tones == (Tone(windows=(Window(1.0, 9.0),)),)


# -- lookup tables ---------------------------------------------------------------------


@pytest.mark.parametrize("syntax", [EXPLICIT_LE, IMPLICIT_LE, EXPLICIT_BE])
def test_modality_and_voi_tables_are_the_same_in_every_byte_order(syntax: str) -> None:
    modality = _item(LUTDescriptor=[3, 65534, 16], LUTData=[5, 600, 70])
    modality["LUTDescriptor"].VR, modality["LUTData"].VR = "US", "US"
    ds = samples.read(samples.instance(SIGNED, ModalityLUTSequence=[modality]))
    description = _described(samples.written(ds, syntax))
    (tone,) = description.tones
    assert tone.modality_lut == Lut(-2, 16, np.array([5, 600, 70], "<u2").tobytes())


@pytest.mark.parametrize(("intercept", "first"), [(-1024, -1024), (0, 64512)])
def test_the_first_value_of_a_voi_table_is_negative_when_the_rescale_goes_below_zero(intercept: int, first: int) -> None:
    voi = _item(LUTDescriptor=[2, 64512, 12], LUTData=[0, 4095], LUTExplanation="CHEST")
    voi["LUTDescriptor"].VR, voi["LUTData"].VR = "US", "US"
    (tone,) = _of(RescaleSlope=1, RescaleIntercept=intercept, VOILUTSequence=[voi]).tones
    assert tone.voi_luts == (Lut(first, 12, np.array([0, 4095], "<u2").tobytes()),)


@pytest.mark.parametrize("values", [[7, 8, 9], b"\x07\x00\x08\x00\x09\x00", b"\x07\x08\x09\x00"])
def test_table_entries_are_read_from_numbers_words_or_packed_bytes(values: list[int] | bytes) -> None:
    voi = _item(LUTDescriptor=[3, 0, 8])
    voi["LUTDescriptor"].VR = "US"
    voi.add_new(0x00283006, "US" if isinstance(values, list) else "OW", values)
    (tone,) = _of(VOILUTSequence=[voi]).tones
    assert tone.voi_luts == (Lut(0, 8, b"\x07\x00\x08\x00\x09\x00"),)


def test_zero_entries_mean_65536() -> None:
    voi = _item(LUTDescriptor=[0, 0, 16])
    voi["LUTDescriptor"].VR = "US"
    voi.add_new(0x00283006, "OW", bytes(131072))
    (tone,) = _of(VOILUTSequence=[voi]).tones
    assert len(tone.voi_luts[0].values) == 131072


@pytest.mark.parametrize("item", [_item(), _item(LUTExplanation="none"), _item(LUTDescriptor=[2, 0], LUTData=[1, 2])])
def test_a_table_that_is_none_is_left_out(item: Dataset) -> None:
    if "LUTDescriptor" in item:
        item["LUTDescriptor"].VR, item["LUTData"].VR = "US", "US"
    assert _of(VOILUTSequence=[item], ModalityLUTSequence=[item]).tones == (Tone(),)


def test_the_modality_table_of_angiography_in_log_is_not_for_display() -> None:
    table = _item(LUTDescriptor=[2, 0, 16], LUTData=[0, 9])
    table["LUTDescriptor"].VR, table["LUTData"].VR = "US", "US"
    angiography = "1.2.840.10008.5.1.4.1.1.12.1"
    shown = {
        relation: _of(SOPClassUID=angiography, PixelIntensityRelationship=relation, ModalityLUTSequence=[table]).tones[0]
        for relation in ("LIN", "LOG", "DISP")
    }
    assert [shown[relation].modality_lut is None for relation in ("LIN", "LOG", "DISP")] == [False, True, True]


def _palette_image(ds: Dataset) -> ImageDescription:
    palette = {element.keyword: element for element in ds if "PaletteColorLookupTable" in element.keyword}
    image = samples.read(samples.instance(np.zeros((4, 6), np.uint8), PhotometricInterpretation="PALETTE COLOR"))
    for element in palette.values():
        image.add(element)
    return _described(samples.written(image, EXPLICIT_LE))


@pytest.mark.parametrize("path", get_palette_files("*.dcm"), ids=lambda path: Path(path).stem)
def test_palettes_plain_and_segmented_are_those_of_pydicom(path: str) -> None:
    ds = pydicom.dcmread(path)
    description = _palette_image(ds)
    assert description.palette is not None
    expected = apply_color_lut(np.arange(256, dtype=np.uint8), ds)
    for number, table in enumerate((description.palette.red, description.palette.green, description.palette.blue)):
        assert (table.first, table.bits) == (0, 8)
        assert np.array_equal(np.frombuffer(table.values, "<u2"), expected[:, number])
    assert unpack(pack(description)) == description


def test_a_palette_of_16_bits_keeps_them() -> None:
    description = _described(samples.package("examples_palette.dcm"))
    ds = samples.read(samples.package("examples_palette.dcm"))
    assert description.palette is not None
    assert description.palette.red == Lut(0, 16, ds.RedPaletteColorLookupTableData)


def test_segments_that_lead_nowhere_make_no_palette() -> None:
    ds = pydicom.dcmread(get_palette_files("fall.dcm")[0])
    ds.SegmentedRedPaletteColorLookupTableData = b"\x02\x09\xff\xff\xff\xff"  # an indirect segment beyond the end
    assert _palette_image(ds).palette is None


# -- the rest ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pixels", "vr", "value", "expected"),
    [(SIGNED, "US", 63536, -2000), (SIGNED, "SS", -2000, -2000), (PIXELS, "SS", -1, 65535), (PIXELS, "US", 0, 0)],
)
def test_padding_has_the_sign_of_the_samples(pixels: Any, vr: str, value: int, expected: int) -> None:
    ds = samples.read(samples.instance(pixels))
    ds.add_new(0x00280120, vr, value)
    assert _described(samples.written(ds, EXPLICIT_LE)).pixel_padding_value == expected


def test_spacing_at_the_patient_goes_before_spacing_at_the_detector() -> None:
    assert _of(ImagerPixelSpacing=[0.1, 0.2]).row_spacing_mm == 0.1
    both = _of(ImagerPixelSpacing=[0.1, 0.2], PixelSpacing=[0.3, 0.4])
    assert (both.row_spacing_mm, both.column_spacing_mm) == (0.3, 0.4)
    assert _of(PixelSpacing=[0, 0]).row_spacing_mm is None


@pytest.mark.parametrize(
    ("attributes", "milliseconds"),
    [
        ({"FrameTime": 33.3}, 33.3),
        ({"FrameTimeVector": [0, 40, 60]}, 50.0),
        ({"CineRate": 25}, 40.0),
        ({"RecommendedDisplayFrameRate": 50}, 20.0),
        ({}, None),
    ],
)
def test_time_between_frames_comes_from_time_vector_or_rate(attributes: dict[str, Any], milliseconds: float | None) -> None:
    assert _of(**attributes).frame_time_ms == milliseconds


def test_polarity_aspect_and_modality_are_kept() -> None:
    description = _of(
        PresentationLUTShape="INVERSE", PixelAspectRatio=[4, 3], Modality="DX", PhotometricInterpretation="MONOCHROME1"
    )
    assert description.presentation_lut_shape == "INVERSE"
    assert description.pixel_aspect_ratio == (4, 3)
    assert (description.modality, description.photometric_interpretation) == ("DX", "MONOCHROME1")


def test_a_description_of_a_later_version_is_not_guessed_at() -> None:
    packed = bytearray(pack(_of()))
    packed[packed.index(1)] = 2
    with pytest.raises(Unreadable, match="version 2"):
        unpack(bytes(packed))
