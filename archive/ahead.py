"""What will probably be asked for next is read ahead, in the moments when nobody waits."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable

from archive.memory import Memory
from core.errors import CloudfilmError

AT_ONCE = 2  # so that a reader who comes meanwhile finds the disks and the processor nearly free
WAITING_MAX = 4000  # about ten series; of more, those asked for first are forgotten

Fill = Callable[[], Awaitable[bytes]]


class Ahead:
    """Newest series first. Gives up when values read ahead are thrown out unread: then memory is too small for this."""

    def __init__(
        self,
        memory: Memory,
        counts: Counter[str],
        quiet: asyncio.Event,
        fetch: Callable[[str, Fill], Awaitable[object]],
    ) -> None:
        self._memory = memory
        self._counts = counts
        self._quiet = quiet
        self._fetch = fetch
        self._batches: deque[deque[tuple[str, Fill]]] = deque()
        self._waiting = 0
        self._wasted = 0
        self._workers: set[asyncio.Task[None]] = set()

    def add(self, fills: Iterable[tuple[str, Fill]]) -> None:
        """Read these as soon as nobody waits, in this order, before those that were added earlier."""
        batch = deque(fills, maxlen=WAITING_MAX)
        if not batch:
            return
        if not self._batches:
            self._wasted = self._memory.wasted
        self._batches.append(batch)
        self._waiting += len(batch)
        while self._waiting > WAITING_MAX:
            self._waiting -= len(self._batches.popleft())
        self._start_workers()

    def give_up(self) -> None:
        """Forget what is not yet read."""
        self._counts["prefetch_given_up"] += self._waiting
        self._batches.clear()
        self._waiting = 0

    async def close(self) -> None:
        """Stop at once."""
        self.give_up()
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)

    def _start_workers(self) -> None:
        while len(self._workers) < min(AT_ONCE, self._waiting):
            worker = asyncio.get_running_loop().create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)

    async def _work(self) -> None:
        while self._batches:
            if not self._quiet.is_set():
                await self._quiet.wait()
            elif self._memory.wasted > self._wasted:
                self.give_up()
            else:
                await self._read(*self._next())

    def _next(self) -> tuple[str, Fill]:
        batch = self._batches[-1]
        key, fill = batch.popleft()
        self._waiting -= 1
        if not batch:
            self._batches.pop()
        return key, fill

    async def _read(self, key: str, fill: Fill) -> None:
        try:
            await self._fetch(key, fill)
            self._counts["prefetch"] += 1
        except CloudfilmError:
            self._counts["prefetch_failed"] += 1  # whoever asks for it will hear why
