"""Which images a film shows: what a doctor marked, else a rule for each kind of exam. Pure: facts in, pages out."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from films.bodyparts import Part, parts
from films.facts import ImageFacts, KeyNote, Vector
from films.image import Window
from films.layout import Layout, fitting
from films.orientation import normal
from films.presentation import Mark, Presentation
from films.tone import is_possible
from films.turn import UPRIGHT, Turn

MOST_PAGES = 12
CELLS_A_PAGE = 20  # 4 x 5, what hospitals print
CELLS_OF_MANY = 30  # 5 x 6, for whole bodies
MOST_OF_A_CLIP = 12
STILLS_A_PAGE = 12
FEWEST_OF_A_STACK = 3
THIN_MM = 2.0  # from here on a bone window of the head is worth its sheet
FILM_THICKNESS_MM = 5.0  # what reads best on a film
MOST_PHASES = 3  # plain, arterial, venous
MOST_MR_SEQUENCES = 8
STATE_SELECTS_AT_MOST = 40  # a presentation state of more images sets their grey and selects nothing
SUV_WHITE = 6.0
LONGEST_SHAPE = 10.0  # sides of a picture that is laid out as it is

CROSS_SECTIONS = frozenset(("CT", "MR", "PT", "NM"))
RADIOGRAPHS = frozenset(("CR", "DX", "MG", "IO", "PX", "RG"))
RUNS = frozenset(("XA", "RF"))
NO_PICTURES = frozenset(("SM", "SEG", "RTDOSE", "RTIMAGE", "RWV", "REG"))  # slides, masks, numbers
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7."  # and its kinds for several frames
_CAPTURED = frozenset(("SCREEN SAVE", "SCREENSAVE", "DOSE", "DOSE_INFO", "REPORT", "PROTOCOL", "GRAPH"))  # of Image Type

# Of a series' description or of Image Type. Latin words stand alone, Chinese ones anywhere.
SCOUT_WORDS = (
    *("定位", "localizer", "localiser", "locator", "loc", "scout", "scanogram", "topogram", "surview", "survey"),
    *("3-plane", "3 plane", "3plane", "plan scan", "smart brain"),
)
SHEET_WORDS = (  # a low dose is a way to scan, not a table
    *("剂量报告", "剂量表", "剂量信息", "报告"),
    *(
        "dose report",
        "dose info",
        "dose record",
        "dose summary",
        "patient protocol",
        "exam protocol",
        "screen save",
        "screensave",
    ),
)
SERVICE_WORDS = (
    *("监测", "跟踪", "校准", "匀场", "预扫"),
    *("smartprep", "smart prep", "bolus", "test bolus", "premonitoring", "monitoring", "tracker", "care bolus"),
    *("calibration", "asset cal", "shim", "prescan", "coil survey", "ref scan", "field map"),
)
SHARP_WORDS = ("肺窗", "肺", "骨", "lung", "bone", "hrct", "sharp", "edge", "yb", "ya", "yc", "yd")
SHARP_KERNEL = re.compile(
    r"\b(?:[BHIU](?:[5-9]\d)[FHS]?|B[LR]?(?:5[5-9]|[67]\d)|HR[5-9]\d|FC(?:3\d|5\d|8\d)|LUNG|BONE\w*|EDGE|SHARP\w*|Y[A-D]|[DE])\b",
    re.IGNORECASE,
)
BONE_WORDS = ("骨", "bone")


@dataclass(frozen=True, slots=True)
class Named:
    """A window with the name that a doctor gives it."""

    name: str
    window: Window
    sharp: bool = False  # wants edges: a lung or bone reconstruction where there is one
    thin_only: bool = False


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


_AS_IT_IS = Look()


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


def stacks(material: Material) -> tuple[Stack, ...]:
    """What is worth a film, in the order of its sheets; empty when there is nothing to show."""
    usable = [image for image in material.images if _is_usable(image) and image.instance not in material.rejected]
    marked = _marked(material, usable)
    if marked:
        return (Stack(marked, "关键图像", most=len(marked)),)
    worthy = _worthy(usable)
    found: list[Stack] = []
    for make in (_cross_sections, _radiographs, _runs, _stills):
        of_kind = [image for image in worthy if KINDS.get(image.modality, _stills) is make]
        found += make(of_kind, material.words) if of_kind else []
    return tuple(found)


def pages(found: Iterable[Stack], spans: Mapping[int, tuple[int, int]], looks: Mapping[str, Look]) -> tuple[Page, ...]:
    """The sheets of these stacks. `spans`: place of a stack → first and last slice of its organ, where somebody looked;
    `looks`: instance → what a presentation state asks of it."""
    made: list[Page] = []
    for place, stack in enumerate(found):
        chosen = spread(stack.slots, stack.most, spans.get(place))
        for named in stack.windows:
            cells = [_cell(slot, named, stack, looks) for slot in chosen]
            made += _sheets(cells, " ".join(filter(None, (stack.title, named.name if named else ""))), stack.each_alone)
    return tuple(made[:MOST_PAGES])


def state_looks(material: Material) -> dict[str, Look]:
    """Instance → what the newest presentation state that names it asks."""
    looks: dict[str, Look] = {}
    for state in sorted(material.states, key=lambda state: state.taken):
        looks |= {uid: Look(window, state.turn, tuple(state.marks.get(uid, ()))) for uid, window in state.windows.items()}
    return looks


def spread(slots: Sequence[Slot], most: int, span: tuple[int, int] | None = None) -> tuple[Slot, ...]:
    """At most so many, evenly spaced over the span (first and last place) or over all."""
    first, last = span or (0, len(slots) - 1)
    inside = slots[first : last + 1]
    if len(inside) <= most:
        return tuple(inside)
    return tuple(inside[int((place + 0.5) * len(inside) / most)] for place in range(most))


def _cell(slot: Slot, named: Named | None, stack: Stack, looks: Mapping[str, Look]) -> Cell:
    """The rule's window comes before that of a presentation state; turned and marked it is in any window."""
    look = looks.get(slot.image.instance, _AS_IT_IS)
    marks = tuple(mark for mark in look.marks if not mark.frames or slot.frame in mark.frames)
    return Cell(slot, named.window if named else look.window, stack.inverted, look.turn, marks)


