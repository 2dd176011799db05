"""Where I am logged in: each phone and browser that nobody signed out, and ending it from afar."""

from __future__ import annotations

from datetime import UTC, datetime

from sanic import Blueprint, HTTPResponse, Request

from api.access import address_of, needs
from api.forms import answer
from api.services import Services
from core.clock import now
from core.grants import Role
from infra.audit import DEPLOYMENT, by

routes = Blueprint("signins", url_prefix="/api/v1/me/sign-ins")


@routes.get("/", name="list")
@needs(Role.PATIENT)
async def live(request: Request) -> HTTPResponse:
    """My logins that are good now, newest first: by which way, since when, until when; `current` is the one that asks."""
    services: Services = request.app.ctx.services
    grant = request.ctx.grant
    found = await services.people.sign_ins.live(grant.subject, grant.session, now())
    items = [
        {"id": each.id, "way": each.way, "at": _time(each.at), "ends_at": _time(each.until), "current": each.current}
        for each in found
    ]
    return answer({"items": items, "next": None})


@routes.delete("/<sign_in>", name="end")
@needs(Role.PATIENT)
async def end(request: Request, sign_in: str) -> HTTPResponse:
    """Sign out there: its sessions, its pages in a web-view and what could renew them end at once."""
    services: Services = request.app.ctx.services
    grant, at = request.ctx.grant, now()
    await services.people.sign_ins.end_one(grant.subject, sign_in, at)
    entry = by(grant, chain=DEPLOYMENT, at=at, action="sign-out", address=address_of(request), detail={"sign_in": sign_in})
    await services.trail.record(entry)
    return HTTPResponse(status=204)


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
