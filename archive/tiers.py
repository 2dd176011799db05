"""A picture is looked for in this process, then in Redis, and is read from a store once for all who wait for it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import TypeVar, cast

import numpy as np

from archive.ahead import Ahead, Fill
from archive.memory import Memory
from core.errors import Unavailable
from infra.hot import HotTier

FILLS_AT_ONCE = 64  # values on their way are not yet in the memory's limit, so their number has one of its own
HOT_TTL_SECONDS = 7 * 24 * 3600  # Redis forgets the least used long before; this bounds what a deleted study leaves there

T = TypeVar("T")


@dataclass(slots=True)
class _Flight:
    """One value on its way. `wanted` once somebody waits for it."""

    wanted: bool
    task: asyncio.Task[object] | None = None


class Tiers:
    """For one event loop. Keys name bytes that never change: a new version of an object has a new key.

    `counts`: hot_hit, hot_miss, fill, fill_failed, joined (waited for somebody else's fill), prefetch, prefetch_failed,
    prefetch_given_up, made (derived); `memory` counts its own hits, evicted and wasted.
    """

    def __init__(self, memory_bytes: int, hot: HotTier | None = None, *, hot_ttl_seconds: int = HOT_TTL_SECONDS) -> None:
        self.memory = Memory(memory_bytes)
        self.counts: Counter[str] = Counter()
        self._hot = hot
        self._hot_ttl_seconds = hot_ttl_seconds
        self._flights: dict[str, _Flight] = {}
        self._fills = asyncio.Semaphore(FILLS_AT_ONCE)
        self._waited_for = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._ahead = Ahead(self.memory, self.counts, self._quiet, self._fetch_ahead)

    def peek(self, key: str) -> object | None:
        """What lies in this process under that key, or None; without waiting."""
        return self.memory.get(key)

    async def read(self, key: str, fill: Fill, *, cost: int | None = None, hot: bool = True) -> bytes:
        """Bytes from the nearest tier; `fill` reads them from a store when no tier has them. `hot` = also by way of Redis.

        However many ask at once, `fill` runs once, and goes on when those who asked go away. What it raises, all who wait
        get; it is not kept. `cost` in bytes when the length does not tell.
        """
        value = self.memory.get(key)
        if value is None:
            value = await self._wait(key, lambda flight: self._fetch(key, fill, flight, cost=cost, hot=hot))
        return cast(bytes, value)

    async def derive(self, key: str, make: Callable[[], Awaitable[T]], *, cost: int | None = None) -> T:
        """As `read`, for what is made of pictures: arrays, ready answers. They stay in this process; arrays become read-only.

        `cost` in bytes is needed for anything but bytes and arrays.
        """
        value = self.memory.get(key)
        if value is None:
            value = await self._wait(key, lambda flight: self._make(key, make, flight, cost=cost))
        return cast(T, value)

    def keep(self, key: str, value: object, *, cost: int | None = None) -> None:
        """Put a value that is at hand into this process' memory."""
        self.memory.put(key, value, _cost(value) if cost is None else cost)

    def prefetch(self, fills: Iterable[tuple[str, Fill]]) -> None:
        """Read these (key, fill) when nobody waits for anything; returns at once and promises nothing."""
        self._ahead.add((key, fill) for key, fill in fills if key not in self.memory)

    def resize(self, memory_bytes: int) -> None:
        """Keep no more than this in memory from now on; reading ahead stops when it is less than before."""
        if memory_bytes < self.memory.limit_bytes:
            self._ahead.give_up()
        self.memory.resize(memory_bytes)

    async def drop(self, prefix: str) -> None:
        """Forget all whose key begins so, here and in Redis; what is on its way is handed out but not kept."""
        for key in [key for key in self._flights if key.startswith(prefix)]:
            del self._flights[key]
        self.memory.drop_prefix(prefix)
        if self._hot is not None:
            await self._hot.drop_prefix(prefix)

    async def close(self) -> None:
        """Stop reading ahead and filling; whoever still waits gets Unavailable."""
        await self._ahead.close()
        tasks = [flight.task for flight in self._flights.values() if flight.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _wait(self, key: str, work: Callable[[_Flight], Coroutine[None, None, object]]) -> object:
        """The value of the flight to `key`, which is begun if there is none."""
        flight = self._flights.get(key)
        if flight is None:
            flight = self._begin(key, work, wanted=True)
        else:
            self.counts["joined"] += 1
            flight.wanted = True
        assert flight.task is not None
        self._waited_for += 1
        self._quiet.clear()
        try:
            return await _unless_stopped(flight.task)
        finally:
            self._waited_for -= 1
            if self._waited_for == 0:
                self._quiet.set()

    def _begin(self, key: str, work: Callable[[_Flight], Coroutine[None, None, object]], *, wanted: bool) -> _Flight:
        flight = _Flight(wanted)
        self._flights[key] = flight
        flight.task = asyncio.get_running_loop().create_task(work(flight))
        flight.task.add_done_callback(lambda task: self._landed(key, flight, task))
        return flight

    def _landed(self, key: str, flight: _Flight, task: asyncio.Task[object]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not task.cancelled() and task.exception() is not None:  # asked for, so that asyncio does not report it as lost
            self.counts["fill_failed"] += 1

    async def _fetch(self, key: str, fill: Fill, flight: _Flight, *, cost: int | None, hot: bool) -> bytes:
        redis = self._hot if hot else None
        value = await self._from_redis(redis, key)
        if value is None:
            async with self._fills:
                value = await fill()
            self.counts["fill"] += 1
            if redis is not None and self._flights.get(key) is flight:
                redis.put(key, value, self._hot_ttl_seconds)
        self._land(key, value, flight, cost)
        return value

    async def _from_redis(self, redis: HotTier | None, key: str) -> bytes | None:
        if redis is None:
            return None
        value = await redis.get(key)
        self.counts["hot_miss" if value is None else "hot_hit"] += 1
        return value

    async def _make(self, key: str, make: Callable[[], Awaitable[T]], flight: _Flight, *, cost: int | None) -> T:
        value = await make()
        self.counts["made"] += 1
        self._land(key, value, flight, cost)
        return value

    async def _fetch_ahead(self, key: str, fill: Fill) -> None:
        if key in self.memory or key in self._flights:
            return
        flight = self._begin(key, lambda flight: self._fetch(key, fill, flight, cost=None, hot=True), wanted=False)
        assert flight.task is not None
        await asyncio.shield(flight.task)

    def _land(self, key: str, value: object, flight: _Flight, cost: int | None) -> None:
        """Keep the value, unless it was dropped while it was on its way."""
        weight = _cost(value) if cost is None else cost
        if self._flights.get(key) is flight:
            self.memory.put(key, value, weight, prefetched=not flight.wanted)


async def _unless_stopped(task: asyncio.Task[object]) -> object:
    """What the task gives; a caller who goes away does not end it, and its end by `close` is not the caller's."""
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        caller = asyncio.current_task()
        if task.cancelled() and (caller is None or not caller.cancelling()):
            raise Unavailable("this server is stopping") from None
        raise


def _cost(value: object) -> int:
    """Bytes that a value holds on to; an array is shared from now on, so it is made read-only."""
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, np.ndarray):
        value.flags.writeable = False
        return _held_bytes(value)
    raise TypeError(f"say what a {type(value).__name__} costs")


def _held_bytes(array: np.ndarray) -> int:
    """Bytes of what an array looks into: all of it stays in memory with the smallest view."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return max(array.nbytes, len(array.base) if isinstance(array.base, bytes | bytearray) else 0)
