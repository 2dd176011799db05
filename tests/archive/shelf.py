"""A slow store for tests of the tiers."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable

from core.errors import Unavailable

PATIENCE_SECONDS = 60


class Shelf:
    """A slow store that counts how often it is read, and can be told to wait."""

    def __init__(self) -> None:
        self.reads: Counter[str] = Counter()
        self.at_once = 0
        self.most_at_once = 0
        self.open = asyncio.Event()
        self.open.set()

    def fill(self, key: str, size: int = 1000) -> Callable[[], Awaitable[bytes]]:
        async def read() -> bytes:
            self.reads[key] += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            try:
                await asyncio.sleep(0.001)
                await self.open.wait()
                return picture(key, size)
            finally:
                self.at_once -= 1

        return read


def picture(key: str, size: int = 1000) -> bytes:
    return random.Random(key).randbytes(size)


async def failing() -> bytes:
    await asyncio.sleep(0.001)
    raise Unavailable("the store is away")


async def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never came")
