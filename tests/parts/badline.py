"""A bad mobile line in front of a server: so many bits a second for all connections together, and segments that are lost.

A lost segment comes when TCP has noticed and sent it again (not before 200 ms on Linux); until then all behind it waits.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

SEGMENT_BYTES = 1460
RETRANSMISSION_SECONDS = 0.3
ROUND_TRIP_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Line:
    """How bad it is."""

    bits_a_second: int = 256_000
    lost: float = 0.02
    seed: int = 2026


@contextmanager
def bad_line(port: int, line: Line) -> Iterator[int]:
    """The port of 127.0.0.1 behind which that server is reached over this line."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    wire = _Wire(port, line)
    server = asyncio.run_coroutine_threadsafe(asyncio.start_server(wire.connected, "127.0.0.1", 0), loop).result()
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        asyncio.run_coroutine_threadsafe(_ended(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _ended(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for each in others:
        each.cancel()
    await asyncio.gather(*others, return_exceptions=True)


class _Wire:
    """One line for all connections: a segment waits until those before it are through."""

    def __init__(self, port: int, line: Line) -> None:
        self._port = port
        self._line = line
        self._dice = random.Random(line.seed)
        self._free_at = 0.0

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry both ways until one side ends."""
        await asyncio.sleep(ROUND_TRIP_SECONDS)
        theirs, ours = await asyncio.open_connection("127.0.0.1", self._port)
        ways = [asyncio.ensure_future(self._carry(reader, ours)), asyncio.ensure_future(self._carry(theirs, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in ways:
                each.cancel()
            for end in (ours, writer):
                end.close()

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while segment := await source.read(SEGMENT_BYTES):
                await self._pass(len(segment))
                target.write(segment)
                await target.drain()

    async def _pass(self, length: int) -> None:
        now = asyncio.get_running_loop().time()
        self._free_at = max(now, self._free_at) + length * 8 / self._line.bits_a_second
        late = RETRANSMISSION_SECONDS if self._dice.random() < self._line.lost else 0.0
        await asyncio.sleep(self._free_at - now + late)
