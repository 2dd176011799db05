"""Alipay's mini-program message: one for each tap by which the person agreed to it; and what Alipay pushes to us."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core import clock
from core.errors import Misconfigured, Unauthenticated
from infra.alipay import DONE, Alipay
from infra.elsewhere import CutOff, Unreachable
from infra.sealing import Sealer
from infra.settings import Settings
from notify.channels import (
    ALIPAY,
    Call,
    Channel,
    ChannelDown,
    ChannelError,
    Heard,
    Means,
    Outcome,
    Outgoing,
    Refused,
    Sent,
    Throttled,
    Unknown,
    acceptances,
)
from notify.channels.acceptances import Subject
from notify.channels.wire import page, word

NAME = "alipay"
SEND = "alipay.open.app.mini.templatemessage.send"
TAKEN = b"success"
USER_ID = re.compile(r"2088[0-9]{12}", re.ASCII)  # of apps that do not have open ids yet
LIMITED = "40005"
REST_SECONDS = 60
BUSINESS = "40004"
# Of code 40004: these say that the template is set up wrongly. Every other one is about this person or these words.
TEMPLATE_FAULTS = frozenset({"USER_TEMPLATE_ILLEGAL", "USER_TEMPLATE_LACK_KEYWORD"})
PERHAPS = frozenset({"20000"})  # broken on their side


class AlipayMessages:
    """Sends by the mini-program."""

    name = NAME
    address = ALIPAY

    def __init__(self, settings: Settings, alipay: Alipay, sealer: Sealer) -> None:
        self._settings = settings
        self._alipay = alipay
        self._sealer = sealer
        self.app_id = alipay.app_id

    async def send(self, notice: Outgoing) -> Sent:
        """Uses one acceptance, which comes back when the message was not sent for certain."""
        if not await acceptances.take(self._subject(notice.to), notice.template, notice.id):
            raise Refused("nobody agreed to this message", code="no-acceptance", permanent=True, falls_back=True)
        try:
            await self._send(notice)
        except Unknown:
            raise
        except ChannelError:
            await acceptances.give_back(notice.id)
            raise
        return Sent(None)

    async def ask(self, notice: Outgoing) -> Outcome:
        """Alipay cannot be asked."""
        return Outcome.UNKNOWN

    async def heard(self, call: Call, now: datetime) -> Heard:
        """A message of the application's gateway: what Alipay signed for our app is taken, and taken once."""
        said = self._alipay.pushed(call.body)
        if said.get("app_id") != self.app_id:
            raise Unauthenticated("it is for another app")
        return Heard((), TAKEN, once=said.get("notify_id", ""))

    async def _send(self, notice: Outgoing) -> None:
        to = "to_user_id" if USER_ID.fullmatch(notice.to) else "to_open_id"
        message = {
            to: notice.to,
            "user_template_id": notice.template,
            "page": page(self._settings.alipay_page, notice.url),
            "data": json.dumps({name: {"value": value} for name, value in notice.params.items()}, ensure_ascii=False),
        }
        parameters = {"biz_content": json.dumps(message, ensure_ascii=False)}
        try:
            said = await self._alipay.answered(SEND, parameters, clock.now(), seconds=self._settings.message_seconds)
        except Unreachable as error:
            raise ChannelDown(str(error)) from error
        except (CutOff, Unauthenticated) as error:  # also an answer that is not Alipay's: what became of it nobody knows
            raise Unknown(str(error)) from error
        if said.get("code") != DONE:
            raise _refusal(said)

    def _subject(self, to: str) -> Subject:
        kind = "userid" if USER_ID.fullmatch(to) else "openid"
        return Subject(NAME, acceptances.subject_index(self._sealer, ALIPAY, self.app_id, kind, to))


def opened(means: Means) -> Channel | None:
    """When there is an app, and a page of it that messages open."""
    settings = means.settings
    if not (settings.alipay_app_id and settings.alipay_page):
        return None
    if not (settings.alipay_private_key and settings.alipay_public_key):
        raise Misconfigured("messages by Alipay need CLOUDFILM_ALIPAY_PRIVATE_KEY and _PUBLIC_KEY")
    return AlipayMessages(settings, means.alipay, means.sealer)


def _refusal(said: Mapping[str, Any]) -> ChannelError:
    code, detail = word(said.get("code")), word(said.get("sub_code"))
    words = f"Alipay answers with {code} {detail}"
    if code == LIMITED:
        return Throttled(words, retry_after_seconds=REST_SECONDS)
    if code in PERHAPS or not code:
        return Unknown(words)
    permanent = code == BUSINESS and detail not in TEMPLATE_FAULTS
    return Refused(words, code=detail or code, permanent=permanent, falls_back=True)
