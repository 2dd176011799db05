"""Two numbers of one patient become one, and apart again; what each number's exams are follows at once."""

from __future__ import annotations

from datetime import datetime

from core.errors import Conflict, NotFound
from core.uids import uuid7
from records import exams, lineage
from records.models import PatientRecord, RecordChange
from records.writing import Outcome, Said, writing

MERGE, UNMERGE = "merge", "unmerge"


async def merge(
    hospital: str, source: str, target: str, *, subject: str, now: datetime, said_at: datetime | None = None
) -> Said:
    """The exams of patient number `source` are `target`'s from now on. Raises NotFound, Conflict.

    A message (`said_at`) that is older than a person's un-merge of the same two changes nothing.
    """
    async with writing(hospital):
        old, kept = await _record(hospital, source), await lineage.survivor(await _record(hospital, target))
        if old.merged_into_id is not None:
            return _again(old, await lineage.survivor(old), kept)
        if old.id == kept.id:
            raise Conflict("a patient cannot be merged into itself")
        if said_at is not None and await _taken_back_after(old, said_at):
            return Said(Outcome.SAME, old.id)
        await exams.move(hospital, await lineage.numbers(old), kept)
        await PatientRecord.filter(id=old.id).update(merged_into_id=kept.id)
        await _write_down(hospital, MERGE, old, kept, subject, now)
        return Said(Outcome.CHANGED, old.id, moved=True)


async def unmerge(hospital: str, source: str, *, subject: str, now: datetime) -> Said:
    """`source` is a patient of its own again, with every exam that came under its number. Raises NotFound, Conflict."""
    async with writing(hospital):
        old = await _record(hospital, source)
        if old.merged_into_id is None:
            raise Conflict("this patient is not merged")
        kept = await PatientRecord.get(id=old.merged_into_id)
        await PatientRecord.filter(id=old.id).update(merged_into_id=None)
        await exams.move(hospital, await lineage.numbers(old), old)
        await RecordChange.filter(kind=MERGE, source=old.id, undone_at=None).update(undone_at=now)
        await _write_down(hospital, UNMERGE, old, kept, subject, now)
        return Said(Outcome.CHANGED, old.id, moved=True)


def _again(old: PatientRecord, merged_into: PatientRecord, kept: PatientRecord) -> Said:
    if merged_into.id != kept.id:
        raise Conflict("this patient is merged into another one: un-merge it first")
    return Said(Outcome.SAME, old.id)


async def _record(hospital: str, patient_id: str) -> PatientRecord:
    record = await PatientRecord.get_or_none(hospital_id=hospital, patient_id=patient_id)
    if record is None:
        raise NotFound("no such patient")
    return record


async def _taken_back_after(old: PatientRecord, said_at: datetime) -> bool:
    return await RecordChange.filter(kind=MERGE, source=old.id, undone_at__gte=said_at).exists()


async def _write_down(hospital: str, kind: str, old: PatientRecord, kept: PatientRecord, subject: str, now: datetime) -> None:
    await RecordChange.create(
        id=uuid7(), hospital_id=hospital, kind=kind, source=old.id, target=kept.id, detail={}, subject=subject, at=now
    )
