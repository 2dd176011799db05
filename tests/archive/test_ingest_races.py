"""Requests that meet, on both databases and in several processes: exactly one wins, and nobody's bytes are mixed up."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive import index, original
from archive.ingest import Ingest, Outcome, Refusal, Status
from archive.models import Instance, Series, StoredObject, Study
from archive.retention import delete_study
from infra.auditcheck import verify
from infra.settings import Settings
from tests.archive.arriving import another_process, send
from tests.archive.stored import picture, ref_of

STORED, SAME, REPLACED, REFUSED = Status
REQUESTS = 6


async def at_once(ingest: Ingest, requests: Iterable[tuple[bytes, ...]], *, replacing: bool = False) -> list[Outcome]:
    answers = await asyncio.gather(*(send(ingest, *files, replacing=replacing) for files in requests))
    return [outcome for outcomes in answers for outcome in outcomes]


async def require_consistent(ingest: Ingest) -> None:
    """Counts say what is there, each current version gives its original back, and the trail is whole."""
    for study in await Study.all():
        assert study.instance_count == await Instance.filter(series__study_id=study.id).count()
        assert study.series_count == await Series.filter(study_id=study.id).count()
    for series in await Series.all():
        assert series.instance_count == await Instance.filter(series_id=series.id).count()
    for instance in await Instance.all():
        versions = await StoredObject.filter(instance_id=instance.id).order_by("version")
        assert [row.version for row in versions] == list(range(1, instance.version + 1))
    for row in await StoredObject.all():
        assert original.restore(await ingest.replicas.read(ref_of(row)))
    assert (await verify(ingest.trail))[1] is None


async def test_the_same_bytes_at_once_are_stored_once(ingest: Ingest) -> None:
    outcomes = await at_once(ingest, [(picture(1), picture(2))] * REQUESTS)
    assert Counter(outcome.status for outcome in outcomes) == {STORED: 2, SAME: 2 * REQUESTS - 2}
    await require_consistent(ingest)


async def test_different_bytes_at_once_have_one_winner_and_its_bytes(ingest: Ingest) -> None:
    files = [picture(1, seed=seed) for seed in range(REQUESTS)]
    outcomes = await at_once(ingest, [(file,) for file in files])
    assert Counter(outcome.status for outcome in outcomes) == {STORED: 1, REFUSED: REQUESTS - 1}
    assert {outcome.refusal for outcome in outcomes if outcome.status is REFUSED} == {Refusal.DIFFERENT}
    winner = next(file for file, outcome in zip(files, outcomes, strict=True) if outcome.status is STORED)
    assert original.restore(await ingest.replicas.read(ref_of(await StoredObject.get()))) == winner
    await require_consistent(ingest)


async def test_losing_one_instance_does_not_lose_the_rest_of_the_request(ingest: Ingest) -> None:
    requests = [(picture(1, seed=number), picture(10 + number)) for number in range(REQUESTS)]
    outcomes = await at_once(ingest, requests)
    assert Counter(outcome.status for outcome in outcomes) == {STORED: REQUESTS + 1, REFUSED: REQUESTS - 1}
    await require_consistent(ingest)


async def test_new_versions_at_once_follow_each_other(ingest: Ingest) -> None:
    await send(ingest, picture(1))
    outcomes = await at_once(ingest, [(picture(1, seed=seed),) for seed in (1, 2, 3)], replacing=True)
    assert Counter(outcome.status for outcome in outcomes) == {REPLACED: 3}
    assert (await Instance.get()).version == 4
    await require_consistent(ingest)


async def test_the_same_new_version_at_once_is_one_version(ingest: Ingest) -> None:
    await send(ingest, picture(1))
    outcomes = await at_once(ingest, [(picture(1, seed=1),)] * 4, replacing=True)
    assert Counter(outcome.status for outcome in outcomes) == {REPLACED: 1, SAME: 3}
    assert (await Instance.get()).version == 2
    await require_consistent(ingest)


async def test_a_study_in_many_requests_at_once_is_counted_right(ingest: Ingest) -> None:
    requests = [tuple(picture(10 * number + each) for each in range(4)) for number in range(REQUESTS)]
    outcomes = await at_once(ingest, [*requests, *(tuple(reversed(request)) for request in requests)])
    assert Counter(outcome.status for outcome in outcomes) == {STORED: 4 * REQUESTS, SAME: 4 * REQUESTS}
    await require_consistent(ingest)


async def test_requests_that_cross_do_not_wait_for_each_other_for_ever(ingest: Ingest) -> None:
    """Each holds what the other wants next: a database must break such a knot, and then it is tried again."""
    studies = [f"1.2.3.{number}" for number in range(4)]
    requests = [tuple(picture(number, study=study) for study in studies) for number in range(4)]
    outcomes = await at_once(ingest, [*requests, *(tuple(reversed(request)) for request in requests)])
    assert Counter(outcome.status for outcome in outcomes) == {STORED: 16, SAME: 16}
    await require_consistent(ingest)


async def test_processes_that_meet_store_each_instance_once(ingest: Ingest, database: Settings, tmp_path: Path) -> None:
    paths = []
    for number in range(8):
        paths.append(tmp_path / f"{number}.dcm")
        paths[-1].write_bytes(picture(number))
    said = await asyncio.gather(
        another_process(database, *paths), another_process(database, *reversed(paths)), another_process(database, *paths)
    )
    assert Counter(status for statuses in said for status in statuses) == {"stored": 8, "same": 16}
    await require_consistent(ingest)


async def test_a_study_that_is_deleted_while_it_arrives_is_whole_or_gone(ingest: Ingest) -> None:
    much_later = datetime(2090, 1, 1, tzinfo=UTC)
    await send(ingest, picture(1))
    sending = asyncio.create_task(at_once(ingest, [(picture(number),) for number in range(2, 8)]))
    await asyncio.sleep(0.02)
    await delete_study("demo", "1.2.3", much_later)
    outcomes = await sending
    assert {outcome.status for outcome in outcomes} == {STORED}
    await require_consistent(ingest)


async def test_who_never_wins_is_told_to_come_again(ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> None:
    async def overtaken(*_: object) -> None:
        raise index.Overtaken("again")

    monkeypatch.setattr(index, "add", overtaken)
    (outcome,) = await send(ingest, picture(1))
    assert (outcome.status, outcome.refusal) == (REFUSED, Refusal.UNAVAILABLE)
