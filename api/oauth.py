"""A token for a third party: its id and secret give ten minutes of one purpose (RFC 6749 section 4.4, client_secret_basic).

Failures have the form that OAuth clients read (section 5.2); only too many of them are a problem document as elsewhere.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, unquote_plus

from sanic import Blueprint, HTTPResponse, Request

from api.access import address_of, public
from api.forms import answer
from api.services import Services
from core.clock import now
from core.grants import Role
from identity.limits import MINUTE, Limit, count_try
from identity.sessions import issue
from infra.audit import ANONYMOUS, DEPLOYMENT, Entry
from share import third_parties
from share.models import ThirdParty
from share.third_parties import TOKEN_LIFE, Purpose

routes = Blueprint("oauth", url_prefix="/api/v1/oauth")
FORM = "application/x-www-form-urlencoded"
LONGEST_BODY, MOST_PARAMETERS, LONGEST_CREDENTIALS = 4096, 20, 512
WRONG_PER_ADDRESS = (Limit(60, MINUTE),)
GRANT_TYPE = "client_credentials"


@dataclass(frozen=True, slots=True)
class _Fault(Exception):
    """A failure in OAuth's own words."""

    error: str
    description: str
    status: int = 400


@routes.post("/token", name="token")
@public("the id and the secret of the third party are the proof")
async def token(request: Request) -> HTTPResponse:
    """A token for a third party: `grant_type=client_credentials`, `scope` = one of its purposes; id and secret by Basic."""
    at = now()
    try:
        asked = _form(request)
        who = await _proved(request, at)
        purpose = _purpose(asked, who)
    except _Fault as fault:
        return _refused(fault)
    return await _given(request, who, purpose, at)


def _form(request: Request) -> dict[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM or len(request.body) > LONGEST_BODY:
        raise _Fault("invalid_request", f"the body is a short {FORM}")
    try:
        pairs = parse_qsl(request.body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise _Fault("invalid_request", f"the body is a short {FORM}") from None
    asked = dict(pairs)
    if len(asked) < len(pairs):
        raise _Fault("invalid_request", "a parameter stands there twice")
    if asked.get("grant_type") != GRANT_TYPE:
        raise _Fault("unsupported_grant_type" if asked.get("grant_type") else "invalid_request", f"grant_type is {GRANT_TYPE}")
    return asked


async def _proved(request: Request, at: datetime) -> ThirdParty:
    """Whose id and secret stand in the Authorization header; a wrong one is on record, and so many are too many."""
    services: Services = request.app.ctx.services
    third_party, secret = _credentials(request)
    who = await third_parties.proved(third_party, secret)
    if who is None:
        await _record(request, None, at, "refused")
        await count_try({f"oauth:{services.people.sealer.index('address', address_of(request))}": WRONG_PER_ADDRESS}, at)
        raise _Fault("invalid_client", "no such id, or not its secret", 401)
    return who


def _credentials(request: Request) -> tuple[str, str]:
    """(id, secret), each decoded as section 2.3.1 says; empty for what is none."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic" or len(encoded) > LONGEST_CREDENTIALS:
        return "", ""
    try:
        third_party, _, secret = base64.b64decode(encoded.strip(), validate=True).decode("ascii").partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return unquote_plus(third_party), unquote_plus(secret)


def _purpose(asked: dict[str, str], who: ThirdParty) -> Purpose:
    """The one that is asked for; where it has only one, that need not be named."""
    words = asked.get("scope", "").split() or (who.purposes if len(who.purposes) == 1 else [])
    if len(words) != 1 or words[0] not in who.purposes:
        raise _Fault("invalid_scope", f"scope is one of: {' '.join(who.purposes)}")
    return Purpose(words[0])


async def _given(request: Request, who: ThirdParty, purpose: Purpose, at: datetime) -> HTTPResponse:
    services: Services = request.app.ctx.services
    subject = third_parties.subject(who.id, purpose)
    access = await issue(
        services.settings.keys, role=Role.THIRD_PARTY, hospital=who.hospital_id, subject=subject, life=TOKEN_LIFE, now=at
    )
    await _record(request, who, at, "done", subject)
    life = int(TOKEN_LIFE.total_seconds())
    return answer({"access_token": access, "token_type": "Bearer", "expires_in": life, "scope": purpose.value})


async def _record(request: Request, who: ThirdParty | None, at: datetime, outcome: str, subject: str = ANONYMOUS) -> None:
    services: Services = request.app.ctx.services
    entry = Entry(
        chain=who.hospital_id if who else DEPLOYMENT,
        at=at,
        action="third-party-token",
        outcome=outcome,
        role=Role.THIRD_PARTY.value if who else ANONYMOUS,
        subject=subject,
        address=address_of(request),
    )
    await services.trail.record(entry)


def _refused(fault: _Fault) -> HTTPResponse:
    response = answer({"error": fault.error, "error_description": fault.description}, fault.status)
    if fault.status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="cloudfilm"'
    return response
