"""How a hospital wants its notices to go: channels in order, quiet hours, waits, and when a burst stops them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from core.errors import InvalidField
from infra.database import transaction
from notify.kinds import TO_PATIENTS
from notify.models import Notice, NoticeRule, NoticeState
from records.models import Hospital
from records.policies import CATEGORIES

DEFAULT_EXPECTED = ("radiology",)
BURST_FACTOR = 5
QUIETEST_USUAL_HOUR = 100.0  # a hospital that is new, or small, may have a busy hour
USUAL_OVER = timedelta(days=28)
SETTABLE = ("channels", "quiet_from", "quiet_to", "images_expected", "images_minutes", "escalate_minutes", "most_an_hour")
BOUNDS: Mapping[str, tuple[int, int]] = {
    "images_minutes": (0, 1440),
    "escalate_minutes": (1, 1440),
    "most_an_hour": (1, 1_000_000),
}


async def of(hospital: str) -> NoticeRule:
    """The hospital's rules; those that stand in no table are the defaults."""
    return await NoticeRule.get_or_none(hospital_id=hospital) or _new(hospital)


async def of_all(hospitals: Sequence[str]) -> dict[str, NoticeRule]:
    """As `of`, of all these: code → rules."""
    known = {row.hospital_id: row for row in await NoticeRule.filter(hospital_id__in=list(hospitals))}
    return {code: known.get(code) or _new(code) for code in hospitals}


async def put(hospital: str, told: Mapping[str, Any]) -> NoticeRule:
    """Set what is named; raises InvalidField."""
    for name, value in told.items():
        _check(name, value)
    async with transaction():
        rule = await held(hospital)
        rule.update_from_dict(dict(told))
        if bool(rule.quiet_from) != bool(rule.quiet_to):
            raise InvalidField("quiet_to", "missing")
        await rule.save()
    return rule


async def held(hospital: str) -> NoticeRule:
    """The row of the rules, for who changes it inside a transaction."""
    await NoticeRule.bulk_create([_new(hospital)], ignore_conflicts=True)
    return await NoticeRule.filter(hospital_id=hospital).select_for_update().get()


def described(rule: NoticeRule) -> dict[str, Any]:
    """The rules as JSON."""
    said = {name: getattr(rule, name) for name in SETTABLE}
    stopped = rule.stopped_at.isoformat() if rule.stopped_at else None
    return said | {"usual_an_hour": rule.usual_an_hour, "most_now": most_an_hour(rule), "stopped_at": stopped}


def quiet_until(rule: NoticeRule, zone: ZoneInfo, now: datetime) -> datetime | None:
    """When the quiet hours end that it is now within, or None."""
    if not rule.quiet_from or rule.quiet_from == rule.quiet_to:
        return None
    begin, end = time.fromisoformat(rule.quiet_from), time.fromisoformat(rule.quiet_to)
    local = now.astimezone(zone)
    at = local.time()
    if not (begin <= at < end if begin < end else at >= begin or at < end):
        return None
    ends = local.replace(hour=end.hour, minute=end.minute, second=0, microsecond=0)
    return (ends if at < end else ends + timedelta(days=1)).astimezone(UTC)


def most_an_hour(rule: NoticeRule) -> int:
    """More notices than that to patients within an hour are a mistake of somebody's, until a person says that they are not."""
    if rule.most_an_hour is not None:
        return rule.most_an_hour
    return int(BURST_FACTOR * max(rule.usual_an_hour or 0.0, QUIETEST_USUAL_HOUR))


async def stop_burst(rule: NoticeRule, now: datetime) -> bool:
    """Stop the hospital's notices to patients when the last hour had too many; true for who stops them."""
    if rule.stopped_at is not None:
        return False
    since = max(now - timedelta(hours=1), rule.released_at or now - timedelta(hours=1))
    made = Notice.filter(
        hospital_id=rule.hospital_id,
        hour__gte=hour_of(since),
        created_at__gt=since,
        kind__in=patient_kinds(),
        state__not=NoticeState.SUPPRESSED,
    )
    if await made.count() <= most_an_hour(rule):
        return False
    await held(rule.hospital_id)
    return bool(await NoticeRule.filter(hospital_id=rule.hospital_id, stopped_at=None).update(stopped_at=now))


async def release(hospital: str, now: datetime) -> None:
    """A person has looked at the burst: what waits may go. It is counted anew from here."""
    await held(hospital)
    await NoticeRule.filter(hospital_id=hospital).update(stopped_at=None, released_at=now)


async def stopped_hospitals() -> list[str]:
    """Codes of those whose notices to patients a burst has stopped."""
    return [row.hospital_id for row in await NoticeRule.filter(stopped_at__isnull=False)]


async def measure(now: datetime) -> None:
    """How many notices a usual hour has: the mean of the hours that had any, of the last weeks."""
    for hospital in await Hospital.all():
        made = Notice.filter(hospital_id=hospital.code, hour__gt=now - USUAL_OVER, kind__in=patient_kinds())
        total, hours = await made.count(), len(await made.distinct().values_list("hour", flat=True))
        if hours:
            await held(hospital.code)
            await NoticeRule.filter(hospital_id=hospital.code).update(usual_an_hour=total / hours)


def hour_of(at: datetime) -> datetime:
    """The full hour that a moment lies in."""
    return at.replace(minute=0, second=0, microsecond=0)


def _new(hospital: str) -> NoticeRule:
    return NoticeRule(hospital_id=hospital, images_expected=list(DEFAULT_EXPECTED))


def patient_kinds() -> list[str]:
    """Kinds of notices to patients, as they are stored."""
    return sorted(kind.value for kind in TO_PATIENTS)


def _check(name: str, value: Any) -> None:
    if name in ("quiet_from", "quiet_to"):
        _check_clock(name, value)
    elif name == "images_expected" and not set(value) <= set(CATEGORIES):
        raise InvalidField(name, "not-a-choice")
    elif name in BOUNDS and value is not None:
        least, most = BOUNDS[name]
        if not least <= value <= most:
            raise InvalidField(name, "not-a-number")


def _check_clock(name: str, value: str) -> None:
    try:
        if value and time.fromisoformat(value).strftime("%H:%M") != value:
            raise InvalidField(name, "impossible-time")
    except ValueError as error:
        raise InvalidField(name, "impossible-time") from error
