"""Logging in: by a code sent to the phone, WeChat, Alipay or a hospital's app. Whether we know someone never shows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from api.access import address_of, public, same_origin
from api.bodies import Field, Fields, body, choice, flag
from api.forms import answer, required
from api.services import Services
from api.session import begun
from core.clock import now
from core.errors import InvalidField, OtherOrigin, Unauthenticated, Unavailable
from core.grants import Role
from identity import handoff
from identity.persons import Account
from identity.sms_codes import CODE_LIFE, Purpose
from infra.audit import DEPLOYMENT, Entry
from infra.settings import Settings
from notify.channels import codes
from records import identifiers

routes = Blueprint("login", url_prefix="/api/v1/login")
PHONE = {"phone": required(32)}
# A browser says whether it shall be remembered, and gets a cookie; who does not say it gets tokens.
REMEMBER = {"remember": Field(flag)}
WECHAT = {"code": required(512), "flow": Field(choice("mini", "oauth"), default="mini"), **REMEMBER}
ALIPAY = {"auth_code": required(512), **REMEMBER}
CODE = {"challenge": required(64), "code": required(16), **REMEMBER}


@routes.get("/ways", name="ways")
@public("what the login page offers; the same for everybody")
async def ways(request: Request) -> HTTPResponse:
    """How one can log in here: by SMS, and inside which platforms' browsers by one tap (at /login/{platform})."""
    services: Services = request.app.ctx.services
    return answer({"sms": codes.carried(services.people.channels), "platforms": offered(services.settings)})


@routes.post("/sms", name="sms")
@public("who logs in has no session yet; limited by phone, address and in total")
async def send_code(request: Request) -> HTTPResponse:
    """Send a login code to a phone; the answer is the same for every number."""
    challenge = await code_sent(request, (await body(request, PHONE))["phone"])
    return answer({"challenge": challenge, "expires_in": int(CODE_LIFE.total_seconds())}, 202)


@routes.post("/sms/verify", name="sms_verify")
@public("who logs in has no session yet; a challenge takes five tries")
async def verify_code(request: Request) -> HTTPResponse:
    """Trade the code of a challenge for tokens, or for a cookie where `remember` is said by a page of ours."""
    said, at = await _said(request, CODE), now()
    person = await person_of_code(request, said["challenge"], said["code"], at)
    return await begun(request, person, "sms", said["remember"], at)


@routes.post("/wechat", name="wechat")
@public("who logs in has no session yet; WeChat takes a code once")
async def wechat(request: Request) -> HTTPResponse:
    """Trade a code of WeChat's mini-program or official account for tokens."""
    said, at = await _said(request, WECHAT), now()
    person = await person_of_wechat(request, said["code"], said["flow"], at)
    return await begun(request, person, "wechat", said["remember"], at)


@routes.post("/alipay", name="alipay")
@public("who logs in has no session yet; Alipay takes a code once")
async def alipay(request: Request) -> HTTPResponse:
    """Trade a code of Alipay's mini-program for tokens."""
    said, at = await _said(request, ALIPAY), now()
    person = await person_of_alipay(request, said["auth_code"], at)
    return await begun(request, person, "alipay", said["remember"], at)


@routes.post("/handoff", name="handoff")
@public("who logs in has no session yet; a hospital's app has signed for them, once")
async def hand_off(request: Request) -> HTTPResponse:
    """Trade a hospital app's signed hand-off for tokens."""
    services: Services = request.app.ctx.services
    said, at = await body(request, {"jwt": required(handoff.LONGEST_TOKEN)}), now()
    async with _refusals(request, at, "handoff"):
        account = await handoff.redeem(said["jwt"], services.settings.base_url, at)
    return await begun(request, await _signed_in(request, [account], "handoff", at), "handoff", None, at)


