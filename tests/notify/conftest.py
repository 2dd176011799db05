"""A hospital whose patient has a phone, and an office that sends by the test's own channel."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest

from identity.links import Links
from infra import outbox
from infra.epoch import sessions_epoch
from infra.settings import Settings
from notify import deciding, rules, sending
from notify.models import Notice
from notify.office import Office
from records.events import REPORT_SAID
from records.models import Hospital
from tests.notify.postbox import Postbox
from tests.records.saying import NOW, SEALER, say_exam, say_patient, say_report

PHONE, OTHER_PHONE = "13800138001", "13800138002"


class World:
    """The engine of notices with a clock in the test's hand."""

    def __init__(self, office: Office, box: Postbox) -> None:
        self.office, self.box, self.now = office, box, NOW

    async def decide(self) -> None:
        """Hear of all that happened."""

        async def handler(job: outbox.Job) -> None:
            await deciding.report_said(self.office, job.payload["exam"], job.payload["report"], self.now)

        later = datetime.max.replace(tzinfo=NOW.tzinfo)  # promises are due by the real clock where nobody said otherwise
        for job in await outbox.claim([REPORT_SAID], later - timedelta(days=1), 100, 60):
            await handler(job)
            assert await outbox.settle(job, self.now)

    async def work(self, rounds: int = 1) -> int:
        """Some rounds of sending."""
        return sum([await sending.work(self.office, now=lambda: self.now) for _ in range(rounds)])

    async def pass_by(self, **span: float) -> None:
        """Let time pass, and do what is due then."""
        self.now += timedelta(**span)
        await self.work()

    async def say(self, accession: str = "A1", status: str = "final", **more: object) -> None:
        """A report comes, is decided on and sent."""
        await say_report(accession, status, now=self.now, **{"verified_at": self.now, "findings": f"x{accession}", **more})
        await self.decide()
        await self.work()

    async def rows(self) -> list[Notice]:
        """All notices, oldest first."""
        return await Notice.all().order_by("id")

    async def states(self) -> list[str]:
        """State and reason of all, oldest first."""
        return [f"{row.state.value} {row.reason}".strip() for row in await self.rows()]


@pytest.fixture
def box() -> Postbox:
    return Postbox()


@pytest.fixture
def office(database: Settings, box: Postbox) -> Iterator[Office]:
    """One channel; no name of an exam kind is expected to have images unless a test says so."""
    epoch = sessions_epoch(database.home)
    yield Office(SEALER, {box.name: box}, Links(database.keys, epoch), "https://film.example.org", 1000)
    epoch.close()


@pytest.fixture
async def world(hospital: Hospital, office: Office, box: Postbox) -> World:
    """A patient with a phone, two exams without images, rules that wait for none."""
    await rules.put(hospital.code, {"images_expected": []})
    await say_patient("P1", "张三", phones=(PHONE,), birth_date=date(1990, 1, 1))
    await say_patient("P2", "李四", phones=(OTHER_PHONE,))
    await say_exam("A1", "P1", visit_number="V1")
    await say_exam("A2", "P1", visit_number="V1")
    await say_exam("B1", "P2")
    return World(office, box)
