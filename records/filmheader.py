"""What stands at the top of a film that we make: hospital, patient, exam, in the words and order of Chinese films."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from films.sheet import Header
from records.models import Exam, Hospital, PatientRecord

SEXES = {"M": "男", "F": "女"}
YEARS_FROM = 3  # below, a child's age is told in months, and in days below two
MONTHS_FROM = 2
OLDEST_YEARS = 90  # from here on an age is nearly a name
MASKED = "已隐去身份信息"
CATEGORIES = {
    "radiology": "放射检查",
    "ultrasound": "超声检查",
    "endoscopy": "内镜检查",
    "pathology": "病理检查",
    "ecg": "心电检查",
    "lab": "检验",
}


def header(hospital: Hospital, record: PatientRecord, exam: Exam, title: str, page: int, pages: int) -> Header:
    """The header of one sheet; `title` says what the sheet shows of the exam."""
    at = exam.performed_at.astimezone(ZoneInfo(hospital.zone))
    item = exam.item or " ".join(filter(None, (exam.body_part, exam.modality))) or CATEGORIES.get(exam.category, "")
    return Header(
        hospital=hospital.name,
        name=record.name,
        title=" · ".join(filter(None, (item, title))),
        facts=(
            SEXES.get(record.sex, ""),
            age(record.birth_date, at.date()) if record.birth_date else "",
            f"病历号 {exam.patient_id}",
            f"检查号 {exam.accession}",
            moment(at),
        ),
        page=page,
        pages=pages,
    )


def masked_header(hospital: Hospital, record: PatientRecord, exam: Exam, page: int, pages: int) -> Header:
    """The header of one sheet for who must not know whose it is; `record` and `exam` are masked already (records/masked.py)."""
    at = exam.performed_at.astimezone(ZoneInfo(hospital.zone))
    return replace(
        header(hospital, record, exam, "", page, pages),
        facts=(SEXES.get(record.sex, ""), _masked_age(record.birth_date, at.date()), moment(at), MASKED),
    )


def _masked_age(born: date | None, on: date) -> str:
    if born is None:
        return ""
    return age(born, on) if on.year - born.year < OLDEST_YEARS else f"{OLDEST_YEARS}岁及以上"


def age(born: date, on: date) -> str:
    """As films write it: 40岁, 8个月, 12天; empty when the dates contradict each other."""
    months = (on.year - born.year) * 12 + on.month - born.month - (on.day < born.day)
    if on < born:
        return ""
    if months >= YEARS_FROM * 12:
        return f"{months // 12}岁"
    return f"{months}个月" if months >= MONTHS_FROM else f"{(on - born).days}天"


def moment(at: datetime) -> str:
    """2026年1月5日 09:30"""
    return f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}"
