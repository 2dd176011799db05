"""A page of film as JPEG at every ready-made width, so that a phone, a kiosk and a printer get bytes that only wait."""

from __future__ import annotations

from dataclasses import dataclass

from films import encode, picture
from films.tables import Shades

TIER_WIDTHS = (360, 720, 1080, 1440, 2160)  # of phones, tablets and screens; above them the page as it is
QUALITY = 85
FULL_QUALITY = 92  # of the page as it is: what is printed, and looked at closely


@dataclass(frozen=True, slots=True)
class Jpeg:
    """A page at one width, in pixels."""

    width: int
    height: int
    content: bytes


def tiers(page: Shades, full: bytes | None = None) -> tuple[Jpeg, ...]:
    """Every ready-made width below that of the page, and last the page itself; nothing is enlarged.

    `page`: uint8 array (rows, columns) or (rows, columns, 3) RGB. `full`: its JPEG, if there is one already.
    """
    rows, columns = page.shape[:2]
    smaller = [scaled(page, width) for width in TIER_WIDTHS if width < columns]
    return (*smaller, Jpeg(columns, rows, full or encode.jpeg(page, FULL_QUALITY)))


def scaled(page: Shades, width: int) -> Jpeg:
    """The page at a smaller width."""
    rows, columns = page.shape[:2]
    height = max(1, round(rows * width / columns))
    return Jpeg(width, height, encode.jpeg(picture.resize(page, (width, height)), QUALITY))
