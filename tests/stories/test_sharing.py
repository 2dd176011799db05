"""A patient shares two of five exams; a doctor elsewhere opens them without an account, and sees nothing once it is stopped."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from dicomweb_client.api import DICOMwebClient
from pydicom.uid import ExplicitVRLittleEndian
from requests import HTTPError

from core.clock import now
from infra import qrsignature
from tests.archive.samples import instance
from tests.parts.installation import Installation
from tests.parts.phone import Phone
from tests.parts.visitor import Visitor

ID_CARD, NAME, PHONE = "11010519491231002X", "欧阳映雪", "13800138001"
ITEMS = {"A1": "胸部CT平扫", "A2": "头颅MR平扫", "A3": "HIV抗体影像", "A4": "腹部超声", "A5": "急诊CT"}
FINDINGS = "右肺上叶见磨玻璃结节。"
DOCTOR = "Mozilla/5.0 (Windows NT 10.0) Chrome/120"
ROBOTS = ("WeChatBot", "facebookexternalhit/1.1")
GONE, WRONG = 410, 401
CT = "1.2.840.10008.5.1.4.1.1.2"


def study_of(accession: str) -> str:
    return f"1.2.826.0.1.77.{accession[1:]}"


def file_of(accession: str) -> bytes:
    study = study_of(accession)
    uids = {"StudyInstanceUID": study, "SeriesInstanceUID": f"{study}.1", "SOPInstanceUID": f"{study}.1.1"}
    pixels = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)
    said: dict[str, object] = {
        "PatientName": "OUYANG^YINGXUE",
        "PatientID": "P1",
        "StudyDate": "20260102",
        "AccessionNumber": accession,
    }
    said |= {"SOPClassUID": CT, "Modality": "CT", "BurnedInAnnotation": "NO"}  # text in it would keep it here under a mask
    return instance(pixels, transfer_syntax_uid=ExplicitVRLittleEndian, frames=0, planar=0, **uids, **said)


def say(site: Installation, token: str) -> None:
    """A hospital with five exams of the patient: one is sensitive, one has only a preliminary report."""
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{site.url}/api/v1/hospital", headers=headers, timeout=30) as hospital:
        papers = [{"kind": "id_card", "value": ID_CARD}]
        said = {"name": NAME, "sex": "F", "birth_date": "1949-12-31", "phones": [PHONE], "identifiers": papers}
        assert hospital.put("/patients/P1", json=said).status_code == 201
        for days, (accession, item) in enumerate(ITEMS.items(), 1):
            sent = httpx.post(
                f"{site.url}/dicom-web/studies",
                content=file_of(accession),
                headers={**headers, "Content-Type": "application/dicom"},
                timeout=30,
            )
            assert sent.status_code == 200, sent.text
            exam = {
                "patient_id": "P1",
                "category": "radiology",
                "item": item,
                "performed_at": (now() - timedelta(days=days)).isoformat(),
                "study_uids": [study_of(accession)],
            }
            assert hospital.put(f"/exams/{accession}", json=exam).status_code == 201
            report = {"status": "preliminary" if accession == "A5" else "final", "findings": FINDINGS}
            assert hospital.put(f"/exams/{accession}/report", json=report).status_code == 201


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Installation(tmp_path_factory.mktemp("sharing") / "home", WORKERS=1, INGEST_CHILDREN=1) as installation:
        policies = ("--set", "share_without_passcode=true", "--set", "held_items=[]")
        done = installation.command("hospital", "demo", "--name", "省人民医院", *policies)
        assert done.returncode == 0, done.stderr
        say(installation, installation.token())
        yield installation


@pytest.fixture(scope="module")
def patient(site: Installation) -> Iterator[Phone]:
    """Logged in, bound, and of the mind to share."""
    with Phone(site.url, PHONE) as phone:
        phone.log_in()
        assert phone.bind("demo", "id_card", ID_CARD, NAME).status_code == 201
        yield phone


@pytest.fixture(scope="module")
def exams(patient: Phone) -> dict[str, str]:
    """Accession → id of each exam; the first try to share tells what to agree to."""
    by_item = {each["item"]: each["id"] for each in patient.exams()}
    found = {accession: by_item[item] for accession, item in ITEMS.items()}
    refused = patient.client.post("/api/v1/shares", json={"exams": [found["A1"]]})
    assert (refused.status_code, refused.json()["consent"]) == (409, "remote-sharing")
    offered = patient.get("/me/consents").json()["items"]
    terms = next(each for each in offered if each["kind"] == "remote-sharing")
    agreed = patient.client.post("/api/v1/me/consents", json={"kind": terms["kind"], "version": terms["version"]})
    assert agreed.status_code == 201, agreed.text
    return found


@pytest.fixture
def doctor(site: Installation) -> Iterator[Visitor]:
    with Visitor(site.url, DOCTOR) as visitor:
        yield visitor


def shared(patient: Phone, exams: Mapping[str, str], *accessions: str, **more: object) -> dict[str, Any]:
    said = {"exams": [exams[each] for each in accessions], **more}
    made = patient.client.post("/api/v1/shares", json=said)
    assert made.status_code == 201, made.text
    return dict(made.json())


def token_of(share: Mapping[str, Any]) -> str:
    return str(share["url"]).rpartition("/")[2]


def opens(site: Installation, share: Mapping[str, Any], passcode: str | None) -> httpx.Response:
    said = {"token": token_of(share)} | ({"passcode": passcode} if passcode else {})
    return httpx.post(f"{site.url}/api/v1/shares/open", json=said, timeout=30)


def decoded(png: bytes) -> str:
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    return cv2.QRCodeDetectorAruco().detectAndDecode(picture)[0]


def dicomweb(site: Installation, token: str) -> DICOMwebClient:
    return DICOMwebClient(f"{site.url}/dicom-web", headers={"Authorization": f"Bearer {token}"})


def test_two_of_five_exams_by_qr_without_an_account_until_it_is_stopped(
    site: Installation, patient: Phone, exams: dict[str, str], doctor: Visitor
) -> None:
    share = shared(patient, exams, "A1", "A2", mask=False, expires_in=3600)
    text = decoded(patient.get(f"/shares/{share['id']}/qr.png").content)
    keys = httpx.get(f"{site.url}/.well-known/cloudfilm-qr-keys.json", timeout=30).json()["keys"]
    assert qrsignature.checked(text, {key["kid"]: key["x"] for key in keys}), "a printed QR is checked without a network"
    assert text.partition("#")[0] == share["url"]

    page = doctor.open(text.partition("#")[0])
    assert page.status_code == 200
    for private in ("省人民", "欧阳", ITEMS["A1"], FINDINGS):
        assert private not in page.text, "nothing before the passcode"
    doctor.send("open", passcode=share["passcode_digits"], hospital="省立医院", name="李医生")
    for shown in (NAME, ITEMS["A1"], ITEMS["A2"], FINDINGS, "1949年12月31日"):
        assert shown in doctor.text
    assert not any(ITEMS[each] in doctor.text for each in ("A3", "A4", "A5"))

    opened = opens(site, share, share["passcode_digits"])
    assert opened.status_code == 200, opened.text
    assert opened.json()["exams"] == [{"id": exams[each], "studies": [study_of(each)]} for each in ("A1", "A2")]
    client = dicomweb(site, opened.json()["access_token"])
    assert {each["0020000D"]["Value"][0] for each in client.search_for_studies()} == {study_of("A1"), study_of("A2")}
    pulled = client.retrieve_study(study_of("A1"))
    assert [str(each.PatientName) for each in pulled] == ["OUYANG^YINGXUE"], "a doctor must know whose film it is"
    frame = client.retrieve_instance_frames(study_of("A1"), f"{study_of('A1')}.1", f"{study_of('A1')}.1.1", [1])
    assert frame

    handed_out = [
        f"/dicom-web/studies/{study_of('A1')}/series/{study_of('A1')}.1/instances/{study_of('A1')}.1.1/rendered",
        f"/dicom-web/studies/{study_of('A1')}?accept=application/zip",
        f"/api/v1/exams/{exams['A1']}/report.pdf",
        f"/api/v1/exams/{exams['A1']}/download.zip",
    ]
    tags = {path: doctor.client.get(path).headers["etag"] for path in handed_out}
    site.kill_one("redis")
    assert patient.client.delete(f"/api/v1/shares/{share['id']}").status_code == 204
    for path, tag in tags.items():
        assert doctor.client.get(path, headers={"If-None-Match": tag}).status_code == WRONG, path
    with pytest.raises(HTTPError, match="401"):
        client.retrieve_study(study_of("A1"))
    assert opens(site, share, share["passcode_digits"]).status_code == GONE
    assert doctor.open(share["url"]).status_code == GONE and "停止" in doctor.text
    assert doctor.client.get(f"/api/v1/exams/{exams['A1']}/report").status_code == WRONG
    assert patient.get(f"/shares/{share['id']}/qr.png").status_code == 404


def test_the_same_by_a_pick_up_code_and_the_owner_sees_who_came(
    site: Installation, patient: Phone, exams: dict[str, str], doctor: Visitor
) -> None:
    share = shared(patient, exams, "A1", "A2", mask=False)
    code = patient.client.post(f"/api/v1/shares/{share['id']}/pickup", json={}).json()["code"]
    doctor.open("/get")
    doctor.send("code", code=f"{code[:4]} {code[4:]}")
    assert str(doctor.answer.url) == share["url"]
    doctor.send("open", passcode="000001", hospital="省立医院", name="李医生")
    assert "还可以试 4 次" in doctor.text
    doctor.send("open", passcode=share["passcode_digits"], hospital="省立医院", name="李医生")
    assert ITEMS["A2"] in doctor.text
    assert doctor.client.get(f"/dicom-web/studies/{study_of('A1')}", headers={"Accept": "*/*"}).status_code == 200
    with Visitor(site.url) as other:
        other.open("/get")
        other.send("code", code=code)
        assert "已失效" in other.text, "good once"

    items = patient.get(f"/shares/{share['id']}/visits").json()["items"]
    assert [each["what"] for each in items] == ["opened", "wrong-passcode"]
    first = items[0]
    assert first["said"] == {"hospital": "省立医院", "name": "李医生"} and first["device"] == "browser on Windows"
    assert first["place"] == {"kind": "this-machine", "network": "127.0.0.*", "city": None}
    looks = {each["id"]: each for each in first["exams"]}
    assert set(looks) == {exams["A1"], exams["A2"]}
    assert looks[exams["A1"]]["downloaded_at"] and not looks[exams["A2"]]["downloaded_at"]


def test_the_same_with_its_end_by_the_clock(site: Installation, patient: Phone, exams: dict[str, str]) -> None:
    share = shared(patient, exams, "A1")
    token = opens(site, share, share["passcode_digits"]).json()["access_token"]
    past = (now() - timedelta(seconds=1)).isoformat(sep=" ")
    with closing(sqlite3.connect(site.home / "cloudfilm.sqlite3", timeout=30)) as database, database:
        database.execute("UPDATE share SET expires_at = ? WHERE id = ?", (past, share["id"]))
    answer = httpx.get(f"{site.url}/dicom-web/studies", headers={"Authorization": f"Bearer {token}"}, timeout=30)
    assert answer.status_code == WRONG
    assert opens(site, share, share["passcode_digits"]).status_code == GONE
    assert patient.get(f"/shares/{share['id']}").json()["state"] == "expired"


def test_others_get_the_exams_under_a_mask(site: Installation, patient: Phone, exams: dict[str, str], doctor: Visitor) -> None:
    share = shared(patient, exams, "A1")
    assert share["masked"] and share["passcode"]
    opened = opens(site, share, share["passcode_digits"]).json()
    (uid,) = opened["exams"][0]["studies"]
    assert uid != study_of("A1")
    (image,) = dicomweb(site, opened["access_token"]).retrieve_study(uid)
    assert "OUYANG" not in str(image) and image.StudyInstanceUID == uid
    (visit,) = patient.get(f"/shares/{share['id']}/visits").json()["items"]
    assert [each["downloaded_at"] is not None for each in visit["exams"]] == [True], "what is under the mask counts too"
    doctor.open(share["url"])
    doctor.send("open", passcode=share["passcode_digits"], name="保险公司王先生")
    assert ITEMS["A1"] in doctor.text and NAME not in doctor.text and "1949年" not in doctor.text and uid in doctor.text


def test_a_recipient_reads_how_large_it_is_before_taking_it_along(
    site: Installation, patient: Phone, exams: dict[str, str], doctor: Visitor
) -> None:
    share = shared(patient, exams, "A1", "A2", mask=False, parts=[{"exam": exams["A2"], "parts": ["report"]}])
    doctor.open(share["url"])
    doctor.send("open", passcode=share["passcode_digits"], hospital="省二院", name="周医生")
    assert "分享者没有分享胶片、影像。" in doctor.text and study_of("A2") not in doctor.text
    first, second = re.findall(r'href="([^"]+\?take=[^"]+)"', doctor.text)
    assert "影像文件" not in doctor.open(second).text
    told = re.findall(r"影像文件 1 个、打开方法，共 ([0-9.]+ [KM]B)。", doctor.open(first).text)
    assert told and f"全部下载（{told[0]}）" in doctor.text
    (way,) = re.findall(r'href="(/api/v1/exams/[^"]+\.zip)"', doctor.text)
    assert doctor.client.get(way).headers["content-type"] == "application/zip"
    assert "在浏览器打开" not in doctor.text
    doctor.client.headers["User-Agent"] = "Mozilla/5.0 (iPhone) MicroMessenger/8.0"
    assert "在浏览器打开" in doctor.open(first).text
    assert doctor.open(first.replace(exams["A1"], exams["A3"])).status_code == 404


def test_face_to_face_needs_no_passcode_and_opens_once(site: Installation, patient: Phone, exams: dict[str, str]) -> None:
    share = shared(patient, exams, "A1", passcode=None, expires_in=86400, max_opens=None)
    assert (share["passcode"], share["passcode_digits"], share["max_opens"]) == (False, None, 1)
    for agent in ROBOTS:
        with Visitor(site.url, agent) as robot:
            page = robot.open(share["url"])
            assert page.status_code == 200 and ITEMS["A1"] not in page.text, "a robot's look uses nothing up"
            assert page.headers["x-robots-tag"].startswith("noindex") and 'content="no-referrer"' in page.text
            assert page.headers["referrer-policy"] == "no-referrer"
    with ThreadPoolExecutor(8) as many:
        found = sorted(answer.status_code for answer in many.map(lambda _: opens(site, share, None), range(8)))
    assert found == [200] + [GONE] * 7


def test_what_may_not_be_shared_is_refused_with_its_reason(patient: Phone, exams: dict[str, str]) -> None:
    def refused(**said: object) -> httpx.Response:
        return patient.client.post("/api/v1/shares", json=said)

    not_final = refused(exams=[exams["A1"], exams["A5"]])
    assert not_final.status_code == 409 and "正式" in not_final.json()["title"]
    assert [each["id"] for each in patient.exams() if each["sensitive"]] == [exams["A3"]]
    sensitive = refused(exams=[exams["A3"]])
    assert sensitive.status_code == 409 and sensitive.json()["confirm"] == "confirm_sensitive"
    assert refused(exams=[exams["A3"]], confirm_sensitive=True).status_code == 201
    assert refused(exams=[exams["A1"]], mask=False, passcode=None).status_code == 422
    assert refused(exams=[exams["A1"]], nonsense=1).status_code == 422
    assert refused(exams=[exams["A1"]], passcode="111111").status_code == 422
    unknown = refused(exams=["0" * 36])
    foreign = refused(exams=[exams["A1"], "0" * 36])
    assert unknown.status_code == 404 and unknown.content == foreign.content


def test_a_repeated_request_makes_one_share(patient: Phone, exams: dict[str, str]) -> None:
    said, headers = {"exams": [exams["A4"]]}, {"Idempotency-Key": "0f3a"}
    first, second = [patient.client.post("/api/v1/shares", json=said, headers=headers) for _ in range(2)]
    assert first.status_code == second.status_code == 201 and first.json() == second.json()
    other = patient.client.post("/api/v1/shares", json={"exams": [exams["A1"]]}, headers=headers)
    assert other.status_code == 409


def test_my_own_mark_takes_an_exam_out_of_a_share_that_is_open(
    site: Installation, patient: Phone, exams: dict[str, str]
) -> None:
    share = shared(patient, exams, "A1", "A4", mask=False)
    token = opens(site, share, share["passcode_digits"]).json()["access_token"]
    with httpx.Client(base_url=site.url, headers={"Authorization": f"Bearer {token}"}, timeout=30) as doctor:
        assert doctor.get(f"/dicom-web/studies/{study_of('A4')}/metadata").status_code == 200
        marked = patient.client.put(f"/api/v1/exams/{exams['A4']}/sensitive", json={"sensitive": True})
        assert marked.json() == {"sensitive": True, "by_hospital": False, "by_me": True}
        assert doctor.get(f"/dicom-web/studies/{study_of('A4')}/metadata").status_code == 404
        assert [each["id"] for each in doctor.get("/api/v1/exams").json()["items"]] == [exams["A1"]]
    patient.client.put(f"/api/v1/exams/{exams['A4']}/sensitive", json={"sensitive": False})


def test_the_owner_who_opens_it_uses_nothing_up(site: Installation, patient: Phone, exams: dict[str, str]) -> None:
    share = shared(patient, exams, "A1", passcode=None)
    with Visitor(site.url) as owner:
        owner.client.cookies.set("cloudfilm_session", patient.tokens["access_token"])
        owner.open(share["url"])
        assert "您自己的分享" in owner.text
    assert patient.get(f"/shares/{share['id']}").json()["opens"] == 0
