"""A film made by us: the exam's images are chosen by rule or by a member of staff, drawn, laid out on sheets, and kept.

Of each frame only what its cell needs is read: the leading bytes of a resolution-progressive codestream hold an exact
smaller picture. Reading waits for all frames at once; decoding and drawing run in threads.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from archive import locate
from archive.decode import decode_frame
from archive.locate import Located
from archive.models import StoredObject
from archive.read import Reader
from archive.replicas import Replicas
from core.errors import Conflict, InvalidField, NotFound
from films import choose, draft, facts, layout, organ
from films.facts import KEY_OBJECTS, ImageFacts, KeyNote
from films.image import ImageDescription, Window
from films.layout import Layout
from films.picture import spare_halvings
from films.presentation import PRESENTATION_STATES, Presentation, presentation
from films.sheet import CellImage, Header, picture_size, sheet
from films.stack import Cell, Material, Page, Slot, Stack
from records import films, lineage
from records.filmheader import header
from records.films import PageMade
from records.models import Exam, ExamStudy, Film, FilmSource, Hospital, PatientRecord
from records.writing import writing

DESCRIBED_AT_ONCE = 500  # instances whose metadata is read together
LOOKED_AT_MOST = 400  # slices in which the organ is looked for; of more, every second or third
READ_AT_ONCE = 16
LOTS = 2  # of a sheet, drawn in threads side by side: a thread for each cell would cost more than it frees
LAYOUT_CHARACTERS = 64


@dataclass(frozen=True, slots=True)
class Wanted:
    """An image that a member of staff wants on a film; frame from 1, window None: as the image asks."""

    series: str
    instance: str
    frame: int = 1
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    """The exam, and all images of its studies: instance → where it lies."""

    exam: Exam
    hospital: Hospital
    record: PatientRecord
    material: Material
    located: Mapping[str, Located]


@dataclass(slots=True)
class _Described:
    """What the metadata of many instances says, gathered lot by lot."""

    images: list[ImageFacts] = field(default_factory=list)
    notes: list[KeyNote] = field(default_factory=list)
    states: list[Presentation] = field(default_factory=list)
    rejected: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Frame:
    """What was read for a cell, and how it is decoded."""

    codestream: bytes
    syntax: str
    description: ImageDescription
    halvings: int
    cell: Cell

    def decoded(self) -> NDArray[Any]:
        return decode_frame(self.codestream, self.syntax, self.description, reduce=self.halvings)


async def make(reader: Reader, replicas: Replicas, exam_id: str, now: datetime) -> Film | None:
    """Make the film of an exam by rule from what is there now; None when there is nothing to show or nobody to show it to.

    Made again from the same, it is no new version. Raises Conflict for images of two patients.
    """
    seen = await _seen(exam_id)
    pages = await _pages(reader, seen) if seen else ()
    if seen is None or not pages:
        await _withdraw(exam_id, now)
        return None
    made = await _drawn(reader, seen, pages)
    return await films.keep_made(replicas, exam_id, FilmSource.MADE, _layout_name(pages), made, now, record_id=seen.record.id)


async def make_chosen(
    reader: Reader, replicas: Replicas, exam_id: str, images: Sequence[Wanted], layout_name: str, now: datetime
) -> Film:
    """Make a film of these images in this order, on as many sheets of that layout as they need.

    Raises NotFound without such an exam, Conflict for images of two patients, and InvalidField for a layout that does not
    fit, and for an image that is not the exam's or cannot be drawn.
    """
    seen = await _seen(exam_id)
    if seen is None:
        raise NotFound("no such exam with images")
    sheet_layout = layout.parse(layout_name)
    cells = [_wanted_cell(seen, place, each) for place, each in enumerate(images)]
    if not cells:
        raise InvalidField("images", "empty")
    if len(cells) > sheet_layout.cells * choose.MOST_PAGES:
        raise InvalidField("layout", "too-few-cells")
    lots = [cells[start : start + sheet_layout.cells] for start in range(0, len(cells), sheet_layout.cells)]
    pages = [Page("", sheet_layout, tuple(lot)) for lot in lots]
    made = await _drawn(reader, seen, pages)
    return await films.keep_made(replicas, exam_id, FilmSource.CHOSEN, sheet_layout.name, made, now, record_id=seen.record.id)


async def draw(reader: Reader, located: Mapping[str, Located], page: Page, heading: Header) -> PageMade:
    """One sheet: reads what its cells need, all at once, and draws it in threads."""
    frames = await asyncio.gather(*(_read(reader, located[cell.slot.image.instance], cell, page.layout) for cell in page.cells))
    size = -(-len(frames) // LOTS)
    lots = [frames[start : start + size] for start in range(0, len(frames), size)]
    drawn = await asyncio.gather(*(asyncio.to_thread(_cells, lot, page.layout) for lot in lots))
    images = [cell for lot in drawn for cell in lot]
    done = await asyncio.to_thread(sheet, images, page.layout, heading)
    cells = zip(page.cells, done.cells, images, strict=True)
    return PageMade(done.image, [draft.placed(cell, rectangle, image.voi) for cell, rectangle, image in cells])


# -- what there is ----------------------------------------------------------------


async def _seen(exam_id: str) -> _Seen | None:
    """None when the exam has no patient, no confirmed study or was cancelled: then nobody may see a film of it."""
    exam = await Exam.get_or_none(id=exam_id).prefetch_related("hospital", "record")
    if exam is None or exam.record is None or exam.cancelled_at is not None:
        return None
    links = await ExamStudy.filter(exam_id=exam_id, confirmed=True).order_by("id")
    located: dict[str, Located] = {}
    for link in links:
        located |= {at.sop_uid: at for at in await locate.instances([exam.hospital_id], link.study_uid, None)}
    if not located:
        return None
    described = await _described(located.values())
    await _require_one_patient(exam.hospital_id, described.images)
    material = Material(
        described.images, described.notes, described.states, frozenset(described.rejected), (exam.item, exam.body_part)
    )
    return _Seen(exam, exam.hospital, exam.record, material, located)


async def _described(located: Iterable[Located]) -> _Described:
    by_id = {at.object_id: at for at in located}
    ids = list(by_id)
    gathered = _Described()
    for start in range(0, len(ids), DESCRIBED_AT_ONCE):
        lot = StoredObject.filter(id__in=ids[start : start + DESCRIBED_AT_ONCE])
        rows = await lot.values_list("id", "metadata")
        await asyncio.to_thread(_take_in, gathered, [(by_id[id], bytes(packed)) for id, packed in rows])
    order = {at.sop_uid: place for place, at in enumerate(by_id.values())}
    gathered.images.sort(key=lambda image: order.get(image.instance, 0))
    return gathered


def _take_in(gathered: _Described, lot: Iterable[tuple[Located, bytes]]) -> None:
    for at, packed in lot:
        document: dict[str, Any] = orjson.loads(zlib.decompress(packed))
        if at.sop_class_uid in KEY_OBJECTS:
            gathered.rejected |= facts.rejected(document)
            note = facts.key_note(document)
            gathered.notes += [note] if note else []
        elif at.sop_class_uid in PRESENTATION_STATES:
            gathered.states.append(presentation(document))
        elif at.description is not None:
            image = facts.image(
                document, study=at.study_uid, series=at.series_uid, frames=len(at.extents.frames), drawable=at.decodable
            )
            gathered.images.append(image)


async def _require_one_patient(hospital: str, images: Iterable[ImageFacts]) -> None:
    """Numbers that were merged are one patient."""
    numbers = sorted({image.patient_id for image in images if image.patient_id})
    owners = {number: await lineage.known(hospital, number) for number in numbers} if len(numbers) > 1 else {}
    if len({owner.id if owner else number for number, owner in owners.items()}) > 1:
        raise Conflict("images of two patients do not go onto one film")


async def _withdraw(exam_id: str, now: datetime) -> None:
    """What we made before shows something that is no longer there."""
    exam = await Exam.get_or_none(id=exam_id)
    if exam is not None:
        async with writing(exam.hospital_id):
            await films.withdraw(exam_id, FilmSource.MADE, now)


# -- which of it ------------------------------------------------------------------


async def _pages(reader: Reader, seen: _Seen) -> tuple[Page, ...]:
    found = await asyncio.to_thread(choose.stacks, seen.material)
    spans: dict[int, tuple[int, int]] = {}
    for place, stack in enumerate(found):
        span = await _span(reader, seen.located, stack) if stack.needs_span else None
        spans |= {place: span} if span else {}
    return choose.pages(found, spans, choose.state_looks(seen.material))


async def _span(reader: Reader, located: Mapping[str, Located], stack: Stack) -> tuple[int, int] | None:
    """First and last slice of the organ, seen in small pictures; None where those would have to be decoded whole."""
    step = -(-len(stack.slots) // LOOKED_AT_MOST)
    slots = stack.slots[::step]
    if not all(_has_small(located[slot.image.instance], slot.frame) for slot in slots):
        return None
    gate = asyncio.Semaphore(READ_AT_ONCE)
    small = await asyncio.gather(*(_small(reader, located[slot.image.instance], slot, gate) for slot in slots))
    first, last = await asyncio.to_thread(organ.span, small, slots[0].image.modality, stack.organ)
    return first * step, min(last * step + step - 1, len(stack.slots) - 1)


def _has_small(at: Located, frame: int) -> bool:
    return _small_halvings(at, frame) is not None


def _small_halvings(at: Located, frame: int) -> int | None:
    """How often the frame is to be halved for a first look; None when its codestream does not hold so small a picture."""
    described = at.description
    if described is None or described.samples_per_pixel != 1:
        return None
    longer = max(described.rows, described.columns)
    wanted = max(0, (longer // organ.SMALL_PIXELS).bit_length() - 1)
    return wanted if wanted < len(at.extents.frames[frame - 1].segments) else None


async def _small(reader: Reader, at: Located, slot: Slot, gate: asyncio.Semaphore) -> NDArray[np.float64]:
    halvings = _small_halvings(at, slot.frame) or 0
    async with gate:
        codestream = await (reader.smaller_frame(at, slot.frame, halvings) if halvings else reader.frame(at, slot.frame))
    described = _description(at)
    return organ.values(decode_frame(codestream, at.frame_syntax_uid, described, reduce=halvings), described, slot.frame)


def _wanted_cell(seen: _Seen, place: int, wanted: Wanted) -> Cell:
    image = next((each for each in seen.material.images if each.instance == wanted.instance), None)
    if image is None or image.series != wanted.series:
        raise InvalidField(f"images[{place}]", "not-of-this-exam")
    if not image.drawable or not 1 <= wanted.frame <= image.frames:
        raise InvalidField(f"images[{place}].frame", "not-a-picture")
    return Cell(Slot(image, wanted.frame), wanted.window)


# -- drawing ---------------------------------------------------------------------


async def _drawn(reader: Reader, seen: _Seen, pages: Sequence[Page]) -> list[PageMade]:
    """Sheet by sheet: one is held in memory as a whole, and its frames."""
    return [
        await draw(reader, seen.located, page, header(seen.hospital, seen.record, seen.exam, page.title, n, len(pages)))
        for n, page in enumerate(pages, 1)
    ]


async def _read(reader: Reader, at: Located, cell: Cell, sheet_layout: Layout) -> _Frame:
    described, frame = _description(at), cell.slot.frame
    size = picture_size(described, sheet_layout, lies=cell.turn.lies)
    halvings = spare_halvings(described, None, size, reader.most_halvings(at, frame))
    return _Frame(await reader.frame_once(at, frame, halvings), at.frame_syntax_uid, described, halvings, cell)


def _cells(frames: Sequence[_Frame], sheet_layout: Layout) -> list[CellImage]:
    return [draft.cell_image(frame.decoded(), frame.description, frame.cell, sheet_layout) for frame in frames]


def _description(at: Located) -> ImageDescription:
    assert at.description is not None  # only images are chosen
    return at.description


def _layout_name(pages: Iterable[Page]) -> str:
    """Each layout once, in the order of the sheets."""
    return " ".join(dict.fromkeys(page.layout.name for page in pages))[:LAYOUT_CHARACTERS]
