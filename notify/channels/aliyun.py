"""SMS by Aliyun (Dysmsapi 2017-05-25): SendSms, QuerySendDetails, and the receipts that Aliyun pushes."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from core import clock
from core.errors import Malformed, Misconfigured, Unauthenticated
from infra.settings import Settings
from notify.channels import (
    PHONE,
    Call,
    Channel,
    ChannelDown,
    Heard,
    Means,
    Outcome,
    Outgoing,
    Receipt,
    Refused,
    Sent,
    Unknown,
)
from notify.channels.aliyuncalls import Calls, word

NAME = "aliyun"
ZONE = ZoneInfo("Asia/Shanghai")  # of the days and times that Aliyun speaks of
PAGE_SIZE = 50  # the most that one answer of QuerySendDetails holds
MOST_PAGES = 10  # a phone gets at most 50 notices of one template a day
DAYS_SHOWN = 30  # as far back as QuerySendDetails knows
MOST_RECEIPTS = 1000
TAKEN = b'{"code":0,"msg":"\xe6\x8e\xa5\xe6\x94\xb6\xe6\x88\x90\xe5\x8a\x9f"}'  # 接收成功, in UTF-8

_SECRET = re.compile(r"[A-Za-z0-9_-]{16,}", re.ASCII)  # stands in a path as it is, and is not guessed
_OUR_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
STATES = {"1": Outcome.ACCEPTED, "2": Outcome.FAILED, "3": Outcome.DELIVERED}  # SendStatus


class Aliyun:
    """Sends once, finds a message again by our id, and hears of what became of it."""

    name = NAME
    address = PHONE

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._calls = Calls(settings)

    async def send(self, notice: Outgoing) -> Sent:
        """SendSms, once. Our id goes along as OutId, by which the message is found again."""
        said = await self._calls.call(
            "SendSms",
            {
                "PhoneNumbers": _number(notice.to),
                "SignName": notice.signature or self._settings.aliyun_sign_name,
                "TemplateCode": notice.template,
                "TemplateParam": json.dumps(dict(notice.params), ensure_ascii=False),
                "OutId": notice.id,
            },
        )
        return Sent(word(said.get("BizId")) or None)

    async def ask(self, notice: Outgoing) -> Outcome:
        """Look for our id in the day's messages to that number. Aliyun shows them late, so that young ones stay unknown."""
        now, tried_at = clock.now(), notice.tried_at
        for day in _days(tried_at or now - timedelta(days=1), now):
            async for detail in self._details(_number(notice.to), day):
                if detail.get("OutId") == notice.id:
                    return STATES.get(str(detail.get("SendStatus")), Outcome.UNKNOWN)
        settled = tried_at is not None and now - tried_at > timedelta(seconds=self._settings.aliyun_settle_seconds)
        old = tried_at is not None and now - tried_at > timedelta(days=DAYS_SHOWN)
        return Outcome.NOT_SENT if settled and not old else Outcome.UNKNOWN

    async def heard(self, call: Call, now: datetime) -> Heard:
        """Receipts (SmsReport), an array. Nobody signs them: the path is secret, and the addresses may be limited."""
        allowed = self._settings.aliyun_callback_addresses
        secret = self._settings.aliyun_callback_secret
        if not secret or not hmac.compare_digest(call.place.encode(), secret.encode()):
            raise Unauthenticated("not the path of Aliyun's receipts")
        if allowed and call.address not in allowed:
            raise Unauthenticated("receipts of Aliyun from an address that is not its")
        return Heard(tuple(_receipts(call.body, now)), TAKEN, "application/json")

    def code_template(self, kind: str) -> str | None:
        """The template of login or family codes, when one is set."""
        templates = {
            "login-code": self._settings.aliyun_code_template,
            "family-code": self._settings.aliyun_family_template,
            "onsite-code": self._settings.aliyun_onsite_template,
        }
        return templates.get(kind) or None

    def close(self) -> None:
        """As `Calls.close`."""
        self._calls.close()

    async def _details(self, number: str, day: date) -> AsyncIterator[dict[str, Any]]:
        for page in range(1, MOST_PAGES + 1):
            wanted = {
                "PhoneNumber": number,
                "SendDate": day.strftime("%Y%m%d"),
                "PageSize": str(PAGE_SIZE),
                "CurrentPage": str(page),
            }
            try:
                said = await self._calls.call("QuerySendDetails", wanted)
            except (Unknown, Refused) as error:
                raise ChannelDown(f"Aliyun cannot be asked: {error}") from error
            shown = _list(said, "SmsSendDetailDTOs", "SmsSendDetailDTO")
            for detail in shown:
                yield detail
            if len(shown) < PAGE_SIZE:
                return


def opened(means: Means) -> Channel | None:
    """When there is an access key."""
    settings = means.settings
    if not (settings.aliyun_access_key_id and settings.aliyun_access_key_secret):
        return None
    if settings.aliyun_callback_secret and not _SECRET.fullmatch(settings.aliyun_callback_secret):
        raise Misconfigured("CLOUDFILM_ALIYUN_CALLBACK_SECRET must be 16 or more letters, digits, - and _")
    channel = Aliyun(settings)
    means.closing.callback(channel.close)
    return channel


def _receipts(body: bytes, now: datetime) -> Iterator[Receipt]:
    try:
        said = json.loads(body)
    except ValueError:
        raise Malformed("receipts are not JSON") from None
    if not isinstance(said, list) or len(said) > MOST_RECEIPTS:
        raise Malformed("receipts are not a short list")
    for each in said:
        if isinstance(each, dict) and _OUR_ID.fullmatch(word(each.get("out_id"))):  # others are of messages that are not ours
            outcome = Outcome.DELIVERED if each.get("success") is True else Outcome.FAILED
            at = _time(each.get("report_time"), now)
            yield Receipt(NAME, word(each.get("biz_id")) or None, each["out_id"], outcome, word(each.get("err_code")), at)


def _time(said: object, now: datetime) -> datetime:
    try:
        return min(datetime.strptime(str(said), "%Y-%m-%d %H:%M:%S").replace(tzinfo=ZONE), now)
    except ValueError:
        return now


def _days(first: datetime, last: datetime) -> list[date]:
    """All days that a message may lie in, newest first: it may have been sent after midnight."""
    newest = last.astimezone(ZONE).date()
    count = min((newest - first.astimezone(ZONE).date()).days, DAYS_SHOWN)
    return [newest - timedelta(days=number) for number in range(count + 1)]


def _list(said: Mapping[str, Any], *names: str) -> list[dict[str, Any]]:
    found: Any = said
    for name in names:
        found = found.get(name) if isinstance(found, Mapping) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _number(phone: str) -> str:
    """Mainland numbers without +86, others as 00 and the country's."""
    return phone.removeprefix("+86") if phone.startswith("+86") else phone.replace("+", "00", 1)
