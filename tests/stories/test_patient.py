"""A patient logs in with a code, proves which records are theirs, and finds the exams of two hospitals; a stranger nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import httpx
import pydicom
import pytest
from pydicom.data import get_testdata_file

from core.clock import now
from tests.parts.installation import Installation
from tests.parts.phone import Phone

ID_CARD = "11010519491231002X"  # the sample of GB 11643
NAME = "阿依古丽·买买提"
PHONE, STRANGER, KIN, DAUGHTER = "13800138001", "13800138002", "13800138003", "13800138004"
MOTHER = "13800138005"


class Clinic:
    """A hospital's systems: every word must be taken."""

    def __init__(self, site: Installation, hospital: str, role: str = "hospital") -> None:
        self.url = f"{site.url}/api/v1/hospital"
        self.headers = {"Authorization": f"Bearer {site.token(role, hospital)}"}

    def says(self, method: str, path: str, **said: object) -> None:
        answer = httpx.request(method, self.url + path, json=said, headers=self.headers, timeout=30)
        assert answer.status_code in (200, 201), answer.text

    def patient(self, number: str, name: str, *, phone: str | None = None, **identifiers: str) -> None:
        papers = [{"kind": kind, "value": value} for kind, value in identifiers.items()]
        self.says("PUT", f"/patients/{number}", name=name, phones=[phone] if phone else [], identifiers=papers)

    def exam(self, accession: str, patient: str, item: str, *, days: int = 1, **said: object) -> None:
        at = (now() - timedelta(days=days)).isoformat()
        fields = {"category": "radiology", "performed_at": at, **said}
        self.says("PUT", f"/exams/{accession}", patient_id=patient, item=item, **fields)

    def report(self, accession: str, status: str, **said: object) -> None:
        self.says("PUT", f"/exams/{accession}/report", status=status, **said)


def ct() -> bytes:
    return Path(str(get_testdata_file("CT_small.dcm"))).read_bytes()


STUDY = str(pydicom.dcmread(BytesIO(ct())).StudyInstanceUID)
OTHER_STUDY = str(pydicom.dcmread(str(get_testdata_file("MR_small.dcm"))).StudyInstanceUID)


def first_words(site: Installation) -> None:
    """Two hospitals know the patient under two numbers; one more patient is somebody else."""
    demo, demo2 = Clinic(site, "demo"), Clinic(site, "demo2")
    demo.patient("1CT1", NAME, phone=PHONE, id_card=ID_CARD)
    demo2.patient("Z-9", "阿依古丽•买买提", phone=PHONE, id_card=ID_CARD)
    demo.patient("4MR1", "李四", phone="13800138009", visit_card="V2")
    demo.exam("CT1", "1CT1", "胸部CT平扫", body_part="胸部", study_uids=[STUDY])
    demo.exam("LAB1", "1CT1", "HIV抗体检测", category="lab")
    demo.exam("DX1", "1CT1", "胸片", digital_service=False)
    demo2.exam("US1", "Z-9", "甲状腺超声", category="ultrasound", days=400)
    demo.exam("MR1", "4MR1", "头颅MR", study_uids=[OTHER_STUDY])
    demo.report("CT1", "final", findings="右肺上叶见磨玻璃结节。", impression="右肺结节，建议随访。", reporting_doctor="王医生")
    demo2.report("US1", "preliminary", findings="未见结节。")


@contextmanager
def two_hospitals(home: Path, **settings: str) -> Iterator[Installation]:
    """Running, and told of all that these stories are about."""
    with Installation(home, WORKERS=1, INGEST_CHILDREN=1, **settings) as installation:
        for code in ("demo", "demo2"):
            assert installation.command("hospital", code, "--name", code).returncode == 0
        headers = {"Authorization": f"Bearer {installation.token()}", "Content-Type": "application/dicom"}
        for file in (ct(), Path(str(get_testdata_file("MR_small.dcm"))).read_bytes()):
            sent = httpx.post(f"{installation.url}/dicom-web/studies", content=file, headers=headers, timeout=30)
            assert sent.status_code == 200, sent.text
        first_words(installation)
        yield installation


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with two_hospitals(tmp_path_factory.mktemp("patient")) as installation:
        yield installation


@pytest.fixture(scope="module")
def patient(site: Installation) -> Iterator[Phone]:
    """Logged in, and bound at both hospitals."""
    with Phone(site.url, PHONE) as phone:
        phone.log_in()
        assert phone.exams() == [], "a phone that the hospital knows shows nothing by itself"
        for hospital in ("demo", "demo2"):
            bound = phone.bind(hospital, "id_card", ID_CARD, NAME)
            assert bound.status_code == 201, bound.text
            assert bound.json()["masked_value"].endswith("002X")
        yield phone


@pytest.fixture(scope="module")
def stranger(site: Installation) -> Iterator[Phone]:
    with Phone(site.url, STRANGER) as phone:
        phone.log_in()
        yield phone


