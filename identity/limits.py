"""How often something may be tried: counted in the database, so that a hundred tries at once count as a hundred."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.errors import TooManyRequests
from core.uids import row_id
from identity.models import Attempt, Gate
from infra.database import transaction

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many within any such span."""

    most: int
    within: timedelta


async def count_try(gates: Mapping[str, Sequence[Limit]], now: datetime) -> None:
    """Count one try at each of these gates, or raise TooManyRequests and count nothing."""
    async with transaction():
        await _hold(sorted(gates))
        for key, limits in gates.items():
            for limit in limits:
                await _require_room(key, limit, now)
        await Attempt.bulk_create([Attempt(id=row_id(), key=key, at=now) for key in gates])


async def forget_try(gates: Iterable[str], now: datetime) -> None:
    """The try that was counted at these gates at that moment was right, and does not count."""
    for key in gates:
        row = await Attempt.filter(key=key, at=now).first()
        if row is not None:
            await Attempt.filter(id=row.id).delete()


async def forget_tries(before: datetime) -> None:
    """Remove what no limit looks back to."""
    await Attempt.filter(at__lt=before).delete()


async def _hold(keys: Sequence[str]) -> None:
    """Whoever else counts at one of these gates waits until our transaction is over; always in the same order."""
    await Gate.bulk_create([Gate(key=key) for key in keys], ignore_conflicts=True)
    await Gate.filter(key__in=keys).order_by("key").select_for_update()


async def _require_room(key: str, limit: Limit, now: datetime) -> None:
    latest = await Attempt.filter(key=key, at__gt=now - limit.within).order_by("-at").offset(limit.most - 1).first()
    if latest is not None:
        wait = latest.at + limit.within - now
        raise TooManyRequests("asked for too often", retry_after_seconds=max(1, int(wait.total_seconds()) + 1))
