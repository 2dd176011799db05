"""Transactions on both databases: all or nothing, nothing left behind, and trouble of the machine is our own error."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

import pytest
from tortoise.connection import get_connection
from tortoise.exceptions import IntegrityError, OperationalError

from core.errors import Misconfigured, Unavailable
from infra.database import (
    POOL_SIZE,
    close_database,
    fitting,
    is_alive,
    is_postgres,
    migrate,
    open_database,
    sqlite_path,
    transaction,
)
from infra.settings import Settings, from_environ
from records.models import Hospital
from tests.infra.failing import unwritable


async def add(code: str) -> None:
    await Hospital.create(code=code, name=code)


async def codes() -> list[str]:
    return sorted([hospital.code for hospital in await Hospital.all()])


async def test_a_failed_transaction_leaves_nothing(database: Settings) -> None:
    with pytest.raises(RuntimeError):
        async with transaction():
            await add("a")
            raise RuntimeError
    async with transaction():
        await add("b")
    assert await codes() == ["b"]


async def test_a_cancelled_transaction_leaves_nothing_and_blocks_nobody(database: Settings) -> None:
    begun = asyncio.Event()

    async def hang() -> None:
        async with transaction():
            await add("a")
            begun.set()
            await asyncio.sleep(60)

    hanging = asyncio.create_task(hang())
    await begun.wait()
    hanging.cancel()
    await asyncio.gather(hanging, return_exceptions=True)
    async with transaction():
        await add("b")
    assert await codes() == ["b"]


async def test_transactions_cancelled_at_any_moment_block_nobody(database: Settings) -> None:
    async def once(number: int) -> None:
        async with transaction():
            await add(f"{number}")

    for number in range(40):
        task = asyncio.create_task(once(number))
        for _ in range(number % 20):
            await asyncio.sleep(0.0002)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    async with asyncio.timeout(60), transaction():
        await add("last")
    assert "last" in await codes()


async def test_a_constraint_still_speaks_for_itself(database: Settings) -> None:
    await add("a")
    with pytest.raises(IntegrityError):
        async with transaction():
            await add("b")
            await add("a")
    assert await codes() == ["a"]


async def test_a_wrong_statement_looks_like_a_mistake_of_ours(database: Settings) -> None:
    with pytest.raises(OperationalError):
        await get_connection("default").execute_query("SELECT nothing FROM nowhere")


async def test_a_failing_database_is_unavailable_and_usable_afterwards(database: Settings) -> None:
    async with unwritable(database):
        for number in range(POOL_SIZE + 2):  # none of them keeps a connection or a lock
            with pytest.raises(Unavailable):
                async with transaction():
                    await add(f"{number}")
            with pytest.raises(Unavailable):
                await add(f"{number}")
    assert await is_alive()
    async with transaction():
        await add("a")
    assert await codes() == ["a"]


async def test_readiness_is_false_while_the_server_is_away(database: Settings) -> None:
    async with unwritable(database):
        assert await is_alive() is not is_postgres(database)  # SQLite can still be read


async def test_a_writer_that_never_ends_is_told_as_busy_and_leaves_no_lock(settings: Settings, migrated_sqlite: object) -> None:
    await migrate(settings)
    await open_database(settings)
    await get_connection("default").execute_query("PRAGMA busy_timeout=50")
    with closing(sqlite3.connect(sqlite_path(settings), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(2):
            with pytest.raises(Unavailable, match="busy"):
                async with transaction():
                    await add("a")
        assert await codes() == []  # readers go on
        waiting = asyncio.create_task(_transaction_of("b"))
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        other.execute("ROLLBACK")
    await _transaction_of("c")
    assert await codes() == ["c"]
    await close_database()


async def test_a_read_sees_a_commit_at_once(database: Settings) -> None:
    for number in range(20):
        await _transaction_of(f"{number}")
        assert await Hospital.exists(code=f"{number}")


async def test_a_server_that_is_not_there_is_unavailable(settings: Settings) -> None:
    environment = {"CLOUDFILM_HOME": str(settings.home), "CLOUDFILM_DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing"}
    away = from_environ(environment)
    with pytest.raises(Unavailable):
        await open_database(away)
    with pytest.raises(Unavailable):
        await migrate(away)


async def test_a_database_of_another_kind_is_refused(settings: Settings) -> None:
    with pytest.raises(Misconfigured, match="postgres://"):
        await open_database(from_environ({"CLOUDFILM_HOME": str(settings.home), "CLOUDFILM_DATABASE_URL": "mysql://a/b"}))


def test_text_fits_every_database() -> None:
    assert fitting("王小东", 2) == "王小"
    assert fitting("a\0b\udcffc\ud83d", 10) == "ab?c?"
    assert fitting("\0\0\0abc", 2) == "ab"


async def _transaction_of(code: str) -> None:
    async with transaction():
        await add(code)