@pytest.fixture(scope="module")
def daughter(site: Installation) -> Iterator[Phone]:
    with Phone(site.url, DAUGHTER) as phone:
        phone.log_in()
        yield phone


@pytest.fixture
def kin(site: Installation) -> Iterator[Phone]:
    with Phone(site.url, KIN) as phone:
        phone.log_in()
        yield phone


def test_the_exams_of_two_hospitals_are_one_list_newest_first(patient: Phone) -> None:
    assert [each["item"] for each in patient.exams()] == ["胸部CT平扫", "甲状腺超声"]
    first = patient.exams()[0]
    assert first["hospital"] == {"code": "demo", "name": "demo"}
    assert (first["report"], first["studies"], first["images"]) == ({"status": "final"}, [STUDY], 1)


def test_what_was_declined_and_what_is_held_back_is_not_there(patient: Phone) -> None:
    assert patient.exams(q="HIV") == []
    assert patient.exams(q="胸片") == []


def test_a_preliminary_report_is_hidden_and_not_found_by_its_words(patient: Phone) -> None:
    thyroid = patient.exams(hospital="demo2")[0]
    assert (thyroid["report"], thyroid["state"]) == (None, "in_review")
    assert patient.get(f"/exams/{thyroid['id']}/report").status_code == 404
    assert [each["item"] for each in patient.exams(q="结节")] == ["胸部CT平扫"]


def test_filters_sorting_and_pages(patient: Phone) -> None:
    assert [each["item"] for each in patient.exams(category="ultrasound")] == ["甲状腺超声"]
    assert [each["item"] for each in patient.exams(sort="performed_at")] == ["甲状腺超声", "胸部CT平扫"]
    page = patient.get("/exams", limit=1).json()
    rest = patient.get("/exams", limit=1, cursor=page["next"]).json()
    assert [page["items"][0]["item"], rest["items"][0]["item"], rest["next"]] == ["胸部CT平扫", "甲状腺超声", None]
    year = (now() - timedelta(days=200)).date().isoformat()
    assert [each["item"] for each in patient.exams(to=year)] == ["甲状腺超声"]


@pytest.mark.parametrize(
    "bad", [{"sort": "record_id"}, {"limit": "0"}, {"limit": "101"}, {"from": "2026-02-30"}, {"colour": "red"}, {"cursor": "x"}]
)
def test_bad_questions_are_refused(patient: Phone, bad: dict[str, str]) -> None:
    assert patient.get("/exams", **bad).status_code in (400, 422)


def test_one_exam_and_its_report(patient: Phone) -> None:
    exam = patient.exams()[0]
    assert patient.get(f"/exams/{exam['id']}").json()["state"] == "reported"
    report = patient.get(f"/exams/{exam['id']}/report").json()
    assert (report["status"], report["impression"]) == ("final", "右肺结节，建议随访。")


def test_the_patient_sees_exactly_their_own_pictures(patient: Phone) -> None:
    found = patient.client.get("/dicom-web/studies").json()
    assert [each["0020000D"]["Value"] for each in found] == [[STUDY]]
    assert patient.client.get(f"/dicom-web/studies/{STUDY}/metadata").status_code == 200
    foreign = patient.client.get(f"/dicom-web/studies/{OTHER_STUDY}/metadata")
    unknown = patient.client.get("/dicom-web/studies/1.2.3/metadata")
    assert (foreign.status_code, foreign.content) == (404, unknown.content)


def test_who_looked_is_told(patient: Phone) -> None:
    exam = patient.exams()[0]
    patient.client.get(f"/dicom-web/studies/{STUDY}/metadata")
    patient.get(f"/exams/{exam['id']}/report")
    looks = patient.get(f"/exams/{exam['id']}/access-log").json()["items"]
    assert {"report", "metadata"} <= {each["what"] for each in looks}
    assert {each["who"] for each in looks} == {"self"}


def test_the_digital_service_is_opened_once_after_its_notice(patient: Phone, stranger: Phone) -> None:
    exam = patient.exams()[0]["id"]
    notice = patient.get(f"/exams/{exam}/notice").json()
    assert "自愿" in notice["text"]
    said = {"exam": exam, "way": "phone", "notice_version": notice["version"]}
    old = patient.client.post("/api/v1/me/activations", json={**said, "notice_version": "0"})
    assert old.status_code == 409, "a notice that no longer counts was not the one to agree to"
    with ThreadPoolExecutor(8) as many:
        answers = list(many.map(lambda _: patient.client.post("/api/v1/me/activations", json=said), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.content for answer in answers}) == 1
    assert [each["exam"] for each in patient.get("/me/activations").json()["items"]] == [exam]
    assert stranger.client.post("/api/v1/me/activations", json=said).status_code == 404


