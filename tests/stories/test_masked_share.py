"""A patient shares masked: a marker in every text and burned into pixels leaves by no way; what was not shared is not there."""

from __future__ import annotations

import asyncio
import base64
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import numpy as np
import pydicom
import pypdfium2  # type: ignore[import-untyped]
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset, FileDataset

from core.clock import now
from core.grants import Role
from core.uids import uuid7
from identity.models import Binding, Person
from identity.sessions import issue
from infra.database import close_database, open_database
from infra.settings import Settings, from_environ
from records.models import Hospital, PatientRecord
from tests.archive.samples import instance, package
from tests.parts.installation import Installation
from tests.records import pages

pytestmark = pytest.mark.timeout(180)

MARKER, NAME, DOCTOR, PHONE, ID_CARD = "MARKERXQ", "欧阳映雪", "尉迟敬德", "13800138077", "11010519491231002X"
SECRETS = (MARKER, NAME, "映雪", "OUYANG", "yingxue", DOCTOR, PHONE, ID_CARD, "1949-12-31", "19491231", "敬德")
FINDINGS = (
    f"患者{NAME}（Ouyang Yingxue，住院号 {MARKER}-V，电话 {PHONE}，身份证 {ID_CARD}，生于1949年12月31日，"
    "家住浙江省绍兴市越城区中兴路1号）。"
    "右肺上叶见磨玻璃结节，大小约8mm×6mm。"
)
IMPRESSION = f"右肺上叶结节，建议随访。已电话告知映雪家属：赵六。{DOCTOR}医师"
TEXTS = {"LO", "LT", "PN", "SH", "ST", "UT", "AE"}
US, SC = "1.2.840.10008.5.1.4.1.1.6.1", "1.2.840.10008.5.1.4.1.1.7"
LEFT, TOP, RIGHT, BOTTOM = 0, 40, 199, 149  # the image area of the ultrasound picture, the last included
HEADER = (0, 0, 100, 20)  # of the secondary capture, as the hospital draws it
UID = "1.2.826.0.1.3680043.8.498.7"
WAYS = (
    "",
    "/report",
    "/report.pdf",
    "/report/terms",
    "/films",
    "/films/1",
    "/films/1.jpg",
    "/films.pdf",
    "/download",
    "/download.zip",
)


@dataclass
class World:
    """Patient P1 has exams CT (shared masked), UNSHARED and HIV; P2 one of their own; all with a report."""

    site: Installation
    tokens: dict[str, str]
    exams: dict[str, str] = field(default_factory=dict)
    studies: dict[str, str] = field(default_factory=dict)

    def client(self, who: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.tokens[who]}", "Accept-Encoding": "identity"}
        return httpx.Client(base_url=self.site.url, headers=headers, timeout=60, verify=False)

    def share(self, *exams: str, **said: Any) -> dict[str, Any]:
        """A new share of these, and its session as `recipient`."""
        with self.client("patient") as patient:
            made = patient.post(
                "/api/v1/shares", json={"exams": [self.exams[each] for each in exams], "expires_in": 3600, **said}
            )
            assert made.status_code == 201, made.text
            share: dict[str, Any] = made.json()
            opening = {"token": share["url"].rpartition("/s/")[2], "passcode": share["passcode_digits"]}
            opened = httpx.post(f"{self.site.url}/api/v1/shares/open", json=opening, timeout=60)
        assert opened.status_code == 200, opened.text
        self.tokens["recipient"] = opened.json()["access_token"]
        return {**share, "opened": opened.json()}


def _marked(content: bytes, kind: str, number: int) -> FileDataset:
    """The file of study `kind`, with the marker in every text that it has, and in private elements."""
    data_set = pydicom.dcmread(io.BytesIO(content))
    for element in data_set:
        if element.VR in TEXTS:
            element.value = MARKER
    data_set.SpecificCharacterSet = "ISO_IR 192"
    data_set.PatientName, data_set.PatientID, data_set.AccessionNumber = f"OUYANG^YINGXUE={NAME}", MARKER, MARKER
    data_set.PatientBirthDate, data_set.StudyDescription = "19491231", MARKER
    data_set.ImageComments, data_set.InstitutionName, data_set.PatientAddress = MARKER, MARKER, MARKER
    data_set.private_block(0x0099, MARKER, create=True).add_new(1, "LO", MARKER)
    data_set.StudyInstanceUID, data_set.SeriesInstanceUID = f"{UID}.{kind}", f"{UID}.{kind}.{number}"
    data_set.SOPInstanceUID = f"{UID}.{kind}.{number}.1"
    data_set.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.UID(data_set.SOPInstanceUID)
    data_set.SeriesNumber, data_set.InstanceNumber = number, 1
    data_set.preamble = MARKER.encode() * 16
    return data_set


