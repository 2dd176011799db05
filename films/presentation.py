"""What a doctor set in a presentation state (PS3.3 A.33): window, rotation, and marks drawn on single images."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from films.dicomjson import Json, items, number, numbers, text, values, whole
from films.facts import taken
from films.image import Window
from films.tone import is_possible
from films.turn import QUARTER, UPRIGHT, Turn

PRESENTATION_STATES = frozenset(f"1.2.840.10008.5.1.4.1.1.11.{number}" for number in (1, 2, 3, 4, 8))
MOST_MARKS, MOST_POINTS = 200, 2000  # of an image, of a mark: beyond that nobody drew it by hand
LONGEST_WORDS = 40
# Graphic Type (PS3.3 C.10.5) → fewest points.
SHAPES: Mapping[str, int] = {"POINT": 1, "POLYLINE": 2, "INTERPOLATED": 2, "CIRCLE": 2, "ELLIPSE": 4}
WORDS = "TEXT"
# What was measured is drawn, each number with its unit: any other text may name somebody, and a film also leaves under a mask.
_LABEL = (
    r"(?:mean|max|min|avg|area|std|dev|sd|suv(?:bw)?|length|angle|[ldwh]|面积|长度|平均|最大|最小|标准差|角度)\s*[:=：]?\s*"
)
_NUMBER = r"[<>±~-]?[0-9]{1,5}(?:[.,][0-9]{1,3})?"
_UNIT = r"(?:mm|cm|ml|cc|hu|suv|px|%|°|deg)[²³23]?"
_SIZE = rf"(?:{_LABEL})?{_NUMBER}(?:\s*[x×*]\s*{_NUMBER}){{0,2}}\s*{_UNIT}"
_MEASURED = re.compile(rf"{_SIZE}(?:[\s,;/，；]+{_SIZE})*", re.IGNORECASE)

Point = tuple[float, float]  # column, row, in pixels of the frame from its top left corner


@dataclass(frozen=True, slots=True)
class Mark:
    """A shape, or words at a point; on these frames (from 1), on all when there are none."""

    shape: str
    points: tuple[Point, ...]
    filled: bool = False
    words: str = ""
    frames: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Presentation:
    """instance → window, None where it sets none; the turn of all of them; instance → its marks."""

    taken: str
    windows: Mapping[str, Window | None]
    turn: Turn = UPRIGHT
    marks: Mapping[str, Sequence[Mark]] = field(default_factory=dict)


def presentation(document: Json) -> Presentation:
    """What a presentation state says of the images that it names."""
    named = [uid for series in items(document, "00081115") for uid, _ in _references(series)]
    windows: dict[str, Window | None] = dict.fromkeys(named)
    for softcopy in items(document, "00283110"):
        window = _window(softcopy)
        for uid in [uid for uid, _ in _references(softcopy)] or named:
            windows[uid] = window
    return Presentation(taken(document), windows, _turn(document), _marks(document, named))


def _references(item: Json) -> Iterator[tuple[str, frozenset[int]]]:
    """Instances that an item names, each with its frames (empty = all)."""
    for each in items(item, "00081140"):
        uid = text(each, "00081155")
        if uid:
            yield uid, frozenset(value for value in values(each, "00081160") if isinstance(value, int))


def _window(softcopy: Json) -> Window | None:
    center, width = number(softcopy, "00281050"), number(softcopy, "00281051")
    if center is None or width is None:
        return None
    function = text(softcopy, "00281056")
    window = Window(center, width, function if function in ("LINEAR_EXACT", "SIGMOID") else "LINEAR")
    return window if is_possible(window) else None


def _turn(document: Json) -> Turn:
    degrees = whole(document, "00700042") or 0
    known = degrees % QUARTER == 0
    return Turn(degrees % 360 if known else 0, text(document, "00700041").upper() == "Y")


def _marks(document: Json, named: Sequence[str]) -> dict[str, list[Mark]]:
    found: dict[str, list[Mark]] = {}
    for annotation in items(document, "00700001"):
        drawn = [*_shapes(annotation), *_words(annotation)]
        for uid, frames in list(_references(annotation)) or [(uid, frozenset[int]()) for uid in named]:
            marks = found.setdefault(uid, [])
            marks += [Mark(shape, points, filled, words, frames) for shape, points, filled, words in drawn]
            del marks[MOST_MARKS:]
    return found


def _shapes(annotation: Json) -> Iterator[tuple[str, tuple[Point, ...], bool, str]]:
    for item in items(annotation, "00700009"):
        shape = text(item, "00700023").upper()
        points = _points(numbers(item, "00700022"))
        if text(item, "00700005").upper() == "PIXEL" and SHAPES.get(shape, MOST_POINTS + 1) <= len(points) <= MOST_POINTS:
            yield shape, points, text(item, "00700024").upper() == "Y", ""


def _words(annotation: Json) -> Iterator[tuple[str, tuple[Point, ...], bool, str]]:
    """What was measured, at its anchor, else at the corner of its box."""
    for item in items(annotation, "00700008"):
        words = " ".join(text(item, "00700006").split())
        if len(words) > LONGEST_WORDS or not _MEASURED.fullmatch(words):
            continue
        for units, place in (("00700003", "00700010"), ("00700004", "00700014")):
            points = _points(numbers(item, place))
            if text(item, units).upper() == "PIXEL" and len(points) == 1:
                yield WORDS, points, False, words
                break


def _points(coordinates: Sequence[float]) -> tuple[Point, ...]:
    """Pairs of column and row; empty when one is missing."""
    if len(coordinates) % 2:
        return ()
    return tuple(zip(coordinates[::2], coordinates[1::2], strict=True))
