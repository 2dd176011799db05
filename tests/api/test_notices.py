"""From a report over HTTP to the message on the demo's page, and what the hospital sees and decides about it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from core.clock import now
from tests.parts.phone import Phone
from tests.parts.site import Site

PHONE, DUTY = "13800138777", "13900139777"
PATIENCE_SECONDS = 90.0
API = "/api/v1/hospital"


@pytest.fixture(scope="module")
def hospital(site: Site) -> Iterator[httpx.Client]:
    """The hospital's systems, with a patient of their own."""
    with site.client() as client:
        said = {"name": "赵六", "phones": [PHONE], "identifiers": [{"kind": "outpatient", "value": "NOTICED-CARD"}]}
        assert client.put(f"{API}/patients/NOTICED", json=said).status_code in (200, 201)
        yield client


@pytest.fixture(scope="module")
def admin(site: Site) -> Iterator[httpx.Client]:
    with site.client("admin") as client:
        yield client


def say_report(client: httpx.Client, accession: str, **more: object) -> None:
    exam = {"patient_id": "NOTICED", "category": "lab", "performed_at": now().isoformat(), "item": "血常规"}
    assert client.put(f"{API}/exams/{accession}", json=exam).status_code in (200, 201)
    said = {"status": "final", "findings": accession, "verified_at": now().isoformat(), **more}
    assert client.put(f"{API}/exams/{accession}/report", json=said).status_code in (200, 201)


def messages(client: httpx.Client, to: str, kind: str, count: int) -> list[dict[str, Any]]:
    """At least so many messages of that kind to that phone; waits for the worker."""
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        page = client.get("/demo/messages", headers={"Accept": "application/json"}).json()
        found = [each for each in page["items"] if each["to"].endswith(to) and each["kind"] == kind]
        if len(found) >= count or time.monotonic() > end:
            return found
        time.sleep(0.1)


def test_a_final_report_becomes_one_message_that_the_hospital_sees_and_may_send_again(
    hospital: httpx.Client, admin: httpx.Client, site: Site
) -> None:
    say_report(hospital, "NOTICED-1")
    (message,) = messages(hospital, PHONE, "report-ready", 1)
    assert message["url"] in message["text"]
    page = httpx.get(message["url"], timeout=30)
    assert page.status_code == 200 and "赵六" not in page.text, "the link asks for proof first"
    for secret in ("赵六", "血常规", "NOTICED", PHONE):
        assert secret not in message["text"]
    sent = hospital.get(f"{API}/notices", params={"state": "sent", "kind": "report-ready"}).json()["items"]
    notice = hospital.get(f"{API}/notices/{sent[0]['id']}").json()
    assert [step["state"] for step in notice["history"]] == ["waiting", "sent"]
    assert PHONE not in str(notice) and "赵六" not in str(notice)
    counted = hospital.get(f"{API}/notices/counts").json()["items"]
    assert sum(each["count"] for each in counted if (each["state"], each["kind"]) == ("sent", "report-ready")) >= 1
    with site.client("admin", "demo2") as foreign:
        unknown = foreign.post(f"{API}/notices/unknown/again")
        assert foreign.post(f"{API}/notices/{notice['id']}/again").content == unknown.content
        assert unknown.status_code == 404
    assert admin.post(f"{API}/notices/{notice['id']}/again").status_code == 201
    assert len({each["url"] for each in messages(hospital, PHONE, "report-ready", 2)}) == 2
    assert admin.post(f"{API}/notices/{notice['id']}/outcome", json={"sent": True}).status_code == 409


