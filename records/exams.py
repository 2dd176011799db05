"""Exams as a hospital's systems tell them, in any order: before or after their patient, their pictures and their report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypedDict, cast

from core import clock
from core.errors import Conflict, NotFound
from core.names import fold
from core.uids import uuid7
from records import events, filmwork, lineage, matching, waiting
from records.models import Exam, ExamStudy, How, PatientRecord, RecordChange, Report
from records.waiting import EXAM, PATIENT_UNKNOWN
from records.writing import Outcome, Said, writing

REMATCH = "rematch"


@dataclass(frozen=True, slots=True)
class ExamKey:
    """What makes an exam one: accession numbers repeat between campuses and systems."""

    hospital: str
    accession: str
    campus: str = ""
    system: str = ""

    @property
    def place(self) -> tuple[str, str, str]:
        """The same without its hospital."""
        return self.campus, self.system, self.accession


class ExamFields(TypedDict, total=False):
    """What a hospital says of an exam. What is not among the keys stays as it is, or has its default."""

    patient_id: str
    category: str
    modality: str
    body_part: str
    item: str
    performed_at: datetime
    visit_kind: str
    visit_number: str
    visit_ended_at: datetime | None
    department: str
    digital_service: bool | None
    film_printed_at: datetime | None
    expected: dict[str, int] | None
    images: str
    elsewhere_url: str
    cancelled_at: datetime | None
    said_at: datetime | None


async def put(
    key: ExamKey,
    said: ExamFields,
    *,
    study_uids: Sequence[str] | None,
    subject: str,
    now: datetime,
    rematch: bool = False,
) -> Said:
    """Keep what the hospital says. `study_uids` None = not said. Raises Conflict for another patient without `rematch`."""
    said = _in_utc(said)
    async with writing(key.hospital):
        exam = await find(key)
        if exam is None:
            exam = await _create(key, said)
            await _tell_studies(exam, study_uids or ())
            moved = await matching.exam_changed(exam)
            return Said(Outcome.NEW, exam.id, waiting=exam.record_id is None, moved=moved)
        if _is_older(exam, said):
            return Said(Outcome.SAME, exam.id, waiting=exam.record_id is None)
        before = filmwork.said_of(exam)
        moved = await _change_patient(exam, said.get("patient_id", exam.patient_id), rematch, subject, now)
        changed = await _update(exam, said)
        if study_uids is not None and await _tell_studies(exam, study_uids):
            changed = moved = True
        moved |= await matching.exam_changed(exam)
        outcome = Outcome.CHANGED if changed or moved else Outcome.SAME
        if outcome is Outcome.CHANGED:
            await events.look_again(exam, now)
        if moved or before != filmwork.said_of(exam):
            await filmwork.exams_changed([exam.id], now)
        return Said(outcome, exam.id, waiting=exam.record_id is None, moved=moved or changed)


async def find(key: ExamKey) -> Exam | None:
    """The exam of that key, or None."""
    return await Exam.get_or_none(hospital_id=key.hospital, campus=key.campus, system=key.system, accession=key.accession)


async def get(key: ExamKey) -> Exam:
    """The exam of that key; raises NotFound."""
    exam = await find(key)
    if exam is None:
        raise NotFound("no such exam")
    return exam


async def is_of(exam: Exam, patient_id: str) -> bool:
    """True when that number is the exam's patient, be it through a merge."""
    owner = await lineage.known(exam.hospital_id, patient_id)
    return patient_id == exam.patient_id or (owner is not None and owner.id == exam.record_id)


async def rematch(key: ExamKey, patient_id: str, *, subject: str, now: datetime) -> Said:
    """A person decides that an exam, with its report and pictures, is another patient's. Raises NotFound."""
    async with writing(key.hospital):
        await get(key)
        return await put(key, {"patient_id": patient_id}, study_uids=None, subject=subject, now=now, rematch=True)


async def release(key: ExamKey, *, released: bool, now: datetime) -> Said:
    """A doctor lets the patient see an item that is held back, or takes that back. Raises NotFound."""
    async with writing(key.hospital):
        exam = await get(key)
        if (exam.released_at is not None) == released:
            return Said(Outcome.SAME, exam.id)
        await Exam.filter(id=exam.id).update(released_at=now if released else None)
        if released:
            await events.look_again(exam, now)
        return Said(Outcome.CHANGED, exam.id, moved=True)


async def patient_came(record: PatientRecord) -> bool:
    """Inside the caller's transaction: exams that waited for this patient are the patient's; true when others may see now."""
    owner = await lineage.survivor(record)
    exams = await Exam.filter(hospital_id=record.hospital_id, patient_id=record.patient_id, record_id__isnull=True)
    await Exam.filter(id__in=[exam.id for exam in exams]).update(record_id=owner.id)
    for exam in exams:
        exam.record_id = owner.id
        await waiting.remove(record.hospital_id, EXAM, (exam.campus, exam.system, exam.accession))
        await matching.exam_changed(exam)
        await events.look_again(exam, clock.now())
    await filmwork.exams_changed([exam.id for exam in exams], clock.now())
    return bool(exams) | await matching.patient_came(record)


