"""Reports and their versions: each change is kept, a repetition changes nothing, an old message never hides a newer word."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from core.uids import uuid7
from infra import outbox
from infra.sealing import Sealer
from records import events, exams, waiting
from records.exams import ExamKey
from records.models import Exam, Report, ReportPdf, ReportPicture, ReportStatus
from records.waiting import EXAM_UNKNOWN, REPORT
from records.writing import Outcome, Said, writing

PRINT = "report-print"  # outbox topic: a version that counts is set as PDF before anybody asks for it
_TIMES = ("reported_at", "verified_at", "said_at")
_FILES = ("pdf", "picture")
_PRINTED = frozenset({ReportStatus.FINAL, ReportStatus.CORRECTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSaid:
    """What a hospital says in one version of a report."""

    status: str
    findings: str = ""
    impression: str = ""
    reporting_doctor: str = ""
    verifying_doctor: str = ""
    reported_at: datetime | None = None
    verified_at: datetime | None = None
    critical: bool = False
    pdf: bytes | None = None
    picture: bytes | None = None  # JPEG or PNG
    said_at: datetime | None = None  # time of an HL7 message: one that is older than what is known changes nothing

    @property
    def content_sha256(self) -> str:
        """Of all that a reader would see."""
        return hashlib.sha256(_to_text(replace(self, said_at=None)).encode()).hexdigest()


async def put(sealer: Sealer, key: ExamKey, said: ReportSaid, now: datetime, *, silent: bool = False) -> Said:
    """Keep a version of the report; before its exam is known it waits, sealed. `silent`: nobody is told of it."""
    async with writing(key.hospital):
        exam = await exams.find(key)
        if exam is not None:
            return await _add(exam, said, now, silent=silent)
        line = await waiting.add_payload(sealer, key.hospital, REPORT, key.place, EXAM_UNKNOWN, _to_text(said))
        return Said(Outcome.NEW, line, waiting=True)


async def exam_came(sealer: Sealer, key: ExamKey, now: datetime) -> bool:
    """Give a new exam the reports that waited for it, in the order in which they came; true when there were some."""
    async with writing(key.hospital):
        exam = await exams.get(key)
        came = [_from_text(text) for text in await waiting.take(sealer, key.hospital, REPORT, key.place)]
        for said in came:
            await _add(exam, said, now)
        return bool(came)


async def newest(exam_ids: Iterable[str]) -> dict[str, Report]:
    """Exam id → its newest report, whoever may see it."""
    wanted = list(exam_ids)
    rows = await Report.filter(exam_id__in=wanted).order_by("version") if wanted else []
    return {row.exam_id: row for row in rows}


async def versions_of(exam_id: str) -> list[Report]:
    """All that was ever said, oldest first; who may see it is asked for apart."""
    return await Report.filter(exam_id=exam_id).order_by("version")


async def pdf_of(report: Report) -> bytes | None:
    """The PDF that came with it, or None."""
    row = await ReportPdf.get_or_none(report_id=report.id)
    return bytes(row.content) if row else None


async def picture_of(report: Report) -> bytes | None:
    """The picture that came with it, or None."""
    row = await ReportPicture.get_or_none(report_id=report.id)
    return bytes(row.content) if row else None


async def _add(exam: Exam, said: ReportSaid, now: datetime, *, silent: bool = False) -> Said:
    versions = await Report.filter(exam_id=exam.id).order_by("version")
    if versions and _said_before(said, versions):
        return Said(Outcome.SAME, versions[-1].id, waiting=exam.record_id is None)
    report = await _create(exam, said, len(versions) + 1, now)
    exam.report_version = report.version
    await exam.save(update_fields=["report_version", "updated_at"])
    await exams.write_search_text(exam, report)
    if not silent:
        await events.report_said(report, now)
        if report.status in _PRINTED:
            await outbox.promise(PRINT, report.id, {"report": report.id}, now)
    return Said(Outcome.CHANGED if versions else Outcome.NEW, report.id, waiting=exam.record_id is None, moved=True)


def _said_before(said: ReportSaid, versions: Sequence[Report]) -> bool:
    """True for a repetition, and for a message that was overtaken by a newer one."""
    last = versions[-1]
    if last.content_sha256 == said.content_sha256:
        return True
    if said.said_at and last.said_at and said.said_at < last.said_at:
        return True
    repeated = said.content_sha256 in {version.content_sha256 for version in versions}
    # Without any time in it, the same words after a withdrawal bring the report back.
    dated = said.reported_at is not None or said.verified_at is not None
    return repeated and (dated or last.status != ReportStatus.WITHDRAWN)


async def _create(exam: Exam, said: ReportSaid, version: int, now: datetime) -> Report:
    report = await Report.create(
        id=uuid7(),
        exam_id=exam.id,
        version=version,
        status=ReportStatus(said.status),
        findings=said.findings,
        impression=said.impression,
        reporting_doctor=said.reporting_doctor,
        verifying_doctor=said.verifying_doctor,
        reported_at=said.reported_at,
        verified_at=said.verified_at,
        critical=said.critical,
        pdf_size=len(said.pdf or b""),
        picture_size=len(said.picture or b""),
        content_sha256=said.content_sha256,
        said_at=said.said_at,
        received_at=now,
    )
    if said.pdf:
        await ReportPdf.create(report_id=report.id, content=said.pdf)
    if said.picture:
        await ReportPicture.create(report_id=report.id, content=said.picture)
    return report


def _to_text(said: ReportSaid) -> str:
    values: dict[str, Any] = asdict(said)
    for name in _FILES:
        values[name] = base64.b64encode(values[name]).decode() if values[name] else None
    if said.picture is None:
        del values["picture"]  # fields may only be appended, so that what is known keeps its hash
    for name in _TIMES:
        values[name] = values[name].isoformat() if values[name] else None
    return json.dumps(values, ensure_ascii=False, sort_keys=True)


def _from_text(text: str) -> ReportSaid:
    values: dict[str, Any] = json.loads(text)
    for name in _FILES:
        values[name] = base64.b64decode(values[name]) if values.get(name) else None
    for name in _TIMES:
        values[name] = datetime.fromisoformat(values[name]) if values[name] else None
    return ReportSaid(**values)
