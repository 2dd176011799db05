"""The film of an exam: versions of pages with their cell map; a hospital's own film comes before one that we made."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archive import documents
from archive.models import Document
from archive.replicas import Replicas
from core.errors import Conflict, NotFound
from core.uids import row_id, uuid7
from films import encode, page
from films.page import Jpeg
from films.tables import Shades
from records.models import Exam, ExamStudy, Film, FilmPage, FilmSource, FilmTier
from records.writing import writing

PNG, JPEG = "image/png", "image/jpeg"
CELL_FIELDS = ("x", "y", "width", "height", "study", "series", "instance", "frame")
# How a cell is shown, and what films say of it that were made before this was kept.
CELL_LOOK: Mapping[str, Any] = {"window": None, "inverted": False, "rotation": 0, "flipped": False, "marked": False}
RANK = {source: place for place, source in enumerate(FilmSource)}  # the first of an exam's films is shown

Cell = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PageMade:
    """A page that we drew: uint8 array (rows, columns) or (rows, columns, 3) RGB; what lies where (CELL_FIELDS), and how."""

    image: Shades
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class PageKept:
    """A page whose master and JPEGs are kept; the widest JPEG is the page itself."""

    master_id: str
    width: int
    height: int
    sha256: str
    cells: Sequence[Cell] = ()


async def keep_made(
    replicas: Replicas,
    exam_id: str,
    source: FilmSource,
    layout: str,
    pages: Sequence[PageMade],
    now: datetime,
    *,
    record_id: str | None = None,
) -> Film:
    """A new version of the film that we made, in place of the one before of that source; the same again is no new version.

    `record_id` says whose name was drawn. Raises NotFound, and Conflict when the exam is another patient's meanwhile, or a
    cell shows a study that is not the exam's (any more). Not inside a transaction.
    """
    exam = await Exam.get_or_none(id=exam_id)
    if exam is None:
        raise NotFound("no such exam")
    drawn = [await asyncio.to_thread(_encoded, each.image) for each in pages]
    contents = [content for master, jpegs in drawn for content in ((master, PNG), *((jpeg.content, JPEG) for jpeg in jpegs))]

    async def then(kept: list[Document]) -> Film:
        async with writing(exam.hospital_id):
            current = await Exam.get(id=exam_id)
            if current.record_id != (exam.record_id if record_id is None else record_id):
                raise Conflict("the exam is another patient's since its film was drawn")
            await _require_studies(exam_id, pages)
            done = await _keep_pages(kept, [jpegs for _, jpegs in drawn], pages)
            return await put_version(current, source, layout, done, now)

    return await documents.keep_with(replicas, exam.hospital_id, contents, now, then, derived=True)


async def shown(exam_id: str) -> Film | None:
    """The film that stands for an exam now; who may see it is asked for apart."""
    return (await shown_of([exam_id])).get(exam_id)


async def standing(exam_id: str) -> list[Film]:
    """All films that could stand for an exam now, the one that does first."""
    return sorted(await _counting([exam_id]), key=lambda film: RANK[film.source])


async def shown_of(exam_ids: Iterable[str]) -> dict[str, Film]:
    """Exam id → the film that stands for it, where there is one.

    One that we made counts only while its header bears the exam's patient, and its studies are the exam's.
    """
    counting = await _counting(list(exam_ids))
    return {film.exam_id: film for film in sorted(counting, key=lambda film: RANK[film.source], reverse=True)}


async def _counting(exam_ids: Sequence[str]) -> list[Film]:
    films = await Film.filter(exam_id__in=exam_ids, replaced_at=None).prefetch_related("exam") if exam_ids else []
    if not films:
        return []
    links = await ExamStudy.filter(exam_id__in=[film.exam_id for film in films], confirmed=True)
    theirs = {(link.exam_id, link.study_uid) for link in links}
    return [film for film in films if _counts(film, theirs)]


async def pages_of(film: Film) -> list[FilmPage]:
    """Its pages in order."""
    return await FilmPage.filter(film_id=film.id).order_by("n")


async def page_counts(exam_ids: Iterable[str]) -> dict[str, int]:
    """Exam id → number of pages of the film that stands for it."""
    films = {film.id: exam_id for exam_id, film in (await shown_of(exam_ids)).items()}
    counts: dict[str, int] = {}
    for film_id in await FilmPage.filter(film_id__in=list(films)).values_list("film_id", flat=True) if films else []:
        exam_id = films[str(film_id)]
        counts[exam_id] = counts.get(exam_id, 0) + 1
    return counts


async def keep_tiers(master: Document, jpegs: Sequence[tuple[Jpeg, Document]], cells: Sequence[Cell] = ()) -> PageKept:
    """Inside the caller's transaction: these JPEGs, the widest last, are the pages of that master."""
    known = await FilmTier.filter(master_id=master.id).order_by("-width").prefetch_related("document")
    if known:  # the same master was drawn before: what went out once stays what it is
        return PageKept(master.id, known[0].width, known[0].height, known[0].document.sha256, cells)
    tiers = [
        FilmTier(id=row_id(), master_id=master.id, width=jpeg.width, height=jpeg.height, document_id=document.id)
        for jpeg, document in jpegs
    ]
    await FilmTier.bulk_create(tiers)
    full, document = jpegs[-1]
    return PageKept(master.id, full.width, full.height, document.sha256, cells)


