"""At a kiosk and at the desk, on PostgreSQL: a patient with a new phone binds, opens what was declined, lets family in."""

from __future__ import annotations

import asyncio
import csv
import dataclasses
import json
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from io import StringIO
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import httpx
import pytest
from tortoise.backends.base.executor import EXECUTOR_CACHE

from core.clock import now
from core.grants import Role
from identity.sessions import issue
from infra.database import close_database, open_database
from infra.settings import from_environ
from tests.conftest import TEMPLATE
from tests.parts.installation import Installation
from tests.parts.phone import Phone
from tests.parts.postgres import Postgres
from tests.stories.test_patient import Clinic

NAME, BORN, CARD = "阿依古丽·买买提", "1980-05-06", "00100233"
OLD_PHONE, NEW_PHONE, SONS, WIDOWS, FRESH = "13800138009", "13800138001", "13800138002", "13800138003", "13800138004"
CLAIM = {"kind": "visit_card", "value": CARD, "name": NAME, "birth_date": BORN}
SON = {"relation": "parent", "papers": [{"kind": "id_card", "number": "11010519491231002X"}, {"kind": "household_register"}]}


@dataclasses.dataclass
class Hospital:
    """The running hospital, and whoever works there."""

    site: Installation
    headers: dict[str, dict[str, str]]

    def asks(self, role: str, path: str, **said: Any) -> httpx.Response:
        return httpx.post(f"{self.site.url}/api/v1{path}", json=said, headers=self.headers[role], timeout=30)

    def events(self, **asked: str) -> httpx.Response:
        url = f"{self.site.url}/api/v1/hospital/service-events.csv"
        return httpx.get(url, params=asked, headers=self.headers["admin"], timeout=30)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> Iterator[Installation]:
    """With a database of its own in PostgreSQL."""
    asyncio.run(statement(postgres, f"CREATE DATABASE story TEMPLATE {TEMPLATE}"))
    home = tmp_path_factory.mktemp("hospital")
    with Installation(home, WORKERS=1, INGEST_CHILDREN=1, DATABASE_URL=postgres.url("story")) as installation:
        fees = json.dumps([{"state": "free", "way": "kiosk"}, {"state": "charged"}])
        made = installation.command("hospital", "demo", "--name", "示范医院", "--help-phone", "010-5", "--set", f"fees={fees}")
        assert made.returncode == 0, made.stderr
        demo = Clinic(installation, "demo")
        demo.says("PUT", "/patients/P9", name="王五", deceased_on="2026-11-01", birth_date="1940-01-01")
        demo.exam("K1", "P9", "头颅CT平扫")
        card = {"kind": "visit_card", "value": CARD}
        demo.says("PUT", "/patients/P1", name=NAME, phones=[OLD_PHONE], identifiers=[card], birth_date=BORN)
        demo.exam("A1", "P1", "胸部CT平扫", digital_service=False)
        demo.exam("A2", "P1", "腹部超声", category="ultrasound")
        demo.exam("LAB", "P1", "HIV抗体检测", category="lab", digital_service=False)
        yield installation


@pytest.fixture(scope="module")
def hospital(site: Installation, postgres: Postgres) -> Hospital:
    tokens = asyncio.run(_tokens(site, postgres, (Role.KIOSK, Role.GUIDE, Role.ADMIN)))
    return Hospital(site, {role: {"Authorization": f"Bearer {token}"} for role, token in tokens.items()})


@pytest.fixture(scope="module")
def patient(site: Installation) -> Iterator[Phone]:
    """Logged in with a phone that the hospital does not know."""
    with Phone(site.url, NEW_PHONE) as phone:
        phone.log_in()
        assert phone.bind("demo", "visit_card", CARD, NAME).status_code == 422
        yield phone


@pytest.fixture(scope="module")
def son(site: Installation) -> Iterator[Phone]:
    with Phone(site.url, SONS) as phone:
        phone.log_in()
        yield phone


def code_of(phone: Phone) -> str:
    return str(phone.client.post("/api/v1/me/pairing-code", json={}).json()["code"])


def test_who_logs_in_finds_the_hospital_and_its_help_phone(site: Installation) -> None:
    found = httpx.get(f"{site.url}/api/v1/hospitals", timeout=30).json()
    assert found == {"items": [{"code": "demo", "name": "示范医院", "help_phone": "010-5", "group": None}], "next": None}


def test_every_refusal_of_a_kiosk_is_the_same_answer_in_the_same_time(hospital: Hospital, patient: Phone) -> None:
    code = code_of(patient)
    answers, seconds = [], []
    for wrong in ({"code": "00000000"}, {"name": "某某"}, {"value": "1"}, {"birth_date": "1980-05-07"}, {"challenge": "x"}):
        began = time.monotonic()
        answers.append(hospital.asks("kiosk", "/kiosk/bindings", **{**CLAIM, "code": code, **wrong}))
        seconds.append(time.monotonic() - began)
    assert {(answer.status_code, answer.content) for answer in answers} == {(422, answers[0].content)}
    assert answers[0].json()["type"] == "binding-refused"
    assert min(seconds) >= 0.4
    assert patient.exams() == []


