"""Family: someone looks after another's exams, because the patient answered a code that named them, or the desk saw the papers.

The code goes to the phone that the hospital has for the patient, and says whom it lets in. Whether such a patient exists never
shows: a challenge is given out for every claim. A guardian needs the child's own word from 14 on (identity/minors.py), a mother
sees her newborn until it is named, and the family of who died sees for a limited time.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tortoise.exceptions import IntegrityError

from core.errors import BindingRefused, Conflict, NotFound, TooManyRequests
from core.uids import uuid7
from identity import events
from identity.bindings import Bindings, Claim, only_one
from identity.mine import own_records
from identity.minors import GUARDIAN, comes_of_age, decides_alone, remind
from identity.models import Binding, FamilyRequest, PersonPhone, Proxy
from identity.newborns import NEWBORN, mother_of
from identity.persons import live_key
from identity.sms_codes import CHALLENGE_BYTES, Issued, Purpose, SmsCodes
from infra.database import transaction
from infra.epoch import Epoch
from infra.sealing import Sealer
from records import names
from records.models import PatientPhone, PatientRecord

RELATIONS = ("spouse", "parent", "child", "guardian", "other")  # what the patient is to the person; guardian: of a minor
NEXT_OF_KIN = "next_of_kin"
DESK_RELATIONS = (*RELATIONS, NEWBORN, NEXT_OF_KIN)  # those of which only papers are a proof as well
LONGEST = timedelta(days=365)
CODE, PAPERS = "code", "papers"


@dataclass(frozen=True, slots=True)
class Asked:
    """A challenge for every claim; a phone and a code only where the claim is right."""

    challenge: str
    phone: str = ""
    code: str = ""


class Family:
    """Lets family members in, lists them, takes it back."""

    def __init__(self, sealer: Sealer, codes: SmsCodes, bindings: Bindings, epoch: Epoch) -> None:
        self._sealer = sealer
        self._codes = codes
        self._bindings = bindings
        self._epoch = epoch

    async def ask(self, person: str, claim: Claim, relation: str, address: str, now: datetime) -> Asked:
        """Ask the patient of this claim to let `person` in. Raises BindingRefused only for too many tries."""
        await self._bindings.count(person, claim, address, now)
        candidates = await self._bindings.claimed(claim)
        record = await only_one(each for each in candidates if names.same(each.name, claim.name))
        nothing = Asked(secrets.token_hex(CHALLENGE_BYTES))
        if record is None or record.deceased_on is not None or ends_at(relation, record.birth_date, now) is None:
            return nothing
        phone = await self._phone_of(record, person, relation, now)
        if not phone:
            return nothing
        try:
            issued = await self._codes.issue(phone, Purpose.FAMILY, address, now)
        except TooManyRequests:
            return nothing
        await self._remember(issued, person, record, relation, now)
        return Asked(issued.challenge, phone, issued.code)

    async def let_in(self, person: str, challenge: str, code: str, now: datetime) -> Proxy:
        """The patient said the code: `person` may see. Raises Unauthenticated for a wrong code, or one for somebody else."""
        await self._codes.redeem(challenge, code, Purpose.FAMILY, now)
        asked = await FamilyRequest.get_or_none(challenge=challenge, person_id=person).prefetch_related("record")
        end = ends_at(asked.relation, asked.record.birth_date, now) if asked else None
        if asked is None or end is None:
            raise BindingRefused("nobody was asked for")
        answered = asked.relation == GUARDIAN and decides_alone(asked.record.birth_date, asked.asked_at)
        agreed_at = now if answered else None  # by the child: the code went to a phone that is not the guardian's
        proxy = _proxy(person, asked.record_id, asked.relation, CODE, now, end, agreed_at)
        async with transaction():
            await _begin(proxy, asked.record, now)
        self._epoch.advance()
        return await Proxy.get(id=proxy.id).prefetch_related("record__hospital")

    async def let_in_by_papers(
        self,
        person: str,
        record: PatientRecord,
        relation: str,
        longest: timedelta | None,
        now: datetime,
        *,
        child_agreed: bool = False,
    ) -> Proxy:
        """Inside the desk's transaction: the papers prove it. Raises BindingRefused where the record is not such a one."""
        await _require_fitting(person, record, relation)
        end = ends_at(relation, record.birth_date, now)
        if end is None:
            raise BindingRefused("not a minor, or nobody knows")
        agreed_at = now if child_agreed and relation == GUARDIAN and decides_alone(record.birth_date, now) else None
        proxy = _proxy(person, record.id, relation, PAPERS, now, min(end, now + longest) if longest else end, agreed_at)
        await _begin(proxy, record, now)
        await events.account_changed(events.FAMILY_ADDED, record.hospital_id, record.id, proxy.id, now)
        return await Proxy.get(id=proxy.id).prefetch_related("record__hospital")

    async def agree(self, person: str, proxy_id: str, now: datetime) -> Proxy:
        """A child of 14 or more lets its guardian go on; raises NotFound, and Conflict before the birthday."""
        sees = await self.who_sees(person, now)
        proxy = next((each for each in sees if each.id == proxy_id and each.person_id != person), None)
        if proxy is None or proxy.relation != GUARDIAN:
            raise NotFound("no guardian was let in by that id")
        return await self._agreed(proxy, now)

    async def agree_at_desk(self, hospital: str, proxy_id: str, now: datetime) -> Proxy:
        """Inside the desk's transaction: the child said so there; raises as `agree`."""
        proxy = await self._of_hospital(hospital, proxy_id, now)
        if proxy.relation != GUARDIAN:
            raise NotFound("no guardian was let in by that id")
        return await self._agreed(proxy, now)

    async def take_back(self, hospital: str, proxy_id: str, now: datetime) -> Proxy:
        """Inside the desk's transaction: it was wrong, or is over; raises NotFound."""
        proxy = await self._of_hospital(hospital, proxy_id, now)
        await Proxy.filter(id=proxy.id).update(revoked_at=now, live=None)
        return proxy

    async def seen_by(self, person: str, now: datetime) -> list[Proxy]:
        """Whose exams this person may see."""
        live = Proxy.filter(person_id=person, revoked_at=None, expires_at__gt=now)
        return await live.order_by("granted_at", "id").prefetch_related("record__hospital")

    async def who_sees(self, person: str, now: datetime) -> list[Proxy]:
        """Who may see this person's own exams."""
        records = sorted(await own_records(person))
        live = Proxy.filter(record_id__in=records, revoked_at=None, expires_at__gt=now)
        return await live.order_by("granted_at", "id").prefetch_related("record__hospital")

    async def revoke(self, person: str, proxy_id: str, now: datetime) -> Proxy:
        """Take it back: either side may, at any time. Raises NotFound for one that is neither's."""
        both = [*await self.seen_by(person, now), *await self.who_sees(person, now)]
        proxy = next((each for each in both if each.id == proxy_id), None)
        if proxy is None:
            raise NotFound("nobody was let in by that id")
        await Proxy.filter(id=proxy.id).update(revoked_at=now, live=None)
        self._epoch.advance()
        return proxy

    async def _of_hospital(self, hospital: str, proxy_id: str, now: datetime) -> Proxy:
        live = Proxy.filter(id=proxy_id, record__hospital_id=hospital, revoked_at=None, expires_at__gt=now)
        proxy = await live.prefetch_related("record__hospital").first()
        if proxy is None:
            raise NotFound("nobody was let in by that id")
        return proxy

    async def _agreed(self, proxy: Proxy, now: datetime) -> Proxy:
        if not decides_alone(proxy.record.birth_date, now):
            raise Conflict("the child is asked from the 14th birthday on")
        await Proxy.filter(id=proxy.id, agreed_at=None).update(agreed_at=now)
        self._epoch.advance()
        return await Proxy.get(id=proxy.id).prefetch_related("record__hospital")

    async def _phone_of(self, record: PatientRecord, person: str, relation: str, now: datetime) -> str:
        """A number that the hospital has for the patient and that can receive a code.

        A child of 14 or more answers by itself, so not one that the guardian holds.
        """
        phones = PatientPhone.filter(record_id=record.id, usable=True).order_by("id")
        if relation == GUARDIAN and decides_alone(record.birth_date, now):
            phones = phones.exclude(index__in=[row.index for row in await PersonPhone.filter(person_id=person)])
        row = await phones.first()
        return self._sealer.open(row.sealed) if row else ""

    async def _remember(self, issued: Issued, person: str, record: PatientRecord, relation: str, now: datetime) -> None:
        await FamilyRequest.create(
            challenge=issued.challenge, person_id=person, record_id=record.id, relation=relation, asked_at=now
        )


