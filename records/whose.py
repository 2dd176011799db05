"""All that names the patient of an exam, gathered so that it can be found and masked wherever it stands."""

from __future__ import annotations

from collections.abc import Iterable

from archive.models import Study
from core.maskedtext import Whose
from infra.sealing import Sealer
from records import lineage
from records.models import Exam, ExamStudy, PatientIdentifier, PatientPhone, PatientRecord, Report

CHINA = "+86"


async def whose(sealer: Sealer, exam: Exam, reports: Iterable[Report], *, doctors_named: bool) -> Whose:
    """What the hospital and the images of an exam call its patient, and the doctors unless they may be named."""
    records = await _records(exam)
    ids = [record.id for record in records]
    studies = await _studies(exam)
    born = next((record.birth_date for record in records if record.birth_date), None)
    return Whose(
        names=_each(*(record.name for record in records), *(study.patient_name for study in studies)),
        numbers=_each(
            exam.accession,
            exam.visit_number,
            exam.patient_id,
            *(record.patient_id for record in records),
            *(number for study in studies for number in (study.patient_id, study.accession_number)),
            *(sealer.open(row.sealed) for row in await PatientIdentifier.filter(record_id__in=ids)),
            *(sealer.open(row.sealed).removeprefix(CHINA) for row in await PatientPhone.filter(record_id__in=ids)),
        ),
        born=born,
        others=() if doctors_named else _each(*_doctors(reports), *(study.referring_physician_name for study in studies)),
    )


async def _records(exam: Exam) -> list[PatientRecord]:
    """The record that counts first, then those that were merged into it."""
    record = await PatientRecord.get_or_none(id=exam.record_id) if exam.record_id else None
    if record is None:
        return []
    counts = await lineage.survivor(record)
    numbers = await lineage.numbers(counts)
    others = await PatientRecord.filter(hospital_id=exam.hospital_id, patient_id__in=numbers).exclude(id=counts.id)
    return [counts, *others]


async def _studies(exam: Exam) -> list[Study]:
    links = await ExamStudy.filter(exam_id=exam.id).values_list("study_uid", flat=True)
    uids = [str(each) for each in links]
    return await Study.filter(hospital_id=exam.hospital_id, study_instance_uid__in=uids) if uids else []


def _doctors(reports: Iterable[Report]) -> Iterable[str]:
    return (name for report in reports for name in (report.reporting_doctor, report.verifying_doctor))


def _each(*texts: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))
