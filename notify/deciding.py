"""From what happened to who is told: the consumer of the promises that other rooms made with their changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from infra.models import Outbox
from notify import reminders, rules, standing, wishes
from notify.kinds import ABOUT, Kind
from notify.models import Notice, NoticeState
from notify.notices import new, step, write
from notify.office import Office
from notify.standing import PASSING
from records import lineage
from records.events import REPORT_SAID
from records.models import Exam, Hospital, PatientRecord, Report, ReportStatus
from records.writing import writing

IN_HAND = frozenset({NoticeState.WAITING})


async def report_said(office: Office, exam_id: str, report_id: str, now: datetime) -> None:
    """A version of a report came, or others may see it now. Asked again, it changes nothing."""
    exam = await Exam.get(id=exam_id)
    async with writing(exam.hospital_id):
        await exam.refresh_from_db()
        versions = await Report.filter(exam_id=exam.id).order_by("version")
        await _tell_clinicians(office, exam, versions, report_id, now)
        if exam.record_id is None or versions[-1].status not in standing.SAID:
            return
        record = await lineage.survivor(await PatientRecord.get(id=exam.record_id))
        await _tell_patient(exam, versions, record, now)


async def account_changed(kind: Kind, hospital: str, record_id: str, event: str, now: datetime) -> None:
    """Something happened with the account of a patient, who should know."""
    record = await lineage.survivor(await PatientRecord.get(id=record_id))
    await write(new(kind, hospital, event, record.id, now), await _not_to(record, kind))


async def share_changed(kind: Kind, hospital: str, person: str, event: str, now: datetime) -> None:
    """Something happened with what a person shared or wrote: they are told, without a word of who did it."""
    await write(new(kind, hospital, event, person, now))


async def _tell_clinicians(office: Office, exam: Exam, versions: Sequence[Report], report_id: str, now: datetime) -> None:
    """The version with which a value became critical, whatever its status: it is urgent before it is final."""
    for before, report in zip([None, *versions], versions, strict=False):
        if report.id == report_id and report.critical and not (before and before.critical):
            await reminders.open_one(office, exam, Kind.CRITICAL_VALUE, f"critical:{report.id}", "", now)


async def _tell_patient(exam: Exam, versions: Sequence[Report], record: PatientRecord, now: datetime) -> None:
    hospital, rule, newest = await Hospital.get(code=exam.hospital_id), await rules.of(exam.hospital_id), versions[-1]
    found = standing.of_reports(await standing.reported([exam.id]), [exam.id], record, hospital, now)
    told = await _told_before(exam, record)
    if told is not None and told.state == NoticeState.SUPPRESSED and told.reason in PASSING:
        await _open_again(told, await _not_to(record, told.kind) or found.why_not, now)
        return
    corrected = newest.status == ReportStatus.CORRECTED
    if told is None and not (corrected and await _silent_before(versions)):
        notice = new(Kind.REPORT_READY, exam.hospital_id, f"exam:{exam.id}", record.id, now, [exam.id])
        notice.visit = standing.visit_of(exam, hospital)
        notice.wait_until = now + timedelta(minutes=rule.images_minutes)
    elif corrected and (told is None or told.state not in IN_HAND):
        notice = new(Kind.REPORT_CORRECTED, exam.hospital_id, f"report:{newest.id}", record.id, now, [exam.id])
    else:
        return
    why_not = await _not_to(record, notice.kind) or found.why_not
    if await write(notice, why_not) and not why_not and await rules.stop_burst(rule, now):
        await _ask_a_person(exam.hospital_id, now)


async def _ask_a_person(hospital: str, now: datetime) -> None:
    """A burst was stopped: somebody looks, and releases or discards what waits."""
    for contact in await reminders.contacts(hospital):
        await write(new(Kind.NOTICES_STOPPED, hospital, f"burst:{now.isoformat()}", contact.id, now))


async def _not_to(record: PatientRecord, kind: str) -> str:
    """Why a patient, whose record counts, is not told of this kind."""
    members = await lineage.members([record.id])
    return standing.of_person(record, await wishes.of(members), kind)


async def _told_before(exam: Exam, record: PatientRecord) -> Notice | None:
    """The first word about this exam to this patient, under whichever number."""
    rows = await Notice.filter(event=f"exam:{exam.id}", kind=Kind.REPORT_READY.value)
    owners = await lineage.survivors(row.recipient for row in rows)
    return next((row for row in rows if owners[row.recipient] == record.id), None)


async def _open_again(notice: Notice, why_not: str, now: datetime) -> None:
    if why_not:
        return
    changed = await Notice.filter(id=notice.id, state=NoticeState.SUPPRESSED).update(
        state=NoticeState.WAITING, reason="", due_at=now, expires_at=now + ABOUT[Kind(notice.kind)].life
    )
    if changed:
        await step(notice.id, now, NoticeState.WAITING, "opened again")


async def _silent_before(versions: Sequence[Report]) -> bool:
    """True when an earlier final version was imported: nobody was to hear of it, and it is no news now."""
    earlier = [each.id for each in versions[:-1] if each.status in standing.SAID]
    return bool(earlier) and not await Outbox.exists(topic=REPORT_SAID, key__in=earlier)
