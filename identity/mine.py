"""What is mine: the patient records whose exams a person may see, their own and their family's."""

from __future__ import annotations

from datetime import datetime, timedelta

from tortoise.queryset import QuerySet

from identity.minors import GUARDIAN, guardian_sees
from identity.models import Binding, Proxy
from identity.newborns import NEWBORN, mother_of
from records import lineage
from records.models import ExamStudy, Hospital, PatientRecord
from records.policies import from_json
from records.visibility import exam_is_visible, rules_of


async def own_records(person: str) -> frozenset[str]:
    """Ids of the records that the person is bound to, and of those that they were merged into."""
    bound = await Binding.filter(person_id=person, revoked_at=None)
    counts = await lineage.survivors(row.record_id for row in bound)
    return frozenset(counts) | frozenset(counts.values())


async def records_of(person: str, now: datetime) -> frozenset[str]:
    """Ids of the records whose exams a person may see now: their own, and those of family who let them in."""
    bound = await Binding.filter(person_id=person, revoked_at=None)
    let_in = await seeing(Proxy.filter(person_id=person), now)
    records = [*(row.record_id for row in bound), *(row.record_id for row in let_in)]
    return frozenset((await lineage.survivors(records)).values())


async def records_to_choose_for(person: str, now: datetime) -> frozenset[str]:
    """Those of them whose digital service the person may open or decline: their own, and a child's as its guardian."""
    bound = await Binding.filter(person_id=person, revoked_at=None)
    children = await seeing(Proxy.filter(person_id=person, relation__in=(GUARDIAN, NEWBORN)), now)
    records = [*(row.record_id for row in bound), *(row.record_id for row in children)]
    return frozenset((await lineage.survivors(records)).values())


async def persons_who_see(record_id: str, now: datetime) -> frozenset[str]:
    """Ids of the persons who may see the exams of this record now: `records_of` the other way round."""
    ids = await with_those_merged(record_id)
    bound = await Binding.filter(record_id__in=ids, revoked_at=None)
    let_in = await seeing(Proxy.filter(record_id__in=ids), now)
    return frozenset(row.person_id for row in bound) | frozenset(row.person_id for row in let_in)


async def seeing(proxies: QuerySet[Proxy], now: datetime) -> list[Proxy]:
    """Those of the permissions that let somebody see now."""
    live = await proxies.filter(revoked_at=None, expires_at__gt=now).prefetch_related("record__hospital")
    return [proxy for proxy in live if await lets_see(proxy, now)]


async def lets_see(proxy: Proxy, now: datetime) -> bool:
    """A live permission lets see, but a guardian's without the child's word at 14, and a mother's once the child is named."""
    if proxy.relation == GUARDIAN:
        grace = timedelta(days=from_json(proxy.record.hospital.policies).guardian_grace_days)
        return guardian_sees(proxy.record.birth_date, proxy.agreed_at, grace, now)
    if proxy.relation == NEWBORN:
        return bool(mother_of((await lineage.survivor(proxy.record)).name))
    return True


async def studies_of(person: str, now: datetime) -> frozenset[tuple[str, str]]:
    """(hospital, study) of every picture that a person may see now."""
    records = sorted(await records_of(person, now))
    links = await ExamStudy.filter(exam__record_id__in=records, confirmed=True).prefetch_related("exam") if records else []
    hospitals = await Hospital.filter(code__in=sorted({link.exam.hospital_id for link in links})) if links else []
    rules = {hospital.code: rules_of(hospital) for hospital in hospitals}
    visible = [link for link in links if exam_is_visible(link.exam, rules[link.exam.hospital_id])]
    return frozenset((link.exam.hospital_id, link.study_uid) for link in visible)


async def with_those_merged(record_id: str) -> list[str]:
    """Ids of the record and of all that were merged into it: what was proved of one of them stays with its number."""
    found = last = [record_id]
    for _ in range(lineage.LONGEST_CHAIN):
        last = [row.id for row in await PatientRecord.filter(merged_into_id__in=last)]
        if not last:
            break
        found = [*found, *last]
    return found
