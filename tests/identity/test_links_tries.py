"""Tries of a link on both databases: never more answers count than it bears, and a server that dies takes none along."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from core.errors import TooManyRequests
from identity.links import Link, LinkEnded, LinkKind, Links, good_link
from identity.links_tries import HELD, Held, count_wrong, forget_tries, judged
from identity.models import LinkTry
from infra.database import transaction
from infra.epoch import Epoch
from infra.settings import Settings
from records.models import Hospital
from tests.identity.conftest import NOON

EXAM = "0191a000-0000-7000-8000-000000000001"
LATER = NOON + HELD


@pytest.fixture
def links(hospital: Hospital, settings: Settings, epoch: Epoch) -> Links:
    return Links(settings.keys, epoch)


@pytest.fixture
async def link(links: Links) -> Link:
    return await links.find(await links.issue(LinkKind.NOTICE, "demo", EXAM, now=NOON), NOON)


async def wrong(held: Held) -> None:
    async with transaction():
        await count_wrong(held)


async def answered(link: Link, *, right: bool, now: object = NOON) -> str:
    """What somebody is told."""

    async def is_right() -> bool:
        await asyncio.sleep(0)
        return right

    try:
        return "right" if await judged(link, now, is_right, wrong) else "wrong"  # type: ignore[arg-type]  # a moment
    except LinkEnded as ended:
        return ended.why


async def died(link: Link) -> None:
    """A server that is killed while it looks at an answer: what it had committed is there, and nothing after it."""
    looking = asyncio.Event()

    async def is_right() -> bool:
        looking.set()
        await asyncio.Event().wait()
        return True

    task = asyncio.create_task(judged(link, NOON, is_right, wrong))
    await looking.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_of_fifty_wrong_answers_at_once_five_are_looked_at(links: Links, link: Link) -> None:
    found = Counter(await asyncio.gather(*(answered(link, right=False) for _ in range(50))))
    assert found == {"wrong": 5, "locked": 45}
    assert await links.tries_left(link) == await LinkTry.all().count() == 0
    assert (await good_link(link.id, NOON)).id == link.id, "who proved it before has proved it"


async def test_right_answers_at_once_wait_for_their_turn_and_cost_nothing(links: Links, link: Link) -> None:
    assert set(await asyncio.gather(*(answered(link, right=True) for _ in range(12)))) == {"right"}
    assert (await links.tries_left(link), await LinkTry.all().count()) == (5, 0)


async def test_what_a_killed_server_held_is_free_again_after_a_minute_and_no_try_more(links: Links, link: Link) -> None:
    for _ in range(3):
        await died(link)
    assert [await answered(link, right=False) for _ in range(2)] == ["wrong"] * 2, "the others are free at once"
    assert await links.tries_left(link) == 3, "what nobody was told does not count"
    assert await answered(link, right=True, now=LATER) == "right"
    told = Counter(await asyncio.gather(*(answered(link, right=False, now=LATER) for _ in range(10))))
    assert told == {"wrong": 3, "locked": 7}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_while_killed_servers_hold_all_that_is_left_one_is_told_to_come_again(link: Link) -> None:
    for _ in range(5):
        await died(link)
    with pytest.raises(TooManyRequests) as full:
        await answered(link, right=True)
    assert full.value.retry_after_seconds == 60


async def test_an_answer_whose_hold_was_lost_is_looked_at_anew_or_not_told(links: Links, link: Link) -> None:
    for _ in range(4):
        assert await answered(link, right=False) == "wrong"
    frozen, looks = asyncio.Event(), 0

    async def is_right() -> bool:
        nonlocal looks
        looks += 1
        await frozen.wait()
        return True

    late = asyncio.create_task(judged(link, NOON, is_right, wrong))
    while not looks:
        await asyncio.sleep(0)
    assert await answered(link, right=False, now=LATER) == "wrong", "the last one, which stood still, was free again"
    frozen.set()
    with pytest.raises(LinkEnded, match="locked"):
        await late
    assert looks == 1, "a sixth answer counts for nothing, right as it was"


async def test_a_hold_by_a_clock_that_ran_ahead_holds_up_nothing(link: Link) -> None:
    await LinkTry.bulk_create([LinkTry(id=str(number), link_id=link.id, until=NOON + timedelta(days=9)) for number in range(5)])
    assert await answered(link, right=True) == "right"
    await died(link)
    await forget_tries(NOON)
    assert await LinkTry.all().count() == 1, "what is looked at just now stays"
    await forget_tries(LATER)
    assert await LinkTry.all().count() == 0
