"""Codes go at once by the first channel that takes them; a perhaps counts as sent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.errors import TooManyRequests, Unavailable
from infra.settings import Settings
from notify.channels import Channel
from notify.channels.codes import carried, family_code, login_code
from notify.models import SandboxMessage
from tests.notify.channels.conftest import PHONE, Open
from tests.parts import aliyun, gateway
from tests.parts.aliyun import AliyunServer
from tests.parts.gateway import GatewayServer

pytestmark = pytest.mark.usefixtures("logged")


@pytest.fixture(scope="module")
def sms() -> Iterator[AliyunServer]:
    server = AliyunServer()
    with server.running():
        yield server


@pytest.fixture(scope="module")
def own() -> Iterator[GatewayServer]:
    server = GatewayServer()
    with server.running():
        yield server


@pytest.fixture
def channels(sms: AliyunServer, own: GatewayServer, open_channels: Open) -> Iterator[dict[str, Channel]]:
    """As in production: without the sandbox."""
    for server in (sms, own):
        server.mood = "well"
        server.ledger.clear()
    sms.refuses = ""
    yield open_channels(
        demo=False,
        aliyun_base_url=sms.url,
        aliyun_access_key_id=aliyun.KEY_ID,
        aliyun_access_key_secret=aliyun.KEY_SECRET,
        aliyun_code_template="SMS_CODE",
        gateway_urls=(f"*={own.url.replace('http:', 'https:')}{gateway.PATH}",),
        gateway_secrets=(f"*={gateway.SECRET}",),
    )
    sms.let_go()


async def test_a_code_leaves_in_its_own_template(channels: dict[str, Channel], sms: AliyunServer) -> None:
    await login_code(channels, PHONE, "123456")
    assert [(row["template"], row["params"]) for row in sms.ledger] == [("SMS_CODE", {"code": "123456"})]


async def test_the_next_channel_carries_it_when_one_is_down_or_refuses(
    sms: AliyunServer, own: GatewayServer, open_channels: Open
) -> None:
    own.ledger.clear()
    settings = {"gateway_urls": (f"*={own.url}{gateway.PATH}",), "gateway_secrets": (f"*={gateway.SECRET}",)}
    keys = {
        "aliyun_access_key_id": aliyun.KEY_ID,
        "aliyun_access_key_secret": aliyun.KEY_SECRET,
        "aliyun_code_template": "SMS_9",
    }
    without_sandbox = open_channels(**settings, **keys, aliyun_base_url="http://127.0.0.1:1")
    del without_sandbox["sandbox"]
    await login_code(without_sandbox, PHONE, "123456")
    await family_code(without_sandbox, PHONE, "654321", "137****0000")  # Aliyun has no template of these
    assert ["123456" in row["text"] for row in own.ledger] == [True, False]
    assert own.ledger[1]["params"] == {"code": "654321", "who": "137****0000"}


async def test_a_code_that_perhaps_left_is_not_sent_a_second_time(
    channels: dict[str, Channel], sms: AliyunServer, own: GatewayServer
) -> None:
    sms.mood = "cut"
    await login_code(channels, PHONE, "123456")
    assert own.ledger == []


async def test_a_limit_of_the_only_channel_is_told_as_a_limit(channels: dict[str, Channel], sms: AliyunServer) -> None:
    sms.refuses = "isv.BUSINESS_LIMIT_CONTROL"
    del channels["gateway"]
    with pytest.raises(TooManyRequests) as caught:
        await login_code(channels, PHONE, "123456")
    assert caught.value.retry_after_seconds == 60


async def test_without_a_channel_nobody_is_promised_a_code(open_channels: Open) -> None:
    nothing = open_channels(demo=False)
    assert not carried(nothing)
    with pytest.raises(Unavailable):
        await login_code(nothing, PHONE, "123456")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_in_a_demo_the_sandbox_keeps_it(open_channels: Open, database: Settings) -> None:
    channels = open_channels()
    assert carried(channels)
    await login_code(channels, PHONE, "123456")
    assert await SandboxMessage.filter(kind="login-code").count() == 1
