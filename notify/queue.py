"""Which notices a worker may take: due ones, in the order of each patient, at the pace of each channel, by one worker alone."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tortoise.expressions import F, Q

from core.uids import row_id
from infra.database import transaction
from notify import rules
from notify.models import Notice, NoticeChannel, NoticeState, NoticeStep

OPEN = (NoticeState.WAITING, NoticeState.CLAIMED)
LOOKED_AT = 32  # times what is taken: some must wait for others, and several workers shall seldom look at the same ones
FAILURES_TO_REST = 3
FIRST_REST_SECONDS = 5.0
LONGEST_REST_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 3600.0  # that a provider may ask for


@dataclass(frozen=True, slots=True)
class Change:
    """What shall become of a notice that was looked at: the columns to set, and whether a message leaves by `channel`.

    `joined` are notices of the same visit whose exams this one tells of; `seal` makes its words once it is certain that it
    goes, inside the transaction, since its link is issued with them.
    """

    notice: Notice
    columns: Mapping[str, Any]
    channel: str = ""
    joined: Sequence[Notice] = field(default=())
    seal: Callable[[], Awaitable[bytes]] | None = None


async def due(now: datetime, limit: int) -> list[Notice]:
    """Up to `limit` notices that may be looked at now, anywhere among the longest due; of each recipient the oldest."""
    waiting = Q(state=NoticeState.WAITING, due_at__lte=now)
    lost = Q(state=NoticeState.CLAIMED, leased_until__lte=now)
    rows = Notice.filter(waiting | lost)
    stopped = await rules.stopped_hospitals()
    if stopped:
        rows = rows.filter(~Q(hospital_id__in=stopped, kind__in=rules.patient_kinds(), state=NoticeState.WAITING))
    resting = await _resting(now)
    if resting:
        rows = rows.filter(~Q(channel__in=resting, last_resort=True, state=NoticeState.WAITING))
    found = await rows.order_by("due_at", "id").limit(limit * LOOKED_AT).values_list("id", "recipient")
    free = await _first_of_each([(int(each[0]), str(each[1])) for each in found], now)
    begin = random.randrange(max(1, len(free) - limit + 1))
    return await rows.filter(id__in=free[begin : begin + limit]).order_by("id") if free else []


async def take(changes: Sequence[Change], now: datetime, lease_seconds: float, per_second: int) -> list[Change]:
    """Write all changes; gives those whose message shall leave now, held until the lease ends. What another took stays his."""
    if not changes:
        return []
    taken: list[Change] = []
    async with transaction():
        free = await _lock(changes)
        pace = await _paces({change.channel for change in changes if change.channel}, now)
        for change in changes:
            if change.notice.id not in free:
                continue
            if change.channel and not pace[change.channel].grant(per_second):
                continue
            joined = [each for each in change.joined if each.id in free]
            if await _write(change, joined, now, lease_seconds):
                taken.append(change)
        for each in pace.values():
            await NoticeChannel.filter(name=each.name).update(second=each.second, taken=each.taken)
    return [change for change in taken if change.columns.get("state") == NoticeState.CLAIMED]


async def settle(notice: Notice, now: datetime, columns: Mapping[str, Any], reason: str = "") -> bool:
    """What became of a notice that is held; false when another holds it by now, or a receipt was first."""
    async with transaction():
        held = Notice.filter(id=notice.id, fence=notice.fence, state=NoticeState.CLAIMED)
        if not await held.update(**columns):
            return False
        await _step(notice, now, columns, reason)
    return True


async def channel_failed(name: str, now: datetime, seconds: float | None = None) -> None:
    """The channel did not work, or asked for a pause of `seconds`: after a few failures it rests, longer each time."""
    async with transaction():
        await _paces({name}, now)
        row = await NoticeChannel.get(name=name)
        if row.rests_until is not None and row.rests_until > now:
            return  # those that were on their way when it began to rest are one failure, not many
        row.failures += 1
        if seconds is not None:
            row.rests_until = now + timedelta(seconds=min(seconds, LONGEST_PAUSE_SECONDS))
        elif row.failures >= FAILURES_TO_REST:
            doubled = FIRST_REST_SECONDS * 2.0 ** min(row.failures - FAILURES_TO_REST, 10)
            row.rests_until = now + timedelta(seconds=min(doubled, LONGEST_REST_SECONDS))
        await row.save(update_fields=["failures", "rests_until"])


async def channel_worked(name: str) -> None:
    """The channel works: what it suffered before is forgotten."""
    if not await NoticeChannel.exists(name=name, failures__gt=0):  # a write would wait for others
        return
    await NoticeChannel.filter(name=name, failures__gt=0).update(failures=0, rests_until=None)


async def rests_until(name: str, now: datetime) -> datetime | None:
    """Until when a channel rests, or None."""
    row = await NoticeChannel.get_or_none(name=name, rests_until__gt=now)
    return row.rests_until if row else None


class _Pace:
    """How many messages of a channel may still leave in this second; one at a time while it is being tried again."""

    def __init__(self, row: NoticeChannel, now: datetime) -> None:
        self.name, self._tried_again = row.name, row.failures >= FAILURES_TO_REST
        self._resting = row.rests_until is not None and row.rests_until > now
        second = now.replace(microsecond=0)
        self.second = second if row.second is None else max(second, row.second)  # who waited for the lock is late, not early
        self.taken = row.taken if row.second == self.second else 0

    def grant(self, per_second: int) -> bool:
        """Take one, if there is one."""
        if self._resting or self.taken >= (1 if self._tried_again else per_second):
            return False
        self.taken += 1
        return True


async def _first_of_each(found: Sequence[tuple[int, str]], now: datetime) -> list[int]:
    """Of (id, recipient): the ids before which nothing older to the same recipient is on its way or due."""
    recipients = {recipient for _, recipient in found}
    older = Notice.filter(recipient__in=recipients, state__in=OPEN) if recipients else None
    rows = await older.only("id", "recipient", "state", "due_at", "attempts") if older else []
    first: dict[str, int] = {}
    for row in rows:
        if row.state == NoticeState.CLAIMED or row.due_at <= now or row.attempts:
            first[row.recipient] = min(row.id, first.get(row.recipient, row.id))
    return [each for each, recipient in found if first.get(recipient) == each]


async def _lock(changes: Sequence[Change]) -> set[int]:
    """Ids of those that are still as they were when they were looked at, and ours until the end of the transaction."""
    seen = {each.id: each for change in changes for each in (change.notice, *change.joined)}
    rows = await Notice.filter(id__in=list(seen)).order_by("id").select_for_update(skip_locked=True)
    return {row.id for row in rows if (row.state, row.fence) == (seen[row.id].state, seen[row.id].fence)}


async def _paces(names: Collection[str], now: datetime) -> dict[str, _Pace]:
    await NoticeChannel.bulk_create([NoticeChannel(name=name) for name in sorted(names)], ignore_conflicts=True)
    rows = await NoticeChannel.filter(name__in=list(names)).order_by("name").select_for_update()
    return {row.name: _Pace(row, now) for row in rows}


async def _write(change: Change, joined: Sequence[Notice], now: datetime, lease_seconds: float) -> bool:
    notice, columns = change.notice, dict(change.columns)
    claimed = columns.get("state") == NoticeState.CLAIMED
    if claimed:
        columns["leased_until"] = now + timedelta(seconds=lease_seconds)
    if change.seal is not None:
        columns["sealed"] = await change.seal()
    seen = Notice.filter(id=notice.id, fence=notice.fence, state=notice.state)
    if not await seen.update(**columns, fence=F("fence") + 1):
        return False
    notice.update_from_dict(columns)
    notice.fence += 1
    if not claimed and "state" in columns:
        await _step(notice, now, columns, columns.get("reason", ""))
    for each in joined:
        told = {"state": NoticeState.SUPPRESSED, "reason": "joined"}
        await Notice.filter(id=each.id).update(**told, fence=F("fence") + 1)
        await _step(each, now, told, f"joined {notice.out_id}")
    return True


async def _step(notice: Notice, now: datetime, columns: Mapping[str, Any], reason: str) -> None:
    state = columns.get("state", notice.state)
    await NoticeStep.create(
        id=row_id(),
        notice_id=notice.id,
        at=now,
        state=state,
        channel=columns.get("channel", notice.channel),
        reason=reason[:64],
    )


async def _resting(now: datetime) -> list[str]:
    return [row.name for row in await NoticeChannel.filter(rests_until__gt=now)]
