"""Reading ahead: useful, in quiet moments only, and given up in time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from archive.tiers import Tiers
from tests.archive.shelf import Shelf, failing, picture, until

MIB = 2**20


@pytest.fixture
async def tiers() -> AsyncIterator[Tiers]:
    opened = Tiers(8 * MIB)
    yield opened
    await opened.close()


async def test_a_series_read_ahead_is_there_when_it_is_asked_for(tiers: Tiers) -> None:
    shelf = Shelf()
    tiers.prefetch([(f"f{n}", shelf.fill(f"f{n}")) for n in range(50)])
    await until(lambda: tiers.counts["prefetch"] == 50)
    assert shelf.most_at_once <= 2
    for n in range(50):
        assert await tiers.read(f"f{n}", shelf.fill(f"f{n}")) == picture(f"f{n}")
    assert set(shelf.reads.values()) == {1}


async def test_reading_ahead_waits_while_anybody_waits(tiers: Tiers) -> None:
    slow, ahead = Shelf(), Shelf()
    slow.open.clear()
    waiting = asyncio.create_task(tiers.read("slow", slow.fill("slow")))
    await asyncio.sleep(0)
    tiers.prefetch([(f"f{n}", ahead.fill(f"f{n}")) for n in range(10)])
    await asyncio.sleep(0.02)
    assert not ahead.reads
    slow.open.set()
    await waiting
    await until(lambda: tiers.counts["prefetch"] == 10)


async def test_who_asks_for_what_is_being_read_ahead_joins_and_nothing_is_read_twice(tiers: Tiers) -> None:
    shelf = Shelf()
    shelf.open.clear()
    tiers.prefetch([(f"f{n}", shelf.fill(f"f{n}")) for n in range(4)])
    await until(lambda: shelf.reads["f0"] == 1)
    asked = [asyncio.create_task(tiers.read(f"f{n}", shelf.fill(f"f{n}"))) for n in range(4)]
    await asyncio.sleep(0.01)
    shelf.open.set()
    assert await asyncio.gather(*asked) == [picture(f"f{n}") for n in range(4)]
    await until(lambda: not tiers._ahead._workers)
    assert set(shelf.reads.values()) == {1}


async def test_the_newest_series_is_read_ahead_first(tiers: Tiers) -> None:
    shelf = Shelf()
    shelf.open.clear()
    for series in "ab":
        tiers.prefetch([(f"{series}{n}", shelf.fill(f"{series}{n}")) for n in range(10)])
    await until(lambda: shelf.at_once == 2)
    shelf.open.set()
    await until(lambda: tiers.counts["prefetch"] == 20)
    assert [key[0] for key in shelf.reads] == ["b"] * 10 + ["a"] * 10


async def test_reading_ahead_ends_when_memory_is_too_small_for_it(tiers: Tiers) -> None:
    shelf = Shelf()
    tiers.resize(20 * 10_000)
    tiers.prefetch([(f"f{n}", shelf.fill(f"f{n}", 10_000)) for n in range(300)])
    await until(lambda: not tiers._ahead._workers)
    assert tiers.counts["prefetch_given_up"] > 250
    assert tiers.memory.wasted <= 3


async def test_reading_ahead_ends_when_the_tier_shrinks_and_when_a_store_fails_it_goes_on(tiers: Tiers) -> None:
    shelf = Shelf()
    tiers.prefetch([("bad", failing), ("good", shelf.fill("good"))])
    await until(lambda: tiers.counts["prefetch"] == 1)
    assert tiers.counts["prefetch_failed"] == 1
    tiers.prefetch([(f"f{n}", shelf.fill(f"f{n}")) for n in range(100)])
    tiers.resize(MIB)
    await until(lambda: not tiers._ahead._workers)
    assert shelf.reads.total() == 1
    assert tiers.counts["prefetch_given_up"] == 100
