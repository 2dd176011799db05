"""The front door of a demo: a link that works once signs a newcomer in as the demo patient."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from sanic import Blueprint, HTTPResponse, Request

from api.access import COOKIE, address_of, public
from api.demo_people import patient_of_demo
from api.people import People
from api.services import Services
from api.tickets import use_up
from core.clock import now
from core.errors import NotFound
from core.grants import Role
from identity.sessions import issue
from infra.audit import DEPLOYMENT, Entry

routes = Blueprint("demo")

SESSION_LIFE = timedelta(hours=12)
USED_UP = "/#/used"  # where the page says what to do with a link that no longer works


@dataclass(frozen=True, slots=True)
class Visitor:
    """As whom a newcomer looks around."""

    role: Role
    hospital: str | None
    subject: str


FIRST_PAGE = {Role.PATIENT: "/", Role.CLINICIAN: "/browser/"}
CLINICIAN = Visitor(Role.CLINICIAN, "demo", "demo-visitor")


@routes.get("/demo/enter/<ticket>")
@public("only in a demo, and only with a ticket that was made for one use")
async def enter(request: Request, ticket: str) -> HTTPResponse:
    """Trade a ticket for a session cookie and go to what the visitor may see: the phone pages, or the study browser."""
    services: Services = request.app.ctx.services
    settings = services.settings
    if not settings.demo:
        raise NotFound("no such page")
    if not await asyncio.to_thread(use_up, settings, ticket, now()):
        return _to(USED_UP)
    visitor = await _visitor(services.people)
    token = await issue(
        settings.keys, role=visitor.role, hospital=visitor.hospital, subject=visitor.subject, life=SESSION_LIFE, now=now()
    )
    await services.trail.record(_signed_in(request, visitor))
    response = _to(FIRST_PAGE[visitor.role])
    response.add_cookie(
        COOKIE,
        token,
        path="/",
        httponly=True,
        samesite="Lax",
        secure=settings.base_url.startswith("https:"),
        max_age=int(SESSION_LIFE.total_seconds()),
    )
    return response


async def _visitor(people: People) -> Visitor:
    """The demo's patient; where only images were brought in, a clinician of the demo hospital."""
    patient = await patient_of_demo(people)
    return Visitor(Role.PATIENT, None, patient) if patient else CLINICIAN


def _signed_in(request: Request, visitor: Visitor) -> Entry:
    return Entry(
        chain=visitor.hospital or DEPLOYMENT,
        at=now(),
        action="sign-in",
        role=visitor.role.value,
        subject=visitor.subject,
        address=address_of(request),
        detail={"by": "ticket"},
    )


def _to(path: str) -> HTTPResponse:
    headers = {"Location": path, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return HTTPResponse(status=303, headers=headers)
