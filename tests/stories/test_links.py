"""A patient scans the QR on the paper report, or taps the link of a message: nothing is shown before proof, then that exam."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, closing
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file

from core.clock import now
from core.grants import Role
from core.masking import hinted_name
from identity.links import LinkKind, Links
from identity.sessions import issue
from infra.database import close_database, open_database
from infra.epoch import sessions_epoch
from infra.settings import Settings, from_environ
from records.models import Hospital
from tests.parts.installation import ROOT, Installation
from tests.parts.visitor import Visitor
from tests.records import pages

ID_CARD, NAME = "11010519491231002X", "欧阳映雪"
PHONE, STRANGER, HELP = "13800138001", "13800138002", "0575-5550100"
FINDINGS = "右肺上叶见磨玻璃结节。"
ITEM = "胸部CT平扫"
CT = Path(str(get_testdata_file("CT_small.dcm"))).read_bytes()
MR = Path(str(get_testdata_file("MR_small.dcm"))).read_bytes()
STUDY, OTHER_STUDY = (str(pydicom.dcmread(BytesIO(file)).StudyInstanceUID) for file in (CT, MR))
NEW = "https://cloud.example.net"  # the public address after a move
ROBOTS = ("WeChatBot", "facebookexternalhit/1.1", "Mozilla/5.0 (compatible; Baiduspider/2.0)")


class Clinic:
    """The hospital, its systems, and what only its operator can do."""

    def __init__(self, site: Installation, token: str) -> None:
        self.site = site
        self.client = httpx.Client(base_url=site.url, headers={"Authorization": f"Bearer {token}"}, timeout=30)

    def put(self, path: str, **said: object) -> None:
        answer = self.client.put(f"/api/v1/hospital{path}", json=said)
        assert answer.status_code in (200, 201), answer.text

    def access(self, accession: str = "CT1") -> dict[str, Any]:
        answer = self.client.get(f"/api/v1/hospital/exams/{accession}/access.json")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def paper(self, accession: str = "CT1") -> str:
        """The path that a scanned QR leads to."""
        return "/s/" + str(self.access(accession)["url"]).rpartition("/s/")[2]

    def notice(self, accession: str = "CT1") -> str:
        """The path of a new link for a message about that exam."""
        return "/s/" + str(asyncio.run(self._with_links("issue", accession)))

    def revoke_notices(self, accession: str = "CT1") -> None:
        asyncio.run(self._with_links("revoke", accession))

    async def _with_links(self, action: str, accession: str) -> object:
        exam = self.exam_id(accession)
        async with inside(self.site) as settings:
            epoch = sessions_epoch(settings.home)
            links = Links(settings.keys, epoch)
            if action == "revoke":
                done: object = await links.revoke(LinkKind.NOTICE, "demo", exam, now())
            else:
                done = await links.issue(LinkKind.NOTICE, "demo", exam, now=now())
            epoch.close()
            return done

    def exam_id(self, accession: str = "CT1") -> str:
        return str(self.rows("SELECT id FROM exam WHERE accession = ?", accession)[0]["id"])

    def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        with closing(sqlite3.connect(self.site.home / "cloudfilm.sqlite3")) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(sql, values).fetchall()]


@asynccontextmanager
async def inside(site: Installation) -> AsyncIterator[Settings]:
    """The database of an installation, open as another process of its machine has it."""
    settings = from_environ({"CLOUDFILM_HOME": str(site.home)})
    await open_database(settings)
    try:
        yield settings
    finally:
        await close_database()


async def set_up(site: Installation) -> str:
    """The hospital, and a token of its systems."""
    async with inside(site) as settings:
        await Hospital.create(code="demo", name="示范医院", help_phone=HELP)
        return await issue(
            settings.keys, role=Role.HOSPITAL, hospital="demo", subject="his", life=timedelta(hours=1), now=now()
        )


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    """One hospital; a patient with two exams and their pictures, and one exam of somebody else."""
    with Installation(tmp_path_factory.mktemp("links"), WORKERS=1, INGEST_CHILDREN=1, REDIS_URL="none") as site:
        clinic = Clinic(site, asyncio.run(set_up(site)))
        for file in (CT, MR):
            sent = clinic.client.post("/dicom-web/studies", content=file, headers={"Content-Type": "application/dicom"})
            assert sent.status_code == 200, sent.text
        papers = [{"kind": "id_card", "value": ID_CARD}]
        clinic.put("/patients/1CT1", name=NAME, phones=[PHONE], identifiers=papers)
        clinic.put("/patients/4MR1", name="李四", phones=["13800138009"])
        at = (now() - timedelta(days=1)).isoformat()
        exam = {"category": "radiology", "performed_at": at}
        clinic.put("/exams/CT1", patient_id="1CT1", item=ITEM, study_uids=[STUDY], **exam)
        clinic.put("/exams/CT1/report", status="final", findings=FINDINGS, impression="建议随访。")
        film = clinic.client.post("/api/v1/hospital/films", params={"accession": "CT1"}, content=pages.png())
        assert film.status_code == 201, film.text
        clinic.put("/exams/US1", patient_id="1CT1", item="甲状腺超声", digital_service=False, **exam)
        clinic.put("/exams/HIV1", patient_id="1CT1", item="HIV抗体检测", **exam)
        clinic.put("/exams/MR1", patient_id="4MR1", item="头颅MR", study_uids=[OTHER_STUDY], **exam)
        yield clinic
        clinic.client.close()


@pytest.fixture
def visitor(clinic: Clinic) -> Iterator[Visitor]:
    with Visitor(clinic.site.url) as browser:
        yield browser


@pytest.fixture(scope="module")
def patient(clinic: Clinic) -> Iterator[Visitor]:
    """Logged in and bound, by the forms of the paper's page."""
    with Visitor(clinic.site.url) as browser:
        browser.open(clinic.paper())
        browser.log_in(PHONE)
        browser.send("bind", kind="id_card", value=ID_CARD, name=NAME)
        yield browser


