"""SQLite for one machine: WAL, durable commits, writers queue at BEGIN IMMEDIATE, readers never wait for them."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import aiosqlite
from tortoise.backends.base.client import TransactionalDBClient
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError

from core.errors import Unavailable

BUSY_TIMEOUT_MS = 20_000  # another process may hold the write lock through a large ingest commit
PRAGMAS: dict[str, str | int] = {
    "journal_mode": "WAL",
    "synchronous": "FULL",  # an acknowledged commit survives power loss
    "busy_timeout": BUSY_TIMEOUT_MS,
    "foreign_keys": "ON",
    "cache_size": -65536,
    "journal_size_limit": 67_108_864,
    "temp_store": "MEMORY",
}
# https://www.sqlite.org/rescode.html: it is the machine, not our statement.
_MACHINE = {
    sqlite3.SQLITE_BUSY: "the database is busy",
    sqlite3.SQLITE_LOCKED: "the database is busy",
    sqlite3.SQLITE_NOMEM: "the database has no memory",
    sqlite3.SQLITE_READONLY: "the database cannot be written",
    sqlite3.SQLITE_IOERR: "the disk of the database fails",
    sqlite3.SQLITE_CORRUPT: "the database file is damaged",
    sqlite3.SQLITE_FULL: "the disk of the database is full",
    sqlite3.SQLITE_CANTOPEN: "the database cannot be opened",
    sqlite3.SQLITE_NOTADB: "the database file is damaged",
}


@contextmanager
def _our_errors() -> Iterator[None]:
    """Trouble of the machine becomes Unavailable; a wrong statement stays what it is."""
    try:
        yield
    except (sqlite3.DatabaseError, OperationalError) as error:
        cause = error.args[0] if isinstance(error, OperationalError) else error
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF  # the rest only details it
        if code not in _MACHINE:
            raise
        raise Unavailable(_MACHINE[code]) from error


class _Speaking(SqliteClient):
    """What reaches the database goes through here."""

    async def execute_insert(self, query: str, values: list[Any]) -> int:
        with _our_errors():
            return await super().execute_insert(query, values)  # type: ignore[no-any-return]

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        with _our_errors():
            await super().execute_many(query, values)

    async def execute_query(self, query: str, values: list[Any] | None = None) -> tuple[int, Sequence[Any]]:
        with _our_errors():
            return await super().execute_query(query, values)  # type: ignore[no-any-return]

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
        with _our_errors():
            return await super().execute_query_dict(query, values)  # type: ignore[no-any-return]


class _Immediate(_Speaking, SqliteTransactionWrapper):
    """BEGIN takes the write lock at once: a read-then-write can no longer fail half way with 'database is locked'."""

    async def begin(self) -> None:
        try:
            with _our_errors():
                await self._connection.execute("BEGIN IMMEDIATE")
        except asyncio.CancelledError:
            # The connection's thread may still run it; what is queued behind takes it back.
            await asyncio.shield(self._connection.rollback())
            raise

    async def commit(self) -> None:
        try:
            with _our_errors():
                await super().commit()
        except Unavailable:
            await self._connection.rollback()
            raise


class _ImmediateContext(SqliteTransactionContext):
    """A transaction that could not begin leaves no lock behind."""

    async def __aenter__(self) -> TransactionalDBClient:
        await self._trxlock.acquire()
        try:
            await self.ensure_connection()
            await self.connection.begin()
        except BaseException:
            self._trxlock.release()
            raise
        self.token = get_connections().set(self.connection_name, self.connection)
        return self.connection  # type: ignore[no-any-return]

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, at: Any) -> None:
        try:
            await (self.connection.commit() if kind is None else self.connection.rollback())
        finally:
            get_connections().reset(self.token)
            self._trxlock.release()


class TwoConnectionSqlite(_Speaking):
    """One connection for writing, one for reading, so that a read does not queue behind a commit's fsync."""

    def __init__(self, file_path: str, **kwargs: Any) -> None:
        super().__init__(file_path, **{**PRAGMAS, **kwargs})
        self._reader: aiosqlite.Connection | None = None

    async def create_connection(self, with_db: bool) -> None:
        with _our_errors():
            await super().create_connection(with_db)
            if self._reader is None:
                self._reader = await self._opened_reader()

    async def close(self) -> None:
        await super().close()
        if self._reader is not None:
            await self._reader.close()
            self._reader = None

    async def execute_query(self, query: str, values: list[Any] | None = None) -> tuple[int, Sequence[Any]]:
        if self._reader is None or not _only_reads(query):
            return await super().execute_query(query, values)
        rows = await self._read(self._reader, query, values)
        return len(rows), rows

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
        if self._reader is None or not _only_reads(query):
            return await super().execute_query_dict(query, values)
        return [dict(row) for row in await self._read(self._reader, query, values)]

    def _in_transaction(self) -> SqliteTransactionContext:
        return _ImmediateContext(_Immediate(self), self._lock)

    async def _opened_reader(self) -> aiosqlite.Connection:
        reader = await aiosqlite.connect(self.filename, isolation_level=None)
        reader._conn.row_factory = sqlite3.Row
        for pragma, value in {**PRAGMAS, "query_only": "ON"}.items():
            await (await reader.execute(f"PRAGMA {pragma}={value}")).close()
        return reader

    async def _read(self, reader: aiosqlite.Connection, query: str, values: list[Any] | None) -> list[sqlite3.Row]:
        with _our_errors():
            try:
                return list(await reader.execute_fetchall(query, values or []))
            except sqlite3.OperationalError as error:
                raise OperationalError(error) from error


def _only_reads(query: str) -> bool:
    return query[:6].upper() == "SELECT"


client_class = TwoConnectionSqlite
