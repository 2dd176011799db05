"""A new database has at once what an old one has after all its migrations; an interrupted start begins again."""

from __future__ import annotations

from typing import Any

from tortoise.connection import get_connection
from tortoise.migrations.api.migrate import migrate as run_migrations

from infra.database import _upgrade, close_database, config, is_postgres, migrate, open_database
from infra.settings import Settings

_SQLITE = (
    'SELECT m.name AS of, c.name AS name, c.type, c."notnull", c.dflt_value, c.pk'
    " FROM sqlite_master m, pragma_table_info(m.name) c"
    " WHERE m.type = 'table'",
    'SELECT m.name AS of, f."table", f."from", f."to", f.on_delete FROM sqlite_master m, pragma_foreign_key_list(m.name) f',
    'SELECT m.name AS of, i."unique", i.partial, (SELECT group_concat(x.name) FROM pragma_index_info(i.name) x) AS columns'
    " FROM sqlite_master m, pragma_index_list(m.name) i WHERE m.type = 'table'",
)
_POSTGRES = (
    "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default, is_identity"
    " FROM information_schema.columns WHERE table_schema = current_schema()",
    "SELECT conrelid::regclass::text, contype::text, pg_get_constraintdef(oid) AS definition FROM pg_constraint"
    " WHERE connamespace = current_schema()::regnamespace AND contype <> 'n'",
    "SELECT tablename, regexp_replace(indexdef, 'INDEX \\S+ ON', 'INDEX ON') AS definition FROM pg_indexes"
    " WHERE schemaname = current_schema()",
)


async def test_the_tables_of_a_new_database_are_those_that_the_migrations_make(database: Settings) -> None:
    new = await _schema(database)
    await _dropped(database)
    await _upgrade(database)
    await close_database()
    await open_database(database)
    migrated = await _schema(database)
    assert all(len(each) > 20 for each in new)
    for ours, theirs in zip(new, migrated, strict=True):
        assert sorted(ours - theirs) == []
        assert sorted(theirs - ours) == []


async def test_a_first_start_that_was_interrupted_begins_again(database: Settings) -> None:
    whole = await _schema(database)
    await _dropped(database)
    await run_migrations(config=config(database), fake=True)  # noted as done, and then the power went
    await migrate(database)
    await open_database(database)
    assert await _schema(database) == whole


async def _schema(settings: Settings) -> list[set[tuple[str, ...]]]:
    questions = _POSTGRES if is_postgres(settings) else _SQLITE
    return [{tuple(map(str, dict(row).values())) for row in await _rows(question)} for question in questions]


async def _rows(question: str) -> list[Any]:
    _, rows = await get_connection("default").execute_query(question)
    return list(rows)


async def _dropped(settings: Settings) -> None:
    """No table is left, nor the note of any migration."""
    if is_postgres(settings):
        await get_connection("default").execute_script("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    else:
        tables = [row["name"] for row in await _rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
        drops = "".join(f'DROP TABLE "{name}";' for name in tables if name != "sqlite_sequence")
        await get_connection("default").execute_script(f"PRAGMA foreign_keys = OFF; {drops} PRAGMA foreign_keys = ON")
    await close_database()
