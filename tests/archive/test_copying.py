"""Copies that an ingest left to be written: soon all are there, each right by its own bytes, whatever is damaged meanwhile."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from archive import copying
from archive.models import Copy, CopyState, StoredObject
from archive.replicas import Replicas
from core.errors import NoGoodCopy, Unavailable
from infra.models import Outbox, OutboxState
from infra.settings import Settings
from records.models import Hospital
from tests.archive.stored import LATER, all_files, file_of, keep_promises, picture, put, states

pytestmark = pytest.mark.usefixtures("hospital")
GOOD = {1: "good", 2: "good", 3: "good"}


async def test_all_of_one_commit_are_copied_by_one_job(replicas: Replicas, tmp_path: Path, database: Settings) -> None:
    refs = await put(replicas, tmp_path, *(picture(number) for number in range(5)))
    assert await Copy.filter(state=CopyState.PENDING).count() == 5
    assert await keep_promises(replicas) == 1
    for ref in refs:
        assert await states(ref) == GOOD
        assert len(set(all_files(database, ref))) == 1
    assert await Copy.filter(checked_at=None).count() == 0
    assert await Outbox.filter(topic="copy", state=OutboxState.DONE).count() == 1


async def test_a_copy_is_made_of_good_bytes_only(replicas: Replicas, tmp_path: Path, database: Settings) -> None:
    one, other = await put(replicas, tmp_path, picture(1), picture(2))
    right = file_of(database, 2, one).read_bytes()
    file_of(database, 1, one).write_bytes(bytes(one.size))
    await copying.keep_promise(replicas, {"objects": [one.id, other.id]})
    assert file_of(database, 3, one).read_bytes() == right
    assert (await states(one))[3] == (await states(other))[3] == "good"


async def test_what_is_lost_everywhere_is_tried_again_and_the_rest_is_copied(
    replicas: Replicas, tmp_path: Path, database: Settings
) -> None:
    lost, other = await put(replicas, tmp_path, picture(1), picture(2))
    for store in (1, 2):
        file_of(database, store, lost).unlink()
    with pytest.raises(NoGoodCopy):
        await copying.keep_promise(replicas, {"objects": [lost.id, other.id]})
    assert await states(other) == GOOD
    assert (await states(lost))[3] == "pending"


async def test_a_copy_that_is_not_right_when_read_back_does_not_count(
    replicas: Replicas, tmp_path: Path, database: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ref,) = await put(replicas, tmp_path, picture(1))
    third = replicas.stores[2]
    put_many = third.put_many

    async def put_damaged(items: object) -> None:
        await put_many(items)  # type: ignore[arg-type]  # as they come
        file_of(database, 3, ref).write_bytes(b"damaged on the way")

    monkeypatch.setattr(third, "put_many", put_damaged)
    with pytest.raises(Unavailable):
        await copying.keep_promise(replicas, {"objects": [ref.id]})
    assert (await states(ref))[3] != "good"


async def test_a_store_that_is_away_is_tried_again(replicas: Replicas, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (ref,) = await put(replicas, tmp_path, picture(1))

    async def away(_: object) -> None:
        raise Unavailable("store 3 does not answer")

    with monkeypatch.context() as broken:
        broken.setattr(replicas.stores[2], "put_many", away)
        await keep_promises(replicas)
        assert (await states(ref))[3] == "pending"
    await keep_promises(replicas, LATER + timedelta(days=1))
    assert await states(ref) == GOOD


async def test_large_objects_go_one_by_one(replicas: Replicas, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refs = await put(replicas, tmp_path, *(picture(number) for number in range(3)))
    for limit in (1, refs[0].size * 2):
        monkeypatch.setattr(copying, "TOGETHER_BYTES", limit)
        await Copy.filter(store=3).update(state=CopyState.PENDING)
        await copying.keep_promise(replicas, {"objects": [ref.id for ref in refs]})
        for ref in refs:
            assert await states(ref) == GOOD


async def test_a_promise_of_one_damaged_object_mends_it(replicas: Replicas, tmp_path: Path, database: Settings) -> None:
    (ref,) = await put(replicas, tmp_path, picture(1))
    file_of(database, 1, ref).write_bytes(b"wrong")
    await Copy.filter(store=1).update(state=CopyState.BAD)
    await copying.keep_promise(replicas, {"object": ref.id})
    assert await states(ref) == GOOD


async def test_what_was_deleted_meanwhile_is_no_failure(replicas: Replicas, hospital: Hospital) -> None:
    assert hospital.code == "demo"
    await copying.keep_promise(replicas, {"objects": [1, 2, 3]})
    assert await StoredObject.all().count() == 0
