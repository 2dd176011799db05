"""What clinicians must know: critical values, call-backs, requests for images. Looking at one acknowledges nothing."""

from __future__ import annotations

from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from api import bodies
from api.access import address_of, needs
from api.bodies import Field
from api.forms import asked, limit_of
from api.hospital.saying import DECIDES, home, json
from api.noticejobs import office
from api.services import Services
from core.clock import now, rfc3339
from core.grants import Role
from core.uids import uuid7
from identity.masking import masked_phone
from infra.audit import by
from notify import reminders
from notify.kinds import REMINDERS, Kind
from notify.models import Contact, Reminder
from records import exams
from records.exams import ExamKey
from records.writing import writing

routes = Blueprint("reminders", url_prefix="/api/v1/hospital")
MEDICAL = (Role.HOSPITAL, Role.CLINICIAN, Role.ADMIN)
MOST_CONTACTS = 200
_REMINDER = {
    "kind": Field(bodies.choice(*sorted(kind.value for kind in REMINDERS)), required=True),
    "accession": Field(bodies.filled(64), required=True),
    "campus": Field(bodies.text(32), default=""),
    "system": Field(bodies.text(32), default=""),
    "key": Field(bodies.filled(36)),
}
_CONTACT = {
    "label": Field(bodies.filled(64), required=True),
    "department": Field(bodies.text(64), default=""),
    "level": Field(bodies.number(1, reminders.HIGHEST_LEVEL), default=1),
    "phone": Field(bodies.filled(32), required=True),
}
_CONTACTS = {"contacts": Field(bodies.many(bodies.inner(_CONTACT), MOST_CONTACTS), required=True)}


@routes.get("/reminders", name="list")
@needs(*MEDICAL)
async def listed(request: Request) -> HTTPResponse:
    """Reminders, newest first; `open=true` only those that nobody has acknowledged."""
    said = asked(request, "open", "limit", "cursor")
    limit = limit_of(said)
    open_only = bodies.choice("true", "false")("open", said.get("open", "false")) == "true"
    rows = await reminders.listed(home(request), open_only=open_only, after=said.get("cursor", ""), limit=limit + 1)
    return json({"items": [_item(row) for row in rows[:limit]], "next": rows[limit - 1].id if len(rows) > limit else None})


@routes.post("/reminders", name="post")
@needs(*MEDICAL)
async def remind(request: Request) -> HTTPResponse:
    """Tell the staff on duty about an exam: a critical value, a patient to call back, images that are missing.

    The same `key` again is the same reminder.
    """
    said = await bodies.body(request, _REMINDER)
    hospital, subject = home(request), request.ctx.grant.subject
    event = f"asked:{hospital}:{said['key'] or uuid7()}"
    async with writing(hospital):
        exam = await exams.get(ExamKey(hospital, said["accession"], said["campus"], said["system"]))
        ours = office(request.app.ctx.services)
        row = await reminders.open_one(ours, exam, Kind(said["kind"]), event, subject, now())
        await _record(request, "remind", row.id)
    return json(_item(row), 201)


@routes.get("/reminders/<reminder>", name="one")
@needs(*MEDICAL)
async def one(request: Request, reminder: str) -> HTTPResponse:
    """One reminder. Reading it acknowledges nothing."""
    return json(_item(await reminders.one(home(request), reminder)))


@routes.post("/reminders/<reminder>/acknowledge", name="acknowledge")
@needs(*MEDICAL)
async def acknowledge(request: Request, reminder: str) -> HTTPResponse:
    """Somebody takes it: the next level is not told any more. The first who says so stands."""
    async with writing(home(request)):
        row = await reminders.acknowledge(home(request), reminder, request.ctx.grant.subject, now())
        await _record(request, "acknowledge", row.id)
    return json(_item(row))


@routes.get("/contacts", name="contacts")
@needs(*DECIDES)
async def get_contacts(request: Request) -> HTTPResponse:
    """The telephones on duty, by level; numbers are masked."""
    return await _contacts_answer(request)


@routes.put("/contacts", name="put_contacts")
@needs(*DECIDES)
async def put_contacts(request: Request) -> HTTPResponse:
    """These are all: level 1 is told first; after each wait without acknowledgement the next. A duty, never a name."""
    services: Services = request.app.ctx.services
    said = (await bodies.body(request, _CONTACTS))["contacts"]
    told = [(each["label"], each["department"], each["level"], each["phone"]) for each in said]
    async with writing(home(request)):
        await reminders.set_contacts(office(services), home(request), told, now())
        await _record(request, "put-contacts", str(len(told)))
    return await _contacts_answer(request)


async def _contacts_answer(request: Request) -> HTTPResponse:
    services: Services = request.app.ctx.services
    rows = await reminders.contacts(home(request))
    return json({"items": [_contact(services, row) for row in rows], "next": None})


async def _record(request: Request, action: str, subject: str) -> None:
    services: Services = request.app.ctx.services
    detail = {"id": subject}
    entry = by(request.ctx.grant, chain=home(request), at=now(), action=action, address=address_of(request), detail=detail)
    await services.trail.append([entry])


def _item(row: Reminder) -> dict[str, Any]:
    return {
        "id": row.id,
        "number": row.number,
        "kind": row.kind,
        "exam": row.exam_id,
        "level": row.level,
        "told": row.told,
        "created_at": rfc3339(row.created_at, "auto"),
        "escalates_at": rfc3339(row.escalates_at, "auto"),
        "acknowledged_at": rfc3339(row.acknowledged_at, "auto"),
    }


def _contact(services: Services, row: Contact) -> dict[str, Any]:
    phone = masked_phone(services.people.sealer.open(row.sealed))
    return {"label": row.label, "department": row.department, "level": row.level, "phone": phone}
