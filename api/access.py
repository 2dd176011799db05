"""Who may call what: every handler is marked with the roles it needs, or as public with the reason."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from sanic import HTTPResponse, Request

from api.addresses import client_address
from api.devices import device_of
from api.origins import is_ours
from api.services import Services
from core.clock import now
from core.errors import Forbidden, Gone, NotFound, TooManyRequests, Unauthenticated
from core.grants import Grant, Role
from core.uids import is_uid
from infra.audit import ANONYMOUS, DEPLOYMENT, Entry, device
from infra.database import DoesNotFit

Handler = Callable[..., Awaitable[HTTPResponse | None]]
COOKIE = "cloudfilm_session"
LONGEST_ID = 36  # characters of a UUID
MARK = "__access__"
STAFF_AND_SYSTEMS = (Role.HOSPITAL, Role.CLINICIAN, Role.ADMIN)
READS_PICTURES = (*STAFF_AND_SYSTEMS, Role.PATIENT, Role.LINK, Role.THIRD_PARTY)
# Refused tries of which the handler itself says nothing: what was typed is on record nowhere.
_ON_RECORD = (NotFound, Forbidden, Gone, TooManyRequests, Unauthenticated)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def needs(*roles: Role) -> Callable[[Handler], Handler]:
    """The handler runs only for a live token of one of these roles; it finds the grant in `request.ctx.grant`."""

    def mark(handler: Handler) -> Handler:
        @wraps(handler)
        async def checked(request: Request, *args: Any, **kwargs: Any) -> HTTPResponse | None:
            request.ctx.grant = await _grant(request, roles)
            try:
                return await _handled(handler, request, *args, **kwargs)
            except _ON_RECORD as error:  # perhaps there, but not for this one: that is on record too
                await _record_refusal(request, type(error).__name__, request.ctx.grant)
                raise

        setattr(checked, MARK, roles)
        return checked

    return mark


def public(reason: str) -> Callable[[Handler], Handler]:
    """The handler runs for anybody, and says why that is right."""

    def mark(handler: Handler) -> Handler:
        @wraps(handler)
        async def recorded(request: Request, *args: Any, **kwargs: Any) -> HTTPResponse | None:
            try:
                return await _handled(handler, request, *args, **kwargs)
            except (Gone, TooManyRequests) as error:  # a link that is over, a limit that is reached
                await _record_refusal(request, type(error).__name__, None)
                raise

        setattr(recorded, MARK, reason)
        return recorded

    return mark


async def _handled(handler: Handler, request: Request, *args: Any, **kwargs: Any) -> HTTPResponse | None:
    """The handler's answer. A path that names something by more characters than any id of ours has names nothing."""
    try:
        return await handler(request, *args, **kwargs)
    except DoesNotFit as error:
        if any(len(str(value)) > LONGEST_ID for value in request.match_info.values()):
            raise NotFound("no id is as long as that") from error
        raise


async def _grant(request: Request, roles: tuple[Role, ...]) -> Grant:
    services: Services = request.app.ctx.services
    try:
        grant = await services.sessions.grant(bearer(request), now())
    except Unauthenticated:
        await _record_refusal(request, "not signed in", None)
        raise
    if grant.role not in roles:
        await _record_refusal(request, "role", grant)
        raise Forbidden(f"a token of role {grant.role} may not do this")
    return grant


def bearer(request: Request) -> str:
    """The token of a request: the Authorization header, or the cookie where that is safe."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    cookie = request.cookies.get(COOKIE)
    if cookie and (request.method in SAFE_METHODS or same_origin(request)):
        return str(cookie)
    raise Unauthenticated("no token")


def same_origin(request: Request) -> bool:
    """True for a browser's request from a page of ours."""
    return is_ours(request.headers.get("origin", ""), request.app.ctx.services.settings)


def address_of(request: Request) -> str:
    """Network address of who asks; behind our proxy, the one that it names."""
    settings = request.app.ctx.services.settings
    forwarded = ",".join(request.headers.getall(settings.real_ip_header, []))
    return client_address(str(request.ip), forwarded, settings.trusted_proxies)


async def note_device(request: Request) -> None:
    """Before the handler: every entry of the audit trail that this request makes carries the kind of its device."""
    device.set(device_of(str(request.headers.get("user-agent", ""))))


async def _record_refusal(request: Request, why: str, grant: Grant | None) -> None:
    services: Services = request.app.ctx.services
    route = request.route.path if request.route else ""
    study_uid = str(request.match_info.get("study", ""))
    entry = Entry(
        chain=(grant.home if grant else None) or DEPLOYMENT,
        at=now(),
        action="access",
        outcome="refused",
        role=grant.role.value if grant else ANONYMOUS,
        subject=grant.subject if grant else ANONYMOUS,
        session=grant.session if grant else "",
        address=address_of(request),
        study_uid=study_uid if is_uid(study_uid) else "",
        detail={"why": why, "method": request.method, "route": route},
    )
    await services.trail.record(entry)
