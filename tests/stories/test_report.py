"""A report from its first words to its end: what the patient, the doctor and the check page on paper see at each step."""

from __future__ import annotations

import asyncio
import base64
import io
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pypdfium2  # type: ignore[import-untyped]
import pytest
from asn1crypto.x509 import Certificate  # type: ignore[import-untyped]
from PIL import Image
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from core.clock import now
from core.grants import Role
from core.uids import uuid7
from identity.models import Binding, Person
from identity.sessions import issue
from infra.database import close_database, open_database
from infra.settings import Settings, from_environ
from records.models import Hospital, PatientRecord, ReportPrint
from tests.parts.installation import Installation
from tests.parts.sealcheck import pdfsig, seal_of
from tests.records.pages import jpeg

NAME = "㛃䶮𬭎𫖯"
EXAM = {"patient_id": "P1", "category": "radiology", "modality": "CT", "item": "胸部平扫", "body_part": "胸部"}
AT = "2026-11-01T09:00:00+08:00"
FIRST = "右肺上叶见磨玻璃结节，大小约 6 mm×5 mm，未见骨折。"
SECOND = "左肺下叶见磨玻璃结节，大小约 6 mm×5 mm，未见骨折。"


@dataclass
class World:
    """A running cloudfilm with one patient of hospital demo."""

    installation: Installation
    tokens: dict[str, str] = field(default_factory=dict)

    def client(self, role: str = "hospital") -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.tokens[role]}", "Accept-Encoding": "identity"}
        return httpx.Client(base_url=f"{self.installation.url}/api/v1", headers=headers, timeout=60, verify=False)

    def exam(self, accession: str, **said: Any) -> str:
        """Our id of an exam that the hospital tells of now."""
        with self.client() as client:
            answer = client.put(f"/hospital/exams/{accession}", json={**EXAM, "performed_at": AT, **said})
            assert answer.status_code == 201, answer.text
            return str(answer.json()["id"])

    def say(self, accession: str, status: str, **said: Any) -> httpx.Response:
        with self.client() as client:
            return client.put(f"/hospital/exams/{accession}/report", json={"status": status, **said})

    def get(self, path: str, role: str = "patient", **headers: str) -> httpx.Response:
        with self.client(role) as client:
            return client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def pdf(self, exam: str, role: str = "patient") -> bytes:
        answer = self.get(f"/exams/{exam}/report.pdf", role)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf"), answer.text
        return answer.content


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with Installation(tmp_path_factory.mktemp("reports"), WORKERS=1, INGEST_CHILDREN=1) as installation:
        settings = from_environ({"CLOUDFILM_HOME": str(installation.home)})
        made = World(installation, asyncio.run(opened(settings, staff(settings))))
        with made.client() as client:
            said = {"name": NAME, "sex": "F", "birth_date": "1985-02-03"}
            assert client.put("/hospital/patients/P1", json=said).status_code == 201
        made.tokens["patient"] = asyncio.run(opened(settings, patient(settings)))
        yield made


async def opened(settings: Settings, work: Any) -> Any:
    await open_database(settings)
    try:
        return await work
    finally:
        await close_database()


async def staff(settings: Settings) -> dict[str, str]:
    """Tokens of hospital demo, and of a doctor elsewhere."""
    await Hospital.create(code="demo", name="示范人民医院", help_phone="0575-1234567")
    await Hospital.create(code="demo2", name="第二医院")
    roles = (Role.HOSPITAL, Role.CLINICIAN, Role.KIOSK, Role.AUDITOR, Role.ADMIN)
    tokens = {role.value: await token(settings, role, "demo") for role in roles}
    return {**tokens, "stranger": await token(settings, Role.CLINICIAN, "demo2")}


async def token(settings: Settings, role: Role, hospital: str | None, subject: str = "reports") -> str:
    life = timedelta(hours=1)
    return await issue(settings.keys, role=role, hospital=hospital, subject=subject, life=life, now=now())


async def patient(settings: Settings) -> str:
    """A token of the person who is P1."""
    person = await Person.create(id=uuid7(), created_at=now())
    record = await PatientRecord.get(hospital_id="demo", patient_id="P1")
    said: dict[str, Any] = {"kind": "id_card", "masked_value": "*", "factors": [], "proved_at": now()}
    said["live"] = f"{person.id}:{record.id}"
    await Binding.create(id=uuid7(), person_id=person.id, hospital_id="demo", record_id=record.id, **said)
    return await token(settings, Role.PATIENT, None, person.id)