def _bytes(data_set: FileDataset) -> bytes:
    target = io.BytesIO()
    data_set.save_as(target)
    return target.getvalue()


def _ultrasound() -> NDArray[np.uint8]:
    """White writing above its image area, a pattern in it."""
    picture = np.zeros((150, 200, 3), np.uint8)
    picture[5:30, 10:190:3] = 255
    picture[TOP:] = (np.add.outer(np.arange(110), np.arange(200)) % 200 + 20).astype(np.uint8)[:, :, None]
    return picture


def _capture() -> NDArray[np.uint8]:
    """White writing in its first twenty rows."""
    picture = (np.add.outer(np.arange(80), np.arange(100)) % 150 + 50).astype(np.uint8)
    picture[:20] = 0
    picture[3:17, 5:95:2] = 255
    return picture


def _files() -> list[bytes]:
    ct = _marked(package("CT_small.dcm"), "1", 1)
    region = Dataset()
    region.RegionLocationMinX0, region.RegionLocationMinY0 = LEFT, TOP
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = RIGHT, BOTTOM
    us = _marked(instance(_ultrasound(), SOPClassUID=US, Modality="US", SequenceOfUltrasoundRegions=[region]), "1", 2)
    sc = _marked(instance(_capture(), SOPClassUID=SC, Modality="OT"), "1", 3)
    sc.Manufacturer, sc.ManufacturerModelName = "ACME", "Capture 1"
    unknown = _marked(instance(_capture(), SOPClassUID=SC, Modality="OT"), "1", 4)
    others = [_marked(package("MR_small.dcm"), kind, 1) for kind in ("2", "3", "4")]
    return [_bytes(each) for each in (ct, us, sc, unknown, *others)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with Installation(tmp_path_factory.mktemp("masked"), WORKERS=1, INGEST_CHILDREN=1) as site:
        settings = from_environ({"CLOUDFILM_HOME": str(site.home)})
        made = World(site, asyncio.run(_opened(settings, _prepared(settings))))
        with made.client("hospital") as his:
            said = {"name": NAME, "sex": "F", "birth_date": "1949-12-31", "phones": [PHONE]}
            paper = [{"kind": "id_card", "value": ID_CARD}]
            assert his.put("/api/v1/hospital/patients/P1", json={**said, "identifiers": paper}).status_code == 201
            assert his.put("/api/v1/hospital/patients/P2", json={"name": "李四"}).status_code == 201
            parts = [b"--b\r\nContent-Type: application/dicom\r\n\r\n" + file + b"\r\n" for file in _files()]
            kind = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=b'}
            stored = his.post("/dicom-web/studies", content=b"".join([*parts, b"--b--\r\n"]), headers=kind)
            assert stored.status_code == 200, stored.text
            for number, (name, patient, item) in enumerate(
                (
                    ("CT", "P1", f"胸部CT平扫 {NAME}"),
                    ("UNSHARED", "P1", "头颅MR"),
                    ("HIV", "P1", "艾滋病门诊MR"),
                    ("OTHER", "P2", "头颅MR"),
                ),
                1,
            ):
                made.exams[name] = _exam(his, f"{MARKER}-{name}", patient, item, f"{UID}.{number}")
                made.studies[name] = f"{UID}.{number}"
        made.tokens["patient"] = asyncio.run(_opened(settings, _bound(settings)))
        with made.client("patient") as me:
            terms = {each["kind"]: each["version"] for each in me.get("/api/v1/me/consents").json()["items"]}
            agreed = me.post("/api/v1/me/consents", json={"kind": "remote-sharing", "version": terms["remote-sharing"]})
            assert agreed.status_code == 201, agreed.text
        yield made


def _exam(his: httpx.Client, accession: str, patient: str, item: str, study: str) -> str:
    said = {
        "patient_id": patient,
        "category": "radiology",
        "modality": "CT",
        "item": item,
        "performed_at": "2026-11-20T08:00:00+08:00",
        "visit": {"kind": "inpatient", "number": f"{MARKER}-V"},
        "study_uids": [study],
    }
    exam = his.put(f"/api/v1/hospital/exams/{accession}", json=said)
    assert exam.status_code == 201, exam.text
    report = {
        "status": "final",
        "findings": FINDINGS,
        "impression": IMPRESSION,
        "reporting_doctor": DOCTOR,
        "verifying_doctor": DOCTOR,
        "pdf": base64.b64encode(OWN_PDF).decode(),
    }
    assert his.put(f"/api/v1/hospital/exams/{accession}/report", json=report).status_code == 201
    return str(exam.json()["id"])


async def _opened(settings: Settings, work: Any) -> Any:
    await open_database(settings)
    try:
        return await work
    finally:
        await close_database()


async def _prepared(settings: Settings) -> dict[str, str]:
    await Hospital.create(code="demo", name="示范医院")
    roles = (Role.HOSPITAL, Role.ADMIN, Role.CLINICIAN)
    return {role.value: await _token(settings, role, "demo", "masked") for role in roles}


async def _token(settings: Settings, role: Role, hospital: str | None, subject: str) -> str:
    return await issue(settings.keys, role=role, hospital=hospital, subject=subject, life=timedelta(hours=1), now=now())


async def _bound(settings: Settings) -> str:
    person = await Person.create(id=uuid7(), created_at=now())
    record = await PatientRecord.get(hospital_id="demo", patient_id="P1")
    said: dict[str, Any] = {"kind": "id_card", "masked_value": "*", "factors": [], "proved_at": now()}
    said["live"] = f"{person.id}:{record.id}"
    await Binding.create(id=uuid7(), person_id=person.id, hospital_id="demo", record_id=record.id, **said)
    return await _token(settings, Role.PATIENT, None, person.id)


@pytest.fixture(scope="module")
def film(world: World) -> None:
    """A film of the CT, the ultrasound picture and the capture, as a doctor chose them."""
    images = [{"series": f"{UID}.1.{number}", "instance": f"{UID}.1.{number}.1"} for number in (1, 2, 3)]
    with world.client("clinician") as doctor:
        made = doctor.post(f"/api/v1/exams/{world.exams['CT']}/films", json={"images": images, "layout": "2x2"})
        assert made.status_code == 201, made.text


@pytest.fixture(scope="module")
def rule(world: World) -> str:
    """The hospital drew where its capture writes."""
    picture = {"study": world.studies["CT"], "series": f"{UID}.1.3", "instance": f"{UID}.1.3.1"}
    with world.client("admin") as admin:
        assert admin.post("/api/v1/admin/blackouts/trial", json=picture).status_code == 409
        tried = admin.post("/api/v1/admin/blackouts/trial", json={**picture, "rectangles": [HEADER]})
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(tried.content))), _clean_capture())
        drawn = admin.post("/api/v1/admin/blackouts", json={**picture, "rectangles": [HEADER]})
        assert (drawn.status_code, drawn.json()["manufacturer"], drawn.json()["model"]) == (201, "ACME", "Capture 1")
        assert admin.post("/api/v1/admin/blackouts/trial", json=picture).status_code == 200
        wrong = admin.post("/api/v1/admin/blackouts", json={**picture, "rectangles": [[0, 0, 101, 20]]})
        assert (wrong.status_code, "rectangles[0]" in wrong.json()["detail"]) == (422, True)
        unnamed = {"study": world.studies["CT"], "series": f"{UID}.1.4", "instance": f"{UID}.1.4.1", "rectangles": [HEADER]}
        assert admin.post("/api/v1/admin/blackouts", json=unnamed).status_code == 409
        (listed,) = admin.get("/api/v1/admin/blackouts").json()["items"]
        assert (listed["id"], listed["rectangles"]) == (drawn.json()["id"], [list(HEADER)])
    return str(listed["id"])


