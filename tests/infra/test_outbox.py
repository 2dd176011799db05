"""Promised work is done at least once, by one worker at a time, and a late worker cannot settle it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import Unavailable
from infra import outbox
from infra.database import transaction
from infra.models import Outbox, OutboxState
from infra.outbox import (
    ATTEMPTS,
    Job,
    backoff,
    claim,
    extend,
    give_up,
    hand_back,
    promise,
    promise_again,
    replay,
    retry,
    settle,
)
from infra.settings import Settings

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
LEASE_SECONDS = 60
LATER = NOW + timedelta(seconds=30)
TOO_LATE = NOW + timedelta(seconds=LEASE_SECONDS)


async def _claim_one(now: datetime = NOW) -> Job:
    (job,) = await claim(["copy"], now, 10, LEASE_SECONDS)
    return job


async def test_a_promise_is_kept_once_however_often_it_is_made(database: Settings) -> None:
    for payload in ({"object": 1}, {"object": 2}):
        await promise("copy", "1", payload, NOW)
    await promise("send", "1", {}, NOW)
    job = await _claim_one()
    assert (job.topic, job.key, job.payload, job.attempts) == ("copy", "1", {"object": 1}, 1)
    assert await settle(job, LATER)
    await promise("copy", "1", {"object": 3}, NOW)
    assert await claim(["copy"], LATER, 10, LEASE_SECONDS) == []


async def test_a_promise_of_a_transaction_that_fails_was_never_made(database: Settings) -> None:
    with pytest.raises(Unavailable):
        async with transaction():
            await promise("copy", "1", {}, NOW)
            raise Unavailable("the store went away")
    assert await Outbox.all().count() == 0


async def test_only_due_work_is_given_out_oldest_first_and_no_more_than_asked_for(database: Settings) -> None:
    for minutes in (3, 1, 2, -1):
        await promise("copy", str(minutes), {}, NOW - timedelta(minutes=minutes))
    first = await claim(["copy"], NOW, 2, LEASE_SECONDS)
    rest = await claim(["copy"], NOW, 10, LEASE_SECONDS)
    assert [job.key for job in first + rest] == ["3", "2", "1"]


async def test_two_workers_never_hold_the_same_job(database: Settings) -> None:
    await outbox.promise_all("copy", {str(number): {} for number in range(60)}, NOW)
    claimed = await asyncio.gather(*(claim(["copy"], NOW, 9, LEASE_SECONDS) for _ in range(8)))
    ids = [job.id for jobs in claimed for job in jobs]
    rest = await claim(["copy"], NOW, 100, LEASE_SECONDS)
    assert len(ids) == len(set(ids))
    assert {job.id for job in rest}.isdisjoint(ids)
    assert len(ids) + len(rest) == 60


async def test_a_late_worker_cannot_settle(database: Settings) -> None:
    await promise("copy", "1", {}, NOW)
    late = await _claim_one()
    assert not await settle(late, TOO_LATE)
    second = await _claim_one(TOO_LATE)
    assert (second.attempts, second.fence) == (2, late.fence + 1)
    for refused in (settle(late, LATER), retry(late, LATER, "x"), give_up(late, LATER, "x"), extend(late, LATER, 600)):
        assert not await refused
    assert await settle(second, TOO_LATE + timedelta(seconds=1))
    assert (await Outbox.get()).state == OutboxState.DONE


async def test_an_extended_lease_is_kept(database: Settings) -> None:
    await promise("copy", "1", {}, NOW)
    job = await _claim_one()
    assert await extend(job, LATER, LEASE_SECONDS)
    assert await claim(["copy"], TOO_LATE, 10, LEASE_SECONDS) == []
    assert await settle(job, TOO_LATE)


async def test_failed_work_comes_back_after_a_pause_and_keeps_its_reason(database: Settings) -> None:
    await promise("copy", "1", {}, NOW)
    assert await retry(await _claim_one(), NOW, "store 3 is full", timedelta(minutes=1))
    assert await claim(["copy"], NOW + timedelta(seconds=59), 10, LEASE_SECONDS) == []
    again = await _claim_one(NOW + timedelta(seconds=60))
    assert again.attempts == 2
    assert (await Outbox.get()).last_error == "store 3 is full"


async def test_work_that_fails_too_often_is_dead_until_it_is_replayed(database: Settings) -> None:
    await promise("copy", "1", {}, NOW)
    await Outbox.all().update(attempts=ATTEMPTS - 1)
    assert await retry(await _claim_one(), NOW, "no good copy")
    dead = await Outbox.get()
    assert (dead.state, dead.settled_at, dead.last_error) == (OutboxState.DEAD, NOW, "no good copy")
    assert await claim(["copy"], NOW + timedelta(days=9), 10, LEASE_SECONDS) == []
    assert await replay(NOW, "send") == 0
    assert await replay(NOW) == 1
    assert (await _claim_one()).attempts == 1


async def test_work_that_kills_its_worker_each_time_is_dead_in_the_end(database: Settings) -> None:
    await promise("copy", "1", {}, NOW)
    await Outbox.all().update(attempts=ATTEMPTS - 1)
    await _claim_one()
    assert await claim(["copy"], TOO_LATE, 10, LEASE_SECONDS) == []
    assert (await Outbox.get()).state == OutboxState.DEAD


async def test_a_new_need_opens_done_and_dead_work_again(database: Settings) -> None:
    for close in (settle(await _promised("1"), NOW), give_up(await _promised("2"), NOW, "x")):
        assert await close
    for key in ("1", "2"):
        await promise_again("copy", key, {"object": int(key)}, LATER)
    jobs = await claim(["copy"], LATER, 10, LEASE_SECONDS)
    assert [(job.key, job.attempts) for job in jobs] == [("1", 1), ("2", 1)]


async def _promised(key: str) -> Job:
    await promise("copy", key, {}, NOW)
    return await _claim_one()


async def test_a_new_need_takes_the_job_from_whoever_began_before_it_arose(database: Settings) -> None:
    early = await _promised("1")
    await promise_again("copy", "1", {}, NOW)
    assert not await settle(early, NOW)
    assert (await _claim_one()).key == "1"


async def test_a_new_need_does_not_shorten_the_pause_after_a_failure(database: Settings) -> None:
    await retry(await _promised("1"), NOW, "store 3 does not answer", timedelta(hours=1))
    await promise_again("copy", "1", {}, NOW)
    assert await claim(["copy"], NOW, 10, LEASE_SECONDS) == []


async def test_a_round_of_work_settles_what_succeeds_and_keeps_what_fails(database: Settings) -> None:
    async def handler(job: Job) -> None:
        if job.key == "down":
            raise Unavailable("store 3 does not answer")
        if job.key == "bug":
            raise TypeError("王小东")

    await outbox.promise_all("copy", {"fine": {}, "down": {}, "bug": {}}, NOW)
    assert await outbox.work({"copy": handler}, clock=lambda: NOW) == 3
    rows = {row.key: (row.state, row.last_error) for row in await Outbox.all()}
    assert rows == {
        "fine": (OutboxState.DONE, ""),
        "down": (OutboxState.WAITING, "store 3 does not answer"),
        "bug": (OutboxState.WAITING, "a bug: TypeError"),
    }
    assert await outbox.work({"copy": handler}, clock=lambda: NOW) == 0


async def test_a_worker_that_is_stopped_hands_its_work_back(database: Settings) -> None:
    began = asyncio.Event()

    async def handler(job: Job) -> None:
        began.set()
        await asyncio.sleep(60)

    await promise("copy", "1", {}, NOW)
    worker = asyncio.create_task(outbox.work({"copy": handler}, clock=lambda: NOW))
    await began.wait()
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    assert (await _claim_one()).attempts == 1


async def test_work_that_takes_longer_than_its_lease_stays_with_its_worker(database: Settings) -> None:
    first = NOW + timedelta(seconds=3)

    async def handler(job: Job) -> None:
        while not await Outbox.filter(id=job.id, leased_until__gt=first).exists():
            await asyncio.sleep(0.05)

    now = iter([NOW])
    await promise("copy", "1", {}, NOW)
    await outbox.work({"copy": handler}, lease_seconds=3, clock=lambda: next(now, LATER - timedelta(seconds=28)))
    assert (await Outbox.get()).state == OutboxState.DONE


async def test_handing_back_after_the_lease_changes_nothing(database: Settings) -> None:
    late = await _promised("1")
    await _claim_one(TOO_LATE)
    assert not await hand_back(late, TOO_LATE)


async def test_old_done_work_is_forgotten_and_waiting_work_never(database: Settings) -> None:
    await settle(await _promised("1"), NOW)
    await promise("copy", "2", {}, NOW)
    assert await outbox.forget_done("copy", NOW) == 0
    assert await outbox.forget_done("copy", NOW + timedelta(days=1)) == 1
    assert [row.key for row in await Outbox.all()] == ["2"]


def test_pauses_double_up_to_an_hour_and_are_spread() -> None:
    assert [backoff(tries, lambda: 1.0).total_seconds() for tries in (1, 2, 3, 11, 99)] == [5, 10, 20, 3600, 3600]
    assert backoff(1, lambda: 0.0).total_seconds() == 2.5