def test_a_kiosk_reads_the_card_and_the_phone_shows_the_code(hospital: Hospital, patient: Phone) -> None:
    bound = hospital.asks("kiosk", "/kiosk/bindings", **CLAIM, code=code_of(patient))
    assert (bound.status_code, bound.json()["masked_value"]) == (201, "****0233")
    assert [each["item"] for each in patient.exams()] == ["腹部超声"]


def test_what_was_declined_is_opened_from_the_phone_and_at_the_kiosk_and_declined_again_at_once(
    hospital: Hospital, patient: Phone
) -> None:
    page = patient.get("/me/declined").json()
    assert "您可以随时开通" in page["text"]
    (closed,) = page["items"]
    assert closed["item"] == "胸部CT平扫", "what the hospital holds back is not even named"
    exam, version = closed["id"], page["notices"][0]["version"]
    assert patient.get(f"/exams/{exam}").content == patient.get("/exams/x").content
    opened = patient.client.post("/api/v1/me/activations", json={"exam": exam, "notice_version": version})
    assert (opened.status_code, opened.json()["fee_state"]) == (201, "charged")
    assert {each["item"] for each in patient.exams()} == {"胸部CT平扫", "腹部超声"}
    declined = patient.client.post("/api/v1/me/declined", json={"exam": exam, "notice_version": version})
    assert (declined.status_code, declined.json()["fee_state"]) == (201, "none")
    assert patient.get(f"/exams/{exam}").status_code == 404
    shown = hospital.asks("kiosk", "/kiosk/exams", **CLAIM).json()
    assert (shown["name"], {each["item"]: each["open"] for each in shown["items"]}) == (
        "阿******提",
        {"胸部CT平扫": False, "腹部超声": True},
    )
    exams = [each["id"] for each in shown["items"]]
    for _ in range(2):
        done = hospital.asks("kiosk", "/kiosk/activations", **CLAIM, exams=exams, notice_version=version)
        assert {each["way"] for each in done.json()["items"]} == {"kiosk"}
    assert patient.get(f"/exams/{exam}").status_code == 200
    ways = [(each["way"], each["fee_state"]) for each in patient.get("/me/activations").json()["items"]]
    assert sorted(ways) == [("kiosk", "free"), ("kiosk", "included"), ("phone", "charged")]
    foreign = hospital.asks("kiosk", "/kiosk/activations", **CLAIM, exams=[exam, "x"], notice_version=version)
    assert foreign.status_code == 404


def test_the_hospital_counts_every_answer_once_page_by_page(hospital: Hospital, patient: Phone) -> None:
    today = now().astimezone().date()
    asked = {"from": str(today - timedelta(days=1)), "to": str(today + timedelta(days=1))}
    lines, cursor = [], ""
    while True:
        page = hospital.events(limit="2", **asked, **({"cursor": cursor} if cursor else {}))
        assert page.status_code == 200, page.text
        lines += list(csv.DictReader(StringIO(page.text)))
        cursor = page.headers.get("cloudfilm-next", "")
        if not cursor:
            break
    told = [(line["accession"], line["kind"], line["way"], line["fee_class"], line["fee_state"]) for line in lines]
    assert len({line["id"] for line in lines}) == len(lines)
    assert sorted(told) == sorted(
        [
            ("A1", "declined", "his", "radiology", "none"),
            ("LAB", "declined", "his", "none", "none"),
            ("A1", "opened", "phone", "radiology", "charged"),
            ("A1", "declined", "phone", "radiology", "none"),
            ("A1", "opened", "kiosk", "radiology", "included"),
            ("A2", "opened", "kiosk", "other", "free"),
        ]
    )
    assert not list(csv.DictReader(StringIO(hospital.events(to="2020-01-01").text)))
    for bad in ({"from": "2026-02-30"}, {"cursor": "x"}, {"colour": "red"}, {"to": "9999-12-31"}):
        assert hospital.events(**bad).status_code in (400, 422)