def _page_of_capture() -> bytes:
    """A PDF of a hospital's own, with writing in its picture."""
    target = io.BytesIO()
    Image.fromarray(_capture()).save(target, "PDF")
    return target.getvalue()


OWN_PDF = _page_of_capture()


def _clean_capture() -> NDArray[np.uint8]:
    picture = _capture()
    picture[:20] = 0
    return picture


def _shown(picture: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(picture)))


@pytest.mark.usefixtures("film", "rule")
def test_no_marker_leaves_by_any_way_and_the_image_areas_are_whole(world: World) -> None:
    token = world.share("CT")["url"].rpartition("/s/")[2]
    said: list[bytes] = []
    exam = f"/api/v1/exams/{world.exams['CT']}"
    with world.client("recipient") as recipient:
        answers = {way: recipient.get(exam + way) for way in WAYS}
        assert {way: answer.status_code for way, answer in answers.items()} == dict.fromkeys(WAYS, 200)
        said += [answer.content for answer in answers.values()]
        said += [str(answer.headers.raw).encode() for answer in answers.values()]
        for way in ("/access-log", "/report/picture", "/films/1.dcm", "/films/2.jpg"):
            refused = recipient.get(exam + way)
            assert refused.status_code in (403, 404)
            said.append(refused.content)
        listed = recipient.get("/api/v1/exams").json()
        assert [each["id"] for each in listed["items"]] == [world.exams["CT"]]
        said.append(recipient.get("/api/v1/exams").content)
        told = answers[""].json()
        assert told["patient"] == {"name": "欧阳**", "sex": "F", "birth_year": 1949}
        assert (told["images"], told["films"], told["visit"]["number"]) == (3, 1, "")
        said += list(_dicom(recipient, told["studies"]))
        as_a_browser = {"Accept": "text/html", "Cookie": f"cloudfilm_session={world.tokens['recipient']}"}
        page = recipient.get(f"/s/{token}", headers=as_a_browser)
        assert page.status_code == 200 and "磨玻璃结节" in page.text and "欧阳**" in page.text
        said.append(page.content)
    report = answers["/report"].json()
    assert "右肺上叶见磨玻璃结节，大小约8mm×6mm。" in report["findings"]
    assert (report["reporting_doctor"], report["own_pdf"]) == ("尉迟**", False)
    assert "没有随分享提供" in report["notice"]
    text = "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(answers["/report.pdf"].content))
    assert "磨玻璃结节" in text and "欧阳**" in text and "不带医院的电子签章" in text.replace("\r\n", "")
    said.append(text.encode())
    with zipfile.ZipFile(io.BytesIO(answers["/download.zip"].content)) as taken:
        assert sum(name.startswith("DICOM/") for name in taken.namelist()) == 3
        assert {"说明.txt", "DICOMDIR", "检查报告.pdf", "胶片/第1页.jpg"} <= set(taken.namelist())
        require_directory(taken)
        said += [*(name.encode() for name in taken.namelist()), *(taken.read(name) for name in taken.namelist())]
    for each in said:
        for secret in SECRETS:
            for written in {secret, secret.upper(), secret.lower()}:
                assert written.encode() not in each, written


