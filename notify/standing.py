"""May a notice go now? Asked when it is written, and again right before it leaves: what was true then may not be any more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from notify.kinds import Kind
from notify.wishes import Wishes
from records import lineage, reports
from records.models import Exam, Hospital, PatientRecord, Report, ReportStatus
from records.visibility import exam_is_visible, rules_of

OLDEST_REPORT = timedelta(days=7)
SAID = frozenset({ReportStatus.FINAL, ReportStatus.CORRECTED})

# Why not, in one word each. The first ones may be over one day: then the notice is opened again.
HIDDEN, WITHDRAWN, MOVED = "not-visible", "withdrawn", "moved"
PASSING = frozenset({HIDDEN, WITHDRAWN, MOVED})
TOO_OLD, DECEASED, OPTED_OUT, JOINED = "too-old", "deceased", "opted-out", "joined"


@dataclass(frozen=True, slots=True)
class Standing:
    """The exams that a notice may be about now. `why_not` is a word when there is none, or its patient is not to be told."""

    exams: tuple[Exam, ...] = ()
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Reported:
    """Exams by their id, the newest report of each, and which record each one's patient counts as."""

    exams: Mapping[str, Exam]
    newest: Mapping[str, Report]
    owners: Mapping[str, str]


async def reported(exam_ids: Iterable[str]) -> Reported:
    """What must be known of these exams."""
    rows = {row.id: row for row in await Exam.filter(id__in=list(set(exam_ids)))}
    owners = await lineage.survivors({row.record_id for row in rows.values() if row.record_id})
    return Reported(rows, await reports.newest(rows), owners)


def of_reports(known: Reported, exam_ids: Sequence[str], record: PatientRecord, hospital: Hospital, now: datetime) -> Standing:
    """Of a notice about reports of these exams to this patient, whose record counts."""
    why = {each: _why_not(known.exams[each], known, record, hospital, now) for each in exam_ids if each in known.exams}
    good = tuple(known.exams[each] for each, word in why.items() if not word)
    return Standing(good) if good else Standing(why_not=next(iter(why.values()), MOVED))


def of_person(record: PatientRecord, wishes: Wishes, kind: str) -> str:
    """Why this patient is not told of this kind, whatever it is about; empty when they may be. Warnings are not turned off."""
    if record.deceased_on is not None:
        return DECEASED
    return "" if wishes.wants(record.id, kind) else OPTED_OUT


def said_at(report: Report) -> datetime:
    """When the report was made, as far as it says."""
    return report.verified_at or report.reported_at or report.received_at


def visit_of(exam: Exam, hospital: Hospital) -> str:
    """What exams of one visit have in common; without a number of the visit, the day."""
    if exam.visit_number:
        return f"number {exam.visit_number}"
    return f"day {exam.performed_at.astimezone(rules_of(hospital).zone).date()}"


def is_about_report(kind: str) -> bool:
    """True for a kind that leads to a report."""
    return kind in (Kind.REPORT_READY, Kind.REPORT_CORRECTED)


def _why_not(exam: Exam, known: Reported, record: PatientRecord, hospital: Hospital, now: datetime) -> str:
    report = known.newest.get(exam.id)
    if known.owners.get(exam.record_id or "") != record.id:
        return MOVED
    if report is None or report.status not in SAID:
        return WITHDRAWN
    if not exam_is_visible(exam, rules_of(hospital)):
        return HIDDEN
    return TOO_OLD if now - said_at(report) > OLDEST_REPORT else ""
