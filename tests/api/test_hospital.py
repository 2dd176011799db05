"""A hospital's systems over HTTP: what they may send, what they hear, what is never half written."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pydicom
import pytest
from pydicom.data import get_testdata_file

from tests.parts.installation import Installation
from tests.parts.site import Site

PATIENCE_SECONDS = 120.0
PATIENT = {"name": "张三", "sex": "M", "phones": ["13800138001"], "identifiers": [{"kind": "id_card", "value": "123"}]}
EXAM = {"patient_id": "1CT1", "category": "radiology", "modality": "CT", "performed_at": "2026-11-20T08:00:00+08:00"}
FINAL = {"status": "final", "findings": "未见异常", "impression": "正常", "verified_at": "2026-11-20T10:00:00+08:00"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Installation(tmp_path_factory.mktemp("hospital"), WORKERS=1, INGEST_CHILDREN=1) as installation:
        for code in ("demo", "demo2"):
            assert installation.command("hospital", code, "--name", code).returncode == 0
        yield Site(installation, {})


@pytest.fixture
def system(site: Site) -> Iterator[httpx.Client]:
    with site.client() as client:
        client.base_url = httpx.URL(f"{site.installation.url}/api/v1/hospital/")
        yield client


@pytest.fixture
def admin(site: Site) -> Iterator[httpx.Client]:
    with site.client("admin") as client:
        client.base_url = httpx.URL(f"{site.installation.url}/api/v1/")
        yield client


def waiting(client: httpx.Client) -> list[tuple[str, str]]:
    answer = client.get("waiting")
    assert answer.status_code == 200, answer.text
    return [(each["kind"], each["reason"]) for each in answer.json()["items"]]


def test_everything_may_come_backwards_and_is_waiting_until_it_fits(site: Site, system: httpx.Client) -> None:
    assert system.put("exams/B1/report", json=FINAL).status_code == 202
    assert system.put("exams/B1", json={**EXAM, "patient_id": "P-B1"}).status_code == 202
    assert waiting(system) == [("exam", "patient-unknown")]
    assert system.put("patients/P-B1", json=PATIENT).status_code == 201
    assert waiting(system) == []
    assert system.put("exams/B1/report", json=FINAL).json()["outcome"] == "same"
    changed = system.put("exams/B1/report", json={**FINAL, "status": "corrected"})
    assert (changed.status_code, changed.json()["outcome"]) == (200, "changed")


def test_the_same_again_is_200_and_another_patient_is_409_without_rematch(system: httpx.Client) -> None:
    for patient in ("R1", "R2"):
        assert system.put(f"patients/{patient}", json=PATIENT).status_code == 201
    said = {**EXAM, "patient_id": "R1"}
    first, again = (system.put("exams/C1?campus=east&system=ris", json=said) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    other = {**EXAM, "patient_id": "R2"}
    assert system.put("exams/C1?campus=east&system=ris", json=other).status_code == 409
    assert system.put("exams/C1?campus=east&system=ris&rematch=true", json=other).status_code == 200
    assert system.put("exams/C1?campus=west&system=ris", json=said).status_code == 201


def test_an_arriving_study_is_settled_by_the_worker_and_by_an_administrator(
    site: Site, system: httpx.Client, admin: httpx.Client
) -> None:
    file = Path(str(get_testdata_file("CT_small.dcm")))
    study = str(pydicom.dcmread(file, stop_before_pixels=True).StudyInstanceUID)
    for patient in ("P-CT", "1CT1"):  # the second is whom the file names
        assert system.put(f"patients/{patient}", json=PATIENT).status_code == 201
    assert system.put("exams/CT9", json={**EXAM, "patient_id": "P-CT", "study_uids": [study]}).status_code == 201
    assert site.store(file.read_bytes()).status_code == 200
    until = time.monotonic() + PATIENCE_SECONDS
    while ("study", "other-patient") not in waiting(system) and time.monotonic() < until:
        time.sleep(0.1)
    assert ("study", "other-patient") in waiting(system)
    assert admin.post("hospital/exams/CT9/study", json={"study_uid": study}).json()["outcome"] == "changed"
    assert admin.post("hospital/exams/CT9/study", json={"study_uid": study}).json()["outcome"] == "same"
    assert ("study", "other-patient") not in waiting(system)
    assert admin.post("hospital/exams/CT9/study", json={"study_uid": "1.2.3"}).status_code == 404


def test_merge_and_unmerge_are_the_administrators(system: httpx.Client, admin: httpx.Client) -> None:
    for patient in ("M1", "M2"):
        system.put(f"patients/{patient}", json=PATIENT)
    assert system.post("patients/M1/merge", json={"into": "M2"}).status_code == 403
    assert admin.post("hospital/patients/M1/merge", json={"into": "M2"}).status_code == 200
    assert admin.post("hospital/patients/M1/merge", json={"into": "M2"}).json()["outcome"] == "same"
    assert admin.post("hospital/patients/M2/merge", json={"into": "M1"}).status_code == 409
    assert admin.post("hospital/patients/M1/unmerge").status_code == 200
    assert admin.post("hospital/patients/M1/unmerge").status_code == 409
    assert admin.post("hospital/patients/unknown/merge", json={"into": "M2"}).status_code == 404


@pytest.mark.parametrize(
    ("path", "said", "status", "field"),
    [
        ("patients/X1", {"sex": "M"}, 422, "name"),
        ("patients/X1", {**PATIENT, "birth_date": "2026-02-30"}, 422, "birth_date"),
        ("patients/X1", {**PATIENT, "nam": "x"}, 422, "nam"),
        ("patients/X1", {**PATIENT, "identifiers": [{"kind": "dog", "value": "1"}]}, 422, "identifiers[0].kind"),
        ("patients/" + "9" * 65, PATIENT, 422, "patient_id"),
        ("exams/X1", {**EXAM, "category": "astrology"}, 422, "category"),
        ("exams/X1", {**EXAM, "performed_at": "yesterday"}, 422, "performed_at"),
        ("exams/X1", {**EXAM, "study_uids": ["x"]}, 422, "study_uids[0]"),
        ("exams/X1", {**EXAM, "visit": {"kind": "party"}}, 422, "visit.kind"),
        ("exams/X1?color=red", EXAM, 422, "query"),
        ("exams/X1?rematch=1", EXAM, 422, "rematch"),
        ("exams/X1/report", {"findings": "x"}, 422, "status"),
        ("exams/X1/report", {**FINAL, "pdf": base64.b64encode(b"GIF89a").decode()}, 422, "pdf"),
    ],
)
def test_a_wrong_field_is_named_in_the_readers_language_and_nothing_is_written(
    system: httpx.Client, path: str, said: dict[str, Any], status: int, field: str
) -> None:
    for language in ("zh-CN", "en"):
        answer = system.put(path, json=said, headers={"Accept-Language": language})
        assert answer.status_code == status
        assert answer.json()["detail"].startswith(f"{field}: ")
    assert system.put("exams/X1/report", json=FINAL).status_code == 202


def test_a_key_that_stands_twice_is_malformed(system: httpx.Client) -> None:
    assert system.put("patients/X2", content=b'{"name": "a", "name": "b"}').status_code == 400


def test_rules_are_set_by_the_administrator_and_checked(admin: httpx.Client, system: httpx.Client) -> None:
    rules = {"preliminary": [{"show": "marked", "visit_kind": "emergency", "hours": "22:00-06:00"}], "held_items": ["HIV"]}
    said = {"policies": rules, "help_phone": "0575-1", "campuses": [{"code": "east", "name": "东院"}]}
    answer = admin.put("admin/hospital", json=said)
    assert answer.status_code == 200, answer.text
    assert admin.get("admin/hospital").json()["policies"] == rules
    assert admin.get("admin/hospital").json()["campuses"] == said["campuses"]
    wrong = admin.put("admin/hospital", json={"policies": {"held_items": "HIV"}})
    assert (wrong.status_code, wrong.json()["detail"].partition(":")[0]) == (422, "held_items")
    assert system.put("../admin/hospital", json={}).status_code == 403
