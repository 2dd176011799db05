"""The report of an exam: its newest version and what changed since the one before, as JSON, as PDF and as the picture in it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sanic import Blueprint, HTTPResponse, Request

from api import keeping
from api.access import needs
from api.dicomweb.conditional import Sendable, respond, sendable
from api.dicomweb.reading import reads
from api.exams import my_exam, on_record
from api.forms import asked
from api.printing import press
from api.recipients import Received, received, report_picture
from api.services import Services
from core.clock import now
from core.errors import Forbidden, InvalidField, Malformed, NotFound
from core.grants import Grant, Role
from records import masked_prints, report_prints, report_terms, reports
from records.models import Exam, Hospital, Report, ReportStatus
from records.report_changes import Changes, Piece, base_of, changes
from records.report_terms import Explained
from records.visibility import Rules, exam_is_visible, report_is_visible, rules_of
from share.parts import Part
from wado.ready import About, Ready, cost, etag

routes = Blueprint("reports", url_prefix="/api/v1/exams")
keeping.allow(routes)

READS_REPORTS = (Role.PATIENT, Role.CLINICIAN, Role.AUDITOR, Role.LINK)
PRINTS_REPORTS = (Role.PATIENT, Role.CLINICIAN, Role.KIOSK, Role.LINK)
WHAT = "report"  # in the audit trail
JSON, PDF, JPEG, PNG = "application/json", "application/pdf", "image/jpeg", "image/png"
JPEG_BEGINS = b"\xff\xd8"
TRUSTED = timedelta(seconds=5)  # who was let in to a report is not asked about anew for so long, unless anything changed here
OPENED_BYTES = 4096  # what a remembered door costs
LONGEST_VERSION = 6  # digits
DISCLAIMER = "仅供参考：这里只解释词语的意思，不判断您的病情。请以医生的意见为准。"


@dataclass(frozen=True, slots=True)
class Opened:
    """An exam whose report who asks may see. `report` None: there is none, or none that counts for this reader."""

    hospital: Hospital
    exam: Exam
    rules: Rules
    report: Report | None
    versions: tuple[Report, ...]  # all of them, also what this reader may not see
    staff: bool
    superseded: bool = False  # there is a newer version, which this reader is not shown
    by_link: Received | None = None  # then report and versions are in the words that its holder may read


@dataclass(frozen=True, slots=True)
class Printed:
    """A PDF that who asks may have, from memory, until then."""

    hospital: str
    exam_id: str
    key: str
    epoch: int
    until: datetime


@reads(routes, "/<exam>/report")
@needs(*READS_REPORTS)
async def report(request: Request, exam: str) -> HTTPResponse:
    """The newest report and what changed since the one before; one that was withdrawn says only that.

    Doctors see every version with `?version=`; the auditor names the version that is wanted.
    """
    version = _version(request)
    opened = await _opened(request, exam)
    shown = _withdrawn(opened) if version is None else _one(opened, version)
    if shown is None:
        raise NotFound("no report that may be seen")
    told = await document(request, opened, shown)
    await on_record(request, opened.hospital.code, opened.exam.id, WHAT)
    return _answer(request, opened, told)


@reads(routes, "/<exam>/report.pdf")
@needs(*PRINTS_REPORTS)
async def pdf(request: Request, exam: str) -> HTTPResponse:
    """The newest report as PDF: the hospital's own when it sent one, else on A4 with its seal and a code to check it by."""
    asked(request)
    services: Services = request.app.ctx.services
    grant: Grant = request.ctx.grant
    if grant.masked:
        return await _masked_pdf(request, exam)
    door, at = f"report-door/{grant.session}/{exam}", now()
    known = services.tiers.peek(door)
    if not (isinstance(known, Printed) and known.epoch == services.sessions_epoch.value and at < known.until):
        known = await _printed(request, exam, at)
        services.tiers.keep(door, known, cost=OPENED_BYTES)
    if not services.tally.seen((known.hospital, grant.session, known.exam_id, WHAT), at):
        await on_record(request, known.hospital, known.exam_id, WHAT)
    return respond(request, await _content(services, known))


@reads(routes, "/<exam>/report/picture")
@needs(*PRINTS_REPORTS)
async def picture(request: Request, exam: str) -> HTTPResponse:
    """The picture that came with the report, such as a tracing or a view of an endoscope."""
    asked(request)
    opened = await _opened(request, exam)
    content = await reports.picture_of(opened.report) if opened.report and opened.report.picture_size else None
    if content is None:
        raise NotFound("no picture that may be seen")
    await on_record(request, opened.hospital.code, opened.exam.id, WHAT)
    media_type = JPEG if content.startswith(JPEG_BEGINS) else PNG
    about = About(opened.hospital.code, opened.exam.id, None, WHAT)
    return respond(request, sendable(Ready(about, media_type, content, etag(opened.exam.id, content), ranges=True)))


