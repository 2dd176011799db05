"""Which notices a worker may take: due ones, in the order of each patient, at the pace of each channel, by one worker alone."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tortoise.connection import get_connection
from tortoise.expressions import Q

from core.uids import row_id
from identity.links import Drawn, keep
from infra import bulk
from infra.database import transaction
from notify import pace, rules
from notify.kinds import TO_STAFF
from notify.models import Notice, NoticeState, NoticeStep

OPEN = (NoticeState.WAITING, NoticeState.CLAIMED)
LOOKED_AT = 16  # times what is taken: some must wait for others, and several workers shall seldom look at the same ones


@dataclass(frozen=True, slots=True)
class Change:
    """What shall become of a notice that was looked at: the columns to set, and whether a message leaves by `channel`.

    `joined` are notices of the same visit whose exams this one tells of; `link` stands in its words, and is kept with them.
    `lane` is that part of the channel by which its pace is counted.
    """

    notice: Notice
    columns: Mapping[str, Any]
    channel: str = ""
    joined: Sequence[Notice] = field(default=())
    link: Drawn | None = None
    lane: str = ""


@dataclass(frozen=True, slots=True)
class End:
    """What became of a notice that is held, and the word for it in its history."""

    notice: Notice
    at: datetime
    columns: Mapping[str, Any]
    reason: str = ""


@asynccontextmanager
async def due(now: datetime, limit: int) -> AsyncIterator[list[Notice]]:
    """Up to `limit` notices to look at and `take`; of each patient the oldest.

    On PostgreSQL they are locked meanwhile, so that no two workers look at the same ones. On SQLite a lock would stop every
    writer: workers look anywhere among the longest due, and `take` gives a notice to one of them.
    """
    if get_connection("default").capabilities.dialect != "postgres":
        yield await _due(now, limit, locked=False)
        return
    async with transaction():
        yield await _due(now, limit, locked=True)


async def _due(now: datetime, limit: int, *, locked: bool) -> list[Notice]:
    waiting = Q(state=NoticeState.WAITING, due_at__lte=now)
    lost = Q(state=NoticeState.CLAIMED, leased_until__lte=now)
    rows = Notice.filter(waiting | lost)
    stopped = await rules.stopped_hospitals()
    if stopped:
        rows = rows.filter(~Q(hospital_id__in=stopped, kind__in=rules.patient_kinds(), state=NoticeState.WAITING))
    rests = await pace.resting(now)
    if rests:
        rows = rows.filter(~Q(_any_of(rests), last_resort=True, state=NoticeState.WAITING))
    found = await rows.order_by("due_at", "id").limit(limit * LOOKED_AT).values_list("id", "recipient", "kind")
    free = await _free([(int(str(number)), str(recipient), str(kind)) for number, recipient, kind in found], now)
    if not free:
        return []
    if locked:
        return await rows.filter(id__in=free).order_by("due_at", "id").limit(limit).select_for_update(skip_locked=True)
    begin = random.randrange(max(1, len(free) - limit + 1))
    return await rows.filter(id__in=free[begin : begin + limit]).order_by("id")


def _any_of(lanes: Iterable[str]) -> Q:
    """Notices that go by one of these lanes; of one that several hospitals share, none are known beforehand."""
    split = (lane.partition(":") for lane in lanes)
    each = (Q(channel=channel, **({"hospital_id": hospital} if colon else {})) for channel, colon, hospital in split)
    return Q(*each, join_type="OR")


async def take(changes: Sequence[Change], clock: Callable[[], datetime], lease_seconds: float, per_second: int) -> list[Change]:
    """Write all changes; gives those whose message shall leave now, held until the lease ends. What another took stays his.

    It is now when the transaction has begun: whoever had to wait for that counts in the second in which he sends.
    """
    if not changes:
        return []
    async with transaction():
        now = clock()
        free = await _lock(each for change in changes for each in (change.notice, *change.joined))
        unmoved = [change for change in changes if {change.notice.id, *(each.id for each in change.joined)} <= free]
        taken = await _in_pace(unmoved, now, per_second)
        await _write(taken, now, lease_seconds)
    return [change for change in taken if change.notice.state == NoticeState.CLAIMED]


async def settle(ends: Sequence[End]) -> set[int]:
    """What became of notices that were held, in one commit; gives the ids of those that are settled by it.

    Any other is held by somebody else by now, or a receipt was first.
    """
    async with transaction():
        held = await _lock((end.notice for end in ends), skip_locked=False)
        mine = [end for end in ends if end.notice.id in held]
        await _update([{"id": end.notice.id, **end.columns} for end in mine])
        await _steps((end.notice, end.at, end.columns, end.reason) for end in mine)
    return {end.notice.id for end in mine}


async def _free(found: Sequence[tuple[int, str, str]], now: datetime) -> list[int]:
    """Of (id, recipient, kind): the ids before which nothing older to the same recipient is on its way or due.

    Staff are told in any order: what is urgent waits behind nothing.
    """
    recipients = {recipient for _, recipient, kind in found if kind not in TO_STAFF}
    begun = Q(state=NoticeState.CLAIMED) | Q(due_at__lte=now) | Q(attempts__gt=0)
    rows = Notice.filter(begun, recipient__in=recipients, state__in=OPEN).values_list("id", "recipient")
    first: dict[str, int] = {}
    for number, recipient in [(int(str(each[0])), str(each[1])) for each in await rows] if recipients else ():
        first[recipient] = min(number, first.get(recipient, number))
    return [each for each, recipient, kind in found if kind in TO_STAFF or first.get(recipient) == each]


async def _lock(notices: Iterable[Notice], *, skip_locked: bool = True) -> set[int]:
    """Ids of those that are still as they were when they were looked at, and ours until the end of the transaction."""
    seen = {each.id: (each.state, each.fence) for each in notices}
    rows = Notice.filter(id__in=sorted(seen)).order_by("id").select_for_update(skip_locked=skip_locked)
    return {row.id for row in await rows.only("id", "state", "fence") if (row.state, row.fence) == seen[row.id]}


async def _in_pace(changes: Sequence[Change], now: datetime, per_second: int) -> list[Change]:
    """Those that send nothing, and so many others as their channels take now."""
    wanted = Counter(change.lane for change in changes if change.lane)
    left = {name: await pace.grant(name, wanted[name], now, per_second) for name in sorted(wanted)}
    good = []
    for change in changes:
        if change.lane and not left[change.lane]:
            continue
        left[change.lane] = left.get(change.lane, 0) - 1
        good.append(change)
    return good


async def _write(changes: Sequence[Change], now: datetime, lease_seconds: float) -> None:
    """All of them, with their links and history; each notice is as its row then."""
    joined = {"state": NoticeState.SUPPRESSED, "reason": "joined"}
    told = [(each, joined, f"joined {change.notice.out_id}") for change in changes for each in change.joined]
    written = []
    for change in changes:
        columns = dict(change.columns)
        if columns.get("state") == NoticeState.CLAIMED:
            columns["leased_until"] = now + timedelta(seconds=lease_seconds)
        elif "state" in columns:
            told.append((change.notice, columns, str(columns.get("reason", ""))))
        written.append((change.notice, columns))
    written += [(notice, columns) for notice, columns, reason in told if columns is joined]
    await _update([{"id": notice.id, "fence": notice.fence + 1, **columns} for notice, columns in written])
    await keep([change.link for change in changes if change.link is not None])
    await _steps((notice, now, columns, reason) for notice, columns, reason in told)
    for notice, columns in written:
        notice.update_from_dict(columns)
        notice.fence += 1


async def _update(rows: Iterable[Mapping[str, Any]]) -> None:
    """Rows with the same columns in one statement."""
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        raw = {name: Notice._meta.fields_map[name].to_db_value(value, Notice) for name, value in row.items()}
        alike[tuple(sorted(raw))].append(raw)
    for each in alike.values():
        await bulk.update(Notice, each)


async def _steps(told: Iterable[tuple[Notice, datetime, Mapping[str, Any], str]]) -> None:
    rows = [
        {
            "id": row_id(),
            "notice_id": notice.id,
            "at": at,
            "state": str(columns.get("state", notice.state)),
            "channel": columns.get("channel", notice.channel),
            "reason": reason[:64],
        }
        for notice, at, columns, reason in told
    ]
    await bulk.insert(NoticeStep, rows)
