"""`python -m bench.shares`: a shared frame under its mask beside one without, QR codes, and 2,000 shares opened at once."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import numpy as np
from pydicom.uid import ExplicitVRLittleEndian

from bench import load, machine
from bench.interleaved import interleaved
from bench.parties import Party
from bench.results import Row, median
from core.clock import now
from core.grants import Role
from core.uids import row_id, uuid7
from identity.consents import REMOTE_SHARING, Consents
from identity.links import LinkKind, Links
from identity.models import Binding, Person
from identity.sessions import issue
from infra.database import close_database, open_database, transaction
from infra.epoch import sessions_epoch
from infra.sealing import Sealer
from infra.settings import Settings, from_environ
from records.models import Hospital, PatientRecord
from share.models import Share, ShareExam
from tests.archive.samples import instance
from tests.parts.installation import Installation

OUT = Path(__file__).with_name("out")
PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks-shares.md"
MASKED_AT_MOST = 1.3  # times the answer without a mask
QR_MS_AT_MOST = 30.0
STUDY, CT = "1.2.826.0.1.3680043.8.498.5", "1.2.840.10008.5.1.4.1.1.2"
SIDE, SLICES = 512, 40
# what is asked for, in which form, and the end of its path
FRAMES = (
    ("frame as stored", "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.4.202", ""),
    ("frame as a JPEG", "image/jpeg", "/rendered"),
)
OPENING_SECONDS = 240  # for the last of all that came at once
BATCH = 100
MASKED, NAMED = "masked", "named"
WARMING = 16  # connections, so that each process gets some


@dataclass
class Line:
    """One figure, of several runs. `required`: what may not be exceeded."""

    title: str
    unit: str
    values: list[float] = field(default_factory=list)
    required: float | None = None
    failed: int = 0
    notes: dict[str, float] = field(default_factory=dict)

    @property
    def median(self) -> float:
        """0 without a value."""
        return median(self.values)

    @property
    def verdict(self) -> str:
        """Whether what was asked for was reached."""
        if self.failed or not self.values:
            return f"{self.failed} FAILED"
        if self.required is None:
            return ""
        return "reached" if self.median <= self.required else "SHORT"


@dataclass(frozen=True)
class World:
    """A patient with one exam of one study, who agreed to sharing."""

    installation: Installation
    settings: Settings
    patient: httpx.Client
    person: str
    exam: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit 0 when everything answered and every limit was kept, 1 otherwise."""
    asked = _arguments(arguments)
    at, lines = datetime.now(UTC), []
    with tempfile.TemporaryDirectory(prefix="cloudfilm-shares-") as folder, Installation(Path(folder)) as installation:
        world = asyncio.run(_filled(installation))
        for found in (_frames(world, asked), _codes(world, asked), _openings(world, asked)):
            for line in found:
                print(_text(line), flush=True)
                lines.append(line)
    print(f"written: {_write(at, lines, asked)}")
    return int(any(line.verdict not in ("", "reached") for line in lines))


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.shares", description=__doc__)
    parser.add_argument("--opens", type=int, default=2000, help="shares opened at once (default 2000)")
    parser.add_argument("--seconds", type=int, default=4, help="of one run (default 4)")
    parser.add_argument("--runs", type=int, default=4, help="of each kind, in turn (default 4)")
    parser.add_argument("--tries", type=int, default=3, help="of a run while strangers use more than 10 %% of the machine")
    parser.add_argument("--page", action="store_true", help=f"write {PAGE.name}")
    return parser.parse_args(given)


async def _filled(installation: Installation) -> World:
    """What hospital and patient would have said, and the token of the patient's phone."""
    settings = from_environ({"CLOUDFILM_HOME": str(installation.home)})
    await open_database(settings)
    try:
        at = now()
        await Hospital.create(code="demo", name="示范医院")
        system = await issue(
            settings.keys, role=Role.HOSPITAL, hospital="demo", subject="bench", life=timedelta(hours=1), now=at
        )
        exam = await asyncio.to_thread(_told, installation, system)
        person = (await Person.create(id=uuid7(), created_at=at)).id
        await _bind(person, await PatientRecord.get(hospital_id="demo", patient_id="P1"), at)
        await _agree(settings, person, at)
        life = timedelta(hours=1)
        token = await issue(settings.keys, role=Role.PATIENT, hospital=None, subject=person, life=life, now=at)
    finally:
        await close_database()
    phone = httpx.Client(base_url=installation.url, headers={"Authorization": f"Bearer {token}"}, timeout=60)
    return World(installation, settings, phone, person, exam)


