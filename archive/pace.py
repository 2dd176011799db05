"""How fast work behind the scenes may go, so that nobody waits because of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

MEBIBYTE = 1 << 20


class Pace:
    """At most so many MiB a second, shared by all who spend from it; 0 = as fast as it can."""

    def __init__(
        self,
        mib_per_second: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._bytes_per_second = mib_per_second * MEBIBYTE
        self._clock = clock
        self._sleep = sleep
        self._free_at = clock()

    async def spend(self, size: int) -> None:
        """Wait until `size` bytes that were read are within the pace."""
        if not self._bytes_per_second:
            return
        self._free_at = max(self._free_at, self._clock()) + size / self._bytes_per_second
        await self._sleep(self._free_at - self._clock())
