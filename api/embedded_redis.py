"""The Redis that comes with cloudfilm, started beside the servers and started again when it dies."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from core.errors import Unavailable
from infra import redis_server

LOOK_SECONDS = 1.0
RETRY_SECONDS = 10.0  # the servers do without meanwhile: slower, never wrong

_log = logging.getLogger(__name__)


class EmbeddedRedis:
    """Runs from its making until `stop`; make it in the main thread, with which it dies."""

    def __init__(self, home: Path, memory_bytes: int) -> None:
        self._home = home
        self._memory_bytes = memory_bytes
        self._server = redis_server.start(home, maxmemory_bytes=memory_bytes)

    @property
    def url(self) -> str:
        """Its address, the same for all its lives."""
        return self._server.url

    async def keep_alive(self) -> None:
        """Start it again whenever it has died; never returns."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if not self._server.running():
                await self._start_again()

    def stop(self) -> None:
        """End it."""
        self._server.stop()

    async def _start_again(self) -> None:
        _log.warning("the embedded Redis died, starting it again")
        try:
            self._server = redis_server.start_again(self._server, self._home, maxmemory_bytes=self._memory_bytes)
        except Unavailable:
            _log.exception("the embedded Redis does not come up; going on without")
            await asyncio.sleep(RETRY_SECONDS)
