"""A second process of ours on the same database: `python -m tests.infra.at_once record|count NUMBER CHAIN MINUTE`."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import datetime

from infra.audit import Entry, Trail
from infra.database import close_database, open_database
from infra.settings import Settings, from_environ
from infra.tally import Tally


async def work(settings: Settings, what: str, number: int, chain: str, at: datetime) -> None:
    """Record so many entries, or count so many reads of one minute; each is durable before the next begins."""
    await open_database(settings)
    try:
        trail = Trail(settings.keys)
        tally = Tally(trail)
        for _ in range(number):
            if what == "record":
                await trail.record(Entry(chain=chain, at=at, action="access"))
            else:
                await tally.read(Entry(chain=chain, at=at, action="read", session="s", study_uid="1.2", what="frames"))
        await tally.close()
    finally:
        await close_database()


async def second_process(settings: Settings, what: str, number: int, chain: str, at: datetime) -> None:
    """The same in a process of its own; returns when it has ended well."""
    environment = {**os.environ, "CLOUDFILM_HOME": str(settings.home), "CLOUDFILM_DEMO": "1"}
    if settings.database_url:
        environment["CLOUDFILM_DATABASE_URL"] = settings.database_url
    arguments = (what, str(number), chain, at.isoformat())
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", __name__, *arguments, env=environment)
    assert await process.wait() == 0


if __name__ == "__main__":
    asyncio.run(work(from_environ(os.environ), sys.argv[1], int(sys.argv[2]), sys.argv[3], datetime.fromisoformat(sys.argv[4])))
