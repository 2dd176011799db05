"""The way of a page inside a mini-program to its session: a ticket that works once, for a minute."""

from __future__ import annotations

from sanic import Blueprint, HTTPResponse, Request

from api.access import COOKIE, address_of, needs, public
from api.forms import answer
from api.pages.landing_page import heading, page
from api.services import Services
from core.clock import now
from core.errors import NotFound, Unauthenticated
from core.grants import Role
from identity import webtickets
from identity.webtickets import Entered
from infra.audit import DEPLOYMENT, Entry

routes = Blueprint("webtickets")

# `to` of a ticket → where it leads; which picture, the browser keeps in the fragment, which no server sees
PLACES = {"viewer": "/viewer/", "phone": "/"}
USED = ("这个入口已用过或已过期", "请返回小程序的上一页，再点一次。为了您的安全，每个入口只能打开一次。")


@routes.post("/api/v1/session/ticket")
@needs(Role.PATIENT)  # who opened a share is known to its owner by the session of the opening, which must stay one
async def ticket(request: Request) -> HTTPResponse:
    """A path that opens a page of ours as me, once within a minute; for a web-view, which cannot be given a cookie.

    `?to=viewer` or `?to=phone` after it says which page; a fragment after that is kept.
    """
    made = await webtickets.new_ticket(request.ctx.grant, now())
    return answer({"url": f"/enter/{made}", "expires_in": int(webtickets.LIFE.total_seconds())}, 201)


@routes.get("/enter/<ticket>")
@public("only with a ticket that was made for one use")
async def enter(request: Request, ticket: str) -> HTTPResponse:
    """Trade a ticket for a session cookie and go to a page of ours."""
    services: Services = request.app.ctx.services
    place = PLACES.get(str(request.args.get("to", "phone")))  # what a platform appends to an address is its own affair
    if place is None:
        raise NotFound("no such page")
    try:
        entered = await webtickets.enter(services.settings.keys, ticket, now())
    except NotFound:
        return _to(place) if await _is_signed_in(request) else page(USED[0], heading(*USED), status=410)
    await services.trail.record(_signed_in(request, entered))
    response, seconds = _to(place), int(entered.life.total_seconds())
    secure = services.settings.base_url.startswith("https:")
    response.add_cookie(COOKIE, entered.token, path="/", httponly=True, samesite="Lax", secure=secure, max_age=seconds)
    return response


async def _is_signed_in(request: Request) -> bool:
    """True when the page is only loaded anew."""
    services: Services = request.app.ctx.services
    try:
        await services.sessions.grant(str(request.cookies.get(COOKIE) or ""), now())
    except Unauthenticated:
        return False
    return True


def _signed_in(request: Request, entered: Entered) -> Entry:
    return Entry(
        chain=DEPLOYMENT,
        at=now(),
        action="sign-in",
        role=entered.role.value,
        subject=entered.subject,
        session=entered.session,
        address=address_of(request),
        detail={"by": "web-ticket"},
    )


def _to(place: str) -> HTTPResponse:
    headers = {"Location": place, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return HTTPResponse(status=303, headers=headers)
