"""Marks of a doctor drawn on a picture: light lines with a dark rim, to be seen on any ground."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import hypot

import cv2
import numpy as np
from numpy.typing import NDArray

from films.presentation import WORDS, Mark
from films.tables import WHITE, Shades
from films.turn import Turn
from films.typeset import width_of, write

DARK, LIGHT = 0, WHITE
LINE_SHARE = 300  # a line is one part in so many of the picture's width, and two pixels at least
LETTERS_SHARE = 26  # as are letters
SMALLEST_LETTERS = 14
STEPS = 16  # of a curve from one point to the next, and a quarter of those of a circle
FRACTION_BITS = 4  # of a pixel: where lines run between pixels

Points = NDArray[np.float64]  # (n, 2): across, down, in pixels of the picture


def marked(picture: Shades, marks: Iterable[Mark], turn: Turn, columns: int, rows: int) -> Shades:
    """The picture with these marks; `turn` is how it was turned, `columns` and `rows` are those of the frame."""
    height, width = picture.shape[:2]
    drawn = np.array(picture)
    for mark in marks:
        placed = [turn.point(column / columns, row / rows) for column, row in mark.points]
        points = np.array(placed, np.float64) * (width, height)
        if np.abs(points).max() > 4 * max(width, height):
            continue  # a wrong number, not a place
        if mark.shape == WORDS:
            _write(drawn, mark.words, points[0])
        else:
            _draw(drawn, _outline(mark.shape, points), closed=mark.shape in ("CIRCLE", "ELLIPSE"), filled=mark.filled)
    return drawn


def _outline(shape: str, points: Points) -> Points:
    if shape == "POINT":
        return np.repeat(points[:1], 2, axis=0)
    if shape == "CIRCLE":
        centre, rim = points[0], points[1]
        radius = hypot(*(rim - centre))
        return _ellipse(centre, np.array((radius, 0.0)), np.array((0.0, radius)))
    if shape == "ELLIPSE":
        return _ellipse(points[:2].mean(axis=0), (points[1] - points[0]) / 2, (points[3] - points[2]) / 2)
    return _curve(points) if shape == "INTERPOLATED" and len(points) > 2 else points


def _ellipse(centre: Points, long: Points, short: Points) -> Points:
    angles = np.linspace(0, 2 * np.pi, 4 * STEPS, endpoint=False)[:, None]
    return np.asarray(centre + np.cos(angles) * long + np.sin(angles) * short)


def _curve(points: Points) -> Points:
    """Through all points (Catmull-Rom); closed where it ends where it began."""
    closed = bool(np.allclose(points[0], points[-1]))
    before, after = (points[-2], points[1]) if closed else (points[0], points[-1])
    around = np.vstack((before, points, after))
    share = np.linspace(0, 1, STEPS, endpoint=False)[:, None]
    pieces = [_piece(around[at : at + 4], share) for at in range(len(points) - 1)]
    return np.vstack((*pieces, points[-1:]))


def _piece(four: Points, share: Points) -> Points:
    a, b, c, d = four
    bent = 2 * b + (c - a) * share + (2 * a - 5 * b + 4 * c - d) * share**2 + (3 * b - a - 3 * c + d) * share**3
    return np.asarray(bent / 2)


def _draw(picture: Shades, points: Points, *, closed: bool, filled: bool) -> None:
    line = max(2, picture.shape[1] // LINE_SHARE)
    exact = np.round((points - 0.5) * (1 << FRACTION_BITS)).astype(np.int32)  # a pixel's centre lies half a pixel in
    if filled and closed:
        cv2.fillPoly(picture, [exact], _shade(picture, LIGHT), cv2.LINE_AA, FRACTION_BITS)
    for shade, thickness in ((DARK, line + 2), (LIGHT, line)):
        cv2.polylines(picture, [exact], closed, _shade(picture, shade), thickness, cv2.LINE_AA, FRACTION_BITS)


def _write(picture: Shades, words: str, at: Points) -> None:
    """On a dark ground of its own, moved into the picture where it would run over its edge."""
    size = max(SMALLEST_LETTERS, picture.shape[1] // LETTERS_SHARE)
    height, width = picture.shape[:2]
    left = max(0, min(int(at[0]), width - width_of(words, size) - 2))
    top = max(0, min(int(at[1]), height - size - 2))
    picture[top : top + size + 2, left : left + width_of(words, size) + 2] = DARK
    write(picture, words, left + 1, top, size, LIGHT)


def _shade(picture: Shades, value: int) -> Sequence[int]:
    return (value,) * (picture.shape[2] if picture.ndim == 3 else 1)
