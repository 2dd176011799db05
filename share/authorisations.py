"""Authorisations: who let a third party fetch which exams, what for, and until when.

For treatment the hospital may, for whatever else only the patient (contract row 9). Nothing of it is decided once: whose an
exam is, whether its patient may see it, and whether who authorised it still speaks for the patient, is asked at each request.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from tortoise.expressions import Q

from core.errors import Conflict, ConsentNeeded, NotFound, OnlyLooking, Sensitive, Unauthenticated
from core.grants import Grant
from core.uids import row_id, uuid7
from identity.consents import RESEARCH, for_everybody
from identity.mine import records_of, records_to_choose_for, seeing
from identity.minors import GUARDIAN
from identity.models import Binding, Consent, Proxy
from identity.newborns import NEWBORN
from infra.keys import Keys
from records import lineage, search
from records.models import Exam, PatientRecord
from records.search import Found
from share import sensitive
from share.models import Authorisation, AuthorisedExam, ThirdParty
from share.third_parties import BY_HOSPITAL, Purpose, asking, mask_of

LONGEST = timedelta(days=365)
MOST_EXAMS = 100  # of one authorisation
MOST_AT_ONCE = 5000  # exams that one third party may fetch for one purpose at the same time


@dataclass(frozen=True, slots=True)
class Authorised:
    """An exam that may be fetched now, and what allows it."""

    found: Found
    authorisation: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Terms:
    """Who is let in, what for, and until when."""

    third_party: ThirdParty
    purpose: Purpose
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Mine:
    """An authorisation as a patient sees it, and those of its exams that are of records that they speak for."""

    row: Authorisation
    exams: tuple[str, ...]


async def seen(keys: Keys, grant: Grant, now: datetime) -> Grant:
    """The grant of a third party's session: exactly what it is authorised to now. Raises Unauthenticated once it is over."""
    third_party, purpose = asking(grant.subject)
    row = await ThirdParty.get_or_none(id=third_party, revoked_at=None)
    if row is None or purpose not in row.purposes:
        raise Unauthenticated("the third party is over")
    exams = await authorised(third_party, purpose, now)
    studies = {(each.found.hospital.code, uid): each.authorisation for each in exams for uid in each.found.studies}
    reports = {(each.found.hospital.code, each.found.exam.id): each.authorisation for each in exams}
    until = min([grant.until, *(each.expires_at for each in exams)])  # then it is asked anew
    mask, allowed_by = mask_of(keys, grant.subject), studies | reports
    return replace(grant, studies=frozenset(studies), allowed_by=allowed_by, mask=mask, until=until)


async def authorised(third_party: str, purpose: Purpose, now: datetime) -> list[Authorised]:
    """All exams that it may fetch for that purpose now, in the order of their ids."""
    live = await Authorisation.filter(third_party_id=third_party, purpose=purpose, revoked_at=None, expires_at__gt=now)
    may_speak = await _speaking([row.person_id for row in live if row.person_id], purpose, now)
    whole = await lineage.survivors(row.record_id for row in live if row.record_id)
    found: dict[str, Authorised] = {}
    for row, exams in [*await _listed(live, may_speak, now), *await _of_patients(live, whole, now)]:
        for each in exams:
            found.setdefault(each.exam.id, Authorised(each, row.id, row.expires_at))
    return [found[exam] for exam in sorted(found)]


async def by_patient(
    person: str, terms: Terms, exam_ids: Sequence[str], now: datetime, *, confirm_sensitive: bool = False
) -> Authorisation:
    """Inside the caller's transaction: the patient lets it fetch these exams.

    Raises NotFound for exams that are not this person's to see or not of its hospital, OnlyLooking, ConsentNeeded, Sensitive.
    """
    _require_purpose(terms)
    seen = await search.get_all(await records_of(person, now), exam_ids, now)
    if set(exam_ids) - set(seen) or any(each.hospital.code != terms.third_party.hospital_id for each in seen.values()):
        raise NotFound("no such exam")
    own = await records_to_choose_for(person, now)
    if any(each.exam.record_id not in own for each in seen.values()):
        raise OnlyLooking("a family member who may look may not let others look")
    if terms.purpose is Purpose.RESEARCH and not await _agreed([person], now):
        raise ConsentNeeded(RESEARCH)
    asked_again = await sensitive.sensitive_among(seen.values())
    if asked_again and not confirm_sensitive:
        raise Sensitive("a sensitive exam is among them: ask, and send confirm_sensitive")
    return await _given([each.exam for each in seen.values()], None, terms, person, person, now, asked_again)


