"""The frames of an instance as one moving picture, a GIF that repeats (PS3.18 section 8.7.3.2)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from math import sqrt

from archive.locate import Located
from archive.read import Reader
from films import encode
from films.picture import drawn_size
from films.tables import Shades
from wado.pictures import DRAWING_VERSION, Look, described, drawn_pixels, shades

MOST_PIXELS = 2**25  # of all frames together: 128 of 512 x 512; larger films are drawn smaller
MOST_FRAMES = 2000


async def cine(reader: Reader, at: Located, numbers: Sequence[int], wanted: Look) -> bytes:
    """GIF of these frames (1-based) at the pace of the instance; raises as `pictures.picture`."""
    numbers = tuple(numbers)[:MOST_FRAMES]
    fitting = _fitting(at, len(numbers), wanted)
    return await reader.tiers.read(
        f"{at.key}#c{DRAWING_VERSION}/{_ranges(numbers)}/{fitting}", partial(_made, reader, at, numbers, fitting)
    )


async def _made(reader: Reader, at: Located, numbers: Sequence[int], wanted: Look) -> bytes:
    drawn: list[Shades] = [await shades(reader, at, number, wanted) for number in numbers]
    return await asyncio.to_thread(encode.gif, drawn, described(at).frame_time_ms)


def _fitting(at: Located, frames: int, wanted: Look) -> Look:
    """The same look, small enough for so many frames."""
    pixels = drawn_pixels(at, wanted) * frames
    if pixels <= MOST_PIXELS:
        return wanted
    share = sqrt(MOST_PIXELS / pixels)
    width, height = drawn_size(described(at), wanted.region, wanted.size or (None, None))
    return replace(wanted, size=(max(1, int(width * share)), max(1, int(height * share))))


def _ranges(numbers: Sequence[int]) -> str:
    if len(numbers) == numbers[-1] - numbers[0] + 1 and list(numbers) == sorted(numbers):
        return f"{numbers[0]}-{numbers[-1]}"
    return ",".join(map(str, numbers))
