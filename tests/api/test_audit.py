"""The auditor reads the trail of their own hospital, page by page or as a signed piece, and nothing else."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.addresses import client_address
from api.devices import device_of
from core.clock import now
from tests.parts.site import Site

SCRIPT = Path(__file__).parents[2] / "docs" / "verify_audit.py"
WECHAT = (
    "Mozilla/5.0 (Linux; Android 14; V2244A Build/UP1A) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/116.0.0.0"
    " Mobile Safari/537.36 XWEB/1160117 MMWEBSDK/20240404 MMWEBID/6533 MicroMessenger/8.0.49.2600(0x2800313B) WeChat/arm64"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/604.1"
)


def listed(site: Site, **parameters: str | int) -> list[dict[str, Any]]:
    """Entries of one page, newest first."""
    with site.client("auditor") as auditor:
        answer = auditor.get("/api/v1/audit", params=parameters)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


@pytest.mark.parametrize(
    ("header", "device"),
    [
        (WECHAT, "WeChat on Android"),
        (WECHAT + " MiniProgramEnv/android", "WeChat mini-program on Android"),
        (IPHONE, "browser on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/128.0", "browser on Windows"),
        ("Mozilla/5.0 (iPhone; CPU) AlipayClient/10.6.20 Language/zh-Hans", "Alipay on iPhone"),
        ("Mozilla/5.0 (Phone; OpenHarmony 5.0) ArkWeb/4.1", "browser on HarmonyOS"),
        ("dcm4che/5.31 secret-name", "a program"),
        ("", "unknown"),
        ("\0" * 100_000 + "mozilla", "a program"),
    ],
)
def test_a_device_is_named_as_coarsely_as_a_person_would(header: str, device: str) -> None:
    assert device_of(header) == device
    assert len(device) <= 32, "the column's length"


OURS = ("10.0.0.0/8", "::1", "192.168.1.5")


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "1.2.3.4", "203.0.113.9"),  # a stranger says who he is
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "1.2.3.4, 203.0.113.9", "203.0.113.9"),  # a stranger wrote the first
        ("10.0.0.1", "10.9.9.9, 203.0.113.9, 192.168.1.5", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9, rubbish, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "203.0.113.9:4711", "10.0.0.1"),
        ("10.0.0.1", ",".join(["203.0.113.9"] + ["10.0.0.2"] * 1000), "10.0.0.2"),
        ("::ffff:10.0.0.1", "2001:DB8:0::1", "2001:db8::1"),
        ("::1", "::ffff:203.0.113.9", "203.0.113.9"),
        ("", "203.0.113.9", ""),
    ],
)
def test_only_our_own_proxies_are_believed(peer: str, forwarded: str, client: str) -> None:
    assert client_address(peer, forwarded, OURS) == client
    assert client_address(peer, forwarded, ()) == peer


def test_an_entry_carries_who_from_where_and_with_what_and_nothing_that_was_typed(site: Site) -> None:
    path = site.path("ct")
    with site.client("clinician") as doctor:
        headers = {"User-Agent": WECHAT, "X-Forwarded-For": "6.6.6.6", "Forwarded": "for=6.6.6.6", "X-Real-IP": "6.6.6.6"}
        doctor.get(f"/dicom-web{path}/metadata", headers=headers)
    newest = listed(site, role="clinician", action="read", study=path.split("/")[2], limit=1)[0]
    assert (newest["device"], newest["address"], newest["what"]) == ("WeChat on Android", "127.0.0.1", "metadata")
    with site.client() as system:
        system.get("/dicom-web/studies/1.2.999/metadata?PatientName=SECRET", headers={"User-Agent": "SECRET"})
    refused = listed(site, outcome="refused", limit=1)[0]
    assert (refused["detail"]["why"], refused["device"]) == ("NotFound", "a program")
    assert "SECRET" not in json.dumps(refused)


def test_the_auditor_pages_through_every_entry_once(site: Site) -> None:
    with site.client("auditor") as auditor:
        numbers, cursor = [], ""
        while cursor is not None:
            page = auditor.get("/api/v1/audit", params={"limit": 7, **({"cursor": cursor} if cursor else {})}).json()
            numbers += [each["number"] for each in page["items"]]
            cursor = page["next"]
    assert numbers == list(range(numbers[0], 0, -1))


def test_filters_narrow_and_reading_is_on_record(site: Site) -> None:
    today = (now() + timedelta(hours=8)).date()
    assert {each["action"] for each in listed(site, action="store")} == {"store"}
    assert "stores" in listed(site, action="store", outcome="done")[0]["detail"], "where it was written"
    assert listed(site, to=(today - timedelta(days=2)).isoformat()) == []
    assert listed(site, **{"from": (today + timedelta(days=2)).isoformat()}) == []
    seen = listed(site, role="auditor", **{"from": (today - timedelta(days=1)).isoformat()})
    assert {(each["action"], each["what"]) for each in seen} >= {("read", "audit")}


@pytest.mark.parametrize(
    "bad",
    [
        {"from": "2026-02-30"},
        {"to": "9999-12-31"},
        {"from": "0001-01-01"},
        {"limit": "0"},
        {"limit": "1" * 5000},
        {"cursor": "x"},
        {"cursor": "9" * 40},
        {"outcome": "maybe"},
        {"subject": "x"},
        {"action__startswith": "r"},
    ],
)
def test_bad_questions_are_refused(site: Site, bad: dict[str, str]) -> None:
    with site.client("auditor") as auditor:
        assert auditor.get("/api/v1/audit", params=bad).status_code in (400, 422)


def test_another_hospitals_trail_looks_like_none(site: Site) -> None:
    with site.client("auditor") as auditor:
        own = auditor.get("/api/v1/audit", params={"hospital": "demo"})
        foreign, unknown = (auditor.get("/api/v1/audit", params={"hospital": code}) for code in ("demo2", "nowhere"))
        export = auditor.get("/api/v1/audit/export", params={"hospital": "demo2"})
    assert own.status_code == 200
    assert {foreign.content, export.content} == {unknown.content}
    assert foreign.status_code == export.status_code == 404
    assert {each["chain"] for each in _export(site)[1:-1]} == {"demo"}


def _export(site: Site) -> list[dict[str, Any]]:
    with site.client("auditor") as auditor:
        answer = auditor.get("/api/v1/audit/export")
    assert answer.headers["content-disposition"] == 'attachment; filename="audit-demo.jsonl"'
    return [json.loads(line) for line in answer.content.splitlines()]


def test_what_the_auditor_takes_along_is_checked_by_a_stranger(site: Site, tmp_path: Path) -> None:
    with site.client("auditor") as auditor:
        taken = auditor.get("/api/v1/audit/export")
        table = auditor.get("/api/v1/audit/export", params={"format": "csv"})
    path = tmp_path / "taken.jsonl"
    path.write_bytes(taken.content)
    key = site.installation.command("audit", "key").stdout.strip()
    done = subprocess.run([sys.executable, SCRIPT, path, "--public-key", key], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert len(rows) >= len(taken.content.splitlines()) - 2
    assert listed(site, limit=1, action="read", role="auditor")[0]["what"] in ("audit", "audit-export")


def test_an_operator_verifies_anchors_exports_and_is_refused_a_cut_before_its_term(site: Site, tmp_path: Path) -> None:
    command = site.installation.command
    assert command("audit", "anchor").stdout.endswith("heads noted in the stores\n")
    verified = command("audit", "verify")
    assert verified.returncode == 0, verified.stdout
    assert "chain demo: anchored up to entry " in verified.stdout
    assert verified.stdout.endswith("entries checked, none broken\n")
    path = tmp_path / "export.jsonl"
    assert command("audit", "export", "--hospital", "demo", "--output", str(path)).returncode == 0
    assert json.loads(path.read_bytes().splitlines()[0])["chain"] == "demo"
    recent = (now() - timedelta(days=30)).date().isoformat()
    cut = command("audit", "cut", "--hospital", "demo", "--before", recent)
    assert cut.returncode != 0
    assert "1827 days" in cut.stderr


def test_nobody_else_reads_the_trail(site: Site) -> None:
    assert httpx.get(f"{site.installation.url}/api/v1/audit", timeout=60).status_code == 401
    for role in ("admin", "clinician", "hospital"):
        with site.client(role) as client:
            assert client.get("/api/v1/audit").status_code == 403
