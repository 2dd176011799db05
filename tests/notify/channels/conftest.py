"""What the tests of channels share: channels opened with changed settings, and a log that is read for secrets."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any

import pytest

from core.clock import now
from core.uids import uuid7
from infra.alipay import Alipay
from infra.elsewhere import open_client
from infra.logs import ROOMS, traceback_text
from infra.sealing import Sealer
from infra.settings import Settings
from infra.wechat import App, WeChat
from notify.channels import Channel, Means, Outgoing, found

PHONE = "+8613812345678"
PATIENT = "王小明"
URL = "https://film.example.org/s/kR3cV9mQ2xT7bN5wZ8yL1a"
PATIENT_SECONDS = 30  # a busy machine is no fault of a provider
BRIEF_SECONDS = 4  # where nothing is to come: all that hang hang at once

Open = Callable[..., dict[str, Channel]]


@pytest.fixture
async def open_channels(settings: Settings) -> AsyncIterator[Open]:
    """Channels by name, found with changed settings; closed after the test."""
    async with AsyncExitStack() as closing:
        client = await closing.enter_async_context(open_client())

        def opened(**changed: Any) -> dict[str, Channel]:
            changed_settings = dataclasses.replace(settings, **{"message_seconds": PATIENT_SECONDS} | changed)
            return found(means(changed_settings, client, closing))

        yield opened


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Everything that we say during the test, and what others say from WARNING on, as in operation: nothing personal in it."""
    caplog.set_level(logging.WARNING)
    for room in ROOMS:
        caplog.set_level(logging.DEBUG, logger=room)
    yield
    said = "\n".join(_line(each) for phase in ("setup", "call") for each in caplog.get_records(phase))
    for secret in (PHONE, PHONE[3:], PATIENT, URL.rpartition("/")[2], "open-id-of", "token-", "secret-of"):
        assert secret not in said


def _line(record: logging.LogRecord) -> str:
    return record.getMessage() + (traceback_text(record.exc_info) if record.exc_info and record.exc_info[0] else "")


def means(settings: Settings, client: Any, closing: AsyncExitStack) -> Means:
    """As `api/people.py` makes them."""
    sealer = Sealer(settings.keys)
    mini = App(settings.wechat_mini_app_id, settings.wechat_mini_secret)
    official = App(settings.wechat_oauth_app_id, settings.wechat_oauth_secret)
    wechat = WeChat(client, settings.wechat_base_url, mini, official, sealer)
    alipay = Alipay(
        client,
        settings.alipay_gateway_url,
        settings.alipay_app_id,
        private_key=settings.alipay_private_key,
        public_key=settings.alipay_public_key,
        aes_key=settings.alipay_aes_key,
    )
    return Means(settings, client, sealer, wechat, alipay, closing)


def notice(to: str = PHONE, template: str = "SMS_1", *, tried_at: datetime | None = None, **params: str) -> Outgoing:
    """A message that says a report is ready."""
    said = params or {"hospital": "示范医院", "code": URL.rpartition("/")[2]}
    return Outgoing(
        id=uuid7(),
        hospital="demo",
        kind="report-ready",
        to=to,
        template=template,
        params=said,
        text=f"您在示范医院的检查报告已完成，点击 {URL} 查看。",
        url=URL,
        tried_at=tried_at or now(),
    )
