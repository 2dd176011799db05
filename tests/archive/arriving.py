"""Files that arrive as requests do, on stores in a folder; examined in this process: the children have tests of their own."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from archive.ingest import Ingest, Outcome
from archive.prepare import prepare
from archive.replicas import Replicas
from core.clock import now
from infra.audit import Entry, Trail
from infra.database import close_database, open_database
from infra.epoch import archive_epoch, arrivals_epoch
from infra.settings import Settings, from_environ
from infra.stores import open_store

AT = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


class Here:
    """Does in a thread what a limited child would do."""

    async def call(self, function: str, /, **arguments: Any) -> Any:
        """Of the one function that ingest asks for."""
        assert function == "archive.prepare:prepare"
        done = await asyncio.to_thread(prepare, **arguments)
        return {name: getattr(done, name) for name in done.__slots__}


@asynccontextmanager
async def ingesting(settings: Settings) -> AsyncIterator[Ingest]:
    """An ingest with its three stores; the database is open."""
    one, two, three = (open_store(url, place, {}) for place, url in enumerate(settings.store_urls, 1))
    replicas = Replicas((one, two, three))
    epochs = archive_epoch(settings.home), arrivals_epoch(settings.home)
    ingest = Ingest(settings.home, Here(), replicas, Trail(settings.keys), *epochs)
    try:
        yield ingest
    finally:
        await ingest.close()
        await replicas.close()
        for store in (one, two, three):
            await store.close()
        for epoch in epochs:
            epoch.close()


def entry(chain: str = "demo") -> Entry:
    return Entry(chain=chain, at=now(), action="store", session="s")


async def send(ingest: Ingest, *files: bytes, replacing: bool = False, study_uid: str | None = None) -> list[Outcome]:
    """One request."""
    async with ingest.batch("demo", entry(), replacing=replacing, study_uid=study_uid) as batch:
        for number, file in enumerate(files, 1):
            path = batch.spool()
            path.write_bytes(file)
            batch.examine(f"part {number}", path)
        return await batch.commit()


async def another_process(settings: Settings, *paths: Path) -> list[str]:
    """The same files sent by a process of its own, each in a request of its own; what became of them."""
    environment = {**os.environ, "CLOUDFILM_HOME": str(settings.home), "CLOUDFILM_DATABASE_URL": settings.database_url}
    arguments = ("-m", __name__, *map(str, paths))
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, env=environment, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    assert process.returncode == 0
    return said.decode().split()


async def _main(settings: Settings, paths: list[Path]) -> None:
    await open_database(settings)
    try:
        async with ingesting(settings) as ingest:
            for path in paths:
                print(*(outcome.status for outcome in await send(ingest, path.read_bytes())))
    finally:
        await close_database()


if __name__ == "__main__":
    asyncio.run(_main(from_environ(os.environ), [Path(path) for path in sys.argv[1:]]))
