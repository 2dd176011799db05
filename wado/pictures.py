"""Drawing: one frame of an instance as a picture file, as small as it was asked for (PS3.18 section 8.3.5)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial

from archive.locate import Located
from archive.read import INLINE_DECODE_PIXELS, Reader
from core.errors import NotAcceptable
from films import encode
from films.image import ImageDescription, Window
from films.picture import Region, draw, drawn_size, spare_halvings
from films.tables import Shades, Stored
from wado.renderparams import RenderParameters, Viewport

JPEG, PNG, GIF = "image/jpeg", "image/png", "image/gif"
MEDIA_TYPES = (JPEG, PNG, GIF)
DRAWING_VERSION = 1  # raise it when pictures of the same request change: it is part of their tags


@dataclass(frozen=True, slots=True)
class Look:
    """How to draw; None leaves it to the image. `size` is a box (width, height), each None when free."""

    media_type: str = JPEG
    window: Window | None = None
    region: Region | None = None
    size: tuple[int | None, int | None] | None = None
    quality: int = encode.DEFAULT_QUALITY


def look(how: RenderParameters, media_type: str) -> Look:
    """What the parameters of a rendered resource ask for."""
    size, region = _viewport(how.viewport) if how.viewport else (None, None)
    return Look(media_type, how.window, region, size, how.quality or encode.DEFAULT_QUALITY)


def _viewport(viewport: Viewport) -> tuple[tuple[int | None, int | None] | None, Region | None]:
    size = (viewport.columns, viewport.rows) if viewport.columns or viewport.rows else None
    region = None if viewport.whole else Region(viewport.x, viewport.y, viewport.width, viewport.height)
    return size, region


def described(at: Located) -> ImageDescription:
    """What drawing must know of it; raises NotAcceptable when it is no image that we can draw."""
    if at.description is None or not at.decodable:
        raise NotAcceptable("it holds no picture that can be shown")
    return at.description


async def picture(reader: Reader, at: Located, number: int, wanted: Look) -> bytes:
    """One frame (1-based) as a picture file; raises NotAcceptable, NotFound, and Malformed for an impossible region."""
    described(at)
    reader.frame_extent(at, number)
    if _source_pixels(at) <= INLINE_DECODE_PIXELS:
        return await _made(reader, at, number, wanted)  # quicker to draw than to fetch from Redis
    return await reader.tiers.read(f"{at.key}#d{DRAWING_VERSION}/{number}/{wanted}", partial(_made, reader, at, number, wanted))


def drawn(array: Stored, description: ImageDescription, number: int, wanted: Look) -> Shades:
    """A decoded frame drawn, before it becomes a file."""
    return draw(array, description, number, window=wanted.window, region=wanted.region, size=wanted.size)


async def shades(reader: Reader, at: Located, number: int, wanted: Look) -> Shades:
    """One frame drawn, before it becomes a file."""
    array, work = await _work(reader, at, number, wanted)
    return work() if array.size <= INLINE_DECODE_PIXELS else await asyncio.to_thread(work)


async def _made(reader: Reader, at: Located, number: int, wanted: Look) -> bytes:
    array, work = await _work(reader, at, number, wanted)

    def made() -> bytes:
        return encoded(work(), wanted)

    return made() if array.size <= INLINE_DECODE_PIXELS else await asyncio.to_thread(made)


async def _work(reader: Reader, at: Located, number: int, wanted: Look) -> tuple[Stored, partial[Shades]]:
    description = described(at)
    array = await reader.array(at, number, _halvings(reader, at, number, wanted))
    return array, partial(drawn, array, description, number, wanted)


def _halvings(reader: Reader, at: Located, number: int, wanted: Look) -> int:
    """How much less of the frame needs to be read and decoded for so small a picture."""
    if wanted.size is None:
        return 0
    return spare_halvings(described(at), wanted.region, wanted.size, reader.most_halvings(at, number))


def _source_pixels(at: Located) -> int:
    description = described(at)
    return description.rows * description.columns


def drawn_pixels(at: Located, wanted: Look) -> int:
    """Pixels of the picture that will come out."""
    description = described(at)
    width, height = drawn_size(description, wanted.region, wanted.size or (None, None))
    return width * height


def encoded(picture: Shades, wanted: Look) -> bytes:
    """A picture file of what was drawn."""
    if wanted.media_type == PNG:
        return encode.png(picture)
    if wanted.media_type == GIF:
        return encode.gif([picture])
    return encode.jpeg(picture, wanted.quality)
