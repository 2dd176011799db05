"""Patients as a hospital knows them: their numbers, papers and phones, in whatever state they come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from core import clock
from core.uids import uuid7
from infra.sealing import Sealer
from records import exams, filmwork, identifiers, names
from records.identifiers import PHONE, Identifier
from records.models import PatientIdentifier, PatientPhone, PatientRecord
from records.writing import Outcome, Said, writing


@dataclass(frozen=True, slots=True)
class Patient:
    """What a hospital says of a patient. None means: not said, so what is known stays."""

    name: str
    sex: str | None = None
    birth_date: date | None = None
    phones: tuple[str, ...] | None = None
    identifiers: tuple[tuple[str, str], ...] | None = None
    deceased_on: date | None = None
    said_at: datetime | None = None  # time of an HL7 message: one that is older than what is known changes nothing


async def put(sealer: Sealer, hospital: str, patient_id: str, said: Patient) -> Said:
    """Keep what the hospital says; exams that waited for this patient find it."""
    async with writing(hospital):
        record = await PatientRecord.get_or_none(hospital_id=hospital, patient_id=patient_id)
        if record is None:
            record = await _create(hospital, patient_id, said)
            await _hold(sealer, record, said)
            return Said(Outcome.NEW, record.id, moved=await exams.patient_came(record))
        if _is_older(record, said):
            return Said(Outcome.SAME, record.id)
        before = filmwork.said_of_patient(record)
        changed = await _update(record, said)
        changed |= await _hold(sealer, record, said)
        if before != filmwork.said_of_patient(record):
            await filmwork.patient_changed(record, clock.now())
        return Said(Outcome.CHANGED if changed else Outcome.SAME, record.id)


async def fill(sealer: Sealer, hospital: str, patient_id: str, said: Patient) -> Said:
    """As `put`, from whoever knows a patient only in passing, such as an order: it adds what is not known, no more."""
    async with writing(hospital):
        record = await PatientRecord.get_or_none(hospital_id=hospital, patient_id=patient_id)
        if record is None:
            return await put(sealer, hospital, patient_id, replace(said, said_at=None))  # older ADT may still come
        unknown = Patient(
            name=record.name,
            sex=None if record.sex else said.sex,
            birth_date=record.birth_date or said.birth_date,
            phones=None if await PatientPhone.exists(record_id=record.id) else said.phones,
            identifiers=None if await PatientIdentifier.exists(record_id=record.id) else said.identifiers,
        )
        return await put(sealer, hospital, patient_id, unknown)


def _is_older(record: PatientRecord, said: Patient) -> bool:
    return said.said_at is not None and record.said_at is not None and said.said_at < record.said_at


async def _create(hospital: str, patient_id: str, said: Patient) -> PatientRecord:
    return await PatientRecord.create(
        id=uuid7(),
        hospital_id=hospital,
        patient_id=patient_id,
        name=said.name,
        name_folded=names.folded(said.name),
        sex=said.sex or "",
        birth_date=said.birth_date,
        deceased_on=said.deceased_on,
        said_at=said.said_at,
    )


async def _update(record: PatientRecord, said: Patient) -> bool:
    before = record.name, record.sex, record.birth_date, record.deceased_on
    record.name, record.name_folded = said.name, names.folded(said.name)
    record.sex = record.sex if said.sex is None else said.sex
    record.birth_date = said.birth_date or record.birth_date
    record.deceased_on = said.deceased_on or record.deceased_on
    record.said_at = said.said_at or record.said_at
    await record.save()
    return before != (record.name, record.sex, record.birth_date, record.deceased_on)


async def _hold(sealer: Sealer, record: PatientRecord, said: Patient) -> bool:
    """Bring papers, phones and what is wrong with them to what was said; true when something changed."""
    changed = False
    if said.phones is not None:
        changed |= await _hold_phones(sealer, record, said.phones)
    if said.identifiers is not None:
        papers = [identifiers.identifier(kind, value) for kind, value in said.identifiers if value.strip()]
        changed |= await _hold_papers(sealer, record, papers)
        changed |= await _flag(record, papers)
    return changed


async def _hold_phones(sealer: Sealer, record: PatientRecord, written: Sequence[str]) -> bool:
    wanted = {phone.number: phone for phone in map(identifiers.phone, written) if phone.number}
    by_index = {sealer.index(PHONE, number): phone for number, phone in wanted.items()}
    known = {row.index for row in await PatientPhone.filter(record_id=record.id)}
    rows = [
        PatientPhone(record_id=record.id, sealed=sealer.seal(phone.number), index=index, usable=phone.usable)
        for index, phone in by_index.items()
        if index not in known
    ]
    await PatientPhone.bulk_create(rows)
    gone = await PatientPhone.filter(record_id=record.id, index__in=list(known - set(by_index))).delete()
    return bool(rows or gone)


async def _hold_papers(sealer: Sealer, record: PatientRecord, papers: Iterable[Identifier]) -> bool:
    wanted = {(paper.kind, sealer.index(paper.kind, paper.value)): paper for paper in papers}
    known = {(row.kind, row.index): row for row in await PatientIdentifier.filter(record_id=record.id)}
    rows = [
        PatientIdentifier(record_id=record.id, kind=kind, sealed=sealer.seal(paper.value), index=index, usable=paper.usable)
        for (kind, index), paper in wanted.items()
        if (kind, index) not in known
    ]
    await PatientIdentifier.bulk_create(rows)
    gone = [row.id for key, row in known.items() if key not in wanted]
    await PatientIdentifier.filter(id__in=gone).delete()
    return bool(rows or gone)


async def _flag(record: PatientRecord, papers: Iterable[Identifier]) -> bool:
    """Say what is wrong; a date of birth or sex that nobody said is read from a good identity card."""
    flags = [f"{paper.kind}: {paper.fault}" for paper in papers if paper.fault]
    born = next((paper.birth_date for paper in papers if paper.birth_date), None)
    sex = next((paper.sex for paper in papers if paper.sex), "")
    if born and record.birth_date and born != record.birth_date:
        flags.append("id_card: another date of birth than the record")
    if sex and record.sex in ("M", "F") and sex != record.sex:
        flags.append("id_card: another sex than the record")
    before = record.flags, record.birth_date, record.sex
    record.flags = sorted(flags)
    record.birth_date = record.birth_date or born
    record.sex = record.sex or sex
    await record.save()
    return before != (record.flags, record.birth_date, record.sex)
