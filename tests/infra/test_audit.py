"""The audit trail on both databases: what is recorded stays, and every tampering shows at the first broken entry."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from core.errors import Unavailable
from infra.audit import Entry, Trail
from infra.auditcheck import Broken, verify
from infra.database import transaction
from infra.models import AuditEntry, AuditHead
from infra.settings import Settings
from tests.infra.at_once import second_process
from tests.infra.failing import unwritable

AT = datetime(2026, 11, 20, 8, 30, 15, 123456, tzinfo=UTC)
LONG = "x" * 5000


@pytest.fixture
def trail(database: Settings) -> Trail:
    return Trail(database.keys)


def entry(number: int = 1, chain: str = "demo", **more: Any) -> Entry:
    detail = {"series": ["1.2.3", "1.2.4"], "instances": number, "stores": [1, 2], "深": {"a": None, "b": True}}
    return Entry(**{"chain": chain, "at": AT, "action": "store", "study_uid": "1.2.3", "detail": detail, **more})


async def test_chain_of_what_was_recorded_verifies(trail: Trail) -> None:
    for number in range(5):
        await trail.record(entry(number))
    await trail.record(entry(chain="other"))
    assert await verify(trail, page=2) == (6, None)
    assert [row.number for row in await AuditEntry.filter(chain="demo").order_by("id")] == [1, 2, 3, 4, 5]


async def test_entries_that_wait_together_are_one_commit_in_the_order_they_came(trail: Trail) -> None:
    ids = await asyncio.gather(*(trail.record(entry(number, session=f"s{number}")) for number in range(50)))
    rows = await AuditEntry.all().order_by("number")
    assert [row.id for row in rows] == ids
    assert [row.session for row in rows] == [f"s{number}" for number in range(50)]
    assert await verify(trail) == (50, None)


async def test_what_no_column_can_hold_is_cut_and_still_verifies(trail: Trail) -> None:
    await trail.record(entry(address=LONG, session="a\0b\ud800c", what=LONG, subject="王" * 100))
    assert await verify(trail) == (1, None)
    row = await AuditEntry.get()
    assert (row.address, row.session, row.subject) == ("x" * 64, "ab?c", "王" * 64)


async def test_time_of_any_zone_is_the_same_instant(trail: Trail) -> None:
    await trail.record(entry(at=AT.astimezone(timezone(timedelta(hours=8)))))
    assert await verify(trail) == (1, None)
    assert (await AuditEntry.get()).at == AT


async def test_entries_of_a_failed_transaction_never_happened(trail: Trail) -> None:
    await trail.record(entry())
    with pytest.raises(RuntimeError):
        async with transaction():
            await trail.append([entry(), entry(chain="new")])
            raise RuntimeError
    await trail.record(entry())
    assert await verify(trail) == (2, None)


async def test_recording_inside_a_transaction_does_not_depend_on_it(trail: Trail) -> None:
    async with transaction():
        recording = asyncio.create_task(trail.record(entry()))
        await asyncio.sleep(0.05)
    await recording
    assert await verify(trail) == (1, None)


Tamper = Callable[[str], Awaitable[Any]]
TAMPERED: dict[str, tuple[Tamper, int, str]] = {
    "time": (lambda chain: _third(chain).update(at=AT + timedelta(seconds=1)), 3, "changed"),
    "subject": (lambda chain: _third(chain).update(subject="somebody else"), 3, "changed"),
    "outcome": (lambda chain: _third(chain).update(outcome="refused"), 3, "changed"),
    "study": (lambda chain: _third(chain).update(study_uid=""), 3, "changed"),
    "detail": (lambda chain: _third(chain).update(detail={}), 3, "changed"),
    "algorithm": (lambda chain: _third(chain).update(algorithm="none"), 3, "changed"),
    "hash": (lambda chain: _third(chain).update(hash="0" * 64), 3, "changed"),
    "link": (lambda chain: _third(chain).update(previous="0" * 64), 3, "does not follow"),
    "count": (lambda chain: _third(chain).update(count=7), 3, "count"),
    "deleted": (lambda chain: _third(chain).delete(), 3, "missing"),
    "first deleted": (lambda chain: AuditEntry.filter(chain=chain, number=1).delete(), 1, "missing"),
    "last deleted": (lambda chain: AuditEntry.filter(chain=chain, number=5).delete(), 5, "newest"),
    "all deleted": (lambda chain: AuditEntry.filter(chain=chain).delete(), 1, "newest"),
    "head deleted": (lambda chain: AuditHead.filter(chain=chain).delete(), 1, "behind the end"),
    "head moved back": (lambda chain: _head_back(chain), 5, "behind the end"),
    "head changed": (lambda chain: AuditHead.filter(chain=chain).update(hash="0" * 64), 5, "end of the chain"),
    "before the first": (lambda chain: AuditEntry.filter(chain=chain, number=5).update(number=0), 1, "before the first"),
    "swapped": (lambda chain: _swap(chain, 2, 4), 2, "does not follow"),
    "contents swapped": (lambda chain: _swap_contents(chain), 2, "changed"),
}


async def test_each_tampering_shows_at_the_first_broken_entry(trail: Trail) -> None:
    for how, (tamper, broken_at, reason) in TAMPERED.items():
        await trail.record(entry(chain="a good one"))
        for number in range(5):
            await trail.record(entry(number, chain=how))
        await tamper(how)
        _, broken = await verify(trail, page=2)
        assert broken is not None, how
        assert (broken.chain, broken.number) == (how, broken_at)
        assert reason in broken.reason
        await AuditEntry.filter(chain=how).delete()
        await AuditHead.filter(chain=how).delete()


async def test_an_untouched_chain_beside_a_broken_one_is_checked_too(trail: Trail) -> None:
    await trail.record(entry(chain="a"))
    await trail.record(entry(chain="b"))
    await AuditEntry.filter(chain="b").update(role="admin")
    assert await verify(trail) == (1, Broken("b", 1, "it was changed"))


async def test_another_key_verifies_nothing(trail: Trail, database: Settings) -> None:
    await trail.record(entry())
    other = Trail(type(database.keys)("a" * 32, "b" * 32, "c" * 32, "d" * 32))
    assert (await verify(other))[1] is not None


async def test_two_processes_append_to_one_chain_without_gaps(trail: Trail, database: Settings) -> None:
    await asyncio.gather(
        second_process(database, "record", 20, "demo", AT),
        second_process(database, "record", 20, "demo", AT),
        *(trail.record(entry()) for _ in range(20)),
    )
    assert await verify(trail) == (60, None)


async def test_verifying_while_others_append_finds_nothing_broken(trail: Trail, database: Settings) -> None:
    await trail.record(entry())
    appending = asyncio.create_task(second_process(database, "record", 60, "demo", AT))
    while not appending.done():
        assert (await verify(trail, page=3))[1] is None
        await asyncio.sleep(0.02)
    await appending
    assert await verify(trail) == (61, None)


async def test_nothing_counts_as_recorded_that_could_not_be_written(trail: Trail, database: Settings) -> None:
    await trail.record(entry())
    async with unwritable(database):
        with pytest.raises(Unavailable):
            await trail.record(entry())
    await trail.record(entry())
    assert await verify(trail) == (2, None)


async def test_whoever_goes_away_while_waiting_leaves_the_others_on_record(trail: Trail) -> None:
    leaving = asyncio.create_task(trail.record(entry()))
    staying = asyncio.create_task(trail.record(entry()))
    await asyncio.sleep(0)
    leaving.cancel()
    await staying
    assert await verify(trail) == (2, None)


def _third(chain: str) -> Any:
    return AuditEntry.filter(chain=chain, number=3)


async def _head_back(chain: str) -> None:
    fourth = await AuditEntry.get(chain=chain, number=4)
    await AuditHead.filter(chain=chain).update(number=4, hash=fourth.hash)


async def _swap(chain: str, one: int, other: int) -> None:
    for number, to in ((one, -1), (other, one), (-1, other)):
        await AuditEntry.filter(chain=chain, number=number).update(number=to)


async def _swap_contents(chain: str) -> None:
    two, four = await AuditEntry.get(chain=chain, number=2), await AuditEntry.get(chain=chain, number=4)
    await AuditEntry.filter(id=two.id).update(detail=four.detail)
    await AuditEntry.filter(id=four.id).update(detail=two.detail)
