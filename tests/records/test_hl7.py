"""HL7 messages as hospitals send them become patients, exams and reports; the others are kept or refused, never half taken."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core.errors import Malformed, Misconfigured
from infra.sealing import Sealer
from records.hl7.dialect import Dialect, default, dialects
from records.hl7.message import parse, when
from records.hl7.taking import Answer, Code, Taking, dead
from records.models import Exam, Hl7Message, Hospital, PatientIdentifier, PatientPhone, PatientRecord, Report
from tests.records.saying import NOW, SEALER, owner_of

CHINA = ZoneInfo("Asia/Shanghai")
# As found in the field: GB2312, sex in Chinese, dates with hyphens, id number in PID-19, the backslash of MSH-2 twice.
ORDER = """MSH|^~\\\\&|HIS||DRAGONRIS||200206281130||ORM^O01|MSG00006|D|2.3|||||GB2312
PID|||263656||张三丰^zhangsanfeng||1977-01-01|男|||北京市海淀区||(010)62256622||||||110108197701011510
PV1||住院|神内^room1^bed4^^^住院楼^2||||||||||||||||3
ORC|NW|120003^HIS||||N|||2002-06-25|0146^谢逊|0147^张无寄|0148^周之若||3980
OBR||120003^HIS||B02001^CT头颅|||||||||相关检查^临床诊断^临床症状及体征^各器官功能^既往病史^备注"""
REPORT = """MSH|^~\\&|RIS|demo|||202611201000||ORU^R01|R1|P|2.4|||||UNICODE UTF-8
PID|1||263656||张三丰
OBR|1||120003|B02001^CT头颅|||20260102083000|||||||||||||||20260102100000||CT|F
OBX|1|FT|检查所见||右肺\\.br\\上叶结节 A\\T\\B||||||F
OBX|2|TX|2^诊断意见||右肺结节||||||F"""
ADMIT = """MSH|^~\\&|HIS|demo|||20261120090000||ADT^A08|{id}|P|2.4|||||UTF-8
PID|1||{patient}^^^HIS^就诊卡~E12345678^^^^护照||{name}||{born}|女|||||13800138001"""
MERGE = """MSH|^~\\&|HIS|demo|||20261120091000||ADT^A40|M1|P|2.4
PID|1||NEW||李四
MRG|OLD"""


def sent(text: str, charset: str = "utf-8") -> bytes:
    return text.replace("\n", "\r").encode(charset)


def admit(patient: str, name: str = "李四", born: str = "19900203", number: str = "A1") -> bytes:
    return sent(ADMIT.format(patient=patient, name=name, born=born, id=number))


async def take(data: bytes, speaks: dict[str, Dialect] | None = None) -> Answer:
    return await Taking(SEALER, speaks or {}, "").take(data, NOW)


@pytest.mark.parametrize("charset", ["gb18030", "utf-8"])
def test_a_wrong_or_missing_charset_is_found_out(charset: str) -> None:
    for declared in ("GB2312", "UTF-8", "", "KLINGON"):
        message = parse(sent(ORDER.replace("GB2312", declared), charset))
        assert message.first("PID-5.1") == "张三丰"
        assert message.charset == charset


@pytest.mark.parametrize("data", [b"", b"GET / HTTP/1.1", b"MSH", b"MSH|^~\\&|\xff\xfe\x80", b"MSH|^~\\&|A|B", b"\0" * 99])
def test_what_is_no_message_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse(data)


def test_times_are_read_as_people_write_them() -> None:
    for written in ("20260102083000", "2026-01-02 08:30", "202601020830", "2026/01/02 08:30:00", "20260102003000+0000"):
        assert when(written, CHINA) == datetime(2026, 1, 2, 0, 30, tzinfo=UTC)
    assert when("1977-01-01", CHINA) == datetime(1976, 12, 31, 16, 0, tzinfo=UTC)
    for written in ("", "20260230", "昨天", "2026", "00000101"):
        assert when(written, CHINA) is None


def test_a_message_of_several_orders_is_parted() -> None:
    text = "MSH|^~\\&|A|B|||1||ORU^R01\nPID|1||P1\nORC|NW\nOBR|1||X1\nOBX|1\nOBR|2||X2\nOBX|2\nORC|NW\nNTE|1\nOBR|3||X3"
    assert [each.first("OBR-3.1") for each in parse(sent(text)).orders()] == ["X1", "X2", "X3"]


async def test_the_order_of_the_field_becomes_patient_and_exam(hospital: Hospital) -> None:
    answer = await take(sent(ORDER, "gbk"))
    assert answer.code is Code.ACCEPTED
    assert b"MSA|AA|MSG00006" in answer.reply
    record = await PatientRecord.get()
    assert (record.patient_id, record.name, record.sex, record.birth_date) == ("263656", "张三丰", "M", date(1977, 1, 1))
    assert not (await PatientPhone.get()).usable
    identifier = await PatientIdentifier.get()
    assert (identifier.kind, identifier.usable) == ("id_card", False)
    assert record.flags == ["id_card: wrong check digit"]
    exam = await Exam.get()
    assert (exam.accession, exam.item, exam.visit_kind, exam.record_id) == ("120003", "CT头颅", "inpatient", record.id)


async def test_a_report_fills_the_exam_and_its_repetition_changes_nothing(hospital: Hospital) -> None:
    for _ in range(2):
        assert (await take(sent(ORDER, "gb18030"))).code is Code.ACCEPTED
        assert (await take(sent(REPORT))).code is Code.ACCEPTED
    report = await Report.get()
    assert (report.status, report.findings, report.impression) == ("final", "右肺\n上叶结节 A&B", "右肺结节")
    assert report.reported_at == datetime(2026, 1, 2, 2, 0, tzinfo=UTC)


async def test_a_report_alone_makes_its_exam(hospital: Hospital) -> None:
    assert (await take(sent(REPORT))).code is Code.ACCEPTED
    exam = await Exam.get()
    assert (exam.modality, exam.category, exam.report_version) == ("CT", "radiology", 1)
    assert exam.performed_at == datetime(2026, 1, 2, 0, 30, tzinfo=UTC)


async def test_an_overtaken_message_changes_nothing(hospital: Hospital) -> None:
    corrected = REPORT.replace("202611201000", "202611201200").replace("||||||F", "||||||C")
    await take(sent(corrected))
    await take(sent(REPORT))
    assert [row.status for row in await Report.all()] == ["corrected"]


async def test_patients_come_with_papers_and_without(hospital: Hospital) -> None:
    assert (await take(admit("P1"))).code is Code.ACCEPTED
    assert (await take(admit("P2", name="李四之子", born=""))).code is Code.ACCEPTED
    assert (await take(admit("P3", name="", born="2026-02-31"))).code is Code.ACCEPTED
    assert {row.kind for row in await PatientIdentifier.filter(record__patient_id="P1")} == {"visit_card", "passport"}
    assert await PatientRecord.all().count() == 3


async def test_a_merge_moves_the_exams_also_when_it_comes_first_or_twice(hospital: Hospital) -> None:
    assert (await take(sent(MERGE))).moved
    order = ORDER.replace("263656", "OLD")
    assert (await take(sent(order, "gb18030"))).code is Code.ACCEPTED
    assert await owner_of("120003") == "NEW"
    assert not (await take(sent(MERGE))).moved


async def test_a_report_of_another_patient_is_kept_for_a_person_and_can_be_replayed(hospital: Hospital) -> None:
    await take(sent(ORDER, "gb18030"))
    wrong = sent(REPORT.replace("263656", "P9"))
    for _ in range(2):
        answer = await take(wrong)
        assert (answer.code, b"MSA|AE|R1" in answer.reply) == (Code.ERROR, True)
    assert await Report.all().count() == 0
    assert not await PatientRecord.exists(patient_id="P9")  # nothing half written
    (letter,) = await dead("demo", 10)
    taking = Taking(SEALER, {}, "")
    assert "右肺" in taking.text_of(letter)
    assert "右肺".encode() not in bytes(letter.sealed)
    assert (await taking.replay(letter, NOW)).code is Code.ERROR
    await take(sent(MERGE.replace("OLD", "P9").replace("NEW", "263656").replace("李四", "张三丰")))
    assert (await taking.replay(letter, NOW + timedelta(minutes=1))).code is Code.ACCEPTED
    assert await dead("demo", 10) == []
    assert await Hl7Message.all().count() == 1


@pytest.mark.parametrize(
    "data",
    [
        b"rubbish",
        sent("MSH|^~\\&|X|demo|||1||QRY^A19|1|P|2.4"),
        sent("MSH|^~\\&|X|nobody|||1||ADT^A08|1|P|2.4\nPID|1||1"),
    ],
)
async def test_what_is_not_for_us_is_rejected_and_not_kept(hospital: Hospital, data: bytes) -> None:
    await Hospital.create(code="demo2", name="第二医院")  # with one hospital alone, everything is its
    answer = await take(data)
    assert (answer.code, b"MSA|AR|" in answer.reply) == (Code.REJECTED, True)
    assert await Hl7Message.all().count() == 0


async def test_a_second_dialect_is_a_file_and_no_code(hospital: Hospital, tmp_path: Path) -> None:
    (tmp_path / "demo.toml").write_text(
        '[message]\nsenders = ["OTHERHIS"]\nsystem = "us"\n[patient]\nid = ["PID-2"]\n[exam]\naccession = ["ZXM-4"]\n'
        '[values.sex]\nmale = "M"\n',
        encoding="utf-8",
    )
    text = "MSH|^~\\&|OTHERHIS||||20260102||ORM^O01|1|P|2.4\nPID|1|77|88||王五|||male\nOBR|1\nZXM|a|b|c|D4"
    assert (await take(sent(text), dialects(tmp_path))).code is Code.ACCEPTED
    exam = await Exam.get().prefetch_related("record")
    assert (exam.system, exam.accession, exam.patient_id) == ("us", "D4", "77")
    assert exam.record is not None and exam.record.sex == "M"


@pytest.mark.parametrize("text", ["[patent]\nid = []", '[patient]\nnme = ["PID-5"]', '[patient]\nid = ["PID"]', "x ="])
def test_a_dialect_with_a_mistake_says_where(tmp_path: Path, text: str) -> None:
    (tmp_path / "demo.toml").write_text(text)
    with pytest.raises(Misconfigured, match=r"demo\.toml"):
        dialects(tmp_path)


def test_the_default_dialect_is_complete() -> None:
    assert default().meaning("sex", "男") == "M"
    assert default().meaning("status", "f") == "final"
    assert isinstance(SEALER, Sealer)
