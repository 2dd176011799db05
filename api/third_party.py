"""What a third party finds with its token: exams that it is authorised to and their reports; the pictures are DICOMweb's."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from typing import Any
from uuid import UUID

from sanic import Blueprint, HTTPResponse, Request

from api.access import needs
from api.exams import on_record
from api.forms import answer, asked
from api.recipients import Received
from api.services import Services
from core.clock import now, rfc3339
from core.errors import Malformed, NotFound
from core.grants import Grant, Role
from records import reports
from records.models import Report, ReportStatus
from records.policies import from_json
from records.whose import whose
from share import authorisations
from share.authorisations import Authorised
from share.third_parties import asking
from wado.masking.uids import mapped

routes = Blueprint("third-party", url_prefix="/api/v1/third-party")
PAGE = 100
LONGEST_ID = 36


@routes.get("/exams", name="exams")
@needs(Role.THIRD_PARTY)
async def exams(request: Request) -> HTTPResponse:
    """Exams that I may fetch now for the purpose of my token; their studies are fetched by DICOMweb."""
    grant: Grant = request.ctx.grant
    after = _cursor(asked(request, "cursor"))
    found = {_id(grant, each): each for each in await _authorised(grant)}
    later = [name for name in sorted(found) if name > after]
    page = later[:PAGE]
    told = [found[name].found for name in page]
    await asyncio.gather(*(on_record(request, each.hospital.code, each.exam.id, "exam") for each in told))
    items = [await _item(request, name, found[name]) for name in page]
    return answer({"items": items, "next": page[-1] if len(later) > PAGE else None})


@routes.get("/exams/<exam>/report", name="report")
@needs(Role.THIRD_PARTY)
async def report(request: Request, exam: str) -> HTTPResponse:
    """The report of one of them that counts now; for research and AI without what tells whose it is."""
    grant: Grant = request.ctx.grant
    each = next((each for each in await _authorised(grant) if _id(grant, each) == exam), None)
    if each is None or not _counts(each.found.report):
        raise NotFound("no report that may be seen")
    seen = await _seen(request, each)
    await on_record(request, each.found.hospital.code, each.found.exam.id, "report")
    assert each.found.report is not None
    return answer(_report(seen.report(each.found.report)))


async def _authorised(grant: Grant) -> list[Authorised]:
    third_party, purpose = asking(grant.subject)
    return await authorisations.authorised(third_party, purpose, now())


def _id(grant: Grant, each: Authorised) -> str:
    """Under a mask another one, so that two who got the same exam for different purposes cannot tell by it."""
    if not grant.masked:
        return each.found.exam.id
    digest = hmac.digest(bytes.fromhex(grant.mask), b"exam" + each.found.exam.id.encode(), hashlib.sha256)
    return str(UUID(bytes=digest[:16], version=4))


def _counts(report: Report | None) -> bool:
    return report is not None and report.status != ReportStatus.WITHDRAWN


async def _seen(request: Request, each: Authorised) -> Received:
    """The exam in the words that this third party may read."""
    services: Services = request.app.ctx.services
    if not request.ctx.grant.masked:
        return Received(each.found, None)
    named = from_json(each.found.hospital.policies).doctors_under_mask
    versions = await reports.versions_of(each.found.exam.id)
    hidden = await whose(services.people.sealer, each.found.exam, versions, doctors_named=named)
    return Received(each.found, None, hidden, named)


def _report(shown: Report) -> dict[str, Any]:
    return {
        "status": shown.status.value,
        "version": shown.version,
        "findings": shown.findings,
        "impression": shown.impression,
        "reporting_doctor": shown.reporting_doctor,
        "verifying_doctor": shown.verifying_doctor,
        "reported_at": rfc3339(shown.reported_at),
        "verified_at": rfc3339(shown.verified_at),
    }


def _cursor(said: dict[str, str]) -> str:
    cursor = said.get("cursor", "")
    if len(cursor) > LONGEST_ID or not cursor.isascii():
        raise Malformed("the cursor is not one of ours")
    return cursor


async def _item(request: Request, name: str, each: Authorised) -> dict[str, Any]:
    grant: Grant = request.ctx.grant
    exam, report = (await _seen(request, each)).told.exam, each.found.report
    return {
        "id": name,
        "authorisation": each.authorisation,
        "purpose": asking(grant.subject)[1].value,
        "masked": grant.masked,
        "expires_at": rfc3339(each.expires_at),
        "hospital": {"code": each.found.hospital.code, "name": each.found.hospital.name},
        "category": exam.category,
        "modality": exam.modality,
        "item": exam.item,
        "performed_at": rfc3339(exam.performed_at),
        "report": {"status": report.status.value} if report is not None and _counts(report) else None,
        "studies": [mapped(bytes.fromhex(grant.mask), uid) if grant.masked else uid for uid in each.found.studies],
    }