def require_directory(taken: zipfile.ZipFile) -> None:
    """The DICOMDIR names each file once, and says of it what its own masked header says."""
    listed = pydicom.dcmread(io.BytesIO(taken.read("DICOMDIR"))).DirectoryRecordSequence
    above: dict[str, Any] = {}
    named = []
    for record in listed:
        above[record.DirectoryRecordType] = record
        if record.DirectoryRecordType != "IMAGE":
            continue
        named.append("/".join(record.ReferencedFileID))
        said = pydicom.dcmread(io.BytesIO(taken.read(named[-1])), stop_before_pixels=True)
        assert record.ReferencedSOPInstanceUIDInFile == said.SOPInstanceUID
        assert record.ReferencedTransferSyntaxUIDInFile == said.file_meta.TransferSyntaxUID
        assert above["SERIES"].SeriesInstanceUID == said.SeriesInstanceUID
        assert above["STUDY"].StudyInstanceUID == said.StudyInstanceUID
        assert above["PATIENT"].get("PatientName", "") == said.get("PatientName", "")
    assert sorted(named) == sorted(name for name in taken.namelist() if name.startswith("DICOM/"))


def _dicom(recipient: httpx.Client, studies: list[str]) -> Iterator[bytes]:
    """All that DICOMweb tells of what was shared; looks at the pixels on the way."""
    (study,) = studies
    found = recipient.get(f"/dicom-web/studies/{study}/instances").json()
    seen = set()
    together = recipient.get(f"/dicom-web/studies/{study}/rendered", headers={"Accept": 'multipart/related; type="image/png"'})
    assert together.status_code == 200, together.text
    yield together.content
    for row in found:
        series, sop = row["0020000E"]["Value"][0], row["00080018"]["Value"][0]
        below = f"/dicom-web/studies/{study}/series/{series}/instances/{sop}"
        picture = recipient.get(f"{below}/rendered", headers={"Accept": "image/png"})
        assert picture.status_code == 200, picture.text
        seen.add(_checked(_shown(picture.content)))
        assert picture.content in together.content and f"instances/{sop}/".encode() in together.content
        yield picture.content
        for way, accept in (("", "application/dicom"), ("/metadata", "application/dicom+json"), ("/thumbnail", "image/jpeg")):
            answer = recipient.get(below + way, headers={"Accept": accept})
            assert answer.status_code == 200, answer.text
            yield answer.content
    assert seen == {"ct", "us", "sc"}


def _checked(picture: NDArray[np.uint8]) -> str:
    """Which picture it is; its image area is as sent, and black where something was written."""
    if picture.shape[:2] == (150, 200):
        assert not picture[:TOP].any()
        assert np.array_equal(picture[TOP:, :, 0], _ultrasound()[TOP:, :, 0])
        return "us"
    if picture.shape[:2] == (80, 100):
        assert np.array_equal(picture if picture.ndim == 2 else picture[..., 0], _clean_capture())
        return "sc"
    return "ct"


