"""What clinicians must know at once: told by level until somebody acknowledges it. Reading it acknowledges nothing."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from core.errors import Conflict, InvalidField, NotFound
from core.uids import uuid7
from notify import rules
from notify.kinds import REMINDERS, Kind
from notify.models import Contact, Notice, NoticeState, Reminder
from notify.notices import new, write
from notify.office import Office
from records import identifiers
from records.models import Exam
from records.writing import writing

NUMBER_DIGITS = 6
MOST_TRIES = 20
HIGHEST_LEVEL = 9


async def open_one(office: Office, exam: Exam, kind: Kind, event: str, asked_by: str, now: datetime) -> Reminder:
    """Inside the caller's transaction: tell the first level. The same event again gives the reminder that is there."""
    if kind not in REMINDERS:
        raise InvalidField("kind", "not-a-choice")
    known = await Reminder.get_or_none(event=event)
    if known is not None:
        return known
    reminder = await Reminder.create(
        id=uuid7(),
        hospital_id=exam.hospital_id,
        exam_id=exam.id,
        kind=kind.value,
        event=event,
        number=await _free_number(exam.hospital_id),
        asked_by=asked_by,
        created_at=now,
    )
    await _tell_next(reminder, exam.department, now)
    return reminder


async def escalate(now: datetime) -> int:
    """Tell the next level of what nobody has acknowledged in time; gives how many."""
    late = Reminder.filter(acknowledged_at=None, escalates_at__lte=now)
    rows = await late.order_by("escalates_at").limit(100).prefetch_related("exam")
    for row in rows:
        async with writing(row.hospital_id):
            fresh = await Reminder.filter(id=row.id).select_for_update().get()
            if fresh.acknowledged_at is None and fresh.escalates_at is not None and fresh.escalates_at <= now:
                await _tell_next(fresh, row.exam.department, now)
    return len(rows)


async def acknowledge(hospital: str, reminder_id: str, subject: str, now: datetime) -> Reminder:
    """Somebody took it: nobody else is told. The first who says so stands. Raises NotFound."""
    open_one = Reminder.filter(id=reminder_id, hospital_id=hospital, acknowledged_at=None)
    await open_one.update(acknowledged_at=now, acknowledged_by=subject, escalates_at=None)
    row = await one(hospital, reminder_id)
    unsent = Notice.filter(event__startswith=f"{_event_of(row)}:", state=NoticeState.WAITING)
    await unsent.update(state=NoticeState.SUPPRESSED, reason="acknowledged")
    return row


async def one(hospital: str, reminder_id: str) -> Reminder:
    """Raises NotFound."""
    row = await Reminder.get_or_none(id=reminder_id, hospital_id=hospital)
    if row is None:
        raise NotFound("no such reminder")
    return row


async def listed(hospital: str, *, open_only: bool, after: str, limit: int) -> list[Reminder]:
    """Newest first, from the one after id `after` (empty = from the first)."""
    rows = Reminder.filter(hospital_id=hospital, **({"acknowledged_at": None} if open_only else {}))
    return await rows.filter(**({"id__lt": after} if after else {})).order_by("-id").limit(limit)


async def set_contacts(office: Office, hospital: str, told: Sequence[tuple[str, str, int, str]], now: datetime) -> None:
    """These are all: (label, department, level, phone). Raises InvalidField for a number that takes no messages."""
    rows = []
    for place, (label, department, level, written) in enumerate(told):
        phone = identifiers.phone(written)
        if not phone.usable:
            raise InvalidField(f"contacts[{place}].phone", "not-a-phone")
        row = Contact(id=uuid7(), hospital_id=hospital, label=label, department=department, level=level)
        row.index, row.sealed = office.sealer.index("phone", phone.number), office.sealer.seal(phone.number)
        rows.append(row)
    async with writing(hospital):
        known = {_same(row): row.id for row in await contacts(hospital)}
        wanted = {_same(row): row for row in rows}
        await Contact.filter(id__in=[known[each] for each in known if each not in wanted]).update(removed_at=now)
        await Contact.bulk_create([row for each, row in wanted.items() if each not in known])


async def contacts(hospital: str) -> list[Contact]:
    """Those who are told."""
    return await Contact.filter(hospital_id=hospital, removed_at=None).order_by("level", "id")


def _same(row: Contact) -> tuple[str, str, int, str]:
    return row.label, row.department, row.level, row.index


async def _tell_next(reminder: Reminder, department: str, now: datetime) -> None:
    """The next level that has somebody for this department; when nobody is left it stays on the list, for all to see."""
    known = [each for each in await contacts(reminder.hospital_id) if each.department in ("", department)]
    level = min((each.level for each in known if each.level > reminder.level), default=None)
    chosen = [each for each in known if each.level == level]
    for contact in _nearest(chosen, department):
        reminder.told += await write(_notice(reminder, contact, now))
    rule = await rules.of(reminder.hospital_id)
    left = level is not None and any(each.level > level for each in known)
    reminder.level = reminder.level if level is None else level
    reminder.escalates_at = now + timedelta(minutes=rule.escalate_minutes) if left else None
    await reminder.save(update_fields=["level", "told", "escalates_at"])


def _nearest(contacts: Sequence[Contact], department: str) -> Sequence[Contact]:
    """Those of the department itself, where it has its own."""
    own = [each for each in contacts if each.department and each.department == department]
    return own or contacts


def _notice(reminder: Reminder, contact: Contact, now: datetime) -> Notice:
    kind, event = Kind(reminder.kind), f"{_event_of(reminder)}:{reminder.level}"
    return new(kind, reminder.hospital_id, event, contact.id, now, [reminder.exam_id])


def _event_of(reminder: Reminder) -> str:
    return f"reminder:{reminder.id}"


async def _free_number(hospital: str) -> str:
    """Six digits by which people speak of it; not the id of anything."""
    for _ in range(MOST_TRIES):
        number = f"{secrets.randbelow(10**NUMBER_DIGITS):0{NUMBER_DIGITS}}"
        if not await Reminder.exists(hospital_id=hospital, number=number):
            return number
    raise Conflict("too many reminders have six digits")