def _told(installation: Installation, token: str) -> str:
    """A patient, a study, its exam and its report; our id of the exam."""
    with httpx.Client(base_url=installation.url, headers={"Authorization": f"Bearer {token}"}, timeout=60) as system:
        for number in range(SLICES):
            headers = {"Content-Type": "application/dicom"}
            system.post("/dicom-web/studies", content=_slice(number), headers=headers).raise_for_status()
        hospital = "/api/v1/hospital"
        system.put(
            f"{hospital}/patients/P1", json={"name": "王小东", "sex": "M", "birth_date": "1960-02-03"}
        ).raise_for_status()
        said = {"patient_id": "P1", "category": "radiology", "item": "胸部CT", "study_uids": [STUDY]}
        exam = system.put(f"{hospital}/exams/A1", json={**said, "performed_at": "2026-11-20T08:00:00+08:00"})
        report = {"status": "final", "findings": "右肺上叶见磨玻璃结节。", "impression": "右肺结节。"}
        system.put(f"{hospital}/exams/A1/report", json=report).raise_for_status()
        return str(exam.raise_for_status().json()["id"])


def _slice(number: int) -> bytes:
    """One CT slice, in which no text can stand."""
    rows = np.arange(SIDE, dtype=np.uint16)
    pixels = (rows[:, None] * 3 + rows[None, :] * 2 + number * 7) % 2048
    uids = {"StudyInstanceUID": STUDY, "SeriesInstanceUID": f"{STUDY}.1", "SOPInstanceUID": f"{STUDY}.1.{number + 1}"}
    said = {"SOPClassUID": CT, "Modality": "CT", "BurnedInAnnotation": "NO", "PatientName": "WANG^XIAODONG", "PatientID": "P1"}
    more: dict[str, object] = {**uids, **said, "StudyDate": "20261120", "InstanceNumber": number + 1}
    return instance(pixels.astype(np.uint16), transfer_syntax_uid=ExplicitVRLittleEndian, frames=0, planar=0, **more)


async def _bind(person: str, record: PatientRecord, at: datetime) -> None:
    await Binding.create(
        id=uuid7(),
        person_id=person,
        hospital_id="demo",
        record_id=record.id,
        kind="visit_card",
        masked_value="*",
        factors=[],
        proved_at=at,
        live=f"{person}:{record.id}",
    )


async def _agree(settings: Settings, person: str, at: datetime) -> None:
    epoch = sessions_epoch(settings.home)
    consents = Consents(Sealer(settings.keys), epoch)
    terms = next(each for each in await consents.offered(person) if each.kind == REMOTE_SHARING)
    await consents.give(person, REMOTE_SHARING, terms.version, at)
    epoch.close()


def _frames(world: World, asked: argparse.Namespace) -> list[Line]:
    """The same frames, asked for before, by two recipients: in turn, A B B A."""
    root = f"{world.installation.url}/dicom-web"
    paths, parties = {}, []
    for name in (MASKED, NAMED):
        token, paths[name] = _recipient(world, mask=name == MASKED)
        parties.append(Party(name, root, {"Authorization": f"Bearer {token}"}, world.installation.processes))
    lines: list[Line] = []
    for connections in (1, 16):
        for title, accept, ending in FRAMES:
            asks = {name: [f"{path}{ending}" for path in found] for name, found in paths.items()}
            pair = Pair(Row(title, title, "/s", connections), asks, accept, asked.seconds)
            for party in parties:  # in every process
                pair.ask(party, WARMING)
            interleaved(pair.row, parties[0], parties[1], pair.measure, asked.runs, asked.tries)
            lines += compared(pair)
    return lines


