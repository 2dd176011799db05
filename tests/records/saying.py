"""What hospitals say in tests: a sealer, patients, exams, reports and a study in the archive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from archive.models import Study
from core.uids import row_id
from infra.keys import Keys
from infra.sealing import Sealer
from records import exams, lineage, patients, reports
from records.exams import ExamFields, ExamKey
from records.models import Exam, ExamStudy
from records.patients import Patient
from records.reports import ReportSaid
from records.writing import Said

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
PERFORMED = NOW - timedelta(hours=2)
SEALER = Sealer(Keys(tokens="t" * 32, fields="f" * 32, index="i" * 32, qr_key="q" * 32))
STUDY_UID = "1.2.826.0.1.3680043.8.498.1"


def key(accession: str = "A1", **more: str) -> ExamKey:
    """An exam of the hospital demo."""
    return ExamKey("demo", accession, **more)


async def say_patient(patient_id: str = "P1", name: str = "张三", **more: Any) -> Said:
    """A patient of the hospital demo."""
    return await patients.put(SEALER, "demo", patient_id, Patient(name, **more))


async def say_exam(
    accession: str = "A1", patient_id: str = "P1", *, studies: tuple[str, ...] | None = None, rematch: bool = False, **more: Any
) -> Said:
    """A CT, if nothing else is said."""
    place = {name: more.pop(name) for name in ("campus", "system") if name in more}
    fields: ExamFields = {"patient_id": patient_id, "category": "radiology", "performed_at": PERFORMED, "modality": "CT"}
    fields.update(more)  # type: ignore[typeddict-item]  # a test says what it likes
    return await exams.put(key(accession, **place), fields, study_uids=studies, subject="test", now=NOW, rematch=rematch)


async def say_report(accession: str = "A1", status: str = "final", *, now: datetime = NOW, **more: Any) -> Said:
    """A final report, if nothing else is said."""
    place = {name: more.pop(name) for name in ("campus", "system") if name in more}
    return await reports.put(SEALER, key(accession, **place), ReportSaid(status=status, **more), now)


async def receive_study(uid: str = STUDY_UID, patient_id: str = "P1", accession: str = "A1", **more: Any) -> Study:
    """A study row, as ingest makes one."""
    return await Study.create(
        id=row_id(),
        hospital_id="demo",
        study_instance_uid=uid,
        patient_id=patient_id,
        accession_number=accession,
        attributes=b"{}",
        keep_until=NOW.date(),
        **{"modalities": "\\CT\\", "study_date": "20261120", **more},
    )


async def shown(patient_id: str) -> set[tuple[str, str]]:
    """(accession, study UID) of the pictures that a patient number stands for."""
    record = await lineage.known("demo", patient_id)
    assert record is not None
    links = await ExamStudy.filter(exam__record_id=record.id, confirmed=True).prefetch_related("exam")
    return {(link.exam.accession, link.study_uid) for link in links}


async def owner_of(accession: str = "A1") -> str | None:
    """The patient number that an exam counts for, None while it waits."""
    exam = await Exam.get(accession=accession).prefetch_related("record")
    return exam.record.patient_id if exam.record else None
