"""What leaves for others' systems: a share opened by any health app, and third parties that hospital or patient let in."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
from cryptography.exceptions import InvalidTag
from dicomweb_client.api import DICOMwebClient
from fhir.resources.R4B.bundle import Bundle

from core.clock import now
from core.grants import Role
from identity.sessions import issue
from infra.database import close_database, open_database
from infra.settings import from_environ
from records.models import Hospital
from tests.parts.installation import Installation
from tests.parts.phone import Phone
from tests.parts.shl_receiver import Receiver, Refused, opened
from tests.stories.test_sharing import FINDINGS, ID_CARD, ITEMS, NAME, PHONE, say, shared, study_of

DOCTOR_IN_TEXT = "OUYANG"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Installation(tmp_path_factory.mktemp("passed-on") / "home", WORKERS=1, INGEST_CHILDREN=1) as installation:
        policies = ("--set", "share_without_passcode=true", "--set", "held_items=[]")
        assert installation.command("hospital", "demo", "--name", "省人民医院", *policies).returncode == 0
        say(installation, asyncio.run(token(installation, Role.HOSPITAL, "demo")))
        yield installation


@pytest.fixture(scope="module")
def patient(site: Installation) -> Iterator[Phone]:
    """Logged in, bound, and of the mind to share."""
    with Phone(site.url, PHONE) as phone:
        phone.log_in()
        assert phone.bind("demo", "id_card", ID_CARD, NAME).status_code == 201
        agree(phone, "remote-sharing")
        yield phone


@pytest.fixture(scope="module")
def exams(patient: Phone) -> dict[str, str]:
    """Accession → id of each exam."""
    by_item = {each["item"]: each["id"] for each in patient.exams()}
    return {accession: by_item[item] for accession, item in ITEMS.items()}


@pytest.fixture(scope="module")
def admin(site: Installation) -> Iterator[httpx.Client]:
    with as_bearer(site, asyncio.run(token(site, Role.ADMIN, "demo"))) as client:
        yield client


@pytest.fixture
def app(site: Installation) -> Iterator[httpx.Client]:
    """Somebody's health app: no account, no cookies of ours."""
    with httpx.Client(timeout=30) as client:
        yield client


async def token(site: Installation, role: Role, hospital: str) -> str:
    """Of a system or a member of staff, without the second that a command takes to start."""
    settings = from_environ({"CLOUDFILM_HOME": str(site.home)})
    await open_database(settings)
    try:
        await Hospital.get_or_create(code=hospital, defaults={"name": hospital})
        return await issue(settings.keys, role=role, hospital=hospital, subject=role, life=timedelta(hours=1), now=now())
    finally:
        await close_database()


def agree(phone: Phone, kind: str) -> None:
    offered = phone.get("/me/consents").json()["items"]
    terms = next(each for each in offered if each["kind"] == kind)
    agreed = phone.client.post("/api/v1/me/consents", json={"kind": kind, "version": terms["version"]})
    assert agreed.status_code == 201, agreed.text


def as_bearer(site: Installation, token: str) -> httpx.Client:
    return httpx.Client(base_url=site.url, headers={"Authorization": f"Bearer {token}"}, timeout=30)


def health_link(patient: Phone, share: dict[str, Any]) -> str:
    made = patient.client.post(f"/api/v1/shares/{share['id']}/shlink", json={})
    assert made.status_code == 201, made.text
    return str(made.json()["shlink"])


def of_kind(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]


