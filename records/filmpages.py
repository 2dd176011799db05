"""Pages that a hospital printed: kept as they came, waiting in a list until their exam is known or a person says which."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from archive import documents
from archive.models import Document
from archive.prepare import Caller
from archive.replicas import Replicas
from core.errors import Conflict, NotFound
from core.uids import uuid7
from infra.database import fitting
from records import filmplacing, filmrepeats, films
from records.filmreading import Header, PageRead, page_read
from records.films import JPEG
from records.models import Exam, FilmArrival, FilmTier, How, RecordChange
from records.writing import Outcome, Said, writing

CHOOSE, REMATCH = "film-choose", "film-rematch"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSaid:
    """What a system says beside a page; what it leaves out is taken from the header of the page."""

    accession: str = ""
    campus: str = ""
    system: str = ""
    patient_id: str = ""
    study_uid: str = ""
    number: int | None = None
    source: str = ""

    def completed(self, header: Header) -> PageSaid:
        """With what the page says of itself. An accession number that was told is not mixed with another's study."""
        contradicts = bool(self.accession and header.accession and self.accession != header.accession)
        return PageSaid(
            accession=self.accession or header.accession,
            campus=self.campus,
            system=self.system,
            patient_id=self.patient_id or header.patient_id,
            study_uid=self.study_uid or ("" if contradicts else header.study_uid),
            number=header.number if self.number is None else self.number,
            source=self.source or header.source,
        )

    def digest(self, content: bytes) -> str:
        """Of all that was asked, to know a repetition."""
        told = (self.accession, self.campus, self.system, self.patient_id, self.study_uid, self.number, self.source)
        return hashlib.sha256(repr(told).encode() + content).hexdigest()


@dataclass(frozen=True, slots=True)
class Page:
    """One line of the list. `exam_id` None: it waits, and `reason` says for what."""

    id: str
    received_at: datetime
    source: str
    accession: str
    campus: str
    system: str
    patient_id: str
    number: int | None
    width: int
    height: int
    exam_id: str | None
    how: str | None
    reason: str


OnRecord = Callable[[Said], Awaitable[None]]


async def take(
    replicas: Replicas,
    children: Caller,
    hospital: str,
    content: bytes,
    said: PageSaid,
    *,
    key: str | None,
    now: datetime,
    on_record: OnRecord,
) -> Said:
    """Keep a page and find its exam; the same page again changes nothing. `on_record` runs in the same commit.

    `key` is the sender's own for this request. Raises Unreadable for what is no page, and Conflict when the same page was
    told of another exam, or the key stands for another request. Not inside a transaction.
    """
    digest = said.digest(content)
    read = await _read(replicas, children, hospital, content)

    async def then(kept: list[Document]) -> Said:
        async with writing(hospital):
            repeated = await filmrepeats.repeated(hospital, key, digest)
            done = repeated or await _take(hospital, kept, read, said.completed(read.header), now)
            if key is not None and repeated is None:
                await filmrepeats.remember(hospital, key, digest, done.id, now)
            await on_record(done)
            return done

    contents = [(content, read.media_type), *((jpeg.content, JPEG) for jpeg in read.jpegs)]
    return await documents.keep_with(replicas, hospital, contents, now, then)


async def listed(hospital: str, *, waiting: bool | None, after: str, limit: int) -> list[Page]:
    """Pages in the order in which they came, from the one after id `after` (empty = from the first).

    `waiting` True: those without an exam; False: those with one; None: all.
    """
    asked = FilmArrival.filter(hospital_id=hospital, id__gt=after)
    if waiting is not None:
        asked = asked.filter(exam_id__isnull=waiting)
    return await _lines(await asked.order_by("id").limit(limit))


async def get(hospital: str, page_id: str) -> FilmArrival:
    """The page of that id; raises NotFound."""
    row = await FilmArrival.get_or_none(id=page_id, hospital_id=hospital).prefetch_related("document")
    if row is None:
        raise NotFound("no such page")
    return row


async def line(hospital: str, page_id: str) -> Page:
    """As `listed`, of one page; raises NotFound."""
    return (await _lines([await get(hospital, page_id)]))[0]


async def choose(hospital: str, page_id: str, exam: Exam, *, subject: str, now: datetime) -> Said:
    """A person decides that a page is of that exam. Raises NotFound, and Conflict for one page too many."""
    async with writing(hospital):
        row = await get(hospital, page_id)
        if (row.exam_id, row.how) == (exam.id, How.CHOSEN):
            return Said(Outcome.SAME, row.id)
        if await filmplacing.is_full(exam.id, row):
            raise Conflict("the film of this exam has as many pages as it may have")
        await _note(row, CHOOSE, exam.id, subject, now)
        await filmplacing.move(row, exam.id, How.CHOSEN, "", now)
        return Said(Outcome.CHANGED, row.id, moved=True)


