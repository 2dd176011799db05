"""How a sheet of film is divided: a page of 14 by 17 inches, a header, and cells in rows and columns."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.errors import InvalidField

SHORT_INCHES, LONG_INCHES = 14, 17  # the usual sheet of a laser imager, 36 x 43 cm
DPI = 180  # a cell of 4 x 5 then holds a frame of 512 x 512 pixel by pixel, with its legends beside it
MARGIN = 20
GAP = 12
HEADER_HEIGHT = 132
FOOTER_HEIGHT = 14
SMALLEST_LEGEND, LARGEST_LEGEND = 17, 30  # height of the letters, pixels
LEGEND_SHARE = 0.033  # of the cell's width
MOST_COLUMNS, MOST_ROWS = 6, 8
_NAME = re.compile(r"([1-9])x([1-9])(-landscape)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Rectangle:
    """Pixels of the page; the right and the lower edge are excluded."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Layout:
    """So many cells beside and below each other, on an upright or a lying sheet."""

    columns: int
    rows: int
    landscape: bool = False

    @property
    def cells(self) -> int:
        """How many pictures fit."""
        return self.columns * self.rows

    @property
    def name(self) -> str:
        """As `parse` reads it: 4x5, 3x2-landscape."""
        return f"{self.columns}x{self.rows}" + ("-landscape" if self.landscape else "")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the page in pixels."""
        short, long = SHORT_INCHES * DPI, LONG_INCHES * DPI
        return (long, short) if self.landscape else (short, long)

    @property
    def header(self) -> Rectangle:
        """Where the header is written."""
        return Rectangle(MARGIN, MARGIN // 2, self.size[0] - 2 * MARGIN, HEADER_HEIGHT)

    @property
    def legend(self) -> int:
        """Height of the letters beside a picture, pixels."""
        return round(min(max(self._cell_width * LEGEND_SHARE, SMALLEST_LEGEND), LARGEST_LEGEND))

    def cell(self, place: int) -> Rectangle:
        """The cell of that place, counted from 0 along the rows."""
        row, column = divmod(place, self.columns)
        top = self.header.y + HEADER_HEIGHT + GAP
        x = MARGIN + column * (self._cell_width + GAP)
        return Rectangle(x, top + row * (self._cell_height + GAP), self._cell_width, self._cell_height)

    @property
    def picture_box(self) -> tuple[int, int]:
        """Width and height that a picture may have inside its cell: what the legends around it leave."""
        border = legend_border(self.legend)
        return self._cell_width - 2 * border, self._cell_height - 2 * border

    @property
    def _cell_width(self) -> int:
        return (self.size[0] - 2 * MARGIN - (self.columns - 1) * GAP) // self.columns

    @property
    def _cell_height(self) -> int:
        left = self.size[1] - (self.header.y + HEADER_HEIGHT + GAP) - FOOTER_HEIGHT - (self.rows - 1) * GAP
        return left // self.rows


def legend_border(legend: int) -> int:
    """What legends of that height need on each side of a picture."""
    return round(legend * 1.35)


def parse(name: str) -> Layout:
    """`COLUMNSxROWS`, at most 6x8, with `-landscape` for a lying sheet; raises InvalidField."""
    found = _NAME.fullmatch(name)
    if found is None or int(found[1]) > MOST_COLUMNS or int(found[2]) > MOST_ROWS:
        raise InvalidField("layout", "not-a-layout")
    return Layout(int(found[1]), int(found[2]), bool(found[3]))


_UPRIGHT = ((1, 1), (1, 2), (2, 2), (2, 3), (3, 3), (3, 4), (4, 4), (4, 5), (4, 6), (5, 6), (6, 8))
_LYING = ((1, 1), (2, 1), (2, 2), (3, 2), (3, 3), (4, 3), (5, 4), (6, 5))
USUAL = tuple(Layout(*grid) for grid in _UPRIGHT) + tuple(Layout(*grid, landscape=True) for grid in _LYING)
MOST_CELLS = max(layout.cells for layout in USUAL)


def fitting(pictures: int, aspect: float) -> Layout:
    """The layout that shows so many pictures of that width : height largest; a full page rather than a scanty one."""
    enough = [layout for layout in USUAL if layout.cells >= min(pictures, MOST_CELLS)]
    return max(enough, key=lambda layout: (_shown(layout, aspect), -layout.cells, not layout.landscape))


def _shown(layout: Layout, aspect: float) -> int:
    """Height of one picture in pixels, in steps that the eye notices."""
    width, height = layout.picture_box
    return round(min(height, width / aspect) / 20)
