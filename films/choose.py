"""Which images a film shows: what a doctor marked, else a rule for each kind of exam. Pure: facts in, pages out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from films.facts import ImageFacts
from films.layout import fitting
from films.presentation import Presentation
from films.slices import cross_sections
from films.stack import AS_IT_IS, CELLS_A_PAGE, CELLS_OF_MANY, Cell, Look, Material, Named, Page, Slot, Stack, spread
from films.worthy import CROSS_SECTIONS, is_usable, worthy

MOST_PAGES = 12
MOST_OF_A_CLIP = 12
STILLS_A_PAGE = 12
STATE_SELECTS_AT_MOST = 40  # a presentation state of more images sets their grey and selects nothing
LONGEST_SHAPE = 10.0  # sides of a picture that is laid out as it is

RADIOGRAPHS = frozenset(("CR", "DX", "MG", "IO", "PX", "RG"))
RUNS = frozenset(("XA", "RF"))


def stacks(material: Material) -> tuple[Stack, ...]:
    """What is worth a film, in the order of its sheets; empty when there is nothing to show."""
    usable = [image for image in material.images if is_usable(image) and image.instance not in material.rejected]
    marked = _marked(material, usable)
    if marked:
        return (Stack(marked, "关键图像", most=len(marked)),)
    counting = worthy(usable)
    found: list[Stack] = []
    for make in (cross_sections, _radiographs, _runs, _stills):
        of_kind = [image for image in counting if KINDS.get(image.modality, _stills) is make]
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


def _cell(slot: Slot, named: Named | None, stack: Stack, looks: Mapping[str, Look]) -> Cell:
    """The rule's window comes before that of a presentation state; turned and marked it is in any window."""
    look = looks.get(slot.image.instance, AS_IT_IS)
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
    **dict.fromkeys(CROSS_SECTIONS, cross_sections),
    **dict.fromkeys(RADIOGRAPHS, _radiographs),
    **dict.fromkeys(RUNS, _runs),
}
