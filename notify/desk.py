"""What a hospital's staff see of notices and decide about them: counts, list, history, sending again, opt-outs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tortoise.expressions import F
from tortoise.functions import Count

from core.errors import Conflict, NotFound
from core.uids import row_id, uuid7
from identity.limits import DAY, HOUR, Limit, count_try
from identity.links import LinkKind, Links
from infra.database import transaction
from notify import rules, wishes
from notify.kinds import ABOUT, Kind
from notify.models import Notice, NoticeOptOut, NoticeState, NoticeStep, NoticeWish
from notify.notices import new, step
from records import lineage
from records.models import PatientRecord

COUNTED_BY = ("state", "channel", "kind", "template", "hour")
LONGEST_SPAN = timedelta(days=92)
PER_NOTICE, PER_HOSPITAL = (Limit(3, DAY),), (Limit(60, HOUR), Limit(300, DAY))
WORDS_KEPT = timedelta(days=90)
AT_REST = (NoticeState.SENT, NoticeState.DELIVERED, NoticeState.FAILED, NoticeState.EXPIRED, NoticeState.SUPPRESSED)
SENT_AGAIN = (NoticeState.SENT, NoticeState.DELIVERED, NoticeState.FAILED, NoticeState.EXPIRED)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which notices of a hospital are listed; empty means any. `before` is the id after which the page begins."""

    state: str = ""
    kind: str = ""
    channel: str = ""
    exam: str = ""
    before: str = ""
    limit: int = 20


