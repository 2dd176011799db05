"""Codes sent to a phone: once, ten minutes, five tries, and how many may leave."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from core.errors import TooManyRequests, Unauthenticated
from identity.models import SmsChallenge
from identity.sms_codes import Caps, Purpose, SmsCodes
from infra.sealing import Sealer
from infra.settings import Settings
from tests.identity.conftest import NOON

PHONE = "+8613800138001"
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def codes(database: Settings, sealer: Sealer) -> SmsCodes:
    return SmsCodes(database.keys, sealer, Caps(per_address_an_hour=20, in_total_an_hour=25))


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


async def test_the_right_code_names_its_phone_once(codes: SmsCodes) -> None:
    issued = await codes.issue(PHONE, Purpose.LOGIN, "192.0.2.1", NOON)
    assert await codes.redeem(issued.challenge, issued.code, Purpose.LOGIN, NOON + MINUTE) == PHONE
    with pytest.raises(Unauthenticated):
        await codes.redeem(issued.challenge, issued.code, Purpose.LOGIN, NOON + MINUTE)


async def test_a_code_is_over_after_ten_minutes(codes: SmsCodes) -> None:
    issued = await codes.issue(PHONE, Purpose.LOGIN, "192.0.2.1", NOON)
    with pytest.raises(Unauthenticated):
        await codes.redeem(issued.challenge, issued.code, Purpose.LOGIN, NOON + 10 * MINUTE)


async def test_a_code_for_one_purpose_is_not_good_for_another(codes: SmsCodes) -> None:
    issued = await codes.issue(PHONE, Purpose.FAMILY, "192.0.2.1", NOON)
    with pytest.raises(Unauthenticated):
        await codes.redeem(issued.challenge, issued.code, Purpose.LOGIN, NOON)


async def test_an_unknown_challenge_looks_like_a_wrong_code(codes: SmsCodes) -> None:
    with pytest.raises(Unauthenticated, match="not the code of this challenge"):
        await codes.redeem("0" * 32, "123456", Purpose.LOGIN, NOON)


async def test_after_five_wrong_codes_the_right_one_is_refused(codes: SmsCodes) -> None:
    issued = await codes.issue(PHONE, Purpose.LOGIN, "192.0.2.1", NOON)
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            await codes.redeem(issued.challenge, wrong(issued.code), Purpose.LOGIN, NOON)
    with pytest.raises(Unauthenticated):
        await codes.redeem(issued.challenge, issued.code, Purpose.LOGIN, NOON)


async def test_of_a_hundred_wrong_codes_at_once_five_are_looked_at(codes: SmsCodes) -> None:
    issued = await codes.issue(PHONE, Purpose.LOGIN, "192.0.2.1", NOON)
    tries = (codes.redeem(issued.challenge, wrong(issued.code), Purpose.LOGIN, NOON) for _ in range(100))
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert all(isinstance(answer, Unauthenticated) for answer in answers)
    assert (await SmsChallenge.get(id=issued.challenge)).tries_left == 0
    with pytest.raises(Unauthenticated):
        await codes.redeem(issued.challenge, issued.code, Purpose.LOGIN, NOON)


async def test_the_right_code_many_times_at_once_is_good_once(codes: SmsCodes) -> None:
    issued = await codes.issue(PHONE, Purpose.LOGIN, "192.0.2.1", NOON)
    tries = (codes.redeem(issued.challenge, issued.code, Purpose.LOGIN, NOON) for _ in range(20))
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert answers.count(PHONE) == 1


async def test_a_phone_gets_one_code_a_minute_however_many_ask_at_once(codes: SmsCodes) -> None:
    asked = (codes.issue(PHONE, Purpose.LOGIN, "192.0.2.1", NOON) for _ in range(10))
    answers = await asyncio.gather(*asked, return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, TooManyRequests)]
    assert len(refused) == 9
    assert 0 < refused[0].retry_after_seconds <= 61
    await codes.issue(PHONE, Purpose.LOGIN, "192.0.2.1", NOON + MINUTE)


async def test_a_phone_gets_five_codes_an_hour_and_ten_a_day(codes: SmsCodes) -> None:
    at, sent = NOON, 0
    while at < NOON + timedelta(hours=23):
        try:
            await codes.issue(PHONE, Purpose.LOGIN, f"192.0.2.{sent}", at)
            sent += 1
        except TooManyRequests:
            pass
        if at == NOON + 59 * MINUTE:
            assert sent == 5
        at += 59 * MINUTE if sent == 5 and at == NOON + 6 * MINUTE else MINUTE if sent < 5 else 30 * MINUTE
    assert sent == 10


async def test_an_address_and_the_whole_have_their_caps(codes: SmsCodes) -> None:
    for number in range(20):
        await codes.issue(f"+86138001381{number:02}", Purpose.LOGIN, "192.0.2.1", NOON)
    with pytest.raises(TooManyRequests):
        await codes.issue("+8613800138199", Purpose.LOGIN, "192.0.2.1", NOON)
    for number in range(5):
        await codes.issue(f"+86138001382{number:02}", Purpose.LOGIN, "192.0.2.2", NOON)
    with pytest.raises(TooManyRequests):
        await codes.issue("+8613800138299", Purpose.LOGIN, "192.0.2.3", NOON)


async def test_the_database_holds_neither_number_nor_code(codes: SmsCodes) -> None:
    issued = await codes.issue(PHONE, Purpose.LOGIN, "192.0.2.1", NOON)
    row = await SmsChallenge.filter(id=issued.challenge).values()
    assert issued.code not in str(row)
    assert "13800138001" not in str(row)
