"""What a proved link shows: one exam, while it may be seen, of whom the link was made for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from core.errors import Unauthenticated
from core.grants import Grant, Role
from core.uids import uuid7
from identity.links import LinkKind, Links
from identity.links_opened import opened_exam, shown
from identity.models import Person
from identity.sessions import Sessions, issue
from infra.epoch import Epoch
from infra.settings import Settings
from records.models import Exam, ExamStudy, Hospital, PatientRecord
from tests.identity.conftest import NOON

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STUDY, OTHER_STUDY = "1.2.3", "1.2.4"


@pytest.fixture
def links(hospital: Hospital, settings: Settings, epoch: Epoch) -> Links:
    return Links(settings.keys, epoch)


@pytest.fixture
def sessions(settings: Settings, epoch: Epoch) -> Iterator[Sessions]:
    yield Sessions(settings.keys, epoch, DAY)


async def patient(number: str) -> PatientRecord:
    return await PatientRecord.create(id=uuid7(), hospital_id="demo", patient_id=number, name="张三", name_folded="张三")


async def exam_of(record: PatientRecord | None, accession: str, study: str) -> Exam:
    exam = await Exam.create(
        id=uuid7(),
        hospital_id="demo",
        accession=accession,
        record_id=record.id if record else None,
        patient_id="1",
        category="radiology",
        item="胸部CT",
        performed_at=NOON - DAY,
    )
    await ExamStudy.create(exam_id=exam.id, study_uid=study, how="told", confirmed=True)
    return exam


async def proved(links: Links, sessions: Sessions, settings: Settings, exam: Exam) -> tuple[str, Grant]:
    """The id of a link to the exam, and what who proved it may see."""
    link = await links.find(await links.issue(LinkKind.NOTICE, "demo", exam.id, now=NOON, expires_at=NOON + DAY), NOON)
    token = await issue(settings.keys, role=Role.LINK, hospital=None, subject=link.id, life=2 * DAY, now=NOON)
    return token, await sessions.grant(token, NOON)


async def test_who_proved_a_link_sees_that_exam_and_no_other(links: Links, sessions: Sessions, database: Settings) -> None:
    record = await patient("1")
    exam = await exam_of(record, "A", STUDY)
    await exam_of(record, "B", OTHER_STUDY)
    _, grant = await proved(links, sessions, database, exam)
    assert grant.studies == {("demo", STUDY)}
    assert (grant.hospitals, grant.home) == (frozenset(), None)


async def test_a_session_ends_with_its_link(links: Links, sessions: Sessions, database: Settings) -> None:
    token, grant = await proved(links, sessions, database, await exam_of(await patient("1"), "A", STUDY))
    with pytest.raises(Unauthenticated):
        await sessions.grant(token, NOON + DAY)
    await links.revoke(LinkKind.NOTICE, "demo", (await links_exam(grant)), NOON)
    with pytest.raises(Unauthenticated):
        await sessions.grant(token, NOON)


async def links_exam(grant: Grant) -> str:
    return (await Exam.get(hospital_id="demo", accession="A")).id


HIDDEN: tuple[dict[str, Any], ...] = (
    {"digital_service": False},
    {"item": "HIV抗体检测"},
    {"cancelled_at": NOON},
    {"record_id": None},
)


async def test_what_became_hidden_is_not_shown(links: Links, sessions: Sessions, database: Settings) -> None:
    for number, hidden in enumerate(HIDDEN):
        exam = await exam_of(await patient(str(number)), f"A{number}", f"{STUDY}.{number}")
        token, grant = await proved(links, sessions, database, exam)
        assert grant.studies
        await Exam.filter(id=exam.id).update(**hidden)
        assert (await sessions.grant(token, NOON + HOUR)).studies == frozenset(), hidden


async def test_a_message_to_the_first_patient_does_not_show_what_turned_out_to_be_anothers(links: Links) -> None:
    first, second = await patient("1"), await patient("2")
    exam = await exam_of(first, "A", STUDY)
    link = await links.find(await links.issue(LinkKind.NOTICE, "demo", exam.id, now=NOON, person_id=first.id), NOON)
    assert await opened_exam(link, NOON)
    await Exam.filter(id=exam.id).update(record_id=second.id)
    assert await opened_exam(link, NOON) is None
    await PatientRecord.filter(id=first.id).update(merged_into_id=second.id)
    assert await opened_exam(link, NOON), "both numbers are one patient"


async def test_a_message_to_a_person_shows_while_the_exam_is_theirs(links: Links) -> None:
    person = await Person.create(id=uuid7(), created_at=NOON)
    exam = await exam_of(await patient("1"), "A", STUDY)
    link = await links.find(await links.issue(LinkKind.NOTICE, "demo", exam.id, now=NOON, person_id=person.id), NOON)
    assert await opened_exam(link, NOON) is None


async def test_a_link_that_nobody_issued_opens_nothing(hospital: Hospital) -> None:
    with pytest.raises(Unauthenticated):
        await shown("0" * 36, NOON)
