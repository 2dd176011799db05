"""What a proved link shows: that one exam, as its patient would see it now, and nothing else."""

from __future__ import annotations

from datetime import datetime

from core.errors import NotFound, Unauthenticated
from identity.links import Link, LinkEnded, good_link
from identity.mine import records_of
from records import lineage, search
from records.models import Exam, PatientRecord
from records.search import Found


async def opened_exam(link: Link, now: datetime) -> Found | None:
    """The exam; None while it may not be seen, and once it is no longer that of whom the link was made for."""
    record = await record_of(link, now)
    return await search.get([record.id], link.subject, now) if record else None


async def record_of(link: Link, now: datetime) -> PatientRecord | None:
    """The patient record whose exam it is now; None when the link was made for somebody else, or nobody is known."""
    exam = await Exam.get_or_none(id=link.subject, hospital_id=link.hospital).prefetch_related("record")
    if exam is None or exam.record is None:
        return None
    record = await lineage.survivor(exam.record)
    return record if await _made_for(link, record, now) else None


async def studies_opened(link_id: str, now: datetime) -> frozenset[tuple[str, str]]:
    """(hospital, study) of every picture that a proved link shows now; raises Unauthenticated once the link is over."""
    try:
        link = await good_link(link_id, now)
    except (NotFound, LinkEnded) as error:
        raise Unauthenticated("the link is over") from error
    found = await opened_exam(link, now)
    return frozenset((link.hospital, study) for study in found.studies) if found else frozenset()


async def _made_for(link: Link, record: PatientRecord, now: datetime) -> bool:
    """An exam that turned out to be another patient's is not shown by a message that went to the first one."""
    if link.person_id is None:
        return True
    named = await PatientRecord.get_or_none(id=link.person_id)
    if named is not None:
        return (await lineage.survivor(named)).id == record.id
    return record.id in await records_of(link.person_id, now)
