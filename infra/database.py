"""The database: SQLite in the data folder, or PostgreSQL; opened once a process, migrated once a start."""

from __future__ import annotations

import fcntl
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import asyncpg  # type: ignore[import-untyped]
from tortoise import Tortoise
from tortoise.backends.base.client import TransactionalDBClient
from tortoise.connection import get_connection, get_connections
from tortoise.exceptions import ValidationError
from tortoise.migrations.api.migrate import migrate as run_migrations
from tortoise.transactions import in_transaction
from tortoise.utils import get_schema_sql

from core.errors import Misconfigured, Unavailable
from infra import garbage
from infra.postgres import our_errors, outermost
from infra.settings import Settings

DoesNotFit = ValidationError  # a value that is longer than its column, also where it is only looked for
ROOMS_WITH_TABLES = ("records", "identity", "archive", "notify", "share", "infra")
MIGRATION_LOCK = 0x636C_6F75  # any constant of ours: PostgreSQL advisory lock key
POOL_SIZE = 8
MIGRATION_SECONDS = 3600  # how long others wait for the one who migrates
CONNECT_SECONDS = 10
STATEMENT_SECONDS = 120  # longer than any of ours takes; a server that hangs must not hold us for ever


def config(settings: Settings) -> dict[str, Any]:
    """The Tortoise configuration for these settings."""
    apps = {room: {"models": [f"{room}.models"], "migrations": f"{room}.migrations"} for room in ROOMS_WITH_TABLES}
    return {"connections": {"default": _connection(settings)}, "apps": apps, "use_tz": True, "timezone": "UTC"}


async def open_database(settings: Settings) -> None:
    """Connect this process; raises Unavailable when the server does not answer."""
    settings.home.mkdir(parents=True, exist_ok=True)
    await Tortoise.init(config=config(settings), _enable_global_fallback=True)
    try:
        await get_connection("default").execute_query("SELECT 1")
    except Unavailable:
        await close_database()
        raise


async def close_database() -> None:
    """Give the connections back."""
    await Tortoise.close_connections()


async def migrate(settings: Settings) -> None:
    """Bring the tables to this version; only one process at a time does it, the others wait."""
    settings.home.mkdir(parents=True, exist_ok=True)
    async with _only_one(settings):
        try:
            await (_found if await _is_new(settings) else _upgrade)(settings)
        finally:
            await close_database()  # an open SQLite has a thread, which would keep this process from ending


async def is_alive() -> bool:
    """True when the database answers."""
    try:
        await get_connection("default").execute_query("SELECT 1")
    except Unavailable:
        return False
    return True


def transaction() -> AbstractAsyncContextManager[TransactionalDBClient]:
    """All or nothing. On SQLite it holds the write lock from its first line, so nothing slow belongs inside."""
    return in_transaction("default")


@asynccontextmanager
async def apart() -> AsyncIterator[None]:
    """What is written inside is committed at once, by a second connection, whatever becomes of the transaction around it.

    On SQLite, where there is one writer, it stays part of that transaction. Only for who is alone in his process to do so:
    a pool whose every connection waits for a second one waits for ever.
    """
    connection = get_connection("default")
    pool = outermost(connection)
    if pool is connection or connection.capabilities.dialect != "postgres":
        yield
        return
    token = get_connections().set("default", pool)
    try:
        yield
    finally:
        get_connections().reset(token)


def fitting(text: str, most_characters: int) -> str:
    """`text` as every database takes it, whoever wrote it: cut to the column, without NUL and halves of surrogate pairs."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")[:most_characters]


def is_postgres(settings: Settings) -> bool:
    """True when CLOUDFILM_DATABASE_URL names a PostgreSQL."""
    return settings.database_url.startswith(("postgres://", "postgresql://"))


def sqlite_path(settings: Settings) -> Path:
    """Where the SQLite file lies."""
    return settings.home / "cloudfilm.sqlite3"


def _connection(settings: Settings) -> dict[str, Any]:
    if is_postgres(settings):
        return {"engine": "infra.postgres", "credentials": _postgres_credentials(settings.database_url)}
    if settings.database_url:
        raise Misconfigured("CLOUDFILM_DATABASE_URL must be postgres://user:password@host:port/name, or empty for SQLite")
    return {"engine": "infra.sqlite", "credentials": {"file_path": str(sqlite_path(settings))}}


def _postgres_credentials(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    host = query.pop("host", None) or parts.hostname or "127.0.0.1"  # host=/folder names a unix socket
    return {
        "host": host,
        "port": parts.port or 5432,
        "user": unquote(parts.username or "postgres"),
        "password": unquote(parts.password) if parts.password else None,
        "database": parts.path.lstrip("/"),
        "minsize": 1,
        "maxsize": POOL_SIZE,
        "timeout": CONNECT_SECONDS,
        "command_timeout": STATEMENT_SECONDS,
        **query,
    }


async def _upgrade(settings: Settings) -> None:
    """One migration after another."""
    with garbage.rare_search():
        await run_migrations(config=config(settings))


async def _found(settings: Settings) -> None:
    """All tables at once, as the migrations would leave them: these take longer with each one that is added.

    The migrations are noted as done before there is any table, and all tables come in one transaction: whoever is
    interrupted starts over.
    """
    await run_migrations(config=config(settings), fake=True)
    await open_database(settings)
    script = get_schema_sql(get_connection("default"), safe=False)
    async with transaction() as connection:
        for statement in script.split(";"):  # no description of ours has one
            if statement.strip():
                await connection.execute_query(statement)


async def _is_new(settings: Settings) -> bool:
    """True for a database in which there is no table of ours."""
    if not is_postgres(settings) and not sqlite_path(settings).exists():
        return True
    await open_database(settings)
    catalogue = (
        "pg_tables WHERE schemaname = current_schema() AND tablename" if is_postgres(settings) else "sqlite_master WHERE name"
    )
    _, rows = await get_connection("default").execute_query(f"SELECT 1 FROM {catalogue} = 'hospital'")
    await close_database()
    return not rows


@asynccontextmanager
async def _only_one(settings: Settings) -> AsyncIterator[None]:
    if is_postgres(settings):
        async with _postgres_lock(settings):
            yield
        return
    with (settings.home / "migrate.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@asynccontextmanager
async def _postgres_lock(settings: Settings) -> AsyncIterator[None]:
    known = _postgres_credentials(settings.database_url)
    with our_errors():
        connection = await asyncpg.connect(**{k: v for k, v in known.items() if k not in ("minsize", "maxsize")})
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", MIGRATION_LOCK, timeout=MIGRATION_SECONDS)
        yield
    finally:
        await connection.close()
