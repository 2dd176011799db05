"""Which exam a page of film is of: found by what the page says, moved when that is decided anew; the exam's film follows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from records import films, lineage
from records.films import PageKept
from records.models import Exam, FilmArrival, FilmSource, FilmTier, How
from records.waiting import EXAM_UNKNOWN, OTHER_PATIENT, SEVERAL_EXAMS

NOTHING_SAID = "nothing-said"  # neither an accession number nor a study
TOO_MANY = "too-many-pages"
MOST_PAGES = 40  # of one film


async def look_again(hospital: str, accession: str, study_uids: Iterable[str], now: datetime) -> bool:
    """Inside the caller's transaction, when exam or study changed: pages that waited for it; true when one is placed now."""
    waiting = FilmArrival.filter(hospital_id=hospital, exam_id=None)
    rows = await waiting.filter(accession=accession) if accession else []
    rows += await waiting.filter(accession="", study_uid__in=sorted(study_uids)).exclude(study_uid="")
    return any([await look(row, now) for row in rows])


async def look(row: FilmArrival, now: datetime) -> bool:
    """Find its exam; true when it has one now."""
    found, reason = await exam_of(row)
    await move(row, found, How.MATCHED if found else None, reason, now)
    return found is not None


async def exam_of(row: FilmArrival) -> tuple[str | None, str]:
    """Id of the one exam that it can only be of, or None and why it waits."""
    if not row.accession and not row.study_uid:
        return None, NOTHING_SAID
    named = await _named(row)
    if not named:
        return None, EXAM_UNKNOWN
    agreeing = [exam for exam in named if not row.patient_id or await _is_of(exam, row.patient_id)]
    if not agreeing:
        return None, OTHER_PATIENT
    if len(agreeing) > 1:
        return None, SEVERAL_EXAMS
    exam_id = agreeing[0].id
    return (None, TOO_MANY) if await is_full(exam_id, row) else (exam_id, "")


async def is_full(exam_id: str, row: FilmArrival) -> bool:
    """A film of so many pages is a mistake; it would also be too much for one PDF."""
    return await FilmArrival.filter(exam_id=exam_id).exclude(id=row.id).count() >= MOST_PAGES


async def move(row: FilmArrival, exam_id: str | None, how: How | None, reason: str, now: datetime) -> None:
    """The page is of that exam, or waits; the films of both exams follow."""
    before, row.exam_id, row.how, row.reason = row.exam_id, exam_id, how, reason  # type: ignore[assignment]
    await FilmArrival.filter(id=row.id).update(exam_id=exam_id, how=how, reason=reason)
    for each in {before, exam_id} - {None}:
        await _compose(str(each), now)


async def _named(row: FilmArrival) -> list[Exam]:
    """The exams that its accession number and its study may mean."""
    exams = Exam.filter(hospital_id=row.hospital_id)
    if row.accession:
        exact = {"campus": row.campus, "system": row.system}
        by_number = exams.filter(accession=row.accession, **{name: value for name, value in exact.items() if value})
        named = await by_number
        if len(named) <= 1 or not row.study_uid:
            return named
        exams = by_number  # numbers repeat between systems; the study may tell them apart
    shown = await exams.filter(studies__study_uid=row.study_uid, studies__confirmed=True).distinct()
    return shown or (named if row.accession else [])


async def _is_of(exam: Exam, patient_id: str) -> bool:
    owner = await lineage.known(exam.hospital_id, patient_id)
    return patient_id == exam.patient_id or (owner is not None and owner.id == exam.record_id)


async def _compose(exam_id: str, now: datetime) -> None:
    """The exam's film is the pages that are of it: in the order that they say, else as they came."""
    exam = await Exam.get(id=exam_id)
    rows = await FilmArrival.filter(exam_id=exam_id).prefetch_related("document")
    if not rows:
        await films.withdraw(exam_id, FilmSource.HOSPITAL, now)
        return
    in_order = sorted(rows, key=lambda row: (row.number is None, row.number or 0, row.id))
    await films.put_version(exam, FilmSource.HOSPITAL, "", [await _kept(row) for row in in_order], now)


async def _kept(row: FilmArrival) -> PageKept:
    full = await FilmTier.filter(master_id=row.document_id).order_by("-width").prefetch_related("document").first()
    assert full is not None, "a page is never kept without its JPEGs"
    return PageKept(row.document_id, full.width, full.height, full.document.sha256)
