"""SIGKILL to the worker around the sending of notices, while the provider of messages hangs, cuts, refuses and forgets."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from core.clock import now
from core.errors import CloudfilmError
from infra import leash
from infra.database import close_database, migrate, open_database
from infra.sealing import Sealer
from infra.settings import Settings, from_environ
from notify import rules, templates
from notify.kinds import Kind
from notify.models import Notice, NoticeState
from notify.templates import Template
from records import exams, patients, reports
from records.exams import ExamKey
from records.models import Exam, Hospital
from records.patients import Patient
from records.reports import ReportSaid
from tests.drill.ledger import Line
from tests.parts.aliyun import KEY_ID, KEY_SECRET, SIGN_NAME, AliyunServer
from tests.parts.installation import ROOT

HOSPITAL = "demo"
LEASE_SECONDS, SETTLE_SECONDS, MESSAGE_SECONDS = 3, 1, 2
LONGEST_LIFE_SECONDS = 1.0  # of a worker that has said that it works
MOST_AT_ONCE = 4  # reports that come between two kills
START_SECONDS, REST_SECONDS = 90.0, 240.0
MISBEHAVES = 0.3  # share of the provider's answers
TEXT = "您在${hospital}的检查报告已完成，点击 https://film.example.org/s/${code} 查看，有效期内需验证身份。"
AT_REST = (NoticeState.SENT, NoticeState.DELIVERED, NoticeState.UNKNOWN)


@dataclass(slots=True)
class Found:
    """What the provider's ledger says beside our own rows."""

    events: int = 0
    sent: int = 0
    unknown: int = 0
    doubles: int = 0
    lost: int = 0
    asked: int = 0
    faults: Counter[str] = field(default_factory=Counter)


def drill(kills: int, seed: int, *, misbehaves: float = MISBEHAVES, ledger: Path | None = None) -> Line:
    """That many kills; the provider's ledger goes to the file `ledger`, if one is named."""
    with tempfile.TemporaryDirectory(prefix="cloudfilm-drill-") as folder, _provider() as provider:
        found = asyncio.run(_drill(Path(folder), provider, kills, random.Random(seed), misbehaves, seed))
        if ledger is not None:
            ledger.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in provider.ledger))
    note = f"seed {seed}; {found.sent} sent once, {found.unknown} unknown, {found.doubles} doubles; asked {found.asked} times"
    return Line(
        "worker killed while it sends",
        faults=kills,
        acknowledged=found.events,
        lost=found.lost,
        reads=found.asked,
        wrong=found.doubles,
        note=f"{note}; {len(provider.ledger)} lines in the provider's ledger",
    )


@contextmanager
def _provider() -> Iterator[AliyunServer]:
    provider = AliyunServer()
    with provider.running():
        yield provider


async def _drill(folder: Path, provider: AliyunServer, kills: int, dice: random.Random, misbehaves: float, seed: int) -> Found:
    environ = _environ(folder / "home", provider.url)
    settings = from_environ(environ)
    await migrate(settings)
    async with _opened(settings):
        sealer = await _hospital(settings)
        if misbehaves:
            provider.misbehaves(seed, misbehaves)
        events = 0
        for _ in range(kills):
            for _ in range(dice.randint(1, MOST_AT_ONCE)):
                await _report(sealer, events)
                events += 1
            worker = await _worker(environ)
            await asyncio.sleep(dice.uniform(0.0, LONGEST_LIFE_SECONDS))
            worker.kill()
            worker.wait()
        provider.misbehaves(seed, 0.0)
        provider.let_go()
        worker = await _worker(environ)
        await _until_at_rest(events)
        worker.kill()
        worker.wait()
        return await _found(provider, events)


