"""A film made by us: the exam's images are chosen by rule or by a member of staff, drawn, laid out on sheets, and kept.

Of each frame only what its cell needs is read: the leading bytes of a resolution-progressive codestream hold an exact
smaller picture. Reading waits for all frames at once; decoding and drawing run in threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from numpy.typing import NDArray

from archive.decode import decode_frame
from archive.locate import Located
from archive.read import Reader
from archive.replicas import Replicas
from core.errors import InvalidField, NotFound
from films import choose, draft, layout
from films.image import ImageDescription, Window
from films.layout import Layout
from films.picture import spare_halvings
from films.sheet import CellImage, Header, picture_size, sheet
from films.stack import Cell, Page, Slot
from records import filmmaterial, films
from records.filmheader import header
from records.filmmaterial import Seen
from records.films import PageMade
from records.filmspan import span
from records.models import Exam, Film, FilmSource
from records.writing import writing

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
    seen = await filmmaterial.seen(exam_id)
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
    seen = await filmmaterial.seen(exam_id)
    if seen is None:
        raise NotFound("no such exam with images")
    sheet_layout = layout.parse(layout_name)
    pages = _wanted_pages(seen, images, sheet_layout)
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


async def _withdraw(exam_id: str, now: datetime) -> None:
    """What we made before shows something that is no longer there."""
    exam = await Exam.get_or_none(id=exam_id)
    if exam is not None:
        async with writing(exam.hospital_id):
            await films.withdraw(exam_id, FilmSource.MADE, now)


async def _pages(reader: Reader, seen: Seen) -> tuple[Page, ...]:
    found = await asyncio.to_thread(choose.stacks, seen.material)
    spans: dict[int, tuple[int, int]] = {}
    for place, stack in enumerate(found):
        lies = await span(reader, seen.located, stack) if stack.needs_span else None
        spans |= {place: lies} if lies else {}
    return choose.pages(found, spans, choose.state_looks(seen.material))


def _wanted_pages(seen: Seen, images: Sequence[Wanted], sheet_layout: Layout) -> list[Page]:
    cells = [_wanted_cell(seen, place, each) for place, each in enumerate(images)]
    if not cells:
        raise InvalidField("images", "empty")
    if len(cells) > sheet_layout.cells * choose.MOST_PAGES:
        raise InvalidField("layout", "too-few-cells")
    lots = [cells[start : start + sheet_layout.cells] for start in range(0, len(cells), sheet_layout.cells)]
    return [Page("", sheet_layout, tuple(lot)) for lot in lots]


def _wanted_cell(seen: Seen, place: int, wanted: Wanted) -> Cell:
    image = next((each for each in seen.material.images if each.instance == wanted.instance), None)
    if image is None or image.series != wanted.series:
        raise InvalidField(f"images[{place}]", "not-of-this-exam")
    if not image.drawable or not 1 <= wanted.frame <= image.frames:
        raise InvalidField(f"images[{place}].frame", "not-a-picture")
    return Cell(Slot(image, wanted.frame), wanted.window)


async def _drawn(reader: Reader, seen: Seen, pages: Sequence[Page]) -> list[PageMade]:
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
