"""What a health link's FHIR file says: a share's exams in the words that its recipient may read, masked where the share is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from api.dicomweb.reading import PREFIX, veil_of
from api.recipients import Received, all_received, patient_of
from api.services import Services
from archive.locate import Located
from archive.models import Series
from core.errors import NotFound
from core.grants import Grant
from records.masked import MODALITIES, birth_year
from records.models import PatientRecord, ReportStatus
from share import fhir
from share.models import Share
from wado.places import Asker, Place, instances


@dataclass(frozen=True, slots=True)
class Gathered:
    """A share's bundle; when something in it changed last; (hospital, exam) of what it tells, and its studies."""

    bundle: fhir.Json
    changed_at: datetime
    exams: tuple[tuple[str, str], ...]
    studies: tuple[str, ...]


async def gathered(services: Services, grant: Grant, share: Share, at: datetime) -> Gathered:
    """All that the recipient of a share may read now."""
    seen = await all_received(services, grant)
    asker = Asker(grant, at, await veil_of(services, grant, at) if grant.masked else None)
    patients, hospitals, exams = {}, {}, []
    for each in seen:
        record = await patient_of(each)
        patients[record.id] = _patient(record, each)
        hospitals[each.found.hospital.code] = each.found.hospital.name
        exams.append(await _exam(asker, each, record.id))
    url = services.settings.base_url + PREFIX
    shared = fhir.Shared(share.id, patients, hospitals, tuple(exams), url, share.expires_at)
    said = [exam.report.said_at for exam in exams if exam.report is not None]
    return Gathered(
        fhir.bundle(shared, at),
        max([share.created_at, *said]),
        tuple((each.found.hospital.code, each.found.exam.id) for each in seen),
        tuple(study.uid for exam in exams for study in exam.studies),
    )


def _patient(record: PatientRecord, seen: Received) -> fhir.Patient:
    born = record.birth_date
    if seen.whose is None:
        return fhir.Patient(record.name, record.sex, born.isoformat() if born else "")
    year = birth_year(born, seen.found.exam.performed_at.date())
    return fhir.Patient(record.name, record.sex, str(year) if year else "")


async def _exam(asker: Asker, seen: Received, patient: str) -> fhir.Exam:
    told, zone = seen.told, ZoneInfo(seen.found.hospital.zone)
    studies = [await _study(asker, uid) for uid in seen.found.studies]
    return fhir.Exam(
        patient,
        seen.found.hospital.code,
        told.exam.category,
        told.exam.item,
        told.exam.performed_at.astimezone(zone),
        _report(seen, zone),
        tuple(study for study in studies if study is not None),
    )


def _report(seen: Received, zone: ZoneInfo) -> fhir.Report | None:
    if seen.found.report is None or seen.found.report.status == ReportStatus.WITHDRAWN:
        return None
    report = seen.report(seen.found.report)
    at = report.verified_at or report.reported_at or report.received_at
    return fhir.Report(report.status.value, report.findings, report.impression, at.astimezone(zone))


async def _study(asker: Asker, study_uid: str) -> fhir.Study | None:
    """What of a study may be fetched, by the UIDs that it has for who asks; None for nothing."""
    try:
        found = await instances(asker, Place(asker.veil.masked_uid(study_uid) if asker.veil else study_uid))
    except NotFound:
        return None
    rows = await Series.filter(id__in=sorted({at.series_id for at in found}))
    modalities = {row.id: row.modality for row in rows}
    series: dict[str, list[Located]] = {}
    for at in found:
        series.setdefault(at.series_uid, []).append(at)
    return fhir.Study(
        found[0].study_uid, tuple(_series(uid, many, modalities[many[0].series_id]) for uid, many in series.items())
    )


def _series(uid: str, many: Sequence[Located], modality: str) -> fhir.Series:
    """A modality that DICOM does not know is free text, and stays here."""
    return fhir.Series(uid, modality if modality in MODALITIES else "", many[0].series_number, len(many))