async def counts(hospital: str, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """How many of each state, channel, kind, template and hour."""
    made = Notice.filter(hospital_id=hospital, hour__gte=rules.hour_of(since), hour__lt=until)
    found = made.annotate(count=Count("id")).group_by(*COUNTED_BY).order_by("hour").values(*COUNTED_BY, "count")
    return list(await found)


async def listed(hospital: str, wanted: Wanted) -> list[Notice]:
    """Newest first."""
    rows = Notice.filter(hospital_id=hospital)
    if wanted.state:
        rows = rows.filter(state=NoticeState(wanted.state))
    if wanted.kind:
        rows = rows.filter(kind=wanted.kind)
    if wanted.channel:
        rows = rows.filter(channel=wanted.channel)
    if wanted.before:
        last = await one(hospital, wanted.before)
        rows = rows.filter(id__lt=last.id)
    if wanted.exam:
        rows = rows.filter(event=f"exam:{wanted.exam}")
    return await rows.order_by("-id").limit(wanted.limit)


async def one(hospital: str, out_id: str) -> Notice:
    """Raises NotFound, also for another hospital's."""
    row = await Notice.get_or_none(out_id=out_id, hospital_id=hospital)
    if row is None:
        raise NotFound("no such notice")
    return row


async def history(notice: Notice) -> list[NoticeStep]:
    """What became of it, oldest first."""
    return await NoticeStep.filter(notice_id=notice.id).order_by("id")


async def send_again(hospital: str, out_id: str, now: datetime) -> Notice:
    """A person asks for the same message once more: a new notice, with a new link. Raises Conflict, NotFound, TooManyRequests.

    Who may see nothing, or wants no messages, gets none then either.
    """
    row = await one(hospital, out_id)
    if row.state not in SENT_AGAIN:
        raise Conflict(f"this notice is {row.state.value}: it cannot be sent again")
    await count_try({f"notice-again:{row.out_id}": PER_NOTICE, f"notices-again:{hospital}": PER_HOSPITAL}, now)
    subject = row.event.split(":")[1]
    again = new(Kind(row.kind), hospital, f"again:{subject}:{uuid7()}", row.recipient, now, row.exams)
    async with transaction():
        await again.save(force_create=True)
        await step(again.id, now, again.state, "asked for")
        await step(row.id, now, row.state, f"again {again.out_id}")
    return again


async def end_links(links: Links, hospital: str, out_id: str, now: datetime) -> int:
    """The links of all messages about these exams end, and what they opened: the phone was a wrong one, or is lost.

    Gives how many were good until now. Raises NotFound.
    """
    row = await one(hospital, out_id)
    return sum([await links.revoke(LinkKind.NOTICE, hospital, exam, now) for exam in row.exams])


async def decide(hospital: str, out_id: str, *, sent: bool, now: datetime) -> Notice:
    """A person has found out what became of a notice of which nobody could say it. Raises Conflict, NotFound."""
    row = await one(hospital, out_id)
    async with transaction():
        unknown = Notice.filter(id=row.id, state=NoticeState.UNKNOWN)
        columns = {"state": NoticeState.SENT, "sent_at": row.tried_at or now} if sent else _anew(row, now)
        if not await unknown.update(**columns):
            raise Conflict("this notice is not one of which nobody can say whether it was sent")
        await step(row.id, now, NoticeState.SENT if sent else NoticeState.WAITING, "a person decided", row.channel)
    return await Notice.get(id=row.id)


async def replay(now: datetime, hospital: str | None = None) -> int:
    """Open all that failed again, from the first channel on; gives their number."""
    failed = Notice.filter(state=NoticeState.FAILED, **({"hospital_id": hospital} if hospital else {}))
    rows = await failed.order_by("id")
    for row in rows:
        async with transaction():
            if await Notice.filter(id=row.id, state=NoticeState.FAILED).update(**_anew(row, now)):
                await step(row.id, now, NoticeState.WAITING, "replayed")
    return len(rows)


async def discard(hospital: str, now: datetime) -> int:
    """A person has looked at a burst, and it was a mistake: what waits shall not go; gives its number."""
    waiting = Notice.filter(hospital_id=hospital, state=NoticeState.WAITING, kind__in=rules.patient_kinds())
    return await waiting.update(state=NoticeState.SUPPRESSED, reason="discarded", fence=F("fence") + 1)


async def opt_out(hospital: str, patient_id: str, now: datetime) -> None:
    """This patient wants no messages. Raises NotFound."""
    record = await _record(hospital, patient_id)
    row = NoticeOptOut(id=row_id(), hospital_id=hospital, record_id=record.id, at=now)
    await NoticeOptOut.bulk_create([row], ignore_conflicts=True)


async def opt_in(hospital: str, patient_id: str) -> None:
    """Messages again, from the next event on. Raises NotFound."""
    members = await lineage.members([(await _record(hospital, patient_id)).id])
    await NoticeOptOut.filter(record_id__in=list(members)).delete()


async def is_opted_out(hospital: str, patient_id: str) -> bool:
    """Raises NotFound."""
    members = await lineage.members([(await _record(hospital, patient_id)).id])
    return await NoticeOptOut.exists(record_id__in=list(members))


async def turned_off(hospital: str, patient_id: str) -> Sequence[NoticeWish]:
    """What the patient turned off, under this number or one that was merged into it. Raises NotFound."""
    return await wishes.rows_of(await lineage.members([(await _record(hospital, patient_id)).id]))


async def forget_words(now: datetime) -> None:
    """Remove addresses and texts of messages that are long over; that they were sent stays on record."""
    old = Notice.filter(hour__lt=now - WORDS_KEPT, state__in=AT_REST, sealed__isnull=False)
    await old.update(sealed=None, address_index="")


async def _record(hospital: str, patient_id: str) -> PatientRecord:
    record = await lineage.known(hospital, patient_id)
    if record is None:
        raise NotFound("no such patient")
    return record


def _anew(row: Notice, now: datetime) -> Mapping[str, Any]:
    """A new beginning under a new id: the provider must not take the old message for it."""
    return {
        "state": NoticeState.WAITING,
        "out_id": uuid7(),
        "reason": "",
        "refused": [],
        "attempts": 0,
        "asks": 0,
        "tried_at": None,
        "provider_id": "",
        "leased_until": None,
        "due_at": now,
        "expires_at": now + ABOUT[Kind(row.kind)].life,
        "fence": F("fence") + 1,
    }
