"""What a film is made of: single frames, stacks of them to choose from, and the cells and sheets that come of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from films.bodyparts import Part
from films.facts import ImageFacts, KeyNote
from films.image import Window
from films.layout import Layout
from films.presentation import Mark, Presentation
from films.turn import UPRIGHT, Turn

CELLS_A_PAGE = 20  # 4 x 5, what hospitals print
CELLS_OF_MANY = 30  # 5 x 6, for whole bodies


@dataclass(frozen=True, slots=True)
class Named:
    """A window with the name that a doctor gives it."""

    name: str
    window: Window
    sharp: bool = False  # wants edges: a lung or bone reconstruction where there is one
    thin_only: bool = False


@dataclass(frozen=True, slots=True)
class Slot:
    """One frame (1-based) of an image."""

    image: ImageFacts
    frame: int = 1


@dataclass(frozen=True, slots=True)
class Cell:
    """What is shown in a cell; window None: as the image itself asks. `inverted`: much is black, as nuclear medicine reads."""

    slot: Slot
    window: Window | None = None
    inverted: bool = False
    turn: Turn = UPRIGHT
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """What a presentation state asks of an image."""

    window: Window | None = None
    turn: Turn = UPRIGHT
    marks: tuple[Mark, ...] = ()


AS_IT_IS = Look()


@dataclass(frozen=True, slots=True)
class Stack:
    """Slices of one run in order, of which as many as fit are taken; and the windows to show them in, one after the other."""

    slots: tuple[Slot, ...]
    title: str = ""
    windows: tuple[Named | None, ...] = (None,)
    most: int = CELLS_A_PAGE
    inverted: bool = False
    organ: Part | None = None  # whose slices are wanted
    each_alone: bool = False  # one large picture a sheet

    @property
    def needs_span(self) -> bool:
        """True when a choice must be made, so that it is worth looking where the organ lies."""
        return len(self.slots) > self.most and self.slots[0].image.modality in ("CT", "MR")


@dataclass(frozen=True, slots=True)
class Page:
    """One sheet to be drawn."""

    title: str
    layout: Layout
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Material:
    """All that is known of the images of an exam; `words` are the hospital's: item and body part."""

    images: Sequence[ImageFacts]
    notes: Sequence[KeyNote] = ()
    states: Sequence[Presentation] = ()
    rejected: frozenset[str] = frozenset()
    words: Sequence[str] = field(default_factory=tuple)


def spread(slots: Sequence[Slot], most: int, span: tuple[int, int] | None = None) -> tuple[Slot, ...]:
    """At most so many, evenly spaced over the span (first and last place) or over all."""
    first, last = span or (0, len(slots) - 1)
    inside = slots[first : last + 1]
    if len(inside) <= most:
        return tuple(inside)
    return tuple(inside[int((place + 0.5) * len(inside) / most)] for place in range(most))
