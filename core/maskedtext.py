"""Free text, such as a report's, for somebody who must not learn whose it is: names, numbers, addresses give way to stars.

Where a listed form is missed the text would name somebody, so that in doubt a word goes: a report reads on without a number.
What it cannot know is a name that stands in the text without any sign and belongs to nobody we were told of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from core.textanybody import ANYWHERE
from core.textperson import Whose, of_person
from core.textsearch import folded

__all__ = ["VERSION", "Whose", "masked_text"]

VERSION: Final = 2  # part of every cache key and ETag of masked words: raise it with every change of what stays


@dataclass(frozen=True, slots=True)
class _Place:
    """What stands from `begin` to before `end`, and what takes its place."""

    begin: int
    end: int
    shown: str


def masked_text(text: str, whose: Whose) -> str:
    """The text without what names the patient or somebody beside; all that does not, stays as it is."""
    if not text:
        return text
    return "".join(_without(text, sorted(_places(folded(text), whose), key=lambda place: (place.begin, -place.end))))


def _without(text: str, places: Iterable[_Place]) -> Iterator[str]:
    at = 0
    for place in places:
        if place.begin >= at:
            yield text[at : place.begin]
            yield place.shown
        at = max(at, place.end)
    yield text[at:]


def _places(text: str, whose: Whose) -> Iterator[_Place]:
    for pattern, shown in (*of_person(whose), *ANYWHERE):
        for found in pattern.finditer(text):
            told = shown(found)
            if told is not None:
                yield _Place(found.start("it"), found.end("it"), told)
