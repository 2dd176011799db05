"""Reports as PDF, ready to go out: made once for the words on them, kept as safely as images, sealed by the hospital."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from archive import documents
from archive.models import Document
from archive.prepare import Caller
from archive.replicas import Replicas
from core.errors import InvalidField, NotFound
from core.uids import row_id
from films import a4
from films.a4 import Paper, Picture, Section
from infra.signing import Signer, Signers
from records import lineage, places, report_files, report_picture, reports
from records.models import Exam, Report, ReportPrint, ReportStatus
from records.report_changes import base_of
from records.report_paper import Whose, paper_of
from records.report_picture import NOT_SHARED, Only, Place

PDF = "application/pdf"
AS_SENT = "as sent by the hospital"

_log = logging.getLogger(__name__)

CheckUrl = Callable[[str, str], Awaitable[str]]  # hospital, `check_subject` → what stands in the code at its head


@dataclass(frozen=True, slots=True)
class Press:
    """What it takes to print."""

    replicas: Replicas
    children: Caller
    signers: Signers
    check_url: CheckUrl


async def printed(press: Press, report_id: str, now: datetime, only: Only | None = None) -> ReportPrint:
    """The PDF of a version as its words are now, made if it is not there. Raises NotFound for what is not printed.

    `only`: for somebody who does not get all pictures of the exam. Not to be called in a transaction.
    """
    report = await Report.get_or_none(id=report_id).prefetch_related("exam__hospital", "exam__record")
    if report is None or report.exam.record is None or report.status == ReportStatus.WITHDRAWN:
        raise NotFound("no report that is printed")
    as_sent = only is None or only.as_sent
    if report.pdf_size and as_sent and (sent := await _as_sent(press, report, now)) is not None:
        return sent
    signer = await asyncio.to_thread(press.signers, report.exam.hospital_id, report.exam.hospital.name)
    paper = await _paper(press, report, signer)
    paper = paper if as_sent else _without_files(paper, report)
    own = as_sent and report.picture_size > 0
    place = None if own else await report_picture.place(report.exam, only)
    drawn = report.content_sha256 if own else "" if only is None else f"only {place.name if place else ''}"
    made_of = _hash(paper.sha256, drawn, signer.fingerprint if signer else "")
    known = await ReportPrint.get_or_none(report_id=report.id, made_of=made_of)
    if known is not None:
        return known
    content = await asyncio.to_thread(_set, paper, report, await _picture(press, report, place, own=own), signer)
    return await _keep(press, report, made_of, content, now)


def check_subject(report_id: str, record_id: str) -> str:
    """What the code on a paper stands for: this version, and the patient whose name the paper bears. 64 characters."""
    return UUID(report_id).hex + UUID(record_id).hex


def report_and_record(subject: str) -> tuple[str, str]:
    """The two ids of a `check_subject`."""
    return str(UUID(subject[:32])), str(UUID(subject[32:]))


async def content_of(replicas: Replicas, hospital: str, document_id: str) -> tuple[str, bytes]:
    """Hash (SHA-256, hex) and bytes of a PDF that was printed, checked by it."""
    document = await documents.get(hospital, document_id)
    return document.sha256, await documents.content(replicas, document)


async def _as_sent(press: Press, report: Report, now: datetime) -> ReportPrint | None:
    """The hospital's own PDF; None when it is none that can go out: then ours takes its place."""
    made_of = _hash(AS_SENT, report.content_sha256)
    known = await ReportPrint.get_or_none(report_id=report.id, made_of=made_of)
    content = None if known else await reports.pdf_of(report)
    if content is None:
        return known
    try:
        await report_files.require_good(press.children, content, None)
    except InvalidField:
        _log.warning("the PDF that came with report %s is not handed out", report.id)
        return None
    return await _keep(press, report, made_of, content, now)


async def _paper(press: Press, report: Report, signer: Signer | None) -> Paper:
    exam: Exam = report.exam
    assert exam.record is not None
    names = await places.department_names(exam.hospital_id, [exam.department])
    department = names.of("departments", exam.hospital_id, exam.department) or ""
    whose = Whose(exam.hospital, await lineage.survivor(exam.record), department)
    preliminary = report.status == ReportStatus.PRELIMINARY
    earlier = await reports.versions_of(exam.id)
    url = "" if preliminary else await press.check_url(exam.hospital_id, check_subject(report.id, exam.record.id))
    sealed = "" if signer is None or preliminary else "demo" if signer.demo else "hospital"
    replaces = base_of(report, earlier, preliminary=False)
    return paper_of(report, exam, whose, replaces=replaces, check_url=url, sealed=sealed)


def _without_files(paper: Paper, report: Report) -> Paper:
    """It says so where the hospital made a PDF or a picture that does not leave."""
    if not (report.pdf_size or report.picture_size):
        return paper
    if not paper.sections:
        return replace(paper, sections=[Section("说明", NOT_SHARED)])
    return replace(paper, notes=[*paper.notes, NOT_SHARED])


async def _picture(press: Press, report: Report, place: Place | None, *, own: bool) -> Picture | None:
    if own:
        return await report_picture.sent(report, report.exam)
    return await report_picture.cut_out(press.replicas, place, report.exam) if place else None


def _set(paper: Paper, report: Report, picture: Picture | None, signer: Signer | None) -> bytes:
    dated = report.verified_at or report.reported_at or report.received_at
    content = a4.pdf(paper, dated, picture)
    return signer.sign(content) if signer is not None and paper.seal is not None else content


async def _keep(press: Press, report: Report, made_of: str, content: bytes, now: datetime) -> ReportPrint:
    """Kept by the one who is first: two sealings of the same words differ in their moment."""
    exam: Exam = report.exam

    async def then(kept: list[Document]) -> ReportPrint:
        known = await ReportPrint.get_or_none(report_id=report.id, made_of=made_of)
        return known or await ReportPrint.create(
            id=row_id(),
            report_id=report.id,
            record_id=exam.record_id or "",
            made_of=made_of,
            document_id=kept[0].id,
            made_at=now,
        )

    return await documents.keep_with(press.replicas, exam.hospital_id, [(content, PDF)], now, then)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
