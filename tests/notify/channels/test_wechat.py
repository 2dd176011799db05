"""WeChat's subscribe message and medical assistant: one message for each tap, whatever WeChat does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from core.clock import now
from core.errors import Malformed, Unauthenticated
from infra.sealing import Sealer
from infra.settings import Settings
from notify.channels import Call, Channel, ChannelDown, Listening, Outcome, Refused, Throttled, Unknown, acceptances
from notify.channels.acceptances import Left, Subject
from tests.notify.channels.conftest import BRIEF_SECONDS, URL, Open, notice
from tests.parts import wechat
from tests.parts.wechat import WeChatServer

OPEN_ID, TEMPLATE = "open-id-of-a-patient", "TEMPLATE-1"
pytestmark = [pytest.mark.usefixtures("logged"), pytest.mark.parametrize("database", ["sqlite"], indirect=True)]


@pytest.fixture(scope="module")
def running() -> Iterator[WeChatServer]:
    server = WeChatServer()
    with server.running():
        yield server


@pytest.fixture
def server(running: WeChatServer) -> Iterator[WeChatServer]:
    running.mood, running.refuses, running.forgets_tokens = "well", 0, 0
    running.ledger.clear()
    running.accepted = {f"{OPEN_ID} {TEMPLATE}": 100}
    yield running
    running.let_go()


@pytest.fixture
def channel(server: WeChatServer, database: Settings, open_channels: Open) -> Channel:
    return opened(open_channels, server.url)


@pytest.fixture
def subject(database: Settings) -> Subject:
    index = acceptances.subject_index(Sealer(database.keys), "wechat", wechat.MINI[0], "openid", OPEN_ID)
    return Subject("wechat", index)


def opened(open_channels: Open, url: str, name: str = "wechat", **more: Any) -> Channel:
    return open_channels(
        wechat_base_url=url,
        wechat_mini_app_id=wechat.MINI[0],
        wechat_mini_secret=wechat.MINI[1],
        wechat_oauth_app_id=wechat.OFFICIAL[0],
        wechat_oauth_secret=wechat.OFFICIAL[1],
        wechat_page="pages/open/index",
        wechat_assistant=True,
        wechat_callback_token=wechat.PUSH_TOKEN,
        wechat_callback_aes_key=wechat.PUSH_KEY,
        **more,
    )[name]


async def tapped(subject: Subject, times: int, *, lasting: bool = False, at: datetime | None = None) -> None:
    for number in range(times):
        await acceptances.accept(subject, [TEMPLATE], f"tap-{number}", lasting=lasting, now=at or now())


async def left(subject: Subject) -> int:
    return sum(each.left for each in await acceptances.left([subject]))


async def test_one_tap_is_one_message_and_the_next_one_falls_back(
    channel: Channel, server: WeChatServer, subject: Subject
) -> None:
    await tapped(subject, 1)
    message = notice(OPEN_ID, TEMPLATE, thing1="示范医院")
    assert (await channel.send(message)).provider_id == "1700000000000000001"
    (row,) = server.ledger
    assert (row["touser"], row["template_id"], row["data"]) == (OPEN_ID, TEMPLATE, {"thing1": {"value": "示范医院"}})
    assert (row["miniprogram_state"], row["lang"]) == ("formal", "zh_CN")
    assert parse_qs(urlsplit(row["page"]).query)["q"] == [URL]
    with pytest.raises(Refused) as caught:
        await channel.send(notice(OPEN_ID, TEMPLATE))
    assert (caught.value.permanent, caught.value.falls_back, len(server.ledger)) == (True, True, 1)


async def test_a_long_term_subscription_is_not_used_up(channel: Channel, server: WeChatServer, subject: Subject) -> None:
    await tapped(subject, 1, lasting=True)
    for _ in range(2):
        await channel.send(notice(OPEN_ID, TEMPLATE))
    assert await acceptances.left([subject]) == [Left("wechat", TEMPLATE, 1, lasting=True)]


async def test_43101_ends_what_we_thought_they_had_agreed_to(channel: Channel, server: WeChatServer, subject: Subject) -> None:
    await tapped(subject, 5)
    server.accepted = {}
    with pytest.raises(Refused) as caught:
        await channel.send(notice(OPEN_ID, TEMPLATE))
    assert (caught.value.code, caught.value.permanent, caught.value.falls_back) == ("43101", True, True)
    assert await left(subject) == 0


@pytest.mark.parametrize(
    ("mood", "error", "taps_left"),
    [
        ("cut", Unknown, 0),
        ("shut", Unknown, 0),
        ("broken", Unknown, 0),
        ("garbled", Unknown, 0),
        ("throttle", Throttled, 1),
        ("fail", Throttled, 1),
    ],
)
async def test_whatever_it_does_the_outcome_is_ours_and_a_tap_comes_back_only_when_it_was_not_sent(
    channel: Channel, server: WeChatServer, subject: Subject, mood: str, error: type[Exception], taps_left: int
) -> None:
    await tapped(subject, 2)
    await channel.send(notice(OPEN_ID, TEMPLATE))  # now it has an access token
    server.moods.append(mood)
    message = notice(OPEN_ID, TEMPLATE)
    with pytest.raises(error):
        await channel.send(message)
    assert await left(subject) == taps_left
    assert await channel.ask(message) is Outcome.UNKNOWN


async def test_nobody_waits_long_for_one_that_hangs(server: WeChatServer, subject: Subject, open_channels: Open) -> None:
    channel = opened(open_channels, server.url, message_seconds=BRIEF_SECONDS)
    await tapped(subject, 2)
    await channel.send(notice(OPEN_ID, TEMPLATE))
    server.mood = "hang"
    with pytest.raises(Unknown):
        await channel.send(notice(OPEN_ID, TEMPLATE))


async def test_without_an_access_token_nothing_was_sent(server: WeChatServer, subject: Subject, open_channels: Open) -> None:
    await tapped(subject, 1)
    for url, mood in (("http://127.0.0.1:1", "well"), (server.url, "broken"), (server.url, "garbled")):
        server.mood = mood
        with pytest.raises(ChannelDown):
            await opened(open_channels, url).send(notice(OPEN_ID, TEMPLATE))
    assert await left(subject) == 1


async def test_a_refused_access_token_is_renewed_once_and_not_for_ever(
    channel: Channel, server: WeChatServer, subject: Subject
) -> None:
    await tapped(subject, 2)
    server.forgets_tokens = 1
    await channel.send(notice(OPEN_ID, TEMPLATE))
    server.forgets_tokens, asked = 1000, len(server.asked)
    with pytest.raises(ChannelDown):
        await channel.send(notice(OPEN_ID, TEMPLATE))
    assert len(server.asked) - asked <= 4
    assert await left(subject) == 1


@pytest.mark.parametrize(
    ("number", "permanent"), [(40003, True), (47003, True), (40037, False), (41030, False), (48001, False), (99999, False)]
)
async def test_a_no_is_never_for_this_message_or_until_a_person_mends_the_settings(
    channel: Channel, server: WeChatServer, subject: Subject, number: int, permanent: bool
) -> None:
    await tapped(subject, 1)
    server.refuses = number
    with pytest.raises(Refused) as caught:
        await channel.send(notice(OPEN_ID, TEMPLATE))
    assert (caught.value.code, caught.value.permanent, await left(subject)) == (str(number), permanent, 1)


async def test_the_assistant_needs_no_tap_and_speaks_for_the_official_account(
    server: WeChatServer, database: Settings, open_channels: Open
) -> None:
    assistant = opened(open_channels, server.url, "assistant")
    message = notice(OPEN_ID, "1505001", department_name="影像中心")
    await assistant.send(message)
    (row,) = server.ledger
    assert (row["status"], row["open_id"], row["msg_id"], row["app_id"]) == (1505001, OPEN_ID, message.id, wechat.OFFICIAL[0])
    assert row["business_info"] == {"department_name": "影像中心", "redirect_page": {"page_type": "web", "url": URL}}
    with pytest.raises(Refused) as caught:
        await assistant.send(notice(OPEN_ID, ""))
    assert (caught.value.permanent, await assistant.ask(message)) == (False, Outcome.UNKNOWN)


@pytest.mark.parametrize("xml", [True, False])
async def test_pushes_say_what_became_of_messages_and_who_takes_no_more(
    channel: Channel, server: WeChatServer, subject: Subject, xml: bool
) -> None:
    assert isinstance(channel, Listening)
    await tapped(subject, 2)
    query, body = server.pushed(server.sent_event(OPEN_ID, "17"), xml=xml)
    heard = await channel.heard(Call("POST", query, body), now())
    assert [(each.provider_id, each.outcome, each.code) for each in heard.receipts] == [("17", Outcome.DELIVERED, "0")]
    assert heard.answer == b"success"
    again = await channel.heard(Call("POST", query, body), now())
    assert heard.once == again.once != ""
    failed = server.pushed(server.sent_event(OPEN_ID, "18", code=1003), xml=xml)
    (receipt,) = (await channel.heard(Call("POST", *failed), now())).receipts
    assert receipt.outcome is Outcome.FAILED
    refused = server.pushed(server.refused_event(OPEN_ID, TEMPLATE, "another"), xml=xml)
    assert (await channel.heard(Call("POST", *refused), now() + timedelta(seconds=2))).receipts == ()
    assert await left(subject) == 0


async def test_what_was_accepted_after_a_refusal_outlives_its_late_repetition(
    channel: Channel, server: WeChatServer, subject: Subject
) -> None:
    assert isinstance(channel, Listening)
    refused = server.pushed(server.refused_event(OPEN_ID, TEMPLATE))
    await tapped(subject, 1, at=now() + timedelta(seconds=5))
    await channel.heard(Call("POST", *refused), now() + timedelta(seconds=6))
    assert await left(subject) == 1


async def test_the_check_of_the_address_is_answered_with_its_echo(channel: Channel) -> None:
    """The token and the signature that WeChat's own page shows."""
    assert isinstance(channel, Listening)
    query = {"timestamp": "1714036504", "nonce": "1514711492", "echostr": "4375120948345356249"}
    assert wechat.sha1("AAAAA", query["timestamp"], query["nonce"]) == "f464b24fc39322e44b38aa78f5edd27bd1441696"
    query["signature"] = wechat.sha1(wechat.PUSH_TOKEN, query["timestamp"], query["nonce"])
    assert (await channel.heard(Call("GET", query, b""), now())).answer == b"4375120948345356249"


async def test_what_wechat_did_not_sign_and_close_is_refused(channel: Channel, server: WeChatServer) -> None:
    assert isinstance(channel, Listening)
    event = server.sent_event(OPEN_ID, "17")
    query, body = server.pushed(event)
    _, other_body = server.pushed(event)
    forged = [
        Call("POST", {}, body),
        Call("POST", query | {"signature": "0" * 40}, body),
        Call("POST", query | {"msg_signature": "é"}, body),
        Call("POST", query, other_body),
        Call("GET", query | {"nonce": "1"}, b""),
        Call("POST", *server.pushed(event, app_id="wx-of-another")),
    ]
    for call in forged:
        with pytest.raises(Unauthenticated):
            await channel.heard(call, now())


async def test_a_signed_push_that_is_no_message_is_malformed(channel: Channel, server: WeChatServer) -> None:
    assert isinstance(channel, Listening)
    query, _ = server.pushed({})
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><xml><Encrypt>&a;</Encrypt></xml>'
    for body in (b"", b"{", b"[]", b"<xml></xml>", b"<xml>", b"{}", b'{"Encrypt":5}', b"\xff", bomb):
        with pytest.raises(Malformed):
            await channel.heard(Call("POST", query, body), now())
