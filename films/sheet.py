"""A sheet of film: pictures in rows and columns on a black page, a header that says whose and what, and legends beside each.

Nothing is written over a picture: its rectangle on the page holds exactly the pixels that drawing gave, so that a cell
can be compared with the image it names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import Invalid
from films.image import ImageDescription, Window
from films.layout import GAP, Layout, Rectangle, legend_border
from films.orientation import Edges
from films.picture import drawn_size, pixel_aspect
from films.tables import Shades
from films.typeset import fitted, width_of, write, write_centred, write_right

MADE_BY_US = "本胶片由云胶片系统生成"
CAUTION = "仅供浏览参考，不作诊断依据"
LINE, QUIET, TEXT, STRONG = 48, 158, 214, 255
NATIVE_FROM = 0.8  # of the box: a frame that fills it that far is shown pixel by pixel, not blown up a little
ENLARGED_MOST = 6  # times: beyond that there are only larger blocks to see
SCALE_LENGTHS_CM = (20, 10, 5, 2, 1)
SCALE_SHARE = 0.42  # of the picture's width, at most
NAME_SIZE, BODY_SIZE, SMALL_SIZE = 38, 29, 23


_UNKNOWN = Edges()


@dataclass(frozen=True, slots=True)
class CellImage:
    """One picture as drawn, grey or RGB, and what stands beside it. `mm_per_pixel` counts in the picture's own pixels."""

    shades: Shades
    number: str = ""  # of the image, and of the frame where there are several
    position: str = ""
    window: str = ""
    edges: Edges = _UNKNOWN
    mm_per_pixel: float | None = None
    voi: Window | None = None  # the window that it was drawn with
    at_detector: bool = False  # then the scale is that of the detector, and the patient is magnified a little


@dataclass(frozen=True, slots=True)
class Header:
    """What is written at the top, ready to read; empty lines are left out."""

    hospital: str
    name: str
    title: str  # item, and what this sheet shows of it
    facts: tuple[str, ...] = ()  # sex and age, numbers, date
    page: int = 1
    pages: int = 1


@dataclass(frozen=True, slots=True)
class Sheet:
    """The page, uint8 (rows, columns) or (rows, columns, 3), and the rectangle of each picture in the order of the cells."""

    image: Shades
    cells: tuple[Rectangle, ...]


def picture_size(description: ImageDescription, layout: Layout, *, lies: bool = False) -> tuple[int, int]:
    """Width and height with which a frame goes into a cell; as many pixels as it has when that nearly fills the cell.

    One that `lies` is drawn in this size and then turned by a quarter.
    """
    box = layout.picture_box[::-1] if lies else layout.picture_box
    native = (description.columns, description.rows)
    fills = max(native[0] / box[0], native[1] / box[1])
    if pixel_aspect(description) == 1.0 and NATIVE_FROM <= fills <= 1:
        return native
    longest = ENLARGED_MOST * max(native)
    return drawn_size(description, None, (min(box[0], longest), min(box[1], longest)))


def sheet(cells: Sequence[CellImage], layout: Layout, header: Header) -> Sheet:
    """Draw the page. Raises Invalid when there are no pictures, more than cells, or one larger than its cell."""
    if not 0 < len(cells) <= layout.cells:
        raise Invalid(f"{len(cells)} pictures do not go onto a sheet of {layout.name}")
    width, height = layout.size
    colour = any(cell.shades.ndim == 3 for cell in cells)
    page = np.zeros((height, width, 3) if colour else (height, width), np.uint8)  # black
    _write_header(page, layout, header)
    rectangles = tuple(_place(page, cell, layout, place) for place, cell in enumerate(cells))
    return Sheet(page, rectangles)


def _place(page: Shades, cell: CellImage, layout: Layout, place: int) -> Rectangle:
    height, width = cell.shades.shape[:2]
    box_width, box_height = layout.picture_box
    if width > box_width or height > box_height:
        raise Invalid(f"a picture of {width} x {height} does not fit a cell of {layout.name}")
    frame = layout.cell(place)
    _outline(page, frame)
    x, y = frame.x + (frame.width - width) // 2, frame.y + (frame.height - height) // 2
    target = page[y : y + height, x : x + width]
    target[...] = cell.shades[:, :, None] if page.ndim == 3 and cell.shades.ndim == 2 else cell.shades
    shown = Rectangle(x, y, width, height)
    _write_legends(page, cell, shown, layout.legend)
    return shown


