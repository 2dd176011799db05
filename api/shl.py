"""SMART Health Links (HL7 SMART Health Cards and Links, STU 1): a share for any health app, as FHIR and by DICOMweb."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sanic import Blueprint, HTTPResponse, Request

from api import bodies
from api.access import address_of, needs, public
from api.bodies import Field
from api.dicomweb.reading import PREFIX
from api.exams import on_record
from api.forms import answer, required
from api.healthfiles import Gathered, gathered
from api.services import Services
from api.shareopening import LONGEST_HOSPITAL, opened_by
from core.clock import now
from core.errors import Malformed, NotFound, PasscodeWrong, Unauthenticated
from core.grants import Grant, Role
from identity.links import LinkEnded
from infra.audit import by
from share import fhir, passcodes
from share.limits import LOCKED
from share.models import Share
from share.shl import Found, changes
from share.shl_file import MEDIA_TYPE

routes = Blueprint("shl", url_prefix="/api/v1")
BUNDLE, ACCESS = "bundle", "access"  # names of the two files in their addresses
ACCESS_TYPE = "application/smart-api-access"
SCOPE = "patient/ImagingStudy.rs"
MOST_EMBEDDED = 1 << 17  # characters of a file that stands in the manifest itself
ASK_AGAIN_SECONDS = 60
MANIFEST: Mapping[str, Field] = {
    "recipient": required(1024),
    "passcode": Field(bodies.text(passcodes.LONGEST), default=""),
    "embeddedLengthMax": Field(bodies.number(0, 1 << 31)),
}


@dataclass(frozen=True, slots=True)
class _File:
    """One file of a manifest, still open."""

    name: str
    content_type: str
    content: bytes
    changed_at: datetime


@routes.post("/shares/<share>/shlink", name="make")
@needs(Role.PATIENT)
async def make(request: Request, share: str) -> HTTPResponse:
    """A share of mine as a SMART Health Link, in place of the one made before; told this once."""
    services: Services = request.app.ctx.services
    bodies.values(bodies.parse(request.body or b"{}"), {})
    kept, at = await services.sharing.shares.get(request.ctx.grant.subject, share), now()
    await services.sharing.shares.token(kept.share, at)  # only of what is good
    link = await services.sharing.health_links.make(kept.share, at)
    await _made(request, kept.share, at)
    return answer({"shlink": link.text, "flag": link.flags, "expires_at": link.expires_at.isoformat(timespec="seconds")}, 201)


@routes.post("/shl/<secret>", name="manifest")
@public("the secret in the address is the proof, and the passcode")
async def manifest(request: Request, secret: str) -> HTTPResponse:
    """The files of a SMART Health Link; each of them opens with the key in the link."""
    services: Services = request.app.ctx.services
    said = _said(request)
    found = await services.sharing.health_links.find(secret)
    try:
        opened = await _opened(request, found, said)
    except PasscodeWrong as wrong:
        return answer({"remainingAttempts": max(0, wrong.remaining)}, 401)
    except LinkEnded as ended:  # the specification knows no 410
        raise NotFound("the link is over") from ended
    at = now()
    grant = await services.sessions.grant(opened, at)
    told = await gathered(services, grant, found.share, at)
    files = _files(services, grant, opened, told, at)
    entries = [_entry(services, secret, each, grant.session, said["embeddedLengthMax"], found.share, at) for each in files]
    await _recorded(request, grant, told)
    response = answer({"files": entries})
    if changes(found.share):
        response.headers["Retry-After"] = str(ASK_AGAIN_SECONDS)
    return response


@routes.get("/shl/<secret>/<name>/<ticket>", name="file")
@public("the ticket in the address is from the manifest, and good for minutes")
async def file(request: Request, secret: str, name: str, ticket: str) -> HTTPResponse:
    """One file of a manifest as it is now, closed."""
    services: Services = request.app.ctx.services
    at = now()
    found = await services.sharing.health_links.find(secret)
    token = await services.sharing.health_links.token_of(secret, name, ticket, at)
    try:
        grant = await services.sessions.grant(token, at)
    except Unauthenticated as error:
        raise NotFound("the share is over") from error
    told = await gathered(services, grant, found.share, at)
    each = next(each for each in _files(services, grant, token, told, at) if each.name == name)
    await _recorded(request, grant, told)
    closed = services.sharing.health_links.closed(secret, each.content, each.content_type)
    return HTTPResponse(closed, 200, {"Cache-Control": "no-store"}, MEDIA_TYPE)


def _said(request: Request) -> dict[str, Any]:
    """What the specification names; whatever else stands there it says to ignore. Raises Malformed, InvalidField."""
    said = bodies.parse(request.body)
    if not isinstance(said, dict):
        raise Malformed("the body is not a JSON object")
    return bodies.values({name: value for name, value in said.items() if name in MANIFEST}, MANIFEST)


async def _opened(request: Request, found: Found, said: Mapping[str, Any]) -> str:
    """The token of a session; raises PasscodeWrong also for the wrong try that was the last."""
    try:
        opened = await opened_by(request, found.token, said["passcode"], {"hospital": said["recipient"][:LONGEST_HOSPITAL]})
    except LinkEnded as ended:
        if ended.why == LOCKED and found.share.locked_at is None:
            raise PasscodeWrong(0) from ended
        raise
    return opened.token


def _files(services: Services, grant: Grant, token: str, told: Gathered, at: datetime) -> list[_File]:
    return [
        _File(BUNDLE, fhir.MEDIA_TYPE, orjson.dumps(told.bundle), told.changed_at),
        _File(ACCESS, ACCESS_TYPE, orjson.dumps(_access(services, grant, token, told.studies, at)), at),
    ]


def _access(services: Services, grant: Grant, token: str, studies: Sequence[str], at: datetime) -> dict[str, Any]:
    """A token response (RFC 6749 section 5.1) for DICOMweb, and what there is to ask for."""
    return {
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": max(0, int((grant.until - at).total_seconds())),
        "scope": SCOPE,
        "aud": services.settings.base_url + PREFIX,
        "query": [f"studies/{uid}" for uid in studies],
    }


def _entry(
    services: Services, secret: str, each: _File, session: str, most: int | None, share: Share, at: datetime
) -> dict[str, Any]:
    links = services.sharing.health_links
    entry: dict[str, Any] = {
        "contentType": each.content_type,
        "lastUpdated": each.changed_at.isoformat(timespec="seconds"),
        "status": "can-change" if changes(share) else "finalized",
    }
    if each.content_type == fhir.MEDIA_TYPE:
        entry["fhirVersion"] = fhir.VERSION
    closed = links.closed(secret, each.content, each.content_type)
    if len(closed) <= (MOST_EMBEDDED if most is None else most):
        return entry | {"embedded": closed}
    return entry | {"location": links.location(secret, each.name, session, at)}


async def _made(request: Request, share: Share, at: datetime) -> None:
    services: Services = request.app.ctx.services
    detail = {"share": share.id}
    chain, address = share.hospital_id, address_of(request)
    await services.trail.record(
        by(request.ctx.grant, chain=chain, at=at, action="make-health-link", address=address, detail=detail)
    )


async def _recorded(request: Request, grant: Grant, told: Gathered) -> None:
    """On record before the first byte, each exam with its own hospital: the bundle holds their reports."""
    request.ctx.grant = grant
    for hospital, exam in told.exams:
        await on_record(request, hospital, exam, "report")
