"""Whatever happens to one or two copies on the disk: the right bytes are read, and all copies are right again afterwards."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from archive.inspection import ObjectRef
from archive.models import Copy, CopyState, Instance
from archive.replicas import Replicas
from core.errors import NoGoodCopy
from infra import metrics, outbox
from infra.settings import Settings
from records.models import Hospital
from tests.archive import stored
from tests.archive.stored import ALL_GOOD, file_of, keep_promises, picture, put, states


def flipped(path: Path, _: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def truncated(path: Path, _: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def lengthened(path: Path, _: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def emptied(path: Path, _: Path) -> None:
    path.write_bytes(b"")


def deleted(path: Path, _: Path) -> None:
    path.unlink()


def series_deleted(path: Path, _: Path) -> None:
    shutil.rmtree(path.parent)


def swapped(path: Path, other: Path) -> None:
    path.write_bytes(other.read_bytes())


def unreadable(path: Path, _: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)  # the kernel refuses to open it, also for root


DAMAGES = (flipped, truncated, lengthened, emptied, deleted, series_deleted, swapped, unreadable)


def _counted(name: str, **labels: str) -> float:
    wanted = ",".join(f'{key}="{value}"' for key, value in sorted(labels.items()))
    for line in metrics.exposition().decode().splitlines():
        if line.startswith(f"cloudfilm_{name}_total{{{wanted}}}"):
            return float(line.split()[-1])
    return 0.0


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
async def test_a_damaged_copy_is_never_served_and_is_right_again_after_one_read(
    database: Settings, replicas: Replicas, objects: list[ObjectRef], damage: Callable[[Path, Path], None]
) -> None:
    ref, other = objects
    right = file_of(database, 2, ref).read_bytes()
    damage(file_of(database, 1, ref), file_of(database, 1, other))
    repairs = _counted("copy_repairs", outcome="good", store="1")
    assert await replicas.read(ref) == right
    await replicas.close()
    assert await states(ref) == {**ALL_GOOD, 1: "bad"}
    assert await keep_promises(replicas) == 1
    assert stored.all_files(database, ref) == [right] * 3
    assert await states(ref) == ALL_GOOD
    assert _counted("copy_repairs", outcome="good", store="1") == repairs + 1


async def test_an_older_version_in_place_of_the_newer_is_seen_and_replaced(
    database: Settings, replicas: Replicas, hospital: Hospital, tmp_path: Path
) -> None:
    (old,) = await put(replicas, tmp_path / "in", picture(1))
    (new,) = await put(replicas, tmp_path / "in", picture(1, seed=1), replaces=await Instance.get())
    await keep_promises(replicas)
    right = file_of(database, 2, new).read_bytes()
    for store in (1, 3):
        swapped(file_of(database, store, new), file_of(database, store, old))
    assert await replicas.read(new) == right
    await replicas.heal(new.id)
    assert stored.all_files(database, new) == [right] * 3
    assert len(set(stored.all_files(database, old))) == 1


async def test_two_damaged_copies_are_both_mended_from_the_third(
    database: Settings, replicas: Replicas, objects: list[ObjectRef]
) -> None:
    ref, other = objects
    right = file_of(database, 3, ref).read_bytes()
    flipped(file_of(database, 1, ref), Path())
    swapped(file_of(database, 2, ref), file_of(database, 2, other))
    assert await replicas.read(ref) == right
    await replicas.close()
    await keep_promises(replicas)
    assert stored.all_files(database, ref) == [right] * 3
    assert await states(ref) == ALL_GOOD


async def test_a_copy_marked_good_that_is_not_is_found_out_while_it_serves_as_source(
    database: Settings, replicas: Replicas, objects: list[ObjectRef]
) -> None:
    ref = objects[0]
    right = file_of(database, 2, ref).read_bytes()
    flipped(file_of(database, 1, ref), Path())
    deleted(file_of(database, 3, ref), Path())
    await Copy.filter(object_id=ref.id, store=3).update(state=CopyState.BAD)
    await replicas.repair(ref.id)
    assert stored.all_files(database, ref) == [right] * 3


async def test_a_range_is_checked_by_its_own_hash(database: Settings, replicas: Replicas, objects: list[ObjectRef]) -> None:
    ref = objects[0]
    right = file_of(database, 2, ref).read_bytes()
    flipped(file_of(database, 1, ref), Path())
    middle = len(right) // 2
    expected = hashlib.sha256(right[middle - 5 : middle + 5]).digest()

    def check(data: bytes) -> bool:
        return hashlib.sha256(data).digest() == expected

    assert await replicas.read(ref, middle - 5, 10, check) == right[middle - 5 : middle + 5]
    await replicas.close()
    assert (await states(ref))[1] == "bad"
    with pytest.raises(ValueError, match="with a check"):
        await replicas.read(ref, 5, 10)


async def test_without_any_good_copy_nothing_is_served(
    database: Settings, replicas: Replicas, objects: list[ObjectRef]
) -> None:
    ref, other = objects
    for store in (1, 2, 3):
        swapped(file_of(database, store, ref), file_of(database, store, other))
    with pytest.raises(NoGoodCopy):
        await replicas.read(ref)
    await replicas.close()
    with pytest.raises(NoGoodCopy):
        await replicas.repair(ref.id)
    with pytest.raises(NoGoodCopy):
        await replicas.heal(ref.id)
    assert await states(ref) == {1: "bad", 2: "bad", 3: "bad"}


async def test_when_all_copies_are_lost_the_same_file_sent_again_brings_them_back(
    database: Settings, replicas: Replicas, objects: list[ObjectRef], tmp_path: Path
) -> None:
    ref = objects[0]
    again = tmp_path / "again"
    shutil.copy(file_of(database, 1, ref), again)
    for store in (1, 2, 3):
        deleted(file_of(database, store, ref), Path())
    await replicas.heal(ref.id, again)
    assert stored.all_files(database, ref) == [again.read_bytes()] * 3
    assert await states(ref) == ALL_GOOD


async def test_a_file_with_other_bytes_never_becomes_a_copy(
    database: Settings, replicas: Replicas, objects: list[ObjectRef]
) -> None:
    ref, other = objects
    right = file_of(database, 1, ref).read_bytes()
    deleted(file_of(database, 3, ref), Path())
    await replicas.heal(ref.id, file_of(database, 1, other))
    assert stored.all_files(database, ref) == [right] * 3


async def test_a_damaged_copy_that_many_read_at_once_is_reported_once(
    database: Settings, replicas: Replicas, objects: list[ObjectRef]
) -> None:
    flipped(file_of(database, 1, objects[0]), Path())
    wrong = _counted("copy_reads", outcome="wrong", store="1")
    read = await asyncio.gather(*(replicas.read(objects[0]) for _ in range(50)))
    await replicas.close()
    assert set(read) == {file_of(database, 2, objects[0]).read_bytes()}
    assert _counted("copy_reads", outcome="wrong", store="1") > wrong
    assert await keep_promises(replicas) == 1
    assert await states(objects[0]) == ALL_GOOD


async def test_a_second_damage_after_a_repair_is_repaired_too(
    database: Settings, replicas: Replicas, objects: list[ObjectRef]
) -> None:
    for _ in range(2):
        flipped(file_of(database, 1, objects[0]), Path())
        other = Replicas(replicas.stores)  # another process, which has not met the first damage
        await other.read(objects[0])
        await other.close()
        assert await keep_promises(other) == 1
        assert await states(objects[0]) == ALL_GOOD


async def test_two_repairs_at_once_do_no_harm(database: Settings, replicas: Replicas, objects: list[ObjectRef]) -> None:
    ref = objects[0]
    right = file_of(database, 1, ref).read_bytes()
    for _ in range(5):
        flipped(file_of(database, 2, ref), Path())
        deleted(file_of(database, 3, ref), Path())
        await Copy.filter(object_id=ref.id).exclude(store=1).update(state=CopyState.BAD)
        await asyncio.gather(*(replicas.repair(ref.id) for _ in range(4)), replicas.heal(ref.id))
        assert stored.all_files(database, ref) == [right] * 3
        assert await states(ref) == ALL_GOOD


async def test_reads_during_a_repair_are_right(database: Settings, replicas: Replicas, objects: list[ObjectRef]) -> None:
    ref = objects[0]
    right = file_of(database, 1, ref).read_bytes()
    flipped(file_of(database, 1, ref), Path())
    reads = [replicas.read(ref) for _ in range(20)]
    results = await asyncio.gather(replicas.heal(ref.id), *reads)
    assert set(results[1:]) == {right}


async def test_an_object_too_large_for_memory_is_mended_by_way_of_a_file(
    database: Settings, replicas: Replicas, objects: list[ObjectRef], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archive.mending.IN_MEMORY_BYTES", 100)
    monkeypatch.setattr("archive.inspection.PIECE_BYTES", 300)
    ref = objects[0]
    right = file_of(database, 2, ref).read_bytes()
    truncated(file_of(database, 1, ref), Path())
    await replicas.heal(ref.id)
    assert stored.all_files(database, ref) == [right] * 3


async def test_repairing_what_was_deleted_meanwhile_is_no_error(replicas: Replicas) -> None:
    await replicas.repair(12345)
    await replicas.heal(12345)


async def test_a_late_worker_does_not_settle_a_repair_that_came_to_be_needed_after_it_looked(
    database: Settings, replicas: Replicas, objects: list[ObjectRef]
) -> None:
    ref = objects[0]
    await outbox.promise_again("copy", str(ref.id), {"object": ref.id}, stored.NOW)
    (early,) = await outbox.claim(["copy"], stored.NOW, 1, 600)
    await replicas.repair(ref.id)  # finds nothing to do
    flipped(file_of(database, 1, ref), Path())
    await replicas.read(ref)
    await replicas.close()
    assert not await outbox.settle(early, stored.NOW)
    await keep_promises(replicas)
    assert await states(ref) == ALL_GOOD
