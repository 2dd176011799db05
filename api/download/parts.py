"""What there is of an exam that can be taken along: its series, its report, its pages of film."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from api.printing import press
from api.recipients import Received, may_see_film
from api.services import Services
from archive import documents
from archive.locate import Located
from archive.models import Document, Series
from core.errors import NotFound
from records import films, report_prints
from records.models import FilmTier
from records.report_picture import Only
from records.search import Found
from wado.places import Asker, Place
from wado.places import instances as instances_at


@dataclass(frozen=True, slots=True)
class Part:
    """One series of the exam; `number` counts them through, from 1."""

    number: int
    study: str
    uid: str
    row: Series
    instances: tuple[Located, ...]

    @property
    def size(self) -> int:
        """Bytes of its original files."""
        return sum(at.original_size for at in self.instances)


@dataclass(frozen=True, slots=True)
class Download:
    """All that belongs to an exam."""

    found: Found
    parts: tuple[Part, ...]
    report: Document | None
    films: tuple[Document, ...]
    left_out: str = ""  # what of the exam was not shared, in a sentence


async def gathered(services: Services, asker: Asker, found: Found, seen: Received | None = None) -> Download:
    """What there is of an exam for who asks; `seen` when it was shared.

    Raises NoGoodCopy when a report must be printed first and cannot.
    """
    parts: list[Part] = []
    for study_uid in found.studies:
        parts += await _parts(asker, study_uid, len(parts))
    left_out = seen.view.left_out(found.exam.id) if seen and seen.view else ""
    report = await _report(services, found, asker.now, seen.only if seen else None)
    pages = await _films(asker, found, seen)
    return Download(found, tuple(parts), report, pages, left_out)


async def _parts(asker: Asker, study_uid: str, before: int) -> list[Part]:
    try:
        seen = await instances_at(asker, Place(study_uid))
    except NotFound:  # told by the hospital, and not here (yet)
        return []
    by_series: dict[str, list[Located]] = {}
    for at in seen:
        by_series.setdefault(at.series_uid, []).append(at)
    rows = await Series.filter(id__in=[many[0].series_id for many in by_series.values()]).prefetch_related("study")
    of = {row.id: row for row in rows}
    return [
        Part(number, study_uid, uid, of[many[0].series_id], tuple(many))
        for number, (uid, many) in enumerate(by_series.items(), before + 1)
        if many[0].series_id in of
    ]


async def _report(services: Services, found: Found, at: datetime, only: Only | None) -> Document | None:
    if found.report is None:
        return None
    try:
        kept = await report_prints.printed(press(services), found.report.id, at, only)
    except NotFound:
        return None
    return await documents.get(found.hospital.code, kept.document_id)


async def _films(asker: Asker, found: Found, seen: Received | None) -> tuple[Document, ...]:
    """Each page as wide as it is."""
    film = await films.shown(found.exam.id)
    if film is None:
        return ()
    pages = await films.pages_of(film)
    if seen is not None and not may_see_film(asker.grant, seen, film, pages):
        return ()
    tiers = (
        await FilmTier.filter(master_id__in=[page.document_id for page in pages]).order_by("width").prefetch_related("document")
    )
    widest = {tier.master_id: tier.document for tier in tiers}
    return tuple(widest[page.document_id] for page in pages if page.document_id in widest)
