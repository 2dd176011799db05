"""Counting reads on both databases: one entry a minute, durable before the first byte, with the right count."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import Unavailable
from infra.audit import Entry, Trail
from infra.auditcheck import verify
from infra.models import AuditEntry
from infra.settings import Settings
from infra.tally import Tally
from tests.infra.at_once import second_process
from tests.infra.failing import unwritable

AT = datetime(2026, 11, 20, 8, 30, 15, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
KEY = ("demo", "s", "1.2", "frames")


@pytest.fixture
def trail(database: Settings) -> Trail:
    return Trail(database.keys)


@pytest.fixture
def tally(trail: Trail) -> Tally:
    return Tally(trail)


def read(**more: Any) -> Entry:
    known: dict[str, Any] = {"chain": "demo", "at": AT, "action": "read", "session": "s", "study_uid": "1.2", "what": "frames"}
    return Entry(**(known | more))


async def counts() -> list[int]:
    return [row.count for row in await AuditEntry.all().order_by("number")]


async def test_first_read_of_a_minute_is_on_record_when_it_returns(tally: Tally) -> None:
    await tally.read(read())
    row = await AuditEntry.get()
    assert (row.count, row.at, row.what) == (1, AT.replace(second=0), "frames")


async def test_reads_of_one_minute_are_one_entry_with_their_number(tally: Tally, trail: Trail) -> None:
    for second in range(30):
        await tally.read(read(at=AT + timedelta(seconds=second)))
    await tally.close()
    assert await counts() == [30]
    assert await verify(trail) == (1, None)


async def test_reads_at_the_same_moment_open_one_entry(tally: Tally) -> None:
    await asyncio.gather(*(tally.read(read()) for _ in range(40)))
    await tally.close()
    assert await counts() == [40]


async def test_nothing_is_seen_before_it_is_on_record(tally: Tally) -> None:
    assert not tally.seen(KEY, AT)
    reading = asyncio.create_task(tally.read(read()))
    await asyncio.sleep(0)
    assert not tally.seen(KEY, AT)
    await reading
    assert tally.seen(KEY, AT)
    await tally.close()
    assert await counts() == [2]


async def test_each_session_study_kind_and_hospital_has_its_own_entry(tally: Tally) -> None:
    await tally.read(read())
    for other in ({"session": "t"}, {"study_uid": "1.3"}, {"what": "rendered"}, {"chain": "demo2"}):
        await tally.read(read(**other))
    await tally.close()
    assert await counts() == [1] * 5


async def test_next_minute_is_another_entry_and_no_count_is_lost(tally: Tally, trail: Trail) -> None:
    for _ in range(3):
        await tally.read(read())
    assert not tally.seen(KEY, AT + MINUTE)
    await asyncio.gather(*(tally.read(read(at=AT + MINUTE)) for _ in range(5)))
    await tally.settle(AT + MINUTE)
    await tally.settle(AT + 3 * MINUTE)
    assert await counts() == [3, 5]
    assert await verify(trail) == (2, None)


async def test_settling_adds_each_read_once_while_others_come(tally: Tally) -> None:
    await tally.read(read())
    for _ in range(10):
        assert tally.seen(KEY, AT)
        await asyncio.gather(tally.settle(AT), tally.settle(AT), tally.read(read()))
    await tally.close()
    assert await counts() == [21]


async def test_a_restart_within_the_minute_goes_on_with_its_entry(tally: Tally, trail: Trail) -> None:
    await tally.read(read())
    await tally.close()
    again = Tally(trail)
    await again.read(read())
    assert again.seen(KEY, AT)
    await again.close()
    assert await counts() == [3]


async def test_two_processes_counting_the_same_minute_make_one_entry(tally: Tally, trail: Trail, database: Settings) -> None:
    await asyncio.gather(
        second_process(database, "count", 30, "demo", AT),
        second_process(database, "count", 30, "demo", AT),
        *(tally.read(read()) for _ in range(30)),
    )
    await tally.close()
    assert await counts() == [90]
    assert await verify(trail) == (1, None)


async def test_two_tallies_opening_the_same_minute_at_once_make_one_entry(trail: Trail, database: Settings) -> None:
    tallies = [Tally(Trail(database.keys)) for _ in range(4)]
    for minute in range(10):
        await asyncio.gather(*(tally.read(read(at=AT + minute * MINUTE)) for tally in tallies))
    for tally in tallies:
        await tally.close()
    assert await counts() == [4] * 10
    assert await verify(trail) == (10, None)


async def test_a_read_that_cannot_be_recorded_fails_and_the_next_one_is_tried_anew(tally: Tally, database: Settings) -> None:
    async with unwritable(database):
        for _ in range(2):
            with pytest.raises(Unavailable):
                await tally.read(read())
        assert not tally.seen(KEY, AT)
    await tally.read(read())
    await tally.close()
    assert await counts() == [1]


async def test_counts_that_cannot_be_written_are_kept_for_the_next_time(tally: Tally, database: Settings) -> None:
    await tally.read(read())
    assert tally.seen(KEY, AT)
    async with unwritable(database):
        with pytest.raises(Unavailable):
            await tally.settle(AT + MINUTE)
    await tally.settle(AT + MINUTE)
    assert await counts() == [2]
