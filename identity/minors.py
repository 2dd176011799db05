"""Guardians of minors: what ends at 14 without the child's own word, and at 18 in any case; and what is due to be said.

PIPL article 31 asks for the guardian's consent below 14; Civil Code article 17 ends guardianship at 18.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.uids import uuid7
from identity.models import FamilyReminder, Proxy
from infra import outbox
from infra.database import transaction

GUARDIAN = "guardian"
OWN_CONSENT_YEARS, OF_AGE_YEARS = 14, 18
ZONE = ZoneInfo("Asia/Shanghai")  # of birthdays
SOON = timedelta(days=30)
ENDS_SOON = timedelta(days=14)
FAMILY_DUE = "family-due"  # outbox topic: what falls due about a permission; ids only
MOST_AT_ONCE = 200


def comes_of_age(born: date) -> datetime:
    """The first moment of the 18th birthday."""
    return birthday(born, OF_AGE_YEARS)


def decides_alone(born: date | None, now: datetime) -> bool:
    """True from the 14th birthday on: no code and no paper of a guardian's does without the child's word."""
    return born is not None and now >= birthday(born, OWN_CONSENT_YEARS)


def asks_from(born: date | None) -> datetime | None:
    """The 14th birthday: from then on the child is asked."""
    return birthday(born, OWN_CONSENT_YEARS) if born else None


def guardian_sees(born: date | None, agreed_at: datetime | None, grace: timedelta, now: datetime) -> bool:
    """True below 14 and `grace` longer; from then on only once the child agreed; never from 18 on."""
    if born is None or now >= comes_of_age(born):
        return False
    return agreed_at is not None or now < birthday(born, OWN_CONSENT_YEARS) + grace


async def remind(proxy: Proxy, born: date | None, now: datetime) -> None:
    """Inside the caller's transaction: write down what will have to be said about this permission."""
    dues = _dues(proxy, born if proxy.relation == GUARDIAN else None)
    rows = [FamilyReminder(id=uuid7(), proxy_id=proxy.id, kind=kind, due_at=due_at) for kind, due_at in dues if due_at > now]
    await FamilyReminder.bulk_create(rows, ignore_conflicts=True)


async def say_what_is_due(now: datetime) -> int:
    """Turn what is due into events, each once; what holds no more is said to nobody. Gives how many were looked at."""
    due = await FamilyReminder.filter(done_at=None, due_at__lte=now).order_by("due_at").limit(MOST_AT_ONCE)
    for row in due:
        async with transaction():
            if await FamilyReminder.filter(id=row.id, done_at=None).update(done_at=now):
                await _say(row, now)
    return len(due)


async def _say(row: FamilyReminder, now: datetime) -> None:
    proxy = await Proxy.get(id=row.proxy_id).prefetch_related("record")
    answered = row.kind.startswith("fourteen") and proxy.agreed_at is not None
    if proxy.revoked_at is not None or now >= proxy.expires_at or answered:
        return
    payload = {
        "event": f"family-{row.kind}",
        "hospital": proxy.record.hospital_id,
        "proxy": proxy.id,
        "person": proxy.person_id,
        "record": proxy.record_id,
    }
    await outbox.promise(FAMILY_DUE, f"reminder:{row.id}", payload, now)


def _dues(proxy: Proxy, born: date | None) -> Iterator[tuple[str, datetime]]:
    """Kind of reminder → when."""
    if born is None:
        yield "ends-soon", proxy.expires_at - ENDS_SOON
        return
    fourteenth = birthday(born, OWN_CONSENT_YEARS)
    yield "fourteen-soon", fourteenth - SOON
    yield "fourteen", fourteenth
    yield "eighteen-soon", comes_of_age(born) - SOON


def birthday(born: date, years: int) -> datetime:
    """The first moment of that birthday; who was born on 29 February has it on 1 March in other years."""
    year = born.year + years
    leap = born.month == 2 and born.day == 29
    day = date(year, 3, 1) if leap and not _is_leap(year) else born.replace(year=year)
    return datetime.combine(day, time(), ZONE)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