def test_a_health_app_opens_a_share_end_to_end_until_it_is_stopped(
    site: Installation, patient: Phone, exams: dict[str, str], app: httpx.Client
) -> None:
    share = shared(patient, exams, "A1", "A2", mask=False, expires_in=3600)
    receiver = Receiver(health_link(patient, share), app)
    assert receiver.flags == "LP"
    assert not {NAME, ID_CARD, PHONE, "省人民医院"} & set(str(receiver.payload.values()))

    with pytest.raises(Refused) as missing:
        receiver.manifest()
    with pytest.raises(Refused) as wrong:
        receiver.manifest("000001")
    assert [(each.value.status, each.value.said) for each in (missing, wrong)] == [
        (401, {"remainingAttempts": 5}),
        (401, {"remainingAttempts": 4}),
    ]

    manifest = receiver.manifest(share["passcode_digits"], vendor="ignored, as the specification says")
    assert [each["contentType"] for each in manifest["files"]] == ["application/fhir+json", "application/smart-api-access"]
    assert all("embedded" in each for each in manifest["files"])
    bundle, access = (each.document for each in receiver.files(manifest))
    Bundle.model_validate(bundle)
    assert [each["name"][0]["text"] for each in of_kind(bundle, "Patient")] == [NAME]
    assert [each["code"]["text"] for each in of_kind(bundle, "DiagnosticReport")] == [ITEMS["A1"], ITEMS["A2"]]
    assert FINDINGS in of_kind(bundle, "DiagnosticReport")[0]["text"]["div"]
    uids = [each["identifier"][0]["value"].removeprefix("urn:oid:") for each in of_kind(bundle, "ImagingStudy")]
    assert uids == [study_of("A1"), study_of("A2")]
    (endpoint,) = of_kind(bundle, "Endpoint")
    assert endpoint["address"] == access["aud"]

    pictures = DICOMwebClient(access["aud"], headers={"Authorization": f"{access['token_type']} {access['access_token']}"})
    assert [str(each.PatientName) for each in pictures.retrieve_study(uids[0])] == ["OUYANG^YINGXUE"]
    foreign = f"{access['aud']}/studies/{study_of('A4')}/metadata"
    assert app.get(foreign, headers={"Authorization": f"Bearer {access['access_token']}"}).status_code == 404

    located = receiver.manifest(share["passcode_digits"], embeddedLengthMax=0)
    assert all("location" in each for each in located["files"])
    assert [each.content_type for each in receiver.files(located)] == [each["contentType"] for each in located["files"]]
    forged = located["files"][0]["location"][:-1] + "!"
    with pytest.raises(Refused, match="404"):
        receiver.fetched(forged)

    visits = patient.get(f"/shares/{share['id']}/visits").json()["items"]
    assert [each["what"] for each in visits] == ["opened", "opened", "wrong-passcode"], "one and the same share"
    assert visits[0]["said"]["hospital"] == receiver.recipient

    assert patient.client.delete(f"/api/v1/shares/{share['id']}").status_code == 204
    for ask in (lambda: receiver.manifest(share["passcode_digits"]), lambda: receiver.files(located)):
        with pytest.raises(Refused) as over:
            ask()
        assert over.value.status == 404
    assert app.get(f"{access['aud']}/studies", headers={"Authorization": f"Bearer {access['access_token']}"}).status_code == 401
    assert patient.client.post(f"/api/v1/shares/{share['id']}/shlink", json={}).status_code == 404

    secret = receiver.payload["url"].rpartition("/")[2]
    logged = site.logged()
    assert "/api/v1/shl/" in logged and secret not in logged and access["access_token"] not in logged


def test_under_a_mask_neither_the_bundle_nor_the_pictures_tell_who_it_is(
    patient: Phone, exams: dict[str, str], app: httpx.Client
) -> None:
    share = shared(patient, exams, "A1")
    receiver = Receiver(health_link(patient, share), app)
    bundle, access = receiver.files(receiver.manifest(share["passcode_digits"]))
    said = bundle.content.decode()
    for private in (NAME, NAME[2:], ID_CARD, PHONE, "12-31", study_of("A1"), exams["A1"], 'P1"'):
        assert private not in said, private
    (known,) = of_kind(bundle.document, "Patient")
    assert (known["name"][0]["text"], known["gender"], known["birthDate"]) == ("欧阳**", "female", "1949")
    (study,) = of_kind(bundle.document, "ImagingStudy")
    uid = study["identifier"][0]["value"].removeprefix("urn:oid:")
    assert uid.startswith("2.25.") and access.document["query"] == [f"studies/{uid}"]
    headers = {"Authorization": f"Bearer {access.document['access_token']}"}
    (image,) = DICOMwebClient(access.document["aud"], headers=headers).retrieve_study(uid)
    assert "OUYANG" not in str(image) and image.SeriesInstanceUID == study["series"][0]["uid"]