@dataclass
class Pair:
    """Frames of one form, asked for by two recipients. `microseconds`: of our processors, for each answer."""

    row: Row
    paths: Mapping[str, list[str]]
    accept: str
    seconds: int
    microseconds: dict[str, list[float]] = field(default_factory=dict)

    def ask(self, party: Party, connections: int) -> load.Load:
        """As often as it answers."""
        headers = party.accepting(self.accept)
        return load.run(party.root, self.paths[party.name], headers, connections=connections, seconds=self.seconds)

    def measure(self, party: Party) -> tuple[float, int]:
        """Answers a second, and how many failed."""
        before = _processor_seconds(party)
        got = self.ask(party, self.row.connections)
        spent = _processor_seconds(party) - before
        self.microseconds.setdefault(party.name, []).append(spent / max(1, got.requests) * 1e6)
        return got.per_second, got.failed


def _processor_seconds(party: Party) -> float:
    spent = [process.cpu_times() for process in party.processes()]
    return float(sum(times.user + times.system for times in spent))


def compared(pair: Pair) -> tuple[Line, Line, Line]:
    """Answers a second without and with the mask, and how many times fewer those are."""
    row = pair.row
    title = f"{row.title}, c{row.connections}"
    named, masked = Line(f"{title}, named", "/s", row.peers), Line(f"{title}, masked", "/s", row.ours)
    for line, name in ((named, NAMED), (masked, MASKED)):
        line.notes = {"processor µs an answer": round(median(pair.microseconds.get(name, [])))}
    ratio = [median(row.peers) / median(row.ours)] if median(row.ours) else []
    notes = {"strangers' share of the processor": round(median(row.foreign), 2)}
    return named, masked, Line(f"{title}, cost of the mask", "×", ratio, MASKED_AT_MOST, row.failed, notes)


def _recipient(world: World, *, mask: bool) -> tuple[str, list[str]]:
    """The token of somebody who opened a share, and the paths of its frames below the DICOMweb root."""
    share = world.patient.post("/api/v1/shares", json={"exams": [world.exam], "mask": mask}).raise_for_status().json()
    said = {"token": share["url"].rpartition("/")[2], "passcode": share["passcode_digits"]}
    token = httpx.post(f"{world.installation.url}/api/v1/shares/open", json=said, timeout=60).raise_for_status().json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    found = httpx.get(f"{world.installation.url}/dicom-web/instances", headers=headers, timeout=60).raise_for_status().json()
    names = [[row[tag]["Value"][0] for tag in ("0020000D", "0020000E", "00080018")] for row in found]
    paths = [f"/studies/{study}/series/{series}/instances/{sop}/frames/1" for study, series, sop in names]
    if len(paths) != SLICES:
        raise SystemExit(f"{len(paths)} of {SLICES} images may be seen")
    return str(token["access_token"]), paths


def _codes(world: World, asked: argparse.Namespace) -> list[Line]:
    """The signed QR of a share: drawn anew at each request, since nobody on the way may keep it."""
    share = world.patient.post("/api/v1/shares", json={"exams": [world.exam]}).raise_for_status().json()
    headers = {"Authorization": world.patient.headers["Authorization"]}
    lines = []
    for ending in ("png", "svg"):
        line = Line(f"QR as {ending}, c1", "ms", required=QR_MS_AT_MOST)
        for _ in range(asked.runs):
            path = f"/api/v1/shares/{share['id']}/qr.{ending}"
            got = load.run(world.installation.url, [path], headers, connections=1, seconds=asked.seconds)
            line.values.append(got.p50_ms)
            line.failed += got.failed
            line.notes["p99 ms"] = round(max(line.notes.get("p99 ms", 0.0), got.p99_ms), 1)
        lines.append(line)
    return lines


def _openings(world: World, asked: argparse.Namespace) -> list[Line]:
    """So many recipients at the same moment, each with a link of their own and the right passcode."""
    passcode = "135790"
    said = {"exams": [world.exam], "passcode": passcode}
    pattern = world.patient.post("/api/v1/shares", json=said).raise_for_status().json()
    tokens = asyncio.run(_many(world, pattern["id"], asked.opens))
    begun = time.perf_counter()
    found = asyncio.run(_opened_at_once(world.installation.url, tokens, passcode))
    seconds = time.perf_counter() - begun
    line = Line(f"{asked.opens:,} shares opened at once: each answer", "ms", [each * 1000 for _, each in found])
    line.failed = sum(status != 200 for status, _ in found)
    line.notes = {"all of them, seconds": round(seconds, 1), "slowest ms": round(max(line.values))}
    return [line]


