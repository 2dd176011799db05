"""A picture made small enough for the docs."""

from __future__ import annotations

import io

from PIL import Image

MOST_BYTES = 80_000
COLOURS = (256, 128, 64, 32, 16)


def small(png: bytes) -> bytes:
    """The picture in as few colours as keep it below MOST_BYTES; raises ValueError when none does."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    for scale in (1.0, 0.8, 0.667, 0.5):
        fitting = picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.LANCZOS)
        for colours in COLOURS[: 3 if scale > 0.5 else None]:
            target = io.BytesIO()
            fitting.quantize(colours, dither=Image.Dither.NONE).save(target, "PNG", optimize=True)
            if target.tell() <= MOST_BYTES:
                return target.getvalue()
    raise ValueError("too much of a picture")
