"""From a chosen frame to its cell on the sheet: drawn at the size of the cell, with the words that stand beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from films.facts import ImageFacts
from films.image import ImageDescription, Lut, Window
from films.layout import Layout, Rectangle
from films.marks import marked
from films.orientation import edges
from films.picture import draw
from films.sheet import CellImage, picture_size
from films.stack import Cell
from films.tables import WHITE, Shades, Stored
from films.tone import choose_voi
from films.turn import UPRIGHT, Turn

WINDOWED = frozenset(("CT", "MR", "CR", "DX", "MG", "NM"))  # where its numbers say something to a doctor


def cell_image(array: Stored, description: ImageDescription, cell: Cell, layout: Layout) -> CellImage:
    """`array` is the decoded frame, or the same frame halved. Raises Malformed for an impossible window."""
    image, frame = cell.slot.image, cell.slot.frame
    voi = choose_voi(array, description, frame, cell.window)
    window = voi if isinstance(voi, Window) else None
    size = picture_size(description, layout, lies=cell.turn.lies)
    shades = draw(array, description, frame, window=window, size=size)
    shown = cell.turn.picture(WHITE - shades if cell.inverted else shades)
    if cell.marks:
        shown = marked(shown, cell.marks, cell.turn, description.columns, description.rows)
    words = _window(voi) if image.modality in WINDOWED else ""
    return replace(labelled(shown, image, frame, words, cell.turn), voi=window)


def labelled(shades: Shades, image: ImageFacts, frame: int, window: str = "", turn: Turn = UPRIGHT) -> CellImage:
    """A picture as drawn and turned, with what its facts say beside it; `window` in words."""
    return CellImage(
        shades=shades,
        number=_number(image, frame),
        position=_position(image, frame),
        window=window,
        edges=turn.edges(edges(image.plane(frame), image.patient_orientation)),
        mm_per_pixel=_mm_per_pixel(image, shades.shape[0] if turn.lies else shades.shape[1]),
        at_detector=image.at_detector,
    )


def placed(cell: Cell, rectangle: Rectangle, window: Window | None) -> dict[str, Any]:
    """The entry of the cell map: where on the page, which frame of which image, and how it is shown.

    `window`: the one that it was drawn with; None for colour and for a table of the image's own.
    """
    image = cell.slot.image
    return {
        "x": rectangle.x,
        "y": rectangle.y,
        "width": rectangle.width,
        "height": rectangle.height,
        "study": image.study,
        "series": image.series,
        "instance": image.instance,
        "frame": cell.slot.frame,
        "window": {"center": window.center, "width": window.width, "function": window.function} if window else None,
        "inverted": cell.inverted,
        "rotation": cell.turn.degrees,
        "flipped": cell.turn.mirrored,
        "marked": bool(cell.marks),
    }


def _number(image: ImageFacts, frame: int) -> str:
    number = "" if image.instance_number is None else str(image.instance_number)
    if image.frames == 1:
        return number
    return f"{number} · {frame}/{image.frames}".removeprefix(" · ")


def _position(image: ImageFacts, frame: int) -> str:
    """Slice location as the scanner tells it, else where the frame lies along the patient; else side and view."""
    location = image.slice_location if image.frames == 1 else None
    plane = image.plane(frame)
    if location is None and plane.position is not None and image.frames > 1:
        location = plane.position[2]
    if location is not None and image.modality in ("CT", "MR", "PT"):
        return f"{location:+.1f} mm"
    side = image.laterality if image.laterality in ("R", "L", "B") else ""
    return " ".join(filter(None, (side, image.view)))


def _window(voi: Window | Lut | None) -> str:
    if not isinstance(voi, Window):
        return ""
    return f"W {_rounded(voi.width)}  L {_rounded(voi.center)}"


def _rounded(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 10 else f"{value:.2g}"


def _mm_per_pixel(image: ImageFacts, width: int) -> float | None:
    """Of the drawn picture, by its width in pixels before it was turned."""
    return image.spacing_mm[1] * image.columns / width if image.spacing_mm else None
