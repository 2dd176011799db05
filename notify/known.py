"""What a round must know of the notices that it looks at: asked for all of them at once, in a number of questions that
does not grow with theirs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.expressions import Q

from notify import images, pace, recipients, rules, standing
from notify.images import Arrived
from notify.kinds import ABOUT, REMINDERS, Audience, Kind
from notify.models import Contact, Maintenance, Notice, NoticeRule, NoticeState, Reminder
from notify.office import Office
from notify.recipients import People, Templates
from notify.standing import Reported
from records.models import Exam, Hospital

SAME_VISIT = timedelta(minutes=15)

KINDS = frozenset(kind.value for kind in Kind)  # a newer version may have left others

Visit = tuple[str, str, str]  # recipient, kind, visit


@dataclass(frozen=True, slots=True)
class Known:
    """All that is asked about the notices of one round."""

    office: Office
    now: datetime
    hospitals: Mapping[str, Hospital]
    rules: Mapping[str, NoticeRule]
    rests: Mapping[str, datetime]
    templates: Mapping[tuple[str, str], Templates]
    people: People
    owners: People
    reported: Reported
    arrived: Arrived
    visits: Mapping[Visit, Sequence[Notice]]
    contacts: Mapping[str, Contact]
    reminders: Mapping[str, Reminder]
    maintenances: Mapping[str, Maintenance]

    def standing(self, notice: Notice) -> standing.Standing:
        """Of a notice about reports."""
        record = self.people.records[notice.recipient]
        return standing.of_reports(self.reported, notice.exams, record, self.hospitals[notice.hospital_id], self.now)

    def has_images(self, notice: Notice, exams: Iterable[Exam]) -> bool:
        """True when nothing of these exams is waited for, or not any more."""
        if notice.wait_until is None or self.now >= notice.wait_until:
            return True
        return all(self.arrived.all_is_here(exam, self.rules[notice.hospital_id]) for exam in exams)


async def read(office: Office, notices: Sequence[Notice], now: datetime) -> Known:
    """All of it."""
    waiting = [each for each in notices if each.state == NoticeState.WAITING and now < each.expires_at]
    fresh = [each for each in waiting if each.kind in KINDS]
    to_patients = [each for each in fresh if ABOUT[Kind(each.kind)].audience is Audience.PATIENT]
    to_staff = [each for each in fresh if ABOUT[Kind(each.kind)].audience is Audience.STAFF]
    to_owners = {(each.recipient, each.hospital_id) for each in fresh if ABOUT[Kind(each.kind)].audience is Audience.OWNER}
    channels = list(office.channels.values())
    codes = sorted({each.hospital_id for each in fresh})
    visits = await _visits(to_patients, now)
    all_told = [*to_patients, *(each for rows in visits.values() for each in rows)]
    reported = await standing.reported(exam for each in all_told for exam in each.exams)
    return Known(
        office,
        now,
        {row.code: row for row in await Hospital.filter(code__in=codes)},
        await rules.of_all(codes),
        await pace.resting(now),
        await recipients.templates_of(codes, {each.kind for each in fresh}),
        await recipients.people((each.recipient for each in to_patients), channels),
        await recipients.owners(to_owners, channels),
        reported,
        await images.of(_waited_for(all_told, reported, now)),
        visits,
        {row.id: row for row in await Contact.filter(id__in=[each.recipient for each in to_staff])} if to_staff else {},
        await _reminders(to_staff),
        await _maintenances(to_staff),
    )


async def _visits(notices: Sequence[Notice], now: datetime) -> dict[Visit, list[Notice]]:
    """Notices of the same visits: those that wait, and those that were handed to a channel a short while ago."""
    wanted = {visit_of(each) for each in notices if each.visit and not each.sealed}
    if not wanted:
        return {}
    recent = Q(tried_at__gt=now - SAME_VISIT) | Q(state=NoticeState.WAITING, sealed__isnull=True)
    rows = Notice.filter(recent, recipient__in=sorted({each[0] for each in wanted}), visit__not="")
    found: dict[Visit, list[Notice]] = defaultdict(list)
    for row in await rows.order_by("id"):
        if visit_of(row) in wanted:
            found[visit_of(row)].append(row)
    return found


def visit_of(notice: Notice) -> Visit:
    """What notices of one visit have in common."""
    return notice.recipient, notice.kind, notice.visit


def _waited_for(notices: Iterable[Notice], reported: Reported, now: datetime) -> Iterable[Exam]:
    waiting = (each for each in notices if each.wait_until is not None and now < each.wait_until)
    return (reported.exams[exam] for each in waiting for exam in each.exams if exam in reported.exams)


async def _reminders(notices: Iterable[Notice]) -> dict[str, Reminder]:
    ids = [subject_of(each) for each in notices if each.kind in REMINDERS]
    return {row.id: row for row in await Reminder.filter(id__in=ids).prefetch_related("exam")} if ids else {}


async def _maintenances(notices: Iterable[Notice]) -> dict[str, Maintenance]:
    ids = [subject_of(each) for each in notices if each.kind == Kind.MAINTENANCE]
    return {row.id: row for row in await Maintenance.filter(id__in=ids)} if ids else {}


def subject_of(notice: Notice) -> str:
    """Id of what a notice to the staff is about."""
    return notice.event.split(":")[1]
