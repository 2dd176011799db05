"""My exams: of all hospitals in one list, and who looked at each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sanic import Blueprint, HTTPResponse, Request

from api.access import address_of, needs
from api.forms import answer, asked
from api.services import Services
from archive.models import Study
from core.clock import now
from core.errors import InvalidField, NotFound
from core.grants import Grant, Role
from identity.mine import records_of
from infra.audit import by
from infra.models import AuditEntry
from records import search
from records.search import Found, Query

routes = Blueprint("exams", url_prefix="/api/v1/exams")
PARAMETERS = ("hospital", "category", "from", "to", "body_part", "q", "sort", "cursor", "limit")
MOST_EXAMS = 100
MOST_LOOKS = 200
# Staff are shown by what they are; a hospital's systems act for its departments.
WHO = {
    Role.HOSPITAL.value: "hospital system",
    Role.CLINICIAN.value: "doctor",
    Role.ADMIN.value: "administrator",
    Role.KIOSK.value: "kiosk",
    Role.GUIDE.value: "help desk",
    Role.PATIENT.value: "another person",
}


@routes.get("/", name="list")
@needs(Role.PATIENT)
async def exams(request: Request) -> HTTPResponse:
    """My exams, newest first; filtered by hospital, category, days, body part and words of item or report."""
    query = _query(asked(request, *PARAMETERS))
    page = await search.search(await records_of(request.ctx.grant.subject, now()), query, now())
    for hospital in sorted({found.hospital.code for found in page.items}):
        await on_record(request, hospital, "", "exams")
    images = await _images(page.items)
    return answer({"items": [_item(found, images) for found in page.items], "next": page.next})


@routes.get("/<exam>", name="one")
@needs(Role.PATIENT)
async def exam(request: Request, exam: str) -> HTTPResponse:
    """One exam of mine, and how far it has come."""
    found = await my_exam(request, exam)
    await on_record(request, found.hospital.code, found.exam.id, "exam")
    return answer(_item(found, await _images([found])) | _detail(found))


@routes.get("/<exam>/access-log", name="access_log")
@needs(Role.PATIENT)
async def access_log(request: Request, exam: str) -> HTTPResponse:
    """Who looked at this exam, and when; staff without names."""
    found = await my_exam(request, exam)
    seen = AuditEntry.filter(
        chain=found.hospital.code, action="read", outcome="done", study_uid__in=[found.exam.id, *found.studies]
    )
    rows = await seen.order_by("-at", "-id").limit(MOST_LOOKS)
    return answer({"items": [_look(row, request.ctx.grant) for row in rows], "next": None})


async def my_exam(request: Request, exam_id: str) -> Found:
    """An exam that who asks may see; raises NotFound for every other."""
    found = await search.get(await records_of(request.ctx.grant.subject, now()), exam_id, now())
    if found is None:
        raise NotFound("no such exam")
    return found


def _query(asked: dict[str, str]) -> Query:
    return Query(
        hospital=asked.get("hospital", ""),
        category=asked.get("category", ""),
        body_part=asked.get("body_part", ""),
        first_day=_day("from", asked.get("from")),
        last_day=_day("to", asked.get("to")),
        keywords=search.keywords_of(asked.get("q", "")),
        sort=asked.get("sort", search.DEFAULT_SORT),
        cursor=asked.get("cursor", ""),
        limit=_limit(asked.get("limit", "20")),
    )


def _day(name: str, text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise InvalidField(name, "impossible-date") from error


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_EXAMS):
        raise InvalidField("limit", "not-a-number")
    return int(text)


async def _images(items: Sequence[Found]) -> dict[tuple[str, str], int]:
    """(hospital, study) → how many images it has."""
    uids = sorted({uid for found in items for uid in found.studies})
    rows = await Study.filter(study_instance_uid__in=uids) if uids else []
    return {(row.hospital_id, row.study_instance_uid): row.instance_count for row in rows}


def _item(found: Found, images: Mapping[tuple[str, str], int]) -> dict[str, Any]:
    exam = found.exam
    return {
        "id": exam.id,
        "hospital": {"code": found.hospital.code, "name": found.hospital.name},
        "category": exam.category,
        "modality": exam.modality,
        "body_part": exam.body_part,
        "item": exam.item,
        "performed_at": _local(exam.performed_at, found.hospital.zone),
        "state": found.state.value,
        "report": {"status": found.report.status.value} if found.report else None,
        "films": 0,  # none is kept yet
        "images": sum(images.get((exam.hospital_id, uid), 0) for uid in found.studies),
        "studies": list(found.studies),
    }


def _detail(found: Found) -> dict[str, Any]:
    exam, usual = found.exam, found.usually_reported_at
    return {
        "campus": exam.campus,
        "department": exam.department,
        "visit": {"kind": exam.visit_kind, "number": exam.visit_number},
        "images_at": exam.images.value,
        "elsewhere_url": exam.elsewhere_url or None,
        "usually_reported_at": _local(usual, found.hospital.zone) if usual else None,
        "help_phone": found.hospital.help_phone or None,
    }


def _look(row: AuditEntry, grant: Grant) -> dict[str, Any]:
    mine = row.subject == grant.subject
    return {
        "at": row.at.astimezone(UTC).isoformat(),
        "who": "self" if mine else WHO.get(row.role, row.role),
        "role": row.role,
        "via": "phone" if row.role == Role.PATIENT else "hospital",
        "what": row.what,
    }


def _local(at: datetime, zone: str) -> str:
    return at.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds")


async def on_record(request: Request, hospital: str, exam_id: str, what: str) -> None:
    """On record before the first byte. An exam stands where a study would: its id is no UID, so they do not mix."""
    services: Services = request.app.ctx.services
    entry = by(
        request.ctx.grant,
        chain=hospital,
        at=now(),
        action="read",
        address=address_of(request),
        study_uid=exam_id,
        what=what,
    )
    await services.tally.read(entry)
