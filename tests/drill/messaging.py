"""What drills of messages have in common: a hospital whose reports become final, a provider, a worker and a server to stop."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from tortoise.backends.base.executor import EXECUTOR_CACHE

from core.clock import now
from core.errors import CloudfilmError
from infra import leash
from infra.database import close_database, migrate, open_database
from infra.metrics import FOLDER_VARIABLE
from infra.sealing import Sealer
from infra.settings import Settings, from_environ
from notify import rules, templates
from notify.kinds import Kind
from notify.models import Notice, NoticeState
from notify.templates import Template
from records import exams, patients, reports
from records.exams import ExamKey
from records.models import Hospital
from records.patients import Patient
from records.reports import ReportSaid
from tests.parts.aliyun import KEY_ID, KEY_SECRET, SIGN_NAME, AliyunServer
from tests.parts.installation import ROOT
from tests.parts.postgres import running_postgres

HOSPITAL = "demo"
START_SECONDS, LOOK_SECONDS = 180.0, 0.2
SECRET_PATH = "a-path-that-nobody-guesses"
TEXT = "您在${hospital}的检查报告已完成，点击 https://film.example.org/s/${code} 查看，有效期内需验证身份。"
AT_REST = (NoticeState.SENT, NoticeState.DELIVERED, NoticeState.UNKNOWN)
NEVER_MANY = 1_000_000
DATABASES = ("sqlite", "postgres")

Child = subprocess.Popen[bytes]


@dataclass(frozen=True, slots=True)
class Place:
    """A data folder with a hospital in it, and what its processes run with."""

    settings: Settings
    environ: dict[str, str]
    sealer: Sealer
    numbers: Iterator[int] = field(default_factory=itertools.count)  # of its processes

    @property
    def home(self) -> Path:
        """Its data folder."""
        return self.settings.home


@asynccontextmanager
async def place(home: Path, provider: AliyunServer, database: str, **settings: str | int) -> AsyncIterator[Place]:
    """The hospital sends by the provider alone, waits for no images, and is stopped by no burst."""
    EXECUTOR_CACHE.clear()  # Tortoise keeps the SQL of the first kind of database it met
    with ExitStack() as stack:
        if database == "postgres":
            settings["DATABASE_URL"] = stack.enter_context(running_postgres()).url("postgres")
        environ = _environ(home, provider.url, settings)
        async with _opened(from_environ(environ), environ) as here:
            yield here


@asynccontextmanager
async def _opened(read: Settings, environ: dict[str, str]) -> AsyncIterator[Place]:
    await migrate(read)
    await open_database(read)
    try:
        await Hospital.create(code=HOSPITAL, name="示范医院")
        await rules.put(HOSPITAL, {"channels": ["aliyun"], "images_expected": [], "most_an_hour": NEVER_MANY})
        await templates.save(HOSPITAL, Template("aliyun", Kind.REPORT_READY, "SMS_1", TEXT, {}), read.base_url, now())
        yield Place(read, environ, Sealer(read.keys))
    finally:
        await close_database()


async def report(here: Place, number: int) -> None:
    """A patient of their own gets a final report: one event, one phone."""
    patient_id, key = f"P{number}", ExamKey(HOSPITAL, f"A{number}")
    await patients.put(here.sealer, HOSPITAL, patient_id, Patient(name_of(number), phones=(phone_of(number),)))
    at = now().replace(microsecond=0)
    said: exams.ExamFields = {"patient_id": patient_id, "category": "radiology", "performed_at": at}
    await exams.put(key, said, study_uids=None, subject="drill", now=at)
    await reports.put(here.sealer, key, ReportSaid(status="final", findings="x", verified_at=at), at)


def phone_of(number: int) -> str:
    """The only message to it is about the report of that number."""
    return f"139{number:08}"


def name_of(number: int) -> str:
    """Of the patient whose report has that number."""
    return f"司马测试{number:05}"


@contextmanager
def worker(here: Place) -> Iterator[Child]:
    """A real worker that has said that it works; it dies with us, and in the end by SIGKILL."""
    with _child(here, "worker") as child:
        yield child


@contextmanager
def server(here: Place) -> Iterator[str]:
    """A real server process, which hears the provider's receipts; its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port, descriptor = listening.getsockname()[1], listening.fileno()
        with _child(here, "serve-process", "--number", "1", "--listening-fd", str(descriptor), keeps=(descriptor,)):
            yield f"http://127.0.0.1:{port}"


async def until_at_rest(events: int, seconds: float, states: Collection[NoticeState] = AT_REST) -> bool:
    """Wait until so many notices are in one of the states; false when that takes longer than `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if await Notice.filter(state__in=states).count() >= events:
                return True
        except CloudfilmError:
            pass  # the database is busy with the worker
        await asyncio.sleep(LOOK_SECONDS)
    return False


def _environ(home: Path, url: str, settings: dict[str, str | int]) -> dict[str, str]:
    home.mkdir(parents=True)
    own: dict[str, str | int] = {
        "HOME": str(home),
        "DEMO": 1,
        "HL7_PORT": 0,
        "DICOM_PORT": 0,
        "REDIS_URL": "none",
        "SCRUB_INTERVAL_DAYS": 0,
        "LOG_LEVEL": "DEBUG",
        "PUBLIC_URL": "https://film.example.org",
        "ALIYUN_BASE_URL": url,
        "ALIYUN_ACCESS_KEY_ID": KEY_ID,
        "ALIYUN_ACCESS_KEY_SECRET": KEY_SECRET,
        "ALIYUN_SIGN_NAME": SIGN_NAME,
        "ALIYUN_CALLBACK_SECRET": SECRET_PATH,
        **settings,
    }
    foreign = {name: value for name, value in os.environ.items() if not name.startswith("CLOUDFILM_")}
    return foreign | {f"CLOUDFILM_{name}": str(value) for name, value in own.items()}


@contextmanager
def _child(here: Place, *words: str, keeps: tuple[int, ...] = ()) -> Iterator[Child]:
    readable, writable = os.pipe()
    dies_with_us = (sys.executable, "-I", "-S", leash.__file__, str(os.getpid()))
    command = [*dies_with_us, sys.executable, "-m", "api", *words, "--ready-fd", str(writable)]
    number = next(here.numbers)
    (here.home / "log").mkdir(exist_ok=True)
    measured = here.home / "metrics" / str(number)
    measured.mkdir(parents=True)
    with (here.home / "log" / "words.txt").open("ab") as said:
        environ = here.environ | {FOLDER_VARIABLE: str(measured)}
        child = subprocess.Popen(command, cwd=ROOT, env=environ, pass_fds=(writable, *keeps), stdout=said, stderr=said)
    os.close(writable)
    try:
        _wait_for_a_word(child, readable)
        yield child
    finally:
        child.kill()
        child.wait()
        _keep_metrics(measured, here.home / "log" / f"metrics-{number}.txt")


def _keep_metrics(measured: Path, page: Path) -> None:
    """As the page of metrics would show what a process has counted; its files are large."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(measured))  # type: ignore[no-untyped-call]
    page.write_bytes(generate_latest(registry))
    shutil.rmtree(measured)


def _wait_for_a_word(child: Child, readable: int) -> None:
    """A child that ends says nothing more: then the pipe is empty."""
    with os.fdopen(readable, "rb", 0) as pipe:
        os.set_blocking(readable, False)
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            said = pipe.read(64)
            if said is not None:
                break
            time.sleep(LOOK_SECONDS / 10)
        else:
            raise TimeoutError(f"a child did not work within {START_SECONDS} s")
        if not said:
            raise RuntimeError(f"a child ended with {child.wait()} before it worked")
