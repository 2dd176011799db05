"""Maintenance is told at least a day before: on the pages, and to the hospital's staff by message."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from core.errors import InvalidField, NotFound
from core.uids import uuid7
from infra.database import transaction
from notify import reminders
from notify.kinds import Kind
from notify.models import Maintenance
from notify.notices import new, write

AHEAD = timedelta(hours=24)  # service contract 4.4
LONGEST = timedelta(hours=24)


async def plan(
    hospital: str, starts_at: datetime, ends_at: datetime, text: str, *, emergency: bool, now: datetime
) -> Maintenance:
    """Tell of it; raises InvalidField for one that begins sooner than a day from now and is no emergency."""
    if not now < ends_at or not starts_at < ends_at <= starts_at + LONGEST:
        raise InvalidField("ends_at", "impossible-time")
    if starts_at - now < AHEAD and not emergency:
        raise InvalidField("starts_at", "too-soon")
    async with transaction():
        row = await Maintenance.create(
            id=uuid7(),
            hospital_id=hospital,
            starts_at=starts_at,
            ends_at=ends_at,
            text=text,
            emergency=emergency,
            created_at=now,
        )
        for contact in await reminders.contacts(hospital):
            await write(new(Kind.MAINTENANCE, hospital, f"maintenance:{row.id}", contact.id, now))
    return row


async def cancel(hospital: str, maintenance_id: str, now: datetime) -> None:
    """It does not take place; raises NotFound."""
    planned = Maintenance.filter(id=maintenance_id, hospital_id=hospital, cancelled_at=None)
    if not await planned.update(cancelled_at=now):
        raise NotFound("no such maintenance")


async def ahead(now: datetime, hospital: str | None = None) -> Sequence[Maintenance]:
    """What is to come or going on, the next first."""
    planned = Maintenance.filter(cancelled_at=None, ends_at__gt=now)
    return await planned.filter(**({"hospital_id": hospital} if hospital else {})).order_by("starts_at").limit(100)
