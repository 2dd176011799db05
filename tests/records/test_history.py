"""A former vendor's table becomes history: silent, repeatable, never over what the hospital has told."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from core.errors import InvalidField, Malformed
from records import matching
from records.history import Line, bring_in, lines
from records.models import Exam, Hospital, PatientRecord, Report
from records.writing import Outcome, Said
from tests.records.saying import NOW, SEALER, STUDY_UID, receive_study, say_exam, say_patient

HEAD = "patient_id,name,sex,accession,category,item,performed_at,url,impression,reported_at"
FIRST = 'P1,张三,M,OLD1,radiology,胸片,2019-03-04 08:00,https://old.example/1,"未见异常,建议复查",2019-03-04 09:00'
SECOND = "P2,李四,,OLD2,ultrasound,甲状腺,20190305,,,"
CHINA = ZoneInfo("Asia/Shanghai")


def table(*rows: str) -> bytes:
    return "\r\n".join([HEAD, *rows]).encode()


async def take(data: bytes) -> list[Said]:
    return [await bring_in(SEALER, "demo", line, CHINA, NOW) for line in lines(data)]


@pytest.mark.parametrize("charset", ["utf-8-sig", "gb18030"])
def test_a_table_is_read_in_either_charset(charset: str) -> None:
    data = table(FIRST, "", SECOND).decode().encode(charset)
    assert [(line.number, line.values["name"]) for line in lines(data)] == [(2, "张三"), (4, "李四")]


@pytest.mark.parametrize(
    "data", [b"", b"a,b\n1,2", HEAD.replace("sex", "name").encode(), b"\xff\xfe\x80\xff", table("x" * 200_000)]
)
def test_a_table_of_other_columns_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        list(lines(data))


async def test_lines_become_exams_with_their_reports_once(hospital: Hospital) -> None:
    assert [said.outcome for said in await take(table(FIRST, SECOND))] == [Outcome.NEW, Outcome.NEW]
    assert [said.outcome for said in await take(table(FIRST, SECOND))] == [Outcome.SAME, Outcome.SAME]
    exam = await Exam.get(accession="OLD1").prefetch_related("record")
    assert (exam.images, exam.elsewhere_url) == ("elsewhere", "https://old.example/1")
    assert exam.performed_at == datetime(2019, 3, 4, 0, 0, tzinfo=UTC)
    assert exam.record is not None and (exam.record.name, exam.record.sex) == ("张三", "M")
    assert (await Report.get()).impression == "未见异常,建议复查"
    assert (await Exam.get(accession="OLD2")).images == "here"


async def test_what_the_hospital_told_stays(hospital: Hospital) -> None:
    await say_patient("P1", "张三丰", sex="F")
    await say_exam("OLD1", item="胸部CT")
    assert [said.outcome for said in await take(table(FIRST))] == [Outcome.SAME]
    assert ((await PatientRecord.get()).name, (await Exam.get()).item) == ("张三丰", "胸部CT")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", ""),
        ("category", "magic"),
        ("sex", "男"),
        ("performed_at", "soon"),
        ("url", "ftp://x"),
        ("item", "x" * 201),
    ],
)
async def test_an_impossible_cell_is_named_and_nothing_is_written(hospital: Hospital, name: str, value: str) -> None:
    (line,) = lines(table(FIRST))
    with pytest.raises(InvalidField, match=name):
        await bring_in(SEALER, "demo", Line(2, {**line.values, name: value}), CHINA, NOW)
    assert await Exam.all().count() == 0


async def test_an_exam_whose_pictures_come_after_all_is_here(hospital: Hospital) -> None:
    await take(table(FIRST))
    await receive_study(patient_id="P9", accession="OLD1")
    await matching.study_arrived("demo", STUDY_UID)
    assert (await Exam.get(accession="OLD1")).images == "elsewhere", "somebody else's pictures are not its own"
    await receive_study("1.2.3.77", patient_id="P1", accession="OLD1")
    await matching.study_arrived("demo", "1.2.3.77")
    exam = await Exam.get(accession="OLD1")
    assert (exam.images, exam.elsewhere_url) == ("here", "https://old.example/1")


async def test_an_exam_for_which_a_person_chose_pictures_is_here(hospital: Hospital) -> None:
    await take(table(FIRST))
    await receive_study(patient_id="P9", accession="OTHER")
    await matching.choose(await Exam.get(accession="OLD1"), STUDY_UID, subject="a", now=NOW)
    assert (await Exam.get(accession="OLD1")).images == "here"
