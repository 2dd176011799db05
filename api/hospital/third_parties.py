"""Third parties that a hospital lets in, and what it authorises for treatment; for all else only the patient may."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from api import bodies
from api.access import needs
from api.authorisations import EXPIRES_IN, described
from api.bodies import Field
from api.forms import asked, limit_of
from api.hospital.saying import DECIDES, done, home, json
from core.clock import now
from core.errors import InvalidField, NotFound
from records import exams, lineage
from records.exams import ExamKey
from records.models import Exam
from records.writing import Outcome, Said
from share import authorisations, third_parties
from share.authorisations import MOST_EXAMS, Terms
from share.models import Authorisation, ThirdParty
from share.third_parties import Purpose

routes = Blueprint("third-parties", url_prefix="/api/v1/hospital/third-parties")
_THIRD_PARTY = {
    "name": Field(bodies.filled(128), required=True),
    "purposes": Field(bodies.many(bodies.choice(*Purpose), len(Purpose)), required=True),
}
_EXAM = {
    "accession": Field(bodies.filled(64), required=True),
    "campus": Field(bodies.text(32), default=""),
    "system": Field(bodies.text(32), default=""),
}
_AUTHORISATION = {
    "purpose": Field(bodies.choice(*Purpose), default=Purpose.TREATMENT.value),
    "exams": Field(bodies.many(bodies.inner(_EXAM), MOST_EXAMS), default=()),
    "patient_id": Field(bodies.filled(64)),
    "expires_in": EXPIRES_IN,
}


@routes.get("/", name="list")
@needs(*DECIDES)
async def third_parties_of_mine(request: Request) -> HTTPResponse:
    """All that were let in, also those that are over."""
    return json({"items": [_third_party(row) for row in await third_parties.of_hospital(home(request))], "next": None})


@routes.post("/", name="register")
@needs(*DECIDES)
async def register(request: Request) -> HTTPResponse:
    """Let a third party in for some purposes. Its `client_secret` is told this once."""
    said = await bodies.body(request, _THIRD_PARTY)
    if not said["purposes"]:
        raise InvalidField("purposes", "empty")
    told: list[tuple[ThirdParty, str]] = []

    async def work() -> Said:
        purposes = [Purpose(each) for each in said["purposes"]]
        told.append(await third_parties.register(home(request), said["name"], purposes, now()))
        return Said(Outcome.NEW, told[0][0].id)

    await done(request, "register-third-party", work())
    row, secret = told[0]
    return json(_third_party(row) | {"client_secret": secret}, 201)


@routes.post("/<third_party>/secret", name="renew")
@needs(*DECIDES)
async def renew(request: Request, third_party: str) -> HTTPResponse:
    """Another secret, told this once; the one before gives no token any more."""
    await bodies.body(request, {})
    told: list[str] = []

    async def work() -> Said:
        told.append(await third_parties.renew_secret(home(request), third_party))
        return Said(Outcome.CHANGED, third_party)

    await done(request, "renew-third-party-secret", work())
    return json({"client_id": third_party, "client_secret": told[0]}, 201)


@routes.delete("/<third_party>", name="end")
@needs(*DECIDES)
async def end(request: Request, third_party: str) -> HTTPResponse:
    """It gets nothing any more, from the next request on."""

    async def work() -> Said:
        await third_parties.end(home(request), third_party, now())
        return Said(Outcome.CHANGED, third_party, moved=True)

    await done(request, "end-third-party", work())
    return HTTPResponse(status=204)


@routes.get("/<third_party>/authorisations", name="authorisations")
@needs(*DECIDES)
async def given(request: Request, third_party: str) -> HTTPResponse:
    """What it is authorised to now, by the hospital or by patients, newest first."""
    said = asked(request, "limit", "cursor")
    limit = limit_of(said)
    row = await third_parties.get(home(request), third_party)
    live = await authorisations.of_third_party(row.id, now(), before=said.get("cursor", ""), limit=limit + 1)
    items = [_authorisation(each) for each in live[:limit]]
    return json({"items": items, "next": live[limit - 1].id if len(live) > limit else None})


@routes.post("/<third_party>/authorisations", name="authorise")
@needs(*DECIDES)
async def authorise(request: Request, third_party: str) -> HTTPResponse:
    """Let it fetch exams, or all of a patient (`patient_id`), for treatment."""
    at = now()
    row = await third_parties.get(home(request), third_party)
    said = await bodies.body(request, _AUTHORISATION)
    if bool(said["exams"]) == bool(said["patient_id"]):
        raise InvalidField("exams", "one-of-two")
    terms = Terms(row, Purpose(said["purpose"]), at + timedelta(seconds=said["expires_in"]))
    told: list[Authorisation] = []

    async def work() -> Said:
        told.append(await _authorised(request, terms, said, at))
        return Said(Outcome.NEW, told[0].id, moved=True)

    await done(request, "authorise-third-party", work())
    return json(_authorisation(told[0]), 201)


@routes.delete("/<third_party>/authorisations/<authorisation>", name="revoke")
@needs(*DECIDES)
async def revoke(request: Request, third_party: str, authorisation: str) -> HTTPResponse:
    """End an authorisation, whoever gave it, from the next request on."""
    row = await third_parties.get(home(request), third_party)

    async def work() -> Said:
        await authorisations.revoke_by_hospital(row.id, authorisation, now())
        return Said(Outcome.CHANGED, authorisation, moved=True)

    await done(request, "revoke-authorisation", work())
    return HTTPResponse(status=204)


async def _authorised(request: Request, terms: Terms, said: dict[str, Any], at: datetime) -> Authorisation:
    record = None
    if said["patient_id"]:
        record = await lineage.known(home(request), said["patient_id"])
        if record is None:
            raise NotFound("no such patient")
    found = await _exams(home(request), said["exams"])
    return await authorisations.by_hospital(request.ctx.grant.subject, terms, found, record, at)


async def _exams(hospital: str, said: Sequence[dict[str, str]]) -> list[Exam]:
    found = [await exams.get(ExamKey(hospital, **each)) for each in said]
    if len({exam.id for exam in found}) < len(found):
        raise InvalidField("exams", "twice")
    return found


def _third_party(row: ThirdParty) -> dict[str, Any]:
    return {
        "id": row.id,
        "client_id": row.id,
        "name": row.name,
        "purposes": row.purposes,
        "created_at": row.created_at.isoformat(timespec="seconds"),
        "revoked_at": row.revoked_at.isoformat(timespec="seconds") if row.revoked_at else None,
    }


def _authorisation(row: Authorisation) -> dict[str, Any]:
    """As the patient sees it, and who gave it; which patient, the hospital's own exams say."""
    return described(row, [each.exam_id for each in row.exams]) | {"given_by": row.given_by}