async def forget_requests(before: datetime) -> None:
    """Remove requests that no code answers any more."""
    await FamilyRequest.filter(asked_at__lt=before).delete()


def _proxy(
    person: str, record: str, relation: str, evidence: str, now: datetime, end: datetime, agreed_at: datetime | None
) -> Proxy:
    return Proxy(
        id=uuid7(),
        person_id=person,
        record_id=record,
        relation=relation,
        evidence=evidence,
        agreed_at=agreed_at,
        granted_at=now,
        expires_at=end,
        live=live_key(person, record),
    )


async def _begin(proxy: Proxy, record: PatientRecord, now: datetime) -> None:
    """A new proof begins a new term, in place of the one before."""
    await Proxy.filter(live=proxy.live).update(revoked_at=now, live=None)
    try:
        await proxy.save(force_create=True)
    except IntegrityError as error:
        raise Conflict("the same was granted at the same moment") from error
    await remind(proxy, record.birth_date, now)
    if proxy.relation != NEXT_OF_KIN:
        await events.account_changed(events.FAMILY_ADDED, record.hospital_id, record.id, proxy.id, now)


async def _require_fitting(person: str, record: PatientRecord, relation: str) -> None:
    """A newborn without a name is its mother's, next of kin are those of who died; raises BindingRefused."""
    if (relation == NEXT_OF_KIN) != (record.deceased_on is not None):
        raise BindingRefused("next of kin are those of who died")
    if relation == NEWBORN:
        own = Binding.filter(person_id=person, hospital_id=record.hospital_id, revoked_at=None).prefetch_related("record")
        mother = mother_of(record.name)
        if not any(mother and names.same(row.record.name, mother) for row in await own):
            raise BindingRefused("not the name of this newborn's mother")


def ends_at(relation: str, born: date | None, now: datetime) -> datetime | None:
    """When such a permission ends, a guardian's when the child is of age. None: it cannot be given at all."""
    if relation != GUARDIAN:
        return now + LONGEST
    if born is None or now >= comes_of_age(born):
        return None
    return comes_of_age(born)
