"""The scrub looks at every copy by its own bytes, mends what is wrong, says what it did, and can be stopped anywhere."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from archive.inspection import ObjectRef
from archive.models import Copy, CopyState, ScrubRun
from archive.pace import MEBIBYTE, Pace
from archive.replicas import Replicas
from archive.scrub import Progress, Summary, is_due, scrub
from core.clock import now
from infra.models import Outbox, OutboxState
from infra.settings import Settings
from records.models import Hospital
from tests.archive import stored
from tests.archive.stored import file_of, keep_promises, picture, put, states

ALL_GOOD = {1: "good", 2: "good", 3: "good"}


@pytest.fixture
async def objects(replicas: Replicas, hospital: Hospital, tmp_path: Path) -> list[ObjectRef]:
    """Six objects with three good copies each."""
    refs = await put(replicas, tmp_path / "in", *(picture(number) for number in range(6)))
    await keep_promises(replicas)
    return sorted(refs, key=lambda ref: ref.id)  # the order of the walk


async def test_a_whole_archive_is_found_whole(replicas: Replicas, objects: list[ObjectRef]) -> None:
    await Copy.all().update(checked_at=None)
    assert await scrub(replicas) == Summary(checked=18)
    assert await Copy.filter(checked_at__isnull=True).count() == 0


async def test_every_kind_of_damage_is_found_mended_and_counted(
    database: Settings, replicas: Replicas, objects: list[ObjectRef]
) -> None:
    right = [file_of(database, 2, ref).read_bytes() for ref in objects]
    for store in (1, 3):  # another copy being right must not hide either
        file_of(database, store, objects[0]).unlink()
    file_of(database, 1, objects[1]).write_bytes(right[2])
    file_of(database, 2, objects[2]).write_bytes(right[2][:-1])
    flipped = bytearray(right[3])
    flipped[-1] ^= 0x80
    file_of(database, 3, objects[3]).write_bytes(flipped)
    assert await scrub(replicas) == Summary(checked=18, bad=5, repaired=5)
    for ref, data in zip(objects, right, strict=True):
        assert stored.all_files(database, ref) == [data] * 3
        assert await states(ref) == ALL_GOOD
    assert await scrub(replicas) == Summary(checked=18)


async def test_an_object_without_any_good_copy_is_reported_lost(
    database: Settings, replicas: Replicas, objects: list[ObjectRef]
) -> None:
    for store in (1, 2, 3):
        file_of(database, store, objects[0]).write_bytes(b"")
    assert await scrub(replicas) == Summary(checked=18, bad=3, lost=1)
    assert await states(objects[0]) == {1: "bad", 2: "bad", 3: "bad"}
    assert (await Outbox.get(key=str(objects[0].id))).state == OutboxState.WAITING


async def test_third_copies_that_are_still_due_are_written_and_not_called_bad(
    database: Settings, replicas: Replicas, hospital: Hospital, tmp_path: Path
) -> None:
    (ref,) = await put(replicas, tmp_path / "in", picture(1))
    assert await states(ref) == {**ALL_GOOD, 3: "pending"}
    assert await scrub(replicas) == Summary(checked=3)
    assert await states(ref) == ALL_GOOD
    assert len(set(stored.all_files(database, ref))) == 1


async def test_a_copy_called_bad_that_is_right_is_called_good_again(replicas: Replicas, objects: list[ObjectRef]) -> None:
    await Copy.filter(object_id=objects[0].id, store=2).update(state=CopyState.BAD)
    assert await scrub(replicas) == Summary(checked=18)
    assert await states(objects[0]) == ALL_GOOD


async def test_a_store_out_of_reach_is_counted_but_none_of_its_copies_is_condemned(
    database: Settings, replicas: Replicas, objects: list[ObjectRef]
) -> None:
    root = database.home / "stores" / "2"
    root.rename(root.with_name("aside"))
    root.symlink_to("2")
    assert await scrub(replicas) == Summary(checked=12, bad=6)
    root.unlink()
    root.with_name("aside").rename(root)
    assert [await states(ref) for ref in objects] == [ALL_GOOD] * 6
    assert await scrub(Replicas(replicas.stores)) == Summary(checked=18)


async def test_damage_in_a_store_that_cannot_be_written_is_mended_later(
    database: Settings, replicas: Replicas, objects: list[ObjectRef]
) -> None:
    file_of(database, 1, objects[0]).unlink()
    incoming = database.home / "stores" / "1" / ".incoming"
    incoming.rename(incoming.with_name(".aside"))
    incoming.touch()
    assert await scrub(replicas) == Summary(checked=18, bad=1)
    assert (await states(objects[0]))[1] == "bad"
    incoming.unlink()
    incoming.with_name(".aside").rename(incoming)
    assert await keep_promises(replicas) == 1
    assert await states(objects[0]) == ALL_GOOD


async def test_a_walk_that_was_stopped_goes_on_where_it_was(
    database: Settings, replicas: Replicas, objects: list[ObjectRef], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archive.scrub.BATCH", 2)
    file_of(database, 1, objects[0]).unlink()
    file_of(database, 1, objects[5]).unlink()
    stop = asyncio.Event()
    steps: list[Progress] = []

    def progress(step: Progress) -> None:
        steps.append(step)
        if step.objects == 4:
            stop.set()

    assert await scrub(replicas, progress=progress, stop=stop) == Summary(checked=12, bad=1, repaired=1)
    assert (await ScrubRun.get()).finished_at is None
    assert await scrub(replicas, progress=progress) == Summary(checked=18, bad=2, repaired=2)
    assert [(step.objects, step.of_objects) for step in steps] == [(2, 6), (4, 6), (6, 6)]
    run = await ScrubRun.get()
    assert run.finished_at is not None
    assert (run.checked, run.bad, run.repaired, run.lost) == (18, 2, 2, 0)


async def test_a_fresh_walk_looks_at_everything_although_another_is_half_done(
    database: Settings, replicas: Replicas, objects: list[ObjectRef]
) -> None:
    await ScrubRun.create(after_object_id=objects[4].id, checked=15)
    file_of(database, 1, objects[0]).unlink()
    assert await scrub(replicas, fresh=True) == Summary(checked=18, bad=1, repaired=1)
    assert await scrub(replicas) == Summary(checked=18)


async def test_two_walks_at_once_count_nothing_twice(
    database: Settings, replicas: Replicas, objects: list[ObjectRef], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archive.scrub.BATCH", 2)
    file_of(database, 3, objects[4]).unlink()
    await ScrubRun.create()
    await asyncio.gather(scrub(replicas), scrub(Replicas(replicas.stores)))
    run = await ScrubRun.get()
    assert run.checked == 18
    assert run.lost == 0
    assert await states(objects[4]) == ALL_GOOD


async def test_objects_without_rows_are_reported(replicas: Replicas, objects: list[ObjectRef], tmp_path: Path) -> None:
    left = tmp_path / "left"
    left.write_bytes(b"x")
    await replicas.write([("demo/1.2/1.2.3/1.2.3.4.v1.0123456789abcdef.dcm", left)])
    assert await scrub(replicas) == Summary(checked=18, orphans=2)


async def test_a_walk_is_due_after_its_interval_or_when_one_was_left_unfinished(database: Settings) -> None:
    assert await is_due(now(), 7)
    run = await ScrubRun.create(finished_at=now())
    assert not await is_due(now(), 7)
    assert await is_due(now() + timedelta(days=8), 7)
    assert not await is_due(now() + timedelta(days=8), 0)
    await ScrubRun.filter(id=run.id).update(finished_at=None)
    assert await is_due(now(), 7)


async def test_the_pace_is_kept_over_all_who_share_it() -> None:
    time = 0.0
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        nonlocal time
        slept.append(seconds)
        time += seconds

    pace = Pace(10, clock=lambda: time, sleep=sleep)
    for _ in range(3):
        await pace.spend(5 * MEBIBYTE)
    assert slept == [0.5, 0.5, 0.5]
    time += 10  # idle time is not saved up
    await pace.spend(20 * MEBIBYTE)
    assert slept[3:] == [2.0]


async def test_without_a_pace_nobody_waits() -> None:
    async def sleep(seconds: float) -> None:
        raise AssertionError("waited")

    await Pace(0, sleep=sleep).spend(MEBIBYTE)