def test_a_critical_value_reaches_the_staff_and_reading_acknowledges_nothing(
    hospital: httpx.Client, admin: httpx.Client, site: Site
) -> None:
    contact = {"label": "值班", "level": 1, "phone": DUTY}
    assert admin.put(f"{API}/contacts", json={"contacts": [{**contact, "phone": "12"}]}).status_code == 422
    shown = admin.put(f"{API}/contacts", json={"contacts": [contact]}).json()["items"]
    assert [each["phone"] for each in shown] == ["139****9777"]
    say_report(hospital, "NOTICED-2", critical=True)
    (message,) = messages(hospital, DUTY, "critical-value", 1)
    with site.client("clinician") as doctor:
        (open_one,) = doctor.get(f"{API}/reminders", params={"open": "true"}).json()["items"]
        assert open_one["number"] in message["text"]
        assert doctor.get(f"{API}/reminders/{open_one['id']}").json()["acknowledged_at"] is None
        assert doctor.post(f"{API}/reminders/{open_one['id']}/acknowledge").json()["acknowledged_at"]
        assert doctor.get(f"{API}/reminders", params={"open": "true"}).json()["items"] == []
        asked = {"kind": "extra-images", "accession": "NOTICED-2", "key": "once"}
        first, second = (doctor.post(f"{API}/reminders", json=asked).json()["id"] for _ in range(2))
        assert first == second
    assert len(messages(hospital, DUTY, "extra-images", 1)) == 1


def test_rules_and_templates_are_checked_when_they_are_saved(admin: httpx.Client) -> None:
    own = str(admin.base_url).rstrip("/")
    good = {"code": "SMS_1", "text": f"您在${{hospital}}的检查报告已完成，点击 {own}/s/${{code}} 查看。"}
    place = f"{API}/notices/templates/aliyun/report-ready"
    saved = admin.put(place, json=good).json()
    assert (saved["parts"], saved["names"]) == (2, {"hospital": "hospital", "code": "code"})
    refused = admin.put(place, json={**good, "text": "点击${url}"})
    assert (refused.status_code, refused.json()["detail"].split(":")[0]) == (422, "text")
    elsewhere = admin.put(place, json={**good, "text": good["text"].replace(own, "https://film.example.com")})
    assert (elsewhere.status_code, "CLOUDFILM_PUBLIC_URL" in elsewhere.json()["detail"]) == (422, True)
    assert [each["code"] for each in admin.get(f"{API}/notices/templates").json()["items"]] == ["SMS_1"]
    assert admin.delete(place).status_code == 204
    for bad in ({"quiet_from": "25:00"}, {"quiet_from": "22:00"}, {"images_minutes": -1}, {"colour": 1}, {"most_an_hour": "x"}):
        assert admin.put(f"{API}/notices/rules", json=bad).status_code == 422, bad
    quiet = admin.put(f"{API}/notices/rules", json={"quiet_from": "22:00", "quiet_to": "07:00"}).json()
    assert (quiet["quiet_from"], quiet["images_expected"]) == ("22:00", ["radiology"])
    assert admin.put(f"{API}/notices/rules", json={"quiet_from": "", "quiet_to": ""}).json()["quiet_to"] == ""


def test_who_opts_out_gets_no_message_and_the_notice_says_why(hospital: httpx.Client) -> None:
    hospital.put(f"{API}/patients/NOTICED-OUT", json={"name": "钱七", "phones": ["13800138778"]})
    assert hospital.put(f"{API}/notices/opt-outs/NOTICED-OUT").json() == {"opted_out": True}
    exam = {"patient_id": "NOTICED-OUT", "category": "lab", "performed_at": now().isoformat()}
    hospital.put(f"{API}/exams/NOTICED-3", json=exam)
    hospital.put(f"{API}/exams/NOTICED-3/report", json={"status": "final"})
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        found = hospital.get(f"{API}/notices", params={"state": "suppressed"}).json()["items"]
        if any(each["reason"] == "opted-out" for each in found):
            break
        time.sleep(0.1)
    assert "opted-out" in {each["reason"] for each in found}
    assert hospital.delete(f"{API}/notices/opt-outs/NOTICED-OUT").status_code == 204
    assert hospital.get(f"{API}/notices/opt-outs/NOTICED-OUT").json() == {"opted_out": False, "off": []}


