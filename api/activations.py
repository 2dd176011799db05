"""My choice of the digital service: the notice that is shown before, what I opened, what I declined and may open."""

from __future__ import annotations

from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from api.access import address_of, needs
from api.bodies import Field, body, choice
from api.errors import prefers_english
from api.exams import my_exam
from api.forms import answer, asked, limit_of, required
from api.services import Services
from core.clock import now
from core.errors import NotFound
from core.grants import Role
from identity import activations
from identity.activations import Kind, Witness
from identity.mine import own_records, records_to_choose_for
from identity.models import ServiceEvent
from identity.persons import require_person
from infra.audit import by
from infra.database import transaction
from records import choices
from records.choices import Choice

routes = Blueprint("activations", url_prefix="/api/v1")
ANSWER = {
    "exam": required(36),
    "way": Field(choice(*activations.WAYS), default="phone"),
    "notice_version": required(32),
}
DECLINED = (
    "您选择了不开通数字影像服务。影像已由医院保存，您可以随时开通。",
    "You chose not to use the digital service. The hospital keeps the images; you may open the service at any time.",
)


@routes.get("/exams/<exam>/notice", name="notice")
@needs(Role.PATIENT)
async def notice(request: Request, exam: str) -> HTTPResponse:
    """What I must read before I open the digital service of this exam."""
    shown = activations.notice_of((await my_exam(request, exam)).hospital)
    return answer({"version": shown.version, "text": shown.text})


@routes.get("/me/activations", name="list")
@needs(Role.PATIENT)
async def opened(request: Request) -> HTTPResponse:
    """Where I opened the digital service, by phone, at a kiosk, at the desk or in the hospital."""
    person = request.ctx.grant.subject
    found = await activations.of(person, await own_records(person))
    return answer({"items": [event(each) for each in found], "next": None})


@routes.post("/me/activations", name="open")
@needs(Role.PATIENT)
async def open_service(request: Request) -> HTTPResponse:
    """Open the digital service of an exam: the notice was shown, and I agreed."""
    return await _answered(request, Kind.OPENED)


@routes.get("/me/declined", name="declined")
@needs(Role.PATIENT)
async def declined(request: Request) -> HTTPResponse:
    """Exams that are not opened and may be, newest first, with the notices to show before."""
    said, at = asked(request, "cursor", "limit"), now()
    person = await require_person(request.ctx.grant.subject)
    records = await records_to_choose_for(person.id, at)
    found, after = await choices.closed(records, cursor=said.get("cursor", ""), limit=limit_of(said))
    shown = {each.hospital.code: activations.notice_of(each.hospital) for each in found}
    notices = [{"hospital": code, "version": each.version, "text": each.text} for code, each in sorted(shown.items())]
    english = prefers_english(request.headers.get("accept-language", ""))
    return answer(
        {"items": [choice_item(each) for each in found], "next": after, "notices": notices, "text": DECLINED[english]},
    )


@routes.post("/me/declined", name="decline")
@needs(Role.PATIENT)
async def decline_service(request: Request) -> HTTPResponse:
    """Decline the digital service of an exam after having seen the notice; it may be opened again at any time."""
    return await _answered(request, Kind.DECLINED)


def choice_item(found: Choice) -> dict[str, Any]:
    """An exam whose service may be chosen, as its patient may see it; nothing of its report or images."""
    exam = found.exam
    return {
        "id": exam.id,
        "hospital": {"code": found.hospital.code, "name": found.hospital.name},
        "category": exam.category,
        "item": exam.item,
        "performed_at": exam.performed_at.astimezone(found.rules.zone).isoformat(timespec="seconds"),
        "declined": exam.service_chosen is False or exam.digital_service is False,
        "notice_version": found.rules.policies.notice_version,
    }


def event(row: ServiceEvent) -> dict[str, Any]:
    """One answer, as its giver may see it."""
    return {
        "exam": row.exam_id,
        "kind": row.kind,
        "way": row.way,
        "at": row.at.isoformat(timespec="seconds"),
        "notice_version": row.notice_version,
        "fee_state": row.fee_state,
    }


async def record_answer(request: Request, found: Choice, kind: Kind, witness: Witness, notice_version: str) -> HTTPResponse:
    """Keep an answer and put it on record, in one commit; pictures follow at once. 201 new, 200 known."""
    services: Services = request.app.ctx.services
    at = now()
    async with transaction():
        row, new = await activations.answer(found, kind, witness, notice_version, at)
        if new:
            detail = {"exam": row.exam_id, "way": row.way, "notice": row.notice_version, "fee": row.fee_state}
            action = "activate" if kind is Kind.OPENED else "decline"
            address = address_of(request)
            await services.trail.append(
                [by(request.ctx.grant, chain=found.hospital.code, at=at, action=action, address=address, detail=detail)]
            )
    if new:
        services.sessions_epoch.advance()
    return answer(event(row), 201 if new else 200)


async def _answered(request: Request, kind: Kind) -> HTTPResponse:
    said = await body(request, ANSWER)
    person = await require_person(request.ctx.grant.subject)
    found = await choices.get(await records_to_choose_for(person.id, now()), said["exam"])
    if found is None:
        raise NotFound("no such exam")
    witness = Witness(said["way"], Role.PATIENT, person.id, person.id)
    return await record_answer(request, found, kind, witness, said["notice_version"])
