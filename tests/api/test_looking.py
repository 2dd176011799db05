"""What a patient reads of an exam beside its pictures: how far it has come, where it was made, and who has looked at it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from core.clock import now
from core.grants import Role
from tests.api.matrix_world import World, built
from tests.parts.installation import Installation

SECRET_NAME = "李大夫"


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Installation(tmp_path_factory.mktemp("looking") / "home", WORKERS=1, INGEST_CHILDREN=1) as running:
        yield running


@pytest.fixture(scope="module")
def world(installation: Installation) -> World:
    return built(installation)


def client(world: World, role: Role) -> httpx.Client:
    return httpx.Client(base_url=world.url, headers={"Authorization": f"Bearer {world.tokens[role]}"}, timeout=30)


def say(world: World, path: str, role: Role = Role.HOSPITAL, **said: object) -> httpx.Response:
    with client(world, role) as system:
        answer = system.put(path, json=said)
    assert answer.status_code in (200, 201), answer.text
    return answer


def seen(world: World, accession: str = "OWN", language: str = "zh", **parameters: str | int) -> dict[str, Any]:
    """The exam as its patient sees it in the list; the detail says the same."""
    with client(world, Role.PATIENT) as phone:
        phone.headers["Accept-Language"] = language
        items = phone.get("/api/v1/exams", params={"limit": 100, **parameters}).json()["items"]
        item = next(each for each in items if each["item"] == accession)
        detail = phone.get(f"/api/v1/exams/{item['id']}").json()
    assert item.items() <= detail.items()
    return dict(detail)


def tell_exam(world: World, accession: str, hours_ago: float, **more: object) -> None:
    performed_at = (now() - timedelta(hours=hours_ago)).isoformat()
    said = {"patient_id": "P1", "category": "radiology", "item": accession, "performed_at": performed_at, **more}
    say(world, f"/api/v1/hospital/exams/{accession}", Role.HOSPITAL, **said)


def test_a_patient_reads_how_far_an_exam_has_come_and_how_long_it_usually_takes(world: World) -> None:
    say(world, "/api/v1/admin/hospital", Role.ADMIN, policies={"usual_hours": {"radiology": 2, "pathology": 72}})
    tell_exam(world, "PLANNED", -24)
    tell_exam(world, "DONE", 1)
    tell_exam(world, "SLOW", 30)
    tell_exam(world, "LONG", 1, category="pathology")
    tell_exam(world, "DRAFT", 1)
    say(world, "/api/v1/hospital/exams/DRAFT/report", status="preliminary")
    tell_exam(world, "READY", 1)
    say(world, "/api/v1/hospital/exams/READY/report", status="final")
    tell_exam(world, "BACK", 1)
    say(world, "/api/v1/hospital/exams/BACK/report", status="withdrawn")
    said = {each: seen(world, each) for each in ("PLANNED", "DONE", "SLOW", "LONG", "DRAFT", "READY", "BACK")}
    assert {name: exam["state"] for name, exam in said.items()} == {
        "PLANNED": "registered",
        "DONE": "examined",
        "SLOW": "examined",
        "LONG": "examined",
        "DRAFT": "in_review",
        "READY": "reported",
        "BACK": "withdrawn",
    }
    assert said["DONE"]["state_text"] == "检查已完成，医生正在审核，通常需要 2 小时。报告出来后我们会通知您。"
    assert said["LONG"]["state_text"] == "检查已完成，医生正在审核，通常需要 3 天。报告出来后我们会通知您。"
    assert "比通常的时间久" in said["SLOW"]["state_text"]
    assert said["DRAFT"]["report"] is None
    assert "usually takes 2 hours" in seen(world, "DRAFT", "en")["state_text"]
    assert "撤回" in said["BACK"]["state_text"]
    assert said["DONE"]["usually_reported_at"] is not None


def test_a_preliminary_report_that_is_shown_says_that_it_is_one(world: World) -> None:
    say(world, "/api/v1/admin/hospital", Role.ADMIN, policies={"preliminary": [{"show": "marked", "modality": "US"}]})
    tell_exam(world, "MARKED", 1, modality="US")
    say(world, "/api/v1/hospital/exams/MARKED/report", status="preliminary", findings="…")
    assert seen(world, "MARKED")["state_text"] == "临时报告，以正式报告为准。"


def test_campus_and_department_have_the_names_that_the_hospital_told(world: World) -> None:
    assert say(world, "/api/v1/hospital/departments/HX%2F1", name="呼吸内科").status_code == 201
    assert say(world, "/api/v1/hospital/departments/HX%2F1", name="呼吸与危重症医学科").status_code == 200
    with client(world, Role.HOSPITAL) as system:
        listed = system.get("/api/v1/hospital/departments").json()
        wrong = system.put("/api/v1/hospital/campuses/1", json={"name": ""})
        long = system.put(f"/api/v1/hospital/campuses/{'x' * 33}", json={"name": "新区"})
    assert (listed["items"], listed["next"]) == ([{"code": "HX/1", "name": "呼吸与危重症医学科"}], None)
    assert (wrong.status_code, long.status_code) == (422, 422)
    tell_exam(world, "CODED", 1, department="HX/1")
    tell_exam(world, "WORDED", 1, department="骨科门诊")
    assert seen(world, "CODED")["department_name"] == "呼吸与危重症医学科"
    assert seen(world, "WORDED")["department_name"] == "骨科门诊"
    assert seen(world, "WORDED")["campus_name"] is None


@pytest.fixture(scope="module")
def looked_at(installation: Installation, world: World) -> str:
    """The exam of case own, looked at by a doctor of a department and by its patient; gives the path of its log."""
    command = ("token", "--role", "clinician", "--hospital", "demo", "--name", SECRET_NAME, "--department", "XH")
    token = installation.command(*command).stdout.strip()
    say(world, "/api/v1/hospital/departments/XH", name="消化内科")
    known = world.parameters["own"]
    headers = {"Authorization": f"Bearer {token}", "User-Agent": "Mozilla/5.0 (Windows NT 10.0)"}
    with httpx.Client(base_url=world.url, headers=headers, timeout=30) as doctor:
        for what in ("metadata", "series", "rendered"):
            assert doctor.get(f"/dicom-web/studies/{known['study']}/{what}").status_code == 200
    with client(world, Role.PATIENT) as phone:
        for path in ("", "/report"):
            assert phone.get(f"/api/v1/exams/{known['exam']}{path}").status_code == 200
    return f"/api/v1/exams/{known['exam']}/access-log"


def test_who_looked_is_told_by_department_time_and_way_and_not_by_name(world: World, looked_at: str) -> None:
    with client(world, Role.PATIENT) as phone:
        answer = phone.get(looked_at, params={"limit": 100})
    assert SECRET_NAME not in answer.text
    looks = answer.json()["items"]
    doctor = next(each for each in looks if each["role"] == "clinician" and each["what"] == "metadata")
    told = {name: doctor[name] for name in ("who", "department", "name", "via", "device")}
    assert told == {
        "who": "doctor",
        "department": "消化内科",
        "name": None,
        "via": "hospital",
        "device": "browser on Windows",
    }
    assert {"exam", "report"} <= {each["what"] for each in looks if each["who"] == "self"}


def test_names_of_staff_are_shown_where_the_hospital_says_so(world: World, looked_at: str) -> None:
    say(world, "/api/v1/admin/hospital", Role.ADMIN, policies={"staff_names_shown": True})
    with client(world, Role.PATIENT) as phone:
        looks = phone.get(looked_at, params={"limit": 100}).json()["items"]
    say(world, "/api/v1/admin/hospital", Role.ADMIN, policies={"staff_names_shown": False})
    assert {each["name"] for each in looks if each["role"] == "clinician"} == {SECRET_NAME}
    assert {each["name"] for each in looks if each["who"] == "self"} == {None}


def test_the_log_comes_page_by_page(world: World, looked_at: str) -> None:
    with client(world, Role.PATIENT) as phone:
        whole = phone.get(looked_at, params={"limit": 100}).json()["items"]
        pages, cursor = [], ""
        while cursor is not None:
            page = phone.get(looked_at, params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
            pages += page["items"]
            cursor = page["next"]
        assert phone.get(looked_at, params={"cursor": "x"}).status_code == 400
        assert phone.get(looked_at, params={"limit": "0"}).status_code == 422
    assert [each["at"] for each in pages] == [each["at"] for each in whole]


def test_a_name_is_for_staff_and_lies_sealed_in_the_database(installation: Installation, looked_at: str) -> None:
    refused = installation.command("token", "--role", "patient", "--person", "13800138009", "--name", "某某")
    assert refused.returncode != 0
    files = installation.home.glob("cloudfilm.sqlite3*")
    assert not any(SECRET_NAME.encode() in path.read_bytes() for path in files)


@pytest.mark.parametrize("bad", [{"from": "0001-01-01"}, {"to": "9999-12-31"}, {"from": "20260101"}, {"to": "2026-W01-1"}])
def test_an_impossible_day_is_refused(world: World, bad: dict[str, str]) -> None:
    with client(world, Role.PATIENT) as phone:
        assert phone.get("/api/v1/exams", params=bad).status_code == 422