async def _many(world: World, pattern: str, number: int) -> list[str]:
    """Tokens of so many shares like that one."""
    await open_database(world.settings)
    epoch = sessions_epoch(world.settings.home)
    links, tokens = Links(world.settings.keys, epoch), list[str]()
    try:
        first = await Share.get(id=pattern)
        exam = await ShareExam.get(share_id=pattern)
        for start in range(0, number, BATCH):
            async with transaction():
                for _ in range(min(BATCH, number - start)):
                    share = first.clone(pk=uuid7())
                    await share.save(force_create=True)
                    row = exam.clone(pk=row_id())
                    row.share_id = share.id
                    await row.save(force_create=True)
                    tokens.append(
                        await links.issue(LinkKind.SHARE, share.hospital_id, share.id, now=now(), expires_at=share.expires_at)
                    )
    finally:
        epoch.close()
        await close_database()
    return tokens


async def _opened_at_once(url: str, tokens: Sequence[str], passcode: str) -> list[tuple[int, float]]:
    """(status, seconds) of each; all connections stand before the first one asks. Status 0: no answer."""
    parts = urlsplit(url)
    start = asyncio.Event()
    asking = [asyncio.create_task(_open(parts.hostname or "", parts.port or 80, token, passcode, start)) for token in tokens]
    await asyncio.sleep(1)
    start.set()
    return await asyncio.gather(*asking)


async def _open(host: str, port: int, token: str, passcode: str, start: asyncio.Event) -> tuple[int, float]:
    body = json.dumps({"token": token, "passcode": passcode}).encode()
    head = f"POST /api/v1/shares/open HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n"
    begun = time.perf_counter()
    try:
        async with asyncio.timeout(OPENING_SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            await start.wait()
            begun = time.perf_counter()
            writer.write(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
            line = await reader.readline()
            await reader.read()
            writer.close()
            return int(line.split()[1]), time.perf_counter() - begun
    except (OSError, TimeoutError, IndexError, ValueError):
        return 0, time.perf_counter() - begun


def _text(line: Line) -> str:
    limit = f"≤ {line.required:g}" if line.required is not None else ""
    notes = ", ".join(f"{what} {value:g}" for what, value in line.notes.items())
    return f"{line.title:48s} {line.median:9.2f} {line.unit:3s} {limit:8s} {line.verdict:10s} {notes}"


def _write(at: datetime, lines: Sequence[Line], asked: argparse.Namespace) -> Path:
    """All figures as JSON; as a page when that is asked for."""
    OUT.mkdir(parents=True, exist_ok=True)
    path = OUT / f"shares-{at:%Y%m%d-%H%M%S}.json"
    found = {"at": at.isoformat(), "machine": machine.described(), "lines": [dataclasses.asdict(line) for line in lines]}
    path.write_text(json.dumps(found, ensure_ascii=False))
    if asked.page:
        PAGE.write_text(_page(at, lines))
    return path


def _page(at: datetime, lines: Sequence[Line]) -> str:
    described = "\n".join(f"* {what}: {which}" for what, which in machine.described().items() if what != "peer")
    rows = [
        f"| {line.title} | {line.median:.2f} {line.unit} | {f'≤ {line.required:g}' if line.required is not None else ''} |"
        f" {line.verdict} | {', '.join(f'{what} {value:g}' for what, value in line.notes.items())} |"
        for line in lines
    ]
    return (
        "# Benchmarks: shares\n\n"
        f"Measured {at:%Y-%m-%d %H:%M} UTC by `python -m bench.shares`. A recipient's session asks over HTTP for the {SLICES}"
        f" slices of a CT ({SIDE}×{SIDE}) that it asked for before, by a share with the patient's name and by a masked one,"
        " in turn; figures are medians of runs. A QR is signed and drawn at each request. All"
        " shares opened at once have connections, passcodes and visits of their own. The client runs on the same cores.\n\n"
        f"{described}\n\n| what | median | asked | | besides |\n|---|--:|--:|---|---|\n" + "\n".join(rows) + "\n"
    )


if __name__ == "__main__":
    sys.exit(main())
