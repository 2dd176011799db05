"""Patients, exams and files with a marker in every text and burned into pixels; shared, masked or not, and opened."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pydicom
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
EXAMS = (
    ("CT", "P1", f"胸部CT平扫 {NAME}"),
    ("UNSHARED", "P1", "头颅MR"),
    ("HIV", "P1", "艾滋病门诊MR"),
    ("OTHER", "P2", "头颅MR"),
    ("COLOURS", "P1", "腹部超声"),
)
# The only colour of each series of COLOURS; no seal and no heading has one of them.
COLOURS = {"green": (20, 230, 20), "blue": (20, 20, 230), "magenta": (230, 20, 230)}
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
    """Patient P1 has exams CT (shared masked), UNSHARED, HIV and COLOURS; P2 one of their own; all with a report."""

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


def ultrasound() -> NDArray[np.uint8]:
    """White writing above its image area, a pattern in it."""
    picture = np.zeros((150, 200, 3), np.uint8)
    picture[5:30, 10:190:3] = 255
    picture[TOP:] = (np.add.outer(np.arange(110), np.arange(200)) % 200 + 20).astype(np.uint8)[:, :, None]
    return picture


def capture() -> NDArray[np.uint8]:
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
    us = _marked(instance(ultrasound(), SOPClassUID=US, Modality="US", SequenceOfUltrasoundRegions=[region]), "1", 2)
    sc = _marked(instance(capture(), SOPClassUID=SC, Modality="OT"), "1", 3)
    sc.Manufacturer, sc.ManufacturerModelName = "ACME", "Capture 1"
    unknown = _marked(instance(capture(), SOPClassUID=SC, Modality="OT"), "1", 4)
    others = [_marked(package("MR_small.dcm"), kind, 1) for kind in ("2", "3", "4")]
    return [_bytes(each) for each in (ct, us, sc, unknown, *others, *_colours())]


def _colours() -> Iterator[FileDataset]:
    """Ultrasound pictures of one colour each, without writing."""
    everywhere = Dataset()
    everywhere.RegionLocationMinX0 = everywhere.RegionLocationMinY0 = 0
    everywhere.RegionLocationMaxX1, everywhere.RegionLocationMaxY1 = RIGHT, BOTTOM
    for number, colour in enumerate(COLOURS.values(), 1):
        picture = np.full((BOTTOM + 1, RIGHT + 1, 3), colour, np.uint8)
        said: dict[str, Any] = {"SOPClassUID": US, "Modality": "US", "SequenceOfUltrasoundRegions": [everywhere]}
        yield _marked(instance(picture, **said), "5", number)


@contextmanager
def running(folder: Path) -> Iterator[World]:
    """A server with all of it."""
    with Installation(folder, WORKERS=1, INGEST_CHILDREN=1) as site:
        settings = from_environ({"CLOUDFILM_HOME": str(site.home)})
        made = World(site, asyncio.run(_opened(settings, _prepared(settings))))
        with made.client("hospital") as his:
            _told(his, made)
        made.tokens["patient"] = asyncio.run(_opened(settings, _bound(settings)))
        with made.client("patient") as me:
            terms = {each["kind"]: each["version"] for each in me.get("/api/v1/me/consents").json()["items"]}
            agreed = me.post("/api/v1/me/consents", json={"kind": "remote-sharing", "version": terms["remote-sharing"]})
            assert agreed.status_code == 201, agreed.text
        yield made


def _told(his: httpx.Client, made: World) -> None:
    said = {"name": NAME, "sex": "F", "birth_date": "1949-12-31", "phones": [PHONE]}
    paper = [{"kind": "id_card", "value": ID_CARD}]
    assert his.put("/api/v1/hospital/patients/P1", json={**said, "identifiers": paper}).status_code == 201
    assert his.put("/api/v1/hospital/patients/P2", json={"name": "李四"}).status_code == 201
    parts = [b"--b\r\nContent-Type: application/dicom\r\n\r\n" + file + b"\r\n" for file in _files()]
    kind = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=b'}
    stored = his.post("/dicom-web/studies", content=b"".join([*parts, b"--b--\r\n"]), headers=kind)
    assert stored.status_code == 200, stored.text
    for number, (name, patient, item) in enumerate(EXAMS, 1):
        made.exams[name] = _exam(his, f"{MARKER}-{name}", patient, item, f"{UID}.{number}")
        made.studies[name] = f"{UID}.{number}"


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


def _page_of_capture() -> bytes:
    """A PDF of a hospital's own, with writing in its picture."""
    target = io.BytesIO()
    Image.fromarray(capture()).save(target, "PDF")
    return target.getvalue()


OWN_PDF = _page_of_capture()


def clean_capture() -> NDArray[np.uint8]:
    picture = capture()
    picture[:20] = 0
    return picture


def shown(picture: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(picture)))


def below_a_study() -> list[str]:
    series, instance = "/series/{study}.1", "/series/{study}.1/instances/{study}.1.1"
    return [
        *("", "/metadata", "/rendered", "/thumbnail", "/series", "/instances"),
        *(series + each for each in ("", "/metadata", "/rendered", "/thumbnail", "/instances")),
        *(instance + each for each in ("", "/metadata", "/rendered", "/thumbnail", "/frames/1", "/frames/1/rendered")),
        *(instance + each for each in ("/frames/1/thumbnail", "/bulkdata/00420011")),
    ]


def not_shared(world: World) -> list[str]:
    return [world.exams[each] for each in ("UNSHARED", "HIV", "OTHER")]
