"""A finished picture as JPEG, PNG or GIF bytes: pixels only, no name, no comment, no metadata."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO

import imagecodecs
from PIL import Image

from films.tables import Shades

DEFAULT_QUALITY = 85
FULL_COLOUR_QUALITY = 90  # from here on colour is kept at full resolution (4:4:4)
QUALITIES = range(1, 101)  # PS3.18 section 8.3.5.1.2
DEFAULT_FRAME_TIME_MS = 100.0
SHORTEST_FRAME_TIME_MS = 20  # browsers show anything shorter as 100 ms


def jpeg(picture: Shades, quality: int = DEFAULT_QUALITY) -> bytes:
    """Baseline JPEG of (h, w) grey or (h, w, 3) RGB; quality 1..100."""
    held = min(max(quality, QUALITIES.start), QUALITIES.stop - 1)
    if picture.ndim == 2:
        return bytes(imagecodecs.jpeg8_encode(picture, level=held))
    subsampling = "444" if held >= FULL_COLOUR_QUALITY else "420"
    return bytes(imagecodecs.jpeg8_encode(picture, level=held, subsampling=subsampling))


def png(picture: Shades) -> bytes:
    """PNG of (h, w) grey or (h, w, 3) RGB, exact."""
    return bytes(
        imagecodecs.png_encode(
            picture,
            level=imagecodecs.PNG.COMPRESSION.SPEED,
            strategy=imagecodecs.PNG.STRATEGY.RLE,
            filter=imagecodecs.PNG.FILTER.SUB,
        )
    )


def gif(pictures: Iterable[Shades], frame_time_ms: float | None = None) -> bytes:
    """GIF of one picture, or of several as an endless film; grey is exact, colour is reduced to 256 colours."""
    images = (_indexed(picture) for picture in pictures)
    first = next(images)
    target = BytesIO()
    first.save(target, "GIF", save_all=True, append_images=images, duration=_duration_ms(frame_time_ms), loop=0)
    return target.getvalue()


def _indexed(picture: Shades) -> Image.Image:
    image = Image.fromarray(picture)
    return image if picture.ndim == 2 else image.quantize(256)


def _duration_ms(frame_time_ms: float | None) -> int:
    """GIF counts in hundredths of a second."""
    wanted = round((frame_time_ms or DEFAULT_FRAME_TIME_MS) / 10) * 10
    return max(wanted, SHORTEST_FRAME_TIME_MS)
