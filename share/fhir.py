"""A share's exams as a FHIR R4 bundle: patients, hospitals, reports, image studies, and where their pictures are fetched.

What is given is written as it is: whoever masks, masks before. Nothing here says whose record or exam it was made of: each
resource is known by its place in the bundle, so that it keeps its name when the bundle is asked for again.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any
from uuid import UUID, uuid5

Json = dict[str, Any]

MEDIA_TYPE = "application/fhir+json"
VERSION = "4.0.1"
_TERMS = "http://terminology.hl7.org/CodeSystem/"
_DICOM_TERMS = "http://dicom.nema.org/resources/ontology/DCM"
_DICOM_UIDS = "urn:dicom:uid"
_XHTML = "http://www.w3.org/1999/xhtml"

SEXES: Mapping[str, str] = {"M": "male", "F": "female", "O": "other"}
# Ours → http://hl7.org/fhir/R4/valueset-diagnostic-report-status.html
STATUSES: Mapping[str, str] = {"preliminary": "preliminary", "final": "final", "corrected": "corrected"}
# Ours → HL7 table 0074
SECTIONS: Mapping[str, tuple[str, str]] = {
    "radiology": ("RAD", "Radiology"),
    "ultrasound": ("RUS", "Radiology Ultrasound"),
    "endoscopy": ("OTH", "Other"),
    "pathology": ("SP", "Surgical Pathology"),
    "ecg": ("EC", "Electrocardiac (e.g., EKG, EEC, Holter)"),
    "lab": ("LAB", "Laboratory"),
}


@dataclass(frozen=True, slots=True)
class Patient:
    """What is told of a person. `born` is a day, a year, or empty."""

    name: str
    sex: str
    born: str


@dataclass(frozen=True, slots=True)
class Series:
    """One series of a study, with how many instances there are to fetch."""

    uid: str
    modality: str
    number: int | None
    instances: int


@dataclass(frozen=True, slots=True)
class Study:
    """One study whose pictures may be fetched."""

    uid: str
    series: tuple[Series, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The report that counts now; `status` as the hospital said it, never withdrawn."""

    status: str
    findings: str
    impression: str
    said_at: datetime


@dataclass(frozen=True, slots=True)
class Exam:
    """One exam; `patient` and `hospital` are keys of those given beside it."""

    patient: str
    hospital: str
    category: str
    item: str
    performed_at: datetime
    report: Report | None
    studies: tuple[Study, ...]


@dataclass(frozen=True, slots=True)
class Shared:
    """Everything that one share shows: patients and names of hospitals by any key."""

    id: str
    patients: Mapping[str, Patient]
    hospitals: Mapping[str, str]
    exams: tuple[Exam, ...]
    dicomweb_url: str
    ends_at: datetime


def bundle(shared: Shared, at: datetime) -> Json:
    """A collection in which every reference leads to an entry."""
    names = _Names(shared)
    entries = [*_patients(shared, names), *_hospitals(shared, names), *_endpoints(shared, names), *_exams(shared, names)]
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": _time(at),
        "entry": [{"fullUrl": url, "resource": resource} for url, resource in entries],
    }


class _Names:
    """The addresses of the resources within the bundle."""

    def __init__(self, shared: Shared) -> None:
        self._space = UUID(shared.id)
        self._patients = list(shared.patients)
        self._hospitals = list(shared.hospitals)

    def patient(self, key: str) -> str:
        return self.of("patient", self._patients.index(key))

    def hospital(self, key: str) -> str:
        return self.of("hospital", self._hospitals.index(key))

    def endpoint(self, hospital: str) -> str:
        return self.of("endpoint", self._hospitals.index(hospital))

    def of(self, kind: str, *places: int) -> str:
        return f"urn:uuid:{uuid5(self._space, '/'.join([kind, *map(str, places)]))}"


def _patients(shared: Shared, names: _Names) -> Iterator[tuple[str, Json]]:
    for key, patient in shared.patients.items():
        resource: Json = {"resourceType": "Patient"}
        if patient.name:
            resource["name"] = [{"use": "usual", "text": patient.name}]
        resource["gender"] = SEXES.get(patient.sex, "unknown")
        if patient.born:
            resource["birthDate"] = patient.born
        yield names.patient(key), resource


