"""Pictures of the right part, the right way round, of the right shape."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import Malformed
from films.image import ImageDescription, Tone, Window
from films.picture import Region, draw, drawn_size, fit, pixel_aspect, resize, spare_halvings, thumbnail
from tests.films.samples import blurred, described, images, shrunk


def grey(rows: int, columns: int, **change: Any) -> ImageDescription:
    description = ImageDescription(
        rows=rows,
        columns=columns,
        frames=1,
        samples_per_pixel=1,
        photometric_interpretation="MONOCHROME2",
        bits_allocated=8,
        bits_stored=8,
        high_bit=7,
        pixel_representation=0,
    )
    return replace(description, **change)


def numbered(rows: int, columns: int) -> NDArray[np.uint8]:
    return (np.arange(rows * columns) % 251).astype(np.uint8).reshape(rows, columns)


@pytest.mark.parametrize(
    ("rows", "columns", "viewport", "expected"),
    [
        (512, 512, (256, 256), (256, 256)),
        (3000, 2500, (1080, 1080), (900, 1080)),
        (100, 200, (1000, 1000), (1000, 500)),
        (100, 200, (50, 1000), (50, 25)),
        (480, 640, (None, 240), (320, 240)),
        (480, 640, (320, None), (320, 240)),
        (1, 60000, (256, 256), (256, 1)),
        (480, 640, (None, None), (640, 480)),
    ],
)
def test_a_picture_fills_the_viewport_without_being_distorted(
    rows: int, columns: int, viewport: tuple[int | None, int | None], expected: tuple[int, int]
) -> None:
    assert fit(rows, columns, viewport) == expected


def test_a_free_side_cannot_ask_for_a_picture_without_end() -> None:
    width, height = fit(60000, 1, (8192, None))
    assert width * height < 2**27


def test_every_sample_keeps_its_shape_within_half_a_pixel() -> None:
    for path, dataset, frame in images():
        description = described(dataset)
        picture = draw(frame, description, 1, size=(200, 150))
        height, width = picture.shape[:2]
        shape = description.columns / (description.rows * pixel_aspect(description))
        assert width == 200 or height == 150, path
        assert width <= 200 and height <= 150, path
        assert abs(width - height * shape) <= max(shape, 1.0), path


def test_every_sample_is_drawn_at_full_size_and_as_a_thumbnail() -> None:
    drawn = 0
    for path, dataset, frame in images():
        description = described(dataset)
        full, small = draw(frame, description, 1), thumbnail(frame, description, 1)
        assert full.dtype == small.dtype == np.uint8, path
        assert full.shape[:2] == (description.rows, description.columns), path
        assert max(small.shape[:2]) <= 256 and full.ndim == small.ndim, path
        drawn += 1
    assert drawn >= 30


def test_a_thumbnail_of_a_tiny_image_is_not_blown_up() -> None:
    assert thumbnail(numbered(10, 20), grey(10, 20), 1).shape == (10, 20)


def test_without_a_size_the_pixels_are_those_of_the_frame() -> None:
    frame = numbered(30, 40)
    assert (draw(frame, grey(30, 40), 1) == frame).all()


def test_a_region_is_cut_out_and_negative_sizes_flip_it() -> None:
    frame, description = numbered(30, 40), grey(30, 40)
    part = frame[5:15, 10:30]
    assert (draw(frame, description, 1, region=Region(10, 5, 20, 10)) == part).all()
    assert (draw(frame, description, 1, region=Region(10, 5, -20, 10)) == part[:, ::-1]).all()
    assert (draw(frame, description, 1, region=Region(10, 5, 20, -10)) == part[::-1]).all()
    assert (draw(frame, description, 1, region=Region(10, 5, -20, -10)) == part[::-1, ::-1]).all()
    assert (draw(frame, description, 1, region=Region(10, 5)) == frame[5:, 10:]).all()


def test_a_region_is_held_to_the_image_and_refused_outside_it() -> None:
    frame, description = numbered(30, 40), grey(30, 40)
    assert draw(frame, description, 1, region=Region(35, 25, 100, 100)).shape == (5, 5)
    assert draw(frame, description, 1, region=Region(39.2, 29.7, 0.1, 0.1)).shape == (1, 1)
    for region in (Region(40, 0), Region(0, 30), Region(-20, 0, 10, 10)):
        with pytest.raises(Malformed):
            draw(frame, description, 1, region=region)


def test_colour_is_cut_flipped_and_resized_like_grey() -> None:
    frame = np.random.default_rng(2).integers(0, 255, (20, 30, 3), dtype=np.uint8)
    description = grey(20, 30, photometric_interpretation="RGB", samples_per_pixel=3)
    assert (draw(frame, description, 1, region=Region(3, 2, -10, 5)) == frame[2:7, 3:13][:, ::-1]).all()
    assert draw(frame, description, 1, size=(15, 15)).shape == (10, 15, 3)


def test_oblong_pixels_are_drawn_square_at_any_asked_size() -> None:
    frame = numbered(50, 100)
    for change in (
        {"row_spacing_mm": 1.0, "column_spacing_mm": 0.5},
        {"pixel_aspect_ratio": (2, 1)},
        {"row_spacing_mm": 1.0, "column_spacing_mm": 0.5, "pixel_aspect_ratio": (1, 1)},
    ):
        description = grey(50, 100, **change)
        assert draw(frame, description, 1).shape == (50, 100)  # without a size the pixels are kept as they are
        assert draw(frame, description, 1, size=(60, 300)).shape == (60, 60)
        assert thumbnail(frame, description, 1, 40).shape == (40, 40)


def test_an_unbelievable_pixel_aspect_is_taken_as_square() -> None:
    for ratio in ((1000, 1), (0, 1), (1, 0)):
        assert pixel_aspect(grey(5, 5, pixel_aspect_ratio=ratio)) == 1.0
    assert pixel_aspect(grey(5, 5, row_spacing_mm=0.7001, column_spacing_mm=0.7)) == 1.0


def test_shrinking_averages_areas_so_that_fine_patterns_turn_grey() -> None:
    checkers = np.indices((512, 512)).sum(axis=0) % 2 * 255
    for size in (256, 100, 37):
        grey_now = resize(checkers.astype(np.uint8), (size, size)).astype(int)
        assert abs(grey_now.mean() - 127.5) < 1.5 and grey_now.std() < 16


def test_halving_first_gives_what_averaging_at_once_gives() -> None:
    smooth = blurred(3, (600, 800), 2)
    at_once = shrunk(smooth, (190, 143))
    assert np.abs(resize(smooth, (190, 143)).astype(int) - at_once).mean() < 1


def test_one_direction_may_grow_while_the_other_shrinks() -> None:
    assert resize(numbered(100, 30), (60, 50)).shape == (50, 60)


def test_a_halved_frame_draws_the_same_part_at_the_same_size() -> None:
    frame = blurred(4, (257, 301), 6)
    half = shrunk(frame, (151, 129))
    description = grey(257, 301)
    for region in (None, Region(40, 30, 120, 100), Region(40, 30, -120, -100)):
        whole, smaller = (draw(array, description, 1, region=region, size=(50, 50)) for array in (frame, half))
        assert whole.shape == smaller.shape
        assert np.abs(whole.astype(int) - smaller).mean() < 3


def test_no_halving_is_spare_that_would_coarsen_the_picture() -> None:
    description = grey(3000, 2500)
    assert spare_halvings(description, None, (256, 256), 5) == 3
    assert spare_halvings(description, None, (1080, 1080), 5) == 1
    assert spare_halvings(description, Region(0, 0, 500, 600), (1080, 1080), 5) == 0
    assert spare_halvings(description, None, (64, 64), 2) == 2


def test_the_size_is_known_before_anything_is_decoded() -> None:
    description = grey(30, 40, pixel_aspect_ratio=(2, 1))
    region, size = Region(4, 2, -20, 10), (77, 50)
    picture = draw(numbered(30, 40), description, 1, region=region, size=size)
    assert drawn_size(description, region, size) == (picture.shape[1], picture.shape[0])


def test_zooming_in_does_not_change_the_default_window() -> None:
    frame = np.arange(1000, dtype=np.uint16).reshape(20, 50) * 60
    description = grey(20, 50, bits_allocated=16, bits_stored=16)
    assert (draw(frame, description, 1, region=Region(5, 5, 10, 10)) == draw(frame, description, 1)[5:15, 5:15]).all()


def test_an_asked_window_wins_over_the_stored_one() -> None:
    description = grey(1, 2, tones=(Tone(windows=(Window(0, 10),)),))
    frame = np.array([[90, 110]], np.uint8)
    assert draw(frame, description, 1).tolist() == [[255, 255]]
    assert draw(frame, description, 1, window=Window(100, 2)).tolist() == [[0, 255]]


def test_bytes_that_may_not_be_written_to_can_be_drawn() -> None:
    frame = np.frombuffer(bytes(range(100)) * 2, "<i2").reshape(10, 10)
    assert draw(frame, grey(10, 10, bits_allocated=16, bits_stored=16, pixel_representation=1), 1, size=(5, 5)).shape == (5, 5)
