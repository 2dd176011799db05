"""A patient finds every exam that may be seen, in any order, page by page, by words; what is hidden leaves no trace."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from tortoise.connection import get_connection
from tortoise.expressions import Q

from core.errors import InvalidField, Malformed
from infra.database import is_postgres
from infra.settings import Settings
from records import exams, patients
from records.exams import ExamFields, ExamKey
from records.models import Exam, Hospital, PatientRecord
from records.patients import Patient
from records.search import Found, Query, _days, _homes, _order, _rules_by_hospital, get, keywords_of, search
from tests.records.saying import NOW, PERFORMED, SEALER, STUDY_UID, receive_study, say_exam, say_patient, say_report

PARTS = ("头", "胸", "")


async def mine() -> list[str]:
    return [row.id for row in await PatientRecord.filter(patient_id="P1")]


async def found(**query: Any) -> list[str]:
    """Accession numbers, all pages."""
    numbers: list[str] = []
    cursor = ""
    while True:
        page = await search(await mine(), Query(**{"limit": 3, **query}, cursor=cursor), NOW)
        numbers += [each.exam.accession for each in page.items]
        if page.next is None:
            return numbers
        assert len(page.items) == query.get("limit", 3)
        cursor = page.next


async def one(accession: str) -> Found:
    page = await search(await mine(), Query(limit=100), NOW)
    return next(each for each in page.items if each.exam.accession == accession)


@pytest.fixture
async def twenty(hospital: Hospital) -> None:
    """Twenty exams, every fifth declined, two of somebody else; three share each moment."""
    await say_patient("P1")
    await say_patient("P2", "李四")
    for number in range(20):
        at = PERFORMED - timedelta(days=number // 3)
        choice = False if number % 5 == 0 else None
        category = "radiology" if number % 2 else "ultrasound"
        more: dict[str, Any] = {"body_part": PARTS[number % 3], "category": category, "item": f"检查{number}"}
        await say_exam(f"A{number:02}", performed_at=at, digital_service=choice, **more)
    for number in range(2):
        await say_exam(f"B{number}", "P2")


@pytest.mark.usefixtures("twenty")
async def test_pages_hold_each_visible_exam_once_in_every_order() -> None:
    visible = {f"A{number:02}" for number in range(20) if number % 5}
    for name in ("performed_at", "hospital", "category", "body_part"):
        up, down = await found(sort=name), await found(sort=f"-{name}", limit=7)
        assert sorted(up) == sorted(down) == sorted(visible)
        assert len(set(up)) == len(up)
    assert (await found())[0] == "A02"  # newest first; of one moment, the one told last
    assert (await found(sort="performed_at"))[0] == "A19"


@pytest.mark.usefixtures("twenty")
async def test_filters_narrow() -> None:
    assert set(await found(category="radiology")) == {f"A{n:02}" for n in range(20) if n % 2 and n % 5}
    assert set(await found(body_part="头")) == {f"A{n:02}" for n in range(0, 20, 3) if n % 5}
    assert await found(hospital="demo2") == []
    day = PERFORMED.date()
    assert set(await found(first_day=day, last_day=day)) == {"A01", "A02"}
    assert set(await found(last_day=day - timedelta(days=6))) == {"A18", "A19"}
    assert await found(first_day=day + timedelta(days=1)) == []


async def test_a_day_is_the_hospitals_own(hospital: Hospital) -> None:
    await say_patient()
    await say_exam("LATE", performed_at=NOW.replace(day=19, hour=16))  # midnight in Shanghai
    await say_exam("EARLY", performed_at=NOW.replace(day=19, hour=15, minute=59))
    assert await found(first_day=date(2026, 11, 20)) == ["LATE"]
    assert await found(last_day=date(2026, 11, 19)) == ["EARLY"]


async def test_words_are_found_in_item_and_visible_report_only(hospital: Hospital) -> None:
    await say_patient()
    for accession, status in (("F", "final"), ("P", "preliminary"), ("W", "withdrawn")):
        await say_exam(accession, item="胸部CT平扫")
        await say_report(accession, status, findings="右肺结节 GGO", impression="建议100%随访_")
    await say_exam("HELD", item="HIV 结节")
    assert await found(keywords=keywords_of("结节")) == ["F"]
    assert await found(keywords=keywords_of("ｇｇｏ 胸部")) == ["F"]
    assert sorted(await found(keywords=keywords_of("ct 胸部"))) == ["F", "P", "W"]
    assert await found(keywords=keywords_of("100%随访_")) == ["F"]
    assert await found(keywords=keywords_of("100_随访")) == []
    assert await found(keywords=keywords_of("hiv")) == []
    await say_report("F", "corrected", findings="未见异常")
    assert await found(keywords=keywords_of("结节")) == []


async def test_an_exam_tells_its_state_report_and_studies(hospital: Hospital) -> None:
    await Hospital.filter(code="demo").update(policies={"usual_hours": {"radiology": 24}})
    await say_patient()
    await receive_study()
    await say_exam()
    exam = await one("A1")
    assert (exam.state, exam.report, exam.studies) == ("examined", None, (STUDY_UID,))
    assert exam.usually_reported_at == PERFORMED + timedelta(hours=24)
    await say_report(status="preliminary")
    assert ((await one("A1")).state, (await one("A1")).report) == ("in_review", None)
    await say_report(status="final")
    assert (await one("A1")).report is not None
    assert await get(await mine(), exam.exam.id, NOW) is not None
    assert await get(["nobody"], exam.exam.id, NOW) is None


async def test_who_has_no_record_finds_nothing(hospital: Hospital) -> None:
    assert (await search([], Query(), NOW)).items == ()


@pytest.mark.parametrize("sort", ["id", "record__name", "-", "", "performed_at; drop"])
async def test_an_unknown_order_is_refused(hospital: Hospital, sort: str) -> None:
    await say_patient()
    with pytest.raises(InvalidField):
        await search(await mine(), Query(sort=sort), NOW)


@pytest.mark.parametrize("cursor", ["x", "bnVsbA", "WzEsMiwzLDRd", "é", "W" * 5000])
async def test_a_foreign_cursor_is_malformed(hospital: Hospital, cursor: str) -> None:
    await say_patient()
    with pytest.raises(Malformed):
        await search(await mine(), Query(cursor=cursor), NOW)


def test_too_many_or_too_long_words_are_refused() -> None:
    for text in ("a " + " ".join("bcdefghi"), "x" * 65):
        with pytest.raises(InvalidField):
            keywords_of(text)


async def test_two_clocks_and_one_hospital_alone(hospital: Hospital) -> None:
    """Records of hospitals in two zones: a day is that of each, and a hospital asked for alone has its own only."""
    await Hospital.create(code="west", name="西部", zone="Asia/Urumqi")
    for code in ("demo", "west"):
        await patients.put(SEALER, code, "P1", Patient("张三"))
        said: ExamFields = {"patient_id": "P1", "category": "radiology", "performed_at": NOW.replace(day=19, hour=17)}
        await exams.put(ExamKey(code, code), said, study_uids=None, subject="test", now=NOW)
    assert sorted(await found()) == ["demo", "west"]
    assert await found(hospital="west") == ["west"]
    assert await found(first_day=date(2026, 11, 20)) == ["demo"]  # 01:00 in Shanghai, 23:00 the day before in Urumqi
    assert await found(last_day=date(2026, 11, 19)) == ["west"]
    assert await found(hospital="demo", last_day=date(2026, 11, 19)) == []
    assert await found(hospital="elsewhere") == []


async def test_a_list_of_several_records_reads_by_record_and_not_all_exams_of_the_hospital(
    hospital: Hospital, database: Settings
) -> None:
    """What the database is asked, for every question that a patient can put."""
    if is_postgres(database):
        return  # it counts its rows, and plans by their number
    for number in range(3):
        await say_patient(f"P{number}")
        await say_exam(f"A{number}", f"P{number}")
    records = [row.id for row in await PatientRecord.all()]
    homes = await _homes(records)
    rules = await _rules_by_hospital(homes.values())
    for query in (Query(), Query(sort="hospital"), Query(first_day=date(2020, 1, 1)), Query(category="lab", sort="body_part")):
        among = Q(record_id__in=records) & _days(query, rules, homes)
        sql = Exam.filter(among).order_by(*_order(query.sort)).limit(21).sql(params_inline=True)
        plan = await get_connection("default").execute_query_dict(f"EXPLAIN QUERY PLAN {sql}")
        assert any("(record_id=?" in step["detail"] for step in plan), plan
