"""When the film that we make of an exam must be made anew: promised in the commit that changes what it shows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from archive import settling
from infra import outbox
from records.models import Exam, ExamStudy, PatientRecord

FILM = "film"  # outbox topic: make the film of an exam from what is there now


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


async def study_moved(hospital: str, study_uid: str, now: datetime) -> None:
    """Inside the caller's transaction: a study has found its exams, or its images are complete."""
    links = ExamStudy.filter(exam__hospital_id=hospital, study_uid=study_uid, confirmed=True)
    await exams_changed([str(each) for each in await links.values_list("exam_id", flat=True)], now)
