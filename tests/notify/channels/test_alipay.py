"""Alipay's mini-program message: one for each tap; answers and pushes count only when Alipay signed exactly their bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from core.clock import now
from core.errors import Misconfigured, Unauthenticated
from infra.sealing import Sealer
from infra.settings import Settings
from notify.channels import Call, Channel, ChannelDown, Listening, Outcome, Refused, Throttled, Unknown, acceptances
from notify.channels.acceptances import Subject
from tests.notify.channels.conftest import BRIEF_SECONDS, URL, Open, notice
from tests.parts.alipay import APP_ID, AlipayServer

OPEN_ID, USER_ID, TEMPLATE = "open-id-of-a-patient", "2088102122458832", "MDI4YzIxMDE2M2I5YTQz"
pytestmark = [pytest.mark.usefixtures("logged"), pytest.mark.parametrize("database", ["sqlite"], indirect=True)]


@pytest.fixture(scope="module")
def running() -> Iterator[AlipayServer]:
    server = AlipayServer()
    with server.running():
        yield server


@pytest.fixture
def server(running: AlipayServer) -> Iterator[AlipayServer]:
    running.mood, running.refuses, running.forges = "well", "", False
    running.ledger.clear()
    yield running
    running.let_go()


@pytest.fixture
async def channel(server: AlipayServer, database: Settings, open_channels: Open) -> Channel:
    """Both kinds of accounts have agreed to three messages."""
    for kind, to in (("openid", OPEN_ID), ("userid", USER_ID)):
        subject = Subject("alipay", acceptances.subject_index(Sealer(database.keys), "alipay", APP_ID, kind, to))
        for tap in ("1", "2", "3"):
            await acceptances.accept(subject, [TEMPLATE], tap, lasting=False, now=now())
    return opened(open_channels, server)


def opened(open_channels: Open, server: AlipayServer, **more: Any) -> Channel:
    settings = {
        "alipay_gateway_url": f"{server.url}/gateway.do",
        "alipay_app_id": APP_ID,
        "alipay_private_key": server.our_private_key,
        "alipay_public_key": server.public_key,
        "alipay_page": "pages/open/index",
    }
    return open_channels(**settings | more)["alipay"]


async def left(database: Settings) -> int:
    index = acceptances.subject_index(Sealer(database.keys), "alipay", APP_ID, "openid", OPEN_ID)
    return sum(each.left for each in await acceptances.left([Subject("alipay", index)]))


async def test_each_tap_is_one_message_to_an_open_id_or_a_user_id(
    channel: Channel, server: AlipayServer, database: Settings
) -> None:
    await channel.send(notice(OPEN_ID, TEMPLATE, keyword1="示范医院"))
    await channel.send(notice(USER_ID, TEMPLATE, keyword1="示范医院"))
    first, second = server.ledger
    assert (first["to_open_id"], second["to_user_id"], first["user_template_id"]) == (OPEN_ID, USER_ID, TEMPLATE)
    assert json.loads(first["data"]) == {"keyword1": {"value": "示范医院"}}
    assert parse_qs(urlsplit(first["page"]).query)["q"] == [URL]
    assert await left(database) == 2
    with pytest.raises(Refused) as caught:
        await channel.send(notice(OPEN_ID, "ANOTHER"))
    assert (caught.value.permanent, caught.value.falls_back) == (True, True)


@pytest.mark.parametrize(
    ("mood", "error", "taps_left"),
    [
        ("cut", Unknown, 2),
        ("shut", Unknown, 2),
        ("broken", Unknown, 2),
        ("garbled", Unknown, 2),
        ("fail", Unknown, 2),
        ("throttle", Throttled, 3),
    ],
)
async def test_whatever_it_does_the_outcome_is_ours(
    channel: Channel, server: AlipayServer, database: Settings, mood: str, error: type[Exception], taps_left: int
) -> None:
    server.mood = mood
    message = notice(OPEN_ID, TEMPLATE)
    with pytest.raises(error):
        await channel.send(message)
    assert (await left(database), await channel.ask(message)) == (taps_left, Outcome.UNKNOWN)


async def test_an_answer_that_alipay_did_not_sign_says_nothing(channel: Channel, server: AlipayServer) -> None:
    server.forges = True
    with pytest.raises(Unknown):
        await channel.send(notice(OPEN_ID, TEMPLATE))


async def test_nobody_waits_long_for_one_that_hangs_or_is_not_there(
    channel: Channel, server: AlipayServer, open_channels: Open
) -> None:
    server.mood = "hang"
    with pytest.raises(Unknown):
        await opened(open_channels, server, message_seconds=BRIEF_SECONDS).send(notice(OPEN_ID, TEMPLATE))
    with pytest.raises(ChannelDown):
        await opened(open_channels, server, alipay_gateway_url="http://127.0.0.1:1").send(notice(OPEN_ID, TEMPLATE))


@pytest.mark.parametrize(
    ("sub_code", "permanent"),
    [("USER_TEMPLATE_ILLEGAL", False), ("USER_KEYWORD_LENGTH_ERROR", True), ("A_CODE_OF_NEXT_YEAR", True)],
)
async def test_a_no_is_never_for_this_message_or_until_the_template_is_mended(
    channel: Channel, server: AlipayServer, sub_code: str, permanent: bool
) -> None:
    server.refuses = sub_code
    with pytest.raises(Refused) as caught:
        await channel.send(notice(OPEN_ID, TEMPLATE))
    assert (caught.value.code, caught.value.permanent, caught.value.falls_back) == (sub_code, permanent, True)


@pytest.mark.parametrize("with_type", [False, True])
async def test_a_push_counts_when_alipay_signed_exactly_its_bytes(
    channel: Channel, server: AlipayServer, with_type: bool
) -> None:
    assert isinstance(channel, Listening)
    body = server.pushed({"notify_id": "N1", "biz_content": '{"a": "一 二+三&=%"}', "empty": ""}, with_type=with_type)
    heard = await channel.heard(Call("POST", {}, body), now())
    assert (heard.answer, heard.once, heard.receipts) == (b"success", "N1", ())
    forged = [
        b"",
        b"sign_type=RSA2",
        body.replace(b"N1", b"N2"),
        body + b"&more=1",
        body + b"&notify_id=N2",
        body.replace(b"RSA2", b"RSA"),
        server.pushed({"notify_id": "N1", "app_id": "of-another"}),
    ]
    for each in forged:
        with pytest.raises(Unauthenticated):
            await channel.heard(Call("POST", {}, each), now())


async def test_half_a_setting_is_refused_at_the_start(database: Settings, server: AlipayServer, open_channels: Open) -> None:
    with pytest.raises(Misconfigured, match="CLOUDFILM_ALIPAY_PRIVATE_KEY"):
        opened(open_channels, server, alipay_private_key="")
