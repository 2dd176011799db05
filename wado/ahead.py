"""Whoever opens one picture of a series will want the others: they are brought nearer while that one is looked at."""

from __future__ import annotations

import asyncio
import logging

from archive import locate
from archive.locate import Located
from archive.read import Reader
from core.errors import CloudfilmError

_MARK_BYTES = 200
_log = logging.getLogger(__name__)
_looking: set[asyncio.Task[None]] = set()  # asyncio itself does not hold on to tasks


def opened(reader: Reader, at: Located) -> None:
    """Say that a picture was opened; the first of its series makes the others come. Returns at once."""
    at = at.source
    mark = f"opened/{at.hospital}/{at.series_id}"
    if reader.tiers.peek(mark) is not None:
        return
    reader.tiers.keep(mark, True, cost=_MARK_BYTES)
    task = asyncio.get_running_loop().create_task(_look_ahead(reader, at))
    _looking.add(task)
    task.add_done_callback(_looking.discard)


async def _look_ahead(reader: Reader, at: Located) -> None:
    try:
        reader.prefetch(await locate.instances([at.hospital], at.study_uid, at.series_uid))
    except CloudfilmError as error:  # nobody waits for it
        _log.info("cannot look ahead in series %s: %s", at.series_uid, error)
