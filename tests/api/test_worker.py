"""The background process: keeps promises, repeats what comes round, and stops without losing either."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydicom.data import get_testdata_file

from api.jobs import Periodic, handlers, periodic, remove_leftovers
from api.operator import operator_entry
from api.services import Services, open_services
from api.worker import finish, start_loops
from archive.models import Copy, CopyState, ScrubRun, Series, SeriesMetadata
from core.clock import now
from infra import outbox
from infra.models import Outbox, OutboxState
from infra.settings import Settings
from records.models import Hospital

PATIENCE_SECONDS = 120.0


@pytest.fixture
async def services(database: Settings) -> AsyncIterator[Services]:
    """Everything open, with a hospital and one image."""
    async with open_services(database, None) as services:
        await Hospital.create(code="demo", name="示范医院")
        file = Path(str(get_testdata_file("CT_small.dcm")))
        await services.ingest.store_files("demo", [("ct", file)], operator_entry("demo", action="store", what="test"))
        yield services


@asynccontextmanager
async def working(services: Services, kept: dict[str, outbox.Handler], jobs: tuple[Periodic, ...] = ()) -> AsyncIterator[None]:
    stop = asyncio.Event()
    loops = start_loops(services, kept, jobs, stop)
    try:
        yield
    finally:
        stop.set()
        await finish(loops, 0.2)


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await condition():
            await asyncio.sleep(0.02)


async def test_the_third_copy_follows_and_the_series_gets_its_ready_metadata(services: Services) -> None:
    await Outbox.all().update(due_at=now())

    async def all_done() -> bool:
        return not await Outbox.filter(state=OutboxState.WAITING).exists()

    async with working(services, handlers(services)):
        await eventually(all_done)
    assert await Copy.filter(state=CopyState.GOOD).count() == 3
    series = await Series.get()
    assert await SeriesMetadata.filter(series_id=series.id, revision=series.revision).exists()


async def test_the_first_scrub_comes_by_itself(services: Services) -> None:
    async def scrubbed() -> bool:
        return await ScrubRun.filter(finished_at__isnull=False).exists()

    async with working(services, {}, periodic(services)):
        await eventually(scrubbed)


async def test_a_failing_periodic_job_comes_round_again(database: Settings) -> None:
    runs: list[int] = []

    async def fail(_stop: asyncio.Event) -> None:
        runs.append(1)
        raise OSError("no luck")

    async def twice() -> bool:
        return len(runs) >= 2

    async with working(None, {}, (Periodic("fails", 0.0, fail),)):  # type: ignore[arg-type]  # they are not used
        await eventually(twice)


async def test_work_that_does_not_end_in_time_is_handed_back_untried(database: Settings) -> None:
    begun = asyncio.Event()

    async def endless(_job: Any) -> None:
        begun.set()
        await asyncio.sleep(3600)

    await outbox.promise("endless", "1", {}, now())
    async with working(None, {"endless": endless}):  # type: ignore[arg-type]  # they are not used
        await asyncio.wait_for(begun.wait(), PATIENCE_SECONDS)
    row = await Outbox.get(topic="endless")
    assert (row.state, row.attempts, row.leased_until) == (OutboxState.WAITING, 0, None)


def test_only_what_nobody_touched_for_long_is_removed_from_the_spool(tmp_path: Path) -> None:
    (tmp_path / "left").mkdir()
    (tmp_path / "left" / "0.in").write_text("half a file")
    modified = (tmp_path / "left").stat().st_mtime
    remove_leftovers(tmp_path, before=modified - 1)
    assert (tmp_path / "left").exists()
    remove_leftovers(tmp_path, before=modified + 1)
    assert not (tmp_path / "left").exists()
    remove_leftovers(tmp_path / "missing", before=modified)
