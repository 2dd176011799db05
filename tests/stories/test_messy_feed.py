"""A hospital's feed as messy as it really is: the end state is as stated, however often and in which order it is played."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tortoise.backends.base.executor import EXECUTOR_CACHE

from infra.database import close_database, open_database
from infra.settings import from_environ
from records.models import Exam, PatientIdentifier, PatientPhone, PatientRecord, Report, Waiting
from tests.parts.installation import Installation, free_port
from tests.parts.mllp import connected
from tests.parts.site import Site

FEED = sorted(Path(__file__).with_name("feed").iterdir())
TAKEN = [path for path in FEED if not path.name.startswith("9")]

# patient number → name, sex, what is wrong, usable papers, usable phones, merged into
PATIENTS = {
    "P1": ("张三", "M", ["id_card: wrong check digit", "other: not a number of anybody"], ["visit_card"], 1, None),
    "P2": ("O'Brien, Seán", "", [], ["passport"], 1, None),
    "P3": ("陳大文", "", [], ["id_card"], 0, None),
    "B1": ("王小红之子", "M", [], [], 0, None),
    "263656": ("张三丰", "M", ["id_card: wrong check digit"], [], 0, None),
    "OLD": ("张三", "", [], [], 0, "P1"),
}
# campus, system, accession → whose it counts for, item, cancelled, newest report
EXAMS = {
    ("", "", "E1"): ("P1", "胸部CT平扫", False, ("final", "未见明显异常。")),
    ("east", "us", "E1"): ("P3", "甲状腺超声", False, None),
    ("", "", "E9"): (None, "头颅MR", False, None),
    ("", "", "120003"): ("263656", "CT头颅", False, ("final", "头颅CT未见异常。")),
    ("", "", "M2"): ("P1", "腹部超声", False, None),
    ("", "", "C1"): ("P3", "腹部CT", True, None),
}
WAITING = [("exam", "patient-unknown")]


@dataclass
class Hearing(Site):
    """A site that also listens for HL7."""

    hl7_port: int = 0


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hearing]:
    port = free_port()
    with Installation(tmp_path_factory.mktemp("feed"), WORKERS=1, INGEST_CHILDREN=1, HL7_PORT=port) as installation:
        for code in ("demo", "demo2"):
            assert installation.command("hospital", code, "--name", code).returncode == 0
        yield Hearing(installation, {}, hl7_port=port)


def play(site: Hearing, feed: Iterable[Path], hospital: str = "demo") -> dict[str, int | str]:
    """File name → what was answered."""
    answers: dict[str, int | str] = {}
    with site.client("hospital", hospital) as client, connected(site.hl7_port) as sender:
        for path in feed:
            if path.suffix == ".hl7":
                answers[path.name] = sender.send(path.read_bytes().replace(b"|demo|", f"|{hospital}|".encode()))
                continue
            said = json.loads(path.read_text())
            answers[path.name] = client.put(f"/api/v1/hospital/{said['put']}", json=said["body"]).status_code
    return answers


def stated(feed: Iterable[Path], time: int) -> dict[str, int | str]:
    return {
        path.name: path.name.split(".")[-2] if path.suffix == ".hl7" else json.loads(path.read_text())["answers"][time]
        for path in feed
    }


def state(site: Hearing, hospital: str = "demo") -> tuple[Any, Any, Any]:
    settings = from_environ({"CLOUDFILM_DEMO": "1", "CLOUDFILM_HOME": str(site.installation.home)})

    async def read() -> tuple[Any, Any, Any]:
        EXECUTOR_CACHE.clear()
        await open_database(settings)
        try:
            return await patients(hospital), await exams(hospital), await waiting(hospital)
        finally:
            await close_database()

    return asyncio.run(read())


async def patients(hospital: str) -> dict[str, Any]:
    found = {}
    for row in await PatientRecord.filter(hospital_id=hospital).prefetch_related("merged_into"):
        papers = await PatientIdentifier.filter(record_id=row.id, usable=True).order_by("kind")
        phones = await PatientPhone.filter(record_id=row.id, usable=True).count()
        merged_into = row.merged_into.patient_id if row.merged_into else None
        found[row.patient_id] = (row.name, row.sex, row.flags, [each.kind for each in papers], phones, merged_into)
    return found


async def exams(hospital: str) -> dict[Any, Any]:
    found = {}
    for row in await Exam.filter(hospital_id=hospital).prefetch_related("record"):
        report = await Report.get_or_none(exam_id=row.id, version=row.report_version)
        newest = (report.status, report.impression) if report else None
        owner = row.record.patient_id if row.record else None
        found[row.campus, row.system, row.accession] = (owner, row.item, row.cancelled_at is not None, newest)
    return found


async def waiting(hospital: str) -> list[tuple[str, str]]:
    return [(row.kind, row.reason) for row in await Waiting.filter(hospital_id=hospital)]


def test_the_feed_is_answered_and_ends_as_stated_also_when_played_again(site: Hearing) -> None:
    for time in (0, 1):
        assert play(site, FEED) == stated(FEED, time)
        assert state(site) == (PATIENTS, EXAMS, WAITING)
    assert len(site.installation.command("hl7", "list").stdout.splitlines()) == 2


def test_the_feed_played_backwards_ends_as_stated(site: Hearing) -> None:
    play(site, reversed(TAKEN), "demo2")
    assert state(site, "demo2") == (PATIENTS, EXAMS, WAITING)


def test_a_kept_message_is_shown_and_replayed_by_command(site: Hearing) -> None:
    play(site, [path for path in FEED if path.name.startswith("94")])
    line = site.installation.command("hl7", "list").stdout.splitlines()[0].split("\t")
    shown = site.installation.command("hl7", "show", line[0]).stdout
    assert (line[3], "无名" in shown) == ("ADT^A08", True)
    again = site.installation.command("hl7", "replay", line[0])
    assert (again.returncode, again.stdout.split()) == (1, [line[0], "AE"])


def test_the_listener_outlives_what_is_no_mllp(site: Hearing) -> None:
    with connected(site.hl7_port) as sender:
        sender.send_raw(b"GET / HTTP/1.1\r\n\r\n" + bytes(range(12, 28)) * 100)
        assert sender.send(b"MSH") == "AR"
    with socket.create_connection(("127.0.0.1", site.hl7_port)) as cut_off:
        cut_off.sendall(b"\x0bMSH|^~\\&|HIS|demo")
    assert play(site, TAKEN) == stated(TAKEN, 1)