def private(text: str) -> list[str]:
    """Whatever of the patient and the exam stands in a text."""
    return [each for each in (NAME, ITEM, FINDINGS, PHONE, ID_CARD, "CT1", "1CT1", STUDY) if each in text]


# -- the picture


def test_the_qr_of_an_exam_is_the_same_each_time_and_says_nothing(clinic: Clinic) -> None:
    access = clinic.access()
    path = "/api/v1/hospital/exams/CT1/access"
    first, again = clinic.client.get(f"{path}.png"), clinic.client.get(f"{path}.png")
    assert (first.headers["content-type"], first.content) == ("image/png", again.content)
    picture = cv2.imdecode(np.frombuffer(first.content, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert cv2.QRCodeDetectorAruco().detectAndDecode(picture)[0] == access["text"]  # type: ignore[arg-type]
    assert access["text"].partition("#")[0] == access["url"]
    assert access["module_mm"] >= 0.33
    assert not private(access["text"])
    known = clinic.client.get(f"{path}.png", headers={"If-None-Match": first.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")
    drawing = clinic.client.get(f"{path}.svg")
    assert drawing.headers["content-type"] == "image/svg+xml"
    assert drawing.content.startswith(b"<svg")


def test_a_printed_qr_is_checked_without_the_server(clinic: Clinic, tmp_path: Path) -> None:
    access, keys, printed = clinic.access(), tmp_path / "keys.json", tmp_path / "qr.png"
    keys.write_bytes(httpx.get(f"{clinic.site.url}/.well-known/cloudfilm-qr-keys.json", timeout=60).content)
    printed.write_bytes(clinic.client.get("/api/v1/hospital/exams/CT1/access.png").content)
    for qr in (access["text"], str(printed)):
        done = checked(keys, qr)
        assert (done.returncode, done.stdout.strip()) == (0, "genuine: signed by 示范医院")
    forged = access["text"].replace("127.0.0.1", "127.0.0.2")
    assert checked(keys, forged).returncode == 1
    assert checked(keys, access["url"]).returncode == 1
    assert all(set(key) & {"d", "sealed"} == set() for key in json.loads(keys.read_text())["keys"])


def checked(keys: Path, qr: str) -> subprocess.CompletedProcess[str]:
    script = ROOT / "docs" / "check_qr.py"
    return subprocess.run([sys.executable, script, keys, qr], capture_output=True, text=True, timeout=60, check=False)


def test_paper_of_what_is_not_there_is_404(clinic: Clinic) -> None:
    for name in ("access.png", "access.svg", "access.json"):
        assert clinic.client.get(f"/api/v1/hospital/exams/NONE/{name}").status_code == 404
    assert clinic.client.post("/api/v1/hospital/exams/NONE/access", json={}).status_code == 404
    assert clinic.client.post("/api/v1/hospital/exams/MR1/access", json={"replaces": "1"}).status_code == 422


def test_paper_that_was_issued_anew_says_so_and_a_repeated_request_changes_nothing(clinic: Clinic, visitor: Visitor) -> None:
    old = clinic.paper("MR1")
    path = "/api/v1/hospital/exams/MR1/access"
    said = {"replaces": clinic.access("MR1")["generation"]}
    first, again = clinic.client.post(path, json=said), clinic.client.post(path, json=said)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert visitor.open(old).status_code == 410
    assert "这个二维码已停用" in visitor.text
    assert HELP in visitor.text
    assert visitor.open(clinic.paper("MR1")).status_code == 200


# -- before proof


def test_before_proof_a_page_shows_nothing_and_tells_nobody(clinic: Clinic, visitor: Visitor) -> None:
    for path in (clinic.paper(), clinic.notice()):
        page = visitor.open(path)
        assert page.status_code == 200
        assert not private(page.text)
        assert "<script" not in page.text
        assert HELP in page.text
        assert page.headers["referrer-policy"] == "no-referrer"
        assert "noindex" in page.headers["x-robots-tag"]
        assert page.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in page.headers["content-security-policy"]


def test_what_nobody_issued_is_one_page_byte_by_byte(clinic: Clinic, visitor: Visitor) -> None:
    looks = {visitor.open(f"/s/{token}").content for token in ("x", "0" * 39, "A" * 22, "%00", "%2e%2e", "é", "y" * 3000)}
    assert len(looks) == 1
    assert visitor.answer.status_code == 404


def test_robots_that_preview_links_use_up_nothing(clinic: Clinic, visitor: Visitor) -> None:
    paper, notice = clinic.paper(), clinic.notice()
    # The worker prints the report beside this, with a link of its own.
    links = "SELECT tries_left, generation, revoked_at FROM link WHERE kind IN ('exam', 'notice') ORDER BY id"
    before = clinic.rows(links)
    for agent in ROBOTS:
        with Visitor(clinic.site.url, agent) as robot:
            for path in (paper, notice):
                for _ in range(5):
                    assert robot.open(path).status_code == 200
                    assert robot.client.head(path).status_code == 200
    assert clinic.rows(links) == before


def test_a_file_that_proves_the_address_to_wechat_lies_beside_the_links(clinic: Clinic, visitor: Visitor) -> None:
    folder = clinic.site.home / "verification"
    folder.mkdir()
    (folder / "MP_verify_abc.txt").write_text("abc")
    assert visitor.open("/s/MP_verify_abc.txt").text == "abc"
    assert visitor.open("/s/none.txt").content == visitor.open("/s/none").content
    assert visitor.answer.status_code == 404


def test_a_form_of_another_site_is_refused(clinic: Clinic, visitor: Visitor) -> None:
    path = clinic.notice()
    answer = {"step": "paper", "last_six": ID_CARD[-6:]}
    assert visitor.client.post(path, data=answer).status_code == 403, "without the cookie of our page"
    form = next(each for each in _opened(visitor, path).forms() if each["step"] == "paper")
    foreign = visitor.client.post(path, data={**form, **answer}, headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403
    assert "cloudfilm_session" not in visitor.client.cookies
    for body in (b"\xff=1", b"step=phone&step=code", b"&".join(b"a%d=1" % number for number in range(99)), b"x" * 9000):
        bad = visitor.client.post(path, content=body, headers={"Content-Type": "application/x-www-form-urlencoded"})
        assert bad.status_code in (400, 403, 413)


def _opened(visitor: Visitor, path: str) -> Visitor:
    visitor.open(path)
    return visitor


# -- paper


def test_the_paper_leads_its_patient_to_the_exam_by_a_code_and_a_proof(clinic: Clinic, patient: Visitor) -> None:
    assert patient.open(clinic.paper()).status_code == 200
    assert all(each in patient.text for each in (ITEM, FINDINGS, "示范医院", "欧", "仅供浏览参考"))
    assert NAME not in patient.text, "whoever looks over the shoulder need not read it"
    assert shown_pictures(patient) == ["film", "thumbnail"]


def shown_pictures(visitor: Visitor) -> list[str]:
    """What the pictures of a page are, all of which its holder gets."""
    paths = re.findall(r'<img src="([^"]+)"', visitor.text)
    assert all(visitor.client.get(path).headers["content-type"].startswith("image/") for path in paths)
    return ["film" if "/films/" in path else "thumbnail" for path in paths]


def test_one_of_anothers_and_one_that_is_held_back_are_not_shown(clinic: Clinic, patient: Visitor) -> None:
    patient.open(clinic.paper("MR1"))
    assert "核对身份" in patient.text
    assert "头颅MR" not in patient.text
    patient.open(clinic.paper("HIV1"))
    assert "暂时不能在线查看" in patient.text
    assert "HIV" not in patient.text.replace("HIV1", "")


def test_one_that_was_declined_is_opened_from_its_paper_after_the_notice(clinic: Clinic, patient: Visitor) -> None:
    patient.open(clinic.paper("US1"))
    assert "开通数字影像服务" in patient.text
    assert "自愿" in patient.text
    assert "开通数字影像服务" in patient.send("open", notice_version="0").text, "that notice was not the one to agree to"
    patient.open(clinic.paper("US1"))
    patient.send("open")
    assert "<h1>甲状腺超声</h1>" in patient.text
    assert clinic.rows("SELECT kind, way FROM service_event WHERE exam_id = ?", clinic.exam_id("US1"))[-1]["way"] == "qr"


def test_a_stranger_with_the_paper_learns_nothing_and_is_told_what_to_do(clinic: Clinic, visitor: Visitor) -> None:
    visitor.open(clinic.paper())
    assert "不是可以接收短信的手机号" in visitor.send("phone", phone="12").text
    visitor.send("phone", phone=STRANGER)
    assert "验证码不对或已失效" in visitor.send("code", code="000000").text
    visitor.send("code", code=visitor.newest_code(STRANGER))
    assert "核对身份" in visitor.text
    visitor.send("bind", kind="id_card", value=ID_CARD, name=NAME)
    assert "信息没有核对上" in visitor.text
    assert HELP in visitor.text
    assert ITEM not in visitor.text
    visitor.send("leave")
    assert "手机号" in visitor.text


# -- messages


def test_who_knows_the_patient_sees_that_exam_and_nothing_else(clinic: Clinic, visitor: Visitor) -> None:
    visitor.open(clinic.notice())
    visitor.send("paper", last_six="31002x")
    assert visitor.answer.history[0].status_code == 303
    assert all(each in visitor.text for each in (ITEM, FINDINGS))
    assert shown_pictures(visitor) == ["film", "thumbnail"]
    get = visitor.client.get
    assert get(f"/dicom-web/studies/{STUDY}/metadata").status_code == 200
    report = get(f"/api/v1/exams/{clinic.exam_id()}/report.pdf")
    assert (report.status_code, report.content[:5]) == (200, b"%PDF-")
    assert get(f"/api/v1/exams/{clinic.exam_id('MR1')}/report.pdf").status_code == 404
    foreign, unknown = get(f"/dicom-web/studies/{OTHER_STUDY}/metadata"), get("/dicom-web/studies/1.2.3/metadata")
    assert (foreign.status_code, foreign.content) == (404, unknown.content)
    assert [get(f"/api/v1{path}").status_code for path in ("/me", "/hospital/waiting")] == [403] * 2
    assert [each["id"] for each in get("/api/v1/exams").json()["items"]] == [clinic.exam_id()]
    other = visitor.open(clinic.notice("MR1"))
    assert "头颅MR" not in other.text, "each link asks for its own proof"


def test_a_session_from_a_link_ends_when_the_link_is_revoked(clinic: Clinic, visitor: Visitor) -> None:
    path = clinic.notice()
    visitor.open(path)
    visitor.send("paper", last_six=ID_CARD[-6:])
    assert ITEM in visitor.text
    clinic.revoke_notices()
    assert visitor.client.get(f"/dicom-web/studies/{STUDY}/metadata").status_code == 401
    assert visitor.open(path).status_code == 410
    assert not private(visitor.text)


def test_a_forwarded_link_is_never_a_dead_end(clinic: Clinic, visitor: Visitor) -> None:
    path = clinic.notice()
    for way, words in (("self", "请先核对身份"), ("family", "患者本人的信息"), ("doctor", "患者在身边")):
        page = visitor.open(f"{path}?who={way}")
        assert words in page.text
        assert all(each in page.text for each in ("我是本人", "我是家属", "我是医生", HELP))
    visitor.open(f"{path}?by=name")
    assert "没有核对上，还可以试 4 次" in visitor.send("name", name=NAME, visit="O-1").text
    visitor.open(f"{path}?by=login")
    assert visitor.send("phone", phone="12").status_code == 200


def test_wrong_answers_lock_the_link_and_never_the_account(clinic: Clinic, patient: Visitor) -> None:
    path = clinic.notice()

    with ExitStack() as opened:
        thieves = [opened.enter_context(Visitor(clinic.site.url)) for _ in range(24)]
        for thief in thieves:
            thief.open(path)
        with ThreadPoolExecutor(8) as many:
            answers = list(many.map(lambda number: thieves[number].send("paper", last_six=f"{number:06}"), range(24)))
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) <= {200, 410}
    assert statuses.count(200) <= 4, "the fifth wrong answer says that the link is locked"
    refused = [json.loads(row["detail"]) for row in clinic.rows("SELECT detail FROM audit_entry WHERE action = 'open-link'")]
    newest = "FROM link WHERE kind = 'notice' ORDER BY issued_at DESC LIMIT 1"
    link = clinic.rows(f"SELECT id {newest}")[0]["id"]
    whys = [each["why"] for each in refused if each["link"] == link]
    assert whys.count("answer") == 5, "what was typed after the lock was not looked at"
    assert whys.count("locked") == statuses.count(410)
    assert clinic.rows(f"SELECT tries_left {newest}") == [{"tries_left": 0}]
    assert ITEM in patient.open(clinic.paper()).text
    with Visitor(clinic.site.url) as owner:
        assert "这条链接已锁定" in owner.open(path).text
        assert HELP in owner.text


def test_openings_and_refusals_are_on_record_without_what_was_typed(clinic: Clinic, visitor: Visitor) -> None:
    path = clinic.notice()
    visitor.open(path)
    visitor.send("paper", last_six="654321")
    visitor.send("paper", last_six=ID_CARD[-6:])
    rows = clinic.rows("SELECT * FROM audit_entry WHERE action = 'open-link' AND chain = 'demo' ORDER BY number DESC LIMIT 2")
    assert [(row["outcome"], row["study_uid"]) for row in rows] == [("done", clinic.exam_id()), ("refused", clinic.exam_id())]
    reads = clinic.rows("SELECT what FROM audit_entry WHERE action = 'read' AND subject = ?", rows[0]["subject"])
    assert {row["what"] for row in reads} >= {"exam", "report"}
    kept = json.dumps(clinic.rows("SELECT * FROM audit_entry"), default=str) + json.dumps(clinic.rows("SELECT * FROM link"))
    logs = clinic.site.logged()
    for secret in (path.removeprefix("/s/"), clinic.paper().removeprefix("/s/"), "654321", NAME, PHONE):
        assert secret not in kept, secret
        assert secret not in logs, secret


# -- feedback


def staff(clinic: Clinic, role: Role, hospital: str = "demo") -> httpx.Client:
    """The help desk or the administrator of a hospital."""

    async def issued() -> str:
        async with inside(clinic.site) as settings:
            await Hospital.get_or_create(code=hospital, defaults={"name": hospital})
            life = timedelta(hours=1)
            return await issue(settings.keys, role=role, hospital=hospital, subject="desk-1", life=life, now=now())

    url = f"{clinic.site.url}/api/v1/hospital/feedback"
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {asyncio.run(issued())}"}, timeout=30, verify=False)


def test_who_proved_a_link_writes_to_the_hospital_and_reads_the_answer_under_the_same_link(
    clinic: Clinic, visitor: Visitor
) -> None:
    path = clinic.notice()
    visitor.open(path)
    assert "feedback" not in visitor.text, "before proof nobody writes, no robot either"
    visitor.send("paper", last_six=ID_CARD[-6:])
    said = {"kind": "wrong-data", "text": "姓名写错了<b>，\r\n请改一下 http://x.example", "contact": "0575-8812345"}
    visitor.send("feedback", **said)
    assert "已收到您的反馈" in visitor.text
    with staff(clinic, Role.GUIDE) as desk:
        (item,) = desk.get("", params={"state": "open"}).json()["items"]
        assert (item["kind"], item["exam"]["accession"], item["by"]) == ("wrong-data", "CT1", "link")
        whole = desk.get(f"/{item['id']}").json()
        assert (whole["contact"], whole["patient"]) == ("0575-8812345", hinted_name(NAME))
        assert [each["text"] for each in whole["entries"]] == ["姓名写错了<b>，\n请改一下 http://x.example"]
        assert desk.post(f"/{item['id']}/take").json()["state"] == "handling"
        assert desk.post(f"/{item['id']}/answer", json={"text": "已更正，谢谢。"}).json()["state"] == "answered"
    visitor.open(path)
    assert "已回复" in visitor.text and "已更正，谢谢。" in visitor.text
    assert "姓名写错了&lt;b&gt;" in visitor.text
    with Visitor(clinic.site.url) as another:
        another.open(clinic.notice())
        another.send("paper", last_six=ID_CARD[-6:])
        assert "已更正" not in another.text, "who else knows the patient has a link of their own"
    with staff(clinic, Role.ADMIN, "demo2") as elsewhere:
        assert elsewhere.get("").json()["items"] == []
        foreign, unknown = elsewhere.get(f"/{item['id']}"), elsewhere.get("/1.2.3")
        assert (foreign.status_code, foreign.content) == (404, unknown.content)


def test_a_link_that_strangers_may_share_reads_and_writes_no_feedback(clinic: Clinic) -> None:
    async def token(kind: LinkKind) -> str:
        async with inside(clinic.site) as settings:
            epoch = sessions_epoch(settings.home)
            links = Links(settings.keys, epoch)
            opened = await links.find(await links.issue(kind, "demo", clinic.exam_id(), now=now()), now())
            epoch.close()
            life = timedelta(hours=1)
            return await issue(settings.keys, role=Role.LINK, hospital=None, subject=opened.id, life=life, now=now())

    said = {"hospital": "demo", "kind": "other", "text": "您好"}
    for kind, expected in ((LinkKind.DOWNLOAD, (403, 403)), (LinkKind.NOTICE, (200, 201))):
        headers = {"Authorization": f"Bearer {asyncio.run(token(kind))}"}
        with httpx.Client(base_url=f"{clinic.site.url}/api/v1", headers=headers, timeout=30, verify=False) as client:
            assert (client.get("/feedback").status_code, client.post("/feedback", json=said).status_code) == expected


def test_a_patient_writes_by_the_interface_and_the_same_again_is_the_same(clinic: Clinic, patient: Visitor) -> None:
    said = {"hospital": "demo", "exam": clinic.exam_id(), "page": "exam", "kind": "praise", "text": "医生很好"}

    def write(**other: Any) -> httpx.Response:
        headers = {"Origin": clinic.site.url, "Idempotency-Key": "once-1"}
        return patient.client.post("/api/v1/feedback", json={**said, **other}, headers=headers)

    first, again = write(), write()
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json() == {"id": first.json()["id"], "state": "received"}
    wrong = ({"text": " \u202e "}, {"text": "x" * 1001}, {"contact": "call me"}, {"page": "/s/secret"}, {"hospital": "nowhere"})
    assert [write(**each).status_code for each in wrong] == [422] * len(wrong)
    assert write(kind="other").status_code == 409, "another request with the same key"
    mr, nobodys = write(exam=clinic.exam_id("MR1")), write(exam="1.2.3")
    assert (mr.status_code, mr.content) == (404, nobodys.content)
    assert patient.client.post("/api/v1/feedback", json=said, headers={"Origin": "https://evil.example"}).status_code == 401
    feedback = f"/api/v1/feedback/{first.json()['id']}"
    (mine,) = patient.client.get("/api/v1/feedback").json()["items"]
    assert (mine["id"], mine["hospital"]["help_phone"], mine["entries"][0]["text"]) == (first.json()["id"], HELP, "医生很好")
    more = patient.client.post(f"{feedback}/entries", json={"text": "护士也是"}, headers={"Origin": clinic.site.url})
    assert (more.status_code, len(more.json()["entries"])) == (201, 2)
    with staff(clinic, Role.GUIDE) as desk:
        assert desk.post(f"/{first.json()['id']}/answer", json={"text": "谢谢。"}).status_code == 200
    assert patient.awaited(PHONE, "feedback-answered")["text"].endswith("已回复您的反馈，请在云胶片的“反馈”中查看。")
    assert patient.client.delete(feedback, headers={"Origin": clinic.site.url}).status_code == 204
    assert patient.client.get(feedback).json()["entries"] == []
    rows = clinic.rows("SELECT action, detail FROM audit_entry WHERE action LIKE 'feedback%' AND subject IS NOT NULL")
    assert {row["action"] for row in rows} >= {"feedback", "feedback-more", "feedback-withdrawn"}
    assert "医生很好" not in json.dumps(rows, ensure_ascii=False)


def test_a_corrected_report_shows_what_changed_and_what_its_words_mean(clinic: Clinic, visitor: Visitor) -> None:
    at = (now() - timedelta(days=1)).isoformat()
    clinic.put("/exams/CT2", patient_id="1CT1", item="胸部CT复查", category="radiology", performed_at=at)
    clinic.put("/exams/CT2/report", status="final", findings="右肺上叶见磨玻璃结节。未见骨折。", impression="<b>随访")
    clinic.put("/exams/CT2/report", status="corrected", findings="左肺上叶见磨玻璃结节。未见骨折。", impression="<b>随访")
    visitor.open(clinic.notice("CT2"))
    visitor.send("paper", last_six=ID_CARD[-6:])
    assert "<del>右肺" in visitor.text and "<ins>左肺" in visitor.text
    assert "<dt>磨玻璃结节</dt>" in visitor.text and "仅供参考" in visitor.text
    assert "<dt>骨折</dt>" not in visitor.text, "what is denied is not explained"
    assert "<b>" not in visitor.text


# -- another public address, and a kill; last, since it starts the server anew


def test_what_is_printed_survives_a_new_public_address_and_a_kill_in_the_middle_of_a_re_issue(
    clinic: Clinic, tmp_path: Path
) -> None:
    site, printed = clinic.site, clinic.access()
    with ThreadPoolExecutor(4) as many:
        for _ in range(4):
            many.submit(_reissue, clinic)
        site.kill()
    site.set(PUBLIC_URL=NEW, FORMER_URLS=site.url)
    site.start()
    access = clinic.access()
    assert access["url"].startswith(NEW)
    good = clinic.rows("SELECT id FROM link WHERE subject = ? AND kind = 'exam' AND revoked_at IS NULL", clinic.exam_id())
    assert len(good) == 1
    path = access["url"].removeprefix(NEW)
    if access["generation"] == printed["generation"]:
        assert printed["url"].removeprefix(site.url) == path, "the same token at another address"
    moved = httpx.get(site.url + path, timeout=60)
    assert (moved.status_code, moved.headers["location"]) == (308, access["url"])
    assert httpx.get(site.url + path, headers={"Host": "cloud.example.net"}, timeout=60).status_code == 200
    keys = tmp_path / "keys.json"
    keys.write_bytes(httpx.get(f"{site.url}/.well-known/cloudfilm-qr-keys.json", timeout=60).content)
    assert [checked(keys, each["text"]).returncode for each in (printed, access)] == [0, 0]


def _reissue(clinic: Clinic) -> None:
    try:
        clinic.client.post("/api/v1/hospital/exams/CT1/access", json={})
    except httpx.TransportError:
        return
