"""What kiosk and desk share: the form of a card or paper, refusals all alike, and the choice of the digital service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sanic import HTTPResponse, Request

from api.access import address_of
from api.activations import choice_item, event
from api.bodies import Field, Fields, body, choice, day, many, text
from api.forms import answer, required
from api.hospital.saying import home
from api.me import REFUSAL_SECONDS, binding_item
from api.services import Services
from core.clock import now
from core.errors import BindingRefused, InvalidField, NotFound, Unavailable
from core.grants import Grant, Role
from core.masking import hinted_name
from identity import activations
from identity.activations import Kind, Witness
from identity.bindings import Claim
from identity.onsite import AccountCode, Post, attest
from identity.sms_codes import CODE_LIFE
from infra.audit import by
from infra.database import transaction
from notify.channels import codes
from records import choices, identifiers
from records.models import Hospital

ACCOUNT: Fields = {"code": required(16), "challenge": Field(text(64), default="")}
CHOICE: Fields = {
    "exams": Field(many(required(36).read, 50), required=True),
    "answer": Field(choice(*Kind), default=Kind.OPENED),
    "notice_version": required(32),
}
MOST_EXAMS = 100


def claim_fields(*kinds: str) -> Fields:
    """Which card or number, and whose name stands there."""
    return {
        "kind": Field(choice(*kinds), required=True),
        "value": required(64),
        "name": required(128),
        "birth_date": Field(day),
    }


def claim_of(request: Request, said: dict[str, Any]) -> Claim:
    """What was read, at the hospital of who asks."""
    return Claim(home(request), said["kind"], said["value"], said["name"], said["birth_date"])


def post_of(request: Request) -> Post:
    """Which kiosk or guide asks."""
    grant: Grant = request.ctx.grant
    return Post(grant.role, home(request), grant.subject, grant.session)


def account_of(said: dict[str, Any]) -> AccountCode:
    """The code by which an account is named."""
    return AccountCode(said["code"], said["challenge"])


@asynccontextmanager
async def refused_alike(request: Request, action: str, kind: str) -> AsyncIterator[None]:
    """Every refusal takes the same time, and is on record without what was read or typed."""
    refuse_at = asyncio.get_running_loop().time() + REFUSAL_SECONDS
    try:
        yield
    except BindingRefused:
        await record(request, action, {"kind": kind}, outcome="refused")
        await asyncio.sleep(refuse_at - asyncio.get_running_loop().time())
        raise


async def send_code(request: Request) -> HTTPResponse:
    """A code to the phone of who stands there; the answer is the same for every number."""
    services: Services = request.app.ctx.services
    phone = identifiers.phone((await body(request, {"phone": required(32)}))["phone"])
    if not phone.usable:
        raise InvalidField("phone", "not-a-phone")
    if not codes.carried(services.people.channels):
        raise Unavailable("no channel for messages is set up; the person's phone can show a code")
    issued = await services.people.onsite.send_code(post_of(request), phone.number, now())
    await codes.onsite_code(services.people.channels, phone.number, issued.code)
    return answer({"challenge": issued.challenge, "expires_in": int(CODE_LIFE.total_seconds())}, 202)


async def bind(request: Request, said: dict[str, Any], evidence: list[dict[str, str]]) -> HTTPResponse:
    """The record of this card or these papers is the account's own."""
    services: Services = request.app.ctx.services
    onsite, post, claim, account = services.people.onsite, post_of(request), claim_of(request, said), account_of(said)
    async with refused_alike(request, "bind", claim.kind):
        proof = await onsite.prove(post, claim, account, now())
        async with transaction():
            bound = await onsite.bind(proof, claim, account, now())
            await attest(post, "bind", bound.id, bound.record_id, evidence, now())
            await append(request, "bind", {"binding": bound.id, "record": bound.record_id, "factors": proof.factors})
    services.sessions_epoch.advance()
    await services.people.consents.follow(proof.person, now())
    return answer(binding_item(bound), 201)


async def exams(request: Request, said: dict[str, Any]) -> HTTPResponse:
    """Exams whose digital service the patient may open or decline, newest first, and the notice to show before."""
    services: Services = request.app.ctx.services
    claim = claim_of(request, said)
    async with refused_alike(request, "service-exams", claim.kind):
        patient = await services.people.onsite.patient(post_of(request), claim, now())
    found = await choices.of_record(patient.id, MOST_EXAMS)
    await record(request, "service-exams", {"record": patient.id})
    notice = activations.notice_of(await Hospital.get(code=claim.hospital))
    return answer(
        {
            "name": hinted_name(patient.name),
            "items": [choice_item(each) | {"open": each.open} for each in found],
            "next": None,
            "notice": {"version": notice.version, "text": notice.text},
        }
    )


async def choose(request: Request, said: dict[str, Any], way: str) -> HTTPResponse:
    """The patient read the notice there and opens or declines the service of these exams, all or none."""
    services: Services = request.app.ctx.services
    claim, post, at = claim_of(request, said), post_of(request), now()
    async with refused_alike(request, "activate", claim.kind):
        patient = await services.people.onsite.patient(post, claim, at)
    witness = Witness(way, Role(post.role), post.subject)
    kind, rows = Kind(said["answer"]), []
    async with transaction():
        for exam in dict.fromkeys(said["exams"]):
            found = await choices.get([patient.id], exam)
            if found is None:
                raise NotFound("no such exam")
            row, new = await activations.answer(found, kind, witness, said["notice_version"], at)
            rows.append(row)
            if new:
                detail = {"exam": row.exam_id, "way": way, "notice": row.notice_version, "fee": row.fee_state}
                await append(request, "activate" if kind is Kind.OPENED else "decline", detail)
    services.sessions_epoch.advance()
    return answer({"items": [event(row) for row in rows], "next": None})


async def append(request: Request, action: str, detail: dict[str, Any]) -> None:
    """On record in the caller's transaction."""
    services: Services = request.app.ctx.services
    grant: Grant = request.ctx.grant
    await services.trail.append(
        [by(grant, chain=home(request), at=now(), action=action, address=address_of(request), detail=detail)]
    )


async def record(request: Request, action: str, detail: dict[str, Any], outcome: str = "done") -> None:
    """On record by itself."""
    services: Services = request.app.ctx.services
    entry = by(
        request.ctx.grant,
        chain=home(request),
        at=now(),
        action=action,
        outcome=outcome,
        address=address_of(request),
        detail=detail,
    )
    await services.trail.record(entry)