async def rematch(hospital: str, page_id: str, *, subject: str, now: datetime) -> Said:
    """Look for the exam of a page anew by what it says, whatever was decided before. Raises NotFound."""
    async with writing(hospital):
        row = await get(hospital, page_id)
        found, reason = await filmplacing.exam_of(row)
        how = How.MATCHED if found else None
        if (row.exam_id, row.how, row.reason) == (found, how, reason):
            return Said(Outcome.SAME, row.id, waiting=found is None)
        await _note(row, REMATCH, found or "", subject, now)
        await filmplacing.move(row, found, how, reason, now)
        return Said(Outcome.CHANGED, row.id, waiting=found is None, moved=True)


async def undo(hospital: str, page_id: str, *, now: datetime) -> Said:
    """Take back the last decision on a page that was not taken back yet. Raises NotFound, and Conflict when there is none."""
    async with writing(hospital):
        row = await get(hospital, page_id)
        decisions = RecordChange.filter(hospital_id=hospital, source=row.id, kind__in=(CHOOSE, REMATCH), undone_at=None)
        last = await decisions.order_by("-id").first()
        if last is None:
            raise Conflict("there is no decision on this page that could be taken back")
        await RecordChange.filter(id=last.id).update(undone_at=now)
        before, how, reason = (last.detail[name] for name in ("exam", "how", "reason"))
        await filmplacing.move(row, before, How(how) if how else None, reason, now)
        return Said(Outcome.CHANGED, row.id, waiting=before is None, moved=True)


async def _read(replicas: Replicas, children: Caller, hospital: str, content: bytes) -> PageRead:
    """What was read before is not read again: the same bytes always show the same page."""
    sha256 = hashlib.sha256(content).hexdigest()
    known = await FilmArrival.get_or_none(hospital_id=hospital, document__sha256=sha256).prefetch_related("document")
    if known is None:
        return await page_read(children, content)
    header = Header(known.accession, known.patient_id, known.study_uid, known.number, known.source)
    return PageRead(known.document.media_type, (), header)


async def _take(hospital: str, kept: Sequence[Document], read: PageRead, said: PageSaid, now: datetime) -> Said:
    master, *jpegs = kept
    row = await FilmArrival.get_or_none(hospital_id=hospital, document_id=master.id)
    if row is not None:
        return await _again(row, said, now)
    await films.keep_tiers(master, list(zip(read.jpegs, jpegs, strict=True)))
    row = await FilmArrival.create(
        id=uuid7(),
        hospital_id=hospital,
        document_id=master.id,
        source=fitting(said.source, 64),
        accession=fitting(said.accession, 64),
        campus=said.campus,
        system=said.system,
        patient_id=fitting(said.patient_id, 64),
        study_uid=fitting(said.study_uid, 64),
        number=said.number,
        received_at=now,
    )
    moved = await filmplacing.look(row, now)
    return Said(Outcome.NEW, row.id, waiting=row.exam_id is None, moved=moved)


async def _again(row: FilmArrival, said: PageSaid, now: datetime) -> Said:
    """The same bytes: a page that waits may now say more of itself, one that has its exam keeps it."""
    told = {"accession": said.accession, "campus": said.campus, "system": said.system, "patient_id": said.patient_id}
    differs = any(value and value != getattr(row, name) for name, value in told.items())
    if not differs:
        return Said(Outcome.SAME, row.id, waiting=row.exam_id is None)
    if row.exam_id is not None:
        raise Conflict("this page is kept for another exam: an administrator may choose")
    row.update_from_dict({name: value for name, value in told.items() if value})
    await row.save(update_fields=list(told))
    moved = await filmplacing.look(row, now)
    return Said(Outcome.CHANGED, row.id, waiting=row.exam_id is None, moved=moved)


async def _note(row: FilmArrival, kind: str, target: str, subject: str, now: datetime) -> None:
    """What it was before, so that it can be taken back."""
    await RecordChange.create(
        id=uuid7(),
        hospital_id=row.hospital_id,
        kind=kind,
        source=row.id,
        target=target,
        detail={"exam": row.exam_id, "how": row.how and row.how.value, "reason": row.reason},
        subject=subject,
        at=now,
    )


async def _lines(rows: Sequence[FilmArrival]) -> list[Page]:
    tiers = await FilmTier.filter(master_id__in=[row.document_id for row in rows]).order_by("width") if rows else []
    sizes = {tier.master_id: (tier.width, tier.height) for tier in tiers}  # the widest, which comes last
    return [_line(row, *sizes[row.document_id]) for row in rows]


def _line(row: FilmArrival, width: int, height: int) -> Page:
    return Page(
        row.id,
        row.received_at,
        row.source,
        row.accession,
        row.campus,
        row.system,
        row.patient_id,
        row.number,
        width,
        height,
        row.exam_id,
        row.how and row.how.value,
        row.reason,
    )
