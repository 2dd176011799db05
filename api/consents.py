"""What I agreed to: the texts that are offered to me, and taking a consent back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from api.access import address_of, needs
from api.bodies import Field, body, flag
from api.forms import answer, required
from api.services import Services
from core.clock import now, rfc3339
from core.grants import Role
from identity.consents import Terms
from identity.models import Consent
from identity.persons import require_person
from infra.audit import DEPLOYMENT, by

routes = Blueprint("consents", url_prefix="/api/v1/me/consents")
CONSENT = {"kind": required(40), "version": required(16), "agree": Field(flag, default=True)}


@routes.get("/", name="list")
@needs(Role.PATIENT)
async def consents(request: Request) -> HTTPResponse:
    """Texts that are offered to me, what I answered, and which must be asked (again)."""
    services: Services = request.app.ctx.services
    person, at = request.ctx.grant.subject, now()
    given = await services.people.consents.given(person)
    offered = await services.people.consents.offered(person)
    return answer({"items": [_item(each, given.get(each.kind), at) for each in offered], "next": None})


@routes.post("/", name="give")
@needs(Role.PATIENT)
async def give(request: Request) -> HTTPResponse:
    """Agree to a text that was shown, or refuse it (`"agree": false`)."""
    services: Services = request.app.ctx.services
    said = await body(request, CONSENT)
    person = await require_person(request.ctx.grant.subject)
    row = await services.people.consents.give(person.id, said["kind"], said["version"], now(), agreed=said["agree"])
    await _record(request, "consent" if row.agreed else "refuse-consent", row.kind, row.version)
    document = {"kind": row.kind, "version": row.version, "agreed": row.agreed, "given_at": rfc3339(row.given_at)}
    return answer(document, 201)


@routes.delete("/<kind>", name="withdraw")
@needs(Role.PATIENT)
async def withdraw(request: Request, kind: str) -> HTTPResponse:
    """Take a consent back; what it opened closes at once."""
    services: Services = request.app.ctx.services
    await services.people.consents.withdraw(request.ctx.grant.subject, kind, now())
    await _record(request, "withdraw-consent", kind, "")
    return HTTPResponse(status=204)


def _item(terms: Terms, row: Consent | None, at: datetime) -> dict[str, Any]:
    answered = terms.answer(row, at)
    return {
        "kind": terms.kind,
        "version": terms.version,
        "title": terms.title,
        "text": terms.text,
        "needed": terms.needed,
        "agreed": answered,
        "ask": answered is None,
        "given_at": rfc3339(row.given_at) if row and answered else None,
        "ends_at": rfc3339(row.given_at + terms.good_for) if row and answered and terms.good_for else None,
    }


async def _record(request: Request, action: str, kind: str, version: str) -> None:
    services: Services = request.app.ctx.services
    detail = {"kind": kind, "version": version}
    entry = by(request.ctx.grant, chain=DEPLOYMENT, at=now(), action=action, address=address_of(request), detail=detail)
    await services.trail.record(entry)
