"""Me: who I am, my phones, and which patient records are mine."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from api.access import address_of, needs
from api.bodies import Field, body, choice, day, filled, inner, text
from api.forms import answer, required
from api.people import People
from api.services import Services
from core.clock import now, rfc3339
from core.errors import BindingRefused, InvalidField, NotFound
from core.grants import Grant, Role
from identity.bindings import Claim
from identity.masking import masked_phone
from identity.models import Binding, Login
from identity.once import use_once
from identity.pairing import LIFE as PAIRING_LIFE
from identity.persons import HeldPhone, require_person
from identity.sms_codes import Purpose
from infra.audit import DEPLOYMENT, by
from records import identifiers
from records.identifiers import KINDS
from records.models import Hospital

routes = Blueprint("me", url_prefix="/api/v1/me")
ALIPAY_PHONES_KEPT = timedelta(days=3650)  # what Alipay signs has no date in it: it is good once, whenever that is
PHONE = {
    "challenge": Field(filled(64)),
    "code": Field(filled(16)),
    "wechat_code": Field(filled(512)),
    "alipay_response": Field(
        inner(
            {
                "response": required(4096),
                "sign": required(1024),
                "sign_type": Field(choice("RSA2")),
                "encrypt_type": Field(choice("AES")),
                "charset": Field(text(16)),
            }
        )
    ),
}
CLAIM = {
    "hospital": required(32),
    "kind": Field(choice(*KINDS), required=True),
    "value": required(64),
    "name": required(128),
    "birth_date": Field(day),
}
REFUSAL_SECONDS = 0.4  # longer than any refusal takes, so that none says by its time how far it came


@routes.get("/")
@needs(Role.PATIENT)
async def me(request: Request) -> HTTPResponse:
    """Who I am here: my id, how I log in, my phones and bindings."""
    services: Services = request.app.ctx.services
    grant: Grant = request.ctx.grant
    person = await require_person(grant.subject)
    phones = await services.people.persons.phones(person.id)
    bindings = await services.people.bindings.of(person.id)
    return answer(
        {
            "id": person.id,
            "since": rfc3339(person.created_at),
            "logins": await Login.filter(person_id=person.id).distinct().values_list("provider", flat=True),
            "phones": [_phone(each) for each in phones],
            "bindings": [binding_item(each) for each in bindings],
        }
    )


@routes.get("/phones", name="phones")
@needs(Role.PATIENT)
async def phones(request: Request) -> HTTPResponse:
    """The phones that I proved to hold."""
    services: Services = request.app.ctx.services
    found = await services.people.persons.phones(request.ctx.grant.subject)
    return answer({"items": [_phone(each) for each in found], "next": None})


@routes.post("/phones", name="add_phone")
@needs(Role.PATIENT)
async def add_phone(request: Request) -> HTTPResponse:
    """Add a phone: one that got a code, or that WeChat or Alipay vouches for. Whoever held it before is the same person."""
    services: Services = request.app.ctx.services
    said, at = await body(request, PHONE), now()
    person = await require_person(request.ctx.grant.subject)
    phone = await _proved_phone(services.people, said, at)
    await services.people.persons.add_phone(person.id, phone, at)
    services.sessions_epoch.advance()
    await _record(request, DEPLOYMENT, "add-phone", at)
    held = await services.people.persons.phones(person.id)
    return answer(next(_phone(each) for each in held if each.number == phone), 201)


@routes.delete("/phones/<phone_id>", name="remove_phone")
@needs(Role.PATIENT)
async def remove_phone(request: Request, phone_id: str) -> HTTPResponse:
    """Give up a phone."""
    services: Services = request.app.ctx.services
    await services.people.persons.remove_phone(request.ctx.grant.subject, phone_id)
    await _record(request, DEPLOYMENT, "remove-phone", now())
    return HTTPResponse(status=204)


@routes.post("/pairing-code", name="pairing_code")
@needs(Role.PATIENT)
async def pairing_code(request: Request) -> HTTPResponse:
    """A code to show or type at a kiosk or the desk, so that they know which account is mine: good once, for five minutes."""
    services: Services = request.app.ctx.services
    await body(request, {})
    person = await require_person(request.ctx.grant.subject)
    code = await services.people.pairing.show(person.id, now())
    return answer({"code": code, "expires_in": int(PAIRING_LIFE.total_seconds())}, 201)


@routes.get("/bindings", name="bindings")
@needs(Role.PATIENT)
async def bindings(request: Request) -> HTTPResponse:
    """The patient records that I proved to be mine."""
    services: Services = request.app.ctx.services
    found = await services.people.bindings.of(request.ctx.grant.subject)
    return answer({"items": [binding_item(each) for each in found], "next": None})


@routes.post("/bindings", name="bind")
@needs(Role.PATIENT)
async def bind(request: Request) -> HTTPResponse:
    """Prove that a patient record is mine: an identifier and a name, and a phone that the hospital has for it."""
    claimed = Claim(**await body(request, CLAIM))
    return answer(binding_item(await bound_by(request, claimed)), 201)


async def bound_by(request: Request, claim: Claim) -> Binding:
    """The binding that a claim of who asks proves, on record; raises BindingRefused, always after the same time."""
    services: Services = request.app.ctx.services
    person = await require_person(request.ctx.grant.subject)
    answer_at = asyncio.get_running_loop().time() + REFUSAL_SECONDS
    try:
        bound = await services.people.bindings.bind(person.id, claim, address_of(request), now())
    except BindingRefused:
        chain = claim.hospital if await Hospital.exists(code=claim.hospital) else DEPLOYMENT
        await _record(request, chain, "bind", now(), outcome="refused", detail={"kind": claim.kind})
        await asyncio.sleep(answer_at - asyncio.get_running_loop().time())
        raise
    await services.people.consents.follow(person.id, now())
    detail = {"binding": bound.id, "record": bound.record_id, "factors": bound.factors}
    await _record(request, bound.hospital_id, "bind", now(), detail=detail)
    return bound


@routes.delete("/bindings/<binding>", name="unbind")
@needs(Role.PATIENT)
async def unbind(request: Request, binding: str) -> HTTPResponse:
    """Take a binding back; its exams are gone from my list at once."""
    services: Services = request.app.ctx.services
    row = await services.people.bindings.revoke(request.ctx.grant.subject, binding, now())
    if row is None:
        raise NotFound("no such binding")
    await _record(request, row.hospital_id, "unbind", now(), detail={"binding": row.id, "record": row.record_id})
    return HTTPResponse(status=204)


async def _proved_phone(people: People, said: dict[str, Any], at: datetime) -> str:
    """The number that one of the three ways proves; raises Unauthenticated, or InvalidField when none is there."""
    if said["wechat_code"]:
        number = await people.wechat.phone(said["wechat_code"])
    elif said["alipay_response"]:
        given = said["alipay_response"]
        number = people.alipay.phone(given["response"], given["sign"])
        await use_once("alipay phone", given["response"], at + ALIPAY_PHONES_KEPT)
    elif said["challenge"] and said["code"]:
        return await people.sms_codes.redeem(said["challenge"], said["code"], Purpose.LOGIN, at)
    else:
        raise InvalidField("challenge", "missing")
    phone = identifiers.phone(number)
    if not phone.usable:
        raise InvalidField("phone", "not-a-phone")
    return phone.number


def _phone(held: HeldPhone) -> dict[str, Any]:
    return {"id": held.id, "number": masked_phone(held.number), "proved_at": rfc3339(held.proved_at)}


def binding_item(row: Binding) -> dict[str, Any]:
    """A binding as its owner, or the desk, may see it."""
    return {
        "id": row.id,
        "hospital": row.hospital_id,
        "kind": row.kind,
        "masked_value": row.masked_value,
        "proved_at": rfc3339(row.proved_at),
    }


async def _record(request: Request, chain: str, action: str, at: datetime, **more: Any) -> None:
    services: Services = request.app.ctx.services
    entry = by(request.ctx.grant, chain=chain, at=at, action=action, address=address_of(request), **more)
    await services.trail.record(entry)