def _hospitals(shared: Shared, names: _Names) -> Iterator[tuple[str, Json]]:
    for key, name in shared.hospitals.items():
        yield names.hospital(key), {"resourceType": "Organization", "name": name}


def _endpoints(shared: Shared, names: _Names) -> Iterator[tuple[str, Json]]:
    """Where pictures are: one a hospital, since an endpoint has one owner; all at the same address."""
    with_pictures = dict.fromkeys(exam.hospital for exam in shared.exams if exam.studies)
    for key in with_pictures:
        yield (
            names.endpoint(key),
            {
                "resourceType": "Endpoint",
                "status": "active",
                "connectionType": {"system": _TERMS + "endpoint-connection-type", "code": "dicom-wado-rs"},
                "name": "DICOMweb",
                "managingOrganization": {"reference": names.hospital(key)},
                "period": {"end": _time(shared.ends_at)},
                "payloadType": [{"text": "DICOM"}],
                "payloadMimeType": ["application/dicom"],
                "address": shared.dicomweb_url,
            },
        )


def _exams(shared: Shared, names: _Names) -> Iterator[tuple[str, Json]]:
    for place, exam in enumerate(shared.exams):
        studies = {names.of("study", place, number): study for number, study in enumerate(exam.studies)}
        if exam.report is not None:
            yield names.of("report", place), _report(exam, exam.report, studies, names)
        for url, study in studies.items():
            yield url, _study(exam, study, names)


def _report(exam: Exam, report: Report, studies: Iterable[str], names: _Names) -> Json:
    code, display = SECTIONS.get(exam.category, SECTIONS["endoscopy"])
    text = "\n\n".join(part for part in (report.findings, report.impression) if part)
    resource: Json = {
        "resourceType": "DiagnosticReport",
        "text": {"status": "generated", "div": _narrative(exam.item, report)},
        "status": STATUSES.get(report.status, "unknown"),
        "category": [{"coding": [{"system": _TERMS + "v2-0074", "code": code, "display": display}]}],
        "code": {"text": exam.item or display},
        "subject": {"reference": names.patient(exam.patient)},
        "effectiveDateTime": _time(exam.performed_at),
        "issued": _time(report.said_at),
        "performer": [{"reference": names.hospital(exam.hospital)}],
    }
    if pictures := [{"reference": url} for url in studies]:
        resource["imagingStudy"] = pictures
    if report.impression:
        resource["conclusion"] = report.impression
    if text:
        content = base64.b64encode(text.encode()).decode()
        resource["presentedForm"] = [{"contentType": "text/plain; charset=utf-8", "language": "zh-CN", "data": content}]
    return resource


def _narrative(item: str, report: Report) -> str:
    """What a person reads who has no other way to show it."""
    parts = [
        f"<p>{escape(part)}</p>"
        for part in (item, *report.findings.splitlines(), *report.impression.splitlines())
        if part.strip()
    ]
    return f'<div xmlns="{_XHTML}">{"".join(parts) or "<p>-</p>"}</div>'


def _study(exam: Exam, study: Study, names: _Names) -> Json:
    resource: Json = {
        "resourceType": "ImagingStudy",
        "identifier": [{"system": _DICOM_UIDS, "value": f"urn:oid:{study.uid}"}],
        "status": "available",
        "subject": {"reference": names.patient(exam.patient)},
        "started": _time(exam.performed_at),
        "endpoint": [{"reference": names.endpoint(exam.hospital)}],
    }
    if modalities := _modalities(study.series):
        resource["modality"] = [_modality(code) for code in modalities]
    if study.series:
        resource["numberOfSeries"] = len(study.series)
        resource["numberOfInstances"] = sum(each.instances for each in study.series)
        resource["series"] = [_series(each) for each in study.series]
    if exam.item:
        resource["description"] = exam.item
    return resource


def _modalities(series: Sequence[Series]) -> list[str]:
    return list(dict.fromkeys(each.modality for each in series if each.modality))


def _series(series: Series) -> Json:
    resource: Json = {"uid": series.uid, "modality": _modality(series.modality or "OT"), "numberOfInstances": series.instances}
    return resource | ({"number": series.number} if series.number is not None and series.number >= 0 else {})


def _modality(code: str) -> Json:
    return {"system": _DICOM_TERMS, "code": code}


def _time(at: datetime) -> str:
    """FHIR's dateTime and instant: to the second, with its offset."""
    return at.isoformat(timespec="seconds")
