"""The film of an exam: the hospital's before a chosen one before one by rule; versions; never one that shows somebody else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from archive import documents
from archive.models import Document
from archive.replicas import Replicas
from core.errors import Conflict, NotFound
from infra.database import transaction
from records import filmdeletion, filmpages, films
from records.films import PageMade
from records.models import Exam, ExamStudy, Film, FilmArrival, FilmSource
from tests.records import pages
from tests.records.saying import NOW, STUDY_UID, receive_study, say_exam, say_patient
from tests.records.test_filmpages import take

pytestmark = pytest.mark.usefixtures("hospital")
CELL = {"x": 10, "y": 20, "width": 300, "height": 400, "study": STUDY_UID, "series": "1.2.3", "instance": "1.2.3.4", "frame": 1}


@pytest.fixture
async def exam(hospital: object) -> Exam:
    await say_patient()
    await receive_study()
    await say_exam()
    return await Exam.get(accession="A1")


def drawn(*seeds: int, study: str = STUDY_UID) -> Sequence[PageMade]:
    return [PageMade(pages.shades(seed), [{**CELL, "study": study}]) for seed in seeds]


async def shown(exam: Exam) -> tuple[str, int, int] | None:
    """Source, version and pages."""
    film = await films.shown(exam.id)
    return (film.source.value, film.version, len(await films.pages_of(film))) if film else None


async def test_the_master_loses_nothing_and_the_cells_come_back(replicas: Replicas, exam: Exam) -> None:
    film = await films.keep_made(replicas, exam.id, FilmSource.MADE, "4x5", drawn(1, 2), NOW)
    one, two = await films.pages_of(film)
    assert (one.n, two.n, one.width, one.height) == (1, 2, 800, 1000)
    assert one.cells == [{**CELL, **films.CELL_LOOK}]
    master = pages.decoded(await documents.read(replicas, "demo", one.document_id))
    assert (master == pages.shades(1)).all()


async def test_the_same_again_is_no_new_version_and_another_replaces_it(replicas: Replicas, exam: Exam) -> None:
    first = await films.keep_made(replicas, exam.id, FilmSource.MADE, "4x5", drawn(1), NOW)
    assert (await films.keep_made(replicas, exam.id, FilmSource.MADE, "4x5", drawn(1), NOW)).id == first.id
    await films.keep_made(replicas, exam.id, FilmSource.MADE, "4x5", drawn(2), NOW)
    assert await shown(exam) == ("made", 2, 1)
    assert [film.replaced_at is None for film in await Film.all().order_by("version")] == [False, True]


async def test_the_hospitals_film_is_the_film_then_what_was_chosen(replicas: Replicas, exam: Exam) -> None:
    await films.keep_made(replicas, exam.id, FilmSource.CHOSEN, "2x2", drawn(1), NOW)
    await films.keep_made(replicas, exam.id, FilmSource.MADE, "4x5", drawn(2), NOW)
    assert await shown(exam) == ("chosen", 1, 1)
    page = await take(replicas, pages.png(), accession="A1")
    assert await shown(exam) == ("hospital", 3, 1)
    await films.keep_made(replicas, exam.id, FilmSource.MADE, "4x5", drawn(3), NOW)
    assert await shown(exam) == ("hospital", 3, 1)
    await say_exam("A2")
    await filmpages.choose("demo", page.id, await Exam.get(accession="A2"), subject="admin", now=NOW)
    assert await shown(exam) == ("chosen", 1, 1)
    await films.withdraw(exam.id, FilmSource.CHOSEN, NOW)
    assert await shown(exam) == ("made", 4, 1)


async def test_a_page_drawn_for_another_patient_is_not_kept(replicas: Replicas, exam: Exam) -> None:
    drawn_for = exam.record_id
    await say_patient("P2", "李四")
    await say_exam(patient_id="P2", rematch=True)
    with pytest.raises(Conflict):
        await films.keep_made(replicas, exam.id, FilmSource.MADE, "4x5", drawn(1), NOW, record_id=drawn_for)


async def test_films_made_of_a_study_go_with_it_and_the_hospitals_stay(replicas: Replicas, exam: Exam) -> None:
    await films.keep_made(replicas, exam.id, FilmSource.MADE, "4x5", drawn(1), NOW)
    await films.keep_made(replicas, exam.id, FilmSource.MADE, "4x5", drawn(1, 2), NOW)
    sent = await take(replicas, pages.png(3), accession="A1")
    before = await Document.all().count()
    async with transaction():
        assert await filmdeletion.study_deleted("demo", STUDY_UID, NOW + timedelta(days=1)) == 2
    assert [film.source for film in await Film.all()] == [FilmSource.HOSPITAL]
    assert await shown(exam) == ("hospital", 3, 1)
    assert await Document.all().count() == 4 < before  # the page as it came, and its three JPEGs
    assert await FilmArrival.filter(id=sent.id).exists()


async def test_films_that_newer_ones_replaced_go_after_their_term_and_no_others(replicas: Replicas, exam: Exam) -> None:
    for seed, days in ((1, 0), (2, 10), (1, 20), (3, 30)):
        await films.keep_made(replicas, exam.id, FilmSource.MADE, "4x5", drawn(seed), NOW + timedelta(days=days))
    for seed in (4, 5):
        await films.keep_made(replicas, exam.id, FilmSource.CHOSEN, "2x2", drawn(seed), NOW)
    sent = await Document.all().count()
    later = NOW + timedelta(days=40)

    async def forget(before: timedelta, most: int) -> int:
        async with transaction():
            return await filmdeletion.forget_replaced("demo", NOW + before, later, most)

    assert await forget(timedelta(days=20), 1) == 1  # the first, of which the third has the same page
    assert await Document.all().count() == sent
    assert await forget(timedelta(days=21), 9) == 1
    assert await Document.all().count() < sent
    assert await forget(timedelta(days=31), 9) == 1
    assert await forget(timedelta(days=400), 9) == 0
    left = [(film.source.value, film.version) for film in await Film.all().order_by("version")]
    assert left == [("made", 4), ("chosen", 5), ("chosen", 6)]
    assert await shown(exam) == ("chosen", 6, 1)


async def test_a_film_with_another_exams_study_is_refused(replicas: Replicas, exam: Exam) -> None:
    with pytest.raises(Conflict):
        await films.keep_made(replicas, exam.id, FilmSource.MADE, "4x5", [*drawn(1), *drawn(2, study="1.2.9")], NOW)
    assert await Film.all().count() == 0
    with pytest.raises(NotFound):
        await films.keep_made(replicas, "no-such-exam", FilmSource.MADE, "4x5", drawn(1), NOW)


async def test_a_film_is_not_shown_once_its_study_or_patient_is_another(replicas: Replicas, exam: Exam) -> None:
    await films.keep_made(replicas, exam.id, FilmSource.MADE, "4x5", drawn(1), NOW)
    assert await films.page_counts([exam.id]) == {exam.id: 1}
    link = await ExamStudy.get(exam_id=exam.id)
    await link.delete()
    assert await shown(exam) is None
    await ExamStudy.create(exam_id=exam.id, study_uid=STUDY_UID, how="chosen", confirmed=True)
    assert await shown(exam) == ("made", 1, 1)
    await say_patient("P2", "李四")
    await say_exam(patient_id="P2", rematch=True)
    assert await films.page_counts([exam.id]) == {}  # its header bears the first patient's name