def offered(settings: Settings) -> list[str]:
    """The platforms whose browsers can sign somebody in here."""
    ready = {
        "wechat": settings.wechat_oauth_app_id and settings.wechat_oauth_secret,
        "alipay": settings.alipay_app_id and settings.alipay_private_key,
    }
    return [platform for platform, is_ready in ready.items() if is_ready]


async def code_sent(request: Request, written: str) -> str:
    """The challenge of a code that is on its way to a phone; raises InvalidField, TooManyRequests, Unavailable."""
    services: Services = request.app.ctx.services
    phone = identifiers.phone(written)
    if not phone.usable:
        raise InvalidField("phone", "not-a-phone")
    at, people = now(), services.people
    if not codes.carried(people.channels):
        raise Unavailable("no channel for messages is set up; log in another way")
    issued = await people.sms_codes.issue(phone.number, Purpose.LOGIN, address_of(request), at)
    await codes.login_code(people.channels, phone.number, issued.code)
    return issued.challenge


async def person_of_code(request: Request, challenge: str, code: str, at: datetime) -> str:
    """Who holds the phone that got this code, on record as signed in; raises Unauthenticated."""
    services: Services = request.app.ctx.services
    async with _refusals(request, at, "sms"):
        phone = await services.people.sms_codes.redeem(challenge, code, Purpose.LOGIN, at)
    person = await services.people.persons.of_phone(phone, at)
    await services.trail.record(_entry(request, at, "sms", person=person))
    return person


@asynccontextmanager
async def _refusals(request: Request, at: datetime, way: str) -> AsyncIterator[None]:
    """A login that is refused is on record, without what was sent."""
    try:
        yield
    except Unauthenticated:
        services: Services = request.app.ctx.services
        await services.trail.record(_entry(request, at, way, outcome="refused"))
        raise


async def person_of_wechat(request: Request, code: str, flow: str, at: datetime) -> str:
    """Who WeChat's mini-program or official account gave this code to, on record as signed in; raises Unauthenticated."""
    services: Services = request.app.ctx.services
    client = services.people.wechat
    ask = client.mini_program if flow == "mini" else client.official_account
    async with _refusals(request, at, "wechat"):
        subject = await ask(code)
    accounts = [Account("wechat", subject.app_id, "openid", subject.open_id)]
    if subject.union_id:  # it decides, since it is the same in all apps
        accounts.insert(0, Account("wechat", "", "unionid", subject.union_id))
    return await _signed_in(request, accounts, "wechat", at)


async def person_of_alipay(request: Request, code: str, at: datetime) -> str:
    """Who Alipay gave this code to, on record as signed in; raises Unauthenticated."""
    services: Services = request.app.ctx.services
    async with _refusals(request, at, "alipay"):
        kind, subject = await services.people.alipay.subject(code, at)
    return await _signed_in(request, [Account("alipay", services.people.alipay.app_id, kind, subject)], "alipay", at)


async def _said(request: Request, fields: Fields) -> dict[str, Any]:
    """What a login says; raises OtherOrigin when another site's page asks for a cookie, before any code is used up."""
    said = await body(request, fields)
    if said["remember"] is not None and not same_origin(request):
        raise OtherOrigin(request.app.ctx.services.settings.base_url)
    return said


async def _signed_in(request: Request, accounts: list[Account], way: str, at: datetime) -> str:
    """The person of these accounts, who has just proved them; on record first."""
    services: Services = request.app.ctx.services
    person = await services.people.persons.of_accounts(accounts, at)
    await services.trail.record(_entry(request, at, way, person=person))
    return person


def _entry(request: Request, at: datetime, way: str, *, person: str = "", outcome: str = "done") -> Entry:
    """Of a login; of a refused one not what was typed."""
    who = {"role": Role.PATIENT.value, "subject": person} if person else {}
    return Entry(
        chain=DEPLOYMENT,
        at=at,
        action="sign-in",
        outcome=outcome,
        address=address_of(request),
        detail={"by": way},
        **who,
    )