@pytest.mark.usefixtures("film", "rule")
def test_the_masked_film_shows_clean_pictures_under_a_header_that_names_nobody(world: World) -> None:
    world.share("CT")
    exam = f"/api/v1/exams/{world.exams['CT']}"
    with world.client("recipient") as recipient, world.client("patient") as patient:
        told, page = recipient.get(exam).json(), recipient.get(f"{exam}/films/1").json()
        masked, own = (_shown(who.get(f"{exam}/films/1.jpg").content).astype(int) for who in (recipient, patient))
        known = recipient.get(f"/dicom-web/studies/{told['studies'][0]}/instances").json()
        small = recipient.get(f"{exam}/films/1.jpg?width=500")
        listed = recipient.get(f"{exam}/films").json()["items"]
    assert masked.shape == own.shape
    assert _shown(small.content).shape[1] == 500 and small.headers["etag"].strip('"') != listed[0]["etag"]
    places = {row["00080018"]["Value"][0]: row for row in known}
    for cell in page["cells"]:
        row = places[cell["instance"]]  # by the very UIDs that DICOMweb has under this mask
        assert (cell["study"], cell["series"]) == (row["0020000D"]["Value"][0], row["0020000E"]["Value"][0])
    areas = [np.s_[c["y"] : c["y"] + c["height"], c["x"] : c["x"] + c["width"]] for c in page["cells"]]
    ct, us, sc = areas
    assert abs(masked[ct] - own[ct]).mean() < 2
    for area, written, shape in ((us, TOP, 150), (sc, 20, 80)):
        height = masked[area].shape[0]
        writing = int(height * written / shape) - 4
        assert own[area][:writing].max() > 200 and masked[area][:writing].max() < 40
        assert abs(masked[area][writing + 12 :] - own[area][writing + 12 :]).mean() < 6
    assert abs(masked[:150] - own[:150]).mean() > 1  # another header


def test_a_page_of_the_hospital_stays_here_until_it_draws_what_to_blacken(world: World) -> None:
    page, way = pages.jpeg(77), f"/api/v1/exams/{world.exams['UNSHARED']}"
    image = {"series": f"{UID}.2.1", "instance": f"{UID}.2.1.1"}
    with world.client("hospital") as his, world.client("clinician") as doctor:
        assert doctor.post(f"{way}/films", json={"images": [image], "layout": "1x1"}).status_code == 201
        told = {"accession": f"{MARKER}-UNSHARED", "source": "printer 1"}
        sent = his.post("/api/v1/hospital/films", params=told, content=page)
        assert sent.status_code == 201, sent.text
    world.share("UNSHARED")
    with world.client("recipient") as recipient, world.client("admin") as admin, world.client("patient") as patient:
        assert patient.get(f"{way}/films").json()["film"]["source"] == "hospital"
        assert recipient.get(f"{way}/films").json()["film"]["source"] == "chosen"  # the next one, which can leave
        drawn = {"page": sent.json()["id"], "rectangles": [[0, 0, 800, 90]]}
        tried = admin.post("/api/v1/admin/blackouts/trial", json=drawn)
        made = admin.post("/api/v1/admin/blackouts", json=drawn)
        assert (made.status_code, made.json()["source"]) == (201, "printer 1")
        masked = recipient.get(f"{way}/films/1.jpg")
        assert recipient.get(f"{way}/films").json()["film"]["source"] == "hospital"
        for picture in (_shown(tried.content), _shown(masked.content)):
            assert picture[:86].max() < 20
            assert abs(picture[100:].astype(int) - _shown(page)[100:].astype(int)).mean() < 6
        assert admin.delete(f"/api/v1/admin/blackouts/{made.json()['id']}").status_code == 200
        after = recipient.get(f"{way}/films/1.jpg", headers={"If-None-Match": masked.headers["etag"]})
        assert after.status_code == 200 and after.headers["etag"] != masked.headers["etag"]


@pytest.mark.usefixtures("film", "rule")
def test_what_was_not_shared_looks_exactly_like_what_is_not_there(world: World) -> None:
    """Every sub-resource, of another's, the patient's other and sensitive exams, and of what does not exist."""
    world.share("CT")
    with world.client("recipient") as recipient:
        for way in (*WAYS, "/report/picture", "/films/1.dcm"):
            answers = [recipient.get(f"/api/v1/exams/{exam}{way}") for exam in (uuid7(), *_not_shared(world))]
            assert {(answer.status_code, answer.content) for answer in answers} == {(404, answers[0].content)}, way
        for below in _below_a_study():
            studies = ("1.2.3.4.5", *(world.studies[each] for each in ("UNSHARED", "HIV", "OTHER")), world.studies["CT"])
            answers = [recipient.get(f"/dicom-web/studies/{study}{below.format(study=study)}") for study in studies]
            first = answers[0]
            assert {(each.status_code, each.content) for each in answers} == {(first.status_code, first.content)}, below
            assert first.status_code == 404 or first.content == b"[]", below
        for study in ("1.2.3.4.5", *world.studies.values()):
            asked = f"/wado?requestType=WADO&studyUID={study}&seriesUID={study}.1&objectUID={study}.1.1"
            assert recipient.get(asked).status_code == 404