def test_wrong_passcodes_count_for_the_share_whichever_way_they_come(
    site: Installation, patient: Phone, exams: dict[str, str], app: httpx.Client
) -> None:
    share = shared(patient, exams, "A1")
    receiver = Receiver(health_link(patient, share), app)
    for _ in range(2):
        said = {"token": str(share["url"]).rpartition("/")[2], "passcode": "000001"}
        assert app.post(f"{site.url}/api/v1/shares/open", json=said).status_code == 401
    with ThreadPoolExecutor(8) as many:
        answers = list(
            many.map(lambda _: app.post(receiver.payload["url"], json={"recipient": "x", "passcode": "000001"}), range(8))
        )
    evaluated = sorted(each.json()["remainingAttempts"] for each in answers if each.status_code == 401)
    assert set(evaluated) <= {0, 1, 2} and evaluated.count(1) <= 1 and evaluated.count(2) <= 1
    with pytest.raises(Refused) as dead:
        receiver.manifest(share["passcode_digits"])
    assert dead.value.status == 404
    assert patient.get(f"/shares/{share['id']}").json()["wrong_passcodes"] == 5


def test_a_newer_health_link_takes_the_place_of_the_one_before_and_its_key_opens_nothing_else(
    patient: Phone, exams: dict[str, str], app: httpx.Client
) -> None:
    share = shared(patient, exams, "A1", max_opens=3, pinned=True)
    first, second = (Receiver(health_link(patient, share), app) for _ in range(2))
    assert second.flags == "P", "what is pinned does not change"
    with pytest.raises(Refused) as replaced:
        first.manifest(share["passcode_digits"])
    assert replaced.value.status == 404
    manifest = second.manifest(share["passcode_digits"])
    key = base64.urlsafe_b64decode(first.payload["key"] + "=")
    with pytest.raises(InvalidTag):
        opened(manifest["files"][0]["embedded"], key)
    assert patient.get(f"/shares/{share['id']}").json()["opens"] == 1


def test_an_unknown_health_link_looks_like_one_that_is_over(site: Installation, app: httpx.Client) -> None:
    said = {"recipient": "x", "passcode": "123456"}
    for secret in ("x" * 43, "x", "%E4%BD%A0" * 3):
        assert app.post(f"{site.url}/api/v1/shl/{secret}", json=said).status_code == 404
    assert app.post(f"{site.url}/api/v1/shl/{'x' * 43}", content=b"no json").status_code == 400
    assert app.post(f"{site.url}/api/v1/shl/{'x' * 43}", json={}).status_code == 422
    assert app.get(f"{site.url}/api/v1/shl/{'x' * 43}/bundle/1.2.3").status_code == 404


class ThirdParty:
    """An insurer's or a researcher's system, which has only its id and its secret."""

    def __init__(self, site: Installation, admin: httpx.Client, *purposes: str) -> None:
        self.site = site
        made = admin.post("/api/v1/hospital/third-parties", json={"name": "某保险公司", "purposes": purposes})
        assert made.status_code == 201, made.text
        self.id, self.secret = made.json()["client_id"], made.json()["client_secret"]

    def asks(self, scope: str, secret: str | None = None, **form: str) -> httpx.Response:
        said = {"grant_type": "client_credentials", "scope": scope, **form}
        basic = httpx.BasicAuth(self.id, self.secret if secret is None else secret)
        return httpx.post(f"{self.site.url}/api/v1/oauth/token", data=said, auth=basic, timeout=30)

    def client(self, scope: str) -> httpx.Client:
        answer = self.asks(scope)
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"
        assert (answer.json()["token_type"], answer.json()["scope"]) == ("Bearer", scope)
        return as_bearer(self.site, answer.json()["access_token"])


