"""What a browser may keep to be read without a network: whoever ticked 记住我 sees again what they saw (docs/offline.md).

The phone pages' own worker asks with each request, and keeps an answer only where this header says whose login it is of and
until when. So a copy can never be of another person, of a link, of a masked view or of a browser that shall forget.
"""

from __future__ import annotations

from sanic import Blueprint, Request
from sanic.response import BaseHTTPResponse

from api.services import Services
from api.session import UNTIL_CLOSED
from core.grants import Role

ASKED = HEADER = "Cloudfilm-Keep"
KEPT = frozenset({200, 304})


def allow(blueprint: Blueprint) -> None:
    """Answers of these routes may be kept."""
    blueprint.middleware("response")(_mark)


async def _mark(request: Request, response: BaseHTTPResponse) -> None:
    if ASKED not in request.headers or request.method != "GET" or response.status not in KEPT:
        return
    grant = getattr(request.ctx, "grant", None)
    if grant is None or grant.role is not Role.PATIENT or "authorization" in request.headers:
        return
    services: Services = request.app.ctx.services
    remembered = await services.people.sign_ins.remembered(grant.session, longer_than=UNTIL_CLOSED)
    if remembered is not None:
        response.headers[HEADER] = f"{remembered.sign_in} {int(remembered.until.timestamp())}"
