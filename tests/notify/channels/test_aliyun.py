"""SMS by Aliyun: what leaves is signed and once; whatever Aliyun does, the outcome is one of ours, within seconds."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from aliyunsdkcore.http import protocol_type  # type: ignore[import-untyped]

from core.clock import now
from core.errors import Malformed, Misconfigured, Unauthenticated
from notify.channels import (
    Call,
    Channel,
    ChannelDown,
    Listening,
    Outcome,
    Refused,
    Throttled,
    Unknown,
)
from notify.channels.aliyuncalls import place
from tests.notify.channels.conftest import BRIEF_SECONDS, Open, notice
from tests.parts import aliyun
from tests.parts.aliyun import AliyunServer

SECRET_PATH = "a-path-that-nobody-guesses"
pytestmark = pytest.mark.usefixtures("logged")


@pytest.fixture(scope="module")
def running() -> Iterator[AliyunServer]:
    server = AliyunServer()
    with server.running():
        yield server


@pytest.fixture
def server(running: AliyunServer) -> Iterator[AliyunServer]:
    running.mood, running.refuses, running.state, running.shows_after = "well", "", aliyun.DELIVERED, 0.0
    running.ledger.clear()
    running.faults.clear()
    running.moods.clear()
    yield running
    running.let_go()


@pytest.fixture
def channel(server: AliyunServer, open_channels: Open) -> Channel:
    return opened(open_channels, server.url)


def opened(open_channels: Open, url: str, **more: object) -> Channel:
    return open_channels(
        aliyun_base_url=url,
        aliyun_access_key_id=aliyun.KEY_ID,
        aliyun_access_key_secret=aliyun.KEY_SECRET,
        aliyun_sign_name=aliyun.SIGN_NAME,
        aliyun_callback_secret=SECRET_PATH,
        **more,
    )["aliyun"]


def test_the_stand_in_signs_as_published() -> None:
    """ECS DescribeRegions with testid and testsecret, spelled as published (developer.aliyun.com/ask/210168)."""
    parameters = {
        "TimeStamp": "2016-02-23T12:46:24Z",
        "Format": "XML",
        "AccessKeyId": "testid",
        "Action": "DescribeRegions",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf",
        "Version": "2014-05-26",
        "SignatureVersion": "1.0",
    }
    text = aliyun.string_to_sign("GET", parameters)
    assert aliyun.signature(text, "testsecret") == "CT9X0VtwR86fNWSnsc6v8YGOjuE="


async def test_a_message_leaves_once_signed_and_with_nothing_personal_in_the_url(
    channel: Channel, server: AliyunServer
) -> None:
    message = notice()
    sent = await channel.send(message)
    (row,) = server.ledger
    assert server.faults == []
    assert sent.provider_id == row["biz_id"]
    assert (row["out_id"], row["phone"], row["template"]) == (message.id, "13812345678", "SMS_1")
    assert (row["sign"], row["params"]) == (aliyun.SIGN_NAME, message.params)


async def test_a_hospitals_own_signature_wins_and_foreign_numbers_carry_their_country(
    channel: Channel, server: AliyunServer
) -> None:
    await channel.send(dataclasses.replace(notice("+85251234567"), signature="第二医院"))
    assert (server.ledger[0]["sign"], server.ledger[0]["phone"]) == ("第二医院", "0085251234567")


def test_an_https_address_is_spoken_to_in_https() -> None:
    """The SDK compares the protocol by identity, and falls back to http for any other text that says https."""
    for url, expected in (
        ("https://sms.example.org", ("sms.example.org", 443, protocol_type.HTTPS)),
        ("HTTPS://sms.example.org:8443/", ("sms.example.org", 8443, protocol_type.HTTPS)),
        ("http://127.0.0.1:80", ("127.0.0.1", 80, protocol_type.HTTP)),
    ):
        assert place(url) == expected
        assert place(url)[2] is expected[2]


@pytest.mark.parametrize(
    ("mood", "error"),
    [
        ("cut", Unknown),
        ("shut", Unknown),
        ("broken", Unknown),
        ("garbled", Unknown),
        ("fail", Unknown),
        ("throttle", Throttled),
    ],
)
async def test_whatever_it_does_the_outcome_is_ours_and_it_is_asked_once(
    channel: Channel, server: AliyunServer, mood: str, error: type[Exception]
) -> None:
    server.mood, asked = mood, len(server.asked)
    with pytest.raises(error):
        await channel.send(notice())
    assert len(server.asked) == asked + 1


async def test_it_hangs_and_nobody_waits_long_nor_is_anything_sent_later(server: AliyunServer, open_channels: Open) -> None:
    """Twenty at once, eight threads: those that left may have arrived and are asked for, the others never leave."""
    channel = opened(open_channels, server.url, message_seconds=BRIEF_SECONDS)
    server.mood = "hang"
    messages = [notice() for _ in range(20)]
    outcomes = await asyncio.gather(*(channel.send(each) for each in messages), return_exceptions=True)
    assert {type(each) for each in outcomes} == {Unknown, ChannelDown}
    server.mood = "well"
    server.let_go()
    patient = opened(open_channels, server.url)
    await patient.send(notice())
    not_sent = {each.id for each, outcome in zip(messages, outcomes, strict=True) if isinstance(outcome, ChannelDown)}
    arrived = {row["out_id"] for row in server.ledger}
    assert not_sent.isdisjoint(arrived)
    found = next(each for each in messages if each.id in arrived)
    assert await patient.ask(found) is Outcome.DELIVERED


async def test_an_answer_that_comes_twice_is_one_message_and_the_next_one_is_not_confused(
    channel: Channel, server: AliyunServer
) -> None:
    server.moods.append("twice")
    first, second = notice(), notice()
    sent = [(await channel.send(each)).provider_id for each in (first, second)]
    assert sent == [row["biz_id"] for row in server.ledger]
    assert [row["out_id"] for row in server.ledger] == [first.id, second.id]


async def test_nobody_there_is_for_certain_not_sent(open_channels: Open) -> None:
    with pytest.raises(ChannelDown):
        await opened(open_channels, "http://127.0.0.1:1").send(notice())


@pytest.mark.parametrize(
    ("code", "retry_after_seconds"),
    [("isv.BUSINESS_LIMIT_CONTROL", 60), ("isv.DAY_LIMIT_CONTROL", 86_400), ("isv.MONTH_LIMIT_CONTROL", 86_400)],
)
async def test_too_many_to_one_number_waits_and_does_not_stop_the_channel(
    channel: Channel, server: AliyunServer, code: str, retry_after_seconds: int
) -> None:
    server.refuses = code
    with pytest.raises(Throttled) as caught:
        await channel.send(notice())
    assert (caught.value.retry_after_seconds, caught.value.recipient_only) == (retry_after_seconds, True)


@pytest.mark.parametrize(
    ("code", "permanent"),
    [
        ("isv.MOBILE_NUMBER_ILLEGAL", True),
        ("isv.TEMPLATE_PARAMS_ILLEGAL", True),
        ("isv.SMS_TEMPLATE_ILLEGAL", False),
        ("isv.SMS_SIGNATURE_ILLEGAL", False),
        ("isv.AMOUNT_NOT_ENOUGH", False),
        ("isv.OUT_OF_SERVICE", False),
        ("isp.RAM_PERMISSION_DENY", False),
        ("isv.A_CODE_OF_NEXT_YEAR", False),
    ],
)
async def test_a_no_is_never_for_this_message_or_until_a_person_mends_the_account(
    channel: Channel, server: AliyunServer, code: str, permanent: bool
) -> None:
    server.refuses = code
    with pytest.raises(Refused) as caught:
        await channel.send(notice())
    assert (caught.value.code, caught.value.permanent, caught.value.falls_back) == (code, permanent, True)
    assert server.ledger == []


async def test_an_error_behind_the_gateway_may_come_after_the_sending(channel: Channel, server: AliyunServer) -> None:
    server.refuses = "isp.SYSTEM_ERROR"
    with pytest.raises(Unknown):
        await channel.send(notice())


async def test_a_wrong_secret_is_a_matter_of_settings(server: AliyunServer, open_channels: Open) -> None:
    stranger = open_channels(
        aliyun_base_url=server.url, aliyun_access_key_id=aliyun.KEY_ID, aliyun_access_key_secret="secret-of-another"
    )["aliyun"]
    with pytest.raises(Refused) as caught:
        await stranger.send(notice())
    assert (caught.value.permanent, server.faults) == (False, ["SignatureDoesNotMatch"])


async def test_a_cut_off_message_is_found_by_its_id(channel: Channel, server: AliyunServer) -> None:
    server.moods.append("cut")
    message = notice()
    with pytest.raises(Unknown):
        await channel.send(message)
    assert await channel.ask(message) is Outcome.DELIVERED
    for state, outcome in ((aliyun.WAITING, Outcome.ACCEPTED), (aliyun.FAILED, Outcome.FAILED)):
        server.ledger[0]["state"] = state
        assert await channel.ask(message) is outcome


async def test_a_message_that_is_not_shown_was_not_sent_only_when_it_would_be_shown_by_now(
    channel: Channel, server: AliyunServer
) -> None:
    young, old = notice(), notice(tried_at=now() - timedelta(minutes=6))
    assert await channel.ask(young) is Outcome.UNKNOWN
    assert await channel.ask(old) is Outcome.NOT_SENT
    older_than_aliyun_remembers = notice(tried_at=now() - timedelta(days=31))
    assert await channel.ask(older_than_aliyun_remembers) is Outcome.UNKNOWN
    never_tried_as_far_as_we_know = dataclasses.replace(old, tried_at=None)
    assert await channel.ask(never_tried_as_far_as_we_know) is Outcome.UNKNOWN


async def test_a_message_is_found_behind_a_page_of_others_and_after_midnight(channel: Channel, server: AliyunServer) -> None:
    for _ in range(51):
        await channel.send(notice())
    message = notice(tried_at=now() - timedelta(days=1))
    await channel.send(message)
    assert await channel.ask(message) is Outcome.DELIVERED


@pytest.mark.parametrize("mood", ["cut", "shut", "broken", "garbled", "fail"])
async def test_who_cannot_be_asked_says_so(channel: Channel, server: AliyunServer, mood: str) -> None:
    server.mood = mood
    with pytest.raises(ChannelDown):
        await channel.ask(notice())


async def test_a_base_url_with_a_path_is_refused_at_the_start(open_channels: Open) -> None:
    for url in ("https://sms.example.org/api", "sms.example.org", "ftp://sms.example.org"):
        with pytest.raises(Misconfigured, match="CLOUDFILM_ALIYUN_BASE_URL"):
            opened(open_channels, url)


async def test_receipts_come_in_batches_and_strange_ones_among_them_do_no_harm(channel: Channel, server: AliyunServer) -> None:
    good, bad = notice(), notice()
    await channel.send(good)
    server.state = aliyun.FAILED
    await channel.send(bad)
    batch = [*json.loads(server.receipts(server.ledger)), {"out_id": "not ours"}, {"out_id": 5}, "x", None]
    batch[0]["report_time"] = "yesterday"
    assert isinstance(channel, Listening)
    at = now()
    heard = await channel.heard(Call("POST", {}, json.dumps(batch).encode(), SECRET_PATH), at)
    first, second = heard.receipts
    assert (first.out_id, first.provider_id, first.outcome) == (good.id, server.ledger[0]["biz_id"], Outcome.DELIVERED)
    assert (second.out_id, second.outcome, second.code) == (bad.id, Outcome.FAILED, "UNDELIVERABLE")
    assert first.at == at >= second.at
    assert json.loads(heard.answer) == {"code": 0, "msg": "接收成功"}


async def test_receipts_that_nobody_can_read_are_malformed(channel: Channel) -> None:
    assert isinstance(channel, Listening)
    for body in (b"", b"{", b"{}", b'"x"', json.dumps([{}] * 1001).encode(), b"\xff"):
        with pytest.raises(Malformed):
            await channel.heard(Call("POST", {}, body, SECRET_PATH), now())


async def test_receipts_by_another_path_or_from_another_address_are_not_aliyuns(
    server: AliyunServer, open_channels: Open
) -> None:
    listening = opened(open_channels, server.url, aliyun_callback_addresses=("203.0.113.7",))
    assert isinstance(listening, Listening)
    for secret, address in (("", "203.0.113.7"), ("another", "203.0.113.7"), ("é", "203.0.113.7"), (SECRET_PATH, "::1")):
        with pytest.raises(Unauthenticated):
            await listening.heard(Call("POST", {}, b"[]", secret, address), now())
    assert (await listening.heard(Call("POST", {}, b"[]", SECRET_PATH, "203.0.113.7"), now())).receipts == ()