def _sheets(cells: Sequence[Cell], title: str, each_alone: bool) -> list[Page]:
    """As few sheets as hold them, evenly filled."""
    if not cells:
        return []
    a_page = 1 if each_alone else CELLS_A_PAGE if len(cells) > CELLS_OF_MANY else CELLS_OF_MANY
    count = -(-len(cells) // a_page)
    size = -(-len(cells) // count)
    lots = [cells[start : start + size] for start in range(0, len(cells), size)]
    return [Page(title, fitting(len(lot), _aspect(lot)), tuple(lot)) for lot in lots]


def _aspect(cells: Sequence[Cell]) -> float:
    """Width over height of the commonest picture."""
    shapes = Counter(_shape(cell.slot.image) for cell in cells)
    return shapes.most_common(1)[0][0]


def _shape(image: ImageFacts) -> float:
    down, across = image.spacing_mm or (1.0, 1.0)
    return min(max(round(image.columns * across / (image.rows * down), 2), 1 / LONGEST_SHAPE), LONGEST_SHAPE)


# -- what counts at all ------------------------------------------------------------


def _is_usable(image: ImageFacts) -> bool:
    return bool(image.drawable and image.frames and image.rows and image.columns) and image.modality not in NO_PICTURES


def _worthy(images: Sequence[ImageFacts]) -> list[ImageFacts]:
    """Without scouts, dose sheets, captures, service scans, raw radiographs, and derived images where there are originals."""
    kept = [image for image in images if not (_is_scout(image) or _is_sheet(image) or _is_service(image))]
    kept = kept or [image for image in images if not _is_sheet(image)]  # a scout alone is better than nothing
    shown = {image.modality for image in kept if image.intent != "FOR PROCESSING"}
    kept = [image for image in kept if image.intent != "FOR PROCESSING" or image.modality not in shown]
    return _originals(kept)


def _is_scout(image: ImageFacts) -> bool:
    return "LOCALIZER" in image.image_type or (image.modality in CROSS_SECTIONS and _says(image.series_words, SCOUT_WORDS))


def _is_sheet(image: ImageFacts) -> bool:
    """A table or a screen made into an image."""
    captured = f"{image.sop_class}.".startswith(_SECONDARY_CAPTURE) and image.modality in CROSS_SECTIONS - {"NM"}
    typed = not _CAPTURED.isdisjoint(image.image_type)
    return captured or typed or _says(image.series_words, SHEET_WORDS)


def _is_service(image: ImageFacts) -> bool:
    return image.modality in CROSS_SECTIONS and _says(image.series_words, SERVICE_WORDS)


def _originals(images: Sequence[ImageFacts]) -> list[ImageFacts]:
    """Of cross sections the originals; what was computed from them only where there is nothing else, or a diffusion map."""
    with_originals = {image.modality for image in images if not _is_derived(image)}
    return [image for image in images if not _is_derived(image) or image.modality not in with_originals or _is_map(image)]


def _is_derived(image: ImageFacts) -> bool:
    return image.modality in CROSS_SECTIONS and image.image_type[:1] == ("DERIVED",)


def _is_map(image: ImageFacts) -> bool:
    return image.modality == "MR" and ("ADC" in image.image_type or _says(image.series_words, ("adc", "表观")))


def _says(text: str, words: tuple[str, ...]) -> bool:
    folded = unicodedata.normalize("NFKC", text).lower().replace("_", " ")
    return any(word in folded if not word.isascii() else _stands(word, folded) for word in words)


def _stands(word: str, text: str) -> bool:
    return re.search(rf"(?<![a-z]){re.escape(word)}(?![a-z])", text) is not None


# -- marked by a doctor -------------------------------------------------------------


def _marked(material: Material, usable: Sequence[ImageFacts]) -> tuple[Slot, ...]:
    """Key object selections in their order, else the images of a presentation state that names only some."""
    here = {image.instance: image for image in usable}
    slots: dict[Slot, None] = {}
    for note in sorted(material.notes, key=lambda note: note.taken):
        for instance, frame in note.images:
            slots |= dict.fromkeys(_slots_of(here.get(instance), frame))
    if slots:
        return tuple(slots)
    return tuple(slot for state in material.states for slot in _selected(state, here))


def _slots_of(image: ImageFacts | None, frame: int) -> list[Slot]:
    if image is None or frame > image.frames:
        return []
    if frame:
        return [Slot(image, frame)]
    return list(spread([Slot(image, number) for number in range(1, image.frames + 1)], MOST_OF_A_CLIP))


def _selected(state: Presentation, here: Mapping[str, ImageFacts]) -> list[Slot]:
    """A state that names all images of a series was made by a device, not by a doctor who chose."""
    named = [here[instance] for instance in state.windows if instance in here]
    of_series = Counter(image.series for image in here.values())
    chosen = Counter(image.series for image in named)
    if len(named) > STATE_SELECTS_AT_MOST or any(of_series[series] == count for series, count in chosen.items()):
        return []
    return [slot for image in named for slot in _slots_of(image, 0 if image.frames > 1 else 1)]


# -- cross sections ----------------------------------------------------------------


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
        return bool(SHARP_KERNEL.search(self.first.kernel)) or _says(self.first.series_words, SHARP_WORDS)

    @property
    def is_bone(self) -> bool:
        return _says(f"{self.first.series_words} {self.first.kernel}", BONE_WORDS)


def _cross_sections(images: Sequence[ImageFacts], words: Sequence[str]) -> list[Stack]:
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
    return [Stack(tuple(slots), most=STILLS_A_PAGE)]


# -- pictures that stand for themselves -------------------------------------------------

# Right before left, from above before from the side: how mammograms hang.
_VIEWS = {"CC": 0, "MLO": 1, "ML": 2, "LM": 2}


def _radiographs(images: Sequence[ImageFacts], words: Sequence[str]) -> list[Stack]:
    """Each on a sheet of its own."""
    del words
    slots = [Slot(image) for image in sorted(images, key=_hanging)]
    return [Stack(tuple(slots[:MOST_PAGES]), each_alone=True, most=MOST_PAGES)]


def _hanging(image: ImageFacts) -> tuple[object, ...]:
    mammogram = (_VIEWS.get(image.view, 9), image.laterality != "R") if image.modality == "MG" else (0, False)
    return (*mammogram, *_by_number(image))


def _by_number(image: ImageFacts) -> tuple[object, ...]:
    series = (image.series_number is None, image.series_number or 0, image.series)
    return (*series, image.instance_number is None, image.instance_number or 0, image.taken)


def _runs(images: Sequence[ImageFacts], words: Sequence[str]) -> list[Stack]:
    """Each run of an angiography on a sheet, in moments evenly spaced; single exposures together."""
    del words
    ordered = sorted(images, key=_by_number)
    moving = [image for image in ordered if image.frames > 1]
    still = tuple(Slot(image) for image in ordered if image.frames == 1)
    found = [Stack(tuple(_frames(image)), image.series_words.strip(), most=MOST_OF_A_CLIP) for image in moving]
    return found + ([Stack(still, most=STILLS_A_PAGE)] if still else [])


def _stills(images: Sequence[ImageFacts], words: Sequence[str]) -> list[Stack]:
    """Ultrasound, endoscopy, photographs: every still, and of each clip a few moments, in the order they were taken."""
    del words
    ordered = sorted(images, key=_by_number)
    clips = sum(image.frames > 1 for image in ordered)
    room = max(STILLS_A_PAGE - (len(ordered) - clips), clips)
    of_a_clip = min(MOST_OF_A_CLIP, max(1, room // clips)) if clips else 0
    slots: list[Slot] = []
    for image in ordered:
        slots += spread(list(_frames(image)), of_a_clip) if image.frames > 1 else [Slot(image)]
    return [Stack(tuple(slots), most=2 * STILLS_A_PAGE)]


def _frames(image: ImageFacts) -> Iterable[Slot]:
    return (Slot(image, frame) for frame in range(1, image.frames + 1))


# How each kind of exam is shown; every other picture stands for itself.
KINDS = {
    **dict.fromkeys(CROSS_SECTIONS, _cross_sections),
    **dict.fromkeys(RADIOGRAPHS, _radiographs),
    **dict.fromkeys(RUNS, _runs),
}
