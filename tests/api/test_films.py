"""Films over HTTP: a hospital sends pages, its patient and its kiosk see the same bytes, nobody else sees any."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

import httpx
import numpy as np
import pydicom
import pypdfium2  # type: ignore[import-untyped]
import pytest
from PIL import Image

from core.clock import now
from core.grants import Role
from core.uids import uuid7
from identity.models import Binding, Person
from identity.sessions import issue
from infra.database import close_database, open_database
from infra.models import AuditEntry
from infra.settings import Settings, from_environ
from records.models import Hospital, PatientRecord
from tests.parts.installation import Installation
from tests.records import pages

EXAM = {"category": "radiology", "modality": "CT", "item": "胸部CT", "performed_at": "2026-11-20T08:00:00+08:00"}
STAFF = (Role.HOSPITAL, Role.ADMIN, Role.CLINICIAN, Role.KIOSK, Role.GUIDE)
_seeds = count(100)


@dataclass
class World:
    """A running cloudfilm: patient P1 of hospital demo has a phone, P2 has none; hospital demo2 is another one."""

    installation: Installation
    tokens: dict[tuple[str, str], str]

    def client(self, role: str = "hospital", hospital: str = "demo") -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.tokens[hospital, role]}", "Accept-Encoding": "identity"}
        return httpx.Client(base_url=f"{self.installation.url}/api/v1", headers=headers, timeout=60, verify=False)

    def exam(self, accession: str, patient: str = "P1", **said: Any) -> str:
        """Our id of an exam that the hospital tells of now."""
        with self.client() as client:
            answer = client.put(f"/hospital/exams/{accession}", json={**EXAM, "patient_id": patient, **said})
            assert answer.status_code in (200, 201), answer.text
            return str(answer.json()["id"])

    def send(self, content: bytes, *, hospital: str = "demo", **told: str) -> httpx.Response:
        with self.client(hospital=hospital) as client:
            return client.post("/hospital/films", params=told, content=content)

    def get(self, path: str, role: str = "patient", hospital: str = "demo", **headers: str) -> httpx.Response:
        with self.client(role, hospital) as client:
            return client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with Installation(tmp_path_factory.mktemp("films"), WORKERS=1, INGEST_CHILDREN=1) as installation:
        settings = from_environ({"CLOUDFILM_HOME": str(installation.home)})
        tokens = asyncio.run(opened(settings, prepared(settings)))
        made = World(installation, tokens)
        with made.client() as client:
            for patient, name in (("P1", "王小明"), ("P2", "李四")):
                said = {"name": name, "sex": "M", "birth_date": "1980-02-03"}
                assert client.put(f"/hospital/patients/{patient}", json=said).status_code == 201
        tokens["demo", "patient"] = asyncio.run(opened(settings, bound(settings)))
        yield made


async def opened(settings: Settings, work: Any) -> Any:
    await open_database(settings)
    try:
        return await work
    finally:
        await close_database()


async def prepared(settings: Settings) -> dict[tuple[str, str], str]:
    for code, name in (("demo", "示范医院"), ("demo2", "第二医院")):
        await Hospital.create(code=code, name=name)
    return {(code, role.value): await token(settings, role, code) for code in ("demo", "demo2") for role in STAFF}


async def token(settings: Settings, role: Role, hospital: str | None, subject: str = "films") -> str:
    life = timedelta(hours=1)
    return await issue(settings.keys, role=role, hospital=hospital, subject=subject, life=life, now=now())


async def bound(settings: Settings) -> str:
    """A token of the person who is P1."""
    person = await Person.create(id=uuid7(), created_at=now())
    record = await PatientRecord.get(hospital_id="demo", patient_id="P1")
    said: dict[str, Any] = {"kind": "id_card", "masked_value": "*", "factors": [], "proved_at": now()}
    said["live"] = f"{person.id}:{record.id}"
    await Binding.create(id=uuid7(), person_id=person.id, hospital_id="demo", record_id=record.id, **said)
    return await token(settings, Role.PATIENT, None, person.id)


def fresh() -> int:
    """A seed whose page nobody has sent yet."""
    return next(_seeds)


def test_the_page_that_was_sent_is_the_film_and_the_list_counts_it(world: World) -> None:
    exam = world.exam("F1")
    content = pages.jpeg(fresh())
    sent = world.send(content, accession="F1", source="打印机1", page="1")
    assert (sent.status_code, sent.json()["exam"], sent.json()["reason"]) == (201, exam, None)
    listed = world.get(f"/exams/{exam}/films").json()
    assert listed["items"] == [{"n": 1, "width": 800, "height": 1000, "etag": hashlib.sha256(content).hexdigest()}]
    assert (listed["film"]["source"], listed["film"]["made_by_us"]) == ("hospital", False)
    assert world.get(f"/exams/{exam}").json()["films"] == 1
    counted = {each["id"]: each["films"] for each in world.get("/exams").json()["items"]}
    assert counted[exam] == 1
    assert world.get(f"/exams/{exam}/films/1").json()["cells"] == []


def test_every_width_is_given_never_enlarged_and_the_same_for_phone_and_kiosk(world: World) -> None:
    exam = world.exam("F2")
    content = pages.jpeg(fresh())
    world.send(content, accession="F2")
    for asked, width in (("", 800), ("?width=360", 360), ("?width=500", 500), ("?width=9999", 800), ("?width=1", 1)):
        phone, kiosk = (world.get(f"/exams/{exam}/films/1.jpg{asked}", role) for role in ("patient", "kiosk"))
        assert phone.status_code == 200 and phone.headers["content-type"] == "image/jpeg", phone.text
        assert Image.open(io.BytesIO(phone.content)).width == width
        assert phone.content == kiosk.content
        tag = phone.headers["etag"]
        assert tag == kiosk.headers["etag"] == f'"{hashlib.sha256(phone.content).hexdigest()}"'
        assert world.get(f"/exams/{exam}/films/1.jpg{asked}", if_none_match=tag).status_code == 304
        assert "private" in phone.headers["cache-control"]
    assert world.get(f"/exams/{exam}/films/1.jpg").content == content
    assert world.get(f"/exams/{exam}/films/1.jpg?width=0").status_code == 422
    assert world.get(f"/exams/{exam}/films/1.jpg?height=3").status_code == 422
    assert world.get(f"/exams/{exam}/films/2.jpg").status_code == 404


def test_what_is_not_theirs_looks_like_what_is_not_there(world: World) -> None:
    theirs, hidden = world.exam("F3", "P2"), world.exam("F4", digital_service=False)
    held = world.exam("F5", item="HIV 抗体")
    for accession in ("F3", "F4", "F5"):
        assert world.send(pages.png(fresh()), accession=accession).status_code == 201
    nowhere = world.get(f"/exams/{uuid7()}/films/1.jpg")
    assert nowhere.status_code == 404
    for exam in (theirs, hidden, held):
        for path in ("films", "films/1", "films/1.jpg", "films/1.jpg?width=360", "films/1.dcm", "films.pdf"):
            assert world.get(f"/exams/{exam}/{path}").content == nowhere.content
    for exam in (hidden, held):
        assert world.get(f"/exams/{exam}/films/1.jpg", "kiosk").content == nowhere.content
        assert world.get(f"/exams/{exam}/films/1.jpg", "clinician").status_code == 200
    for role in ("kiosk", "clinician"):
        assert world.get(f"/exams/{theirs}/films/1.jpg", role).status_code == 200
        assert world.get(f"/exams/{theirs}/films/1.jpg", role, "demo2").content == nowhere.content
    assert world.get(f"/exams/{theirs}/films/1.jpg", "guide").status_code == 403
    assert httpx.get(f"{world.installation.url}/api/v1/exams/{theirs}/films/1.jpg", timeout=60).status_code == 401


def test_a_film_that_is_closed_meanwhile_is_closed_at_once(world: World) -> None:
    exam = world.exam("F6")
    world.send(pages.png(fresh()), accession="F6")
    assert world.get(f"/exams/{exam}/films/1.jpg").status_code == 200
    world.exam("F6", digital_service=False)
    assert world.get(f"/exams/{exam}/films/1.jpg").status_code == 404
    world.exam("F6")
    assert world.get(f"/exams/{exam}/films/1.jpg").status_code == 200


def test_the_pdf_has_every_page_with_the_very_bytes_of_the_jpeg(world: World) -> None:
    exam = world.exam("F7")
    sent = [pages.jpeg(fresh()), pages.jpeg(fresh(), width=600, height=500)]
    for number, content in enumerate(sent, 1):
        assert world.send(content, accession="F7", page=str(number)).status_code == 201
    answer = world.get(f"/exams/{exam}/films.pdf")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert all(content in answer.content for content in sent)
    assert world.get(f"/exams/{exam}/films.pdf", if_none_match=answer.headers["etag"]).status_code == 304
    document = pypdfium2.PdfDocument(answer.content)
    drawn = [np.asarray(sheet.render(scale=0.5).to_pil().convert("L"), float) for sheet in document]
    for picture, content in zip(drawn, sent, strict=True):
        wanted = np.asarray(Image.open(io.BytesIO(content)).resize(picture.shape[::-1], Image.Resampling.BOX), float)
        assert abs(picture - wanted).mean() < 6


def test_the_dicom_page_is_valid_and_of_the_exams_patient(world: World) -> None:
    exam = world.exam("F8", study_uids=["1.2.826.0.1.77"])
    content = pages.jpeg(fresh())
    world.send(content, accession="F8")
    world.send(pages.dicom(fresh(), PatientName="Somebody^Else", AccessionNumber="F8"))
    for n, shape in ((1, (1000, 800)), (2, (500, 400))):
        answer = world.get(f"/exams/{exam}/films/{n}.dcm")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/dicom")
        said = pydicom.dcmread(io.BytesIO(answer.content))
        assert (said.PatientID, str(said.PatientName), said.PatientBirthDate) == ("P1", "王小明", "19800203")
        assert (said.AccessionNumber, said.StudyDate, said.InstanceNumber) == ("F8", "20261120", n)
        assert said.SOPClassUID == "1.2.840.10008.5.1.4.1.1.7"
        drawn = world.get(f"/exams/{exam}/films/{n}.jpg").content
        assert said.pixel_array.shape == shape
        assert abs(said.pixel_array.astype(int) - pages.decoded(drawn)).mean() < 1


def test_looks_at_a_film_are_on_record(world: World) -> None:
    exam = world.exam("F9")
    world.send(pages.png(fresh()), accession="F9")
    for _ in range(3):
        assert world.get(f"/exams/{exam}/films/1.jpg", "kiosk").status_code == 200
    seen = world.get(f"/exams/{exam}/access-log").json()["items"]
    assert [(each["role"], each["what"]) for each in seen] == [("kiosk", "film")]
    settings = from_environ({"CLOUDFILM_HOME": str(world.installation.home)})
    actions = asyncio.run(opened(settings, told_about("put-film")))
    assert {"id", "outcome", "waiting"} <= actions[-1].keys()


async def told_about(action: str) -> list[dict[str, Any]]:
    return [row.detail for row in await AuditEntry.filter(action=action).order_by("id")]


def test_a_page_waits_until_its_exam_is_told_or_a_person_says_which(world: World) -> None:
    one, other = fresh(), fresh()
    waiting = world.send(pages.png(one), accession="W1")
    assert (waiting.status_code, waiting.json()["reason"]) == (202, "exam-unknown")
    lost = world.send(pages.pdf(other))
    assert (lost.status_code, lost.json()["reason"]) == (202, "nothing-said")
    with world.client() as system:
        ids = [each["id"] for each in system.get("/hospital/films").json()["items"]]
        assert {waiting.json()["id"], lost.json()["id"]} <= set(ids)
        first = system.get("/hospital/films?limit=1").json()
        assert [each["id"] for each in first["items"]] == ids[:1]
        second = system.get("/hospital/films", params={"limit": 1, "cursor": first["next"]}).json()
        assert [each["id"] for each in second["items"]] == ids[1:2]
        original = system.get(f"/hospital/films/{lost.json()['id']}/original")
        assert (original.content, original.headers["content-type"]) == (pages.pdf(other), "application/pdf")
        preview = system.get(f"/hospital/films/{lost.json()['id']}/preview.jpg")
        assert preview.status_code == 200 and Image.open(io.BytesIO(preview.content)).width <= 720
    exam = world.exam("W1")
    assert world.get(f"/exams/{exam}/films").json()["items"][0]["n"] == 1
    with world.client("admin") as admin:
        path = f"/hospital/films/{lost.json()['id']}"
        assert admin.post(f"{path}/choose", json={"accession": "nothing"}).status_code == 404
        assert admin.post(f"{path}/choose", json={"accession": "W1"}).json()["how"] == "chosen"
        assert len(world.get(f"/exams/{exam}/films").json()["items"]) == 2
        assert admin.post(f"{path}/undo").json()["reason"] == "nothing-said"
        assert admin.post(f"{path}/undo").status_code == 409
        assert len(world.get(f"/exams/{exam}/films").json()["items"]) == 1
        assert admin.post(f"{path}/rematch").status_code == 202


def test_another_hospital_sees_nothing_of_it(world: World) -> None:
    page = world.send(pages.png(fresh()), accession="never").json()["id"]
    nowhere = world.get(f"/hospital/films/{uuid7()}", "hospital")
    assert nowhere.status_code == 404
    for path in ("", "/preview.jpg", "/original"):
        assert world.get(f"/hospital/films/{page}{path}", "hospital", "demo2").content == nowhere.content
    with world.client("admin", "demo2") as admin:
        assert admin.post(f"/hospital/films/{page}/choose", json={"accession": "F1"}).status_code == 404
        assert admin.post(f"/hospital/films/{page}/undo").content == nowhere.content
        assert page not in admin.get("/hospital/films?state=all").text
    foreign = world.send(pages.png(fresh()), hospital="demo2", accession="F1")
    assert (foreign.status_code, foreign.json()["reason"]) == (202, "exam-unknown")


def test_a_form_with_a_file_is_taken_as_the_body_is(world: World) -> None:
    world.exam("M1")
    content = pages.png(fresh())
    with world.client() as system:
        fields = {"accession": "M1", "page": "2", "source": "激光相机"}
        sent = system.post("/hospital/films", data=fields, files={"file": ("胶片 1.png", content, "image/png")})
        assert sent.status_code == 201, sent.text
        assert (sent.json()["page"], sent.json()["source"]) == (2, "激光相机")
        nothing = system.post("/hospital/films", data={"accession": "M1"}, files={"picture": ("a.png", content)})
        assert nothing.status_code == 422
        broken = system.post("/hospital/films", content=b"--b\r\n", headers={"Content-Type": "multipart/form-data; boundary=b"})
        assert broken.status_code == 400


def test_what_may_be_repeated_is_and_the_key_stands_for_one_request(world: World) -> None:
    exam = world.exam("I1")
    content = pages.png(fresh())
    with world.client() as system:
        asked: dict[str, Any] = {"params": {"accession": "I1"}, "headers": {"Idempotency-Key": "k-1"}}
        first, again = (system.post("/hospital/films", content=content, **asked) for _ in range(2))
        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json()["id"] == again.json()["id"] == system.post("/hospital/films", content=content).json()["id"]
        assert system.post("/hospital/films", content=pages.png(fresh()), **asked).status_code == 409
    assert len(world.get(f"/exams/{exam}/films").json()["items"]) == 1


def flood() -> bytes:
    """14,000 x 14,000 pixels in 24 kB."""
    target = io.BytesIO()
    Image.new("1", (14_000, 14_000)).save(target, "PNG")
    return target.getvalue()


def scripted() -> bytes:
    action = b"/OpenAction<</S/Java#53cript/JS(app.alert(1))>>/Type /Catalog"
    return pages.pdf(3).replace(b"/Type /Catalog", action)


def locked() -> bytes:
    """Encrypted by the standard handler, with a password that nobody told us."""
    keys = b"/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<" + b"00" * 32 + b">/U<" + b"11" * 32 + b">>>/ID[<00><00>]"
    return pages.pdf(4).replace(b"trailer\n<<", b"trailer\n<<" + keys)


@pytest.mark.parametrize(
    ("what", "status"),
    [
        (b"", 400),
        (b"hello", 422),
        (pages.png(1)[:-60], 422),
        (pages.jpeg(1)[:-600], 422),
        (b"%PDF-1.7\n%%EOF\n", 422),
        (pages.pdf(1, pages=2), 422),
        (scripted(), 422),
        (locked(), 422),
        (flood(), 422),
        (pages.dicom(1, SOPClassUID="1.2.840.10008.5.1.4.1.1.2"), 422),
        (pages.dicom(1)[:-100], 422),
    ],
    ids=["nothing", "text", "cut-png", "cut-jpeg", "empty-pdf", "two-pages", "script", "locked", "flood", "ct", "cut-dicom"],
)
def test_what_is_no_page_is_refused_with_nothing_kept(world: World, what: bytes, status: int) -> None:
    exam = world.exam("R1")
    answer = world.send(what, accession="R1")
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert world.get(f"/exams/{exam}/films").json() == {"items": [], "film": None}


def test_wrong_words_beside_a_page_are_named(world: World) -> None:
    for told in ({"page": "0"}, {"page": "x"}, {"study_uid": "abc"}, {"accession": "A" * 65}, {"what": "1"}):
        assert world.send(pages.png(1), **told).status_code == 422
    with world.client() as system:
        text = system.post("/hospital/films", content=b"{}", headers={"Content-Type": "application/json"})
        assert text.status_code == 415
        assert system.get("/hospital/films?state=lost").status_code == 422
    with world.client("clinician") as doctor:
        assert doctor.post("/hospital/films", content=pages.png(1)).status_code == 403
