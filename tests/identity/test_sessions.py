"""Sessions on both databases: a token is worth what its session is, in every process, at the next request."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import Invalid, Unauthenticated, Unavailable
from core.grants import Role
from identity import sessions
from identity.models import Session
from identity.sessions import Sessions, issue, revoke
from infra.database import is_postgres
from infra.epoch import Epoch
from infra.settings import Settings
from records.models import Hospital
from tests.infra.failing import unwritable

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)

REVOKE = """
import asyncio, os, sys
from core.clock import now
from identity.sessions import revoke
from infra.database import close_database, open_database
from infra.epoch import sessions_epoch
from infra.settings import from_environ

async def main():
    settings = from_environ(os.environ)
    await open_database(settings)
    assert await revoke(sys.argv[1], sessions_epoch(settings.home), now())
    await close_database()

asyncio.run(main())
"""


@pytest.fixture
def known(database: Settings, epoch: Epoch) -> Sessions:
    return Sessions(database.keys, epoch, timedelta(minutes=5))


async def issued(settings: Settings, role: Role = Role.HOSPITAL, hospital: str | None = "demo") -> str:
    return await issue(settings.keys, role=role, hospital=hospital, subject="someone", life=HOUR, now=NOW)


async def test_a_token_grants_its_hospital(database: Settings, hospital: Hospital, known: Sessions) -> None:
    grant = await known.grant(await issued(database), NOW)
    assert (grant.role, grant.home, grant.hospitals, grant.until) == (Role.HOSPITAL, "demo", frozenset({"demo"}), NOW + HOUR)
    assert grant.session == (await Session.get()).id


# The subject of the two others is a link, or a third party and what it asks for.
@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.LINK, Role.THIRD_PARTY)])
async def test_only_systems_and_doctors_see_pictures_by_role(
    database: Settings, hospital: Hospital, known: Sessions, role: Role
) -> None:
    grant = await known.grant(await issued(database, role), NOW)
    assert bool(grant.hospitals) is (role in (Role.HOSPITAL, Role.CLINICIAN, Role.ADMIN))
    assert not grant.studies


async def test_a_token_is_over_at_its_expiry(database: Settings, hospital: Hospital, known: Sessions) -> None:
    token = await issued(database)
    await known.grant(token, NOW + HOUR - SECOND)
    with pytest.raises(Unauthenticated):
        await known.grant(token, NOW + HOUR)
    with pytest.raises(Unauthenticated):
        await known.grant(token, NOW + 2 * HOUR)


async def test_a_revoked_session_is_over_although_it_is_remembered(
    database: Settings, hospital: Hospital, known: Sessions, epoch: Epoch
) -> None:
    token = await issued(database)
    await known.grant(token, NOW)
    assert await revoke((await Session.get()).id, epoch, NOW)
    with pytest.raises(Unauthenticated):
        await known.grant(token, NOW)


async def test_another_process_revokes_and_the_next_request_knows(
    database: Settings, hospital: Hospital, known: Sessions
) -> None:
    token = await issued(database)
    await known.grant(token, NOW)
    environment = {**os.environ, "CLOUDFILM_HOME": str(database.home), "CLOUDFILM_DATABASE_URL": database.database_url}
    session = (await Session.get()).id
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", REVOKE, session, env=environment)
    assert await process.wait() == 0
    with pytest.raises(Unauthenticated):
        await known.grant(token, NOW)


async def test_only_the_revoked_session_is_over(database: Settings, hospital: Hospital, known: Sessions, epoch: Epoch) -> None:
    one = await issued(database)
    first = (await Session.get()).id
    other = await issued(database)
    await revoke(first, epoch, NOW)
    assert (await known.grant(other, NOW)).home == "demo"
    with pytest.raises(Unauthenticated):
        await known.grant(one, NOW)


async def test_revoking_twice_or_nothing_says_so(database: Settings, hospital: Hospital, epoch: Epoch) -> None:
    await issued(database)
    session = (await Session.get()).id
    assert await revoke(session, epoch, NOW)
    assert not await revoke(session, epoch, NOW)
    assert not await revoke("nothing", epoch, NOW)


async def test_other_machines_are_believed_for_a_short_time_only(database: Settings, hospital: Hospital, epoch: Epoch) -> None:
    """They do not share this machine's memory, so what they revoke is asked for again soon."""
    known = Sessions(database.keys, epoch, SECOND)
    token = await issued(database)
    await known.grant(token, NOW)
    await Session.all().update(revoked_at=NOW)
    await known.grant(token, NOW + SECOND / 2)
    with pytest.raises(Unauthenticated):
        await known.grant(token, NOW + SECOND)


async def test_a_token_whose_session_is_not_on_record_is_nobody(
    database: Settings, hospital: Hospital, known: Sessions
) -> None:
    token = await issued(database)
    await Session.all().delete()
    with pytest.raises(Unauthenticated):
        await known.grant(token, NOW)


async def test_a_failing_database_lets_nobody_new_in(database: Settings, hospital: Hospital, known: Sessions) -> None:
    if not is_postgres(database):
        return  # SQLite that can be read answers rightly
    token = await issued(database)
    async with unwritable(database):
        with pytest.raises(Unavailable):
            await known.grant(token, NOW)
    assert (await known.grant(token, NOW)).home == "demo"


async def test_impossible_tokens_are_not_issued(database: Settings, hospital: Hospital) -> None:
    with pytest.raises(Invalid):
        await issued(database, hospital="nowhere")
    for life in (timedelta(0), -HOUR, timedelta(days=401)):
        with pytest.raises(Invalid):
            await issue(database.keys, role=Role.ADMIN, hospital="demo", subject="x", life=life, now=NOW)
    assert await Session.all().count() == 0


async def test_the_token_itself_is_stored_nowhere(database: Settings, hospital: Hospital) -> None:
    token = await issued(database)
    row = (await Session.all().values())[0]
    assert not any(part in str(value) for value in row.values() for part in token.split("."))


async def test_memory_of_tokens_has_a_limit(
    database: Settings, hospital: Hospital, known: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MOST_REMEMBERED", 3)
    tokens = [await issued(database) for _ in range(5)]
    for token in tokens:
        await known.grant(token, NOW)
    assert len(known._known) <= 3
