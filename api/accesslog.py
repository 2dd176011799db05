"""Who looked at an exam of mine: what they are, their department, when and by which way; names where the hospital says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from api.access import needs
from api.exams import my_exam
from api.forms import DIGITS, answer, asked, limit_of, number_behind
from api.services import Services
from core.clock import rfc3339
from core.grants import Grant, Role
from infra import staff
from infra.models import AuditEntry
from infra.staff import Staff
from records import places
from records.places import Names
from records.policies import from_json
from records.search import Found
from share import third_parties

routes = Blueprint("accesslog", url_prefix="/api/v1/exams")
NEWEST = 10**DIGITS  # beyond the number of any entry
# Staff are shown by what they are; a hospital's systems act for its departments.
WHO: Mapping[str, str] = {
    Role.HOSPITAL.value: "hospital system",
    Role.CLINICIAN.value: "doctor",
    Role.ADMIN.value: "administrator",
    Role.KIOSK.value: "kiosk",
    Role.GUIDE.value: "help desk",
    Role.AUDITOR.value: "auditor",
    Role.PATIENT.value: "another person",
    Role.LINK.value: "holder of a link",
    Role.THIRD_PARTY.value: "third party",
    "operator": "operator",
}
WAYS: Mapping[str, str] = {
    Role.PATIENT.value: "phone",
    Role.KIOSK.value: "kiosk",
    Role.GUIDE.value: "desk",
    Role.LINK.value: "link",
    Role.THIRD_PARTY.value: "authorisation",
}


@dataclass(frozen=True, slots=True)
class _Shown:
    """What is known of the members of staff on one page, and whether their names are told."""

    staff: Mapping[str, Staff]
    departments: Names
    with_names: bool
    third_parties: Mapping[str, str]  # id → name


@routes.get("/<exam>/access-log", name="list")
@needs(Role.PATIENT)
async def access_log(request: Request, exam: str) -> HTTPResponse:
    """Who looked at this exam, and when, newest first; staff by department, by name only where the hospital says so."""
    said = asked(request, "limit", "cursor")
    limit = limit_of(said)
    found = await my_exam(request, exam)
    before = number_behind(said)
    rows = await _newest(found, NEWEST if before is None else before, limit + 1)
    services: Services = request.app.ctx.services
    behind = await staff.behind(services.people.sealer, (row.session for row in rows))
    departments = await places.department_names(found.hospital.code, (each.department for each in behind.values()))
    shown = _Shown(behind, departments, from_json(found.hospital.policies).staff_names_shown, await _third_parties(rows))
    items = [_look(row, request.ctx.grant, shown) for row in rows[:limit]]
    return answer({"items": items, "next": str(rows[limit - 1].number) if len(rows) > limit else None})


async def _newest(found: Found, before: int, limit: int) -> list[AuditEntry]:
    """Reads of the exam and of its studies. One question each: for several at once SQLite would walk over the whole chain."""
    rows: list[AuditEntry] = []
    for uid in (found.exam.id, *found.studies):
        seen = AuditEntry.filter(chain=found.hospital.code, study_uid=uid, number__lt=before, action="read", outcome="done")
        rows += await seen.order_by("-number").limit(limit)
    return sorted(rows, key=lambda row: -row.number)[:limit]


async def _third_parties(rows: Iterable[AuditEntry]) -> dict[str, str]:
    return await third_parties.names_of(row.subject for row in rows if row.role == Role.THIRD_PARTY)


def _look(row: AuditEntry, grant: Grant, shown: _Shown) -> dict[str, Any]:
    who = shown.staff.get(row.session, Staff())
    third_party, purpose = third_parties.told(row.subject) if row.role == Role.THIRD_PARTY else ("", None)
    return {
        "at": rfc3339(row.at, "auto"),
        "who": "self" if row.subject == grant.subject else WHO.get(row.role, row.role),
        "role": row.role,
        "department": shown.departments.of("departments", row.chain, who.department),
        "name": shown.third_parties.get(third_party) or (who.name or None if shown.with_names else None),
        "purpose": purpose,
        "via": WAYS.get(row.role, "hospital"),
        "device": row.device or None,
        "what": row.what,
        "times": row.count,
    }
