"""My family: whose exams I may see because they let me in, and who may see mine."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime
from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from api.access import address_of, needs
from api.bodies import Field, body, choice
from api.forms import answer, required
from api.login import CODE
from api.me import REFUSAL_SECONDS
from api.people import People
from api.services import Services
from core.clock import now, rfc3339
from core.errors import CloudfilmError, Conflict, Unavailable
from core.grants import Role
from core.masking import hinted_name
from identity.bindings import Claim
from identity.family import RELATIONS, Asked
from identity.masking import masked_phone
from identity.mine import lets_see
from identity.minors import GUARDIAN, asks_from
from identity.models import Proxy
from identity.persons import require_person
from identity.sms_codes import CODE_LIFE
from infra.audit import by
from notify.channels import codes
from records.identifiers import KINDS

_log = logging.getLogger(__name__)
_sending: set[asyncio.Task[None]] = set()  # a task that nobody holds may vanish before its end
routes = Blueprint("family", url_prefix="/api/v1/me/family")
REQUEST = {
    "hospital": required(32),
    "kind": Field(choice(*KINDS), required=True),
    "value": required(64),
    "name": required(128),
    "relation": Field(choice(*RELATIONS), required=True),
}


@routes.get("/", name="list")
@needs(Role.PATIENT)
async def family(request: Request) -> HTTPResponse:
    """Whose exams I may see, and who may see mine."""
    services: Services = request.app.ctx.services
    person, at = request.ctx.grant.subject, now()
    seen = await services.people.family.seen_by(person, at)
    sees = await services.people.family.who_sees(person, at)
    mine = [await proxy_item(each, at) for each in seen]
    return answer({"items": mine, "next": None, "who_sees_mine": [await _term(each, at) for each in sees]})


@routes.post("/", name="ask")
@needs(Role.PATIENT)
async def ask(request: Request) -> HTTPResponse:
    """Ask a patient to let me in: a code goes to the phone that the hospital has. Whether there is one never shows."""
    services: Services = request.app.ctx.services
    said, people = await body(request, REQUEST), services.people
    person = await require_person(request.ctx.grant.subject)
    phones = await people.persons.phones(person.id)
    if not phones:
        raise Conflict("prove a phone of your own first: the message names it")
    if not codes.carried(people.channels):
        raise Unavailable("no channel for messages is set up; the hospital's desk can do it")
    answer_at = asyncio.get_running_loop().time() + REFUSAL_SECONDS
    relation, claim = said.pop("relation"), Claim(**said)
    asked = await people.family.ask(person.id, claim, relation, address_of(request), now())
    if asked.code:  # nobody waits for it: how long a provider takes would tell that the claim was right
        task = asyncio.create_task(_send(people, asked, masked_phone(phones[0].number)))
        _sending.add(task)
        task.add_done_callback(_sending.discard)
    await asyncio.sleep(answer_at - asyncio.get_running_loop().time())
    return answer({"challenge": asked.challenge, "expires_in": int(CODE_LIFE.total_seconds())}, 202)


@routes.post("/verify", name="verify")
@needs(Role.PATIENT)
async def verify(request: Request) -> HTTPResponse:
    """Say the code that the patient told me."""
    services: Services = request.app.ctx.services
    said = await body(request, CODE)
    person = await require_person(request.ctx.grant.subject)
    proxy = await services.people.family.let_in(person.id, said["challenge"], said["code"], now())
    await _record(request, proxy, "let-in")
    return answer(await proxy_item(proxy, now()), 201)


@routes.post("/<proxy_id>/agreement", name="agree")
@needs(Role.PATIENT)
async def agree(request: Request, proxy_id: str) -> HTTPResponse:
    """I am fourteen or more, and let my guardian go on seeing my exams."""
    services: Services = request.app.ctx.services
    await body(request, {})
    at = now()
    person = await require_person(request.ctx.grant.subject)
    proxy = await services.people.family.agree(person.id, proxy_id, at)
    await _record(request, proxy, "child-agreed")
    return answer(await _term(proxy, at))


@routes.delete("/<proxy_id>", name="revoke")
@needs(Role.PATIENT)
async def revoke(request: Request, proxy_id: str) -> HTTPResponse:
    """End it, from either side; it is seen at the next request."""
    services: Services = request.app.ctx.services
    proxy = await services.people.family.revoke(request.ctx.grant.subject, proxy_id, now())
    await _record(request, proxy, "let-out")
    return HTTPResponse(status=204)


async def _send(people: People, asked: Asked, who: str) -> None:
    try:
        await codes.family_code(people.channels, asked.phone, asked.code, who)
    except CloudfilmError as error:  # who asked may ask again, and is told no more than for a wrong claim
        _log.warning("a family code could not be sent: %s", type(error).__name__)


async def proxy_item(proxy: Proxy, at: datetime) -> dict[str, Any]:
    """Whose exams somebody may see, the name masked."""
    return await _term(proxy, at) | {"hospital": proxy.record.hospital_id, "name": hinted_name(proxy.record.name)}


async def _term(proxy: Proxy, at: datetime) -> dict[str, Any]:
    asked_at = asks_from(proxy.record.birth_date)
    return {
        "id": proxy.id,
        "relation": proxy.relation,
        "evidence": proxy.evidence,
        "granted_at": rfc3339(proxy.granted_at),
        "expires_at": rfc3339(proxy.expires_at),
        "sees": await lets_see(proxy, at),
        "agreed_at": proxy.agreed_at and rfc3339(proxy.agreed_at),
        "asks_child_at": rfc3339(asked_at) if asked_at and proxy.relation == GUARDIAN else None,
    }


async def _record(request: Request, proxy: Proxy, action: str) -> None:
    services: Services = request.app.ctx.services
    entry = by(
        request.ctx.grant,
        chain=proxy.record.hospital_id,
        at=now(),
        action=action,
        address=address_of(request),
        detail={"proxy": proxy.id, "record": proxy.record_id, "relation": proxy.relation},
    )
    await services.trail.record(entry)
