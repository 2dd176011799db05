"""WeChat's subscribe message: one for each tap by which the person agreed to it; and what WeChat pushes to us."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import xmltodict  # type: ignore[import-untyped]
from wechatpy.crypto import PrpCrypto  # type: ignore[import-untyped]

from core import clock
from core.errors import Malformed, Misconfigured, Unauthenticated
from infra.sealing import Sealer
from infra.settings import Settings
from infra.wechat import WeChat
from notify.channels import (
    WECHAT,
    Call,
    Channel,
    ChannelError,
    Heard,
    Means,
    Outcome,
    Outgoing,
    Receipt,
    Refused,
    Sent,
    Unknown,
    acceptances,
)
from notify.channels.acceptances import Subject
from notify.channels.wechatcalls import TAKES_NO_MORE, called
from notify.channels.wire import page, word

NAME = "wechat"
SEND = "/cgi-bin/message/subscribe/send"
TAKEN = b"success"
AES_KEY_CHARACTERS = 43  # of an EncodingAESKey: 32 bytes in base64 without its last character


class WeChatMessages:
    """Sends by the mini-program."""

    name = NAME
    address = WECHAT

    def __init__(self, settings: Settings, wechat: WeChat, sealer: Sealer) -> None:
        self._settings = settings
        self._wechat = wechat
        self._sealer = sealer
        self.app_id = wechat.mini.app_id

    async def send(self, notice: Outgoing) -> Sent:
        """Uses one acceptance, which comes back when the message was not sent for certain."""
        subject = self._subject(notice.to)
        if not await acceptances.take(subject, notice.template, notice.id):
            raise Refused("nobody agreed to this message", code="no-acceptance", permanent=True, falls_back=True)
        try:
            return await self._send(notice)
        except Unknown:
            raise  # it may have been used at WeChat: then it is used here
        except ChannelError as error:
            await acceptances.give_back(notice.id)
            if isinstance(error, Refused) and error.code == str(TAKES_NO_MORE):
                at = clock.now()
                await acceptances.end(subject, notice.template, at, at)
            raise

    async def ask(self, notice: Outgoing) -> Outcome:
        """WeChat cannot be asked."""
        return Outcome.UNKNOWN

    async def heard(self, call: Call, now: datetime) -> Heard:
        """Message push in safe mode: the check of the address, results of messages, and who takes no more."""
        token = self._settings.wechat_callback_token
        _require_signature(token, call.query, "signature")
        if call.method == "GET":
            return Heard((), call.query.get("echostr", "").encode())
        said = self._decrypted(_encrypted(call.body), call.query)
        await self._end_what_is_over(said, now)
        return Heard(tuple(_receipts(said, now)), TAKEN, once=_key(said))

    async def _send(self, notice: Outgoing) -> Sent:
        settings = self._settings
        message = {
            "touser": notice.to,
            "template_id": notice.template,
            "page": page(settings.wechat_page, notice.url),
            "data": {name: {"value": value} for name, value in notice.params.items()},
            "miniprogram_state": settings.wechat_state,
            "lang": "zh_CN",
        }
        said = await called(self._wechat, self._wechat.mini.app_id, SEND, message, settings.message_seconds)
        return Sent(word(said.get("msgid")) or None)

    async def _end_what_is_over(self, said: Mapping[str, Any], now: datetime) -> None:
        if said.get("Event") != "subscribe_msg_change_event":
            return
        subject = self._subject(word(said.get("FromUserName")))
        at = _time(said.get("CreateTime"), now) + timedelta(seconds=1)  # it is told in whole seconds
        for each in _items(said, "SubscribeMsgChangeEvent"):
            if each.get("SubscribeStatusString") == "reject":
                await acceptances.end(subject, word(each.get("TemplateId")), at, now)

    def _decrypted(self, encrypted: str, query: Mapping[str, str]) -> dict[str, Any]:
        """The message; raises Unauthenticated unless WeChat signed and closed it for our mini-program."""
        _require_signature(self._settings.wechat_callback_token, query, "msg_signature", encrypted)
        key = self._settings.wechat_callback_aes_key
        try:
            content = PrpCrypto(_aes_key(key)).decrypt(encrypted, self.app_id)
        except Exception as error:  # the library stumbles over rubbish in many ways
            raise Unauthenticated("a push of WeChat cannot be opened") from error
        return _parsed(content.encode())

    def _subject(self, open_id: str) -> Subject:
        return Subject(NAME, acceptances.subject_index(self._sealer, WECHAT, self.app_id, "openid", open_id))


def opened(means: Means) -> Channel | None:
    """When there is a mini-program, and a page of it that messages open."""
    settings = means.settings
    if not (settings.wechat_mini_app_id and settings.wechat_mini_secret and settings.wechat_page):
        return None
    if settings.wechat_state not in ("formal", "trial", "developer"):
        raise Misconfigured("CLOUDFILM_WECHAT_STATE must be formal, trial or developer")
    if settings.wechat_callback_token:
        _aes_key(settings.wechat_callback_aes_key)
    return WeChatMessages(settings, means.wechat, means.sealer)


def _require_signature(token: str, query: Mapping[str, str], name: str, *more: str) -> None:
    """SHA-1 over the sorted parts, token among them."""
    parts = sorted([token, query.get("timestamp", ""), query.get("nonce", ""), *more])
    expected = hashlib.sha1("".join(parts).encode(), usedforsecurity=False).hexdigest()
    if not token or not hmac.compare_digest(expected.encode(), query.get(name, "").encode()):
        raise Unauthenticated("WeChat has not signed this")


def _encrypted(body: bytes) -> str:
    found = _parsed(body).get("Encrypt")
    if not isinstance(found, str):
        raise Malformed("a push of WeChat is not encrypted")
    return found


def _parsed(body: bytes) -> dict[str, Any]:
    """JSON or XML; xmltodict takes no entities."""
    try:
        read = json.loads(body) if body[:1] == b"{" else xmltodict.parse(body)["xml"]
    except Exception as error:  # expat's, ours and the library's own
        raise Malformed("a push of WeChat is neither JSON nor XML") from error
    if not isinstance(read, dict):
        raise Malformed("a push of WeChat says nothing")
    return read


def _receipts(said: Mapping[str, Any], now: datetime) -> Iterator[Receipt]:
    """Results of messages. ErrorCode 0 says that it reached the phone."""
    if said.get("Event") != "subscribe_msg_sent_event":
        return
    at = _time(said.get("CreateTime"), now)
    for each in _items(said, "SubscribeMsgSentEvent"):
        code = word(each.get("ErrorCode"))
        if number := word(each.get("MsgID")):
            outcome = Outcome.DELIVERED if code == "0" else Outcome.FAILED
            yield Receipt(NAME, number, None, outcome, code, at)


def _items(said: Mapping[str, Any], event: str) -> list[Mapping[str, Any]]:
    """The list of an event: in XML inside an element of its own, in JSON beside it; one alone is no list."""
    inner = said.get(event)
    found = (inner if isinstance(inner, Mapping) else said).get("List")
    items = found if isinstance(found, list) else [found]
    return [each for each in items if isinstance(each, Mapping)]


def _key(said: Mapping[str, Any]) -> str:
    """By which a push that comes again is known: its number, or who and when for an event."""
    number = word(said.get("MsgId"))
    parts = (word(said.get("FromUserName")), word(said.get("CreateTime")), word(said.get("Event")))
    return number or "\0".join((*parts, hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()))


def _time(said: object, now: datetime) -> datetime:
    text = word(said)
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        return now
    return min(datetime.fromtimestamp(int(text), UTC), now)


def _aes_key(text: str) -> bytes:
    try:
        key = base64.b64decode(text + "=", validate=True)
    except ValueError as error:
        raise Misconfigured("CLOUDFILM_WECHAT_CALLBACK_AES_KEY is not an EncodingAESKey") from error
    if len(text) != AES_KEY_CHARACTERS or len(key) != 32:
        raise Misconfigured("CLOUDFILM_WECHAT_CALLBACK_AES_KEY must be the EncodingAESKey of 43 characters")
    return key
