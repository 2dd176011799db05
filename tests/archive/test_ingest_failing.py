"""Files that arrive while something fails: a crash, a database, stores, the client, the file itself; nothing half is left."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from archive import original
from archive.ingest import Ingest, Outcome, Refusal, Status
from archive.models import Copy, Instance, Series, StoredObject, Study, Thumbnail
from archive.prepare import prepared as examined
from core.errors import Unavailable
from infra.models import AuditEntry, Outbox
from infra.settings import Settings
from tests.archive import samples
from tests.archive.arriving import entry, send
from tests.archive.stored import picture, ref_of
from tests.infra.failing import unwritable

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
STORED, SAME, REPLACED, REFUSED = Status
GARBAGE = b"this is no DICOM file" * 20


def statuses(outcomes: list[Outcome]) -> list[Status]:
    return [outcome.status for outcome in outcomes]


async def test_a_crash_before_the_commit_leaves_nothing_to_be_seen(ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> None:
    async def crash(*_: object) -> None:
        raise SystemError("power cut")

    with monkeypatch.context() as broken:
        broken.setattr(ingest.trail, "append", crash)
        with pytest.raises(SystemError):
            await send(ingest, picture(1))
    for model in (Study, Series, Instance, StoredObject, Copy, Thumbnail, Outbox, AuditEntry):
        assert await model.all().count() == 0, model.__name__
    assert statuses(await send(ingest, picture(1))) == [STORED]


async def test_a_failing_database_refuses_all_and_shows_nothing(ingest: Ingest, database: Settings) -> None:
    async with unwritable(database):
        outcomes = await send(ingest, picture(1), GARBAGE)
    assert [outcome.refusal for outcome in outcomes] == [Refusal.UNAVAILABLE, Refusal.UNREADABLE]
    assert await Study.all().count() == 0
    assert statuses(await send(ingest, picture(1))) == [STORED]


async def test_two_failing_stores_refuse_all_and_show_nothing(ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: object) -> None:
        raise Unavailable("the store is full")

    with monkeypatch.context() as broken:
        for store in ingest.replicas.stores[:2]:
            broken.setattr(store, "put_many", full)
        (outcome,) = await send(ingest, picture(1))
    assert outcome.refusal is Refusal.UNAVAILABLE
    assert await Study.all().count() == 0


async def test_a_client_that_hangs_up_after_the_commit_began_changes_nothing(ingest: Ingest) -> None:
    sending = asyncio.create_task(send(ingest, *(picture(number) for number in range(1, 6))))
    while not ingest._running:
        await asyncio.sleep(0)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    await ingest.close()
    assert (await Study.get()).instance_count == 5
    for row in await StoredObject.all():
        assert original.restore(await ingest.replicas.read(ref_of(row)))
    assert _spooled(ingest) == []


async def test_a_client_that_hangs_up_earlier_stored_nothing(ingest: Ingest) -> None:
    for pause in (0, 0.001, 0.005):
        sending = asyncio.create_task(send(ingest, picture(1)))
        await asyncio.sleep(pause)
        if ingest._running:
            await sending
            break
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        await ingest.close()
        assert await Study.all().count() == 0
    assert _spooled(ingest) == []


async def test_nothing_stays_in_the_spool(ingest: Ingest) -> None:
    await send(ingest, picture(1), GARBAGE)
    assert _spooled(ingest) == []


async def test_a_file_that_changes_while_it_is_read_is_refused(
    ingest: Ingest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.dcm"
    path.write_bytes(samples.package("test-SR.dcm"))

    async def changed_then(children: Any, source: str, target: str) -> Any:
        found = await examined(children, source, target)
        path.write_bytes(b"other bytes")
        return found

    monkeypatch.setattr("archive.ingest.prepared", changed_then)
    (outcome,) = await ingest.store_files("demo", [("report", path)], entry())
    assert (outcome.refusal, outcome.reason) == (Refusal.UNREADABLE, "the file was changed while it was read")
    assert await Study.all().count() == 0


def _spooled(ingest: Ingest) -> list[Path]:
    return list(ingest._spool.iterdir())
