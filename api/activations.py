"""Where I opened the digital service: the notice that is shown before, and one lasting record an exam."""

from __future__ import annotations

from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from api.access import address_of, needs
from api.bodies import Field, body, choice
from api.exams import my_exam
from api.forms import answer, required
from api.services import Services
from core.clock import now
from core.grants import Role
from identity import activations
from identity.models import Activation
from identity.persons import require_person
from infra.audit import by

routes = Blueprint("activations", url_prefix="/api/v1")
ACTIVATION = {
    "exam": required(36),
    "way": Field(choice(*activations.WAYS), required=True),
    "notice_version": required(32),
}


@routes.get("/exams/<exam>/notice", name="notice")
@needs(Role.PATIENT)
async def notice(request: Request, exam: str) -> HTTPResponse:
    """What I must read before I open the digital service of this exam."""
    shown = activations.notice_of(await my_exam(request, exam))
    return answer({"version": shown.version, "text": shown.text})


@routes.get("/me/activations", name="list")
@needs(Role.PATIENT)
async def opened(request: Request) -> HTTPResponse:
    """Where I opened the digital service."""
    found = await activations.of(request.ctx.grant.subject)
    return answer({"items": [_item(each) for each in found], "next": None})


@routes.post("/me/activations", name="open")
@needs(Role.PATIENT)
async def open_service(request: Request) -> HTTPResponse:
    """Open the digital service of an exam: the notice was shown, and I agreed."""
    services: Services = request.app.ctx.services
    said = await body(request, ACTIVATION)
    person = await require_person(request.ctx.grant.subject)
    found, at = await my_exam(request, said["exam"]), now()
    row, new = await activations.activate(person.id, found, said["way"], said["notice_version"], at)
    if new:
        entry = by(
            request.ctx.grant,
            chain=found.hospital.code,
            at=at,
            action="activate",
            address=address_of(request),
            detail={"exam": row.exam_id, "way": row.way, "notice": row.notice_version, "fee": row.fee_state},
        )
        await services.trail.record(entry)
    return answer(_item(row), 201 if new else 200)


def _item(row: Activation) -> dict[str, Any]:
    return {
        "exam": row.exam_id,
        "way": row.way,
        "at": row.at.isoformat(timespec="seconds"),
        "notice_version": row.notice_version,
        "fee_state": row.fee_state,
    }
