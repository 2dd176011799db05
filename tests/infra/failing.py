"""A database that fails for a while, of either kind, and everything a second process can do to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

import asyncpg  # type: ignore[import-untyped]
from tortoise.connection import get_connection

from infra.database import is_postgres
from infra.settings import Settings


@asynccontextmanager
async def unwritable(settings: Settings) -> AsyncIterator[None]:
    """While it lasts nothing can be written: SQLite refuses, PostgreSQL hangs up and takes nobody."""
    if not is_postgres(settings):
        await get_connection("default").execute_query("PRAGMA query_only=1")
        yield
        await get_connection("default").execute_query("PRAGMA query_only=0")
        return
    name = urlsplit(settings.database_url).path.lstrip("/")
    await as_superuser(
        settings,
        f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false",
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
    )
    yield
    await as_superuser(settings, f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")


async def as_superuser(settings: Settings, *statements: str) -> None:
    """Run these beside the tested database, in its server."""
    parts = urlsplit(settings.database_url)
    connection = await asyncpg.connect(urlunsplit(parts._replace(path="/postgres")))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