@pytest.mark.usefixtures("film", "rule")
@pytest.mark.parametrize("mask", [True, False])
def test_of_a_share_of_one_series_nothing_beside_it_is_there(world: World, mask: bool) -> None:
    exam, study = world.exams["CT"], world.studies["CT"]
    world.share("CT", mask=mask, series=[{"exam": exam, "series": [f"{study}.1"]}])
    with world.client("recipient") as recipient:
        told = recipient.get(f"/api/v1/exams/{exam}").json()
        assert (told["images"], len(told["studies"])) == (1, 1)
        assert told["films"] == (1 if mask else 0)  # a page is set anew under a mask; as it is, it cannot be cut
        if mask:
            (cell,) = recipient.get(f"/api/v1/exams/{exam}/films/1").json()["cells"]
            assert cell["study"] == told["studies"][0]
        with zipfile.ZipFile(io.BytesIO(recipient.get(f"/api/v1/exams/{exam}/download.zip").content)) as taken:
            assert sum(name.startswith("DICOM/") for name in taken.namelist()) == 1
        shared = told["studies"][0]
        assert len(recipient.get(f"/dicom-web/studies/{shared}/instances").json()) == 1
        for below in (
            "",
            "/metadata",
            "/rendered",
            "/thumbnail",
            "/instances/{}",
            "/instances/{}/frames/1",
            "/instances/{}/rendered",
        ):
            ways = (below.format(f"{study}.2.1"), below.format("1.2.3.4.5"))
            answers = [
                recipient.get(f"/dicom-web/studies/{shared}/series/{uid}{way}")
                for uid in (f"{study}.2", "1.2.3")
                for way in ways
            ]
            assert {(each.status_code, each.content) for each in answers} == {(404, answers[0].content)}, below


@pytest.mark.usefixtures("film", "rule")
@pytest.mark.parametrize("mask", [True, False])
def test_the_report_alone_leaves_without_film_and_images(world: World, mask: bool) -> None:
    exam, study = world.exams["CT"], world.studies["CT"]
    share = world.share("CT", mask=mask, parts=[{"exam": exam, "parts": ["report"]}])
    assert share["choices"] == [{"exam": exam, "parts": ["report"], "series": None}]
    assert share["opened"]["exams"] == [{"id": exam, "studies": []}]
    with world.client("recipient") as recipient:
        told = recipient.get(f"/api/v1/exams/{exam}").json()
        assert (told["films"], told["images"], told["studies"]) == (0, 0, [])
        assert told["left_out"] == "分享者没有分享胶片、影像。"
        assert recipient.get(f"/api/v1/exams/{exam}/report").status_code == 200
        assert recipient.get(f"/api/v1/exams/{exam}/films").json()["items"] == []
        for way in ("/films/1", "/films/1.jpg", "/films/1.dcm", "/films.pdf"):
            assert recipient.get(f"/api/v1/exams/{exam}{way}").status_code in (403, 404), way
        with zipfile.ZipFile(io.BytesIO(recipient.get(f"/api/v1/exams/{exam}/download.zip").content)) as taken:
            assert sorted(taken.namelist()) == ["检查报告.pdf", "说明.txt"]
            assert "分享者没有分享胶片、影像。" in taken.read("说明.txt").decode("utf-8-sig")
        for below in _below_a_study():
            answer = recipient.get(f"/dicom-web/studies/{study}{below.format(study=study)}")
            assert answer.status_code == 404 or answer.content == b"[]", below


@pytest.mark.usefixtures("film", "rule")
@pytest.mark.parametrize("mask", [True, False])
def test_the_film_alone_leads_to_no_image_and_no_report(world: World, mask: bool) -> None:
    exam, study = world.exams["CT"], world.studies["CT"]
    world.share("CT", mask=mask, parts=[{"exam": exam, "parts": ["film"]}])
    with world.client("recipient") as recipient:
        told = recipient.get(f"/api/v1/exams/{exam}").json()
        assert (told["films"], told["images"], told["studies"], told["report"]) == (1, 0, [], None)
        assert recipient.get(f"/api/v1/exams/{exam}/films/1").json()["cells"] == []
        sheet = _shown(recipient.get(f"/api/v1/exams/{exam}/films/1.jpg").content)
        assert sheet.max() > 100, "its pictures are there"
        for way in ("/report", "/report.pdf", "/report/terms", "/report/picture"):
            assert recipient.get(f"/api/v1/exams/{exam}{way}").status_code == 404, way
        with zipfile.ZipFile(io.BytesIO(recipient.get(f"/api/v1/exams/{exam}/download.zip").content)) as taken:
            assert sorted(taken.namelist()) == ["胶片/第1页.jpg", "说明.txt"]
        for below in _below_a_study():
            answer = recipient.get(f"/dicom-web/studies/{study}{below.format(study=study)}")
            assert answer.status_code == 404 or answer.content == b"[]", below


