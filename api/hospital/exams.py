"""Exams and their reports, told by the hospital's systems in any order."""

from __future__ import annotations

from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from api import bodies
from api.access import needs
from api.bodies import Field
from api.hospital.saying import DECIDES, SYSTEMS, answer, done, exam_key
from api.services import Services
from core.clock import now
from core.errors import InvalidField
from core.grants import Role
from identity import activations
from infra.settings import MEBIBYTE
from records import exams, matching, report_files, reports
from records.exams import ExamFields, ExamKey
from records.models import ReportStatus
from records.policies import CATEGORIES, VISITS
from records.reports import ReportSaid
from records.writing import Said

routes = Blueprint("exams-said", url_prefix="/api/v1/hospital/exams")

PDF_BYTES = 10 * MEBIBYTE
TEXT_CHARACTERS = 20_000
MOST_STUDIES = 50

_VISIT = {
    "kind": Field(bodies.choice(*VISITS), default=""),
    "number": Field(bodies.text(64), default=""),
    "ended_at": Field(bodies.moment),
}
_EXPECTED = {
    "series": Field(bodies.number(0, 100_000), required=True),
    "instances": Field(bodies.number(0, 1_000_000), required=True),
}
_EXAM = {
    "patient_id": Field(bodies.filled(64), required=True),
    "category": Field(bodies.choice(*CATEGORIES), required=True),
    "modality": Field(bodies.text(16), default=""),
    "body_part": Field(bodies.text(64), default=""),
    "item": Field(bodies.text(200), default=""),
    "performed_at": Field(bodies.moment, required=True),
    "visit": Field(bodies.inner(_VISIT)),
    "department": Field(bodies.text(64), default=""),
    "study_uids": Field(bodies.many(bodies.uid, MOST_STUDIES), default=()),
    "digital_service": Field(bodies.flag),
    "film_printed_at": Field(bodies.moment),
    "expected": Field(bodies.inner(_EXPECTED)),
}
_REPORT = {
    "status": Field(bodies.choice(*ReportStatus), required=True),
    "findings": Field(bodies.text(TEXT_CHARACTERS, lines=True), default=""),
    "impression": Field(bodies.text(TEXT_CHARACTERS, lines=True), default=""),
    "reporting_doctor": Field(bodies.text(64), default=""),
    "verifying_doctor": Field(bodies.text(64), default=""),
    "reported_at": Field(bodies.moment),
    "verified_at": Field(bodies.moment),
    "critical": Field(bodies.flag, default=False),
    "pdf": Field(bodies.pdf(PDF_BYTES)),
    "picture": Field(bodies.file(PDF_BYTES)),
}
_REMATCH = {"patient_id": Field(bodies.filled(64), required=True)}
_STUDY = {"study_uid": Field(bodies.uid, required=True)}


@routes.put("/<accession>")
@needs(*SYSTEMS)
async def put(request: Request, accession: str) -> HTTPResponse:
    """Tell an exam; 202 while its patient is not known. Another patient than before is 409 without `rematch=true`."""
    services: Services = request.app.ctx.services
    key, rematch = exam_key(request, accession), _rematch(request)
    said = await bodies.body(request, _EXAM)
    work = _put(services, key, said, subject=request.ctx.grant.subject, rematch=rematch)
    return answer(await done(request, "put-exam", work))


@routes.put("/<accession>/report")
@needs(*SYSTEMS)
async def put_report(request: Request, accession: str) -> HTTPResponse:
    """Tell a report; each change is a version and the old one is kept; 202 while its exam or patient is not known."""
    services: Services = request.app.ctx.services
    key = exam_key(request, accession)
    said = ReportSaid(**await bodies.body(request, _REPORT))
    await report_files.require_good(services.children, said.pdf, said.picture)
    return answer(await done(request, "put-report", reports.put(services.people.sealer, key, said, now())))


@routes.post("/<accession>/rematch")
@needs(*DECIDES)
async def rematch(request: Request, accession: str) -> HTTPResponse:
    """The exam, with its report and pictures, is another patient's: body `patient_id`."""
    key = exam_key(request, accession)
    patient_id = (await bodies.body(request, _REMATCH))["patient_id"]
    work = exams.rematch(key, patient_id, subject=request.ctx.grant.subject, now=now())
    return answer(await done(request, "rematch", work))


@routes.post("/<accession>/study")
@needs(*DECIDES)
async def choose_study(request: Request, accession: str) -> HTTPResponse:
    """A study that waits is this exam's and no other's: body `study_uid`."""
    exam = await exams.get(exam_key(request, accession))
    study_uid = (await bodies.body(request, _STUDY))["study_uid"]
    work = matching.choose(exam, study_uid, subject=request.ctx.grant.subject, now=now())
    return answer(await done(request, "choose-study", work))


@routes.post("/<accession>/release", name="release")
@routes.delete("/<accession>/release", name="hold")
@needs(Role.CLINICIAN)
async def release(request: Request, accession: str) -> HTTPResponse:
    """A doctor lets the patient see an item that is held back (POST), or holds it back again (DELETE)."""
    released = request.method == "POST"
    work = exams.release(exam_key(request, accession), released=released, now=now())
    return answer(await done(request, "release" if released else "hold", work))


async def _put(services: Services, key: ExamKey, said: dict[str, Any], *, subject: str, rematch: bool) -> Said:
    study_uids, visit = said.pop("study_uids"), said.pop("visit") or {}
    fields: ExamFields = {
        **said,  # type: ignore[typeddict-item]  # named as in _EXAM
        "visit_kind": visit.get("kind", ""),
        "visit_number": visit.get("number", ""),
        "visit_ended_at": visit.get("ended_at"),
    }
    before = await exams.find(key)
    told = await exams.put(key, fields, study_uids=study_uids, subject=subject, now=now(), rematch=rematch)
    opened = fields["digital_service"]
    if opened is not None and (before is None or before.digital_service is not opened):  # what is repeated is no new word
        await activations.told_by_hospital(told.id, opened=opened, subject=subject, now=now())
    await reports.exam_came(services.people.sealer, key, now())
    return told


def _rematch(request: Request) -> bool:
    """`rematch=true`, and nothing else, means it."""
    said = request.args.get("rematch", "false")
    if said not in ("true", "false"):
        raise InvalidField("rematch", "not-a-flag")
    return bool(said == "true")
