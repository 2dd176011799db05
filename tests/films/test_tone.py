"""Shades against PS3.3's own formulas and against pydicom, on every image that pydicom decodes."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut, apply_windowing
from pydicom.uid import ExplicitVRLittleEndian

from core.errors import Malformed
from films.image import ImageDescription, Lut, Palette, Tone, Window
from films.tone import choose_voi, default_window, is_possible, shade
from tests.films.samples import described, images

GREY = ImageDescription(
    rows=1,
    columns=6,
    frames=1,
    samples_per_pixel=1,
    photometric_interpretation="MONOCHROME2",
    bits_allocated=16,
    bits_stored=16,
    high_bit=15,
    pixel_representation=1,
)


def row(*values: float, dtype: str = "<i2") -> NDArray[Any]:
    return np.array([values], dtype=dtype)


def exact(values: NDArray[Any], window: Window) -> NDArray[np.float64]:
    """PS3.3 C.11.2.1.2 and C.11.2.1.3 word by word, one value at a time, to 0..255."""
    return np.asarray(np.vectorize(lambda x: exact_one(float(x), window), otypes=[float])(values))


def exact_one(x: float, window: Window) -> float:
    c, w = window.center, window.width
    if window.function == "SIGMOID":
        return 255 / (1 + math.exp(min(-4 * (x - c) / w, 700)))
    if window.function == "LINEAR_EXACT":
        return 0 if x <= c - w / 2 else 255 if x > c + w / 2 else ((x - c) / w + 0.5) * 255
    low, high = c - 0.5 - (w - 1) / 2, c - 0.5 + (w - 1) / 2
    return 0 if x <= low else 255 if x > high else ((x - (c - 0.5)) / (w - 1) + 0.5) * 255


def same(shown: NDArray[np.uint8], expected: NDArray[Any]) -> bool:
    """Equal within one shade."""
    return shown.shape == expected.shape and float(np.abs(shown.astype(float) - expected).max()) <= 1.0


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize(
    ("center", "width"), [(40, 400), (-600, 1500), (0, 1), (0.5, 2), (-32768, 1), (300.5, 33.25), (0, 1e6), (1e9, 5), (-1e9, 5)]
)
@pytest.mark.parametrize("dtype", ["<i2", "<u2", "|u1", "|i1", "<i4", "<f4", "<f8"])
def test_a_window_follows_the_formula_of_the_standard(function: str, center: float, width: float, dtype: str) -> None:
    window = Window(center, width, function)
    information: Any = np.iinfo(dtype) if dtype[1] in "iu" else np.finfo("<f2")
    values = np.linspace(float(information.min), float(information.max), 2001).astype(dtype)[None, :]
    near = (np.arange(-40, 40) + np.clip(center, float(information.min) + 40, float(information.max) - 40)).astype(dtype)[
        None, :
    ]
    for array in (values, near):
        assert same(shade(array, GREY, 1, window), exact(array, window))


def test_the_edges_of_a_linear_window_are_exactly_where_the_standard_puts_them() -> None:
    shown = shade(row(-161, -160, -159, 40, 239, 240), GREY, 1, Window(40, 400))
    assert shown[0, 0] == shown[0, 1] == 0 and shown[0, 2] == 1  # low edge is -160: c - 0.5 - (w - 1) / 2
    assert shown[0, 4] == 255 and shown[0, 5] == 255 and shown[0, 3] == 128


def test_a_window_of_width_one_is_black_or_white() -> None:
    assert shade(row(39, 40, 41), GREY, 1, Window(40, 1)).tolist() == [[0, 255, 255]]


def test_all_samples_are_windowed_as_pydicom_windows_them() -> None:
    compared = 0
    for path, dataset, frame in images():
        description = described(dataset)
        if frame.ndim != 2 or not description.tones[0].windows or description.tones[0].voi_luts:
            continue
        if not is_possible(description.tones[0].windows[0]):
            continue
        expected = pydicom_shades(dataset, frame)
        plain = replace(
            description, pixel_padding_value=None, photometric_interpretation="MONOCHROME2", presentation_lut_shape=""
        )
        assert same(shade(frame, plain, 1), expected), path
        compared += 1
    assert compared >= 4


def pydicom_shades(dataset: Any, frame: NDArray[Any]) -> NDArray[np.float64]:
    """pydicom maps to a range of its own: take its own darkest and brightest values as 0 and 255."""
    rescaled = apply_modality_lut(frame, dataset).astype(np.float64)
    dataset.WindowCenter, dataset.WindowWidth = np.atleast_1d(dataset.WindowCenter)[0], np.atleast_1d(dataset.WindowWidth)[0]
    low, high = apply_windowing(np.array([-1e12, 1e12]), dataset)
    return np.asarray((apply_windowing(rescaled, dataset) - low) / (high - low) * 255)


def test_all_samples_follow_the_exact_formula_for_asked_windows() -> None:
    compared = 0
    for path, dataset, frame in images():
        description = replace(described(dataset), pixel_padding_value=None)
        if frame.ndim != 2 or description.sample == "bit" or description.palette is not None:
            continue
        rescaled = apply_modality_lut(frame, dataset)[::7, ::7]
        middle, spread = float(rescaled.mean()), max(float(rescaled.std()), 1.0)
        for window in (Window(middle, 4 * spread), Window(middle, spread, "SIGMOID"), Window(middle, spread, "LINEAR_EXACT")):
            expected = exact(rescaled, window)
            if description.photometric_interpretation == "MONOCHROME1" or description.presentation_lut_shape == "INVERSE":
                expected = 255 - expected
            assert same(shade(frame, description, 1, window)[::7, ::7], expected), path
        compared += 1
    assert compared >= 15


def test_palette_samples_have_the_colours_that_pydicom_gives_them() -> None:
    compared = 0
    for path, dataset, frame in images():
        description = described(dataset)
        if description.palette is None or frame.ndim != 2:
            continue
        theirs = apply_color_lut(frame, dataset)
        scale = 255 / 65535 if theirs.dtype == np.uint16 and theirs.max() > 255 else 1.0
        assert same(shade(frame, description, 1), theirs * scale), path
        compared += 1
    assert compared >= 1


@pytest.mark.parametrize(("first", "bits", "entries"), [(0, 16, 256), (-1024, 12, 4096), (-32768, 16, 65536), (100, 10, 17)])
def test_modality_and_voi_luts_are_followed_as_pydicom_follows_them(first: int, bits: int, entries: int) -> None:
    outputs = np.random.default_rng(bits).integers(0, 2**bits, entries, dtype=np.uint16)
    outputs[-1] = 2**bits - 1
    lut, array = Lut(first, bits, outputs.astype("<u2").tobytes()), np.arange(-32768, 32768, 5, dtype=np.int16)[None, :]
    wide = array.astype(np.int32)  # pydicom subtracts within the type of the samples
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.BitsStored, dataset.PixelRepresentation = 16, 1
    dataset.ModalityLUTSequence = dataset.VOILUTSequence = [lut_item(lut)]
    as_voi = replace(GREY, tones=(Tone(voi_luts=(lut,)),))
    assert same(shade(array, as_voi, 1), apply_voi_lut(wide, dataset) / (2**bits - 1) * 255)
    if bits != 16:  # all that pydicom knows for a modality LUT besides 8
        return
    as_modality = replace(GREY, tones=(Tone(modality_lut=lut),))
    window = Window(2**bits / 2, 2**bits / 2)
    assert same(shade(array, as_modality, 1, window), exact(apply_modality_lut(wide, dataset), window))


def lut_item(lut: Lut) -> Dataset:
    item = Dataset()
    count = len(lut.values) // 2
    item.add_new("LUTDescriptor", "SS", [count if count < 32768 else count - 65536, lut.first, lut.bits])
    item.add_new("LUTData", "OW", lut.values)
    return item


def test_monochrome1_and_inverse_show_low_values_white_and_never_twice() -> None:
    array, window = row(0, 128, 255, dtype="|u1"), Window(127.5, 255, "LINEAR_EXACT")
    plain = shade(array, GREY, 1, window)
    changes: tuple[dict[str, Any], ...] = (
        {"photometric_interpretation": "MONOCHROME1"},
        {"presentation_lut_shape": "INVERSE"},
        {"photometric_interpretation": "MONOCHROME1", "presentation_lut_shape": "INVERSE"},
    )
    for change in changes:
        assert (shade(array, replace(GREY, **change), 1, window) == 255 - plain).all()


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_is_background_whatever_the_polarity(photometric: str) -> None:
    padded = replace(GREY, photometric_interpretation=photometric, pixel_padding_value=-2000, pixel_padding_range_limit=-1500)
    shown = shade(row(-2000, -1600, -1500, 40), padded, 1, Window(-1700, 10))
    assert shown[0, :3].tolist() == [0, 0, 0]
    assert shown[0, 3] == (0 if photometric == "MONOCHROME1" else 255)


def test_padding_written_with_the_wrong_sign_is_still_padding() -> None:
    padded = replace(GREY, photometric_interpretation="MONOCHROME1", pixel_padding_value=63536)
    assert shade(row(-2000), padded, 1, Window(40, 400)).tolist() == [[0]]


def test_padding_does_not_spoil_the_default_window() -> None:
    padded = replace(GREY, pixel_padding_value=-2000)
    window = default_window(row(-2000, 10, 30), padded, 1)
    assert (window.center, window.width) == (20.0, 20.0)
    assert shade(row(-2000, 10, 20, 30), padded, 1, window).tolist() == [[0, 0, 128, 255]]


def test_an_empty_frame_is_black_and_one_of_padding_alone_too() -> None:
    assert shade(np.zeros((2, 2), np.uint16), GREY, 1).max() == 0
    assert shade(np.full((2, 2), -5, np.int16), replace(GREY, pixel_padding_value=-5), 1).max() == 0


def test_ct_without_a_window_shows_soft_tissue_and_eight_bits_are_shown_as_they_are() -> None:
    ct = replace(GREY, modality="CT")
    assert choose_voi(row(-1000, 40, 1000), ct, 1) == Window(40, 400, explanation="soft tissue")
    ramp = np.arange(256, dtype=np.uint8)[None, :]
    assert (shade(ramp, replace(GREY, bits_stored=8, pixel_representation=0), 1) == ramp).all()


def test_mr_without_a_window_is_not_ruled_by_one_hot_pixel() -> None:
    frame = np.tile(np.arange(1000, dtype=np.int16), 10)[None, :]
    frame[0, 0] = 30000
    assert default_window(frame, replace(GREY, modality="MR"), 1).width < 1100


def test_an_impossible_window_of_the_file_is_passed_over_and_an_asked_one_refused() -> None:
    broken = replace(GREY, tones=(Tone(windows=(Window(0, 0), Window(float("nan"), 5), Window(50, 100))),))
    assert choose_voi(row(1, 2), broken, 1) == Window(50, 100)
    for window in (Window(0, 0), Window(0, -5), Window(float("inf"), 10), Window(0, float("nan"))):
        with pytest.raises(Malformed):
            choose_voi(row(1, 2), GREY, 1, window)


def test_each_frame_has_its_own_tone() -> None:
    two = replace(GREY, frames=2, tones=(Tone(windows=(Window(0, 100),)), Tone(slope=2.0, windows=(Window(200, 100),))))
    assert shade(row(100), two, 1)[0, 0] == 255
    assert abs(int(shade(row(100), two, 2)[0, 0]) - 128) <= 1


def test_a_modality_lut_comes_before_the_window_and_is_clamped_at_its_ends() -> None:
    lut = Lut(first=10, bits=16, values=np.array([0, 100, 1000], "<u2").tobytes())
    tone = Tone(modality_lut=lut, windows=(Window(500, 1000, "LINEAR_EXACT"),))
    assert shade(row(-5, 10, 11, 12, 99), replace(GREY, tones=(tone,)), 1).tolist() == [[0, 0, 26, 255, 255]]


def test_a_lut_that_claims_16_bits_and_holds_8_is_not_shown_black() -> None:
    lut = Lut(first=0, bits=16, values=np.array([0, 128, 255], "<u2").tobytes())
    assert shade(row(0, 1, 2), replace(GREY, tones=(Tone(voi_luts=(lut,)),)), 1).tolist() == [[0, 128, 255]]


def test_one_bit_images_are_black_and_white() -> None:
    bits = row(0, 1, dtype="|u1")
    assert shade(bits, replace(GREY, sample="bit", bits_stored=1), 1).tolist() == [[0, 255]]
    inverted = replace(GREY, sample="bit", bits_stored=1, photometric_interpretation="MONOCHROME1")
    assert shade(bits, inverted, 1, Window(5, 1)).tolist() == [[255, 0]]


def test_not_a_number_is_background_and_infinity_the_end_of_the_scale() -> None:
    floats = row(float("nan"), float("-inf"), 0, float("inf"), dtype="<f4")
    described_as_float = replace(GREY, sample="float", photometric_interpretation="MONOCHROME1")
    assert shade(floats, described_as_float, 1, Window(0, 2, "LINEAR_EXACT")).tolist() == [[0, 255, 127, 0]]


def test_colour_is_never_windowed() -> None:
    rgb = np.random.default_rng(1).integers(0, 255, (4, 5, 3), dtype=np.uint8)
    colour = replace(
        GREY, photometric_interpretation="RGB", samples_per_pixel=3, bits_stored=8, tones=(Tone(windows=(Window(1, 2),)),)
    )
    assert choose_voi(rgb, colour, 1, Window(5, 10)) is None
    assert (shade(rgb, colour, 1, Window(5, 10)) == rgb).all()


def test_sixteen_bit_colour_keeps_its_whole_range() -> None:
    rgb = np.array([[[0, 32768, 65535]]], np.uint16)
    colour = replace(GREY, photometric_interpretation="RGB", samples_per_pixel=3)
    assert shade(rgb, colour, 1).tolist() == [[[0, 128, 255]]]
    assert shade(rgb // 16, replace(colour, bits_stored=12), 1).tolist() == [[[0, 128, 255]]]


def test_a_palette_begins_at_its_first_value_and_is_clamped() -> None:
    red, green, blue = (Lut(5, 8, np.array(values, "<u2").tobytes()) for values in ([1, 2], [3, 4], [5, 6]))
    painted = replace(GREY, photometric_interpretation="PALETTE COLOR", palette=Palette(red, green, blue))
    assert shade(row(0, 5, 6, 200), painted, 1).tolist() == [[[1, 3, 5], [1, 3, 5], [2, 4, 6], [2, 4, 6]]]


def test_a_palette_of_16_bits_is_brought_to_8() -> None:
    lut = Lut(0, 16, np.array([0, 32768, 65535], "<u2").tobytes())
    painted = replace(GREY, photometric_interpretation="PALETTE COLOR", palette=Palette(lut, lut, lut))
    assert shade(row(0, 1, 2, dtype="|u1"), painted, 1)[0, :, 0].tolist() == [0, 128, 255]
