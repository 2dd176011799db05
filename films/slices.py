"""Cross sections on a film: which run of slices, in which order and windows, for CT, MR, PET and scintigraphy."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from films.bodyparts import Part, parts
from films.facts import ImageFacts, Vector
from films.image import Window
from films.orientation import normal
from films.stack import CELLS_OF_MANY, Named, Slot, Stack
from films.tone import is_possible
from films.worthy import says

FEWEST_OF_A_STACK = 3
THIN_MM = 2.0  # from here on a bone window of the head is worth its sheet
FILM_THICKNESS_MM = 5.0  # what reads best on a film
MOST_PHASES = 3  # plain, arterial, venous
MOST_MR_SEQUENCES = 8
MOST_SCINTIGRAMS = 12
SUV_WHITE = 6.0

SHARP_WORDS = ("肺窗", "肺", "骨", "lung", "bone", "hrct", "sharp", "edge", "yb", "ya", "yc", "yd")
SHARP_KERNEL = re.compile(
    r"\b(?:[BHIU](?:[5-9]\d)[FHS]?|B[LR]?(?:5[5-9]|[67]\d)|HR[5-9]\d|FC(?:3\d|5\d|8\d)|LUNG|BONE\w*|EDGE|SHARP\w*|Y[A-D]|[DE])\b",
    re.IGNORECASE,
)
BONE_WORDS = ("骨", "bone")

LUNG = Named("肺窗", Window(-600.0, 1500.0), sharp=True)
MEDIASTINUM = Named("纵隔窗", Window(40.0, 400.0))
BRAIN = Named("脑窗", Window(40.0, 80.0))
SOFT = Named("软组织窗", Window(50.0, 350.0))
BONE = Named("骨窗", Window(450.0, 1800.0), sharp=True)
CT_WINDOWS: Mapping[Part, tuple[Named, ...]] = {
    Part.HEAD: (BRAIN, replace(BONE, window=Window(500.0, 2000.0), thin_only=True)),
    Part.CHEST: (LUNG, MEDIASTINUM),
    Part.ABDOMEN: (SOFT,),
    Part.PELVIS: (SOFT,),
    Part.NECK: (SOFT,),
    Part.BREAST: (SOFT,),
    Part.SPINE: (SOFT, BONE),
    Part.LIMB: (BONE, SOFT),
    Part.SINUS: (replace(BONE, window=Window(400.0, 2500.0)), SOFT),
    Part.EAR: (replace(BONE, window=Window(700.0, 4000.0)),),
    Part.HEART: (Named("血管窗", Window(200.0, 700.0)),),
    Part.VESSELS: (Named("血管窗", Window(200.0, 700.0)),),
}


@dataclass(frozen=True, slots=True)
class _Run:
    """Slices of one series that lie parallel, in order."""

    slots: tuple[Slot, ...]

    @property
    def first(self) -> ImageFacts:
        return self.slots[0].image

    @property
    def thickness_mm(self) -> float:
        return self.first.thickness_mm or FILM_THICKNESS_MM

    @property
    def is_sharp(self) -> bool:
        return bool(SHARP_KERNEL.search(self.first.kernel)) or says(self.first.series_words, SHARP_WORDS)

    @property
    def is_bone(self) -> bool:
        return says(f"{self.first.series_words} {self.first.kernel}", BONE_WORDS)


def cross_sections(images: Sequence[ImageFacts], words: Sequence[str]) -> list[Stack]:
    """Their stacks, in the order of their sheets; `words` are the hospital's."""
    part = _parts(images, words)
    found: list[Stack] = []
    for modality, make in (("CT", _ct), ("MR", _mr), ("PT", _pet), ("NM", _scintigraphy)):
        of_modality = [image for image in images if image.modality == modality]
        runs = [run for run in _in_runs(of_modality, feet_first=part[:1] == (Part.HEAD,) and modality != "PT")]
        found += make(runs, part) if runs else []
    return found


def _parts(images: Sequence[ImageFacts], words: Sequence[str]) -> tuple[Part, ...]:
    """The hospital's words first, then what the devices wrote."""
    first = images[0]
    return parts(
        (*words, *(image.body_part for image in (first, images[-1])), first.study_words, first.series_words, first.protocol)
    )


def _in_runs(images: Sequence[ImageFacts], *, feet_first: bool) -> list[_Run]:
    """One for each series: its largest set of parallel slices, each place once."""
    ordered = sorted(images, key=lambda image: (image.series_number is None, image.series_number or 0, image.series))
    runs = []
    for _, of_series in groupby(ordered, key=lambda image: image.series):
        slots = [Slot(image, frame) for image in of_series for frame in range(1, image.frames + 1)]
        lots: dict[tuple[object, ...], list[Slot]] = {}
        for slot in slots:
            lots.setdefault(_plane_of(slot), []).append(slot)
        runs.append(_Run(_in_order(max(lots.values(), key=len), feet_first=feet_first)))
    return runs


def _plane_of(slot: Slot) -> tuple[object, ...]:
    across = normal(slot.image.plane(slot.frame))
    turned = tuple(round(abs(each), 1) for each in across) if across else ()
    return (turned, slot.image.rows, slot.image.columns)


