"""Whatever workers do at once, a channel sends no faster than it may, rests after failures, and is tried again by one."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import timedelta

import pytest

from infra.database import transaction
from infra.settings import Settings
from notify import pace
from notify.channels import Refused, Unknown
from tests.notify.conftest import World
from tests.notify.postbox import Postbox
from tests.notify.test_sending import second_channel
from tests.records.saying import NOW, say_exam, say_patient, say_report

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
POSTGRES = pytest.mark.parametrize("database", ["postgres"], indirect=True)
SECOND = timedelta(seconds=1)


async def after_three_failures() -> None:
    """A channel that rests for five seconds from NOW."""
    for _ in range(pace.FAILURES_TO_REST):
        await pace.failed("aliyun", NOW)


async def report_of(world: World, number: int) -> None:
    """One more patient has a report."""
    await say_patient(f"N{number}", "某某", phones=(f"1380013810{number}",))
    await say_exam(f"N{number}", f"N{number}")
    await say_report(f"N{number}", verified_at=world.now)
    await world.decide()


async def test_many_who_ask_at_once_are_granted_what_a_second_holds(database: Settings) -> None:
    async def ask(second: int) -> int:
        async with transaction():  # as a worker does, among its own locks
            return await pace.grant("aliyun", 3, NOW + second * SECOND, per_second=10)

    for second in range(3):
        granted = [each for _ in range(4) for each in await asyncio.gather(*(ask(second) for _ in range(4)))]
        assert sum(granted) == 10


@POSTGRES
async def test_nobody_waits_for_the_commit_of_who_was_granted_before(database: Settings) -> None:
    asked, done = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        async with transaction():
            await pace.grant("aliyun", 4, NOW, per_second=10)
            asked.set()
            await done.wait()
            raise RuntimeError("and then it fails")

    first = asyncio.create_task(slow())
    await asked.wait()
    assert await pace.grant("aliyun", 10, NOW, per_second=10) == 6
    done.set()
    with pytest.raises(RuntimeError):
        await first
    assert await pace.grant("aliyun", 1, NOW, per_second=10) == 0, "what was granted and not used is lost"


async def test_a_clock_that_goes_backwards_counts_in_the_second_it_had_reached(database: Settings) -> None:
    assert await pace.grant("aliyun", 4, NOW, per_second=10) == 4
    assert await pace.grant("aliyun", 4, NOW - 5 * SECOND, per_second=10) == 4
    assert await pace.grant("aliyun", 4, NOW, per_second=10) == 2
    assert await pace.grant("aliyun", 4, NOW + SECOND, per_second=10) == 4
    assert await pace.grant("sandbox", 4, NOW, per_second=10) == 4, "another channel has a pace of its own"


async def test_a_clock_that_was_hours_ahead_holds_up_nothing_once_it_is_right(database: Settings) -> None:
    hours = timedelta(hours=5)
    assert await pace.grant("aliyun", 10, NOW + hours, per_second=10) == 10
    assert await pace.grant("aliyun", 8, NOW, per_second=10) == 8
    assert await pace.grant("aliyun", 8, NOW, per_second=10) == 2
    for _ in range(pace.FAILURES_TO_REST):
        await pace.failed("aliyun", NOW + hours)
    assert await pace.resting(NOW) == {}
    assert await pace.grant("aliyun", 8, NOW + SECOND, per_second=10) == 1, "its failures still count"
    await pace.failed("aliyun", NOW + SECOND, seconds=30)
    assert await pace.resting(NOW + SECOND) == {"aliyun": NOW + 31 * SECOND}


async def test_after_a_rest_one_message_tries_and_all_go_once_it_works(database: Settings) -> None:
    await after_three_failures()
    assert await pace.grant("aliyun", 4, NOW + 4 * SECOND, per_second=10) == 0
    at = NOW + 5 * SECOND
    assert sum(await asyncio.gather(*(pace.grant("aliyun", 4, at, per_second=10) for _ in range(7)))) == 1
    assert await pace.grant("aliyun", 4, at + 9 * SECOND, per_second=10) == 0, "it is still being tried, or its worker is gone"
    assert await pace.grant("aliyun", 4, at + 10 * SECOND, per_second=10) == 1, "the next try"
    await pace.worked("aliyun")
    assert await pace.grant("aliyun", 4, at + 11 * SECOND, per_second=10) == 4


@SQLITE
async def test_a_try_that_fails_late_is_followed_by_a_whole_rest(database: Settings) -> None:
    await after_three_failures()
    at = NOW + 5 * SECOND
    assert await pace.grant("aliyun", 1, at, per_second=10) == 1
    await pace.failed("aliyun", at + 8 * SECOND)
    assert (await pace.resting(at))["aliyun"] == at + 18 * SECOND
    await pace.failed("aliyun", at + 9 * SECOND, seconds=300)
    assert (await pace.resting(at))["aliyun"] == at + 309 * SECOND, "a provider that asks for a pause has it"


@SQLITE
async def test_many_failures_at_once_are_one_rest_and_the_next_is_longer(database: Settings) -> None:
    rests, at = [], NOW
    for _ in range(2):
        for _ in range(16):
            await pace.failed("gateway", at)
        until = (await pace.resting(at))["gateway"]
        rests.append((until - at).total_seconds())
        at = until
    assert rests == [5, 10]
    await pace.worked("gateway")
    await pace.failed("gateway", at)
    assert await pace.resting(at) == {}


@SQLITE
async def test_a_channel_that_hangs_rests_and_the_next_message_goes_by_another(world: World, box: Postbox) -> None:
    other = second_channel(world)
    box.down = Unknown("no answer")
    for number in range(pace.FAILURES_TO_REST):
        await report_of(world, number)
        await world.work()
    assert (len(other.ledger), list(await pace.resting(world.now))) == (0, [box.name])
    await report_of(world, 9)
    await world.work()
    assert (box.ledger, len(other.ledger)) == ([], 1)


class OwnOfEach(Postbox):
    """A channel that is another server for each hospital."""

    def lane(self, hospital: str) -> str:
        return f"gateway:{hospital}"


@SQLITE
async def test_a_hospitals_own_gateway_that_is_away_holds_up_no_other_hospital(world: World) -> None:
    own = OwnOfEach()
    world.office = dataclasses.replace(world.office, channels={own.name: own})
    for hospital in ("demo", "other"):
        for _ in range(pace.FAILURES_TO_REST):
            await pace.failed(f"gateway:{hospital}", world.now)
    for number in range(2):
        await report_of(world, number)
    await world.work()
    assert await world.states() == ["waiting"] * 2
    await pace.worked("gateway:demo")
    await world.pass_by(seconds=5)
    assert await world.states() == ["sent"] * 2
    assert list(await pace.resting(world.now - SECOND)) == ["gateway:other"]


@SQLITE
async def test_who_refuses_a_message_works(world: World, box: Postbox) -> None:
    for _ in range(pace.FAILURES_TO_REST):
        await pace.failed(box.name, world.now)
    await report_of(world, 1)
    box.errors = [Refused("no", code="isv.BLACK", permanent=True, falls_back=True)]
    await world.pass_by(seconds=6)
    assert (await world.states(), await pace.suspects()) == (["failed refused"], set())
