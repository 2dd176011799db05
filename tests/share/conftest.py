"""A person with exams at two hospitals, who has agreed to sharing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from core.uids import uuid7
from identity.consents import REMOTE_SHARING, Consents
from identity.links import Links
from identity.models import Binding, Person
from infra.epoch import Epoch, sessions_epoch
from infra.sealing import Sealer
from infra.settings import Settings
from records.models import Exam, ExamStudy, Hospital, PatientRecord, Report
from share.making import Asked, Made, Making
from share.shares import Shares
from share.terms import Wanted

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class World:
    """Who shares, and what there is to share: accession → exam id."""

    settings: Settings
    making: Making
    shares: Shares
    links: Links
    epoch: Epoch
    person: str
    record: str
    exams: dict[str, str]

    async def made(self, *accessions: str, mask: bool = True, **more: object) -> Made:
        """A share of these exams."""
        wanted = Wanted(mask=mask, **more)  # type: ignore[arg-type]  # names of Wanted
        return await self.making.create(self.person, self.asked(*accessions, wanted=wanted), NOON)

    def asked(self, *accessions: str, wanted: Wanted | None = None, **more: object) -> Asked:
        """A request for a share of these exams."""
        exams = tuple(self.exams[each] for each in accessions)
        return Asked(exams=exams, wanted=wanted or Wanted(), **more)  # type: ignore[arg-type]  # names of Asked


@pytest.fixture
def epoch(settings: Settings) -> Iterator[Epoch]:
    """The number by which all processes learn of a revocation."""
    opened = sessions_epoch(settings.home)
    yield opened
    opened.close()


@pytest.fixture
async def world(hospital: Hospital, database: Settings, epoch: Epoch) -> World:
    """Exams CT and MR at demo, US at demo2, all with a final report; PRE has a preliminary one, HIV is sensitive."""
    await Hospital.filter(code="demo").update(policies={"share_without_passcode": True, "held_items": []})
    await Hospital.create(code="demo2", name="示范第二医院", policies={"held_items": []})
    sealer, links = Sealer(database.keys), Links(database.keys, epoch)
    person = (await Person.create(id=uuid7(), created_at=NOON)).id
    records = {code: await _bound(person, code) for code in ("demo", "demo2")}
    told = {"CT": "demo", "MR": "demo", "US": "demo2", "PRE": "demo", "HIV": "demo"}
    exams = {name: await exam_of(records[code], name, code, n) for n, (name, code) in enumerate(told.items(), 1)}
    await Exam.filter(id=exams["HIV"]).update(item="HIV抗体")
    await Report.filter(exam_id=exams["PRE"]).update(status="preliminary")
    await agree(database, epoch, person)
    making, shares = Making(database.keys, sealer, links), Shares(links, epoch)
    return World(database, making, shares, links, epoch, person, records["demo"].id, exams)


async def agree(settings: Settings, epoch: Epoch, person: str) -> None:
    """To sharing."""
    consents = Consents(Sealer(settings.keys), epoch)
    terms = next(each for each in await consents.offered(person) if each.kind == REMOTE_SHARING)
    await consents.give(person, REMOTE_SHARING, terms.version, NOON - DAY)


async def exam_of(record: PatientRecord, accession: str, hospital: str, number: int) -> str:
    """An exam with one study and a final report; the newer the higher its number."""
    exam = await Exam.create(
        id=uuid7(),
        hospital_id=hospital,
        accession=accession,
        record_id=record.id,
        patient_id=record.patient_id,
        category="radiology",
        item=f"{accession}检查",
        performed_at=NOON - 10 * DAY + number * HOUR,
        report_version=1,
    )
    await ExamStudy.create(exam_id=exam.id, study_uid=f"1.2.{number}", how="told", confirmed=True)
    await Report.create(id=uuid7(), exam_id=exam.id, version=1, status="final", content_sha256="", received_at=NOON - 9 * DAY)
    return exam.id


async def _bound(person: str, hospital: str) -> PatientRecord:
    record = await PatientRecord.create(id=uuid7(), hospital_id=hospital, patient_id="1", name="张三", name_folded="张三")
    await Binding.create(
        id=uuid7(),
        person_id=person,
        hospital_id=hospital,
        record_id=record.id,
        kind="id_card",
        masked_value="*",
        factors=[],
        proved_at=NOON - DAY,
        live=f"{person}:{record.id}",
    )
    return record
