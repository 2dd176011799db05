"""Many rows of one table in one statement, without an object for each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from tortoise.connection import get_connection
from tortoise.models import Model


async def insert(model: type[Model], rows: Sequence[Mapping[str, Any]], *, or_ignore: bool = False) -> None:
    """Insert rows, column → value, with the same columns each; with `or_ignore` those that are there already stay as they are.

    Inside the caller's transaction, if there is one; raises what the database says of a broken constraint.
    """
    if not rows:
        return
    connection = get_connection("default")
    columns = tuple(rows[0])
    statement = _statement(str(model._meta.db_table), columns, connection.capabilities.dialect == "postgres", or_ignore)
    await connection.execute_many(statement, [[row[column] for column in columns] for row in rows])


async def update(model: type[Model], rows: Sequence[Mapping[str, Any]]) -> None:
    """Set the columns of each row that has a known `id`: column → value, with the same columns each, `id` among them.

    Inside the caller's transaction, which has locked the rows: nothing says how many there were.
    """
    if not rows:
        return
    connection = get_connection("default")
    columns = tuple(sorted(rows[0].keys() - {"id"}))
    statement = _update_statement(str(model._meta.db_table), columns, connection.capabilities.dialect == "postgres")
    await connection.execute_many(statement, [[*(row[column] for column in columns), row["id"]] for row in rows])


@lru_cache
def _update_statement(table: str, columns: tuple[str, ...], is_postgres: bool) -> str:
    places = [f"${number}" if is_postgres else "?" for number in range(1, len(columns) + 2)]
    settings = ", ".join(f'"{column}" = {place}' for column, place in zip(columns, places, strict=False))
    return f'UPDATE "{table}" SET {settings} WHERE "id" = {places[-1]}'


@lru_cache
def _statement(table: str, columns: tuple[str, ...], is_postgres: bool, or_ignore: bool) -> str:
    names = ", ".join(f'"{column}"' for column in columns)
    values = ", ".join(f"${number}" if is_postgres else "?" for number in range(1, len(columns) + 1))
    ignoring = " ON CONFLICT DO NOTHING" if or_ignore else ""
    return f'INSERT INTO "{table}" ({names}) VALUES ({values}){ignoring}'