def test_a_patient_turns_kinds_and_ways_off_and_the_hospital_sees_it(hospital: httpx.Client, site: Site) -> None:
    seen = f"{API}/notices/opt-outs/NOTICED"
    with Phone(site.installation.url, PHONE) as phone:
        phone.log_in()
        assert phone.get("/me/notices").json()["items"] == []
        nobodys = phone.client.put("/api/v1/me/notices", json={"hospital": "demo", "off": []})
        assert nobodys.status_code == 404
        unknown = phone.client.put("/api/v1/me/notices", json={"hospital": "nowhere", "off": []})
        assert nobodys.content == unknown.content
        assert phone.bind("demo", "outpatient", "NOTICED-CARD", "赵六").status_code == 201
        (mine,) = phone.get("/me/notices").json()["items"]
        assert {each["kind"] for each in mine["kinds"]} == {"report-ready", "report-corrected", "share-opened"}
        assert {(way["way"], way["on"]) for kind in mine["kinds"] for way in kind["ways"]} == {("sms", True)}
        wanted = {"hospital": "demo", "off": [{"kind": "report-corrected", "way": "sms"}, {"kind": "share-opened"}]}
        put = phone.client.put("/api/v1/me/notices", json=wanted)
        assert put.status_code == 200, put.text
        on = {each["kind"]: each["ways"][0]["on"] for each in put.json()["kinds"]}
        assert on == {"report-ready": True, "report-corrected": False, "share-opened": False}
        assert [(each["kind"], each["way"]) for each in hospital.get(seen).json()["off"]] == [
            ("report-corrected", "sms"),
            ("share-opened", None),
        ]
        for bad in ({"kind": "account-bound"}, {"kind": "login-code"}, {"kind": "report-ready", "way": "fax"}, {}, "x"):
            refused = phone.client.put("/api/v1/me/notices", json={"hospital": "demo", "off": [bad]})
            assert refused.status_code == 422, bad
        all_off = phone.client.put("/api/v1/me/notices", json={"hospital": "demo", "off": [], "nothing": True}).json()
        assert all_off["nothing"] and not any(way["on"] for kind in all_off["kinds"] for way in kind["ways"])
        assert hospital.get(seen).json() == {"opted_out": True, "off": []}
        assert [each["hospital"] for each in phone.get("/me/export").json()["message_wishes"]] == ["demo"]
        again = phone.client.put("/api/v1/me/notices", json={"hospital": "demo", "off": []}).json()
        assert again["kinds"][0]["ways"] == [{"way": "sms", "on": True}]
    assert hospital.get(seen).json() == {"opted_out": False, "off": []}


def test_maintenance_is_told_a_day_before_unless_it_is_an_emergency(admin: httpx.Client) -> None:
    def plan(hours: float, **more: object) -> httpx.Response:
        begins = now() + timedelta(hours=hours)
        said = {"starts_at": begins.isoformat(), "ends_at": (begins + timedelta(hours=2)).isoformat(), "text": "系统升级"}
        return admin.post(f"{API}/notices/maintenance", json={**said, **more})

    assert plan(3).status_code == 422
    assert plan(3, emergency=True).status_code == 201
    planned = plan(30)
    assert planned.status_code == 201
    seen = httpx.get(f"{admin.base_url}/api/v1/maintenance", params={"hospital": "demo"}, timeout=30).json()["items"]
    assert len(seen) == 2
    assert admin.delete(f"{API}/notices/maintenance/{planned.json()['id']}").status_code == 204
    assert admin.delete(f"{API}/notices/maintenance/{planned.json()['id']}").status_code == 404


def test_an_operator_lists_and_releases(site: Site) -> None:
    for words in (("list",), ("release", "--hospital", "demo")):
        done = site.installation.command("notices", *words)
        assert done.returncode == 0, done.stderr


def test_no_number_name_or_link_of_a_message_is_in_the_logs(site: Site, hospital: httpx.Client) -> None:
    (*_, message) = messages(hospital, PHONE, "report-ready", 1)
    logs = site.installation.logged()
    for secret in (PHONE, DUTY, "赵六", message["url"].rsplit("/", 1)[1]):
        assert secret not in logs
