"""What became of the messages of a round, written down as they end: those that end while one commit runs share the next one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from notify import pace, queue, receipts
from notify.models import Notice
from notify.office import Office
from notify.queue import End

_log = logging.getLogger(__name__)


class Settling:
    """Of one round. Nothing waits for a message that hangs: only for the commit before its own.

    `suspects` are lanes that failed lately: a message that goes through clears them, any other costs nothing.
    """

    def __init__(self, office: Office, suspects: set[str]) -> None:
        self._office = office
        self._suspects = suspects
        self._ended: list[tuple[End, asyncio.Future[bool]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def settle(self, notice: Notice, at: datetime, columns: Mapping[str, Any], reason: str = "") -> bool:
        """True once it is committed; false when another holds it by now, or a receipt was first."""
        settled: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._ended.append((End(notice, at, columns, reason), settled))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        return await settled

    async def channel_worked(self, notice: Notice) -> None:
        """What its lane suffered before is forgotten."""
        name = self._lane(notice)
        if name in self._suspects:
            self._suspects.discard(name)
            await pace.worked(name)

    async def channel_failed(self, notice: Notice, now: datetime, seconds: float | None = None) -> None:
        """Its lane did not work, or asked for a pause of so many seconds."""
        name = self._lane(notice)
        self._suspects.add(name)
        await pace.failed(name, now, seconds)

    def _lane(self, notice: Notice) -> str:
        return self._office.lane(notice.channel, notice.hospital_id)

    async def _write(self) -> None:
        while self._ended:
            together, self._ended = self._ended, []
            await _settle(together)


async def _settle(together: list[tuple[End, asyncio.Future[bool]]]) -> None:
    """In one commit; when that fails, each on its own, so that one that cannot be written down spoils no other."""
    try:
        held = await queue.settle([end for end, _ in together])
    except Exception as error:
        if len(together) > 1:
            for each in together:
                await _settle([each])
            return
        _tell(together[0][1], error)
        return
    try:
        await _early([end for end, _ in together if end.notice.id in held])
    except Exception as error:  # the messages are settled all the same; these stay "sent"
        _log.error("early receipts could not be read: %s", type(error).__name__)
    for end, settled in together:
        _tell(settled, end.notice.id in held)


async def _early(ends: list[End]) -> None:
    """A receipt may have come before the answer that told us the provider's number."""
    for channel in {end.notice.channel for end in ends}:
        numbers = [str(end.columns.get("provider_id", "")) for end in ends if end.notice.channel == channel]
        await receipts.early(channel, numbers, max(end.at for end in ends))


def _tell(settled: asyncio.Future[bool], word: bool | Exception) -> None:
    if settled.done():  # its message ran out of time meanwhile
        return
    if isinstance(word, Exception):
        settled.set_exception(word)
    else:
        settled.set_result(word)
