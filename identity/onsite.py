"""At the hospital: a kiosk that read a card, or the desk that saw the papers, says which record is whose account's.

The account is the one whose phone shows a code, or the one of the phone that got one by SMS. Whatever is wrong, the refusal is
the same as on a phone; who did it, where and by which evidence stays on record, without the number of any paper.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.errors import BindingRefused, Unauthenticated
from core.grants import Role
from core.uids import uuid7
from identity.bindings import PER_PERSON, PER_TARGET, Bindings, Claim, count
from identity.limits import DAY, HOUR, Limit
from identity.models import Attestation, Binding
from identity.pairing import Pairing
from identity.persons import Persons
from identity.sms_codes import Issued, Purpose, SmsCodes
from infra.sealing import Sealer
from records.models import Hospital, PatientRecord
from records.policies import Policies, from_json

CARDS = ("id_card", "visit_card", "insurance", "health_card")  # what a kiosk's readers read; what is typed proves nothing
PER_POST: Mapping[Role, tuple[Limit, ...]] = {
    Role.KIOSK: (Limit(90, HOUR), Limit(600, DAY)),  # somebody every forty seconds
    Role.GUIDE: (Limit(120, HOUR), Limit(800, DAY)),
}
UNDONE_BECAUSE = ("wrong-person", "wrong-papers", "asked-by-patient", "other")


@dataclass(frozen=True, slots=True)
class Post:
    """A kiosk or a guide at the desk, by its session."""

    role: Role
    hospital: str
    subject: str
    session: str


@dataclass(frozen=True, slots=True)
class AccountCode:
    """What the person's phone shows, or the code that it got by SMS together with its challenge."""

    code: str
    challenge: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """A record, proved by these factors, and the account that is to have it."""

    record: PatientRecord
    person: str
    factors: list[str]


class Onsite:
    """Proves at kiosk and desk."""

    def __init__(self, sealer: Sealer, bindings: Bindings, persons: Persons, codes: SmsCodes, pairing: Pairing) -> None:
        self._sealer = sealer
        self._bindings = bindings
        self._persons = persons
        self._codes = codes
        self._pairing = pairing

    async def send_code(self, post: Post, phone: str, now: datetime) -> Issued:
        """A code for the phone of who stands there; raises TooManyRequests."""
        return await self._codes.issue(phone, Purpose.ONSITE, f"{post.role}:{post.session}", now)

    async def patient(self, post: Post, claim: Claim, now: datetime) -> PatientRecord:
        """The record that the card or the papers prove, for what needs no account. Raises BindingRefused."""
        await self._count(post, claim, now)
        return await self._proved(post, claim, None, await _factors(post, claim.kind))

    async def prove(self, post: Post, claim: Claim, account: AccountCode, now: datetime) -> Proof:
        """The record, and whose account is to have it. Raises BindingRefused, whatever was wrong."""
        await self._count(post, claim, now)
        person = await self._account(account, now)
        await count({f"bind-person:{person}": PER_PERSON}, now)
        factors = await _factors(post, claim.kind)
        record = await self._proved(post, claim, person, factors)
        return Proof(record, person, sorted({"identifier", *factors}))

    async def use(self, account: AccountCode) -> None:
        """Inside the caller's transaction: the code on the phone is used up. One by SMS is so already."""
        if not account.challenge:
            await self._pairing.use(account.code)

    async def bind(self, proof: Proof, claim: Claim, account: AccountCode, now: datetime) -> Binding:
        """Inside the caller's transaction: the record is the account's own. Raises BindingRefused for a used code."""
        if proof.record.deceased_on is not None:
            raise BindingRefused("next of kin are let in as such")
        await self.use(account)
        return await self._bindings.keep(proof.person, proof.record, claim, proof.factors, now)

    async def _account(self, account: AccountCode, now: datetime) -> str:
        if not account.challenge:
            return await self._pairing.person(account.code, now)
        try:
            phone = await self._codes.redeem(account.challenge, account.code, Purpose.ONSITE, now)
        except Unauthenticated as error:
            raise BindingRefused("not the code of this challenge") from error
        return await self._persons.of_phone(phone, now)

    async def _proved(self, post: Post, claim: Claim, person: str | None, factors: frozenset[str]) -> PatientRecord:
        seen = frozenset({"kiosk_card"} if post.role is Role.KIOSK else {"desk"})
        record = await self._bindings.proved(claim, person, factors, seen)
        if post.role is Role.KIOSK and record.deceased_on is not None:
            raise BindingRefused("the card of somebody who died proves nothing")
        return record

    async def _count(self, post: Post, claim: Claim, now: datetime) -> None:
        gates = {f"bind-{post.role}:{post.session}": PER_POST[post.role]}
        if post.role is Role.KIOSK:  # whoever found a card may not guess what else is asked; a guide sees who stands there
            gates[self._bindings.target("kiosk", claim)] = PER_TARGET
        await count(gates, now)


async def attest(
    post: Post, action: str, target: str, record: str, evidence: list[dict[str, str]], now: datetime, reason: str = ""
) -> Attestation:
    """Inside the caller's transaction: who did it at the hospital, and by which evidence."""
    return await Attestation.create(
        id=uuid7(),
        hospital_id=post.hospital,
        record_id=record,
        action=action,
        target=target,
        role=post.role,
        subject=post.subject,
        session=post.session,
        evidence=evidence,
        reason=reason,
        at=now,
    )


async def policies_of(hospital: str) -> Policies:
    """The rules of that hospital; those of none where there is no such one."""
    row = await Hospital.get_or_none(code=hospital)
    return from_json(row.policies if row else {})


async def _factors(post: Post, kind: str) -> frozenset[str]:
    """What the hospital wants to be proved there beside the identifier."""
    policies = await policies_of(post.hospital)
    return frozenset(policies.kiosk_factors_of(kind) if post.role is Role.KIOSK else policies.desk_factors_of(kind))