def _in_order(slots: Sequence[Slot], *, feet_first: bool) -> tuple[Slot, ...]:
    """As films are read: head to feet (brains upward), right to left, front to back; a place that repeats once."""
    places = {slot: _place(slot) for slot in slots}
    if any(place is None for place in places.values()):
        return tuple(sorted(slots, key=_number))
    axis = _axis(slots[0])
    downward = axis == 2 and not feet_first
    best: dict[float, Slot] = {}
    for slot in sorted(slots, key=_first_choice):
        best.setdefault(round(places[slot] or 0.0, 2), slot)
    if len(best) == 1 and len(slots) > 1:  # a moving picture of one place
        return tuple(sorted(slots, key=_number))
    return tuple(best[place] for place in sorted(best, reverse=downward))


def _first_choice(slot: Slot) -> tuple[float, int, int, int]:
    """Of several pictures of one place: the strongest diffusion weight, the first echo, the first moment."""
    b_value = slot.image.plane(slot.frame).b_value or 0.0
    return (-b_value, slot.image.echo, slot.image.temporal, _number(slot)[1])


def _number(slot: Slot) -> tuple[bool, int, str, int]:
    number = slot.image.instance_number
    return (number is None, number or 0, slot.image.taken, slot.frame)


def _axis(slot: Slot) -> int:
    across = normal(slot.image.plane(slot.frame)) or (0.0, 0.0, 1.0)
    return max(range(3), key=lambda axis: abs(across[axis]))


def _place(slot: Slot) -> float | None:
    """Millimetres along the normal, turned so that it grows with the patient's axis."""
    plane = slot.image.plane(slot.frame)
    across: Vector | None = normal(plane)
    if plane.position is None:
        return None
    across = across or (0.0, 0.0, 1.0)
    sign = 1.0 if across[_axis(slot)] > 0 else -1.0
    return sign * sum(a * b for a, b in zip(across, plane.position, strict=True))


def _ct(runs: Sequence[_Run], part: tuple[Part, ...]) -> list[Stack]:
    """One run for each phase and window: the sharp reconstruction for lung and bone, a thick soft one for the rest."""
    organs: dict[Named, Part] = {}  # window → the first part that asks for it
    for each in part:
        for named in CT_WINDOWS.get(each, ()):
            organs.setdefault(named, each)
    runs = _many(runs)
    phases: dict[str, list[_Run]] = {}
    for run in runs:
        phases.setdefault(run.first.acquisition if _is_axial(run) else f"plane of {run.first.series}", []).append(run)
    found = []
    for place, of_phase in enumerate(list(phases.values())[:MOST_PHASES]):
        if not organs:
            best = _best(of_phase, sharp=False)
            found.append(Stack(best.slots, _title(best, runs)))
        for named, organ in organs.items():
            if place and named.sharp:  # air and bone do not change with contrast
                continue
            if named.thin_only and not any(run.thickness_mm <= THIN_MM or run.is_bone for run in of_phase):
                continue
            best = _best(of_phase, sharp=named.sharp)
            found.append(Stack(best.slots, _title(best, runs), (named,), organ=organ))
    return found


def _is_axial(run: _Run) -> bool:
    return _axis(run.slots[0]) == 2


def _many(runs: Sequence[_Run]) -> list[_Run]:
    """Those that show an organ; few slices only when no run has more."""
    return [run for run in runs if len(run.slots) >= FEWEST_OF_A_STACK] or list(runs)


def _best(runs: Sequence[_Run], *, sharp: bool) -> _Run:
    return min(runs, key=lambda run: (run.is_sharp != sharp, abs(run.thickness_mm - FILM_THICKNESS_MM), -len(run.slots)))


def _title(run: _Run, runs: Sequence[_Run]) -> str:
    """The series' own words where there is more than one run to tell apart."""
    return run.first.series_words.strip() if len(runs) > 1 else ""


def _mr(runs: Sequence[_Run], part: tuple[Part, ...]) -> list[Stack]:
    """One sheet for each sequence."""
    organ = part[0] if part else None
    wanted = _many(runs)[:MOST_MR_SEQUENCES]
    return [Stack(run.slots, run.first.series_words.strip(), most=CELLS_OF_MANY, organ=organ) for run in wanted]


def _pet(runs: Sequence[_Run], part: tuple[Part, ...]) -> list[Stack]:
    """Activity is black on white, and all slices have one window: SUV 0 to 6 where it can be computed."""
    del part
    run = max(_many(runs), key=lambda run: len(run.slots))
    factor = run.first.suv_factor
    named = None
    window = Window(SUV_WHITE / factor / 2, SUV_WHITE / factor, "LINEAR_EXACT") if factor else None
    if window is not None and is_possible(window):
        named = Named(f"SUV 0–{SUV_WHITE:g}", window)
    return [Stack(run.slots, "" if named else run.first.series_words.strip(), (named,), CELLS_OF_MANY, inverted=True)]


def _scintigraphy(runs: Sequence[_Run], part: tuple[Part, ...]) -> list[Stack]:
    del part
    slots = [slot for run in runs for slot in run.slots]
    return [Stack(tuple(slots), most=MOST_SCINTIGRAMS)]