@reads(routes, "/<exam>/report/terms")
@needs(Role.PATIENT, Role.CLINICIAN, Role.LINK)
async def terms(request: Request, exam: str) -> HTTPResponse:
    """What the words of the report mean that say something is there; made here, no text leaves this server."""
    asked(request)
    opened = await _opened(request, exam)
    if opened.report is None:
        raise NotFound("no report that may be seen")
    own = await report_terms.of_hospital(opened.hospital.code)
    text = f"{opened.report.findings}\n{opened.report.impression}"
    explained = await asyncio.to_thread(report_terms.explained, text, own)
    await on_record(request, opened.hospital.code, opened.exam.id, WHAT)
    document = {"items": [_term(each, len(opened.report.findings)) for each in explained], "notice": DISCLAIMER}
    return _answer(request, opened, document)


async def _opened(request: Request, exam_id: str) -> Opened:
    """The door: patients see their own and family's, a link its one, staff their hospital's. Raises NotFound for all others."""
    grant: Grant = request.ctx.grant
    if grant.role is Role.LINK:
        return await opened_by(await received(request.app.ctx.services, grant, exam_id))
    if grant.role is Role.PATIENT:
        found = await my_exam(request, exam_id)
        versions = tuple(await reports.versions_of(found.exam.id))
        return Opened(found.hospital, found.exam, rules_of(found.hospital), found.report, versions, staff=False)
    exam = await Exam.get_or_none(id=exam_id, hospital_id=grant.home).prefetch_related("hospital") if grant.home else None
    if exam is None:
        raise NotFound("no such exam")
    rules, versions = rules_of(exam.hospital), tuple(await reports.versions_of(exam.id))
    newest = versions[-1] if versions else None
    if grant.role is Role.KIOSK:
        if not exam_is_visible(exam, rules):
            raise NotFound("no such exam")
        return Opened(exam.hospital, exam, rules, newest if report_is_visible(exam, newest, rules) else None, versions, False)
    return Opened(exam.hospital, exam, rules, newest, versions, staff=True)


async def opened_by(seen: Received) -> Opened:
    """What a link shows of a report. A pinned version is the last one for its reader."""
    found = seen.found
    report = seen.report(found.report) if found.report else None
    versions = await reports.versions_of(found.exam.id) if seen.has(Part.REPORT) else []
    read = tuple(seen.report(each) for each in versions if report is None or each.version <= report.version)
    superseded = len(read) < len(versions)
    return Opened(found.hospital, found.exam, rules_of(found.hospital), report, read, False, superseded, by_link=seen)


def _version(request: Request) -> int | None:
    """The version that was asked for; raises what is wrong with asking for it, or not."""
    role = request.ctx.grant.role
    text = asked(request, "version").get("version")
    if text is None:
        if role is Role.AUDITOR:
            raise Malformed("the auditor names the version that is wanted")
        return None
    if role in (Role.PATIENT, Role.LINK):
        raise Forbidden("older versions are for the hospital's staff")
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_VERSION):
        raise InvalidField("version", "not-a-number")
    return int(text)


def _one(opened: Opened, version: int) -> Report | None:
    return next((each for each in opened.versions if each.version == version), None)


def _withdrawn(opened: Opened) -> Report | None:
    """The report that may be read, else the newest one when that was withdrawn: of it, only this is said."""
    newest = opened.versions[-1] if opened.versions else None
    if opened.report is None and newest is not None and newest.status == ReportStatus.WITHDRAWN:
        return newest
    return opened.report


async def document(request: Request, opened: Opened, shown: Report) -> dict[str, Any]:
    """What is told of one version."""
    newest = opened.versions[-1]
    told: dict[str, Any] = {
        "status": shown.status.value,
        "version": shown.version,
        "newest": shown.id == newest.id and not opened.superseded,
    }
    if shown.status == ReportStatus.WITHDRAWN and not opened.staff:
        return told | {"withdrawn_at": _utc(shown.received_at), "help_phone": opened.hospital.help_phone or None}
    told |= {
        "findings": shown.findings,
        "impression": shown.impression,
        "reporting_doctor": shown.reporting_doctor,
        "verifying_doctor": shown.verifying_doctor,
        "reported_at": _utc(shown.reported_at),
        "verified_at": _utc(shown.verified_at),
        "received_at": _utc(shown.received_at),
        "pdf": shown.status != ReportStatus.WITHDRAWN,
        "own_pdf": shown.pdf_size > 0,
        "picture": shown.picture_size > 0,
        "changes": await _changes(request, opened, shown),
    }
    if opened.by_link is not None and (why := opened.by_link.withheld(shown)):
        told["notice"] = why
    if opened.staff:
        told |= {"critical": shown.critical, "versions": [_line(each) for each in opened.versions]}
    return told