def text_of(pdf: bytes) -> str:
    """All words on all pages, without the spaces in which extraction guesses."""
    document = pypdfium2.PdfDocument(pdf)
    return re.sub(r"\s", "", "".join(page.get_textpage().get_text_bounded() for page in document))


def code_of(pdf: bytes) -> str:
    """What the code on the first page says, read as a phone would."""
    picture = pypdfium2.PdfDocument(pdf)[0].render(scale=300 / 72).to_numpy()
    head = picture[: len(picture) // 4, picture.shape[1] * 2 // 3 :, :3]
    text, _, _ = cv2.QRCodeDetectorAruco().detectAndDecode(np.ascontiguousarray(head))
    return str(text)


def check_page(pdf: bytes) -> str:
    answer = httpx.get(code_of(pdf), timeout=60, verify=False)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_a_report_from_its_first_words_to_its_withdrawal(world: World) -> None:
    exam = world.exam("R1")
    page, paper = f"/exams/{exam}/report", f"/exams/{exam}/report.pdf"

    # Preliminary: hidden by this hospital's rules, and a doctor sees it, marked and without a code.
    assert world.say("R1", "preliminary", findings="右肺结节？").status_code == 201
    assert world.get(page).status_code == world.get(paper).status_code == 404
    assert world.get(page, "clinician").json()["status"] == "preliminary"
    draft = world.pdf(exam, "clinician")
    assert "临时报告" in text_of(draft) and code_of(draft) == ""

    # Final: the patient reads it, and nothing of the draft that was never shown.
    assert world.say("R1", "final", findings=FIRST, impression="1. 右肺结节。", reporting_doctor="李医生").status_code == 200
    shown = world.get(page).json()
    assert (shown["status"], shown["findings"], shown["changes"]) == ("final", FIRST, None)
    first = world.pdf(exam)
    assert all(words in text_of(first) for words in (NAME, "R1", "胸部平扫", "1.右肺结节。", "李医生", "第1页共1页"))
    checked = check_page(first)
    assert "报告有效" in checked and "示范人民医院" in checked and "2026年11月1日" in checked and "㛃**" in checked
    assert not any(secret in checked for secret in (NAME, "R1", "P1", "结节", "李医生", "胸部"))

    # Corrected: the newest is shown with what changed; the paper in hand is no longer good.
    assert world.say("R1", "corrected", findings=SECOND, impression="1. 左肺结节，建议复查。").status_code == 200
    shown = world.get(page).json()
    assert (shown["status"], shown["version"], shown["changes"]["from_version"]) == ("corrected", 3, 2)
    assert {"op": "removed", "text": "右肺上叶"} in shown["changes"]["findings"]
    assert {"op": "added", "text": "左肺下叶"} in shown["changes"]["findings"]
    second = world.pdf(exam)
    assert "更正报告" in text_of(second) and "更正后的报告" in text_of(second)
    assert "报告已更正" in check_page(first) and "报告有效" in check_page(second)
    assert world.get(f"{page}?version=2", "clinician").json()["findings"] == FIRST

    # Withdrawn: it says so, and not a word of it any more; no paper of it counts.
    assert world.say("R1", "withdrawn", findings=SECOND).status_code == 200
    shown = world.get(page).json()
    assert set(shown) == {"status", "version", "newest", "withdrawn_at", "help_phone"} and shown["status"] == "withdrawn"
    assert world.get(paper).status_code == world.get(paper, "kiosk").status_code == 404
    assert "报告已作废" in check_page(first) and "报告已作废" in check_page(second)
    versions = world.get(page, "clinician").json()["versions"]
    assert [each["status"] for each in versions] == ["preliminary", "final", "corrected", "withdrawn"]


def test_only_who_may_sees_which_version(world: World) -> None:
    exam = world.exam("R2")
    world.say("R2", "final", findings="肝囊肿")
    page = f"/exams/{exam}/report"
    assert world.get(f"{page}?version=1").status_code == 403
    assert world.get(page, "auditor").status_code == 400
    assert world.get(f"{page}?version=1", "auditor").json()["findings"] == "肝囊肿"
    assert world.get(f"{page}?version=2", "auditor").status_code == 404
    assert world.get(f"{page}?version=x", "auditor").status_code == 422
    hidden, unknown = world.get(page, "stranger"), world.get(f"/exams/{uuid7()}/report", "stranger")
    assert hidden.status_code == unknown.status_code == 404
    ours = re.compile(rb'"(request_id|instance)":"[^"]*",?')
    assert ours.sub(b"", hidden.content) == ours.sub(b"", unknown.content)


def test_what_did_not_change_is_not_sent_again(world: World) -> None:
    exam = world.exam("R3")
    world.say("R3", "final", findings="脂肪肝")
    for path in (f"/exams/{exam}/report", f"/exams/{exam}/report.pdf"):
        first, again = world.get(path), world.get(path)
        assert first.headers["etag"] == again.headers["etag"] and first.content == again.content
        assert world.get(path, if_none_match=first.headers["etag"]).status_code == 304
        assert first.headers["cache-control"] == "private, no-cache"
    assert world.get(f"/exams/{exam}/report.pdf", range="bytes=0-4").content == b"%PDF-"
    kiosk = world.get(f"/exams/{exam}/report.pdf", "kiosk")
    assert kiosk.headers["etag"] == first.headers["etag"]


def test_the_hospitals_seal_holds_for_every_byte_and_breaks_with_one(world: World) -> None:
    exam = world.exam("R4")
    world.say("R4", "final", findings="脂肪肝")
    pdf = world.pdf(exam)
    signature = PdfFileReader(io.BytesIO(pdf)).embedded_signatures[0]
    certificate = signature.signer_cert
    assert isinstance(certificate, Certificate) and "演示证书" in certificate.subject.human_friendly
    status = validate_pdf_signature(signature, ValidationContext(trust_roots=[certificate]))
    assert status.intact and status.valid and status.trusted and status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    broken = pdf.replace(b"/Lang", b"/Long", 1)
    assert broken != pdf
    changed = PdfFileReader(io.BytesIO(broken)).embedded_signatures[0]
    assert not validate_pdf_signature(changed, ValidationContext(trust_roots=[certificate])).intact


def test_the_seal_holds_for_tools_that_did_not_make_it_and_lies_where_it_is_drawn(world: World, tmp_path: Path) -> None:
    exam = world.exam("SEAL")
    world.say("SEAL", "final", findings="脂肪肝", impression="脂肪肝")
    pdf = world.pdf(exam)
    seal = seal_of(pdf)
    assert (seal.valid, seal.sub_filter, seal.no_change_allowed) == (True, "ETSI.CAdES.detached", True)
    assert re.fullmatch(rb"<[0-9a-fA-F]+>", seal.left_out), "nothing but the signature itself is left out"
    assert not seal_of(pdf.replace(b"/Lang", b"/Long", 1)).valid
    (tmp_path / "report.pdf").write_bytes(pdf)
    said = pdfsig(tmp_path / "report.pdf")
    assert said is None or all(each in said for each in ("Signature is Valid", "Total document signed", "演示证书"))
    field = PdfFileReader(io.BytesIO(pdf)).embedded_signatures[0].sig_field
    left, bottom, right, top = (round(float(side)) for side in field["/Rect"])
    page = pypdfium2.PdfDocument(pdf)[0]
    shown = page.render(scale=1).to_numpy()[:, :, :3].astype(int)  # BGR, a pixel for a point
    under = shown[round(page.get_height()) - top : round(page.get_height()) - bottom, left:right]
    red = (under[:, :, 2] - under[:, :, 0] > 80).mean()
    assert red > 0.05, "the field of the signature is the red seal"
    assert field["/TU"] == "医院电子签章"
    tree = PdfFileReader(io.BytesIO(pdf)).root["/StructTreeRoot"]["/ParentTree"]["/Nums"]
    pairs = dict(zip(list(tree)[::2], range(1, len(tree), 2), strict=True))
    assert tree[pairs[field["/StructParent"]]]["/S"] == "/Form", "a screen reader finds it as a field"


def test_a_paper_that_bears_another_patients_name_does_not_count(world: World) -> None:
    exam = world.exam("R5")
    world.say("R5", "final", findings="脂肪肝")
    paper = world.pdf(exam)
    assert "报告有效" in check_page(paper)
    with world.client("admin") as client:
        assert client.put("/hospital/patients/P9", json={"name": "李四"}).status_code == 201
        assert client.post("/hospital/exams/R5/rematch", json={"patient_id": "P9"}).status_code == 200
    assert "报告已作废" in check_page(paper) and "㛃" not in check_page(paper)
    assert world.get(f"/exams/{exam}/report").status_code == 404
    assert "报告有效" in check_page(world.pdf(exam, "clinician")) and "报告已作废" in check_page(paper)


def test_the_hospitals_own_pdf_goes_out_as_it_came(world: World) -> None:
    own = io.BytesIO()
    Image.new("RGB", (400, 600), "white").save(own, "PDF")
    exam = world.exam("R6", category="lab", modality="", item="血常规")
    sent = world.say("R6", "final", impression="见附件", pdf=base64.b64encode(own.getvalue()).decode())
    assert sent.status_code == 201, sent.text
    assert world.pdf(exam) == own.getvalue()
    assert world.get(f"/exams/{exam}/report").json()["own_pdf"]


def test_a_picture_stands_on_the_paper_and_can_be_had_alone(world: World) -> None:
    content = jpeg(7)
    exam = world.exam("R7", category="endoscopy", modality="ES", item="胃镜")
    world.say("R7", "final", findings="胃窦黏膜充血", impression="慢性胃炎", picture=base64.b64encode(content).decode())
    picture = world.get(f"/exams/{exam}/report/picture")
    assert (picture.content, picture.headers["content-type"]) == (content, "image/jpeg")
    pdf = world.pdf(exam)
    assert "内镜检查报告单" in text_of(pdf) and "镜下所见" in text_of(pdf) and "随报告提供的图像" in text_of(pdf)
    assert world.get(f"/exams/{world.exam('R8')}/report/picture").status_code == 404


@pytest.mark.parametrize("field", ["pdf", "picture"])
def test_files_that_do_more_than_show_pages_are_refused(world: World, field: str) -> None:
    world.exam(f"R9{field}")
    script = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\n"
    script += b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\n"
    script += b"trailer<</Root 1 0 R>>\n%%EOF\n"
    refused = world.say(f"R9{field}", "final", **{field: base64.b64encode(script).decode()})
    assert refused.status_code == 422 and field in refused.text


def test_words_are_explained_where_something_is_there_and_nowhere_else(world: World) -> None:
    exam = world.exam("R10")
    world.say("R10", "final", findings="右肺见磨玻璃结节，未见胸腔积液。", impression="肺癌待排，建议复查。脂肪肝。")
    answer = world.get(f"/exams/{exam}/report/terms").json()
    assert [each["term"] for each in answer["items"]] == ["磨玻璃结节", "脂肪肝"]
    assert answer["items"][1]["places"] == [{"in": "impression", "begin": 10, "end": 13}]
    assert "仅供参考" in answer["notice"]


def test_a_hospital_explains_a_word_in_its_own_words_and_gives_it_up_again(world: World) -> None:
    exam = world.exam("R11")
    world.say("R11", "final", findings="脂肪肝。本院简称。")
    terms, ours = f"/exams/{exam}/report/terms", "肝细胞里的脂肪比平常多。"
    with world.client("admin") as client:
        assert client.put("/admin/terms/脂肪肝", json={"meaning": "本院的说明。"}).status_code == 201
        assert client.put("/admin/terms/本院简称", json={"meaning": "只在本院用。"}).status_code == 201
        meanings = {each["term"]: each["meaning"] for each in world.get(terms).json()["items"]}
        assert meanings == {"脂肪肝": "本院的说明。", "本院简称": "只在本院用。"}
        listed = client.get("/admin/terms").json()["items"]
        assert {each["term"] for each in listed if each["own"]} == {"脂肪肝", "本院简称"}
        assert client.put("/admin/terms/脂肪肝", json={"meaning": ""}).status_code == 200
        assert [each["term"] for each in world.get(terms).json()["items"]] == ["本院简称"]
        assert client.delete("/admin/terms/脂肪肝").status_code == client.delete("/admin/terms/本院简称").status_code == 200
        assert client.delete("/admin/terms/脂肪肝").status_code == 404
    assert [each["meaning"] for each in world.get(terms).json()["items"]] == [ours]


def test_a_final_report_is_printed_before_anybody_asks(world: World) -> None:
    world.exam("R12")
    report = world.say("R12", "final", findings="脂肪肝").json()["id"]
    settings = from_environ({"CLOUDFILM_HOME": str(world.installation.home)})
    end = time.monotonic() + 60
    while not asyncio.run(opened(settings, printed(report))):
        assert time.monotonic() < end, "the worker has not printed it"
        time.sleep(0.3)


async def printed(report: str) -> bool:
    """True when its PDF is kept."""
    return await ReportPrint.filter(report_id=report).exists()
