"""Counting reads: the first of a session, study and kind in a minute is durable at once, the others are added later."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextvars import Context
from dataclasses import dataclass
from datetime import datetime

from infra.audit import MINUTE, Entry, Trail

Key = tuple[str, str, str, str]  # chain, session, study, what


@dataclass(slots=True)
class _Line:
    minute: datetime
    row: asyncio.Task[int]
    row_id: int | None = None  # once it is durable
    more: int = 0  # reads that the row does not count yet


class Tally:
    """One audit entry per session, study and kind of access per minute, with a count."""

    def __init__(self, trail: Trail) -> None:
        self._trail = trail
        self._lines: dict[Key, _Line] = {}
        self._over: list[_Line] = []  # of minutes that are over, with reads still to be added

    def seen(self, key: Key, now: datetime) -> bool:
        """Count one more read of (chain, session, study, what) if its entry of this minute is durable already."""
        line = self._lines.get(key)
        if line is None or line.row_id is None or now - line.minute >= MINUTE:
            return False
        line.more += 1
        return True

    async def read(self, entry: Entry) -> None:
        """Return once this read is on record; raises Unavailable when it cannot be."""
        key = (entry.chain, entry.session, entry.study_uid, entry.what)
        if self.seen(key, entry.at):
            return
        line = self._lines.get(key)
        if line is None or entry.at - line.minute >= MINUTE or _failed(line):
            line = self._open(key, entry, line)
        else:
            line.more += 1
        await asyncio.shield(line.row)

    async def settle(self, now: datetime) -> None:
        """Write what was counted since the last time, and forget the minutes that are over."""
        for key in [key for key, line in self._lines.items() if now - line.minute >= MINUTE and line.row.done()]:
            self._over.append(self._lines.pop(key))
        over, self._over = self._over, []
        try:
            await self._add([*over, *self._lines.values()])
        except BaseException:
            self._over += over
            raise

    async def close(self) -> None:
        """Write all counts."""
        await asyncio.gather(*(line.row for line in self._lines.values()), return_exceptions=True)
        await self._add([*self._over, *self._lines.values()])

    def _open(self, key: Key, entry: Entry, before: _Line | None) -> _Line:
        if before is not None:
            self._over.append(before)
        # In a context of its own: a transaction that the caller may be in is not ours.
        row = asyncio.get_running_loop().create_task(self._trail.count(entry), context=Context())
        line = self._lines[key] = _Line(entry.of_its_minute().at, row)
        row.add_done_callback(lambda _: _note(line))
        return line

    async def _add(self, lines: Iterable[_Line]) -> None:
        taken = [(line, line.row_id, line.more) for line in lines if line.row_id is not None and line.more]
        for line, _, more in taken:  # before the wait, so that nothing is added twice
            line.more -= more
        try:
            await self._trail.add_counts((row_id, more) for _, row_id, more in taken)
        except BaseException:
            for line, _, more in taken:
                line.more += more
            raise


def _note(line: _Line) -> None:
    if not _failed(line):
        line.row_id = line.row.result()


def _failed(line: _Line) -> bool:
    return line.row.done() and (line.row.cancelled() or line.row.exception() is not None)
