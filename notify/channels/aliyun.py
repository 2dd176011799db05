"""SMS by Aliyun (Dysmsapi 2017-05-25): SendSms, QuerySendDetails, and the receipts that Aliyun pushes."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import re
import ssl
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import certifi
from aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException  # type: ignore[import-untyped]
from aliyunsdkcore.client import AcsClient  # type: ignore[import-untyped]
from aliyunsdkcore.http import protocol_type  # type: ignore[import-untyped]
from aliyunsdkcore.request import CommonRequest  # type: ignore[import-untyped]
from aliyunsdkcore.vendored.requests.adapters import HTTPAdapter  # type: ignore[import-untyped]
from aliyunsdkcore.vendored.requests.exceptions import ConnectionError as NoConnection  # type: ignore[import-untyped]
from aliyunsdkcore.vendored.requests.exceptions import ConnectTimeout
from aliyunsdkcore.vendored.requests.packages.urllib3.exceptions import NewConnectionError  # type: ignore[import-untyped]

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

NAME = "aliyun"
VERSION = "2017-05-25"
REGION = "cn-hangzhou"
ZONE = ZoneInfo("Asia/Shanghai")  # of the days and times that Aliyun speaks of
THREADS = 8
PAGE_SIZE = 50  # the most that one answer of QuerySendDetails holds
MOST_PAGES = 10  # a phone gets at most 50 notices of one template a day
DAYS_SHOWN = 30  # as far back as QuerySendDetails knows
MOST_RECEIPTS = 1000
TAKEN = b'{"code":0,"msg":"\xe6\x8e\xa5\xe6\x94\xb6\xe6\x88\x90\xe5\x8a\x9f"}'  # 接收成功, in UTF-8

# What a code other than OK says (help.aliyun.com, error codes of SendSms); the grouping is ours.
# Too many to this one number: seconds to wait.
THROTTLED_NUMBER = {"isv.DAY_LIMIT_CONTROL": 86_400, "isv.MONTH_LIMIT_CONTROL": 86_400}
FLOW_CONTROL = "isv.BUSINESS_LIMIT_CONTROL"  # its message names the window
WINDOWS = {"分钟": 60, "小时": 3600, "天": 86_400}
# Too many calls of this account: the channel rests.
THROTTLED_ALL = frozenset({"Throttling", "Throttling.User", "Throttling.Api"})
# Never for this number or with these words; another channel may do.
NEVER = frozenset(
    {
        "isv.MOBILE_NUMBER_ILLEGAL",
        "isv.MOBILE_COUNT_OVER_LIMIT",
        "isv.BLACK_KEY_CONTROL_LIMIT",
        "isv.PARAM_LENGTH_LIMIT",
        "isv.PARAM_NOT_SUPPORT_URL",
        "isv.TEMPLATE_PARAMS_ILLEGAL",
        "isv.TEMPLATE_MISSING_PARAMETERS",
        "isv.INVALID_JSON_PARAM",
        "isv.INVALID_PARAMETERS",
    }
)
# Broken on their side, perhaps after it was sent.
PERHAPS = frozenset({"isp.SYSTEM_ERROR", "InternalError", "ServiceUnavailable"})
# Every other one says that account, signature or template are not right, and a person must mend that.

_SECRET = re.compile(r"[A-Za-z0-9_-]{16,}", re.ASCII)  # stands in a path as it is, and is not guessed
_OUR_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
STATES = {"1": Outcome.ACCEPTED, "2": Outcome.FAILED, "3": Outcome.DELIVERED}  # SendStatus

for _name in ("aliyunsdkcore", "aliyunsdkcore.http.http_response"):  # they log whole answers, and URLs with signatures
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)


class Aliyun:
    """Sends in threads of its own, since the SDK waits; nothing waits longer than `message_seconds`."""

    name = NAME
    address = PHONE

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._seconds = settings.message_seconds
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix=NAME)
        self._host, port, self._protocol = place(settings.aliyun_base_url)
        self._client = AcsClient(
            settings.aliyun_access_key_id,
            settings.aliyun_access_key_secret,
            REGION,
            auto_retry=False,
            port=port,
            connect_timeout=max(1, self._seconds // 2),
            timeout=self._seconds,
            verify=certifi.where(),  # the SDK brings root certificates of 2017
            proxy={"http": None, "https": None},  # as everywhere here: to the address in the settings, and nowhere else
        )
        for scheme in ("http://", "https://"):
            self._client.session.mount(scheme, _Wire(pool_maxsize=THREADS))

    async def send(self, notice: Outgoing) -> Sent:
        """SendSms, once. Our id goes along as OutId, by which the message is found again."""
        said = await self._call(
            "SendSms",
            {
                "PhoneNumbers": _number(notice.to),
                "SignName": notice.signature or self._settings.aliyun_sign_name,
                "TemplateCode": notice.template,
                "TemplateParam": json.dumps(dict(notice.params), ensure_ascii=False),
                "OutId": notice.id,
            },
        )
        return Sent(_text(said.get("BizId")) or None)

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
        """Begin no more calls; those that run end by their own limits."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._client.session.close()

    async def _details(self, number: str, day: date) -> AsyncIterator[dict[str, Any]]:
        for page in range(1, MOST_PAGES + 1):
            wanted = {
                "PhoneNumber": number,
                "SendDate": day.strftime("%Y%m%d"),
                "PageSize": str(PAGE_SIZE),
                "CurrentPage": str(page),
            }
            try:
                said = await self._call("QuerySendDetails", wanted)
            except (Unknown, Refused) as error:
                raise ChannelDown(f"Aliyun cannot be asked: {error}") from error
            shown = _list(said, "SmsSendDetailDTOs", "SmsSendDetailDTO")
            for detail in shown:
                yield detail
            if len(shown) < PAGE_SIZE:
                return

    async def _call(self, action: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        turn = _Turn(time.monotonic() + self._seconds / 2)
        work = asyncio.get_running_loop().run_in_executor(self._threads, self._ask, action, parameters, turn)
        try:
            content = await asyncio.wait_for(work, self._seconds)
        except TimeoutError:  # the SDK's own limit is on each read, which a trickle never reaches
            if turn.begun():
                raise Unknown("Aliyun did not answer in time") from None
            raise ChannelDown("all threads for Aliyun wait for it") from None
        return _checked(content)

    def _ask(self, action: str, parameters: Mapping[str, str], turn: _Turn) -> bytes:
        """In a thread. Raises one of our errors."""
        if not turn.begin():
            raise ChannelDown("all threads for Aliyun wait for it")
        request = CommonRequest(domain=self._host, version=VERSION, action_name=action)
        request.set_method("POST")
        request.set_protocol_type(self._protocol)
        for name, value in parameters.items():
            request.add_body_params(name, value)  # the query ends in logs of proxies
        try:
            content: bytes = self._client.do_action_with_exception(request)
        except ServerException as error:
            raise _refusal(_text(error.get_error_code()), _text(error.get_error_msg()), error.get_http_status()) from None
        except ClientException as error:
            raise Unknown(f"Aliyun's answer was cut off: {error.get_error_code()}") from None
        except ChannelError:
            raise
        except Exception as error:  # the SDK stumbles over answers that it did not expect, in many ways
            raise Unknown(f"Aliyun's answer cannot be read: {type(error).__name__}") from None
        return content


class _Turn:
    """Whether a call was begun in time. A thread that is free too late does not begin: its caller is about to leave."""

    def __init__(self, latest: float) -> None:
        self._latest = latest
        self._decision = threading.Lock()
        self._begun: bool | None = None

    def begin(self) -> bool:
        """True when the call may be made; then, and only then, it may arrive."""
        return self._decide(time.monotonic() < self._latest)

    def begun(self) -> bool:
        """True when it was made; if not, it never will be."""
        return self._decide(False)

    def _decide(self, begun: bool) -> bool:
        with self._decision:
            if self._begun is None:
                self._begun = begun
            return self._begun


class _Wire(HTTPAdapter):  # type: ignore[misc]
    """Tells a connection that never stood from one that broke: the SDK makes one error of both."""

    def send(self, *args: Any, **more: Any) -> Any:
        try:
            return super().send(*args, **more)
        except ConnectTimeout:
            raise ChannelDown("Aliyun does not answer") from None
        except NoConnection as error:
            if any(isinstance(each, NewConnectionError | ssl.SSLCertVerificationError) for each in _causes(error)):
                raise ChannelDown("Aliyun cannot be reached") from None
            raise Unknown("the connection to Aliyun broke") from None


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


def _checked(content: bytes) -> dict[str, Any]:
    """Business errors come with status 200: only the Code counts."""
    try:
        said = json.loads(content)
        code = said["Code"]
    except (ValueError, TypeError, KeyError):
        raise Unknown("Aliyun answers with something else than a Code") from None
    if code != "OK":
        raise _refusal(_text(code), _text(said.get("Message")), 200)
    return dict(said)


def _refusal(code: str, message: str, status: int) -> ChannelError:
    """What a Code means; the message may name the window of flow control, and is not passed on."""
    said = f"Aliyun answers with {code}"
    if code in THROTTLED_NUMBER:
        return Throttled(said, retry_after_seconds=THROTTLED_NUMBER[code], recipient_only=True)
    if code == FLOW_CONTROL:
        return Throttled(said, retry_after_seconds=_window(message), recipient_only=True)
    if code in THROTTLED_ALL:
        return Throttled(said, retry_after_seconds=10)
    if code in PERHAPS or status >= 500:
        return Unknown(said)
    return Refused(said, code=code, permanent=code in NEVER, falls_back=True)


def _window(message: str) -> int:
    return next((seconds for word, seconds in WINDOWS.items() if word in message), WINDOWS["小时"])


def _receipts(body: bytes, now: datetime) -> Iterator[Receipt]:
    try:
        said = json.loads(body)
    except ValueError:
        raise Malformed("receipts are not JSON") from None
    if not isinstance(said, list) or len(said) > MOST_RECEIPTS:
        raise Malformed("receipts are not a short list")
    for each in said:
        if isinstance(each, dict) and _OUR_ID.fullmatch(_text(each.get("out_id"))):  # others are of messages that are not ours
            outcome = Outcome.DELIVERED if each.get("success") is True else Outcome.FAILED
            at = _time(each.get("report_time"), now)
            yield Receipt(NAME, _text(each.get("biz_id")) or None, each["out_id"], outcome, _text(each.get("err_code")), at)


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


def _text(value: object) -> str:
    return value[:64] if isinstance(value, str) else ""


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error, what it wraps and what it came of; urllib3 keeps the first in `args` and `reason`."""
    waiting, seen = [error], set[int]()
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        inner = [*each.args, getattr(each, "reason", None), each.__cause__, each.__context__]
        waiting += [one for one in inner if isinstance(one, BaseException)]


def place(url: str) -> tuple[str, int, str]:
    """Host, port and protocol. The SDK compares the protocol by identity: only its own constant means https."""
    parts = urlsplit(url)
    known: dict[str, tuple[int, Any]] = {"http": (80, protocol_type.HTTP), "https": (443, protocol_type.HTTPS)}
    if parts.scheme not in known or not parts.hostname or parts.path.strip("/"):
        raise Misconfigured("CLOUDFILM_ALIYUN_BASE_URL must be https://host, without a path")
    port, protocol = known[parts.scheme]
    return parts.hostname, parts.port or port, protocol
