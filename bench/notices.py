"""Notices a second, by one and by four workers, on SQLite and PostgreSQL; the channel takes each message at once.

Counted between the first and the last tenth: processes that have just started, and the last few notices that several look
for, say nothing of the pace at which a queue empties.
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from tortoise.backends.base.executor import EXECUTOR_CACHE

from bench.results import Row
from core.clock import now
from identity.links import Links
from infra.database import close_database, migrate, open_database
from infra.epoch import sessions_epoch
from infra.sealing import Sealer
from infra.settings import Settings, from_environ
from notify import deciding, rules, sending
from notify.channels import PHONE, Outcome, Outgoing, Sent
from notify.models import Notice, NoticeState
from notify.office import Office
from records import exams, patients, reports
from records.exams import ExamKey
from records.models import Exam, Hospital, Report
from records.patients import Patient
from records.reports import ReportSaid
from tests.parts.postgres import running_postgres

WORKERS = (1, 4)
NOTICES = 1000  # of one run
QUICK_NOTICES = 300
HOSPITAL = "demo"
NO_LIMIT = 1_000_000
LOOK_SECONDS = 0.05
PAUSE_SECONDS = 0.02  # of a worker that found nothing to do


class Taker:
    """A provider that takes everything at once."""

    name, address = "sandbox", PHONE

    async def send(self, notice: Outgoing) -> Sent:
        """Taken."""
        return Sent(notice.id)

    async def ask(self, _notice: Outgoing) -> Outcome:
        """Everything was taken."""
        return Outcome.ACCEPTED


def rows(*, quick: bool, wanted: Callable[[str], bool]) -> Iterator[Row]:
    """One row a database and number of workers."""
    for kind in ("sqlite", "postgres"):
        for workers in WORKERS:
            name = f"notices-{kind}-{workers}"
            if wanted(name):
                row = Row(name, f"notices sent, {kind}, workers as connections", "/s", workers)
                row.ours.append(_measured(kind, workers, QUICK_NOTICES if quick else NOTICES))
                yield row


def _measured(kind: str, workers: int, notices: int) -> float:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cloudfilm-bench-")))
        settings = from_environ({"CLOUDFILM_HOME": str(home / "home"), "CLOUDFILM_DEMO": "1"})
        if kind == "postgres":
            settings = dataclasses.replace(settings, database_url=stack.enter_context(running_postgres()).url("postgres"))
        return asyncio.run(_run(settings, workers, notices))


async def _run(settings: Settings, workers: int, notices: int) -> float:
    EXECUTOR_CACHE.clear()  # Tortoise keeps the SQL of the first kind of database it met
    await migrate(settings)
    await open_database(settings)
    try:
        await _promise(settings, notices)
        processes = [await _started(settings) for _ in range(workers)]
        for process in processes:
            assert process.stdout is not None
            await process.stdout.readline()
        for process in processes:
            assert process.stdin is not None
            process.stdin.write(b"go\n")
        pace = await _pace(notices)
        for process in processes:
            await process.communicate()
        sent = await _sent()
        if sent != notices:
            raise SystemExit(f"{sent} of {notices} notices were sent")
        return pace
    finally:
        await close_database()


async def _pace(notices: int) -> float:
    """Notices a second, between the first and the last tenth."""
    seen = [(0.0, 0)]
    while seen[-1][1] < notices * 9 // 10:
        await asyncio.sleep(LOOK_SECONDS)
        seen.append((time.perf_counter(), await _sent()))
    begun = next(each for each in seen if each[1] >= notices // 10)
    if begun == seen[-1]:
        raise SystemExit("too few notices to measure a pace")
    return (seen[-1][1] - begun[1]) / (seen[-1][0] - begun[0])


async def _sent() -> int:
    return await Notice.filter(state=NoticeState.SENT).count()


async def _promise(settings: Settings, notices: int) -> None:
    """So many patients with a final report each, decided on and due."""
    sealer = Sealer(settings.keys)
    await Hospital.create(code=HOSPITAL, name="示范医院")
    await rules.put(HOSPITAL, {"images_expected": [], "most_an_hour": NO_LIMIT})
    office, at = _office(settings), now().replace(microsecond=0)
    for number in range(notices):
        key = ExamKey(HOSPITAL, f"A{number}")
        await patients.put(sealer, HOSPITAL, f"P{number}", Patient("某某", phones=(f"139{number:08}",)))
        said: exams.ExamFields = {"patient_id": f"P{number}", "category": "radiology", "performed_at": at}
        await exams.put(key, said, study_uids=None, subject="bench", now=at)
        await reports.put(sealer, key, ReportSaid(status="final", verified_at=at), at)
        exam = await Exam.get(accession=key.accession)
        await deciding.report_said(office, exam.id, (await Report.get(exam_id=exam.id)).id, at)


def _office(settings: Settings) -> Office:
    links = Links(settings.keys, sessions_epoch(settings.home))
    return Office(Sealer(settings.keys), {"sandbox": Taker()}, links, "https://film.example.org", NO_LIMIT)


async def _started(settings: Settings) -> Process:
    environ = {**os.environ, "CLOUDFILM_HOME": str(settings.home), "CLOUDFILM_DEMO": "1"}
    environ["CLOUDFILM_DATABASE_URL"] = settings.database_url
    return await asyncio.create_subprocess_exec(sys.executable, "-m", __name__, env=environ, stdin=PIPE, stdout=PIPE)


async def _work(settings: Settings) -> None:
    """One worker: says that it is ready, waits for the word, and sends until nothing is left."""
    await open_database(settings)
    try:
        office = _office(settings)
        await Notice.all().count()
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        while await Notice.filter(state__in=(NoticeState.WAITING, NoticeState.CLAIMED)).exists():
            if not await sending.work(office):
                await asyncio.sleep(PAUSE_SECONDS)
    finally:
        await close_database()


if __name__ == "__main__":
    asyncio.run(_work(from_environ(os.environ)))
