"""Pages that a hospital printed find their exam by number, patient and study, or wait; a person may decide, and undo it."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import pytest

from archive import documents
from archive.models import Document
from archive.replicas import Replicas
from core.errors import Conflict, NotFound, Unreadable
from core.uids import uuid7
from records import filmpages, filmplacing, films
from records.filmpages import PageSaid
from records.filmplacing import NOTHING_SAID, TOO_MANY
from records.models import Exam, Film, FilmArrival, FilmTier, RecordChange
from records.waiting import EXAM_UNKNOWN, OTHER_PATIENT, SEVERAL_EXAMS
from records.writing import Outcome, Said
from tests.records import pages
from tests.records.saying import NOW, STUDY_UID, receive_study, say_exam, say_patient

pytestmark = pytest.mark.usefixtures("hospital")


async def not_recorded(_said: Said) -> None:
    """A hospital's call writes the audit trail here; tests of that are in tests/api."""


async def take(replicas: Replicas, content: bytes, *, key: str | None = None, **said: Any) -> Said:
    return await filmpages.take(
        replicas, pages.Here(), "demo", content, PageSaid(**said), key=key, now=NOW, on_record=not_recorded
    )


async def reason(page_id: str) -> str:
    return (await FilmArrival.get(id=page_id)).reason


async def film_of(accession: str = "A1") -> list[str]:
    """Ids of the documents that are the pages of an exam's film."""
    exam = await Exam.get(accession=accession)
    film = await films.shown(exam.id)
    return [page.document_id for page in await films.pages_of(film)] if film else []


async def document(content: bytes) -> str:
    return (await Document.get(sha256=hashlib.sha256(content).hexdigest())).id


async def test_a_page_of_a_known_exam_is_its_film_and_keeps_its_bytes(replicas: Replicas) -> None:
    await say_patient()
    await say_exam()
    for content in (pages.png(), pages.pdf(7), pages.dicom(8, AccessionNumber="A1", PatientID="P1")):
        told = {} if content[128:132] == b"DICM" else {"accession": "A1"}
        said = await take(replicas, content, **told)
        assert (said.outcome, said.waiting, said.moved) == (Outcome.NEW, False, True)
        row = await FilmArrival.get(id=said.id)
        assert await documents.read(replicas, "demo", row.document_id) == content
    assert await films.page_counts([(await Exam.get(accession="A1")).id]) == {(await Exam.get(accession="A1")).id: 3}


async def test_a_plain_jpeg_goes_out_as_it_came_and_nothing_is_enlarged(replicas: Replicas) -> None:
    content = pages.jpeg(width=800, height=1000)
    await take(replicas, content, accession="A1")
    tiers = await FilmTier.all().order_by("width").prefetch_related("document")
    assert [(tier.width, tier.height) for tier in tiers] == [(360, 450), (720, 900), (800, 1000)]
    assert await documents.content(replicas, tiers[-1].document) == content
    small = pages.decoded(await documents.content(replicas, tiers[0].document))
    assert small.shape == (450, 360)
    assert abs(float(small.mean()) - float(pages.shades().mean())) < 2


async def test_it_waits_with_the_reason_until_what_it_belongs_to_comes(replicas: Replicas) -> None:
    page = await take(replicas, pages.png(), accession="A1", patient_id="P1")
    assert page.waiting and await reason(page.id) == EXAM_UNKNOWN
    await say_patient()
    await say_exam()
    assert await film_of() == [await document(pages.png())]
    assert await reason(page.id) == ""


async def test_another_patients_page_never_becomes_the_exams_film(replicas: Replicas) -> None:
    await say_patient()
    await say_patient("P2", "李四")
    await say_exam()
    page = await take(replicas, pages.dicom(AccessionNumber="A1", PatientID="P2"))
    assert page.waiting and await reason(page.id) == OTHER_PATIENT
    assert await film_of() == []
    await say_exam(patient_id="P2", rematch=True)  # the hospital corrects whose exam it is
    assert len(await film_of()) == 1


async def test_repeated_numbers_wait_unless_place_or_study_tells_them_apart(replicas: Replicas) -> None:
    await say_patient()
    for campus in ("east", "west"):
        await say_exam(campus=campus)
    doubtful = await take(replicas, pages.png(1), accession="A1")
    assert await reason(doubtful.id) == SEVERAL_EXAMS
    told = await take(replicas, pages.png(2), accession="A1", campus="west")
    assert (await FilmArrival.get(id=told.id)).exam_id == (await Exam.get(campus="west")).id
    assert await reason((await take(replicas, pages.png(3))).id) == NOTHING_SAID


async def test_a_page_that_names_only_its_study_is_placed_once_the_study_is(replicas: Replicas) -> None:
    await say_patient()
    page = await take(replicas, pages.png(), study_uid=STUDY_UID)
    assert page.waiting
    await receive_study()
    await say_exam()
    assert await film_of() == [await document(pages.png())]


