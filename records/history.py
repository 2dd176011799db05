"""Exams and reports of a former vendor, from a table: silently, and never over what the hospital itself has told."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from core.errors import InvalidField, Malformed
from core.uids import is_uid
from infra.database import fitting
from infra.sealing import Sealer
from records import exams, patients, reports
from records.exams import ExamFields, ExamKey
from records.hl7.message import when
from records.models import Images, ReportStatus
from records.patients import Patient
from records.policies import CATEGORIES
from records.reports import ReportSaid
from records.writing import Outcome, Said, writing

SUBJECT = "import-index"
NEEDED = ("patient_id", "name", "accession", "category", "performed_at")
# column → most characters; a column that is not here is a mistake in the table
COLUMNS: Mapping[str, int] = {
    "patient_id": 64,
    "name": 128,
    "sex": 1,
    "birth_date": 10,
    "id_card": 64,
    "phone": 32,
    "accession": 64,
    "campus": 32,
    "system": 32,
    "category": 16,
    "modality": 16,
    "body_part": 64,
    "item": 200,
    "performed_at": 32,
    "department": 64,
    "study_uid": 64,
    "url": 512,
    "findings": 20_000,
    "impression": 20_000,
    "reporting_doctor": 64,
    "reported_at": 32,
}


@dataclass(frozen=True, slots=True)
class Line:
    """One exam of the table; `number` counts from 2, as a spreadsheet does."""

    number: int
    values: Mapping[str, str]


def lines(data: bytes) -> Iterator[Line]:
    """The lines of a CSV file in UTF-8 or GB 18030; raises Malformed for a table that cannot be read as one."""
    rows = csv.reader(io.StringIO(_decoded(data)))
    try:
        columns = _columns(next(rows, []))
        for row in rows:
            if any(cell.strip() for cell in row):
                yield Line(rows.line_num, dict(zip(columns, (cell.strip() for cell in row), strict=False)))
    except csv.Error as error:
        raise Malformed(f"line {rows.line_num}: {error}") from error


def _columns(first: Sequence[str]) -> list[str]:
    columns = [name.strip() for name in first]
    unknown = [name for name in columns if name not in COLUMNS]
    missing = [name for name in NEEDED if name not in columns]
    if unknown or missing or len(set(columns)) < len(columns):
        raise Malformed(f"columns unknown: {unknown}, missing: {missing}; there are: {', '.join(COLUMNS)}")
    return columns


async def bring_in(sealer: Sealer, hospital: str, line: Line, zone: ZoneInfo, now: datetime) -> Said:
    """Keep one line; an exam that is known already stays as it is. Raises InvalidField for a cell that is impossible."""
    key, patient, exam, report = _read(hospital, line.values, zone)
    async with writing(hospital):
        known = await exams.find(key)
        if known is not None:
            return Said(Outcome.SAME, known.id)
        await patients.fill(sealer, hospital, exam["patient_id"], patient)
        uid = line.values.get("study_uid")
        said = await exams.put(key, exam, study_uids=[uid] if uid else None, subject=SUBJECT, now=now)
        if report is not None:
            await reports.put(sealer, key, report, now, silent=True)
        return said


def _decoded(data: bytes) -> str:
    for charset in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(charset)
        except UnicodeDecodeError:
            continue
    raise Malformed("the table is neither UTF-8 nor GB 18030")


def _read(hospital: str, values: Mapping[str, str], zone: ZoneInfo) -> tuple[ExamKey, Patient, ExamFields, ReportSaid | None]:
    _require_possible(values)
    key = ExamKey(hospital, values["accession"], values.get("campus", ""), values.get("system", ""))
    born = _time("birth_date", values, zone)
    papers = (("id_card", values["id_card"]),) if values.get("id_card") else None
    phones = (values["phone"],) if values.get("phone") else None
    patient = Patient(values["name"], values.get("sex") or None, born.astimezone(zone).date() if born else None, phones, papers)
    return key, patient, _exam(values, zone), _report(values, zone)


def _require_possible(values: Mapping[str, str]) -> None:
    for name in NEEDED:
        if not values.get(name):
            raise InvalidField(name, "missing")
    for name, value in values.items():
        if len(value) > COLUMNS[name]:
            raise InvalidField(name, "too-long")
        if fitting(value, len(value)) != value:
            raise InvalidField(name, "not-text")
    for name, allowed in (("category", CATEGORIES), ("sex", ("", "M", "F", "O"))):
        if values.get(name, "") not in allowed:
            raise InvalidField(name, "not-a-choice")
    if values.get("study_uid") and not is_uid(values["study_uid"]):
        raise InvalidField("study_uid", "not-a-uid")
    if values.get("url") and not values["url"].startswith(("https://", "http://")):
        raise InvalidField("url", "not-a-choice")


def _exam(values: Mapping[str, str], zone: ZoneInfo) -> ExamFields:
    performed_at = _time("performed_at", values, zone)
    assert performed_at is not None, "it is a needed column"
    elsewhere: dict[str, Any] = {"images": Images.ELSEWHERE, "elsewhere_url": values["url"]} if values.get("url") else {}
    names = ("patient_id", "category", "modality", "body_part", "item", "department")
    fields: Any = {name: values[name] for name in names if values.get(name)} | {"performed_at": performed_at} | elsewhere
    said: ExamFields = fields
    return said


def _report(values: Mapping[str, str], zone: ZoneInfo) -> ReportSaid | None:
    findings, impression = values.get("findings", ""), values.get("impression", "")
    if not (findings or impression):
        return None
    return ReportSaid(
        status=ReportStatus.FINAL,
        findings=findings,
        impression=impression,
        reporting_doctor=values.get("reporting_doctor", ""),
        reported_at=_time("reported_at", values, zone),
    )


def _time(name: str, values: Mapping[str, str], zone: ZoneInfo) -> datetime | None:
    written = values.get(name)
    if not written:
        return None
    at = when(written, zone)
    if at is None:
        raise InvalidField(name, "impossible-time")
    return at
