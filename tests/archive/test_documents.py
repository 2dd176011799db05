"""Documents are kept as safely as images: two flushed copies, a third soon, every read checked, whatever is wrong made good."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from archive import documents, erasure
from archive.export import export
from archive.index import COPY
from archive.manifest import Verified, verify
from archive.models import CopyState, Document, DocumentCopy
from archive.replicas import Replicas
from archive.scrub import Summary, scrub
from core.errors import NoGoodCopy, NotFound, RetentionNotOver
from infra import outbox
from infra.database import transaction
from infra.models import Outbox
from infra.settings import Settings
from records.models import Hospital
from tests.archive.stored import NOW, keep_promises, picture, put

# On PostgreSQL documents are tried by what is built on them, as in tests/records/test_filmpages.py.
pytestmark = [pytest.mark.usefixtures("hospital"), pytest.mark.parametrize("database", ["sqlite"], indirect=True)]
PAGE = b"%PDF-1.7 a page" * 1000
GOOD = {1: "good", 2: "good", 3: "good"}


def files(settings: Settings, document: Document) -> list[Path]:
    return [settings.home / "stores" / str(store) / document.key for store in (1, 2, 3)]


async def states(document: Document) -> dict[int, str]:
    return {row.store: str(row.state) for row in await DocumentCopy.filter(object_id=document.id)}


async def kept(replicas: Replicas, content: bytes = PAGE) -> Document:
    return await documents.keep(replicas, "demo", content, "application/pdf", NOW)


async def test_two_copies_are_there_when_it_is_acknowledged_and_the_third_soon(replicas: Replicas, database: Settings) -> None:
    document = await kept(replicas)
    assert await states(document) == {**GOOD, 3: "pending"}
    assert [file.read_bytes() for file in files(database, document)[:2]] == [PAGE, PAGE]
    assert await keep_promises(replicas) == 1
    assert await states(document) == GOOD
    assert files(database, document)[2].read_bytes() == PAGE


async def test_the_same_bytes_are_kept_once_in_a_hospital(replicas: Replicas) -> None:
    await Hospital.create(code="other", name="别的医院")
    first, *more = await asyncio.gather(*(kept(replicas) for _ in range(4)))
    assert {each.id for each in more} == {first.id}
    elsewhere = await documents.keep(replicas, "other", PAGE, "application/pdf", NOW)
    assert elsewhere.id != first.id
    with pytest.raises(NotFound):
        await documents.read(replicas, "other", first.id)


async def test_a_wrong_copy_is_never_given_out_and_is_mended(replicas: Replicas, database: Settings) -> None:
    document = await kept(replicas)
    await keep_promises(replicas)
    one, two, three = files(database, document)
    one.write_bytes(PAGE[:-1] + b"!")
    two.unlink()
    assert await documents.read(replicas, "demo", document.id) == PAGE
    await replicas.close()  # what was seen on the way is reported
    assert "bad" in (await states(document)).values()
    await keep_promises(replicas)
    assert await scrub(replicas) in (Summary(checked=3), Summary(checked=3, bad=1, repaired=1))
    assert {file.read_bytes() for file in (one, two, three)} == {PAGE}
    assert await states(document) == GOOD


async def test_a_scrub_walks_over_instances_and_documents_alike(replicas: Replicas, database: Settings, tmp_path: Path) -> None:
    (ref,) = await put(replicas, tmp_path / "in", picture(1))
    document = await kept(replicas)
    await keep_promises(replicas)
    damaged = (database.home / "stores" / "2" / ref.key, files(database, document)[2])
    for file in damaged:
        file.write_bytes(b"rot")
    assert await scrub(replicas) == Summary(checked=6, bad=2, repaired=2)
    assert damaged[1].read_bytes() == PAGE
    assert await scrub(replicas) == Summary(checked=6)


async def test_the_same_bytes_again_mend_what_is_lost_everywhere(replicas: Replicas, database: Settings) -> None:
    document = await kept(replicas)
    for file in files(database, document):
        file.unlink(missing_ok=True)
    with pytest.raises(NoGoodCopy):
        await documents.read(replicas, "demo", document.id)
    assert (await kept(replicas)).id == document.id
    assert await documents.read(replicas, "demo", document.id) == PAGE


async def test_it_is_not_deleted_before_its_day_and_then_leaves_nothing(replicas: Replicas, database: Settings) -> None:
    document = await kept(replicas)
    await keep_promises(replicas)
    with pytest.raises(RetentionNotOver):
        async with transaction():
            await documents.delete("demo", [document.id], NOW)
    assert await states(document) == GOOD
    later = NOW + timedelta(days=366 * 31)
    async with transaction():
        assert await documents.delete("demo", [document.id], later) == 1
    jobs = {erasure.ERASE: lambda job: erasure.erase(replicas, job.payload)}
    while await outbox.work(jobs, clock=lambda: later + timedelta(days=1)):
        pass
    assert [file.exists() for file in files(database, document)] == [False] * 3
    assert await Document.all().count() == 0 == await DocumentCopy.all().count()


async def test_bytes_without_a_row_are_orphans_and_a_document_is_none(replicas: Replicas, database: Settings) -> None:
    document = await kept(replicas)
    await keep_promises(replicas)
    left = database.home / "stores" / "1" / document.key.replace(document.sha256, "0" * 64)
    left.write_bytes(b"of a request that died")
    assert await erasure.find_orphans(replicas, NOW) == 1
    jobs = {erasure.ORPHAN: lambda job: erasure.remove_orphan(replicas, job.payload)}
    assert await outbox.work(jobs, clock=lambda: NOW + timedelta(days=3)) == 1
    assert not left.exists()
    assert all(file.exists() for file in files(database, document))


async def test_an_export_gives_them_back_with_the_images(replicas: Replicas, tmp_path: Path) -> None:
    await put(replicas, tmp_path / "in", picture(1))
    document = await kept(replicas, PAGE + b"CFLMEND1")  # ends as an object of ours does
    await keep_promises(replicas)
    target = tmp_path / "out"
    assert (await export(replicas, "demo", target)).written == 2
    path = target / document.key.removeprefix("demo/")
    assert path.read_bytes() == PAGE + b"CFLMEND1"
    assert await verify(target) == Verified(2, (), ())
    assert (await export(replicas, "demo", target)).kept == 2
    assert (await export(replicas, "demo", tmp_path / "one", studies=["1.2.3"])).written == 1


async def test_what_is_written_with_it_is_in_the_same_commit(replicas: Replicas) -> None:
    async def fails(_kept: list[Document]) -> None:
        raise NotFound("no such exam")

    with pytest.raises(NotFound):
        await documents.keep_with(replicas, "demo", [(PAGE, "application/pdf")], NOW, fails)
    assert await Document.all().count() == 0
    assert await DocumentCopy.filter(state=CopyState.GOOD).count() == 0
    assert await Outbox.filter(topic=COPY).count() == 0