def _outline(page: Shades, frame: Rectangle) -> None:
    """A hair line, so that it is plain which legends belong to which picture."""
    right, bottom = frame.x + frame.width - 1, frame.y + frame.height - 1
    for rows, columns in (
        (slice(frame.y, frame.y + 1), slice(frame.x, right + 1)),
        (slice(bottom, bottom + 1), slice(frame.x, right + 1)),
        (slice(frame.y, bottom + 1), slice(frame.x, frame.x + 1)),
        (slice(frame.y, bottom + 1), slice(right, right + 1)),
    ):
        page[rows, columns] = LINE


# -- beside a picture ---------------------------------------------------------------


def _write_legends(page: Shades, cell: CellImage, shown: Rectangle, size: int) -> None:
    border = legend_border(size)
    above, below = shown.y - border + (border - size) // 2, shown.y + shown.height + (border - size) // 2
    right, centre = shown.x + shown.width, shown.x + shown.width // 2
    begin = write(page, cell.number, shown.x, above, size, TEXT)
    if begin + width_of(cell.position, size) < right:
        write_right(page, cell.position, right, above, size, QUIET)
    write(page, cell.window, shown.x, below, size, QUIET)
    _write_scale(page, cell, shown, size)
    _write_edges(page, cell.edges, shown, size, above, below, centre)


def _write_edges(page: Shades, edges: Edges, shown: Rectangle, size: int, above: int, below: int, centre: int) -> None:
    middle = shown.y + (shown.height - size) // 2
    write_centred(page, edges.top, centre, above, size, TEXT, bold=True)
    write_centred(page, edges.bottom, centre, below, size, TEXT, bold=True)
    _write_down(page, edges.left, shown.x - legend_border(size) // 2, middle, size)
    _write_down(page, edges.right, shown.x + shown.width + legend_border(size) // 2, middle, size)


def _write_down(page: Shades, letters: str, centre: int, middle: int, size: int) -> None:
    """Letters below each other: a side has room for one beside another only."""
    top = middle - (len(letters) - 1) * size // 2
    for place, letter in enumerate(letters):
        write_centred(page, letter, centre, top + place * size, size, TEXT, bold=True)


def _write_scale(page: Shades, cell: CellImage, shown: Rectangle, size: int) -> None:
    """A bar of whole centimetres under the right half of the picture, ticked at each."""
    if not cell.mm_per_pixel:
        return
    length_cm = scale_length_cm(shown.width * cell.mm_per_pixel)
    pixels = round(length_cm * 10 / cell.mm_per_pixel)
    if pixels < size:
        return
    words = f"{length_cm} cm" + (" 探测器面" if cell.at_detector else "")
    top = shown.y + shown.height + (legend_border(size) - size) // 2
    left = write_right(page, words, shown.x + shown.width, top, size, QUIET) - size // 3 - pixels
    stroke, base = max(2, size // 10), top + round(size * 0.78)
    page[base : base + stroke, left : left + pixels] = TEXT
    for tick in range(length_cm + 1):
        x = left + round(tick * 10 / cell.mm_per_pixel)
        tall = size // 2 if tick in (0, length_cm) or tick % 5 == 0 else size // 4
        page[base - tall : base, min(x, left + pixels - stroke) :][:, :stroke] = TEXT


def scale_length_cm(width_mm: float) -> int:
    """The longest whole scale that takes no more than its share of such a width; 0 when none does."""
    return next((length for length in SCALE_LENGTHS_CM if length * 10 <= width_mm * SCALE_SHARE), 0)


# -- header --------------------------------------------------------------------


def _write_header(page: Shades, layout: Layout, header: Header) -> None:
    """Two lines: hospital and what is shown; who and when. At the right the page, and who made it."""
    box = layout.header
    right = box.x + box.width
    first, second, third = box.y + 4, box.y + 56, box.y + 96
    of = f"第 {header.page} 页 / 共 {header.pages} 页"
    edge = write_right(page, of, right, first + 6, BODY_SIZE, TEXT) - GAP * 3
    hospital = fitted(header.hospital, NAME_SIZE, box.width // 2, bold=True)
    begin = write(page, hospital, box.x, first, NAME_SIZE, STRONG, bold=True) + GAP * 4
    write(page, fitted(header.title, BODY_SIZE, edge - begin), begin, first + 7, BODY_SIZE, TEXT)
    name = fitted(header.name, NAME_SIZE - 4, box.width // 3, bold=True)
    begin = write(page, name, box.x, second, NAME_SIZE - 4, STRONG, bold=True) + GAP * 4
    facts = "    ".join(fact for fact in header.facts if fact)
    write(page, fitted(facts, BODY_SIZE - 2, right - begin), begin, second + 5, BODY_SIZE - 2, TEXT)
    write(page, f"{MADE_BY_US} · {CAUTION}", box.x, third, SMALL_SIZE, QUIET)
    line = box.y + box.height - 3
    page[line : line + 2, box.x : right] = LINE