@pytest.mark.parametrize("parts", [[], ["photo"], ["report", 1]])
def test_parts_that_nobody_knows_are_refused(world: World, parts: list[Any]) -> None:
    said = {"exams": [world.exams["CT"]], "parts": [{"exam": world.exams["CT"], "parts": parts}]}
    with world.client("patient") as patient:
        refused = patient.post("/api/v1/shares", json=said)
        assert (refused.status_code, "parts" in refused.json()["detail"]) == (422, True)


@pytest.mark.usefixtures("film", "rule")
def test_the_previews_pictures_are_those_that_leave_and_no_writing_is_in_them(world: World) -> None:
    exam, study = world.exams["CT"], world.studies["CT"]
    series = [f"{study}.{number}" for number in (1, 2, 4)]
    asked = f"/api/v1/shares/preview?exams={exam}&parts=film,images&series={','.join(series)}"
    with world.client("patient") as patient:
        (before,) = patient.get(asked).json()["items"]
        assert (before["report_shown"], before["stays_here"]["images"]) == (None, 1), "the capture without a rule"
        film, ct, us = before["pictures"]
        assert [each["kind"] for each in (film, ct, us)] == ["film", "image", "image"]
        masked, named = (patient.get(us["path"].replace("mask=true", f"mask={mask}")) for mask in ("true", "false"))
        assert named.headers["etag"] != masked.headers["etag"]
        above = TOP - 4  # rows above the image area, but for the blur of its edge
        assert _shown(named.content)[:above].max() > 200, "the device wrote there"
        assert _shown(masked.content)[:above].max() < 16 < _shown(masked.content)[TOP + 8 :].max()
        again = patient.get(us["path"].replace("mask=true", "mask=false"), headers={"If-None-Match": masked.headers["etag"]})
        assert again.status_code == 200, "one picture is never taken for the other"
        sheet = patient.get(film["path"])
        assert sheet.headers["content-type"] == "image/jpeg"
        world.share("CT", parts=[{"exam": exam, "parts": ["film", "images"]}], series=[{"exam": exam, "series": series}])
        with world.client("recipient") as recipient:
            got = recipient.get(f"/api/v1/exams/{exam}/films/1.jpg?width=720")
            assert np.array_equal(_shown(got.content), _shown(sheet.content))
        assert patient.get(us["path"].replace(f"{study}.2", f"{study}.4")).status_code == 404
        other = us["path"].replace(exam, world.exams["OTHER"])
        assert patient.get(other).status_code == 404
        for parts, kinds in (("report", []), ("report,film", ["film"]), ("images", ["image"])):
            (draft,) = patient.get(f"/api/v1/shares/preview?exams={exam}&parts={parts}").json()["items"]
            assert sorted({each["kind"] for each in draft["pictures"]}) == kinds, parts
        for wrong in ("parts=photo", "parts=,", "series=1.2.3.x", "mask=no", "exam=1"):
            assert patient.get(f"/api/v1/shares/preview?exams={exam}&{wrong}").status_code == 422, wrong
        two = f"{exam},{world.exams['UNSHARED']}"
        assert patient.get(f"/api/v1/shares/preview?exams={two}&parts=film").status_code == 422


def _not_shared(world: World) -> list[str]:
    return [world.exams[each] for each in ("UNSHARED", "HIV", "OTHER")]


def _below_a_study() -> list[str]:
    series, instance = "/series/{study}.1", "/series/{study}.1/instances/{study}.1.1"
    return [
        *("", "/metadata", "/rendered", "/thumbnail", "/series", "/instances"),
        *(series + each for each in ("", "/metadata", "/rendered", "/thumbnail", "/instances")),
        *(instance + each for each in ("", "/metadata", "/rendered", "/thumbnail", "/frames/1", "/frames/1/rendered")),
        *(instance + each for each in ("/frames/1/thumbnail", "/bulkdata/00420011")),
    ]


@pytest.mark.usefixtures("film", "rule")
def test_after_the_share_was_stopped_a_tag_is_answered_as_refused(world: World) -> None:
    share = world.share("CT", allow_download=False)
    exam = f"/api/v1/exams/{world.exams['CT']}"
    with world.client("recipient") as recipient, world.client("patient") as patient:
        tags = {
            way: recipient.get(exam + way).headers.get("etag")
            for way in ("/report", "/report.pdf", "/films/1.jpg", "/films.pdf")
        }
        assert all(tags.values())
        for way, tag in tags.items():
            assert recipient.get(exam + way, headers={"If-None-Match": tag}).status_code == 304
        assert recipient.get(f"{exam}/download.zip").status_code == 404
        study = recipient.get(exam).json()["studies"][0]
        assert recipient.get(f"/dicom-web/studies/{study}/metadata").status_code == 200
        for uid in (study, "1.2.3.4.5"):  # looked at, not taken along
            asked = f"/wado?requestType=WADO&studyUID={uid}&seriesUID=1.2&objectUID=1.3"
            for way in (f"/dicom-web/studies/{uid}", f"/dicom-web/studies/{uid}/series/1.2/instances/1.3", asked):
                assert recipient.get(way).status_code == 403
        assert patient.delete(f"/api/v1/shares/{share['id']}").status_code == 204
        for way, tag in tags.items():
            refused = recipient.get(exam + way, headers={"If-None-Match": tag})
            assert (refused.status_code, "etag" in refused.headers) == (401, False)


