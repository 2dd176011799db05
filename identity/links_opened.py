"""What a proved link shows: that one exam, as its patient would see it now, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from core.errors import NotFound, Unauthenticated
from core.grants import Grant
from identity.links import Link, LinkEnded, good_link
from identity.mine import records_of
from records import lineage, search
from records.models import Exam, PatientRecord
from records.search import Found


@dataclass(frozen=True, slots=True)
class Shown:
    """The pictures that a proved link shows now, as in `core.grants.Grant`; until when, if the link ends."""

    studies: frozenset[tuple[str, str]] = frozenset()
    series: frozenset[tuple[str, str, str]] = frozenset()
    mask: str = field(default="", repr=False)
    until: datetime | None = None

    def within(self, grant: Grant) -> Grant:
        """The grant of a session, which sees just this."""
        until = grant.until if self.until is None else min(grant.until, self.until)
        return replace(grant, studies=self.studies, series=self.series, mask=self.mask, until=until)


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


async def shown(link_id: str, now: datetime) -> Shown:
    """What a session of a proved link shows now; raises Unauthenticated once the link is over."""
    try:
        link = await good_link(link_id, now)
    except (NotFound, LinkEnded) as error:
        raise Unauthenticated("the link is over") from error
    return await shown_by(link, now)


async def shown_by(link: Link, now: datetime) -> Shown:
    """The pictures of the one exam that the link is about."""
    found = await opened_exam(link, now)
    return Shown(frozenset((link.hospital, study) for study in found.studies), until=link.expires_at) if found else Shown()


async def _made_for(link: Link, record: PatientRecord, now: datetime) -> bool:
    """An exam that turned out to be another patient's is not shown by a message that went to the first one."""
    if link.person_id is None:
        return True
    named = await PatientRecord.get_or_none(id=link.person_id)
    if named is not None:
        return (await lineage.survivor(named)).id == record.id
    return record.id in await records_of(link.person_id, now)
