"""The bundle of a share is FHIR R4, every reference in it leads somewhere, and it says only what it was given."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from fhir.resources.R4B.bundle import Bundle

from share.fhir import Exam, Patient, Report, Series, Shared, Study, bundle

NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)
CT = Study("2.25.11", (Series("2.25.12", "CT", 1, 30), Series("2.25.13", "CT", None, 2)))
REPORT = Report("corrected", "右肺上叶见<磨玻璃>结节 & 随访。\n余未见异常。", "右肺结节", NOON)
CHEST = Exam("p1", "demo", "radiology", "胸部CT平扫", NOON, REPORT, (CT,))
LAB = Exam("p2", "demo2", "lab", "", NOON, Report("final", "", "", NOON), ())
BARE = Exam("p1", "demo2", "ultrasound", "甲状腺超声", NOON, None, (Study("2.25.21", ()),))
SHARED = Shared(
    id="0190a0a0-1111-7111-8111-111111111111",
    patients={"p1": Patient("王**", "F", "1949"), "p2": Patient("", "", "")},
    hospitals={"demo": "示范医院", "demo2": "第二医院"},
    exams=(CHEST, LAB, BARE),
    dicomweb_url="https://film.example.org/dicom-web",
    ends_at=NOON + timedelta(days=7),
)


def resources(kind: str) -> list[dict[str, Any]]:
    found = [entry["resource"] for entry in bundle(SHARED, NOON)["entry"]]
    return [each for each in found if each["resourceType"] == kind]


def test_it_is_fhir() -> None:
    written = json.dumps(bundle(SHARED, NOON), ensure_ascii=False)
    read = Bundle.model_validate_json(written)
    assert [entry.resource.get_resource_type() for entry in read.entry or () if entry.resource] == [
        "Patient",
        "Patient",
        "Organization",
        "Organization",
        "Endpoint",
        "Endpoint",
        "DiagnosticReport",
        "ImagingStudy",
        "DiagnosticReport",
        "ImagingStudy",
    ]


def test_every_reference_leads_to_an_entry() -> None:
    document = bundle(SHARED, NOON)
    entries = [entry["fullUrl"] for entry in document["entry"]]
    assert len(set(entries)) == len(entries)
    assert set(_references(document)) <= set(entries)


def test_a_resource_keeps_its_name_when_it_is_asked_for_again() -> None:
    later = bundle(SHARED, NOON + timedelta(hours=1))
    assert [each["fullUrl"] for each in later["entry"]] == [each["fullUrl"] for each in bundle(SHARED, NOON)["entry"]]


def test_a_study_says_where_its_pictures_are() -> None:
    study, endpoint = resources("ImagingStudy")[0], resources("Endpoint")[0]
    assert study["identifier"] == [{"system": "urn:dicom:uid", "value": "urn:oid:2.25.11"}]
    assert (study["numberOfSeries"], study["numberOfInstances"]) == (2, 32)
    assert endpoint["address"] == "https://film.example.org/dicom-web"
    assert endpoint["connectionType"]["code"] == "dicom-wado-rs"


def test_a_report_is_there_as_text_and_as_a_page_without_markup_of_its_own() -> None:
    report = resources("DiagnosticReport")[0]
    text = base64.b64decode(report["presentedForm"][0]["data"]).decode()
    assert text == f"{REPORT.findings}\n\n{REPORT.impression}"
    assert "&lt;磨玻璃&gt;结节 &amp; 随访" in report["text"]["div"]
    assert (report["status"], report["conclusion"]) == ("corrected", "右肺结节")


def test_of_a_person_only_what_was_given_is_told() -> None:
    known, unknown = resources("Patient")
    assert known == {
        "resourceType": "Patient",
        "name": [{"use": "usual", "text": "王**"}],
        "gender": "female",
        "birthDate": "1949",
    }
    assert unknown == {"resourceType": "Patient", "gender": "unknown"}


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["reference"]] if isinstance(node.get("reference"), str) else []
        return own + [each for value in node.values() for each in _references(value)]
    return [each for value in node for each in _references(value)] if isinstance(node, list) else []