def authorise(patient: Phone, who: ThirdParty, purpose: str, *ids: str, **more: object) -> httpx.Response:
    said = {"third_party": who.id, "purpose": purpose, "exams": ids, "expires_in": 3600, **more}
    return patient.client.post("/api/v1/me/authorisations", json=said)


def test_an_insurer_fetches_what_the_patient_allowed_until_it_is_taken_back_and_the_patient_sees_it(
    site: Installation, patient: Phone, exams: dict[str, str], admin: httpx.Client
) -> None:
    insurer = ThirdParty(site, admin, "insurance", "ai")
    near = patient.get("/me/authorisations").json()["third_parties"]
    assert insurer.id in [each["id"] for each in near]
    with insurer.client("insurance") as client:
        assert client.get("/api/v1/third-party/exams").json()["items"] == []
        assert client.get(f"/dicom-web/studies/{study_of('A1')}/metadata").status_code == 404
        given = authorise(patient, insurer, "insurance", exams["A1"])
        assert given.status_code == 201, given.text
        (item,) = client.get("/api/v1/third-party/exams").json()["items"]
        assert (item["authorisation"], item["studies"], item["masked"]) == (given.json()["id"], [study_of("A1")], False)
        assert client.get(f"/dicom-web/studies/{study_of('A1')}/metadata").status_code == 200
        assert client.get(f"/dicom-web/studies/{study_of('A2')}/metadata").status_code == 404
        assert client.get(f"/api/v1/exams/{exams['A1']}/report").status_code == 403
        assert client.get(f"/api/v1/third-party/exams/{item['id']}/report").json()["findings"] == FINDINGS
        assert client.get(f"/api/v1/third-party/exams/{exams['A2']}/report").status_code == 404

        seen = next(
            each for each in patient.get(f"/exams/{exams['A1']}/access-log").json()["items"] if each["role"] == "third-party"
        )
        assert (seen["who"], seen["name"], seen["purpose"], seen["via"]) == (
            "third party",
            "某保险公司",
            "insurance",
            "authorisation",
        )
        with as_bearer(site, asyncio.run(token(site, Role.AUDITOR, "demo"))) as auditor:
            found = auditor.get("/api/v1/audit", params={"role": "third-party", "action": "read"}).json()["items"]
        read = next(each for each in found if each["study_uid"] == study_of("A1"))
        assert (read["subject"], read["detail"]) == (f"{insurer.id}:insurance", {"authorisation": given.json()["id"]})

        (mine,) = patient.get("/me/authorisations").json()["items"]
        assert (mine["third_party"]["name"], mine["exams"], mine["by"]) == ("某保险公司", [exams["A1"]], "patient")
        assert patient.client.delete(f"/api/v1/me/authorisations/{mine['id']}").status_code == 204
        assert client.get(f"/dicom-web/studies/{study_of('A1')}/metadata").status_code == 404, "at the next request"
        assert patient.get("/me/authorisations").json()["items"] == []


def test_research_and_ai_get_pictures_only_under_a_mask(
    site: Installation, patient: Phone, exams: dict[str, str], admin: httpx.Client
) -> None:
    lab = ThirdParty(site, admin, "research", "ai")
    refused = authorise(patient, lab, "research", exams["A1"])
    assert (refused.status_code, refused.json()["consent"]) == (409, "research")
    assert authorise(patient, lab, "insurance", exams["A1"]).status_code == 409
    agree(patient, "research")
    for purpose in ("research", "ai"):
        assert authorise(patient, lab, purpose, exams["A1"]).status_code == 201
        with lab.client(purpose) as client:
            (item,) = client.get("/api/v1/third-party/exams").json()["items"]
            assert item["masked"] and NAME not in json.dumps(item, ensure_ascii=False)
            (uid,) = item["studies"]
            assert uid != study_of("A1") and client.get(f"/dicom-web/studies/{study_of('A1')}/metadata").status_code == 404
            found = client.get(f"/dicom-web/studies/{uid}/metadata")
            assert found.status_code == 200 and DOCTOR_IN_TEXT not in found.text
            assert item["id"] not in exams.values()
            read = client.get(f"/api/v1/third-party/exams/{item['id']}/report").json()
            assert FINDINGS in read["findings"] and NAME not in read["findings"]
            assert client.get(f"/api/v1/third-party/exams/{exams['A1']}/report").status_code == 404
    with lab.client("research") as client:
        assert client.get("/dicom-web/studies").json()
        assert patient.client.delete("/api/v1/me/consents/research").status_code == 204
        assert client.get("/api/v1/third-party/exams").json()["items"] == []
        assert client.get("/dicom-web/studies").status_code == 204 or client.get("/dicom-web/studies").json() == []


