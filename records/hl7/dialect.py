"""Which words a hospital uses where: the default, and a file for each hospital that writes differently."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.errors import Misconfigured
from records.hl7.message import Message, is_path
from records.identifiers import KINDS

_DEFAULT = Path(__file__).with_name("default.toml")
_NOT_PATHS = {("exam", "cancels"), ("report", "findings"), ("report", "impression")}


@dataclass(frozen=True, slots=True)
class Dialect:
    """The tables of default.toml, with what a hospital replaces."""

    tables: Mapping[str, Mapping[str, Any]]

    @property
    def senders(self) -> frozenset[str]:
        """MSH-3 or MSH-4 of its systems."""
        return frozenset(self.tables["message"]["senders"])

    def setting(self, name: str) -> Any:
        """One of [message]."""
        return self.tables["message"][name]

    def words(self, table: str, name: str) -> list[str]:
        """A list that is not of paths."""
        return list(self.tables[table][name])

    def read(self, message: Message, table: str, name: str) -> str:
        """What the message says there; empty for nothing."""
        return next((value for path in self.tables[table][name] if (value := message.first(path))), "")

    def read_all(self, message: Message, table: str, name: str) -> list[str]:
        """All that it says there, in all repetitions, each once."""
        found = [value for path in self.tables[table][name] for value in message.all(path) if value]
        return list(dict.fromkeys(found))

    def meaning(self, kind: str, word: str) -> str:
        """Our word for the hospital's; empty for one that is not in its table."""
        table: Mapping[str, str] = self.tables["values"][kind]
        return table.get(word) or table.get(word.upper(), "")


def default() -> Dialect:
    """What a hospital speaks that has no file of its own."""
    return _dialect(_DEFAULT, {})


def dialects(folder: Path) -> dict[str, Dialect]:
    """Hospital code → what it speaks, for each `<code>.toml` of the folder. Raises Misconfigured with what is wrong."""
    files = sorted(folder.glob("*.toml")) if folder.is_dir() else []
    return {path.stem: _dialect(path, default().tables) for path in files}


@lru_cache(maxsize=1)
def _shape() -> Mapping[str, Any]:
    return tomllib.loads(_DEFAULT.read_text(encoding="utf-8"))


def _dialect(path: Path, below: Mapping[str, Mapping[str, Any]]) -> Dialect:
    try:
        own = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{path.name} is no TOML in UTF-8: {error}") from error
    _require_known(path, own)
    tables = {name: {**below.get(name, {}), **own.get(name, {})} for name in {**below, **own}}
    tables["values"] = {
        name: {**below.get("values", {}).get(name, {}), **own.get("values", {}).get(name, {})} for name in _shape()["values"]
    }
    return Dialect(tables)


def _require_known(path: Path, own: Mapping[str, Any]) -> None:
    """Raises Misconfigured for a table, name or path that would silently never be read."""
    for table, content in own.items():
        if table not in _shape() or not isinstance(content, dict):
            raise Misconfigured(f"{path.name}: there is no table [{table}]")
        for name, value in content.items():
            _require_possible(path, table, name, value)


def _require_possible(path: Path, table: str, name: str, value: Any) -> None:
    where = f"{path.name}: [{table}] {name}"
    if table in ("message", "patient", "exam", "report", "values") and name not in _shape()[table]:
        raise Misconfigured(f"{where} is not known")
    if table == "identifiers" and name not in KINDS:
        raise Misconfigured(f"{where} is no kind of identifier")
    if table in ("patient", "identifiers", "exam", "report") and (table, name) not in _NOT_PATHS:
        wrong = [each for each in value if not is_path(str(each))]
        if wrong:
            raise Misconfigured(f"{where}: {wrong[0]} is no path such as PID-5.1")