def test_the_desk_lets_a_son_in_by_papers_and_takes_it_back(hospital: Hospital, son: Phone) -> None:
    assert son.exams() == []
    said = {**CLAIM, **SON}
    wrong = hospital.asks("guide", "/desk/family", **{**said, "papers": [{"kind": "id_card"}]}, code=code_of(son))
    assert (wrong.status_code, "证件" in wrong.json()["detail"]) == (422, True)
    assert hospital.asks("guide", "/desk/family", **said, code="00000000").json()["type"] == "binding-refused"
    let_in = hospital.asks("guide", "/desk/family", **said, code=code_of(son), days=30)
    assert let_in.status_code == 201, let_in.text
    assert (let_in.json()["evidence"], let_in.json()["sees"]) == ("papers", True)
    assert {each["item"] for each in son.exams()} == {"胸部CT平扫", "腹部超声"}
    assert son.get("/me/declined").json()["items"] == [], "who was let in looks, and chooses nothing"
    seen = hospital.asks("guide", "/desk/patients", **CLAIM).json()
    assert (seen["name"], seen["phones"]) == ("阿******提", ["138****8009"])
    assert [each["relation"] for each in seen["family"]] == ["parent"]
    undone = hospital.asks("guide", f"/desk/family/{let_in.json()['id']}/undo", reason="asked-by-patient")
    assert undone.status_code == 204
    assert son.exams() == []
    assert hospital.asks("guide", f"/desk/family/{let_in.json()['id']}/undo", reason="other").status_code == 404


def test_the_desk_undoes_a_binding_and_binds_a_phone_without_our_app_by_a_code_sent_to_it(
    hospital: Hospital, patient: Phone, site: Installation
) -> None:
    (bound,) = hospital.asks("guide", "/desk/patients", **CLAIM).json()["bindings"]
    assert hospital.asks("guide", f"/desk/bindings/{bound['id']}/undo", reason="wrong-person").status_code == 204
    assert patient.exams() == []
    sent = hospital.asks("guide", "/desk/codes", phone=FRESH)
    assert sent.status_code == 202, sent.text
    with Phone(site.url, FRESH) as fresh:
        said = {"challenge": sent.json()["challenge"], "code": fresh.newest_code(), "papers": [{"kind": "passport"}]}
    again = hospital.asks("guide", "/desk/bindings", **CLAIM, **said)
    assert again.status_code == 201, again.text
    (bound,) = hospital.asks("guide", "/desk/patients", **CLAIM).json()["bindings"]
    assert (bound["id"], bound["factors"]) == (again.json()["id"], ["desk", "identifier", "name"])


def test_next_of_kin_look_for_a_time_once_somebody_died(hospital: Hospital, site: Installation) -> None:
    kin = {"relation": "next_of_kin", "papers": [{"kind": each} for each in ("id_card", "kinship_proof", "death_certificate")]}
    with Phone(site.url, WIDOWS) as widow:
        widow.log_in()
        claim = {"kind": "patient_id", "value": "P9", "name": "王五"}
        let_in = hospital.asks("guide", "/desk/family", **claim, **kin, code=code_of(widow))
        assert let_in.status_code == 201, let_in.text
        assert [each["item"] for each in widow.exams()] == ["头颅CT平扫"]


def test_who_did_it_is_on_record_without_any_papers_number(hospital: Hospital, site: Installation, postgres: Postgres) -> None:
    rows = asyncio.run(_rows(postgres, "SELECT action, role, subject, evidence::text, reason FROM attestation ORDER BY at"))
    assert [(row["action"], row["role"]) for row in rows] == [
        ("bind", "kiosk"),
        ("let-in", "guide"),
        ("let-out", "guide"),
        ("unbind", "guide"),
        ("bind", "guide"),
        ("let-in", "guide"),
    ]
    entries = asyncio.run(_rows(postgres, "SELECT action, outcome, detail::text FROM audit_entry WHERE chain = 'demo'"))
    done = {(row["action"], row["outcome"]) for row in entries}
    assert {("bind", "done"), ("bind", "refused"), ("let-in", "done"), ("activate", "done"), ("decline", "done")} <= done
    assert {("unbind", "done"), ("let-out", "done"), ("find-patient", "done"), ("put-hospital", "done")} <= done
    logs = site.logged()
    kept = logs + "".join(str(dict(row)) for row in (*rows, *entries))
    for secret in ("11010519491231002X", CARD, NAME, NEW_PHONE, OLD_PHONE):
        assert secret not in kept
    assert site.command("audit", "verify").returncode == 0


async def _tokens(site: Installation, server: Postgres, roles: Sequence[Role]) -> dict[str, str]:
    settings = from_environ({"CLOUDFILM_HOME": str(site.home), "CLOUDFILM_DATABASE_URL": server.url("story")})
    EXECUTOR_CACHE.clear()  # Tortoise keeps the SQL of the first kind of database it met
    await open_database(settings)
    try:
        life, at = timedelta(hours=1), now()
        return {
            role: await issue(settings.keys, role=role, hospital="demo", subject=f"{role}-7", life=life, now=at)
            for role in roles
        }
    finally:
        await close_database()
        EXECUTOR_CACHE.clear()


async def statement(server: Postgres, sql: str) -> None:
    """Run it where databases are made."""
    connection = await asyncpg.connect(server.url("postgres"))
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


async def _rows(server: Postgres, sql: str) -> list[Any]:
    connection = await asyncpg.connect(server.url("story"))
    try:
        return list(await connection.fetch(sql))
    finally:
        await connection.close()
