"""The desk: a guide sees the papers, binds, lets family in, opens the digital service, and takes back what was wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from api import bodies, onsite
from api.access import needs
from api.bodies import Field, body, choice
from api.family import proxy_item
from api.forms import answer
from api.me import binding_item
from api.onsite import ACCOUNT, CHOICE, account_of, append, claim_fields, claim_of, post_of, refused_alike
from api.services import Services
from core.clock import now
from core.grants import Role
from core.masking import hinted_name
from identity import papers
from identity.bindings import PATIENT_ID
from identity.family import DESK_RELATIONS, LONGEST, NEXT_OF_KIN
from identity.masking import masked_phone
from identity.mine import with_those_merged
from identity.models import Binding, Proxy
from identity.onsite import UNDONE_BECAUSE, attest, policies_of
from identity.papers import PAPERS, Paper
from infra.database import transaction
from records.identifiers import KINDS
from records.models import PatientPhone, PatientRecord

routes = Blueprint("desk", url_prefix="/api/v1/desk")
CLAIM = claim_fields(*KINDS, PATIENT_ID)
_PAPER = {"kind": Field(choice(*PAPERS), required=True), "number": Field(bodies.text(64), default="")}
SEEN = {"papers": Field(bodies.many(bodies.inner(_PAPER), 10), required=True)}
FAMILY = {
    "relation": Field(choice(*DESK_RELATIONS), required=True),
    "days": Field(bodies.number(1, LONGEST.days)),
    "child_agreed": Field(bodies.flag, default=False),
}
UNDO = {"reason": Field(choice(*UNDONE_BECAUSE), required=True)}


@routes.post("/codes", name="send_code")
@needs(Role.GUIDE)
async def send_code(request: Request) -> HTTPResponse:
    """Send a code to the phone of who stands there, for an account without our app."""
    return await onsite.send_code(request)


@routes.post("/patients", name="find")
@needs(Role.GUIDE)
async def find(request: Request) -> HTTPResponse:
    """The patient of these papers: whose account has the record, who else may see it. Names and numbers are masked."""
    services: Services = request.app.ctx.services
    said = await body(request, CLAIM)
    async with refused_alike(request, "find-patient", said["kind"]):
        patient = await services.people.onsite.patient(post_of(request), claim_of(request, said), now())
    await onsite.record(request, "find-patient", {"record": patient.id})
    return answer(await _described(services, patient))


@routes.post("/bindings", name="bind")
@needs(Role.GUIDE)
async def bind(request: Request) -> HTTPResponse:
    """These papers are of whom this code names: shown by their phone, or sent to it (with `challenge`)."""
    said = await body(request, {**CLAIM, **ACCOUNT, **SEEN})
    papers.require(papers.SELF, _papers(said))
    return await onsite.bind(request, said, _evidence(request, said))


@routes.post("/bindings/<binding>/undo", name="unbind")
@needs(Role.GUIDE)
async def unbind(request: Request, binding: str) -> HTTPResponse:
    """A binding of this hospital was wrong; the account sees nothing of it from the next request on."""
    services: Services = request.app.ctx.services
    reason = (await body(request, UNDO))["reason"]
    async with transaction():
        row = await services.people.bindings.take_back(post_of(request).hospital, binding, now())
        await attest(post_of(request), "unbind", row.id, row.record_id, [], now(), reason)
        await append(request, "unbind", {"binding": row.id, "record": row.record_id, "reason": reason})
    services.sessions_epoch.advance()
    return HTTPResponse(status=204)


@routes.post("/exams", name="exams")
@needs(Role.GUIDE)
async def exams(request: Request) -> HTTPResponse:
    """Exams of this patient whose digital service may be opened or declined, and the notice to show before."""
    return await onsite.exams(request, await body(request, CLAIM))


@routes.post("/activations", name="choose")
@needs(Role.GUIDE)
async def choose(request: Request) -> HTTPResponse:
    """Open or decline the digital service of these exams, once the notice was shown and answered there."""
    return await onsite.choose(request, await body(request, {**CLAIM, **CHOICE}), "desk")


@routes.post("/family", name="let_in")
@needs(Role.GUIDE)
async def let_in(request: Request) -> HTTPResponse:
    """These papers prove what somebody is to this patient: their account, named by its code, may see the exams."""
    services: Services = request.app.ctx.services
    said = await body(request, {**CLAIM, **ACCOUNT, **SEEN, **FAMILY})
    papers.require(said["relation"], _papers(said))
    people, post, account = services.people, post_of(request), account_of(said)
    async with refused_alike(request, "let-in", said["kind"]):
        proof = await people.onsite.prove(post, claim_of(request, said), account, now())
        longest = await _longest(post.hospital, said)
        async with transaction():
            await people.onsite.use(account)
            proxy = await people.family.let_in_by_papers(
                proof.person, proof.record, said["relation"], longest, now(), child_agreed=said["child_agreed"]
            )
            await attest(post, "let-in", proxy.id, proxy.record_id, _evidence(request, said), now())
            await append(request, "let-in", _detail(proxy))
    services.sessions_epoch.advance()
    return answer(await proxy_item(proxy, now()), 201)


@routes.post("/family/<proxy_id>/agreement", name="agree")
@needs(Role.GUIDE)
async def agree(request: Request, proxy_id: str) -> HTTPResponse:
    """A child of 14 or more said here, with papers, that its guardian may go on."""
    said = await body(request, SEEN)
    papers.require(papers.SELF, _papers(said))
    family = request.app.ctx.services.people.family
    proxy = await _act(request, "child-agreed", family.agree_at_desk, proxy_id, _evidence(request, said))
    return answer(await proxy_item(proxy, now()))


@routes.post("/family/<proxy_id>/undo", name="let_out")
@needs(Role.GUIDE)
async def let_out(request: Request, proxy_id: str) -> HTTPResponse:
    """A permission of this hospital was wrong, or is over before its time."""
    reason = (await body(request, UNDO))["reason"]
    await _act(request, "let-out", request.app.ctx.services.people.family.take_back, proxy_id, [], reason)
    return HTTPResponse(status=204)


async def _act(
    request: Request,
    action: str,
    do: Callable[..., Awaitable[Proxy]],
    proxy_id: str,
    evidence: list[dict[str, str]],
    reason: str = "",
) -> Proxy:
    """Do something to a permission, with who did it and why, in one commit."""
    services: Services = request.app.ctx.services
    post = post_of(request)
    async with transaction():
        proxy = await do(post.hospital, proxy_id, now())
        await attest(post, action, proxy.id, proxy.record_id, evidence, now(), reason)
        await append(request, action, _detail(proxy) | ({"reason": reason} if reason else {}))
    services.sessions_epoch.advance()
    return proxy


async def _longest(hospital: str, said: dict[str, Any]) -> timedelta | None:
    """How long the permission may be: as asked for, and for next of kin at most as the hospital's rule says."""
    asked = timedelta(days=said["days"]) if said["days"] else None
    if said["relation"] == NEXT_OF_KIN:
        most = timedelta(days=(await policies_of(hospital)).next_of_kin_days)
        return min(asked, most) if asked else most
    return asked


