"""Where I am logged in: each phone and browser that nobody signed out, and ending it from afar."""

from __future__ import annotations

from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from api.access import address_of, needs
from api.forms import answer
from api.services import Services
from core.clock import now, rfc3339
from core.grants import Role
from identity.signins import Live
from infra.audit import DEPLOYMENT, by

routes = Blueprint("signins", url_prefix="/api/v1/me/sign-ins")


@routes.get("/", name="list")
@needs(Role.PATIENT)
async def live(request: Request) -> HTTPResponse:
    """My logins that are good now, newest first: by which way, on what kind of device, where from, since when, until when.

    `current` is the one that asks. Of the place no more is known than what an address tells.
    """
    services: Services = request.app.ctx.services
    grant = request.ctx.grant
    found = await services.people.sign_ins.live(grant.subject, grant.session, now())
    return answer({"items": [_item(each) for each in found], "next": None})


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


def _item(login: Live) -> dict[str, Any]:
    place = {"kind": login.where.place, "network": login.where.network} if login.where.place else None
    return {
        "id": login.id,
        "way": login.way,
        "device": login.where.device or None,
        "place": place,
        "at": rfc3339(login.at),
        "ends_at": rfc3339(login.until),
        "current": login.current,
    }
