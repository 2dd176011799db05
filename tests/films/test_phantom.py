"""The phantoms hold what they promise: known values at known places, the same on every run."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from films import phantom, phantom_radiograph


def at(values: NDArray[Any], x: float, y: float, reach: int = 4) -> float:
    """Mean around a place in mm."""
    row, column = (round((place - phantom.FIRST_MM) / phantom.PIXEL_MM) for place in (y, x))
    return float(values[row - reach : row + reach + 1, column - reach : column + reach + 1].mean())


def test_the_rods_have_their_hu_and_lie_thirty_millimetres_apart() -> None:
    for number in (1, 64, 128):
        hu = phantom.ct_slice(number)
        for place, expected in enumerate(phantom.ROD_HU):
            x = (place - 3) * phantom.ROD_SPACING_MM
            assert abs(at(hu, x, phantom.ROD_Y_MM) - expected) < 5


def test_tissues_have_believable_hu() -> None:
    chest, belly = phantom.ct_slice(64), phantom.ct_slice(108)
    assert abs(at(chest, -100, 20) - phantom.LUNG) < 60
    assert abs(at(belly, -95, -15) - phantom.LIVER) < 10
    assert at(chest, -150, -130) < -990


def test_the_nodules_are_where_they_should_be() -> None:
    x, y, z, _ = phantom.NODULES[0]
    number = round(z / phantom.SLICE_MM) + 1
    assert at(phantom.ct_slice(number), x, y, 2) > -100
    assert at(phantom.ct_slice(number + 4), x, y, 2) < -500


def test_a_slice_is_the_same_on_every_run_and_differs_from_the_next() -> None:
    assert (phantom.ct_slice(40) == phantom.ct_slice(40)).all()
    assert len({hashlib.sha256(phantom.ct_slice(number).tobytes()).digest() for number in range(1, 129, 9)}) == 15


def test_there_are_at_least_120_slices_of_the_promised_form() -> None:
    assert phantom.SLICES >= 120
    first = next(phantom.ct_slices())
    assert first.shape == (512, 512) and first.dtype == np.int16


def test_the_radiograph_uses_14_bits_and_says_phantom() -> None:
    image = phantom_radiograph.dx_image()
    assert image.shape == (3000, 2500) and image.dtype == np.uint16
    assert image.max() < 2**14 and image.min() < 2000
    assert (image[60:200, 110:700] == phantom_radiograph.LETTERS).mean() > 0.05