async def by_hospital(
    subject: str, terms: Terms, exams: Sequence[Exam], record: PatientRecord | None, now: datetime
) -> Authorisation:
    """Inside the caller's transaction: the hospital lets it fetch these exams, or all of a patient. Raises Conflict."""
    _require_purpose(terms)
    if terms.purpose not in BY_HOSPITAL:
        raise Conflict("only the patient authorises that")
    if any(exam.record_id is None for exam in exams):
        raise Conflict("nobody knows whose exam it is")
    return await _given(exams, record, terms, None, subject, now)


async def of_person(person: str, now: datetime) -> list[Mine]:
    """What concerns the records that this person speaks for, given by whomever; newest first, without what is over."""
    records = await lineage.members(await records_to_choose_for(person, now))
    if not records:
        return []
    listed = await AuthorisedExam.filter(record_id__in=list(records)).order_by("id")
    exams: dict[str, list[str]] = {}
    for row in listed:
        exams.setdefault(row.authorisation_id, []).append(row.exam_id)
    concerns = Q(id__in=list(exams)) | Q(record_id__in=list(records))
    live = Authorisation.filter(concerns, revoked_at=None, expires_at__gt=now, third_party__revoked_at=None)
    rows = await live.order_by("-id").prefetch_related("third_party__hospital")
    return [Mine(row, tuple(exams.get(row.id, ()))) for row in rows]


async def third_parties_near(person: str, now: datetime) -> list[ThirdParty]:
    """Those that the hospitals of this person's records let in, by name."""
    records = await records_to_choose_for(person, now)
    hospitals = await PatientRecord.filter(id__in=list(records)).values_list("hospital_id", flat=True) if records else []
    near = ThirdParty.filter(hospital_id__in=sorted({str(code) for code in hospitals}), revoked_at=None)
    return await near.order_by("name", "id").prefetch_related("hospital") if hospitals else []


async def third_party_near(person: str, third_party: str, now: datetime) -> ThirdParty:
    """One of them; raises NotFound."""
    row = next((each for each in await third_parties_near(person, now) if each.id == third_party), None)
    if row is None:
        raise NotFound("no such third party")
    return row


async def of_third_party(third_party: str, now: datetime, *, before: str = "", limit: int = 100) -> list[Authorisation]:
    """What it was given and is not over, newest first; only what is older than `before`, if that is told."""
    live = Authorisation.filter(third_party_id=third_party, revoked_at=None, expires_at__gt=now)
    older = live.filter(id__lt=before) if before else live
    return await older.order_by("-id").limit(limit).prefetch_related("third_party__hospital", "exams")


async def revoke_by_person(person: str, authorisation: str, now: datetime) -> Authorisation:
    """Inside the caller's transaction: a patient's word is taken back, by whoever speaks for the patient. Raises NotFound."""
    mine = [each.row for each in await of_person(person, now)]
    row = next((each for each in mine if each.id == authorisation and each.person_id is not None), None)
    return await _revoked(row, now)


async def revoke_by_hospital(third_party: str, authorisation: str, now: datetime) -> Authorisation:
    """Inside the caller's transaction: the hospital ends it, whoever gave it. Raises NotFound."""
    live = Authorisation.filter(id=authorisation, third_party_id=third_party, revoked_at=None, expires_at__gt=now)
    return await _revoked(await live.first(), now)


async def revoke_all(person: str, now: datetime) -> int:
    """Everything that this person authorised ends; how many there were."""
    return await Authorisation.filter(person_id=person, revoked_at=None).update(revoked_at=now)


async def export(person: str) -> list[dict[str, Any]]:
    """All that this person ever authorised, oldest first; times as datetimes."""
    rows = await Authorisation.filter(person_id=person).order_by("id").prefetch_related("third_party", "exams")
    return [
        {
            "third_party": row.third_party.name,
            "purpose": row.purpose,
            "exams": [each.exam_id for each in row.exams],
            "given_at": row.given_at,
            "expires_at": row.expires_at,
            "revoked_at": row.revoked_at,
        }
        for row in rows
    ]


async def _revoked(row: Authorisation | None, now: datetime) -> Authorisation:
    if row is None:
        raise NotFound("no such authorisation")
    await Authorisation.filter(id=row.id).update(revoked_at=now)
    return row


def _require_purpose(terms: Terms) -> None:
    if terms.purpose not in terms.third_party.purposes:
        raise Conflict("the hospital did not let it in for that purpose")


