"""PostgreSQL: a server that does not answer is our Unavailable, and a connection is given back whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg  # type: ignore[import-untyped]
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import BaseDBAsyncClient, TransactionalDBClient, TransactionContextPooled
from tortoise.connection import get_connections
from tortoise.exceptions import DBConnectionError, TransactionManagementError

from core.errors import Unavailable

# Not our statement but the server, the way to it, or another transaction that it preferred (PostgreSQL annex A).
_MACHINE = (
    OSError,
    TimeoutError,
    DBConnectionError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.TransactionRollbackError,
    asyncpg.ObjectNotInPrerequisiteStateError,  # it takes no connections now
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # it stumbles over a server that hangs up just then
)


@contextmanager
def our_errors() -> Iterator[None]:
    """Trouble of the server becomes Unavailable; a wrong statement stays what it is."""
    try:
        yield
    except _MACHINE as error:
        raise Unavailable(f"the database does not answer ({type(error).__name__})") from error
    except TransactionManagementError as error:
        if isinstance(error.__cause__, asyncpg.ReadOnlySQLTransactionError):  # a standby that was not yet promoted
            raise Unavailable("the database cannot be written") from error
        raise


def outermost(connection: BaseDBAsyncClient) -> BaseDBAsyncClient:
    """The pool that the connection of a transaction, also of one within another, was taken from."""
    while isinstance(connection, TransactionWrapper):
        connection = connection._parent
    return connection


class _Speaking(AsyncpgDBClient):
    """What reaches the database goes through here."""

    async def execute_insert(self, query: str, values: list[Any]) -> Any:
        with our_errors():
            return await super().execute_insert(query, values)

    async def execute_many(self, query: str, values: list[Any]) -> None:
        with our_errors():
            await super().execute_many(query, values)

    async def execute_query(self, query: str, values: list[Any] | None = None) -> tuple[int, list[dict[Any, Any]]]:
        with our_errors():
            return await super().execute_query(query, values)  # type: ignore[no-any-return]

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
        with our_errors():
            return await super().execute_query_dict(query, values)  # type: ignore[no-any-return]


class _Transaction(_Speaking, TransactionWrapper):
    """One connection of the pool, from BEGIN to COMMIT."""

    async def begin(self) -> None:
        with our_errors():
            await super().begin()

    async def commit(self) -> None:
        with our_errors():
            await super().commit()

    async def rollback(self) -> None:
        with our_errors():
            await super().rollback()


class _TransactionContext(TransactionContextPooled):
    """A transaction that could not begin keeps no connection."""

    async def __aenter__(self) -> TransactionalDBClient:
        with our_errors():
            await self.ensure_connection()
            pool = self.client._parent._pool
            self.client._connection = await pool.acquire()
        try:
            await self.client.begin()
        except BaseException:
            await asyncio.shield(pool.release(self.client._connection))
            raise
        self.token = get_connections().set(self.connection_name, self.client)
        return self.client


class Postgres(_Speaking):
    """A pool of connections to one server."""

    def _in_transaction(self) -> TransactionContextPooled:
        return _TransactionContext(_Transaction(self), self._pool_init_lock)


client_class = Postgres
