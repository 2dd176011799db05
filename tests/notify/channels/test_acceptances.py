"""What persons agreed to: one tap is one message, also when many messages come at once, on both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from core.clock import now
from core.uids import uuid7
from infra.settings import Settings
from notify.channels.acceptances import MOST_OPEN, Left, Subject, accept, end, forget, give_back, kept, left, remove, take
from notify.channels.models import Acceptance

SUBJECT, OTHER = Subject("wechat", "a" * 64), Subject("wechat", "b" * 64)
pytestmark = pytest.mark.usefixtures("database")


async def tapped(subject: Subject, *taps: str) -> None:
    for tap in taps:
        await accept(subject, ["T"], tap, lasting=False, now=now())


async def test_of_many_messages_at_once_each_tap_serves_one(database: Settings) -> None:
    await tapped(SUBJECT, "1", "2", "3")
    taken = await asyncio.gather(*(take(SUBJECT, "T", uuid7()) for _ in range(6)))
    assert sorted(taken) == [False] * 3 + [True] * 3
    assert await left([SUBJECT]) == []


async def test_a_message_that_is_tried_again_uses_no_second_tap() -> None:
    await tapped(SUBJECT, "1", "2")
    message = uuid7()
    assert [await take(SUBJECT, "T", message) for _ in range(3)] == [True] * 3
    assert await left([SUBJECT]) == [Left("wechat", "T", 1, lasting=False)]
    await give_back(message)
    assert await left([SUBJECT]) == [Left("wechat", "T", 2, lasting=False)]


async def test_a_tap_told_twice_counts_once_and_nobody_fills_the_table() -> None:
    await tapped(SUBJECT, "1", "1")
    assert (await left([SUBJECT]))[0].left == 1
    await tapped(SUBJECT, *(str(number) for number in range(MOST_OPEN + 10)))
    assert (await left([SUBJECT]))[0].left == MOST_OPEN


async def test_taps_are_of_one_person_and_one_template() -> None:
    await tapped(SUBJECT, "1")
    assert not await take(OTHER, "T", uuid7())
    assert not await take(SUBJECT, "U", uuid7())


async def test_what_was_used_or_ended_is_forgotten_and_what_is_open_stays() -> None:
    await tapped(SUBJECT, "1", "2")
    await tapped(OTHER, "1")
    await take(SUBJECT, "T", uuid7())
    await end(OTHER, "T", now(), now())
    await forget(now() + timedelta(days=1))
    assert await Acceptance.all().count() == 1


async def test_a_person_gets_a_copy_of_them_and_takes_them_along() -> None:
    await tapped(SUBJECT, "1")
    await tapped(OTHER, "1")
    (mine,) = await kept([SUBJECT.index])
    assert (mine["channel"], mine["template"], mine["lasting"], mine["ended_at"]) == ("wechat", "T", False, None)
    await remove([SUBJECT.index])
    assert await kept([SUBJECT.index]) == []
    assert await Acceptance.all().count() == 1