def test_a_stranger_sees_nothing_and_cannot_tell_what_there_is(patient: Phone, stranger: Phone) -> None:
    exam = patient.exams()[0]["id"]
    assert stranger.exams() == []
    assert stranger.client.get("/dicom-web/studies").json() == []
    for path in ("", "/report", "/access-log"):
        answers = [stranger.get(f"/exams/{each}{path}") for each in (exam, "0" * 36, "x")]
        assert [answer.status_code for answer in answers] == [404] * 3
        assert len({answer.content for answer in answers}) == 1
    assert stranger.client.get(f"/dicom-web/studies/{STUDY}/metadata").status_code == 404


def test_every_refused_binding_is_the_same_answer_in_the_same_time(stranger: Phone, patient: Phone) -> None:
    answers, seconds = [], []
    for hospital, value, name in (
        ("demo", ID_CARD, NAME),  # all right, but not this phone
        ("demo", ID_CARD, "某某"),
        ("demo", "110105194912310046", NAME),
        ("nowhere", ID_CARD, NAME),
    ):
        began = time.monotonic()
        answers.append(stranger.bind(hospital, "id_card", value, name))
        seconds.append(time.monotonic() - began)
    assert {(answer.status_code, answer.content) for answer in answers} == {(422, answers[0].content)}
    assert answers[0].json()["type"] == "binding-refused"
    assert min(seconds) >= 0.4, "none says by its time how far it came"
    assert stranger.exams() == []


def test_access_follows_a_release_a_merge_and_the_end_of_a_binding_at_once(site: Installation, kin: Phone) -> None:
    demo, admin = Clinic(site, "demo"), Clinic(site, "demo", "admin")
    demo.patient("N1", "王五之子", phone=KIN, visit_card="V77")
    demo.exam("N-1", "N1", "妊娠期超声", category="ultrasound")
    demo.patient("N2", "王五之子")
    demo.exam("N-2", "N2", "颅脑超声", category="ultrasound")
    bound = kin.bind("demo", "visit_card", "V77", "王五之子")
    assert kin.exams() == []
    Clinic(site, "demo", "clinician").says("POST", "/exams/N-1/release")
    assert {each["item"] for each in kin.exams()} == {"妊娠期超声"}
    admin.says("POST", "/patients/N2/merge", into="N1")
    assert {each["item"] for each in kin.exams()} == {"妊娠期超声", "颅脑超声"}
    admin.says("POST", "/patients/N2/unmerge")
    assert {each["item"] for each in kin.exams()} == {"妊娠期超声"}
    assert kin.client.delete(f"/api/v1/me/bindings/{bound.json()['id']}").status_code == 204
    assert kin.exams() == []


def test_a_daughter_sees_her_mothers_exams_once_the_mother_said_the_code(
    site: Installation, daughter: Phone, stranger: Phone
) -> None:
    demo = Clinic(site, "demo")
    demo.patient("M1", "王桂兰", phone=MOTHER, visit_card="A100")
    demo.exam("M-1", "M1", "腰椎MR")
    claim = {"hospital": "demo", "kind": "visit_card", "value": "A100", "name": "王桂兰", "relation": "parent"}
    asked = daughter.client.post("/api/v1/me/family", json=claim)
    wrong = daughter.client.post("/api/v1/me/family", json={**claim, "name": "某某"})
    assert (asked.status_code, wrong.status_code) == (202, 202)
    assert asked.json().keys() == wrong.json().keys()
    assert daughter.exams() == []
    with Phone(site.url, MOTHER) as mother:
        said = {"challenge": asked.json()["challenge"], "code": mother.awaited_code()}
    assert stranger.client.post("/api/v1/me/family/verify", json={**said, "code": "x"}).status_code == 401
    proxy = daughter.client.post("/api/v1/me/family/verify", json=said)
    assert proxy.status_code == 201, proxy.text
    assert [each["item"] for each in daughter.exams()] == ["腰椎MR"]
    assert [each["name"] for each in daughter.get("/me/family").json()["items"]] == ["王*兰"]
    assert daughter.client.delete(f"/api/v1/me/family/{proxy.json()['id']}").status_code == 204
    assert daughter.exams() == []


def test_an_account_that_is_given_up_ends_at_once_and_says_what_stays(daughter: Phone) -> None:
    copied = daughter.get("/me/export").json()
    assert [each["number"] for each in copied["phones"]] == [f"+86{DAUGHTER}"]
    gone = daughter.client.delete("/api/v1/me")
    assert "15年" in gone.json()["kept"]
    assert daughter.get("/me").status_code == 401


def test_an_operator_of_a_demo_gets_a_patients_token_by_the_phone(site: Installation, patient: Phone) -> None:
    printed = site.command("token", "--role", "patient", "--person", PHONE)
    headers = {"Authorization": f"Bearer {printed.stdout.strip()}"}
    me = httpx.get(f"{site.url}/api/v1/me", headers=headers, timeout=30)
    assert me.json()["id"] == patient.get("/me").json()["id"]


def test_no_number_or_name_is_in_the_logs(site: Installation, patient: Phone) -> None:
    patient.exams()
    logs = site.logged()
    for secret in (PHONE, ID_CARD, NAME, patient.tokens["access_token"], patient.tokens["refresh_token"]):
        assert secret not in logs
