"""What an HL7 message says, in our words: a patient, an exam, a report."""

from __future__ import annotations

import base64
import binascii
from datetime import date, datetime
from zoneinfo import ZoneInfo

from core.errors import Invalid
from core.uids import is_uid
from infra.database import fitting
from records.exams import ExamFields, ExamKey
from records.hl7.dialect import Dialect
from records.hl7.message import Message, Segment, when
from records.patients import Patient
from records.reports import ReportSaid

_PDF = b"%PDF-"
NAMELESS = "（未提供姓名）"  # a patient is served who has no name yet


class Reading:
    """One message, or one order of it, read in a hospital's dialect and time zone."""

    def __init__(self, message: Message, dialect: Dialect, zone: ZoneInfo) -> None:
        self._message = message
        self._dialect = dialect
        self._zone = zone

    @property
    def said_at(self) -> datetime | None:
        """MSH-7."""
        return when(self._message.first("MSH-7"), self._zone)

    @property
    def patient_id(self) -> str:
        """Raises Invalid when there is none."""
        return self._required("patient", "id")

    @property
    def merged_id(self) -> str:
        """The number that is given up. Raises Invalid when there is none."""
        return self._required("patient", "merged_id")

    @property
    def cancels(self) -> bool:
        """True when ORC-1 takes the order back."""
        return self._message.first("ORC-1").upper() in self._dialect.words("exam", "cancels")

    def patient(self) -> Patient:
        """Who it is about; what is not said stays as it is known."""
        return Patient(
            name=self._name() or NAMELESS,
            sex=self._meaning("patient", "sex") or None,
            birth_date=self._day("patient", "birth_date"),
            phones=tuple(self._dialect.read_all(self._message, "patient", "phones")) or None,
            identifiers=self._identifiers() or None,
            deceased_on=self._day("patient", "deceased_on"),
            said_at=self.said_at,
        )

    def exam_key(self, hospital: str) -> ExamKey:
        """Which exam. Raises Invalid when the message has no accession number."""
        campus = self._message.first(path) if (path := self._dialect.setting("campus")) else ""
        return ExamKey(hospital, self._required("exam", "accession"), fitting(campus, 32), self._dialect.setting("system"))

    def exam(self, now: datetime) -> ExamFields:
        """What it says of the exam; nothing of what it does not say."""
        modality = self._text("exam", "modality", 16).upper()
        fields: ExamFields = {
            "patient_id": self.patient_id,
            "performed_at": self._moment("exam", "performed_at") or now,
            "category": self._dialect.meaning("category", modality) or "radiology",
            "said_at": self.said_at,
            "cancelled_at": now if self.cancels else None,
        }
        if modality:
            fields["modality"] = modality
        if item := self._text("exam", "item", 200):
            fields["item"] = item
        if body_part := self._text("exam", "body_part", 64):
            fields["body_part"] = body_part
        if department := self._text("exam", "department", 64):
            fields["department"] = department
        if visit_kind := self._meaning("exam", "visit_kind"):
            fields["visit_kind"] = visit_kind
        if visit_number := self._text("exam", "visit_number", 64):
            fields["visit_number"] = visit_number
        if ended_at := self._moment("exam", "visit_ended_at"):
            fields["visit_ended_at"] = ended_at
        return fields

    def study_uids(self) -> list[str] | None:
        """Studies that it names, None for none."""
        return [uid for uid in self._dialect.read_all(self._message, "exam", "study_uids") if is_uid(uid)] or None

    def report(self) -> ReportSaid:
        """The report. Raises Invalid for a status that is in no table."""
        status = self._meaning("report", "status")
        if not status:
            raise Invalid("the status of the report is not in the hospital's table [values.status]")
        return ReportSaid(
            status=status,
            findings=self._lines("findings"),
            impression=self._lines("impression"),
            reporting_doctor=self._text("report", "reporting_doctor", 64),
            verifying_doctor=self._text("report", "verifying_doctor", 64),
            reported_at=self._moment("report", "reported_at"),
            verified_at=self._moment("report", "verified_at"),
            critical=bool(self._meaning("report", "critical")),
            pdf=self._pdf(),
            said_at=self.said_at,
        )

    def _required(self, table: str, name: str) -> str:
        value = self._dialect.read(self._message, table, name)
        if not value or len(value) > 64:
            raise Invalid(f"{table} {name}: {'longer than 64 characters' if value else 'nothing stands there'}")
        return fitting(value, 64)

    def _text(self, table: str, name: str, most: int) -> str:
        return fitting(self._dialect.read(self._message, table, name), most)

    def _meaning(self, table: str, name: str) -> str:
        return self._dialect.meaning(name, self._dialect.read(self._message, table, name))

    def _moment(self, table: str, name: str) -> datetime | None:
        """The first that is a time: a path may hold something else."""
        written = self._dialect.read_all(self._message, table, name)
        return next((at for text in written if (at := when(text, self._zone))), None)

    def _day(self, table: str, name: str) -> date | None:
        at = self._moment(table, name)
        return at.astimezone(self._zone).date() if at else None

    def _name(self) -> str:
        """PID-5 as 张三丰^zhangsanfeng, 张^三丰 or ZHANG^SAN."""
        written = self._dialect.read(self._message, "patient", "name")
        family, given = [*(part.strip() for part in written.split(self._message.separators[0])), "", ""][:2]
        if not given or (not family.isascii() and given.isascii()):
            return fitting(family, 128)
        return fitting(family + given if not family.isascii() else f"{family} {given}", 128)

    def _identifiers(self) -> tuple[tuple[str, str], ...]:
        kinds = self._dialect.tables["identifiers"]
        found = [(kind, value) for kind in kinds for value in self._dialect.read_all(self._message, "identifiers", kind)]
        types = self._dialect.tables["identifier_types"]
        for segment in self._of("PID"):
            values, names = self._message.values(segment, 3, 1), self._message.values(segment, 3)
            for value, whole in zip(values, names, strict=False):
                parts = whole.split(self._message.separators[0])
                kind = types.get(parts[4].strip()) if len(parts) > 4 else None
                if kind and value:
                    found.append((kind, value))
        return tuple(dict.fromkeys((kind, fitting(value, 64)) for kind, value in found))

    def _lines(self, part: str) -> str:
        """All OBX-5 of that part of the report, in their order."""
        words = {word.upper() for word in self._dialect.words("report", part)}
        return fitting("\n".join(text for segment in self._of("OBX") if (text := self._observed(segment, words))), 20_000)

    def _observed(self, segment: Segment, words: set[str]) -> str:
        codes = {code.upper() for number in (1, 2) for code in self._message.values(segment, 3, number)}
        return "\n".join(self._message.values(segment, 5)) if codes & words else ""

    def _pdf(self) -> bytes | None:
        """OBX-5.5 of an OBX of type ED, when it is a PDF in base64."""
        for segment in self._of("OBX"):
            if "ED" in self._message.values(segment, 2):
                for written in self._message.values(segment, 5, 5):
                    content = _decoded(written)
                    if content.startswith(_PDF):
                        return content
        return None

    def _of(self, name: str) -> list[Segment]:
        return [segment for segment in self._message.segments if segment.name == name]


def _decoded(written: str) -> bytes:
    try:
        return base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError):
        return b""
