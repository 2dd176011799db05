"""The report of an exam over HTTP: as JSON, as PDF, the picture in it, and what its words mean."""

from __future__ import annotations

from typing import Any

import orjson
from sanic import Blueprint, HTTPResponse, Request

from api import keeping, reportpdf, reporttold
from api.access import needs
from api.dicomweb.conditional import respond, sendable
from api.dicomweb.reading import reads
from api.exams import on_record
from api.forms import asked
from api.reportdoor import Opened, opened
from api.reportpdf import PDF, WHAT
from api.services import Services
from core.clock import now
from core.errors import Forbidden, InvalidField, Malformed, NotFound
from core.grants import Role
from records import reports
from records.models import Report, ReportStatus
from wado.ready import About, Ready, etag

routes = Blueprint("reports", url_prefix="/api/v1/exams")
keeping.allow(routes)

READS_REPORTS = (Role.PATIENT, Role.CLINICIAN, Role.AUDITOR, Role.LINK)
PRINTS_REPORTS = (Role.PATIENT, Role.CLINICIAN, Role.KIOSK, Role.LINK)
JSON, JPEG, PNG = "application/json", "image/jpeg", "image/png"
JPEG_BEGINS = b"\xff\xd8"
LONGEST_VERSION = 6  # digits


@reads(routes, "/<exam>/report")
@needs(*READS_REPORTS)
async def report(request: Request, exam: str) -> HTTPResponse:
    """The newest report and what changed since the one before; one that was withdrawn says only that.

    Doctors see every version with `?version=`; the auditor names the version that is wanted.
    """
    version = _version(request)
    door = await opened(request, exam)
    shown = _withdrawn(door) if version is None else _one(door, version)
    if shown is None:
        raise NotFound("no report that may be seen")
    told = await reporttold.document(request, door, shown)
    await on_record(request, door.hospital.code, door.exam.id, WHAT)
    return _answer(request, door, told)


@reads(routes, "/<exam>/report.pdf")
@needs(*PRINTS_REPORTS)
async def pdf(request: Request, exam: str) -> HTTPResponse:
    """The newest report as PDF: the hospital's own when it sent one, else on A4 with its seal and a code to check it by."""
    asked(request)
    services: Services = request.app.ctx.services
    grant = request.ctx.grant
    if grant.masked:
        return await _masked_pdf(request, exam)
    at = now()
    known = await reportpdf.known(request, exam, at)
    if not services.tally.seen((known.hospital, grant.session, known.exam_id, WHAT), at):
        await on_record(request, known.hospital, known.exam_id, WHAT)
    return respond(request, await reportpdf.content(services, known))


@reads(routes, "/<exam>/report/picture")
@needs(*PRINTS_REPORTS)
async def picture(request: Request, exam: str) -> HTTPResponse:
    """The picture that came with the report, such as a tracing or a view of an endoscope."""
    asked(request)
    door = await opened(request, exam)
    content = await reports.picture_of(door.report) if door.report and door.report.picture_size else None
    if content is None:
        raise NotFound("no picture that may be seen")
    await on_record(request, door.hospital.code, door.exam.id, WHAT)
    media_type = JPEG if content.startswith(JPEG_BEGINS) else PNG
    about = About(door.hospital.code, door.exam.id, None, WHAT)
    return respond(request, sendable(Ready(about, media_type, content, etag(door.exam.id, content), ranges=True)))


@reads(routes, "/<exam>/report/terms")
@needs(Role.PATIENT, Role.CLINICIAN, Role.LINK)
async def terms(request: Request, exam: str) -> HTTPResponse:
    """What the words of the report mean that say something is there; made here, no text leaves this server."""
    asked(request)
    door = await opened(request, exam)
    if door.report is None:
        raise NotFound("no report that may be seen")
    document = await reporttold.meanings(door, door.report)
    await on_record(request, door.hospital.code, door.exam.id, WHAT)
    return _answer(request, door, document)


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


async def _masked_pdf(request: Request, exam_id: str) -> HTTPResponse:
    """Set anew from masked words; what the hospital made and sealed stays here."""
    services: Services = request.app.ctx.services
    door = await opened(request, exam_id)
    name, content = await reportpdf.masked_content(services, request.ctx.grant, door)
    await on_record(request, door.hospital.code, door.exam.id, WHAT)
    about = About(door.hospital.code, door.exam.id, None, WHAT)
    return respond(request, sendable(Ready(about, PDF, content, etag(name), ranges=True)))


def _answer(request: Request, opened: Opened, document: dict[str, Any]) -> HTTPResponse:
    body = orjson.dumps(document)
    about = About(opened.hospital.code, opened.exam.id, None, WHAT)
    mask = opened.by_link.mask if opened.by_link else ""
    return respond(request, sendable(Ready(about, JSON, body, etag(opened.exam.id, mask, body))))