async def move(hospital: str, numbers: Iterable[str], owner: PatientRecord) -> None:
    """Inside the caller's transaction: exams under these patient numbers are `owner`'s now."""
    exams = await Exam.filter(hospital_id=hospital, patient_id__in=list(numbers))
    await Exam.filter(id__in=[exam.id for exam in exams]).update(record_id=owner.id)
    for exam in exams:
        exam.record_id = owner.id
        await matching.exam_changed(exam)
    await filmwork.exams_changed([exam.id for exam in exams], clock.now())


async def write_search_text(exam: Exam, report: Report | None) -> None:
    """Inside the caller's transaction: what keywords are looked for in."""
    said = f"{report.findings}\n{report.impression}" if report else ""
    exam.search_text = fold(f"{exam.item}\n{exam.body_part}\n{said}")
    await Exam.filter(id=exam.id).update(search_text=exam.search_text)


def _in_utc(said: ExamFields) -> ExamFields:
    """SQLite keeps times as text and compares them as such."""
    utc: Any = {name: value.astimezone(UTC) if isinstance(value, datetime) else value for name, value in said.items()}
    return cast(ExamFields, utc)


def _is_older(exam: Exam, said: Mapping[str, Any]) -> bool:
    said_at = said.get("said_at")
    return said_at is not None and exam.said_at is not None and said_at < exam.said_at


async def _create(key: ExamKey, said: ExamFields) -> Exam:
    owner = await lineage.known(key.hospital, said["patient_id"])
    exam = await Exam.create(
        id=uuid7(),
        hospital_id=key.hospital,
        campus=key.campus,
        system=key.system,
        accession=key.accession,
        record_id=owner.id if owner else None,
        **said,
    )
    await write_search_text(exam, None)
    if owner is None:
        await waiting.add(key.hospital, EXAM, key.place, PATIENT_UNKNOWN)
    return exam


async def _update(exam: Exam, said: ExamFields) -> bool:
    # The time of the message alone is no change.
    changed = any(getattr(exam, name) != value for name, value in said.items() if name != "said_at")
    if said.get("digital_service") not in (None, exam.digital_service):
        exam.service_chosen = None  # a newer word than the patient's answer
    exam.update_from_dict(dict(said))
    await exam.save(update_fields=[*said, "service_chosen", "updated_at"])
    if changed:
        newest = await Report.get_or_none(exam_id=exam.id, version=exam.report_version)
        await write_search_text(exam, newest)
    return changed


async def _change_patient(exam: Exam, patient_id: str, allowed: bool, subject: str, now: datetime) -> bool:
    """True when the exam is another patient's from now on. What was shown with it goes along, as a person decided."""
    if patient_id == exam.patient_id:
        return False
    owner = await lineage.known(exam.hospital_id, patient_id)
    same = owner is not None and owner.id == exam.record_id
    if not (same or allowed):
        raise Conflict("the exam is another patient's: say rematch=true to move it")
    before, exam.patient_id, exam.record_id = exam.record_id, patient_id, owner.id if owner else None
    exam.service_chosen = exam.service_chosen if same else None  # what one patient answered is not the other's answer
    await exam.save(update_fields=["patient_id", "record_id", "service_chosen"])
    place = (exam.campus, exam.system, exam.accession)
    if owner is None:
        await waiting.add(exam.hospital_id, EXAM, place, PATIENT_UNKNOWN)
    else:
        await waiting.remove(exam.hospital_id, EXAM, place)
    if same:
        return False
    await ExamStudy.filter(exam_id=exam.id, confirmed=True).update(how=How.CHOSEN)
    await RecordChange.create(
        id=uuid7(),
        hospital_id=exam.hospital_id,
        kind=REMATCH,
        source=exam.id,
        target=exam.record_id or "",
        detail={"before": before},
        subject=subject,
        at=now,
    )
    return True


async def _tell_studies(exam: Exam, study_uids: Iterable[str]) -> bool:
    """Bring the studies that the hospital names to this list; true when something changed."""
    known = {link.study_uid: link for link in await ExamStudy.filter(exam_id=exam.id)}
    wanted = list(dict.fromkeys(study_uids))
    new = [uid for uid in wanted if uid not in known]
    await ExamStudy.bulk_create([ExamStudy(exam_id=exam.id, study_uid=uid, how=How.TOLD) for uid in new])
    now_told = [link.id for uid, link in known.items() if uid in wanted and link.how == How.MATCHED]
    await ExamStudy.filter(id__in=now_told).update(how=How.TOLD)
    gone = [link.id for uid, link in known.items() if uid not in wanted and link.how == How.TOLD]
    await ExamStudy.filter(id__in=gone).delete()
    return bool(new or gone)
