"""Old audit entries go by command alone, not before their term, and the chain says that it was cut and still verifies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import Conflict, RetentionNotOver
from infra import staff
from infra.audit import Entry, Trail
from infra.auditcheck import verify, verify_chain
from infra.auditcut import cut
from infra.models import AuditCut, AuditEntry, StaffSession
from infra.sealing import Sealer
from infra.settings import Settings
from infra.staff import Staff

NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
KEEP = timedelta(days=1096)
OLD = NOW - KEEP - timedelta(days=10)


@pytest.fixture
async def trail(database: Settings) -> Trail:
    """Five old entries and three new ones in `demo`, one old one in `other`."""
    trail = Trail(database.keys)
    for number in range(5):
        await trail.record(Entry(chain="demo", at=OLD, action="read", session=f"s{number}"))
    for number in range(3):
        await trail.record(Entry(chain="demo", at=NOW, action="read", session=f"n{number}"))
    await trail.record(Entry(chain="other", at=OLD, action="read"))
    return trail


async def cut_demo(trail: Trail, before: datetime, **more: Any) -> int:
    async def broken() -> object:
        return (await verify_chain(trail, "demo", {}))[1]

    asking = Entry(chain="demo", at=NOW, action="", role="operator", subject="operator-0")
    return await cut(trail, "demo", before, keep=KEEP, entry=asking, verified=broken, page=2, **more)


async def test_old_entries_go_and_the_rest_still_verifies(trail: Trail) -> None:
    assert await cut_demo(trail, NOW - KEEP) == 5
    assert await verify(trail) == (5, None)
    assert [row.number for row in await AuditEntry.filter(chain="demo").order_by("number")] == [6, 7, 8, 9]
    said = await AuditEntry.get(chain="demo", number=9)
    assert (said.action, said.subject, said.detail["through"]) == ("audit-cut", "operator-0", 5)
    assert await AuditEntry.filter(chain="other").count() == 1
    await trail.record(Entry(chain="demo", at=NOW, action="read"))
    assert await verify(trail) == (6, None)
    assert await cut_demo(trail, NOW - KEEP) == 0


async def test_who_was_behind_a_session_is_forgotten_with_its_last_entry(trail: Trail, database: Settings) -> None:
    await trail.record(Entry(chain="demo", at=NOW, action="read", session="s1"))
    for session in ("s0", "s1", "unused"):
        await staff.tell(Sealer(database.keys), session, Staff("内科", "某某"))
    await cut_demo(trail, NOW - KEEP)
    assert {row.session for row in await StaffSession.all()} == {"s1", "unused"}
    assert await staff.behind(Sealer(database.keys), ["s0", "s1"]) == {"s1": Staff("内科", "某某")}


async def test_nothing_goes_before_its_term(trail: Trail) -> None:
    with pytest.raises(RetentionNotOver):
        await cut_demo(trail, NOW - KEEP + timedelta(seconds=1))
    assert await verify(trail) == (9, None)


async def test_an_old_entry_behind_a_younger_one_stays(trail: Trail) -> None:
    await trail.record(Entry(chain="demo", at=OLD, action="read"))
    await cut_demo(trail, NOW - KEEP)
    assert await AuditEntry.filter(chain="demo", at=OLD).count() == 1


async def test_a_broken_chain_is_not_cut(trail: Trail) -> None:
    await AuditEntry.filter(chain="demo", number=2).update(subject="somebody")
    with pytest.raises(Conflict, match="broken"):
        await cut_demo(trail, NOW - KEEP)
    assert await AuditEntry.filter(chain="demo").count() == 8


async def test_a_cut_that_is_not_ours_shows(trail: Trail) -> None:
    await cut_demo(trail, NOW - KEEP)
    genuine = await AuditCut.get(chain="demo")
    sixth = await AuditEntry.get(chain="demo", number=6)
    await AuditEntry.filter(chain="demo", number=6).delete()
    await AuditCut.filter(chain="demo").update(number=6, hash=sixth.hash)
    _, broken = await verify(trail)
    assert broken is not None
    assert "cut" in broken.reason
    await AuditCut.filter(chain="demo").update(number=genuine.number, hash=genuine.hash)
    assert (await verify(trail))[1] is not None, "the sixth is missing"
    await AuditCut.filter(chain="demo").delete()
    assert (await verify(trail))[1] is not None, "the first five are missing"


async def test_heads_noted_before_the_cut_are_no_contradiction_and_one_at_it_is_compared(trail: Trail) -> None:
    third, fifth = [await AuditEntry.get(chain="demo", number=number) for number in (3, 5)]
    await cut_demo(trail, NOW - KEEP)
    assert (await verify(trail, {"demo": {3: third.hash, 5: fifth.hash}}))[1] is None
    assert (await verify(trail, {"demo": {5: "0" * 64}}))[1] is not None
