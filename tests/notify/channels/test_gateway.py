"""A hospital's own gateway: signed both ways, a message once, each misbehaviour one of our outcomes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from core.clock import now
from core.errors import Malformed, Misconfigured, Unauthenticated
from notify.channels import ByHospital, Call, Channel, ChannelDown, Listening, Outcome, Refused, Throttled, Unknown
from notify.channels.gateway import signature
from tests.notify.channels.conftest import BRIEF_SECONDS, Open, notice
from tests.parts.gateway import PATH, SECRET, GatewayServer

pytestmark = pytest.mark.usefixtures("logged")


@pytest.fixture
def server() -> Iterator[GatewayServer]:
    server = GatewayServer()
    with server.running():
        yield server


@pytest.fixture
def channel(server: GatewayServer, open_channels: Open) -> Channel:
    return opened(open_channels, server.url)


def opened(open_channels: Open, url: str, **more: Any) -> Channel:
    return open_channels(gateway_urls=(f"demo={url}{PATH}/",), gateway_secrets=(f"demo={SECRET}",), **more)["gateway"]


async def test_a_message_is_signed_and_taken_once(channel: Channel, server: GatewayServer) -> None:
    message = notice()
    first, again = await channel.send(message), await channel.send(message)
    assert first == again
    (row,) = server.ledger
    assert (row["to"], row["text"], row["params"]) == (message.to, message.text, message.params)
    assert server.faults == []


def test_each_hospitals_own_gateway_has_a_lane_of_its_own(open_channels: Open) -> None:
    urls, secrets = ("h1=https://h1.example", "*=https://all.example"), ("*=" + "s" * 16,)
    channel = open_channels(demo=False, gateway_urls=urls, gateway_secrets=secrets)["gateway"]
    assert isinstance(channel, ByHospital)
    assert [channel.lane(each) for each in ("h1", "h2", "h3")] == ["gateway:h1", "gateway:*", "gateway:*"]


async def test_a_gateway_that_knows_another_secret_takes_nothing(server: GatewayServer, open_channels: Open) -> None:
    other = open_channels(gateway_urls=(f"*={server.url}{PATH}",), gateway_secrets=("*=secret-of-another-one",))["gateway"]
    with pytest.raises(Refused) as caught:
        await other.send(notice())
    assert (caught.value.permanent, caught.value.code) == (False, "signature")
    assert server.ledger == []


@pytest.mark.parametrize("mood", ["cut", "shut", "broken", "fail"])
async def test_what_perhaps_arrived_is_unknown_and_can_be_asked(channel: Channel, server: GatewayServer, mood: str) -> None:
    server.moods.append(mood)
    message = notice()
    with pytest.raises(Unknown):
        await channel.send(message)
    arrived = bool(server.ledger)
    assert arrived == (mood == "cut")
    assert await channel.ask(message) is (Outcome.DELIVERED if arrived else Outcome.NOT_SENT)


async def test_an_answer_that_comes_twice_is_one_message(channel: Channel, server: GatewayServer) -> None:
    server.moods.append("twice")
    messages = [notice(), notice()]
    assert [(await channel.send(each)).provider_id for each in messages] == ["G0", "G1"]
    assert [row["id"] for row in server.ledger] == [each.id for each in messages]


async def test_nobody_there_is_for_certain_not_sent(open_channels: Open) -> None:
    with pytest.raises(ChannelDown):
        await opened(open_channels, "http://127.0.0.1:1").send(notice())


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [
        (422, {"code": "no-such-number"}, (Refused, True)),
        (400, {"code": "x" * 500}, (Refused, False)),
        (403, [], (Refused, False)),
        (503, {}, (ChannelDown, None)),
        (500, {}, (Unknown, None)),
        (302, {}, (Unknown, None)),
    ],
)
async def test_each_status_has_one_meaning(
    channel: Channel, server: GatewayServer, status: int, said: Any, expected: tuple[type[Exception], bool | None]
) -> None:
    server.refuses = status, said
    with pytest.raises(expected[0]) as caught:
        await channel.send(notice())
    assert getattr(caught.value, "permanent", None) == expected[1]
    assert len(getattr(caught.value, "code", "")) <= 64


async def test_too_many_waits_as_long_as_it_is_told(channel: Channel, server: GatewayServer) -> None:
    server.mood = "throttle"
    with pytest.raises(Throttled) as caught:
        await channel.send(notice())
    assert (caught.value.retry_after_seconds, caught.value.recipient_only) == (7, False)
    server.mood, server.refuses = "well", (429, {"scope": "to"})
    with pytest.raises(Throttled) as caught:
        await channel.send(notice())
    assert (caught.value.retry_after_seconds, caught.value.recipient_only) == (60, True)


async def test_states_that_it_tells_are_ours_or_unknown(channel: Channel, server: GatewayServer) -> None:
    message = notice()
    await channel.send(message)
    for state, outcome in (("accepted", Outcome.ACCEPTED), ("failed", Outcome.FAILED), ("who knows", Outcome.UNKNOWN)):
        server.state = state
        assert await channel.ask(message) is outcome
    server.moods.append("broken")
    with pytest.raises(ChannelDown):
        await channel.ask(message)


async def test_nobody_waits_long_for_one_that_hangs(server: GatewayServer, open_channels: Open) -> None:
    brief = opened(open_channels, server.url, message_seconds=BRIEF_SECONDS)
    server.mood = "hang"
    calls = (brief.send(notice()), brief.ask(notice()))
    sent, asked = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(sent, Unknown)
    assert isinstance(asked, ChannelDown)


async def test_receipts_count_when_the_gateway_signed_them_now(channel: Channel, server: GatewayServer) -> None:
    assert isinstance(channel, Listening)
    message, at = notice(), now()
    body, headers = server.receipts(
        {"id": message.id, "state": "delivered"}, {"id": "x", "state": "failed"}, {"id": message.id}
    )
    headers = {name.lower(): value for name, value in headers.items()}
    heard = await channel.heard(Call("POST", {}, body, "demo", headers=headers), at)
    assert [(each.out_id, each.outcome) for each in heard.receipts] == [(message.id, Outcome.DELIVERED)]
    refused = [
        Call("POST", {}, body + b" ", "demo", headers=headers),
        Call("POST", {}, body, "demo2", headers=headers),
        Call("POST", {}, body, "demo"),
        Call("POST", {}, body, "demo", headers=headers | {"x-cloudfilm-signature": "é"}),
    ]
    for call in refused:
        with pytest.raises(Unauthenticated):
            await channel.heard(call, at)
    with pytest.raises(Unauthenticated):
        await channel.heard(Call("POST", {}, body, "demo", headers=headers), at + timedelta(minutes=6))


async def test_receipts_that_nobody_can_read_are_malformed(channel: Channel) -> None:
    assert isinstance(channel, Listening)
    at = now()
    stamp = str(int(at.timestamp()))
    for body in (b"{", b"{}", b"\xff", b"[" + b"{}," * 1000 + b"{}]"):
        headers = {"x-cloudfilm-timestamp": stamp, "x-cloudfilm-signature": signature(SECRET, stamp, "POST", "", body)}
        with pytest.raises(Malformed):
            await channel.heard(Call("POST", {}, body, "demo", headers=headers), at)


def test_half_a_setting_is_refused_at_the_start(open_channels: Open) -> None:
    for urls, secrets in (
        (("demo",), (f"demo={SECRET}",)),
        (("demo=ftp://x",), (f"demo={SECRET}",)),
        (("demo=https://x",), ()),
        (("demo=https://x",), ("demo=short",)),
        (("demo=https://x",), (f"demo2={SECRET}",)),
    ):
        with pytest.raises(Misconfigured, match="CLOUDFILM_GATEWAY"):
            open_channels(gateway_urls=urls, gateway_secrets=secrets)
