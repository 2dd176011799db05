"""Reports keep every version; repetitions and overtaken messages change nothing; rules say what of it a patient sees."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from core.errors import InvalidField
from records import exams, reports
from records.models import Exam, Hospital, Report, ReportPdf
from records.policies import Policies, from_json
from records.visibility import State, exam_is_visible, report_is_visible, rules_of, state_of
from tests.records.saying import NOW, SEALER, key, say_exam, say_patient, say_report

NIGHT = datetime(2026, 11, 19, 16, 30, tzinfo=UTC)  # half past midnight in Shanghai


async def versions() -> list[tuple[int, str, str]]:
    return [(row.version, row.status, row.findings) for row in await Report.all().order_by("version")]


async def test_each_change_is_a_version_and_repetitions_of_any_are_none(hospital: Hospital) -> None:
    await say_exam()
    told: list[dict[str, Any]] = [
        {"status": "preliminary", "findings": "a"},
        {"status": "final", "findings": "a"},
        {"status": "corrected"},
    ]
    for _ in range(2):
        for each in told:
            await say_report(**each)
    assert await versions() == [(1, "preliminary", "a"), (2, "final", "a"), (3, "corrected", "")]
    assert (await Exam.get()).report_version == 3


async def test_a_withdrawn_report_comes_back_when_it_is_told_anew(hospital: Hospital) -> None:
    await say_exam()
    for status in ("final", "withdrawn", "final"):
        await say_report(status=status)
    assert [status for _, status, _ in await versions()] == ["final", "withdrawn", "final"]


async def test_an_older_message_never_hides_a_newer_word(hospital: Hospital) -> None:
    await say_exam()
    await say_report(status="final", said_at=NOW)
    await say_report(status="preliminary", said_at=NOW - timedelta(minutes=1))
    assert [status for _, status, _ in await versions()] == ["final"]


async def test_a_pdf_stays_with_its_version_also_while_it_waits(hospital: Hospital) -> None:
    await say_report(pdf=b"%PDF-1", reported_at=NOW)
    await say_exam()
    assert await ReportPdf.all().count() == 0
    assert await reports.exam_came(SEALER, key(), NOW)
    report = await Report.get()
    assert (report.pdf_size, report.reported_at, await reports.pdf_of(report)) == (6, NOW, b"%PDF-1")


def an_exam(**more: Any) -> Exam:
    known = {"hospital_id": "demo", "accession": "A", "patient_id": "P", "category": "radiology", "modality": "CT"}
    return Exam(**{**known, "performed_at": NIGHT, "visit_kind": "emergency", "item": "CT", "department": "", **more})


def a_report(status: str) -> Report:
    return Report(status=status)


def ruled(**policies: Any) -> Any:
    return rules_of(Hospital(code="demo", name="x", zone="Asia/Shanghai", policies=policies))


@pytest.mark.parametrize(
    ("exam", "policies", "visible"),
    [
        ({}, {}, True),
        ({}, {"digital_service_default": False}, False),
        ({"digital_service": True}, {"digital_service_default": False}, True),
        ({"digital_service": False}, {}, False),
        ({"film_printed_at": NOW}, {}, True),
        ({"film_printed_at": NOW}, {"film_printed_closes": True}, False),
        ({"item": "ＨＩＶ抗体"}, {}, False),
        ({"item": "hiv抗体"}, {"held_items": []}, True),
        ({"item": "HIV抗体", "released_at": NOW}, {}, True),
        ({"department": "精神科"}, {}, False),
        ({"cancelled_at": NOW}, {}, False),
    ],
)
def test_who_may_see_an_exam(exam: dict[str, Any], policies: dict[str, Any], visible: bool) -> None:
    assert exam_is_visible(an_exam(**exam), ruled(**policies)) is visible


NIGHTS = [{"show": "marked", "visit_kind": "emergency", "hours": "22:00-06:00"}]


@pytest.mark.parametrize(
    ("status", "policies", "exam", "state"),
    [
        ("preliminary", {}, {}, State.IN_REVIEW),
        ("preliminary", {"preliminary": NIGHTS}, {}, State.REPORTED),
        ("preliminary", {"preliminary": NIGHTS}, {"visit_kind": "outpatient"}, State.IN_REVIEW),
        ("preliminary", {"preliminary": NIGHTS}, {"performed_at": NOW}, State.IN_REVIEW),
        ("preliminary", {"preliminary": [{"show": "hidden", "modality": "CT"}, {"show": "marked"}]}, {}, State.IN_REVIEW),
        ("final", {}, {}, State.REPORTED),
        ("withdrawn", {}, {}, State.WITHDRAWN),
        (None, {}, {}, State.EXAMINED),
        (None, {}, {"performed_at": NOW + timedelta(days=1)}, State.REGISTERED),
    ],
)
def test_how_far_an_exam_is_for_its_patient(
    status: str | None, policies: dict[str, Any], exam: dict[str, Any], state: State
) -> None:
    rules, report = ruled(**policies), a_report(status) if status else None
    assert state_of(an_exam(**exam), report, rules, NOW) is state
    assert report_is_visible(an_exam(**exam), report, rules) is (state is State.REPORTED)


@pytest.mark.parametrize(
    "policies",
    [
        {"digital_service": True},
        {"film_printed_closes": "yes"},
        {"held_items": "HIV"},
        {"held_items": [""]},
        {"preliminary": [{"show": "maybe"}]},
        {"preliminary": [{"show": "marked", "hours": "22-"}]},
        {"preliminary": [{"show": "marked", "hour": "22:00-06:00"}]},
        {"binding_factors": {"dog_tag": ["name"]}},
        {"binding_factors": {"id_card": ["guess"]}},
        {"usual_hours": {"radiology": True}},
    ],
)
def test_an_impossible_rule_is_refused(policies: dict[str, Any]) -> None:
    with pytest.raises(InvalidField):
        from_json(policies)


def test_rules_that_nobody_set_have_safe_defaults() -> None:
    rules = from_json({})
    assert rules == Policies()
    assert not rules.shows_preliminary("CT", "emergency", time(3))
    assert "HIV" in rules.held_items
    assert rules.factors_of("id_card") == ("hospital_phone", "name")


async def test_release_and_hold(hospital: Hospital) -> None:
    await say_patient()
    await say_exam(item="HIV抗体")
    rules = rules_of(hospital)
    assert not exam_is_visible(await Exam.get(), rules)
    assert (await exams.release(key(), released=True, now=NOW)).moved
    assert exam_is_visible(await Exam.get(), rules)
    assert not (await exams.release(key(), released=True, now=NOW)).moved
    await exams.release(key(), released=False, now=NOW)
    assert not exam_is_visible(await Exam.get(), rules)
