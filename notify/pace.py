"""How fast a channel may send, and whether it rests: one row a channel, which all workers share."""

from __future__ import annotations

from datetime import datetime, timedelta

from tortoise.connection import get_connection
from tortoise.expressions import Q

from infra.database import apart, transaction
from notify.models import NoticeChannel

FAILURES_TO_REST = 3
FIRST_REST_SECONDS = 5.0
LONGEST_REST_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 3600.0  # that a provider may ask for
CLOCKS_DIFFER_SECONDS = 60.0

# `taken` counts what was asked for in the second, granted or not: so one statement is enough, and no lock is kept.
# A clock that goes backwards finds a later second in the row, and counts in that; what stands there farther ahead than any
# worker's clock can be was written by one that was wrong, and no longer counts.
_COUNT = """
INSERT INTO "notice_channel" AS "c" ("name", "failures", "second", "taken") VALUES ($1, 0, $2, $3)
ON CONFLICT ("name") DO UPDATE SET
  "taken" = excluded."taken" + CASE WHEN "c"."second" BETWEEN excluded."second" AND $4 THEN "c"."taken" ELSE 0 END,
  "second" = CASE WHEN "c"."second" BETWEEN excluded."second" AND $4 THEN "c"."second" ELSE excluded."second" END
WHERE "c"."rests_until" IS NULL OR "c"."rests_until" <= $5 OR "c"."rests_until" > $6
RETURNING "taken", "failures"
"""


async def grant(name: str, wanted: int, now: datetime, per_second: int) -> int:
    """So many of `wanted` messages may leave by the channel now, over all workers `per_second` in a second.

    Committed at once, whatever becomes of the caller's transaction, and never given back: what is not sent after all makes
    the channel slower, never faster. A channel that is tried again after a rest takes one message, and rests meanwhile:
    the try counts as failed until it has worked, also when its worker is killed.
    """
    async with apart():
        counted = await _counted(name, wanted, now)
        if counted is None:
            return 0
        asked_for, failures = counted
        if failures >= FAILURES_TO_REST:
            return int(await _may_try(name, failures, now))
    return max(0, min(wanted, per_second - (asked_for - wanted)))


async def failed(name: str, now: datetime, seconds: float | None = None) -> None:
    """The channel did not work, or asked for a pause of `seconds`: after a few failures it rests, longer each time.

    Those that were on their way when it began to rest are one failure, not many.
    """
    await NoticeChannel.bulk_create([NoticeChannel(name=name)], ignore_conflicts=True)
    async with transaction():
        row = await NoticeChannel.filter(name=name).select_for_update().get()
        until = row.rests_until if row.rests_until is not None and row.rests_until <= _farthest(now) else now
        row.failures += until <= now
        pause = _rest(row.failures) if seconds is None else timedelta(seconds=min(seconds, LONGEST_PAUSE_SECONDS))
        row.rests_until = max(now + pause, until)
        await row.save(update_fields=["failures", "rests_until"])


async def worked(name: str) -> None:
    """The channel works: what it suffered before is forgotten."""
    await NoticeChannel.filter(name=name, failures__gt=0).update(failures=0, rests_until=None)


async def resting(now: datetime) -> dict[str, datetime]:
    """Channels that rest, and until when."""
    rows = await NoticeChannel.filter(rests_until__gt=now, rests_until__lte=_farthest(now))
    return {row.name: row.rests_until for row in rows if row.rests_until}


async def suspects() -> set[str]:
    """Channels whose last message failed, or is the try after a rest."""
    return {row.name for row in await NoticeChannel.filter(failures__gt=0)}


async def _counted(name: str, wanted: int, now: datetime) -> tuple[int, int] | None:
    """What was asked for in this second, with ours, and failures in a row; None while the channel rests."""
    connection = get_connection("default")
    statement = _COUNT if connection.capabilities.dialect == "postgres" else _COUNT.replace("$", "?")
    second = now.replace(microsecond=0)
    latest = second + timedelta(seconds=CLOCKS_DIFFER_SECONDS)
    rows = await connection.execute_query_dict(statement, [name, second, wanted, latest, now, _farthest(now)])
    return (rows[0]["taken"], rows[0]["failures"]) if rows else None


async def _may_try(name: str, failures: int, now: datetime) -> bool:
    """True for one of all who would try it again now."""
    over = Q(rests_until__isnull=True) | Q(rests_until__lte=now) | Q(rests_until__gt=_farthest(now))
    rested = NoticeChannel.filter(over, name=name, failures=failures)
    return bool(await rested.update(failures=failures + 1, rests_until=now + _rest(failures + 1)))


def _farthest(now: datetime) -> datetime:
    """Nobody rests longer."""
    return now + timedelta(seconds=LONGEST_PAUSE_SECONDS + CLOCKS_DIFFER_SECONDS)


def _rest(failures: int) -> timedelta:
    """5 s, doubled with each failure, at most a minute; none after the first few."""
    if failures < FAILURES_TO_REST:
        return timedelta()
    doubled = FIRST_REST_SECONDS * 2.0 ** min(failures - FAILURES_TO_REST, 10)
    return timedelta(seconds=min(doubled, LONGEST_REST_SECONDS))
