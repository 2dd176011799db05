"""A frame as a picture of the wanted part and size, never distorted (PS3.18 section 8.3.5.1.3).

Window first, then resize: averaging 8-bit shades is four times as quick as averaging 16-bit values, padding does not
bleed into the picture, and a very bright spot outside the window cannot outshine its neighbours. Where the caller
hands in an already smaller array (a prefix of a resolution-progressive codestream) the order is the other way round;
that is the price for not decoding what nobody will see.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, inf, sqrt
from typing import TypeAlias

import cv2
import numpy as np

from core.errors import Malformed
from films.image import ImageDescription, Window
from films.tables import Shades, Stored
from films.tone import choose_voi, shade

THUMBNAIL_PIXELS = 256
MOST_PIXELS = 2**26  # the largest picture drawn: above every detector, below what a worker can hold
HALVED_ABOVE = 3  # times the wanted size
SQUARE_ENOUGH = 0.01  # pixels that differ less from a square are drawn as squares
LONGEST_PIXEL = 10.0  # a pixel more oblong than this is a wrong number in the header, not a pixel


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the image in source pixels; None reaches to the edge, a negative width or height flips the picture."""

    left: float = 0.0
    top: float = 0.0
    width: float | None = None
    height: float | None = None


WHOLE = Region()
Viewport: TypeAlias = tuple[int | None, int | None]  # width and height in pixels; None is free


@dataclass(frozen=True, slots=True)
class _Box:
    """Source pixels left..right and top..bottom (right and bottom excluded), and whether to mirror them."""

    left: int
    top: int
    right: int
    bottom: int
    mirrored: bool
    upside_down: bool


def draw(
    array: Stored,
    description: ImageDescription,
    frame_number: int,
    *,
    window: Window | None = None,
    region: Region | None = None,
    size: Viewport | None = None,
) -> Shades:
    """uint8 (h, w) grey or (h, w, 3) RGB with square pixels, as large as fits into `size`.

    `array` is the decoded frame, or the same frame halved any number of times; `region` always counts in the pixels
    of the full frame. Without `size` the picture has the pixels of `array`, one by one, oblong or not. Raises
    Malformed when the region lies outside the image or the window is impossible.
    """
    box = _box(region or WHOLE, description)
    voi = choose_voi(array, description, frame_number, window)
    part = _cut(array, box, description)
    picture = _flipped(shade(part, description, frame_number, voi), box)
    return picture if size is None else resize(picture, drawn_size(description, region, size))


def thumbnail(array: Stored, description: ImageDescription, frame_number: int, longest_side: int = THUMBNAIL_PIXELS) -> Shades:
    """The whole frame, longest side at most `longest_side` pixels; a smaller frame is not enlarged."""
    side = min(longest_side, max(_square(description)))
    return draw(array, description, frame_number, size=(side, side))


def drawn_size(description: ImageDescription, region: Region | None, size: Viewport) -> tuple[int, int]:
    """Width and height of the picture that `draw` makes for this viewport."""
    box = _box(region or WHOLE, description)
    rows, columns = box.bottom - box.top, box.right - box.left
    return fit(rows * pixel_aspect(description), columns, size)


def fit(rows: float, columns: float, viewport: Viewport) -> tuple[int, int]:
    """The largest width and height of that shape inside the viewport, also when it must grow; as it is when both are free.

    A free side is held to MOST_PIXELS in all, so that a thread-like image cannot exhaust the memory.
    """
    width, height = viewport
    wanted = min(width / columns if width else inf, height / rows if height else inf)
    scale = min(1.0 if wanted == inf else wanted, sqrt(MOST_PIXELS / (rows * columns)))
    return _side(columns * scale, width), _side(rows * scale, height)


def _side(length: float, most: int | None) -> int:
    return max(1, min(round(length), most or round(length)))


def spare_halvings(description: ImageDescription, region: Region | None, size: Viewport, most: int) -> int:
    """How often the frame may be halved before `draw` (at most `most` times) without a coarser picture."""
    box = _box(region or WHOLE, description)
    width, height = drawn_size(description, region, size)
    halvings = 0
    while halvings < most and _suffices(box, width, height, halvings + 1):
        halvings += 1
    return halvings


def pixel_aspect(description: ImageDescription) -> float:
    """Height of a pixel over its width: by spacing (PS3.3 10.7.1.3), else by Pixel Aspect Ratio; 1 when square."""
    vertical, horizontal = description.row_spacing_mm, description.column_spacing_mm
    if not vertical or not horizontal:
        vertical, horizontal = description.pixel_aspect_ratio or (1, 1)
    aspect = abs(vertical / horizontal) if horizontal else 1.0
    believable = 1 / LONGEST_PIXEL <= aspect <= LONGEST_PIXEL
    return aspect if believable and abs(aspect - 1) > SQUARE_ENOUGH else 1.0


def resize(picture: Shades, size: tuple[int, int]) -> Shades:
    """To exactly (width, height): area averages where it shrinks, straight interpolation where it grows."""
    picture = _halved(picture, size)
    height, width = picture.shape[:2]
    if (width, height) == size:
        return np.ascontiguousarray(picture)
    smaller = (min(width, size[0]), min(height, size[1]))
    if smaller != (width, height):
        picture = np.asarray(cv2.resize(picture, smaller, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    if smaller != size:
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
    return picture


def _halved(picture: Shades, size: tuple[int, int]) -> Shades:
    """Exact halves first: averaging 2 x 2 pixels is 40 times as quick as averaging an odd share of them.

    It ends while the picture is still well above the wanted size: two averages in a row of nearly that size would blur.
    """
    height, width = picture.shape[:2]
    while width >= HALVED_ABOVE * size[0] and height >= HALVED_ABOVE * size[1] and width % 2 == height % 2 == 0:
        width, height = width // 2, height // 2
        picture = np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return picture


def _square(description: ImageDescription) -> tuple[int, int]:
    """Width and height with square pixels and nothing thrown away: the direction with the longer pixels grows."""
    aspect = pixel_aspect(description)
    return fit(description.rows * max(aspect, 1.0), description.columns / min(aspect, 1.0), (None, None))


def _box(region: Region, description: ImageDescription) -> _Box:
    left, right = _span(region.left, region.width, description.columns)
    top, bottom = _span(region.top, region.height, description.rows)
    return _Box(left, top, right, bottom, mirrored=(region.width or 0) < 0, upside_down=(region.height or 0) < 0)


def _span(start: float, length: float | None, pixels: int) -> tuple[int, int]:
    """First and last pixel (excluded) that a side of the region touches, held to the image."""
    first = max(0, floor(start))
    end = pixels if length is None else min(pixels, ceil(start + abs(length)))
    if first >= end:
        raise Malformed("the asked region lies outside the image")
    return first, end


def _cut(array: Stored, box: _Box, description: ImageDescription) -> Stored:
    """The box out of a frame that may have been halved since."""
    height, width = (array.shape[0] / description.rows, array.shape[1] / description.columns)
    top, left = floor(box.top * height), floor(box.left * width)
    bottom, right = (max(top + 1, ceil(box.bottom * height)), max(left + 1, ceil(box.right * width)))
    return array[top:bottom, left:right]


def _flipped(picture: Shades, box: _Box) -> Shades:
    picture = picture[:, ::-1] if box.mirrored else picture
    return np.ascontiguousarray(picture[::-1] if box.upside_down else picture)


def _suffices(box: _Box, width: int, height: int, halvings: int) -> bool:
    share = 1 << halvings
    return box.right - box.left >= width * share and box.bottom - box.top >= height * share
