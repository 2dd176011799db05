"""What is mine: the patient records whose exams a person may see, their own and their family's."""

from __future__ import annotations

from datetime import datetime

from identity.models import Binding, Proxy
from records import lineage
from records.models import ExamStudy, Hospital
from records.visibility import exam_is_visible, rules_of


async def own_records(person: str) -> frozenset[str]:
    """Ids of the records that the person is bound to, and of those that they were merged into."""
    bound = await Binding.filter(person_id=person, revoked_at=None)
    counts = await lineage.survivors(row.record_id for row in bound)
    return frozenset(counts) | frozenset(counts.values())


async def records_of(person: str, now: datetime) -> frozenset[str]:
    """Ids of the records whose exams a person may see now: their own, and those of family who let them in."""
    bound = await Binding.filter(person_id=person, revoked_at=None)
    let_in = await Proxy.filter(person_id=person, revoked_at=None, expires_at__gt=now)
    records = [*(row.record_id for row in bound), *(row.record_id for row in let_in)]
    return frozenset((await lineage.survivors(records)).values())


async def studies_of(person: str, now: datetime) -> frozenset[tuple[str, str]]:
    """(hospital, study) of every picture that a person may see now."""
    records = sorted(await records_of(person, now))
    links = await ExamStudy.filter(exam__record_id__in=records, confirmed=True).prefetch_related("exam") if records else []
    hospitals = await Hospital.filter(code__in=sorted({link.exam.hospital_id for link in links})) if links else []
    rules = {hospital.code: rules_of(hospital) for hospital in hospitals}
    visible = [link for link in links if exam_is_visible(link.exam, rules[link.exam.hospital_id])]
    return frozenset((link.exam.hospital_id, link.study_uid) for link in visible)