def test_a_hospital_authorises_treatment_and_can_end_all_of_it(
    site: Installation, patient: Phone, exams: dict[str, str], admin: httpx.Client
) -> None:
    clinic = ThirdParty(site, admin, "treatment", "insurance")
    path = f"/api/v1/hospital/third-parties/{clinic.id}"
    for said, status in (
        ({"expires_in": 3600, "purpose": "insurance", "patient_id": "P1"}, 409),
        ({"expires_in": 3600}, 422),
        ({"expires_in": 3600, "patient_id": "P1", "exams": [{"accession": "A1"}]}, 422),
        ({"expires_in": 1, "patient_id": "P1"}, 422),
        ({"expires_in": 3600, "patient_id": "nobody"}, 404),
        ({"expires_in": 3600, "exams": [{"accession": "nothing"}]}, 404),
        ({"expires_in": 3600, "exams": [{"accession": "A1"}]}, 201),
        ({"expires_in": 3600, "patient_id": "P1"}, 201),
    ):
        answer = admin.post(f"{path}/authorisations", json=said)
        assert answer.status_code == status, (said, answer.text)
    with clinic.client("treatment") as client:
        found = {uid for item in client.get("/api/v1/third-party/exams").json()["items"] for uid in item["studies"]}
        assert found == {study_of(each) for each in ("A1", "A2", "A4", "A5")}, "all but the sensitive one"
        mine = [each for each in patient.get("/me/authorisations").json()["items"] if each["by"] == "hospital"]
        assert sorted(each["exams"] or [] for each in mine) == [[], [exams["A1"]]]
        assert patient.client.delete(f"/api/v1/me/authorisations/{mine[0]['id']}").status_code == 404
        (whole,) = [each for each in admin.get(f"{path}/authorisations").json()["items"] if each["exams"] is None]
        with as_bearer(site, asyncio.run(token(site, Role.ADMIN, "demo2"))) as other:
            assert other.delete(f"{path}/authorisations/{whole['id']}").status_code == 404
            assert other.delete(path).status_code == 404
        assert admin.delete(f"{path}/authorisations/{whole['id']}").status_code == 204
        assert len(client.get("/api/v1/third-party/exams").json()["items"]) == 1
        assert admin.delete(path).status_code == 204
        assert client.get("/api/v1/third-party/exams").status_code == 401
    assert clinic.asks("treatment").status_code == 401


def test_a_token_is_given_as_oauth_says_or_refused_in_its_words(site: Installation, admin: httpx.Client) -> None:
    who = ThirdParty(site, admin, "treatment")
    assert who.asks("").json()["scope"] == "treatment", "its only purpose need not be named"
    for answer, status, error in (
        (who.asks("treatment", "wrong"), 401, "invalid_client"),
        (who.asks("ai"), 400, "invalid_scope"),
        (who.asks("treatment ai"), 400, "invalid_scope"),
        (who.asks("treatment", grant_type="password"), 400, "unsupported_grant_type"),
        (httpx.post(f"{site.url}/api/v1/oauth/token", json={}, timeout=30), 400, "invalid_request"),
    ):
        assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text
    assert who.asks("", "wrong").headers["www-authenticate"].startswith("Basic")
    renewed = admin.post(f"/api/v1/hospital/third-parties/{who.id}/secret", json={}).json()["client_secret"]
    assert who.asks("treatment").status_code == 401
    assert who.asks("treatment", renewed).status_code == 200
    assert who.secret not in admin.get("/api/v1/hospital/third-parties").text
