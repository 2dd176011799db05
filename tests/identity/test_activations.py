"""Activations: opened and declined, by whichever way; each answer that changes something is one row, owed for once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from core.errors import Conflict
from core.grants import Role
from identity import activations
from identity.activations import Kind, Place, Witness
from identity.models import ServiceEvent
from infra.sealing import Sealer
from records import choices, exams, patients
from records.choices import Choice
from records.exams import ExamFields, ExamKey
from records.models import Hospital
from records.patients import Patient
from records.policies import from_json
from records.writing import writing
from tests.identity.conftest import NOON

PHONE, KIOSK = Witness("phone", Role.PATIENT, "p"), Witness("kiosk", Role.KIOSK, "kiosk-1")

Say = Callable[..., Awaitable[Choice]]


@pytest.fixture
async def record(hospital: Hospital, sealer: Sealer) -> str:
    return (await patients.put(sealer, "demo", "P1", Patient("张三"))).id


@pytest.fixture
def say(record: str) -> Say:
    """The hospital's system tells an exam, as its PUT does."""

    async def said(accession: str = "A1", **more: object) -> Choice:
        fields: ExamFields = {
            "patient_id": "P1",
            "category": "radiology",
            "performed_at": NOON,
            "digital_service": None,
            **more,  # type: ignore[typeddict-item]  # named so
        }
        async with writing("demo"):
            before = await exams.find(ExamKey("demo", accession))
            told = await exams.put(ExamKey("demo", accession), fields, study_uids=None, subject="his", now=NOON)
            opened = fields["digital_service"]
            if opened is not None and (before is None or before.digital_service is not opened):
                await activations.told_by_hospital(told.id, opened=opened, subject="his", now=NOON)
        found = await choices.get([record], told.id)
        assert found is not None
        return found

    return said


async def now_of(choice: Choice) -> bool:
    found = await choices.get([str(choice.exam.record_id)], choice.exam.id)
    assert found is not None
    return found.open


async def rows(choice: Choice) -> list[tuple[str, str, str]]:
    found = await ServiceEvent.filter(exam_id=choice.exam.id).order_by("number")
    return [(row.kind, row.way, row.fee_state) for row in found]


async def test_declined_in_the_hospital_is_opened_from_the_phone_and_declined_again(say: Say) -> None:
    exam = await say(digital_service=False)
    assert not exam.open
    for kind, is_open in ((Kind.OPENED, True), (Kind.DECLINED, False), (Kind.OPENED, True)):
        row, new = await activations.answer(exam, kind, PHONE, "1", NOON)
        assert (new, await now_of(exam)) == (True, is_open)
        assert (await activations.answer(exam, kind, KIOSK, "1", NOON))[1] is False
    assert row.notice_sha256
    assert await rows(exam) == [
        ("declined", "his", "none"),
        ("opened", "phone", "open"),
        ("declined", "phone", "none"),
        ("opened", "phone", "included"),  # owed for once
    ]


async def test_what_the_hospitals_system_repeats_does_not_undo_the_patients_answer_and_a_new_word_does(say: Say) -> None:
    exam = await say(digital_service=False)
    await activations.answer(exam, Kind.OPENED, PHONE, "1", NOON)
    await say(digital_service=False, item="胸部CT")
    assert await now_of(exam)
    await say(digital_service=True)
    await say(digital_service=False)
    assert not await now_of(exam)
    assert [kind for kind, _, _ in await rows(exam)] == ["declined", "opened", "declined"]


async def test_what_one_patient_answered_is_not_the_answer_of_another(say: Say, sealer: Sealer) -> None:
    exam = await say()
    await activations.answer(exam, Kind.DECLINED, PHONE, "1", NOON)
    other = (await patients.put(sealer, "demo", "P2", Patient("李四"))).id
    await exams.rematch(ExamKey("demo", "A1"), "P2", subject="admin", now=NOON)
    found = await choices.get([other], exam.exam.id)
    assert found is not None
    assert found.open


async def test_ten_answers_at_once_have_one_effect(say: Say) -> None:
    exam = await say()
    tries = (activations.answer(exam, Kind.OPENED, KIOSK, "1", NOON) for _ in range(10))
    answers = await asyncio.gather(*tries)
    assert sorted(new for _, new in answers) == [False] * 9 + [True]
    assert len({row.id for row, _ in answers}) == 1
    assert await rows(exam) == [("opened", "kiosk", "open")]


async def test_an_old_notice_was_not_the_one_to_answer(say: Say) -> None:
    exam = await say()
    with pytest.raises(Conflict):
        await activations.answer(exam, Kind.OPENED, PHONE, "0", NOON)
    assert await rows(exam) == []


async def test_the_fee_is_of_the_first_rule_that_fits(say: Say) -> None:
    await Hospital.filter(code="demo").update(
        policies={
            "fees": [
                {"state": "free", "way": "qr"},
                {"state": "included", "visit_kind": "checkup", "fee_class": "package"},
                {"state": "charged", "category": "radiology"},
            ]
        }
    )
    found = {}
    for accession, way, more in (
        ("A1", "qr", {}),
        ("A2", "phone", {"visit_kind": "checkup"}),
        ("A3", "phone", {}),
        ("A4", "phone", {"category": "ecg"}),
        ("A5", "phone", {"category": "lab"}),
    ):
        row, _ = await activations.answer(await say(accession, **more), Kind.OPENED, Witness(way, Role.PATIENT, "p"), "1", NOON)
        found[accession] = (row.fee_class, row.fee_state)
    assert found == {
        "A1": ("radiology", "free"),
        "A2": ("package", "included"),
        "A3": ("radiology", "charged"),
        "A4": ("other", "open"),
        "A5": ("none", "open"),
    }
    assert from_json({}).fee_of("radiology", "", "phone").state == "open"


async def test_what_is_not_open_is_listed_page_by_page_without_what_is_held_back(say: Say, record: str) -> None:
    for number in range(5):
        await say(f"A{number}", digital_service=False, performed_at=NOON - timedelta(days=number))
    held: ExamFields = {"patient_id": "P1", "category": "lab", "performed_at": NOON, "digital_service": False, "item": "HIV"}
    await exams.put(ExamKey("demo", "HELD"), held, study_uids=None, subject="his", now=NOON)
    await say("OPEN")
    first, cursor = await choices.closed([record], cursor="", limit=3)
    assert cursor is not None
    rest, end = await choices.closed([record], cursor=cursor, limit=3)
    assert [each.exam.accession for each in first + rest] == ["A0", "A1", "A2", "A3", "A4"]
    assert end is None
    await Hospital.filter(code="demo").update(policies={"digital_service_default": False})
    found, _ = await choices.closed([record], cursor="", limit=20)
    assert "OPEN" in {each.exam.accession for each in found}, "where it is closed unless asked for, that can be asked for"


async def test_pages_of_all_answers_leave_none_out_and_show_none_twice(say: Say) -> None:
    for number in range(7):
        await activations.answer(await say(f"A{number}"), Kind.OPENED, PHONE, "1", NOON + timedelta(seconds=number // 3))
    seen: list[str] = []
    after: Place | None = None
    while page := await activations.between("demo", None, None, after, 2):
        seen += [row.exam.accession for row in page]
        after = Place(page[-1].at, page[-1].id)
    assert sorted(seen) == [f"A{number}" for number in range(7)]
    day = await activations.between("demo", NOON, NOON + timedelta(seconds=1), None, 10)
    assert len(day) == 3
    assert await activations.between("demo2", None, None, None, 10) == []
