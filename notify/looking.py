"""What shall become of notices that are due: everything is read for all of them at once, then each is decided on."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tortoise.functions import Count

from core.errors import Unavailable
from notify import recipients, rules, standing, wording
from notify.kinds import ABOUT, REMINDERS, Audience, Kind
from notify.known import SAME_VISIT, Known, read, subject_of, visit_of
from notify.models import Notice, NoticeState
from notify.office import Office
from notify.queue import Change
from notify.recipients import People, Way
from records.models import Exam, Hospital

LOOK_AGAIN = timedelta(seconds=10)  # for images that are not all here
MOST_A_DAY = 40  # to one address, below the provider's 50 of one template
DAILY_LIMIT_PAUSE = timedelta(hours=1)
PUT_OFF = timedelta(minutes=5)
NO_WAY = "no-channel"

_log = logging.getLogger(__name__)


async def changes(office: Office, notices: Sequence[Notice], now: datetime) -> list[Change]:
    """What shall become of each; only reads."""
    if not notices:
        return []
    known = await read(office, notices, now)
    return await _within_daily_limit([_looked_at(known, notice) for notice in notices], now)


def _looked_at(known: Known, notice: Notice) -> Change:
    """A notice that cannot even be looked at is put off, so that it does not hold up the others."""
    try:
        return _change(known, notice)
    except Unavailable:
        raise
    except Exception as error:
        _log.error("notice %s cannot be looked at: %s", notice.out_id, type(error).__name__)
        return _later(notice, known.now + PUT_OFF, "cannot be looked at")


def _change(known: Known, notice: Notice) -> Change:
    if notice.state == NoticeState.CLAIMED:  # its worker never came back
        return Change(notice, {"state": NoticeState.CLAIMED, "asks": notice.asks + 1})
    if known.now >= notice.expires_at:
        return Change(notice, {"state": NoticeState.EXPIRED})
    hospital = known.hospitals[notice.hospital_id]
    quiet = rules.quiet_until(known.rules[hospital.code], ZoneInfo(hospital.zone), known.now)
    if quiet is not None and ABOUT[Kind(notice.kind)].may_wait:
        return _later(notice, quiet, "quiet-hours")
    to = {Audience.PATIENT: _to_patient, Audience.OWNER: _to_owner, Audience.STAFF: _to_staff}
    return to[ABOUT[Kind(notice.kind)].audience](known, notice, hospital)


def _to_patient(known: Known, notice: Notice, hospital: Hospital) -> Change:
    record, people = known.people.records[notice.recipient], known.people
    why_not = standing.of_person(record, people.wishes, notice.kind)
    if why_not:
        return _never(notice, why_not)
    values, joined, exams = {"hospital": hospital.alias or hospital.name}, [], list(notice.exams)
    if standing.is_about_report(notice.kind):
        found = known.standing(notice)
        if not found.exams:
            return _never(notice, found.why_not)
        wait = _wait(known, notice, found.exams)
        if wait is not None:
            return wait
        joined = _same_visit(known, notice)
        exams = [*(exam.id for exam in found.exams), *(exam for each in joined for exam in each.exams)]
        values["count"] = str(len(exams))
    return _to_person(known, notice, people, record.id, values, joined, exams)


def _to_owner(known: Known, notice: Notice, hospital: Hospital) -> Change:
    key = recipients.owner(notice.recipient, hospital.code)
    if not known.owners.wishes.wants(key, notice.kind):
        return _never(notice, standing.OPTED_OUT)
    values = {"hospital": hospital.alias or hospital.name}
    return _to_person(known, notice, known.owners, key, values, (), notice.exams)


def _to_person(
    known: Known,
    notice: Notice,
    people: People,
    key: str,
    values: Mapping[str, str],
    joined: Sequence[Notice],
    exams: Sequence[str],
) -> Change:
    office, order = known.office, known.rules[notice.hospital_id].channels
    rows = known.templates.get((notice.hospital_id, notice.kind), {})
    ways = recipients.ways_to_person(office.sealer, office.channels, order, people, key, notice.kind, rows)
    if ways:
        return _by_best(known, notice, ways, values, joined, exams)
    return _never(notice, standing.OPTED_OUT if people.wishes.limits(key, notice.kind) else NO_WAY)


def _to_staff(known: Known, notice: Notice, hospital: Hospital) -> Change:
    contact = known.contacts[notice.recipient]
    if contact.removed_at is not None:
        return _never(notice, "removed")
    if notice.kind in REMINDERS and known.reminders[subject_of(notice)].acknowledged_at is not None:
        return _never(notice, "acknowledged")  # while its message was on its way, which no channel took
    values = {"hospital": hospital.alias or hospital.name, **_staff_values(known, notice, hospital)}
    office, order = known.office, known.rules[hospital.code].channels
    rows = known.templates.get((hospital.code, notice.kind), {})
    ways = recipients.ways_to_contact(office.sealer, office.channels, order, contact, rows)
    return _by_best(known, notice, ways, values, (), notice.exams)


def _staff_values(known: Known, notice: Notice, hospital: Hospital) -> dict[str, str]:
    if notice.kind == Kind.MAINTENANCE:
        planned = known.maintenances[subject_of(notice)]
        return {"time": planned.starts_at.astimezone(ZoneInfo(hospital.zone)).strftime("%m月%d日 %H:%M")}
    if notice.kind not in REMINDERS:
        return {}
    reminder = known.reminders[subject_of(notice)]
    return {"number": reminder.number, "department": reminder.exam.department or "本院"}


def _wait(known: Known, notice: Notice, exams: Sequence[Exam]) -> Change | None:
    """For images that are due, and for the end of the quarter of an hour in which the visit had a message."""
    if not known.has_images(notice, exams):
        until = known.now + LOOK_AGAIN
        return _later(notice, min(notice.wait_until or until, until), "images")
    if not notice.visit or notice.sealed:
        return None
    tried = (each.tried_at for each in known.visits.get(visit_of(notice), ()) if each.id != notice.id and each.tried_at)
    last = max((at for at in tried if at > known.now - SAME_VISIT), default=None)
    return None if last is None else _later(notice, last + SAME_VISIT, "same-visit")


def _same_visit(known: Known, notice: Notice) -> list[Notice]:
    """Others of the visit that wait and could go: they are told of in this message. None once it was handed to a channel."""
    if not notice.visit or notice.sealed:
        return []
    found = []
    for each in known.visits.get(visit_of(notice), ()):
        if each.id == notice.id or each.sealed or each.state != NoticeState.WAITING:
            continue
        good = known.standing(each).exams
        if good and known.has_images(each, good):
            found.append(each)
    return found


def _by_best(
    known: Known, notice: Notice, ways: Sequence[Way], values: Mapping[str, str], joined: Sequence[Notice], exams: Sequence[str]
) -> Change:
    """Take the first way that has not refused it and does not rest; wait when all of them rest."""
    office = known.office
    left = [way for way in ways if way.channel not in notice.refused]
    if not left:
        return Change(notice, {"state": NoticeState.FAILED, "reason": notice.reason or NO_WAY})
    lanes = {way.channel: office.lane(way.channel, notice.hospital_id) for way in left}
    awake = [way for way in left if lanes[way.channel] not in known.rests]
    if not awake:
        soonest = min(known.rests[lane] for lane in lanes.values())
        return Change(notice, {"channel": left[-1].channel, "last_resort": True, "due_at": soonest})
    way = awake[0]
    sealed, link = wording.sealed(office, notice, way, values, exams, known.now)
    columns = {
        "state": NoticeState.CLAIMED,
        "channel": way.channel,
        "template": way.template.code if way.template else "",
        "last_resort": len(left) == 1,
        "address_index": recipients.index_of(office.sealer, way, office.channels),
        "exams": list(exams),
        "tried_at": notice.tried_at if notice.channel == way.channel and notice.tried_at else known.now,
        "reason": "",
        "sealed": sealed,
    }
    return Change(notice, columns, way.channel, joined, link, lanes[way.channel])


async def _within_daily_limit(found: Sequence[Change], now: datetime) -> list[Change]:
    """What would be too much for its address today waits, counting what the others of this round would add."""
    addresses = {str(change.columns["address_index"]) for change in found if change.channel}
    if not addresses:
        return list(found)
    sent = Notice.filter(address_index__in=sorted(addresses), sent_at__gt=now - timedelta(days=1))
    counted = await sent.annotate(count=Count("id")).group_by("address_index").values_list("address_index", "count")
    day = Counter({str(address): int(str(count)) for address, count in counted})
    return [_unless_too_many(change, day, now) for change in found]


def _unless_too_many(change: Change, day: Counter[str], now: datetime) -> Change:
    if not change.channel:
        return change
    address = str(change.columns["address_index"])
    day[address] += 1
    return change if day[address] <= MOST_A_DAY else _later(change.notice, now + DAILY_LIMIT_PAUSE, "daily-limit")


def _later(notice: Notice, until: datetime, reason: str) -> Change:
    return Change(notice, {"due_at": until, "reason": reason})


def _never(notice: Notice, reason: str) -> Change:
    return Change(notice, {"state": NoticeState.SUPPRESSED, "reason": reason})
