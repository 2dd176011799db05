"""When the film that we make of an exam must be made anew: promised in the commit that changes what it shows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from tortoise.queryset import QuerySet

from archive import settling
from archive.models import Series, Study
from infra import outbox
from infra.models import Outbox, OutboxState
from records.models import Exam, ExamStudy, PatientRecord

FILM = "film"  # outbox topic: make the film of an exam from what is there now
LOOKED_AT_ONCE = 500  # studies; an import of thousands is settled by its own promises
COMPLETE = "exam-complete"  # outbox topic: all images that the hospital announced are here


def said_of(exam: Exam) -> tuple[object, ...]:
    """What a film says of its exam, and what its images are chosen by."""
    words = exam.item, exam.body_part, exam.modality, exam.category, exam.accession
    return (*words, exam.performed_at, exam.patient_id, exam.record_id, exam.cancelled_at)


def said_of_patient(record: PatientRecord) -> tuple[object, ...]:
    """What a film says of its patient."""
    return record.name, record.sex, record.birth_date


async def exams_changed(exam_ids: Iterable[str], now: datetime) -> None:
    """Inside the caller's transaction: what these exams' films show, or say in their headers, may be another."""
    with_images = ExamStudy.filter(exam_id__in=list(exam_ids), confirmed=True)
    for exam_id in sorted({str(each) for each in await with_images.values_list("exam_id", flat=True)}):
        await outbox.promise_again(FILM, exam_id, {"exam": exam_id}, now)


async def patient_changed(record: PatientRecord, now: datetime) -> None:
    """Inside the caller's transaction: the patient's name, sex or date of birth was corrected."""
    exams = await Exam.filter(record_id=record.id).values_list("id", flat=True)
    await exams_changed((str(each) for each in exams), now)


async def study_settled(payload: dict[str, Any], now: datetime) -> None:
    """Keep a promise of `archive.settling`: the films of a study's exams are made once nothing more comes of it."""
    if await settling.has_settled(payload):
        await study_moved(payload["hospital"], payload["study"], now)


async def study_found(study: Study, now: datetime) -> None:
    """Inside the caller's transaction: a study has found its exams. Where more images are announced and still coming, the
    film waits for them."""
    links = ExamStudy.filter(exam__hospital_id=study.hospital_id, study_uid=study.study_instance_uid, confirmed=True)
    exams = [link.exam for link in await links.prefetch_related("exam")]
    short = [exam.id for exam in exams if await _is_complete(exam) is False]
    waits = short if short and await _is_arriving(study) else []
    await exams_changed([exam.id for exam in exams if exam.id not in waits], now)


async def complete_exams(now: datetime) -> None:
    """Exams whose announced images are all here need not wait until nothing more comes: promised once for that number."""
    arriving = await _arriving(now)
    uids = sorted({uid for _, uid in arriving})
    links = ExamStudy.filter(study_uid__in=uids, confirmed=True, exam__expected__isnull=False)
    for link in await links.prefetch_related("exam") if uids else ():
        exam = link.exam
        if (exam.hospital_id, link.study_uid) in arriving and await _is_complete(exam):
            await outbox.promise(COMPLETE, complete_key(exam), {"exam": exam.id}, now)


def complete_key(exam: Exam) -> str:
    """Key of the promise that is made once so many images are here as the hospital announces now."""
    return f"{exam.id}.{_announced(exam)}"


async def _arriving(now: datetime) -> frozenset[tuple[str, str]]:
    """(hospital, study) of those of which something came within the last moments; of very many, the newest."""
    rows = await _open_promises().filter(due_at__gt=now).order_by("-due_at").limit(LOOKED_AT_ONCE)
    return frozenset((row.payload["hospital"], row.payload["study"]) for row in rows)


async def _is_arriving(study: Study) -> bool:
    return await _open_promises().filter(key__startswith=f"{study.id}.").exists()


def _open_promises() -> QuerySet[Outbox]:
    return Outbox.filter(topic=settling.STUDY_SETTLED, state=OutboxState.WAITING)


async def _is_complete(exam: Exam) -> bool | None:
    """Whether all announced series and images are here; None when the hospital announced none."""
    if not exam.expected or not _announced(exam):
        return None
    links = await ExamStudy.filter(exam_id=exam.id, confirmed=True)
    uids = [link.study_uid for link in links]
    series = await Series.filter(study__hospital_id=exam.hospital_id, study__study_instance_uid__in=uids)
    enough = sum(each.instance_count for each in series) >= _announced(exam)
    return enough and len(series) >= exam.expected.get("series", 0)


def _announced(exam: Exam) -> int:
    return (exam.expected or {}).get("instances", 0)


async def study_moved(hospital: str, study_uid: str, now: datetime) -> None:
    """Inside the caller's transaction: nothing more comes of a study, or other exams have it now."""
    links = ExamStudy.filter(exam__hospital_id=hospital, study_uid=study_uid, confirmed=True)
    await exams_changed([str(each) for each in await links.values_list("exam_id", flat=True)], now)
