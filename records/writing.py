"""One at a time may change what a hospital says, so that an exam and its patient, study or report never miss each other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum

from infra.database import transaction


class Outcome(StrEnum):
    """What became of something said."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Said:
    """`id` is ours. `waiting`: kept, but what it belongs to is not known yet. `moved`: other people may see it now."""

    outcome: Outcome
    id: str
    waiting: bool = False
    moved: bool = False


@asynccontextmanager
async def writing(hospital: str) -> AsyncIterator[None]:
    """A transaction that no other writer of this hospital's records is in at the same time; the caller's, if there is one.

    SQLite has one writer anyway. On PostgreSQL two commits that do not see each other would leave both waiting for ever.
    """
    async with transaction() as connection:
        if connection.capabilities.dialect == "postgres":
            lock = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
            await connection.execute_query(lock, [f"records of {hospital}"])
        yield
