"""Films that we made of a study go with it, and old versions after a while: no pixels stay behind when their time is over."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from archive import documents
from archive.models import Document
from records.models import ExamStudy, Film, FilmArrival, FilmPage, FilmSource, FilmTier


async def study_deleted(hospital: str, study_uid: str, now: datetime) -> int:
    """Inside the caller's transaction: remove the films made of that study, all versions of them; gives their number."""
    exams = await ExamStudy.filter(exam__hospital_id=hospital, study_uid=study_uid).values_list("exam_id", flat=True)
    made = Film.filter(exam_id__in=list(exams), source__in=(FilmSource.MADE, FilmSource.CHOSEN))
    return await _remove(hospital, [film.id for film in await made if study_uid in film.studies], now)


async def forget_replaced(hospital: str, before: datetime, now: datetime, most: int) -> int:
    """Inside the caller's transaction: remove films made by rule that newer ones took the place of before that moment, at
    most so many; gives their number. What staff chose and what the hospital sent are kept."""
    replaced = Film.filter(hospital_id=hospital, source=FilmSource.MADE, replaced_at__lt=before)
    return await _remove(hospital, [film.id for film in await replaced.order_by("replaced_at").limit(most)], now)


async def _remove(hospital: str, films: Sequence[str], now: datetime) -> int:
    masters = await FilmPage.filter(film_id__in=list(films)).values_list("document_id", flat=True) if films else []
    await FilmPage.filter(film_id__in=list(films)).delete()
    await Film.filter(id__in=list(films)).delete()
    await _remove_masters(hospital, {str(each) for each in masters}, now)
    return len(films)


async def _remove_masters(hospital: str, masters: set[str], now: datetime) -> None:
    """Those that are no other film's page, and their JPEGs."""
    unused = masters - await _pages(masters)
    jpegs = {str(each) for each in await FilmTier.filter(master_id__in=unused).values_list("document_id", flat=True)}
    await FilmTier.filter(master_id__in=unused).delete()
    candidates = unused | jpegs
    wanted = await FilmTier.filter(document_id__in=candidates).values_list("document_id", flat=True)
    gone = candidates - {str(each) for each in wanted} - await _pages(candidates)
    free = Document.filter(id__in=sorted(gone), keep_until__lte=now.date())  # others are also kept as what somebody sent
    await documents.delete(hospital, [str(each) for each in await free.values_list("id", flat=True)], now)


async def _pages(ids: Collection[str]) -> set[str]:
    """Those documents that are a page of a film, or came as one."""
    pages = await FilmPage.filter(document_id__in=list(ids)).values_list("document_id", flat=True)
    came = await FilmArrival.filter(document_id__in=list(ids)).values_list("document_id", flat=True)
    return {str(each) for each in (*pages, *came)}
