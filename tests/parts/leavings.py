"""All that a run leaves behind, to look for private words in: logs, metrics, and every table of the database."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Protocol

import asyncpg  # type: ignore[import-untyped]
import httpx

from tests.parts.installation import Installation


class HasHome(Protocol):
    """Whatever lives in a data folder."""

    @property
    def home(self) -> Path:
        """Where it is."""
        ...


def files_and_metrics(site: Installation, token: str) -> dict[str, bytes]:
    """Name → content, of each log, of what /metrics says, and of the database's files when it is SQLite."""
    answer = httpx.get(f"{site.url}/metrics", headers={"Authorization": f"Bearer {token}"}, timeout=30)
    assert answer.status_code == 200
    site.logged()  # and with it all that was to be written until now
    paths = [*site.home.glob("log/*"), *site.home.glob("cloudfilm.sqlite3*")]
    return {"metrics": answer.content, **{path.name: path.read_bytes() for path in paths}}


def tables_of_sqlite(site: HasHome) -> dict[str, bytes]:
    """Table → its rows as text, binary columns as hexadecimal digits."""
    with sqlite3.connect(f"file:{site.home}/cloudfilm.sqlite3?mode=ro", uri=True) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {name: connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in names}
    connection.close()
    return {name: "\n".join("\t".join(map(_text, row)) for row in rows).encode() for name, rows in found.items()}


async def tables_of_postgres(url: str) -> dict[str, bytes]:
    """Table → its rows as COPY writes them, binary columns as hexadecimal digits."""
    connection = await asyncpg.connect(url)
    try:
        names = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        found = {}
        for (name,) in names:
            written = BytesIO()
            await connection.copy_from_table(name, output=written)
            found[name] = written.getvalue()
    finally:
        await connection.close()
    return found


def leaks(places: Mapping[str, bytes], words: Collection[str], known: Mapping[str, Collection[str]] | None = None) -> list[str]:
    """Where one of the words stands in clear, or barely hidden. `known`: places where some words belong."""
    belonging = known or {}
    return sorted(
        f"{place}: {word}"
        for word in words
        for place, content in places.items()
        if word not in belonging.get(place, ()) and any(form in content for form in _forms(word))
    )


def _forms(word: str) -> Iterator[bytes]:
    """As it is, as JSON escapes it, in hexadecimal digits, and in base64 wherever it begins within three bytes."""
    plain = word.encode()
    yield plain
    yield json.dumps(word).strip('"').encode()
    yield json.dumps(word).strip('"').replace("\\", "\\\\").encode()  # as COPY writes that
    yield plain.hex().encode()
    if len(plain) >= 9:  # of a shorter one too little is left
        for shift in range(3):
            yield base64.b64encode(b"\0" * shift + plain)[4 if shift else 0 : -4]


def _text(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
