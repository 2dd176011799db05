"""Facts of images that no scanner took, for tests of what a film shows."""

from __future__ import annotations

from typing import Any

from films.facts import ImageFacts, Plane

AXIAL = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
SAGITTAL = ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0))
CT, MR, PT, US, XA, CR, MG, SC = (
    "1.2.840.10008.5.1.4.1.1.2",
    "1.2.840.10008.5.1.4.1.1.4",
    "1.2.840.10008.5.1.4.1.1.128",
    "1.2.840.10008.5.1.4.1.1.6.1",
    "1.2.840.10008.5.1.4.1.1.12.1",
    "1.2.840.10008.5.1.4.1.1.1",
    "1.2.840.10008.5.1.4.1.1.1.2",
    "1.2.840.10008.5.1.4.1.1.7",
)


def image(series: int, number: int, modality: str = "CT", **more: Any) -> ImageFacts:
    """One image of that series and number; an original, drawable, of 512 x 512."""
    known: dict[str, Any] = {
        "study": "1.2",
        "series": f"1.2.{series}",
        "instance": f"1.2.{series}.{number}",
        "sop_class": CT,
        "modality": modality,
        "frames": 1,
        "rows": 512,
        "columns": 512,
        "image_type": ("ORIGINAL", "PRIMARY"),
        "series_number": series,
        "instance_number": number,
    }
    return ImageFacts(**{**known, **more})


def stack(series: int, count: int, modality: str = "CT", *, spacing_mm: float = 5.0, **more: Any) -> list[ImageFacts]:
    """Axial slices from the head down, numbered from 1."""
    return [
        image(series, number, modality, **{"planes": (Plane((0.0, 0.0, -spacing_mm * number), *AXIAL),), **more})
        for number in range(1, count + 1)
    ]
