"""My authorisations: which third parties may fetch my exams, what for and until when; given and taken back by me."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from api import bodies
from api.access import address_of, needs
from api.bodies import Field
from api.forms import answer, required
from api.services import Services
from core.clock import now
from core.errors import InvalidField
from core.grants import Role
from identity.persons import require_person
from infra.audit import by
from infra.database import transaction
from share import authorisations
from share.authorisations import LONGEST, MOST_EXAMS, Terms
from share.models import Authorisation, ThirdParty
from share.third_parties import BY_HOSPITAL, MASKED, Purpose

routes = Blueprint("authorisations", url_prefix="/api/v1/me/authorisations")
SHORTEST_SECONDS = 60
EXPIRES_IN = Field(bodies.number(SHORTEST_SECONDS, int(LONGEST.total_seconds())), required=True)
GIVEN = {
    "third_party": required(36),
    "purpose": Field(bodies.choice(*Purpose), required=True),
    "exams": Field(bodies.many(bodies.filled(36), MOST_EXAMS), required=True),
    "expires_in": EXPIRES_IN,
    "confirm_sensitive": Field(bodies.flag, default=False),
}


@routes.get("/", name="list")
@needs(Role.PATIENT)
async def mine(request: Request) -> HTTPResponse:
    """Who may fetch my exams now, by my word or the hospital's, newest first; and which third parties I could let."""
    person, at = request.ctx.grant.subject, now()
    items = [described(each.row, each.exams) for each in await authorisations.of_person(person, at)]
    known = await authorisations.third_parties_near(person, at)
    return answer({"items": items, "next": None, "third_parties": [_third_party(row) for row in known]})


@routes.post("/", name="give")
@needs(Role.PATIENT)
async def give(request: Request) -> HTTPResponse:
    """Let a third party fetch some of my exams for one purpose; for research and AI nothing leaves that tells who I am."""
    services: Services = request.app.ctx.services
    said, at = await bodies.body(request, GIVEN), now()
    exams: Sequence[str] = said["exams"]
    if not exams or len(set(exams)) < len(exams):
        raise InvalidField("exams", "twice" if exams else "empty")
    person = await require_person(request.ctx.grant.subject)
    async with transaction():
        terms = await _terms(person.id, said, at)
        row = await authorisations.by_patient(person.id, terms, exams, at, confirm_sensitive=said["confirm_sensitive"])
        await _record(request, row, "authorise-third-party", at)
    services.sessions_epoch.advance()
    return answer(described(row, exams), 201)


@routes.delete("/<authorisation>", name="revoke")
@needs(Role.PATIENT)
async def revoke(request: Request, authorisation: str) -> HTTPResponse:
    """Take it back; it is seen at the next request."""
    services: Services = request.app.ctx.services
    at = now()
    async with transaction():
        row = await authorisations.revoke_by_person(request.ctx.grant.subject, authorisation, at)
        await _record(request, row, "revoke-authorisation", at)
    services.sessions_epoch.advance()
    return HTTPResponse(status=204)


def described(row: Authorisation, exams: Sequence[str]) -> dict[str, Any]:
    """One authorisation; `exams` null: all of the patient's. The third party and its hospital are known of it."""
    return {
        "id": row.id,
        "third_party": {"id": row.third_party_id, "name": row.third_party.name},
        "hospital": {"code": row.third_party.hospital_id, "name": row.third_party.hospital.name},
        "purpose": row.purpose,
        "masked": row.purpose in MASKED,
        "exams": list(exams) if row.record_id is None else None,
        "by": "hospital" if row.person_id is None else "patient",
        "given_at": row.given_at.isoformat(timespec="seconds"),
        "expires_at": row.expires_at.isoformat(timespec="seconds"),
    }


async def _terms(person: str, said: dict[str, Any], at: datetime) -> Terms:
    third_party = await authorisations.third_party_near(person, said["third_party"], at)
    return Terms(third_party, Purpose(said["purpose"]), at + timedelta(seconds=said["expires_in"]))


def _third_party(row: ThirdParty) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "hospital": {"code": row.hospital_id, "name": row.hospital.name},
        "purposes": row.purposes,
        "by_hospital": [purpose for purpose in row.purposes if purpose in BY_HOSPITAL],
    }


async def _record(request: Request, row: Authorisation, action: str, at: datetime) -> None:
    services: Services = request.app.ctx.services
    entry = by(
        request.ctx.grant,
        chain=row.third_party.hospital_id,
        at=at,
        action=action,
        address=address_of(request),
        detail={"authorisation": row.id, "third_party": row.third_party_id, "purpose": row.purpose},
    )
    await services.trail.append([entry])
