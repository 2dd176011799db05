"""What every room's tests share: settings in a temporary folder, both databases, a hospital."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import re
import shutil
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import hypothesis
import pytest
from tortoise import Tortoise
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.connection import get_connection
from xdist.remote import Producer  # type: ignore[import-untyped]  # it ships no types
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

from archive.replicas import Replicas
from infra.database import close_database, config, is_postgres, migrate, open_database, sqlite_path
from infra.settings import Settings, from_environ
from infra.stores import open_store
from records.models import Hospital
from tests.parts.postgres import Postgres, running_postgres

TEMPLATE = "template_cloudfilm"
# Files that share a running server go to one worker, which starts it once.
TOGETHER = (
    "tests/phone/",
    "tests/viewer/",
    "tests/api/test_(access|audit|dicomweb_|downloads|errors|filmmaking|notices|protocol|wadouri|webtickets)",
    "tests/browser/",
    "tests/stories/masked/",
    "tests/stories/test_(retrieve|search|stow)_examined",
)
# Those, whole installations and kills begin first, so that none of them runs alone at the end.
LONGEST_FIRST = (*TOGETHER, "tests/drill/", "tests/infra/test_migrations", "tests/stories/", "tests/api/", "tests/bench/")
_left: dict[bool, tuple[type, dict[Any, Any]]] = {}  # is it PostgreSQL → how Tortoise spoke when the last such one was closed
SHARED = "tests"  # making a database from the template costs 300 files, emptying one costs a few statements
# Foreign keys rest meanwhile; what migrations wrote is not there to be emptied.
EMPTY = """
DO $$
DECLARE place text; filled boolean;
BEGIN
    SET LOCAL lock_timeout = '20s';
    SET LOCAL session_replication_role = replica;
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
    FOR place IN SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'tortoise_migrations'
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %s)', place) INTO filled;
        IF filled THEN EXECUTE format('DELETE FROM %s', place); END IF;
    END LOOP;
    PERFORM setval(format('%I', sequencename)::regclass, 1, false) FROM pg_sequences WHERE last_value IS NOT NULL;
END $$
"""


# The same examples each time, however slow the machine: a run says something of the change that it was made for.
hypothesis.settings.register_profile(
    "here",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("here")

gc.disable()  # thousands of tests are read in, which makes no garbage


def pytest_collection_finish() -> None:
    """What was read in stays to the end: no search for garbage need look at it."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take long at the beginning, and in each file what needs PostgreSQL at the end."""
    files = {path: number for number, path in enumerate(dict.fromkeys(item.path for item in items))}
    items.sort(key=lambda item: (_place(item.nodeid), files[item.path], _database_of(item) == "postgres"))


def _place(nodeid: str) -> int:
    return next((place for place, each in enumerate(LONGEST_FIRST) if re.match(each, nodeid)), len(LONGEST_FIRST))


def _database_of(item: pytest.Item) -> str:
    called = getattr(item, "callspec", None)
    return str(called.params.get("database", "")) if called else ""


class _ByServer(LoadFileScheduling):  # type: ignore[misc]  # as above
    """Every file to one worker, and with it those that share its server."""

    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        return next((together for together in TOGETHER if re.match(together, file)), file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """What `--dist loadfile` means here."""
    return _ByServer(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A demo in an empty folder, with SQLite and three local stores."""
    return _demo(tmp_path / "home")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL for the whole run, with a migrated database to copy from."""
    with running_postgres() as server:
        _run_alone(_statement(server, f"CREATE DATABASE {TEMPLATE}"))
        home = server.folder / "home"
        _run_alone(migrate(dataclasses.replace(_demo(home), database_url=server.url(TEMPLATE))))
        _run_alone(_statement(server, f"CREATE DATABASE {SHARED} TEMPLATE {TEMPLATE}"))
        yield server


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy from."""
    settings = _demo(tmp_path_factory.mktemp("migrated"))
    _run_alone(migrate(settings))
    return sqlite_path(settings)


@pytest.fixture(params=["sqlite", "postgres"])
async def database(request: pytest.FixtureRequest, settings: Settings) -> AsyncIterator[Settings]:
    """An open, migrated and empty database of either kind; gives the settings that name it."""
    if request.param == "sqlite":
        _copy_sqlite(request.getfixturevalue("migrated_sqlite"), settings)
        async with _opened(settings) as opened:
            yield opened
        return
    server: Postgres = request.getfixturevalue("postgres")
    async with _opened(dataclasses.replace(settings, database_url=server.url(SHARED))) as opened:
        yield opened
    await _statement(server, EMPTY, SHARED)


@pytest.fixture
async def hospital(database: Settings) -> Hospital:
    """The tenant 'demo'."""
    return await Hospital.create(code="demo", name="示范医院")


@pytest.fixture
async def replicas(database: Settings) -> AsyncIterator[Replicas]:
    """Three stores on this disk."""
    one, two, three = (open_store(url, place) for place, url in enumerate(database.store_urls, 1))
    opened = Replicas((one, two, three))
    yield opened
    await opened.close()
    for store in opened.stores:
        await store.close()


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Settings]:
    kind = is_postgres(settings)
    if _left.get(kind) == (type(Hospital._meta.basequery), EXECUTOR_CACHE):  # all models are prepared for this kind
        await Tortoise.init(config=config(settings), init_connections=False, _enable_global_fallback=True)
        get_connection("default")
    else:
        EXECUTOR_CACHE.clear()  # Tortoise keeps the SQL of the first kind of database it met
        await open_database(settings)
    speaks = type(Hospital._meta.basequery)
    try:
        yield settings
    finally:
        _left.pop(kind, None)
        if type(Hospital._meta.basequery) is speaks:  # the test opened none of the other kind
            _left[kind] = speaks, dict(EXECUTOR_CACHE)
        await close_database()


def _run_alone(work: Coroutine[Any, Any, None]) -> None:
    """Outside the loop of any test, so that no connection is bound to one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


def _demo(home: Path) -> Settings:
    return from_environ({"CLOUDFILM_DEMO": "1", "CLOUDFILM_HOME": str(home)})


def _copy_sqlite(source: Path, settings: Settings) -> None:
    settings.home.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, sqlite_path(settings))


async def _statement(server: Postgres, sql: str, database: str = "postgres") -> None:
    connection = await asyncpg.connect(server.url(database))
    try:
        await connection.execute(sql)
    finally:
        await connection.close()
