"""The tiers in front of the stores: filled once for all who wait, never above their memory, never an error of Redis."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from redis.asyncio import Redis

from archive.memory import ENTRY_BYTES
from archive.tiers import Tiers
from core.errors import Unavailable
from infra import redis_server
from infra.hot import HotTier
from infra.redis_server import RedisServer
from tests.archive.shelf import Shelf, failing, picture, until

MIB = 2**20
PATIENCE_SECONDS, HASTE_SECONDS = 30.0, 0.2


@pytest.fixture
async def tiers() -> AsyncIterator[Tiers]:
    opened = Tiers(8 * MIB)
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    started = redis_server.start(tmp_path_factory.mktemp("home"), maxmemory_bytes=64 * MIB)
    yield started
    started.stop()


async def test_a_value_is_filled_once_and_then_comes_from_memory(tiers: Tiers) -> None:
    shelf = Shelf()
    assert tiers.peek("a") is None
    assert await tiers.read("a", shelf.fill("a")) == picture("a")
    assert await tiers.read("a", shelf.fill("a")) == picture("a")
    assert tiers.peek("a") == picture("a")
    assert shelf.reads == {"a": 1}


async def test_a_hundred_who_ask_at_once_cause_one_fill(tiers: Tiers) -> None:
    shelf = Shelf()
    found = await asyncio.gather(*(tiers.read("a", shelf.fill("a")) for _ in range(100)))
    assert set(found) == {picture("a")}
    assert shelf.reads == {"a": 1}
    assert tiers.counts["joined"] == 99


async def test_the_first_who_asked_may_go_away_without_harm_to_the_others(tiers: Tiers) -> None:
    shelf = Shelf()
    shelf.open.clear()
    first, second = (asyncio.create_task(tiers.read("a", shelf.fill("a"))) for _ in range(2))
    await asyncio.sleep(0.01)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    shelf.open.set()
    assert await second == picture("a")
    assert shelf.reads == {"a": 1}


async def test_a_fill_goes_on_when_all_who_asked_are_gone(tiers: Tiers) -> None:
    shelf = Shelf()
    shelf.open.clear()
    only = asyncio.create_task(tiers.read("a", shelf.fill("a")))
    await asyncio.sleep(0.01)
    only.cancel()
    await asyncio.gather(only, return_exceptions=True)
    shelf.open.set()
    await until(lambda: tiers.peek("a") == picture("a"))


async def test_all_who_wait_hear_of_a_failure_and_the_next_one_tries_again(tiers: Tiers) -> None:
    outcomes = await asyncio.gather(*(tiers.read("a", failing) for _ in range(5)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 5
    assert tiers.counts["fill_failed"] == 1
    assert await tiers.read("a", Shelf().fill("a")) == picture("a")


async def test_a_failure_that_nobody_waits_for_any_more_makes_no_noise(tiers: Tiers, caplog: pytest.LogCaptureFixture) -> None:
    only = asyncio.create_task(tiers.read("a", failing))
    await asyncio.sleep(0)
    only.cancel()
    await asyncio.gather(only, return_exceptions=True)
    await asyncio.sleep(0.02)
    assert caplog.text == ""


async def test_closing_tells_those_who_wait_that_the_server_stops() -> None:
    tiers = Tiers(MIB)
    shelf = Shelf()
    shelf.open.clear()
    waiting = asyncio.create_task(tiers.read("a", shelf.fill("a")))
    await asyncio.sleep(0.01)
    await tiers.close()
    with pytest.raises(Unavailable, match="stopping"):
        await waiting


async def test_what_is_made_of_pictures_is_made_once_shared_and_read_only(tiers: Tiers) -> None:
    made: list[int] = []

    async def make() -> np.ndarray:
        made.append(1)
        stored = await tiers.read("frame", Shelf().fill("frame", 2048))
        return np.frombuffer(stored, "<u2").reshape(32, 32) + np.uint16(1)

    arrays = await asyncio.gather(*(tiers.derive("frame:array", make) for _ in range(10)))
    assert made == [1]
    assert all(array is arrays[0] for array in arrays)
    with pytest.raises(ValueError, match="read-only"):
        arrays[0][0, 0] = 1


async def test_an_array_costs_what_it_keeps_alive_and_other_things_what_is_said(tiers: Tiers) -> None:
    tiers.keep("view", np.zeros((100, 100), np.uint16)[:10])
    assert tiers.memory.used_bytes == 20_000 + ENTRY_BYTES
    tiers.keep("bytes view", np.frombuffer(bytes(5000), np.uint8)[:1])
    assert tiers.memory.used_bytes == 25_000 + 2 * ENTRY_BYTES
    tiers.keep("answer", ("headers", b"body"), cost=100)
    assert tiers.memory.used_bytes == 25_100 + 3 * ENTRY_BYTES
    with pytest.raises(TypeError, match="say what a tuple costs"):
        tiers.keep("answer", ("headers", b"body"))


async def test_drop_forgets_a_prefix_also_what_is_on_its_way(tiers: Tiers) -> None:
    shelf = Shelf()
    await tiers.read("h/1/a", shelf.fill("h/1/a"))
    await tiers.read("h/2/a", shelf.fill("h/2/a"))
    shelf.open.clear()
    late = asyncio.create_task(tiers.read("h/1/b", shelf.fill("h/1/b")))
    await asyncio.sleep(0.01)
    await tiers.drop("h/1/")
    shelf.open.set()
    assert await late == picture("h/1/b")
    assert [tiers.peek(key) is None for key in ("h/1/a", "h/1/b", "h/2/a")] == [True, True, False]


async def test_a_second_process_finds_in_redis_what_the_first_has_filled(server: RedisServer) -> None:
    shelf = Shelf()
    hots = [HotTier(server.url, b"s" * 32, timeout_seconds=PATIENCE_SECONDS) for _ in range(2)]
    processes = [Tiers(MIB, hot) for hot in hots]
    await processes[0].read("a", shelf.fill("a"))
    await processes[0].read("only here", shelf.fill("only here"), hot=False)
    await hots[0].settled()
    assert await processes[1].read("a", shelf.fill("a")) == picture("a")
    await processes[1].read("only here", shelf.fill("only here"), hot=False)
    assert shelf.reads == {"a": 1, "only here": 2}
    await processes[1].drop("a")
    assert await hots[0].get("a") is None
    for process, redis in zip(processes, hots, strict=True):
        await process.close()
        await redis.close()


async def test_whatever_redis_does_under_load_every_picture_is_right_and_no_read_fails(tmp_path: Path) -> None:
    """It hangs, wakes, forgets, is fed lies and dies, while sixteen clients read."""
    server = redis_server.start(tmp_path, maxmemory_bytes=16 * MIB)
    hot = HotTier(server.url, b"s" * 32, timeout_seconds=HASTE_SECONDS)
    tiers = Tiers(MIB, hot)  # too small for all, so that Redis matters
    dice = random.Random(11)
    pictures = {f"k{n}": picture(f"k{n}", 30_000) for n in range(200)}
    done = asyncio.Event()
    reads = 0

    async def fill(key: str) -> bytes:
        await asyncio.sleep(0)
        return pictures[key]

    async def client() -> None:
        nonlocal reads
        while not done.is_set():
            key = dice.choice(list(pictures))
            assert await tiers.read(key, partial(fill, key)) == pictures[key]
            reads += 1
            await asyncio.sleep(0)

    async def faults() -> None:
        client = Redis.from_url(server.url)
        await until(lambda: hot.counts["hit"] > 100)
        await client.flushall()
        await until(lambda: hot.counts["hit"] > 200)
        names = [name async for name in client.scan_iter()]
        values = [await client.get(name) for name in names]
        dice.shuffle(values)
        for name, value in zip(names, values, strict=True):
            await client.set(name, dice.choice((value or b"", b"lie", os.urandom(30_032))))
        await until(lambda: hot.counts["wrong"] > 10)
        server.process.send_signal(signal.SIGSTOP)
        await until(lambda: not hot.breaker.closed)
        server.process.send_signal(signal.SIGCONT)
        await until(lambda: hot.breaker.closed)
        failures = hot.counts["failure"]
        server.process.kill()
        await until(lambda: hot.counts["failure"] > failures and reads > 1000)
        await client.aclose()
        done.set()

    await asyncio.gather(faults(), *(client() for _ in range(16)))
    await tiers.close()
    await hot.close()
    server.stop()