async def put_version(exam: Exam, source: FilmSource, layout: str, pages: Sequence[PageKept], now: datetime) -> Film:
    """Inside the caller's `writing`: the newest version of the exam's film of that source has these pages."""
    sha256 = _content_sha256(source, layout, exam, pages)
    current = await Film.get_or_none(exam_id=exam.id, source=source, replaced_at=None)
    if current is not None and current.content_sha256 == sha256:
        return current
    await Film.filter(exam_id=exam.id, source=source, replaced_at=None).update(replaced_at=now)
    last = await Film.filter(exam_id=exam.id).order_by("-version").first()
    film = await Film.create(
        id=uuid7(),
        hospital_id=exam.hospital_id,
        exam_id=exam.id,
        source=source,
        version=last.version + 1 if last else 1,
        layout=layout,
        studies=sorted({str(cell["study"]) for each in pages for cell in each.cells}),
        record_id=_bears(source, exam),
        content_sha256=sha256,
        made_at=now,
    )
    await FilmPage.bulk_create([_page(film, n, each) for n, each in enumerate(pages, 1)])
    return film


async def withdraw(exam_id: str, source: FilmSource, now: datetime) -> bool:
    """Inside the caller's transaction: the exam has no film of that source any more; true when it had one. It is kept."""
    return await Film.filter(exam_id=exam_id, source=source, replaced_at=None).update(replaced_at=now) > 0


async def _keep_pages(kept: Iterable[Document], jpegs: Iterable[Sequence[Jpeg]], pages: Sequence[PageMade]) -> list[PageKept]:
    """`kept` are, page by page, the master and its JPEGs in the order in which they were drawn."""
    waiting = iter(kept)
    return [
        await keep_tiers(next(waiting), [(each, next(waiting)) for each in of_page], made.cells)
        for of_page, made in zip(jpegs, pages, strict=True)
    ]


def _encoded(image: Shades) -> tuple[bytes, tuple[Jpeg, ...]]:
    """The master, which loses nothing, and the JPEGs."""
    return encode.png(image), page.tiers(image)


async def _require_studies(exam_id: str, pages: Sequence[PageMade]) -> None:
    here = {link.study_uid for link in await ExamStudy.filter(exam_id=exam_id, confirmed=True)}
    if {str(cell["study"]) for each in pages for cell in each.cells} - here:
        raise Conflict("a cell shows a study that is not the exam's")


def _counts(film: Film, studies: set[tuple[str, str]]) -> bool:
    if film.record_id != _bears(film.source, film.exam):
        return False
    return all((film.exam_id, uid) in studies for uid in film.studies)


def _bears(source: FilmSource, exam: Exam) -> str:
    """Whose name stands in the header of a film that we make of that exam."""
    return "" if source is FilmSource.HOSPITAL else exam.record_id or ""


def _content_sha256(source: FilmSource, layout: str, exam: Exam, pages: Sequence[PageKept]) -> str:
    said = [layout, _bears(source, exam), [[each.sha256, [_cell(cell) for cell in each.cells]] for each in pages]]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _page(film: Film, n: int, kept: PageKept) -> FilmPage:
    return FilmPage(
        id=uuid7(),
        film_id=film.id,
        n=n,
        width=kept.width,
        height=kept.height,
        sha256=kept.sha256,
        document_id=kept.master_id,
        cells=[_cell(cell) for cell in kept.cells],
    )


def _cell(cell: Cell) -> dict[str, Any]:
    return {name: cell[name] for name in CELL_FIELDS} | {name: cell.get(name, usual) for name, usual in CELL_LOOK.items()}
