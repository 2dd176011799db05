"""A session of a person: renewed with a refresh token that works once, and ended."""

from __future__ import annotations

from datetime import datetime, timedelta

from sanic import Blueprint, HTTPResponse, Request

from api.access import COOKIE, address_of, needs, public
from api.bodies import body
from api.devices import device_of
from api.forms import answer, required
from api.services import Services
from core.clock import now
from core.errors import Unauthenticated
from core.grants import Role
from identity.signins import Tokens, Where
from infra.audit import DEPLOYMENT, Entry, by
from share.visits import place_of

REMEMBERED, UNTIL_CLOSED = timedelta(days=30), timedelta(hours=12)
routes = Blueprint("session", url_prefix="/api/v1/session")


@routes.post("/refresh")
@public("the refresh token in the body is the proof")
async def refresh(request: Request) -> HTTPResponse:
    """Trade a refresh token for new tokens; one that comes twice ends its login."""
    services: Services = request.app.ctx.services
    said, at = await body(request, {"refresh_token": required(256)}), now()
    try:
        tokens = await services.people.sign_ins.refresh(said["refresh_token"], at)
    except Unauthenticated:
        entry = Entry(chain=DEPLOYMENT, at=at, action="refresh", outcome="refused", address=address_of(request))
        await services.trail.record(entry)
        raise
    return tokens_answer(tokens)


@routes.delete("/")
@needs(*Role)
async def end(request: Request) -> HTTPResponse:
    """Log out: the session and all that could renew it end at once."""
    services: Services = request.app.ctx.services
    grant, at = request.ctx.grant, now()
    await services.people.sign_ins.end(grant.session, at)
    entry = by(grant, chain=grant.home or DEPLOYMENT, at=at, action="sign-out", address=address_of(request))
    await services.trail.record(entry)
    response = HTTPResponse(status=204)
    response.delete_cookie(COOKIE)
    return response


async def begun(request: Request, person: str, way: str, remember: bool | None, at: datetime) -> HTTPResponse:
    """A login that has just been proved: tokens, or a browser's cookie, which no script of a page ever sees.

    A browser that shall not remember forgets the cookie when it is closed.
    """
    services: Services = request.app.ctx.services
    if remember is None:
        return tokens_answer(await services.people.sign_ins.begin(person, way, at, where_of(request)))
    life = REMEMBERED if remember else UNTIL_CLOSED
    response = answer({"token_type": "Cookie", "expires_in": int(life.total_seconds())})
    return await with_cookie(request, response, person, way, remember, at)


async def with_cookie(
    request: Request, response: HTTPResponse, person: str, way: str, remember: bool, at: datetime
) -> HTTPResponse:
    """The answer, and with it a new session of this person in the browser's cookie."""
    services: Services = request.app.ctx.services
    life = REMEMBERED if remember else UNTIL_CLOSED
    token = await services.people.sign_ins.begin_page(person, way, at, life, where_of(request))
    response.add_cookie(
        COOKIE,
        token,
        path="/",
        httponly=True,
        samesite="Lax",
        secure=services.settings.base_url.startswith("https:"),
        max_age=int(life.total_seconds()) if remember else None,
    )
    return response


def where_of(request: Request) -> Where:
    """What its owner will be told of a login: the kind of device, and where from."""
    place = place_of(address_of(request))
    return Where(device_of(str(request.headers.get("user-agent", ""))), place.kind, place.network)


def tokens_answer(tokens: Tokens) -> HTTPResponse:
    """Tokens as JSON, kept by nobody on the way."""
    return answer(
        {
            "access_token": tokens.access,
            "token_type": "Bearer",
            "expires_in": tokens.expires_in_seconds,
            "refresh_token": tokens.refresh,
        }
    )
