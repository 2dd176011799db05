"""Calls of Aliyun's API (RPC style) by its SDK, in threads since it waits; and what its error codes mean for a message."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import certifi
from aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException  # type: ignore[import-untyped]
from aliyunsdkcore.client import AcsClient  # type: ignore[import-untyped]
from aliyunsdkcore.http import protocol_type  # type: ignore[import-untyped]
from aliyunsdkcore.request import CommonRequest  # type: ignore[import-untyped]
from aliyunsdkcore.vendored.requests.adapters import HTTPAdapter  # type: ignore[import-untyped]
from aliyunsdkcore.vendored.requests.exceptions import ConnectionError as NoConnection  # type: ignore[import-untyped]
from aliyunsdkcore.vendored.requests.exceptions import ConnectTimeout
from aliyunsdkcore.vendored.requests.packages.urllib3.connectionpool import (  # type: ignore[import-untyped]
    HTTPConnectionPool,
    HTTPSConnectionPool,
)
from aliyunsdkcore.vendored.requests.packages.urllib3.exceptions import NewConnectionError  # type: ignore[import-untyped]

from core.errors import Misconfigured
from infra.settings import Settings
from notify.channels import ChannelDown, ChannelError, Refused, Throttled, Unknown

VERSION = "2017-05-25"
REGION = "cn-hangzhou"
THREADS = 16  # half of a round of notices

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

for _name in ("aliyunsdkcore", "aliyunsdkcore.http.http_response"):  # they log whole answers, and URLs with signatures
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)


class Calls:
    """Threads of its own and one client; nothing waits longer than `message_seconds`."""

    def __init__(self, settings: Settings) -> None:
        self._seconds = settings.message_seconds
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="aliyun")
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

    def close(self) -> None:
        """Begin no more calls; those that run end by their own limits."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._client.session.close()

    async def call(self, action: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """The answer to one action, made once; raises one of the channels' errors for any other Code than OK."""
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
            raise _refusal(word(error.get_error_code()), word(error.get_error_msg()), error.get_http_status()) from None
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


class _Once:
    """Every call has a connection of its own: what an earlier answer left over must not be read as the next one."""

    def _put_conn(self, connection: Any) -> None:
        if connection is not None:
            connection.close()
        super()._put_conn(None)  # type: ignore[misc]


class _Plain(_Once, HTTPConnectionPool):  # type: ignore[misc]
    pass


class _Tls(_Once, HTTPSConnectionPool):  # type: ignore[misc]
    pass


class _Wire(HTTPAdapter):  # type: ignore[misc]
    """Tells a connection that never stood from one that broke: the SDK makes one error of both."""

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, **more)
        self.poolmanager.pool_classes_by_scheme = {"http": _Plain, "https": _Tls}

    def send(self, *args: Any, **more: Any) -> Any:
        try:
            return super().send(*args, **more)
        except ConnectTimeout:
            raise ChannelDown("Aliyun does not answer") from None
        except NoConnection as error:
            if any(isinstance(each, NewConnectionError | ssl.SSLCertVerificationError) for each in _causes(error)):
                raise ChannelDown("Aliyun cannot be reached") from None
            raise Unknown("the connection to Aliyun broke") from None


def place(url: str) -> tuple[str, int, str]:
    """Host, port and protocol. The SDK compares the protocol by identity: only its own constant means https."""
    parts = urlsplit(url)
    known: dict[str, tuple[int, Any]] = {"http": (80, protocol_type.HTTP), "https": (443, protocol_type.HTTPS)}
    if parts.scheme not in known or not parts.hostname or parts.path.strip("/"):
        raise Misconfigured("CLOUDFILM_ALIYUN_BASE_URL must be https://host, without a path")
    port, protocol = known[parts.scheme]
    return parts.hostname, parts.port or port, protocol


def word(value: object) -> str:
    """What Aliyun wrote, short enough to be kept; empty for what is no text."""
    return value[:64] if isinstance(value, str) else ""


def _checked(content: bytes) -> dict[str, Any]:
    """Business errors come with status 200: only the Code counts."""
    try:
        said = json.loads(content)
        code = said["Code"]
    except (ValueError, TypeError, KeyError):
        raise Unknown("Aliyun answers with something else than a Code") from None
    if code != "OK":
        raise _refusal(word(code), word(said.get("Message")), 200)
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