async def _changes(request: Request, opened: Opened, shown: Report) -> dict[str, Any] | None:
    """What is different from the version that this reader could read before; None = nothing, or there was none."""
    exam, at = opened.exam, opened.exam.performed_at.astimezone(opened.rules.zone).time()
    preliminary = opened.staff or opened.rules.policies.shows_preliminary(exam.modality, exam.visit_kind, at)
    old = base_of(shown, opened.versions, preliminary=preliminary)
    if old is None or (old.findings, old.impression) == (shown.findings, shown.impression):
        return None
    services: Services = request.app.ctx.services
    size = sum(len(text) for text in (old.findings, old.impression, shown.findings, shown.impression))
    made = await services.tiers.derive(
        f"report-changes/{opened.by_link.mask if opened.by_link else ''}/{old.id}/{shown.id}",
        lambda: asyncio.to_thread(changes, old, shown),
        cost=8 * size + OPENED_BYTES,
    )
    return _changed(old, made)


def _changed(old: Report, made: Changes) -> dict[str, Any]:
    return {
        "from_version": old.version,
        "from_status": old.status.value,
        "findings": _pieces(made.findings),
        "impression": _pieces(made.impression),
    }


def _pieces(pieces: Sequence[Piece]) -> list[dict[str, str]]:
    return [{"op": piece.op.value, "text": piece.text} for piece in pieces]


def _line(version: Report) -> dict[str, Any]:
    return {"version": version.version, "status": version.status.value, "received_at": _utc(version.received_at)}


def _term(each: Explained, findings: int) -> dict[str, Any]:
    places = [_place(begin, end, findings) for begin, end in each.places]
    return {"term": each.term, "meaning": each.meaning, "kind": each.kind, "source": each.source, "places": places}


def _place(begin: int, end: int, findings: int) -> dict[str, Any]:
    """Where a word stands: characters from the beginning of findings or impression; `findings` = length of the former."""
    if begin < findings:
        return {"in": "findings", "begin": begin, "end": end}
    return {"in": "impression", "begin": begin - findings - 1, "end": end - findings - 1}


async def _printed(request: Request, exam_id: str, at: datetime) -> Printed:
    """The PDF of the newest report, in this process' memory."""
    services: Services = request.app.ctx.services
    epoch = services.sessions_epoch.value  # before the question, so that a change during it is seen
    opened = await _opened(request, exam_id)
    masked = opened.by_link is not None and opened.by_link.whose is not None  # then no print of the hospital's leaves
    if opened.report is None or opened.report.status == ReportStatus.WITHDRAWN or masked:
        raise NotFound("no report that may be seen")
    only = opened.by_link.only if opened.by_link else None
    kept = await report_prints.printed(press(services), opened.report.id, at, only)
    hospital = opened.hospital.code
    return Printed(hospital, opened.exam.id, f"report-pdf/{hospital}/{kept.document_id}", epoch, at + TRUSTED)


async def _masked_pdf(request: Request, exam_id: str) -> HTTPResponse:
    """Set anew from masked words; what the hospital made and sealed stays here."""
    services: Services = request.app.ctx.services
    opened = await _opened(request, exam_id)
    name, content = await masked_content(services, request.ctx.grant, opened)
    await on_record(request, opened.hospital.code, opened.exam.id, WHAT)
    about = About(opened.hospital.code, opened.exam.id, None, WHAT)
    return respond(request, sendable(Ready(about, PDF, content, etag(name), ranges=True)))


async def masked_content(services: Services, grant: Grant, opened: Opened) -> tuple[str, bytes]:
    """What names the masked PDF of a report, and the PDF; raises NotFound where there is no report to read."""
    seen, report = opened.by_link, opened.report
    if seen is None or seen.whose is None or report is None or report.status == ReportStatus.WITHDRAWN:
        raise NotFound("no report that may be seen")
    replaces = base_of(report, opened.versions, preliminary=False)
    picture = await report_picture(services, grant, seen)
    return await masked_prints.printed(
        services.tiers, report, opened.exam, opened.hospital, seen.whose, replaces=replaces, mask=seen.mask, picture=picture
    )


async def _content(services: Services, printed: Printed) -> Sendable:
    known = services.tiers.peek(printed.key)
    if isinstance(known, Sendable):
        return known
    document_id = printed.key.rpartition("/")[2]
    sha256, content = await report_prints.content_of(services.replicas, printed.hospital, document_id)
    about = About(printed.hospital, printed.exam_id, None, WHAT)
    ready = Ready(about, PDF, content, f'"{sha256}"', ranges=True)
    finished = sendable(ready)
    services.tiers.keep(printed.key, finished, cost=cost(printed.key, ready))
    return finished


def _answer(request: Request, opened: Opened, document: dict[str, Any]) -> HTTPResponse:
    body = orjson.dumps(document)
    about = About(opened.hospital.code, opened.exam.id, None, WHAT)
    mask = opened.by_link.mask if opened.by_link else ""
    return respond(request, sendable(Ready(about, JSON, body, etag(opened.exam.id, mask, body))))


def _utc(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None
