"""May a notice go now? Asked when it is written, and again right before it leaves: what was true then may not be any more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from archive.models import Study
from archive.settling import STUDY_SETTLED
from infra.models import Outbox, OutboxState
from notify.kinds import Kind
from notify.models import NoticeOptOut, NoticeRule
from records import lineage, reports
from records.filmwork import FILM
from records.models import Exam, ExamStudy, Hospital, Images, PatientRecord, Report, ReportStatus
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


async def of_reports(exams: Sequence[str], record: PatientRecord, hospital: Hospital, now: datetime) -> Standing:
    """Of a notice about reports of these exams (ids) to this patient, who counts."""
    if record.deceased_on is not None:
        return Standing(why_not=DECEASED)
    if await NoticeOptOut.exists(record_id=record.id):
        return Standing(why_not=OPTED_OUT)
    rows = {row.id: row for row in await Exam.filter(id__in=list(exams))}
    newest = await reports.newest(rows)
    owners = await lineage.survivors(row.record_id for row in rows.values() if row.record_id)
    why = {
        each: _why_not(rows[each], newest.get(each), owners.get(rows[each].record_id or ""), record, hospital, now)
        for each in exams
        if each in rows
    }
    good = tuple(rows[each] for each, word in why.items() if not word)
    return Standing(good) if good else Standing(why_not=next(iter(why.values()), MOVED))


async def of_account(record: PatientRecord) -> Standing:
    """Of a notice about the patient's account: a warning, which an opt-out does not stop."""
    return Standing(why_not=DECEASED if record.deceased_on is not None else "")


async def all_is_here(exam: Exam, rule: NoticeRule) -> bool:
    """True when all images that are due can be shown, and the film that is made of them.

    Due are those announced, those of the named studies, or some where this category has images.
    """
    if exam.images is Images.ELSEWHERE:
        return True
    links = await ExamStudy.filter(exam_id=exam.id)
    if not all(link.confirmed for link in links):
        return False
    studies = Study.filter(hospital_id=exam.hospital_id, study_instance_uid__in=[link.study_uid for link in links])
    here = await studies if links else []
    expected = (exam.expected or {}).get("instances", 0)
    if expected and sum(study.instance_count for study in here) < expected:
        return False
    if not here:
        return exam.category not in rule.images_expected
    return not await _film_is_coming(exam, here)


async def _film_is_coming(exam: Exam, studies: Iterable[Study]) -> bool:
    """True while it is promised: of images that may still arrive, or of those that are here."""
    waiting = Outbox.filter(state=OutboxState.WAITING)
    if await waiting.filter(topic=FILM, key=exam.id).exists():
        return True
    arriving = [await waiting.filter(topic=STUDY_SETTLED, key__startswith=f"{study.id}.").exists() for study in studies]
    return any(arriving)


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


def _why_not(
    exam: Exam, report: Report | None, owner: str | None, record: PatientRecord, hospital: Hospital, now: datetime
) -> str:
    if owner != record.id:
        return MOVED
    if report is None or report.status not in SAID:
        return WITHDRAWN
    if not exam_is_visible(exam, rules_of(hospital)):
        return HIDDEN
    return TOO_OLD if now - said_at(report) > OLDEST_REPORT else ""