def _environ(home: Path, url: str) -> dict[str, str]:
    home.mkdir(parents=True)
    own = {
        "HOME": str(home),
        "DEMO": "1",
        "HL7_PORT": "0",
        "DICOM_PORT": "0",
        "REDIS_URL": "none",
        "SCRUB_INTERVAL_DAYS": "0",
        "LOG_LEVEL": "WARNING",
        "PUBLIC_URL": "https://film.example.org",
        "ALIYUN_BASE_URL": url,
        "ALIYUN_ACCESS_KEY_ID": KEY_ID,
        "ALIYUN_ACCESS_KEY_SECRET": KEY_SECRET,
        "ALIYUN_SIGN_NAME": SIGN_NAME,
        "ALIYUN_SETTLE_SECONDS": str(SETTLE_SECONDS),
        "MESSAGE_SECONDS": str(MESSAGE_SECONDS),
        "NOTICE_LEASE_SECONDS": str(LEASE_SECONDS),
    }
    foreign = {name: value for name, value in os.environ.items() if not name.startswith("CLOUDFILM_")}
    return foreign | {f"CLOUDFILM_{name}": value for name, value in own.items()}


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[None]:
    await open_database(settings)
    try:
        yield
    finally:
        await close_database()


async def _hospital(settings: Settings) -> Sealer:
    await Hospital.create(code=HOSPITAL, name="示范医院")
    await rules.put(HOSPITAL, {"channels": ["aliyun"], "images_expected": [], "most_an_hour": 1_000_000})
    await templates.save(HOSPITAL, Template("aliyun", Kind.REPORT_READY, "SMS_1", TEXT, {}), now())
    return Sealer(settings.keys)


async def _report(sealer: Sealer, number: int) -> None:
    """A patient of their own gets a final report: one event, one phone."""
    patient_id, key = f"P{number}", ExamKey(HOSPITAL, f"A{number}")
    await patients.put(sealer, HOSPITAL, patient_id, Patient("某某", phones=(phone_of(number),)))
    at = now().replace(microsecond=0)
    await exams.put(
        key,
        {"patient_id": patient_id, "category": "radiology", "performed_at": at},
        study_uids=None,
        subject="drill",
        now=at,
    )
    await reports.put(sealer, key, ReportSaid(status="final", findings="x", verified_at=at), at)


def phone_of(number: int) -> str:
    """The only message to it is about the report of that number."""
    return f"139{number:08}"


async def _worker(environ: dict[str, str]) -> subprocess.Popen[bytes]:
    """A real worker, which says that it works; it dies with us."""
    readable, writable = os.pipe()
    dies_with_us = (sys.executable, "-I", "-S", leash.__file__, str(os.getpid()))
    command = [*dies_with_us, sys.executable, "-m", "api", "worker", "--ready-fd", str(writable)]
    worker = subprocess.Popen(command, cwd=ROOT, env=environ, pass_fds=(writable,))
    os.close(writable)
    try:
        said = await asyncio.wait_for(asyncio.to_thread(os.read, readable, 64), START_SECONDS)
    finally:
        os.close(readable)
    if not said:
        raise RuntimeError(f"the worker ended with {worker.wait()} before it worked")
    return worker


async def _until_at_rest(events: int) -> None:
    end = time.monotonic() + REST_SECONDS
    while time.monotonic() < end:
        try:
            if await Notice.filter(state__in=AT_REST).count() >= events:
                return
        except CloudfilmError:
            pass  # the database is busy with the worker
        await asyncio.sleep(0.2)


async def _found(provider: AliyunServer, events: int) -> Found:
    """Each event has exactly one message in the ledger, or a row that says unknown. Anything else is a double, or lost."""
    messages = Counter(str(row["phone"]) for row in provider.ledger)
    rows = {row.event: row.state for row in await Notice.all()}
    owners = {f"exam:{exam.id}": phone_of(int(exam.accession[1:])) for exam in await Exam.all()}
    found = Found(events=events, asked=len(provider.asked))
    found.lost = events - len(rows)
    for event, state in rows.items():
        count = messages[owners[event]]
        found.doubles += count > 1
        found.unknown += state == NoticeState.UNKNOWN
        found.sent += count == 1 and state != NoticeState.UNKNOWN
        found.lost += count == 0 and state != NoticeState.UNKNOWN
    return found