@pytest.mark.usefixtures("film", "rule")
def test_who_shares_sees_before_what_will_be_sent_to_the_byte(world: World) -> None:
    exam = world.exams["CT"]
    with world.client("patient") as patient:
        (before,) = patient.get(f"/api/v1/shares/preview?exams={exam}").json()["items"]
        assert (before["patient"]["name"], before["stays_here"]) == ("欧阳**", {"images": 1, "films": 0})
        assert NAME not in before["report_shown"]["findings"] and "磨玻璃结节" in before["report_shown"]["findings"]
        (plain,) = patient.get(f"/api/v1/shares/preview?exams={exam}&mask=false").json()["items"]
        assert (plain["patient"]["name"], plain["stays_here"]) == (NAME, {"images": 0, "films": 0})
        assert patient.get(f"/api/v1/shares/preview?exams={world.exams['OTHER']}").status_code == 404
        share = world.share("CT")
        made = patient.post(f"/api/v1/shares/{share['id']}/preview")
        assert made.status_code == 201, made.text
        assert patient.get(f"/api/v1/shares/{share['id']}").json()["opens"] == 1
        world.tokens["preview"] = made.json()["access_token"]
    with world.client("preview") as preview, world.client("recipient") as recipient:
        for way in WAYS:
            path = f"/api/v1/exams/{exam}{way}"
            assert preview.get(path).content == recipient.get(path).content, way
        study = recipient.get(f"/api/v1/exams/{exam}").json()["studies"][0]
        for way in ("/metadata", "/instances", "/thumbnail"):
            path = f"/dicom-web/studies/{study}{way}"
            assert preview.get(path).content == recipient.get(path).content, way


@pytest.mark.usefixtures("film")
def test_a_doctor_gets_the_report_as_the_hospital_sent_it_and_knows_whose_it_is(world: World) -> None:
    world.share("CT", mask=False)
    exam = f"/api/v1/exams/{world.exams['CT']}"
    with world.client("recipient") as recipient:
        told = recipient.get(exam).json()
        assert told["patient"] == {"name": NAME, "sex": "F", "birth_date": "1949-12-31"}
        assert told["studies"] == [world.studies["CT"]]
        assert recipient.get(f"{exam}/report").json()["findings"] == FINDINGS
        assert recipient.get(f"{exam}/report.pdf").content == OWN_PDF
        assert recipient.get(f"{exam}/films/1.dcm").status_code == 200
        assert recipient.get(f"{exam}/download.zip").status_code == 200
        assert recipient.get(f"{exam}/access-log").status_code == 403
        assert recipient.get(f"/api/v1/exams/{world.exams['UNSHARED']}/report.pdf").status_code == 404


def test_a_pinned_report_stays_until_the_hospital_takes_it_back(world: World) -> None:
    way = f"/api/v1/exams/{world.exams['UNSHARED']}"
    world.share("UNSHARED", pinned=True)
    world.tokens["pinned"] = world.tokens["recipient"]
    report = f"/api/v1/hospital/exams/{MARKER}-UNSHARED/report"
    corrected = {"status": "corrected", "findings": f"{FINDINGS}{NAME}另见左肺小结节。", "impression": IMPRESSION}
    with world.client("hospital") as his:
        assert his.put(report, json=corrected).status_code == 200
    world.share("UNSHARED")
    with world.client("pinned") as pinned, world.client("recipient") as recipient, world.client("hospital") as his:
        old, new = (who.get(f"{way}/report").json() for who in (pinned, recipient))
        assert (old["version"], old["newest"], old["changes"]) == (1, False, None)
        assert (new["version"], new["newest"], new["changes"]["from_version"]) == (2, True, 1)
        pieces = "".join(piece["text"] for piece in new["changes"]["findings"])
        assert "另见左肺小结节" in pieces and not any(secret in pieces for secret in SECRETS)
        assert pinned.get(f"{way}/report.pdf").content != recipient.get(f"{way}/report.pdf").content
        assert his.put(report, json={"status": "withdrawn"}).status_code == 200
        for who in (pinned, recipient):
            told = who.get(f"{way}/report").json()
            assert (told["status"], "findings" in told) == ("withdrawn", False)
            assert who.get(f"{way}/report.pdf").status_code == 404