async def _described(services: Services, patient: PatientRecord) -> dict[str, Any]:
    sealer = services.people.sealer
    phones = await PatientPhone.filter(record_id=patient.id, usable=True).order_by("id")
    records = await with_those_merged(patient.id)
    bound = await Binding.filter(record_id__in=records, revoked_at=None).order_by("proved_at", "id")
    live = Proxy.filter(record_id__in=records, revoked_at=None, expires_at__gt=now())
    family = await live.order_by("granted_at", "id").prefetch_related("record__hospital")
    return {
        "name": hinted_name(patient.name),
        "deceased": patient.deceased_on is not None,
        "phones": [masked_phone(sealer.open(row.sealed)) for row in phones],
        "bindings": [binding_item(row) | {"factors": row.factors} for row in bound],
        "family": [await proxy_item(row, now()) for row in family],
    }


def _papers(said: dict[str, Any]) -> list[Paper]:
    return [Paper(**each) for each in said["papers"]]


def _evidence(request: Request, said: dict[str, Any]) -> list[dict[str, str]]:
    return papers.kept(_papers(said), request.app.ctx.services.people.sealer)


def _detail(proxy: Proxy) -> dict[str, Any]:
    return {"proxy": proxy.id, "record": proxy.record_id, "relation": proxy.relation}
