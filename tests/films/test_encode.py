"""Pictures survive JPEG, PNG and GIF, and carry nothing but pixels."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from films.encode import gif, jpeg, png
from tests.films.samples import blurred

GREY = blurred(5, (61, 83), 4)
COLOUR = blurred(6, (61, 83, 3), 4)


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize("picture", [GREY, COLOUR])
def test_png_gives_every_pixel_back(picture: NDArray[np.uint8]) -> None:
    image = opened(png(picture))
    assert image.format == "PNG" and image.mode == ("L" if picture.ndim == 2 else "RGB")
    assert (np.asarray(image) == picture).all()


@pytest.mark.parametrize("picture", [GREY, COLOUR])
def test_jpeg_is_close_and_grey_stays_grey(picture: NDArray[np.uint8]) -> None:
    image = opened(jpeg(picture, 95))
    assert image.format == "JPEG" and image.mode == ("L" if picture.ndim == 2 else "RGB")
    assert np.abs(np.asarray(image).astype(int) - picture).mean() < 2


def test_jpeg_quality_costs_bytes() -> None:
    sizes = [len(jpeg(GREY, quality)) for quality in (1, 30, 60, 85, 100)]
    assert sizes == sorted(sizes) and sizes[0] < sizes[-1]


def test_a_part_of_an_array_can_be_encoded() -> None:
    assert (np.asarray(opened(png(GREY[3:20, 4:30]))) == GREY[3:20, 4:30]).all()
    assert opened(jpeg(COLOUR[::-1, 4:30])).size == (26, 61)


def test_a_still_gif_keeps_grey_exactly() -> None:
    image = opened(gif([GREY]))
    assert image.format == "GIF" and (np.asarray(image.convert("L")) == GREY).all()


def test_a_film_keeps_its_frames_its_speed_and_runs_for_ever() -> None:
    frames = [np.roll(GREY, shift, axis=1) for shift in range(0, 40, 4)]
    film = Image.open(BytesIO(gif(frames, 66.7)))
    assert getattr(film, "n_frames", 1) == len(frames)
    assert film.info["duration"] == 70 and film.info["loop"] == 0
    for number, frame in enumerate(frames):
        film.seek(number)
        assert (np.asarray(film.convert("L")) == frame).all()


def test_a_colour_film_looks_like_its_frames() -> None:
    frames = [COLOUR, COLOUR[:, ::-1]]
    film = Image.open(BytesIO(gif((frame for frame in frames), 1.0)))
    assert film.info["duration"] == 20
    for number, frame in enumerate(frames):
        film.seek(number)
        assert np.abs(np.asarray(film.convert("RGB")).astype(int) - frame).mean() < 6


def test_pictures_carry_no_comment_and_no_metadata() -> None:
    for data in (jpeg(GREY), png(COLOUR), gif([GREY, COLOUR[..., 0]])):
        image = opened(data)
        assert not image.getexif() and "comment" not in image.info and not getattr(image, "text", {})
