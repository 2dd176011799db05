"""The tier in Redis, with a real Redis that stops, hangs, forgets, fills up and lies: slower, never wrong, never an error."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import redis

from core.errors import Misconfigured
from infra import redis_server
from infra.breaker import Breaker
from infra.hot import VALUE_MAX_BYTES, WAITING_BYTES, HotTier
from infra.redis_server import RedisServer
from infra.seal import Seal

SECRET = b"s" * 32
TTL = 600
PATIENCE_SECONDS = 30.0  # a machine busy with other tests is no fault of Redis


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    started = redis_server.start(tmp_path_factory.mktemp("home"), maxmemory_bytes=256 * 2**20)
    yield started
    started.stop()


@pytest.fixture
def raw(server: RedisServer) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(server.url) as client:
        client.flushall()
        yield client


@pytest.fixture
async def hot(server: RedisServer, raw: redis.Redis) -> AsyncIterator[HotTier]:
    tier = HotTier(server.url, SECRET, timeout_seconds=PATIENCE_SECONDS)
    yield tier
    await tier.close()


@pytest.fixture(autouse=True)
def _nothing_unforeseen(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert not [record for record in caplog.get_records("call") if "unforeseen" in record.message]


async def _put(hot: HotTier, **values: bytes) -> None:
    for key, value in values.items():
        hot.put(key, value, TTL)
    await hot.settled()


def _name(raw: redis.Redis, key: str) -> bytes:
    (name,) = [name for name in raw.scan_iter("*") if name.endswith(key.encode())]
    return bytes(name)


async def test_what_was_put_comes_back_and_the_rest_is_a_miss(hot: HotTier) -> None:
    await _put(hot, a=b"picture", b=b"", c=os.urandom(2_000_000))
    assert await hot.get("a") == b"picture"
    assert await hot.get("b") == b""
    assert len(await hot.get("c") or b"") == 2_000_000
    assert await hot.get("d") is None
    assert hot.counts == {"put": 3, "hit": 3, "miss": 1}


async def test_many_are_read_in_a_few_round_trips(hot: HotTier) -> None:
    values = {f"k{n}": bytes([n]) * 1000 for n in range(20)}
    await _put(hot, **values)
    assert await hot.get_many([*values, "none"]) == values


async def test_values_end_with_their_time_to_live(hot: HotTier, raw: redis.Redis) -> None:
    await _put(hot, a=b"picture")
    assert 0 < raw.ttl(_name(raw, "a")) <= TTL


async def test_drop_removes_one_and_drop_prefix_all_that_begin_so(hot: HotTier) -> None:
    await _put(hot, **{"h/1/a": b"1", "h/1/b": b"2", "h/2/a": b"3", "h*": b"4", "h[1]/x": b"5"})
    await hot.drop("h/1/a")
    assert await hot.get("h/1/a") is None
    await hot.drop_prefix("h*")
    await hot.drop_prefix("h[1]/")
    assert set(await hot.get_many(["h/1/b", "h/2/a", "h*", "h[1]/x"])) == {"h/1/b", "h/2/a"}
    await hot.drop_prefix("h/1/")
    assert set(await hot.get_many(["h/1/b", "h/2/a"])) == {"h/2/a"}


def _lies(seal: Seal) -> dict[str, bytes]:
    good = seal.close("key", b"the picture of key")
    return {
        "empty": b"",
        "cut": good[:-1],
        "longer": good + b"x",
        "one bit": good[:-1] + bytes([good[-1] ^ 1]),
        "header bit": bytes([good[0] ^ 1]) + good[1:],
        "tag bit": good[:20] + bytes([good[20] ^ 1]) + good[21:],
        "other version": good[:4] + b"\x02" + good[5:],
        "of another key": seal.close("other", b"the picture of key"),
        "of another secret": Seal(b"x" * 32).close("key", b"the picture of key"),
        "bare payload": b"the picture of key",
        "zeros": bytes(len(good)),
    }


@pytest.mark.parametrize("lie", sorted(_lies(Seal(SECRET))))
async def test_a_wrong_value_is_a_miss_and_is_deleted(hot: HotTier, raw: redis.Redis, lie: str) -> None:
    await _put(hot, key=b"the picture of key")
    raw.set(_name(raw, "key"), _lies(Seal(SECRET))[lie])
    assert await hot.get("key") is None
    assert hot.counts["wrong"] == 1
    assert raw.dbsize() == 0


async def test_a_value_of_another_type_is_a_miss(hot: HotTier, raw: redis.Redis) -> None:
    await _put(hot, key=b"x")
    name = _name(raw, "key")
    raw.delete(name)
    raw.rpush(name, "a", "b")
    assert await hot.get("key") is None
    assert await hot.get_many(["key"]) == {}
    assert hot.breaker.closed


async def test_swapped_values_under_load_are_never_served(hot: HotTier, raw: redis.Redis) -> None:
    values = {f"k{n}": bytes([n]) * 5000 for n in range(100)}
    await _put(hot, **values)
    names = sorted(raw.scan_iter("*"))
    dice = random.Random(3)

    async def liar() -> None:
        for _ in range(300):
            one, other = dice.sample(names, 2)
            value = raw.get(one)
            if value is not None:
                raw.set(other, value)
            await asyncio.sleep(0)

    async def reader() -> None:
        for _ in range(200):
            key = dice.choice(list(values))
            assert await hot.get(key) in (values[key], None)

    await asyncio.gather(liar(), *(reader() for _ in range(10)))
    assert hot.counts["wrong"] > 10
    assert hot.counts["hit"] > 100


async def test_flushed_means_misses(hot: HotTier, raw: redis.Redis) -> None:
    await _put(hot, key=b"x")
    raw.flushall()
    assert await hot.get("key") is None
    assert hot.breaker.closed


async def test_a_hung_redis_costs_a_little_once_and_then_nothing_and_comes_back(hot: HotTier, server: RedisServer) -> None:
    await _put(hot, key=b"x")
    hot = HotTier(server.url, SECRET)
    server.process.send_signal(signal.SIGSTOP)
    try:
        assert await asyncio.gather(*(hot.get("key") for _ in range(50))) == [None] * 50
        for _ in range(3):
            assert await hot.get("key") is None
        assert not hot.breaker.closed
        failures = hot.counts["failure"]
        assert [await hot.get("key") for _ in range(1000)] == [None] * 1000
        assert hot.counts["failure"] <= failures + 1  # at most one probe
        assert hot.counts["skipped"] >= 1000
        hot.put("other", b"y", TTL)
        assert hot.counts["put_dropped"] == 1
    finally:
        server.process.send_signal(signal.SIGCONT)
    assert await _until_back(hot, "key") == b"x"
    await hot.close()


async def _until_back(hot: HotTier, key: str) -> bytes | None:
    deadline = time.monotonic() + 60
    while (value := await hot.get(key)) is None and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    return value


async def test_a_redis_that_ends_means_misses(tmp_path: Path) -> None:
    first = redis_server.start(tmp_path, maxmemory_bytes=2**24)
    hot = HotTier(first.url, SECRET)
    await _put(hot, key=b"x")
    first.stop()
    for _ in range(10):
        assert await hot.get("key") is None
    assert not hot.breaker.closed
    await hot.close()


@pytest.mark.parametrize("url", ["redis://127.0.0.1:9/0", "redis://:wrong-password@{address}", "unix:///nowhere.sock"])
async def test_an_address_where_nobody_answers_or_nobody_knows_us_means_misses(url: str, server: RedisServer) -> None:
    hot = HotTier(url.format(address=server.url.rpartition("@")[2]), SECRET)
    for _ in range(5):
        hot.put("key", b"x", TTL)
        assert await hot.get("key") is None
    await hot.drop("key")
    await hot.drop_prefix("k")
    await hot.settled()
    assert not hot.breaker.closed
    await hot.close()


async def test_a_server_that_talks_nonsense_means_misses() -> None:
    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1000):
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(nonsense, "127.0.0.1", 0)
    hot = HotTier(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}", SECRET)
    for _ in range(5):
        assert await hot.get("key") is None
    assert not hot.breaker.closed
    await hot.close()
    server.close()
    await server.wait_closed()


async def test_a_full_redis_forgets_the_least_used_and_never_fails(tmp_path: Path) -> None:
    small = redis_server.start(tmp_path, maxmemory_bytes=8 * 2**20)
    hot = HotTier(small.url, SECRET, timeout_seconds=PATIENCE_SECONDS)
    try:
        for n in range(100):
            hot.put(f"k{n}", bytes([n]) * 200_000, TTL)
            await hot.settled()
        found = await hot.get_many([f"k{n}" for n in range(100)])
        assert 0 < len(found) < 100
        assert all(value == bytes([int(key[1:])]) * 200_000 for key, value in found.items())
        assert hot.breaker.closed
    finally:
        await hot.close()
        small.stop()


async def test_what_waits_for_redis_is_bounded(hot: HotTier) -> None:
    value = bytes(2 * 2**20)
    for n in range(100):
        hot.put(f"k{n}", value, TTL)
    assert hot.counts["put_dropped"] == 100 - WAITING_BYTES // len(value)
    hot.put("huge", bytes(VALUE_MAX_BYTES + 1), TTL)
    assert hot.counts["too_large"] == 1
    await hot.settled()


async def test_a_burst_beyond_the_connections_is_served_and_opens_no_breaker(hot: HotTier) -> None:
    await _put(hot, key=b"x" * 1000)
    found = await asyncio.gather(*(hot.get("key") for _ in range(500)))
    assert set(found) <= {b"x" * 1000, None}
    assert hot.breaker.closed
    assert hot.counts["failure"] == 0


async def test_callers_who_go_away_in_the_middle_never_mix_up_answers(hot: HotTier) -> None:
    values = {f"k{n}": bytes([n]) * 20_000 for n in range(50)}
    await _put(hot, **values)
    dice = random.Random(5)

    async def caller() -> None:
        key = dice.choice(list(values))
        assert await hot.get(key) in (values[key], None)

    for _ in range(30):
        calls = [asyncio.create_task(caller()) for _ in range(10)]
        await asyncio.sleep(dice.uniform(0, 0.002))
        for call in calls[::2]:
            call.cancel()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert all(outcome is None or isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)
    assert hot.counts["wrong"] == 0
    assert await hot.get("k1") == values["k1"]


async def test_everything_that_happens_is_told_to_the_hook(server: RedisServer, raw: redis.Redis) -> None:
    told: list[str] = []
    hot = HotTier(server.url, SECRET, timeout_seconds=PATIENCE_SECONDS, on_count=told.append)
    await _put(hot, key=b"x")
    await hot.get("key")
    await hot.get("none")
    await hot.close()
    assert told == ["put", "hit", "miss"]


async def test_an_address_of_no_redis_is_a_wrong_setting() -> None:
    with pytest.raises(Misconfigured, match="CLOUDFILM_REDIS_URL"):
        HotTier("http://127.0.0.1", SECRET)


def test_the_breaker_opens_after_three_failures_and_lets_one_probe_at_a_time() -> None:
    breaker = Breaker()
    for _ in range(2):
        breaker.failed(now=0.0)
    breaker.succeeded()
    for now in (1.0, 2.0, 3.0):
        assert breaker.closed
        breaker.failed(now)
    assert not breaker.closed
    assert not breaker.may_probe(3.9)
    assert breaker.may_probe(4.0)
    assert not breaker.may_probe(9.0)
    breaker.failed(5.0)
    assert not breaker.may_probe(5.9)
    assert breaker.may_probe(6.0)
    breaker.succeeded()
    assert breaker.closed