async def test_pages_stand_in_the_order_that_they_say(replicas: Replicas) -> None:
    await say_patient()
    await say_exam()
    for number in (3, 1, 2):
        await take(replicas, pages.png(number), accession="A1", number=number)
    assert await film_of() == [await document(pages.png(number)) for number in (1, 2, 3)]
    current = await films.shown((await Exam.get(accession="A1")).id)
    assert current is not None and current.version == 3
    assert await Film.filter(replaced_at=None).count() == 1


async def test_the_same_page_again_changes_nothing_however_many_send_it_at_once(replicas: Replicas) -> None:
    await say_patient()
    await say_exam()
    said = await asyncio.gather(*(take(replicas, pages.png(), accession="A1") for _ in range(5)))
    assert {each.id for each in said} == {said[0].id}
    assert sorted(each.outcome for each in said) == ["new", "same", "same", "same", "same"]
    assert len(await film_of()) == 1
    await say_exam("A2")
    with pytest.raises(Conflict):
        await take(replicas, pages.png(), accession="A2")


async def test_an_idempotency_key_stands_for_one_request(replicas: Replicas) -> None:
    first = await take(replicas, pages.png(1), accession="A1", key="k1")
    again = await take(replicas, pages.png(1), accession="A1", key="k1")
    assert (again.id, again.outcome) == (first.id, Outcome.SAME)
    with pytest.raises(Conflict):
        await take(replicas, pages.png(2), accession="A1", key="k1")
    assert await FilmArrival.all().count() == 1


async def test_what_a_person_decides_counts_and_can_be_taken_back(replicas: Replicas) -> None:
    await say_patient()
    for accession in ("A1", "A2"):
        await say_exam(accession)
    page = await take(replicas, pages.png(), accession="A1")
    other = await Exam.get(accession="A2")
    await filmpages.choose("demo", page.id, other, subject="admin", now=NOW)
    assert (await film_of("A1"), len(await film_of("A2"))) == ([], 1)
    assert (await filmpages.choose("demo", page.id, other, subject="admin", now=NOW)).outcome is Outcome.SAME
    await filmpages.undo("demo", page.id, now=NOW)
    assert (len(await film_of("A1")), await film_of("A2")) == (1, [])
    with pytest.raises(Conflict):
        await filmpages.undo("demo", page.id, now=NOW)
    await filmpages.choose("demo", page.id, other, subject="admin", now=NOW)
    await filmpages.rematch("demo", page.id, subject="admin", now=NOW)
    assert (len(await film_of("A1")), await film_of("A2")) == (1, [])
    assert await RecordChange.filter(source=page.id).count() == 3
    with pytest.raises(NotFound):
        await filmpages.choose("demo2", page.id, other, subject="admin", now=NOW)


async def test_a_film_has_an_end(replicas: Replicas) -> None:
    await say_patient()
    await say_exam()
    first = await take(replicas, pages.png(0, width=50, height=50), accession="A1")
    row = await FilmArrival.get(id=first.id)
    said: dict[str, Any] = {"media_type": "image/png", "size": 1, "keep_until": NOW.date(), "received_at": NOW}
    more = [
        Document(id=uuid7(), hospital_id="demo", key=str(number), sha256=str(number), **said)
        for number in range(1, filmplacing.MOST_PAGES)
    ]
    await Document.bulk_create(more)
    await FilmArrival.bulk_create(
        FilmArrival(id=uuid7(), hospital_id="demo", document_id=each.id, exam_id=row.exam_id, received_at=NOW) for each in more
    )
    beyond = await take(replicas, pages.png(1, width=50, height=50), accession="A1")
    assert beyond.waiting and await reason(beyond.id) == TOO_MANY
    with pytest.raises(Conflict):
        await filmpages.choose("demo", beyond.id, await Exam.get(accession="A1"), subject="admin", now=NOW)


async def test_what_is_no_page_is_refused_and_leaves_nothing(replicas: Replicas) -> None:
    for content in (b"hello", pages.png()[:-60], pages.pdf(1, pages=2)):
        with pytest.raises(Unreadable):
            await take(replicas, content, accession="A1")
    assert await FilmArrival.all().count() == 0 == await Document.all().count()


async def test_the_list_goes_page_by_page_and_holds_what_waits(replicas: Replicas) -> None:
    await say_patient()
    await say_exam("A3")
    taken = [await take(replicas, pages.png(number), accession=f"A{number}") for number in range(5)]
    waiting = [each.id for each in taken if each.waiting]
    assert len(waiting) == 4
    first = await filmpages.listed("demo", waiting=True, after="", limit=3)
    second = await filmpages.listed("demo", waiting=True, after=first[-1].id, limit=3)
    assert sorted(line.id for line in (*first, *second)) == sorted(waiting)
    (placed,) = await filmpages.listed("demo", waiting=False, after="", limit=3)
    assert (placed.accession, placed.width, placed.height, placed.reason) == ("A3", 800, 1000, "")
    assert await filmpages.listed("demo2", waiting=None, after="", limit=3) == []
