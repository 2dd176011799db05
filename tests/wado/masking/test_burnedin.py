"""Pixels leave under a mask only when nothing is written in them, or without the places where something may be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from films.image import ImageDescription
from wado.masking.burnedin import Device, Pixels, Rectangle, black_of, blackened, pixels

CT, US, SC = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.6.1", "1.2.840.10008.5.1.4.1.1.7"


def _document(sop_class: str, **attributes: Any) -> dict[str, Any]:
    data_set = Dataset()
    data_set.SOPClassUID, data_set.Rows, data_set.Columns, data_set.BitsAllocated = sop_class, 60, 80, 16
    for keyword, value in attributes.items():
        setattr(data_set, keyword, value)
    document: dict[str, Any] = data_set.to_json_dict()
    return document


def _region(left: int, top: int, right: int, bottom: int) -> Dataset:
    region = Dataset()
    region.RegionLocationMinX0, region.RegionLocationMinY0 = left, top
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = right, bottom
    return region


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (_document(CT), Pixels()),
        (_document(CT, BurnedInAnnotation="NO"), Pixels()),
        (_document(CT, BurnedInAnnotation="YES"), None),
        (_document(CT, BitsAllocated=8), None),  # a screenshot of a CT workstation
        (_document(SC), None),
        (_document(SC, BurnedInAnnotation="NO"), Pixels()),
        (_document(US), None),
        (_document(US, SequenceOfUltrasoundRegions=[_region(5, 10, 69, 49)]), Pixels((Rectangle(5, 10, 70, 50),))),
        (_document(US, SequenceOfUltrasoundRegions=[_region(5, 10, 80, 60)]), Pixels((Rectangle(5, 10, 80, 60),))),
        (_document(US, SequenceOfUltrasoundRegions=[_region(5, 10, 4, 60)]), None),
        (_document(US, SequenceOfUltrasoundRegions=[Dataset()]), None),
        ({"00080016": {"vr": "UI", "Value": [CT]}}, None),
    ],
)
def test_what_is_not_known_to_be_clean_stays(document: dict[str, Any], expected: Pixels | None) -> None:
    assert pixels(document) == expected


def test_a_rule_of_the_hospital_for_a_device_and_size_comes_first() -> None:
    header = Rectangle(0, 0, 80, 9)
    device = Device("ACME", "Echo 7", 60, 80, (header,))
    echo = _document(US, Manufacturer="ACME", ManufacturerModelName="Echo 7")
    assert pixels(echo, (device,)) == Pixels(hidden=(header,))
    assert pixels(_document(US, Manufacturer="ACME", ManufacturerModelName="Echo 8"), (device,)) is None
    assert pixels(echo | {"00280010": {"vr": "US", "Value": [61]}}, (device,)) is None


def _noise(*shape: int) -> NDArray[Any]:
    return np.random.default_rng(1).integers(1, 255, shape, np.uint8)


@pytest.mark.parametrize("shape", [(60, 80), (60, 80, 3)])
def test_only_the_shown_rectangles_stay(shape: tuple[int, ...]) -> None:
    frame = _noise(*shape)
    found = blackened(frame, Pixels(shown=(Rectangle(5, 10, 70, 50), Rectangle(0, 55, 80, 60))), 0)
    assert np.array_equal(found[10:50, 5:70], frame[10:50, 5:70])
    assert np.array_equal(found[55:], frame[55:])
    assert not found[:10].any()
    assert not found[10:50, :5].any()
    assert not found[10:50, 70:].any()
    assert not found[50:55].any()


def test_hidden_rectangles_are_black_and_the_rest_stays() -> None:
    frame = _noise(60, 80)
    found = blackened(frame, Pixels(hidden=(Rectangle(3, 0, 77, 9),)), 7)
    assert (found[:9, 3:77] == 7).all()
    assert np.array_equal(found[9:], frame[9:])
    assert np.array_equal(found[:, :3], frame[:, :3])


@pytest.mark.parametrize("halvings", [1, 2, 3])
def test_in_a_smaller_picture_nothing_of_the_hidden_shines_through_at_the_edges(halvings: int) -> None:
    text = np.zeros((64, 80), bool)
    rectangle = Rectangle(3, 5, 77, 13)
    text[5:13, 3:77] = True
    block = 1 << halvings
    touched = text.reshape(64 // block, block, 80 // block, block).any(axis=(1, 3))
    small = np.ones((64 // block, 80 // block), np.uint8)
    assert not blackened(small, Pixels(hidden=(rectangle,)), 0, halvings)[touched].any()
    shown = blackened(small, Pixels(shown=(rectangle,)), 0, halvings)
    whole = text.reshape(64 // block, block, 80 // block, block).all(axis=(1, 3))
    assert np.array_equal(shown.astype(bool), whole)


def test_black_is_what_is_shown_black() -> None:
    def description(kind: str) -> ImageDescription:
        return ImageDescription(60, 80, 1, 1, kind, 16, 12, 11, 0)

    assert black_of(description("MONOCHROME2"), stored=True) == 0
    assert black_of(description("MONOCHROME1"), stored=True) == 4095
    assert black_of(description("YBR_FULL"), stored=True) == (0, 128, 128)
    assert black_of(description("YBR_FULL"), stored=False) == 0
