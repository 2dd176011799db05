"""Reading many things one after another for one answer: the next are fetched while this one is sent, within bounds."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

AHEAD = 2  # of one answer; more do not make it faster
AHEAD_MAX_BYTES = 64 * 1024 * 1024  # of all answers of this process, however many clients pull at once

T = TypeVar("T")


@dataclass(slots=True)
class _Room:
    """Bytes that are fetched before they can be sent."""

    free: int


_room = _Room(AHEAD_MAX_BYTES)


async def in_order(
    items: Iterable[T], read: Callable[[T], Awaitable[bytes]], size: Callable[[T], int]
) -> AsyncGenerator[bytes, None]:
    """What `read` gives for each item, in order. `size` is about what it will be, in bytes.

    The present one is always read, so that nobody waits for somebody slow; others ahead of time only while there is room.
    Whoever stops early must close this iterator (contextlib.aclosing): it then stops reading.
    """
    waiting = deque(items)
    under_way: deque[tuple[asyncio.Task[bytes], int]] = deque()
    try:
        while waiting or under_way:
            if not under_way:
                under_way.append((_begin(read, waiting.popleft()), 0))
            while waiting and len(under_way) <= AHEAD and size(waiting[0]) <= _room.free:
                held = size(waiting[0])
                _room.free -= held
                under_way.append((_begin(read, waiting.popleft()), held))
            task, held = under_way[0]
            value = await task
            under_way.popleft()
            _room.free += held
            yield value
            del task, value  # the next may be large as well
    finally:
        for task, held in under_way:
            task.cancel()
            _room.free += held
        await asyncio.gather(*(task for task, _ in under_way), return_exceptions=True)


def _begin(read: Callable[[T], Awaitable[bytes]], item: T) -> asyncio.Task[bytes]:
    async def work() -> bytes:
        return await read(item)

    return asyncio.get_running_loop().create_task(work())
