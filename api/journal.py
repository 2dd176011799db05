"""Which files an import has already brought in safely, so that it can be stopped and started again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

_TABLE = """
CREATE TABLE IF NOT EXISTS imported (
    hospital TEXT NOT NULL, path TEXT NOT NULL, size INTEGER NOT NULL, modified_ns INTEGER NOT NULL,
    sha256 TEXT NOT NULL, sop_instance_uid TEXT NOT NULL,
    PRIMARY KEY (hospital, path)
) WITHOUT ROWID
"""


@dataclass(frozen=True, slots=True)
class Found:
    """A file as it lies on the disk."""

    path: Path
    size: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class Known:
    """What an earlier import made of a file."""

    sha256: str
    sop_instance_uid: str


class Journal:
    """Kept in the data folder; use it with `with`."""

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(home / "import.sqlite3", timeout=20)
        with self._database:
            self._database.execute(_TABLE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._database.close()

    def known(self, hospital: str, file: Found) -> Known | None:
        """What an earlier import made of exactly this file: same path, size and time of change."""
        question = "SELECT sha256, sop_instance_uid FROM imported WHERE hospital=? AND path=? AND size=? AND modified_ns=?"
        with closing(self._database.execute(question, (hospital, str(file.path), file.size, file.modified_ns))) as cursor:
            row = cursor.fetchone()
        return Known(*row) if row else None

    def add(self, hospital: str, stored: Iterable[tuple[Found, Known]]) -> None:
        """Remember files that are safe."""
        rows = [
            (hospital, str(file.path), file.size, file.modified_ns, known.sha256, known.sop_instance_uid)
            for file, known in stored
        ]
        with self._database:
            self._database.executemany("INSERT OR REPLACE INTO imported VALUES (?, ?, ?, ?, ?, ?)", rows)