async def _given(
    exams: Sequence[Exam],
    record: PatientRecord | None,
    terms: Terms,
    person: str | None,
    subject: str,
    now: datetime,
    asked_again: Collection[str] = (),
) -> Authorisation:
    await _require_room(terms, len(exams) or 1, now)
    row = await Authorisation.create(
        id=uuid7(),
        third_party_id=terms.third_party.id,
        purpose=terms.purpose,
        person_id=person,
        record_id=record.id if record else None,
        given_by=subject,
        given_at=now,
        expires_at=terms.expires_at,
    )
    await AuthorisedExam.bulk_create(_exam_row(row, exam, exam.id in asked_again) for exam in exams)
    return await Authorisation.get(id=row.id).prefetch_related("third_party__hospital", "exams")


def _exam_row(authorisation: Authorisation, exam: Exam, asked_again: bool) -> AuthorisedExam:
    return AuthorisedExam(
        id=row_id(), authorisation_id=authorisation.id, exam_id=exam.id, record_id=exam.record_id, sensitive=asked_again
    )


async def _require_room(terms: Terms, more: int, now: datetime) -> None:
    live = Authorisation.filter(third_party_id=terms.third_party.id, purpose=terms.purpose, revoked_at=None, expires_at__gt=now)
    rows = await live.values_list("id", "record_id")
    listed = await AuthorisedExam.filter(authorisation_id__in=[str(each) for each, _ in rows]).count() if rows else 0
    whole = sum(record is not None for _, record in rows)
    if whole + listed + more > MOST_AT_ONCE:
        raise Conflict(f"one third party fetches at most {MOST_AT_ONCE} exams at a time for one purpose")


async def _listed(
    live: Sequence[Authorisation], may_speak: Mapping[str, Collection[str]], now: datetime
) -> list[tuple[Authorisation, list[Found]]]:
    """Of each: those of its exams that are still of whom they were of, and for whom who gave it still speaks."""
    by_id = {row.id: row for row in live}
    rows = await AuthorisedExam.filter(authorisation_id__in=list(by_id)).order_by("id") if by_id else []
    then = await lineage.survivors(row.record_id for row in rows)
    found = await search.get_all(set(then.values()), {row.exam_id for row in rows}, now)
    hidden = await sensitive.sensitive_among(found.values())
    good: dict[str, list[Found]] = {}
    for row in rows:
        each, person = found.get(row.exam_id), by_id[row.authorisation_id].person_id
        if each is None or each.exam.record_id != then[row.record_id] or (each.exam.id in hidden and not row.sensitive):
            continue
        if person is None or each.exam.record_id in may_speak.get(person, ()):
            good.setdefault(row.authorisation_id, []).append(each)
    return [(by_id[authorisation], exams) for authorisation, exams in good.items()]


async def _of_patients(
    live: Sequence[Authorisation], whole: Mapping[str, str], now: datetime
) -> list[tuple[Authorisation, list[Found]]]:
    """Of each that is for all of a patient: what its patient may see, without what is sensitive."""
    if not whole:
        return []
    exams = await Exam.filter(record_id__in=list(set(whole.values()))).order_by("-id").limit(MOST_AT_ONCE)
    found = await search.get_all(set(whole.values()), (exam.id for exam in exams), now)
    hidden = await sensitive.sensitive_among(found.values())
    seen = [each for each in found.values() if each.exam.id not in hidden]
    return [
        (row, [each for each in seen if each.exam.record_id == whole[row.record_id]])
        for row in live
        if row.record_id is not None
    ]


async def _speaking(persons: Iterable[str], purpose: Purpose, now: datetime) -> dict[str, set[str]]:
    """Person → the records for which they still speak, as `records_to_choose_for`; for research, of who still agrees to it."""
    asked = set(persons)
    if purpose is Purpose.RESEARCH:
        asked &= await _agreed(asked, now)
    if not asked:
        return {}
    bound = await Binding.filter(person_id__in=list(asked), revoked_at=None)
    children = await seeing(Proxy.filter(person_id__in=list(asked), relation__in=(GUARDIAN, NEWBORN)), now)
    pairs = [*((row.person_id, row.record_id) for row in bound), *((row.person_id, row.record_id) for row in children)]
    counts = await lineage.survivors(record for _, record in pairs)
    found: dict[str, set[str]] = {}
    for person, record in pairs:
        found.setdefault(person, set()).add(counts[record])
    return found


async def _agreed(persons: Collection[str], now: datetime) -> set[str]:
    """Those whose present answer to the text about research is yes."""
    terms = next(each for each in for_everybody() if each.kind == RESEARCH)
    rows = await Consent.filter(person_id__in=list(persons), kind=RESEARCH, withdrawn_at=None) if persons else []
    return {row.person_id for row in rows if terms.answer(row, now)}
