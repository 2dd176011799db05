"""Which patient number counts, where several were merged into one."""

from __future__ import annotations

from collections.abc import Iterable

from records.models import PatientRecord

LONGEST_CHAIN = 32  # merges of merges; more is a mistake


async def survivor(record: PatientRecord) -> PatientRecord:
    """The record that counts: itself, or what it was merged into at last."""
    for _ in range(LONGEST_CHAIN):
        if record.merged_into_id is None:
            return record
        record = await PatientRecord.get(id=record.merged_into_id)
    return record


async def survivors(record_ids: Iterable[str]) -> dict[str, str]:
    """Record id → id of the record that counts, for all of them in few questions."""
    counts = {each: each for each in record_ids}
    for _ in range(LONGEST_CHAIN):
        merged = await PatientRecord.filter(id__in=set(counts.values()), merged_into_id__isnull=False)
        if not merged:
            break
        onward = {row.id: str(row.merged_into_id) for row in merged}
        counts = {first: onward.get(last, last) for first, last in counts.items()}
    return counts


async def members(record_ids: Iterable[str]) -> dict[str, str]:
    """Record id → the one that counts: for all of these, which count, and everything that was merged into them."""
    found = {each: each for each in record_ids}
    last = list(found)
    for _ in range(LONGEST_CHAIN):
        rows = await PatientRecord.filter(merged_into_id__in=last).values_list("id", "merged_into_id") if last else []
        if not rows:
            break
        found |= {str(merged): found[str(kept)] for merged, kept in rows}
        last = [str(merged) for merged, _ in rows]
    return found


async def known(hospital: str, patient_id: str) -> PatientRecord | None:
    """The record that counts for that number of the hospital, or None."""
    record = await PatientRecord.get_or_none(hospital_id=hospital, patient_id=patient_id)
    return await survivor(record) if record else None


async def numbers(record: PatientRecord) -> list[str]:
    """The record's own patient number, and those merged into it."""
    found, last = [record], [record]
    for _ in range(LONGEST_CHAIN):
        last = await PatientRecord.filter(merged_into_id__in=[each.id for each in last])
        if not last:
            break
        found += last
    return [each.patient_id for each in found]
