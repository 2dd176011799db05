"""What I agreed to: the texts that are offered to me, and taking a consent back."""

from __future__ import annotations

from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from api.access import address_of, needs
from api.bodies import body
from api.forms import answer, required
from api.services import Services
from core.clock import now
from core.grants import Role
from identity.consents import Terms
from identity.models import Consent
from identity.persons import require_person
from infra.audit import DEPLOYMENT, by

routes = Blueprint("consents", url_prefix="/api/v1/me/consents")
CONSENT = {"kind": required(40), "version": required(16)}


@routes.get("/", name="list")
@needs(Role.PATIENT)
async def consents(request: Request) -> HTTPResponse:
    """Texts that are offered to me, and when I agreed."""
    services: Services = request.app.ctx.services
    person = request.ctx.grant.subject
    given = await services.people.consents.given(person)
    offered = await services.people.consents.offered(person)
    return answer({"items": [_item(each, given.get(each.kind)) for each in offered], "next": None})


@routes.post("/", name="give")
@needs(Role.PATIENT)
async def give(request: Request) -> HTTPResponse:
    """Agree to a text that was shown."""
    services: Services = request.app.ctx.services
    said = await body(request, CONSENT)
    person = await require_person(request.ctx.grant.subject)
    row = await services.people.consents.give(person.id, said["kind"], said["version"], now())
    await _record(request, "consent", row.kind, row.version)
    return answer({"kind": row.kind, "version": row.version, "given_at": row.given_at.isoformat(timespec="seconds")}, 201)


@routes.delete("/<kind>", name="withdraw")
@needs(Role.PATIENT)
async def withdraw(request: Request, kind: str) -> HTTPResponse:
    """Take a consent back; what it opened closes at once."""
    services: Services = request.app.ctx.services
    await services.people.consents.withdraw(request.ctx.grant.subject, kind, now())
    await _record(request, "withdraw-consent", kind, "")
    return HTTPResponse(status=204)


def _item(terms: Terms, given: Consent | None) -> dict[str, Any]:
    agreed = given is not None and given.version == terms.version
    return {
        "kind": terms.kind,
        "version": terms.version,
        "text": terms.text,
        "given_at": given.given_at.isoformat(timespec="seconds") if given and agreed else None,
    }


async def _record(request: Request, action: str, kind: str, version: str) -> None:
    services: Services = request.app.ctx.services
    detail = {"kind": kind, "version": version}
    entry = by(request.ctx.grant, chain=DEPLOYMENT, at=now(), action=action, address=address_of(request), detail=detail)
    await services.trail.record(entry)
