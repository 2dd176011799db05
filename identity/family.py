"""Family: someone looks after another's exams, because the patient answered a code that named them.

The code goes to the phone that the hospital has for the patient, and says whom it lets in. Whether such a patient exists never
shows: a challenge is given out for every claim.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from core.errors import BindingRefused, NotFound, TooManyRequests
from core.uids import uuid7
from identity.bindings import Bindings, Claim, only_one
from identity.mine import own_records
from identity.minors import GUARDIAN, comes_of_age
from identity.models import FamilyRequest, Proxy
from identity.persons import live_key
from identity.sms_codes import CHALLENGE_BYTES, Issued, Purpose, SmsCodes
from infra.database import transaction
from infra.epoch import Epoch
from infra.sealing import Sealer
from records import names
from records.models import PatientPhone, PatientRecord

RELATIONS = ("spouse", "parent", "child", "guardian", "other")  # what the patient is to the person; guardian: of a minor
LONGEST = timedelta(days=365)


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
        phone = await self._phone_of(record)
        nothing = Asked(secrets.token_hex(CHALLENGE_BYTES))
        if record is None or not phone or ends_at(relation, record.birth_date, now) is None:
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
        proxy = Proxy(
            id=uuid7(),
            person_id=person,
            record_id=asked.record_id,
            relation=asked.relation,
            evidence="code",
            granted_at=now,
            expires_at=end,
            live=live_key(person, asked.record_id),
        )
        async with transaction():
            await Proxy.filter(live=proxy.live).update(revoked_at=now, live=None)  # a new proof begins a new term
            await proxy.save(force_create=True)
        self._epoch.advance()
        return await Proxy.get(id=proxy.id).prefetch_related("record")

    async def seen_by(self, person: str, now: datetime) -> list[Proxy]:
        """Whose exams this person may see."""
        live = Proxy.filter(person_id=person, revoked_at=None, expires_at__gt=now)
        return await live.order_by("granted_at", "id").prefetch_related("record")

    async def who_sees(self, person: str, now: datetime) -> list[Proxy]:
        """Who may see this person's own exams."""
        records = sorted(await own_records(person))
        live = Proxy.filter(record_id__in=records, revoked_at=None, expires_at__gt=now)
        return await live.order_by("granted_at", "id").prefetch_related("record")

    async def revoke(self, person: str, proxy_id: str, now: datetime) -> Proxy:
        """Take it back: either side may, at any time. Raises NotFound for one that is neither's."""
        both = [*await self.seen_by(person, now), *await self.who_sees(person, now)]
        proxy = next((each for each in both if each.id == proxy_id), None)
        if proxy is None:
            raise NotFound("nobody was let in by that id")
        await Proxy.filter(id=proxy.id).update(revoked_at=now, live=None)
        self._epoch.advance()
        return proxy

    async def _phone_of(self, record: PatientRecord | None) -> str:
        """A number that the hospital has for the patient and that can receive a code."""
        row = await PatientPhone.filter(record_id=record.id if record else "", usable=True).order_by("id").first()
        return self._sealer.open(row.sealed) if row else ""

    async def _remember(self, issued: Issued, person: str, record: PatientRecord, relation: str, now: datetime) -> None:
        await FamilyRequest.create(
            challenge=issued.challenge, person_id=person, record_id=record.id, relation=relation, asked_at=now
        )


async def forget_requests(before: datetime) -> None:
    """Remove requests that no code answers any more."""
    await FamilyRequest.filter(asked_at__lt=before).delete()


def ends_at(relation: str, born: date | None, now: datetime) -> datetime | None:
    """When such a permission ends, a guardian's when the child is of age. None: it cannot be given at all."""
    if relation != GUARDIAN:
        return now + LONGEST
    if born is None or now >= comes_of_age(born):
        return None
    return comes_of_age(born)
