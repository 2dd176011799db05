"""Words about an exam for who must not know whose it is: they say how old, never when born or under which number."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from core.maskedtext import Whose
from films.a4 import Entry
from records import masked
from records.filmheader import masked_header
from records.models import Exam, Hospital, PatientRecord, Report, ReportStatus

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
WHOSE = Whose(names=("王小东",), numbers=("P-0001",), born=date(1980, 1, 2), others=("李建国",))
HOSPITAL = Hospital(code="demo", name="示范医院")
EXAM = Exam(
    id="e",
    hospital_id="demo",
    accession="CT2026000001",
    patient_id="P-0001",
    category="radiology",
    modality="王小东",
    item="胸部CT 王小东",
    body_part="胸部",
    performed_at=NOON,
    visit_kind="inpatient",
    visit_number="ZY0001",
    elsewhere_url="https://pacs.example/王小东",
    department="P-0001",
)


def _patient(born: date | None) -> PatientRecord:
    return PatientRecord(id="r", hospital_id="demo", patient_id="P-0001", name="王小东", sex="M", birth_date=born)


def _report() -> Report:
    return Report(
        id="0" * 36,
        exam_id="e",
        version=1,
        status=ReportStatus.FINAL,
        findings="王小东 双肺清晰",
        impression="未见异常",
        reporting_doctor="李建国",
        verifying_doctor="",
        pdf_size=10,
        picture_size=10,
        received_at=NOON,
    )


def test_an_exam_keeps_no_number_and_no_word_that_names() -> None:
    shown = masked.exam(EXAM, WHOSE)
    said = (shown.accession, shown.patient_id, shown.visit_number, shown.elsewhere_url, shown.modality, shown.department)
    assert said == ("", "", "", "", "", "***")
    assert (shown.item, shown.body_part) == ("胸部CT 王**", "胸部")
    assert EXAM.accession == "CT2026000001"  # a copy was changed


@pytest.mark.parametrize(
    ("born", "age", "year"),
    [
        (date(1980, 1, 2), "46 岁", 1980),
        (date(2026, 11, 1), "19 天", 2026),
        (date(1936, 11, 21), "89 岁", None),
        (date(1936, 11, 20), "90 岁及以上", None),
        (date(1920, 1, 1), "90 岁及以上", None),
        (None, "", None),
    ],
)
def test_of_the_oldest_neither_age_nor_year_is_told(born: date | None, age: str, year: int | None) -> None:
    assert masked.age(born, NOON.date()) == age
    assert masked.birth_year(born, NOON.date()) == year
    header = masked_header(HOSPITAL, masked.patient(_patient(born)), masked.exam(EXAM, WHOSE), 1, 1)
    assert header.name == "王**" and "已隐去身份信息" in header.facts
    assert not any("P-0001" in fact or "CT2026000001" in fact for fact in header.facts)


def test_doctors_are_named_only_where_the_hospital_says_so() -> None:
    hidden = masked.report(_report(), WHOSE, doctors_named=False)
    assert (hidden.findings, hidden.reporting_doctor, hidden.verifying_doctor) == ("王** 双肺清晰", "李**", "")
    assert (hidden.pdf_size, hidden.picture_size) == (0, 0)
    assert masked.report(_report(), WHOSE, doctors_named=True).reporting_doctor == "李建国"


def test_the_paper_has_no_number_code_or_seal() -> None:
    shown = masked.report(_report(), WHOSE, doctors_named=False)
    paper = masked.paper(shown, EXAM, HOSPITAL, _patient(date(1936, 11, 20)), WHOSE, None)
    assert (paper.check_url, paper.seal, paper.mark, paper.running) == ("", None, "已隐去身份信息", "姓名：王**")
    assert Entry("姓名", "王**") in paper.identity and Entry("年龄", "90 岁及以上") in paper.identity
    assert not {"检查号", "患者编号", "住院号"} & {each.label for each in paper.identity}
    assert masked.NOTE in paper.notes
