"""A SELECT written by hand, for where an object a row would cost more than the row; the same on both databases."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from tortoise.connection import get_connection

NOTHING = "1 = 0"
EVERYTHING = "1 = 1"


class Statement:
    """The values of one statement. Its text is ours alone: whatever comes from outside goes in by `value`."""

    def __init__(self) -> None:
        self._connection = get_connection("default")
        self._is_postgres = self._connection.capabilities.dialect == "postgres"
        self._values: list[Any] = []

    def value(self, value: str | int) -> str:
        """The placeholder of a value."""
        self._values.append(value)
        return f"${len(self._values)}" if self._is_postgres else f"?{len(self._values)}"

    def one_of(self, column: str, values: Iterable[str | int]) -> str:
        """Equal to one of them; never, when there is none."""
        placeholders = ", ".join(self.value(value) for value in values)
        return f"{column} IN ({placeholders})" if placeholders else NOTHING

    def contains(self, column: str, text: str) -> str:
        """`text` stands somewhere in it, each character as it is, case included."""
        found = "strpos" if self._is_postgres else "instr"
        return f"{found}({column}, {self.value(text)}) > 0"

    def like(self, column: str, pattern: str) -> str:
        """All of it fits `pattern`: * any characters, ? any one, the others as they are, case included."""
        if self._is_postgres:
            return f"{column} LIKE {self.value(_like(pattern))}"
        return f"{column} GLOB {self.value(pattern.replace('[', '[[]'))}"

    async def rows(self, text: str) -> Sequence[Any]:
        """Rows whose values are taken by name; raises Unavailable."""
        return (await self._connection.execute_query(text, self._values))[1]


def any_of(conditions: Iterable[str]) -> str:
    """One of the conditions; never, when there is none."""
    return f"({' OR '.join(found)})" if (found := list(conditions)) else NOTHING


def all_of(conditions: Iterable[str]) -> str:
    """Each of the conditions; always, when there is none."""
    return f"({' AND '.join(found)})" if (found := list(conditions)) else EVERYTHING


def _like(pattern: str) -> str:
    return re.sub(r"([%_\\])", r"\\\1", pattern).replace("*", "%").replace("?", "_")
