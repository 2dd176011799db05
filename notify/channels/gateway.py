"""A hospital's own message gateway, by HTTP: signed requests, described in docs/notices.md."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from urllib.parse import quote, urlsplit

import httpx
import orjson

from core import clock
from core.errors import Malformed, Misconfigured, Unauthenticated
from infra.settings import Settings
from notify.channels import (
    PHONE,
    Call,
    Channel,
    ChannelDown,
    ChannelError,
    Heard,
    Means,
    Outcome,
    Outgoing,
    Receipt,
    Refused,
    Sent,
    Throttled,
    Unknown,
)
from notify.channels.wire import exchange, said, word

NAME = "gateway"
ALL = "*"  # in place of a hospital's code
SECRET_CHARACTERS = 16
CLOCKS_APART_SECONDS = 300
MOST_RECEIPTS = 1000
LONGEST_WAIT_SECONDS = 86_400
TIMESTAMP, SIGNATURE = "X-Cloudfilm-Timestamp", "X-Cloudfilm-Signature"
_OUR_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
OUTCOMES = {"accepted": Outcome.ACCEPTED, "delivered": Outcome.DELIVERED, "failed": Outcome.FAILED}


class Gateway:
    """POST {url} takes a message, GET {url}/{id} says what became of it."""

    name = NAME
    address = PHONE

    def __init__(self, client: httpx.AsyncClient, places: Mapping[str, str], secrets: Mapping[str, str], seconds: int) -> None:
        self._client = client
        self._places = places
        self._secrets = secrets
        self._seconds = seconds

    async def send(self, notice: Outgoing) -> Sent:
        """Our id makes it once: the gateway answers 409 to one that it has."""
        body = orjson.dumps(
            {
                "id": notice.id,
                "hospital": notice.hospital,
                "kind": notice.kind,
                "to": notice.to,
                "text": notice.text,
                "template": notice.template,
                "params": dict(notice.params),
                "url": notice.url,
                "signature": notice.signature,
            }
        )
        answer = await self._asked("POST", notice.hospital, "", body)
        if answer.status_code in (200, 201, 202, 409):
            return Sent(word(said(answer).get("id")) or None)
        raise _refusal(answer)

    async def ask(self, notice: Outgoing) -> Outcome:
        """404 says that it never came."""
        try:
            answer = await self._asked("GET", notice.hospital, f"/{quote(notice.id)}", b"")
        except Unknown as error:
            raise ChannelDown("the gateway cannot be asked") from error
        if answer.status_code == 404:
            return Outcome.NOT_SENT
        if answer.status_code != 200:
            raise ChannelDown(f"the gateway answers with {answer.status_code}")
        return OUTCOMES.get(word(said(answer).get("state")), Outcome.UNKNOWN)

    async def heard(self, call: Call, now: datetime) -> Heard:
        """Receipts, signed as our own requests are; the place of the call is the hospital's code."""
        secret, at = self._secret(call.place), call.headers.get(TIMESTAMP.lower(), "")
        expected = signature(secret, at, "POST", "", call.body)
        if not secret or not hmac.compare_digest(expected.encode(), call.headers.get(SIGNATURE.lower(), "").encode()):
            raise Unauthenticated("the gateway has not signed this")
        if not at.isdecimal() or abs(now.timestamp() - int(at)) > CLOCKS_APART_SECONDS:
            raise Unauthenticated("the gateway signed this at another time")
        return Heard(tuple(_receipts(call.body, now)), b'{"code":0}', "application/json")

    def lane(self, hospital: str) -> str:
        """Each hospital's own, and one for all that have none."""
        return f"{NAME}:{hospital if hospital in self._places else ALL}"

    def code_template(self, _kind: str) -> str | None:
        """Login codes are of no hospital: only a gateway of all carries them."""
        return "" if ALL in self._places else None

    async def _asked(self, method: str, hospital: str, path: str, body: bytes) -> httpx.Response:
        place = self._places.get(hospital) or self._places.get(ALL)
        if place is None:
            raise Refused("this hospital has no gateway", code="no-gateway", permanent=True, falls_back=True)
        at = str(int(clock.now().timestamp()))
        headers = {
            "Content-Type": "application/json",
            TIMESTAMP: at,
            SIGNATURE: signature(self._secret(hospital), at, method, path, body),
        }
        return await exchange(self._client, method, place + path, self._seconds, content=body, headers=headers)

    def _secret(self, hospital: str) -> str:
        return self._secrets.get(hospital) or self._secrets.get(ALL) or ""


def opened(means: Means) -> Channel | None:
    """When the settings name one."""
    settings = means.settings
    if not settings.gateway_urls:
        return None
    places, secrets = _by_hospital("URLS", settings.gateway_urls), _by_hospital("SECRETS", settings.gateway_secrets)
    _require_possible(settings, places, secrets)
    return Gateway(means.client, {name: url.rstrip("/") for name, url in places.items()}, secrets, settings.message_seconds)


def signature(secret: str, timestamp: str, method: str, path: str, body: bytes) -> str:
    """HMAC-SHA256 in hex over the lines timestamp, method, what follows the gateway's address, and the body."""
    return hmac.digest(secret.encode(), f"{timestamp}\n{method}\n{path}\n".encode() + body, hashlib.sha256).hex()


def _refusal(answer: httpx.Response) -> ChannelError:
    """What a status means; `code` in the answer is passed on, its other words are not."""
    status, code = answer.status_code, word(said(answer).get("code")) or str(answer.status_code)
    words = f"the gateway answers with {status}"
    if status == 429:
        return Throttled(words, retry_after_seconds=_retry_after(answer), recipient_only=said(answer).get("scope") == "to")
    if status == 503:
        return ChannelDown(words)  # it promises not to have taken it
    if 400 <= status < 500:
        return Refused(words, code=code, permanent=status == 422, falls_back=True)
    return Unknown(words)


def _retry_after(answer: httpx.Response) -> int:
    text = answer.headers.get("retry-after", "")
    return min(int(text), LONGEST_WAIT_SECONDS) if text.isascii() and text.isdigit() else 60


def _receipts(body: bytes, now: datetime) -> Iterator[Receipt]:
    try:
        items = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Malformed("receipts are not JSON") from None
    if not isinstance(items, list) or len(items) > MOST_RECEIPTS:
        raise Malformed("receipts are not a short list")
    for each in items:
        outcome = OUTCOMES.get(word(each.get("state"))) if isinstance(each, dict) else None
        if outcome is not None and _OUR_ID.fullmatch(word(each.get("id"))):
            yield Receipt(NAME, None, each["id"], outcome, word(each.get("code")), now)


def _by_hospital(variable: str, pairs: tuple[str, ...]) -> dict[str, str]:
    split = [pair.partition("=") for pair in pairs]
    if not all(name and equals and value for name, equals, value in split):
        raise Misconfigured(f"CLOUDFILM_GATEWAY_{variable} must be hospital=…, separated by commas")
    return {name.strip(): value.strip() for name, _, value in split}


def _require_possible(settings: Settings, places: Mapping[str, str], secrets: Mapping[str, str]) -> None:
    schemes = ("http", "https") if settings.demo else ("https",)
    for hospital, url in places.items():
        if urlsplit(url).scheme not in schemes:
            raise Misconfigured(f"the gateway of {hospital} in CLOUDFILM_GATEWAY_URLS must begin with https://")
        if len(secrets.get(hospital) or secrets.get(ALL) or "") < SECRET_CHARACTERS:
            raise Misconfigured(f"CLOUDFILM_GATEWAY_SECRETS needs {SECRET_CHARACTERS} characters or more for {hospital}")
