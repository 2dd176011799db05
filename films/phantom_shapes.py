"""Brushes of the phantoms: soft-edged ellipses and boxes in millimetres, noise with a fixed seed, letters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from math import cos, inf, radians, sin, sqrt
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Field: TypeAlias = NDArray[np.float32]

TILE_MARGIN = 128  # the noise tile is larger than the picture, so that each picture takes another part of it


def grid(side: int, pixel_mm: float, first_mm: float) -> tuple[Field, Field]:
    """x (1, side) and y (side, 1) of the pixel centres in mm."""
    along = (np.arange(side) * pixel_mm + first_mm).astype(np.float32)
    return along[None, :], along[:, None]


@dataclass(frozen=True, slots=True)
class Letters:
    """A text whose lower left corner is at `origin` (column, row); the brush has Latin letters only."""

    words: str
    origin: tuple[int, int]
    scale: float
    thickness: int = 1


@dataclass(frozen=True, slots=True)
class Canvas:
    """A square array to paint on; `first_mm` is x and y of its first pixel centre. Edges are one pixel soft."""

    values: Field
    pixel_mm: float
    first_mm: float

    def ellipse(
        self,
        x: float,
        y: float,
        a: float,
        b: float,
        value: float,
        *,
        angle: float = 0.0,
        within: Field | None = None,
        above: float = inf,
        below: float = -inf,
    ) -> None:
        """Paint an ellipse with half axes a and b, turned clockwise by `angle` degrees, kept to y < above and y > below."""
        if min(a, b) < self.pixel_mm / 2:
            return
        turn = radians(angle)
        reach_x = sqrt((a * cos(turn)) ** 2 + (b * sin(turn)) ** 2)
        reach_y = sqrt((a * sin(turn)) ** 2 + (b * cos(turn)) ** 2)
        rows, columns, dx, dy = self._part(x, y, reach_x, reach_y)
        along, across = (dx * cos(turn) + dy * sin(turn)) / a, (dy * cos(turn) - dx * sin(turn)) / b
        cover = self._soft(np.sqrt(along * along + across * across), min(a, b))
        cover[((dy + y >= above) | (dy + y <= below))[:, 0]] = 0
        self._paint(rows, columns, cover if within is None else cover * within[rows, columns], value)

    def barrel(self, x: float, y: float, a: float, b: float, value: float) -> None:
        """Paint something between an ellipse and a rounded box: the outline of a trunk."""
        rows, columns, dx, dy = self._part(x, y, a, b)
        u, v = (dx / a) ** 2, (dy / b) ** 2
        self._paint(rows, columns, self._soft(np.sqrt(np.sqrt(u * u + v * v + 1.1 * u * v)), min(a, b)), value)

    def box(self, left: float, top: float, right: float, bottom: float, value: float) -> None:
        """Paint a rectangle with hard edges."""
        first, last = self._index(left), self._index(right)
        self.values[self._index(top) : self._index(bottom) + 1, first : last + 1] = value

    def blend(self, cover: Field, value: Field | np.float32) -> None:
        """Mix a value in, everywhere, by its share of each pixel."""
        self.values[...] += cover * (value - self.values)

    def _index(self, millimetres: float) -> int:
        place = round((millimetres - self.first_mm) / self.pixel_mm)
        return min(max(place, 0), len(self.values) - 1)

    def _part(self, x: float, y: float, reach_x: float, reach_y: float) -> tuple[slice, slice, Field, Field]:
        """The rows and columns that a shape touches and their distances from its middle in mm."""
        columns = slice(self._index(x - reach_x - 1), self._index(x + reach_x + 1) + 1)
        rows = slice(self._index(y - reach_y - 1), self._index(y + reach_y + 1) + 1)
        xs, ys = grid(len(self.values), self.pixel_mm, self.first_mm)
        return rows, columns, xs[:, columns] - np.float32(x), ys[rows] - np.float32(y)

    def _soft(self, radius: Field, size: float) -> Field:
        """Unit radius → share of the pixel that is covered."""
        return np.asarray(np.clip((1 - radius) * np.float32(size / self.pixel_mm) + np.float32(0.5), 0, 1), dtype=np.float32)

    def _paint(self, rows: slice, columns: slice, cover: Field, value: float) -> None:
        part = self.values[rows, columns]
        part += cover * (np.float32(value) - part)


def ripple(side: int, number: int, seed: int, strength: float) -> Field:
    """Fine grain like that of a scanner, another one for each number."""
    start = (number * 37) % TILE_MARGIN, (number * 53) % TILE_MARGIN
    return _grain(side + TILE_MARGIN, seed)[start[0] : start[0] + side, start[1] : start[1] + side] * np.float32(strength)


@lru_cache(maxsize=4)
def _grain(side: int, seed: int) -> Field:
    raw = np.random.default_rng(seed).standard_normal((side, side), dtype=np.float32)
    smooth = np.asarray(cv2.GaussianBlur(raw, (0, 0), 0.8), dtype=np.float32)
    return np.asarray(smooth / smooth.std(), dtype=np.float32)


def lettering(shape: tuple[int, ...], texts: Iterable[Letters]) -> NDArray[np.bool_]:
    """Where the letters are."""
    ink = np.zeros(shape, np.uint8)
    for text in texts:
        cv2.putText(ink, text.words, text.origin, cv2.FONT_HERSHEY_SIMPLEX, text.scale, 255, text.thickness, cv2.LINE_AA)
    return np.asarray(ink > 127)
