"""Bindings: a person proves that a hospital's patient record is theirs, by what they know and what they hold.

Knowing is an identifier and the name; holding is the phone that the hospital itself has for that patient, a card that a kiosk
read, or papers that the desk saw (identity/onsite.py). Whatever is wrong, the refusal is the same: it tells nobody whether such
a patient exists.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from core.errors import BindingRefused, NotFound, TooManyRequests
from core.uids import uuid7
from identity import events
from identity.limits import DAY, HOUR, Limit, count_try
from identity.masking import masked_value
from identity.models import Binding, PersonPhone
from identity.persons import live_key
from infra.database import transaction
from infra.epoch import Epoch
from infra.sealing import Sealer
from records import identifiers, lineage, names
from records.models import Hospital, PatientIdentifier, PatientPhone, PatientRecord
from records.policies import DEFAULT_FACTORS, from_json

HOSPITAL_PHONE = "hospital_phone"
HOLDS = frozenset({HOSPITAL_PHONE, "kiosk_card", "desk"})  # factors that prove possession
PER_PERSON = (Limit(10, HOUR), Limit(20, DAY))
PER_TARGET = (Limit(20, DAY),)  # whoever tries: the numbers of a hospital can be counted through
PER_ADDRESS = (Limit(100, HOUR),)
PATIENT_ID = "patient_id"  # kind of a claim that names the hospital's own number of a patient


@dataclass(frozen=True, slots=True)
class Claim:
    """What a person says to know of a patient."""

    hospital: str
    kind: str
    value: str
    name: str
    birth_date: date | None = None


class Bindings:
    """Makes bindings, lists them, takes them back."""

    def __init__(self, sealer: Sealer, epoch: Epoch) -> None:
        self._sealer = sealer
        self._epoch = epoch

    async def bind(self, person: str, claim: Claim, address: str, now: datetime) -> Binding:
        """The binding, new or as it was; raises BindingRefused, always the same."""
        await self.count(person, claim, address, now)
        factors = await _factors(claim.hospital, claim.kind)
        record = await self.proved(claim, person, factors)
        if record.deceased_on is not None:
            raise BindingRefused("only the desk lets anybody see what is left of who died")
        return await self.keep(person, record, claim, sorted({"identifier", *factors}), now)

    async def proved(
        self, claim: Claim, person: str | None, factors: frozenset[str], witnessed: frozenset[str] = frozenset()
    ) -> PatientRecord:
        """The one record of which all these factors are proved, some by who saw them; raises BindingRefused."""
        candidates = await self.claimed(claim)
        held = await _phones_in_common(person, candidates) if person else frozenset[str]()
        record = await only_one(each for each in candidates if factors <= _proved(each, claim, held) | witnessed)
        if record is None:
            raise BindingRefused("what was said does not prove it")
        return record

    async def count(self, person: str, claim: Claim, address: str, now: datetime) -> None:
        """Count a try, whoever and whatever it is about; raises BindingRefused when there were too many."""
        more = {
            f"bind-person:{person}": PER_PERSON,
            f"bind-address:{self._sealer.index('address', address)}": PER_ADDRESS,
        }
        await count({self.target("bind", claim): PER_TARGET, **more}, now)

    def target(self, place: str, claim: Claim) -> str:
        """The gate of all tries at this identifier, whoever makes them at such a place."""
        return f"{place}-target:{self._sealer.index('target', f'{claim.hospital}:{self._index(claim)}')}"

    async def claimed(self, claim: Claim) -> list[PatientRecord]:
        """Records of that identifier, several where a card number was given out again; none for one that proves nothing."""
        if claim.kind == PATIENT_ID:
            return await PatientRecord.filter(hospital_id=claim.hospital, patient_id=claim.value)
        found = PatientIdentifier.filter(
            kind=claim.kind, index=self._index(claim), usable=True, record__hospital_id=claim.hospital
        )
        return [row.record for row in await found.prefetch_related("record")]

    async def of(self, person: str) -> list[Binding]:
        """The live bindings of a person, oldest first."""
        return await Binding.filter(person_id=person, revoked_at=None).order_by("proved_at", "id")

    async def revoke(self, person: str, binding: str, now: datetime) -> Binding | None:
        """Take a binding back; None when it is not a live one of this person."""
        row = await Binding.get_or_none(id=binding, person_id=person, revoked_at=None)
        if row is not None:
            await Binding.filter(id=binding).update(revoked_at=now, live=None)
            self._epoch.advance()
        return row

    async def take_back(self, hospital: str, binding: str, now: datetime) -> Binding:
        """Inside the desk's transaction: this hospital's binding was wrong; raises NotFound."""
        row = await Binding.get_or_none(id=binding, hospital_id=hospital, revoked_at=None)
        if row is None or not await Binding.filter(id=binding, revoked_at=None).update(revoked_at=now, live=None):
            raise NotFound("no such binding")
        return row

    def _index(self, claim: Claim) -> str:
        return self._sealer.index(claim.kind, identifiers.identifier(claim.kind, claim.value).value)

    async def keep(self, person: str, record: PatientRecord, claim: Claim, factors: list[str], now: datetime) -> Binding:
        """The binding of what was proved, new or as it was."""
        live = live_key(person, record.id)
        row = Binding(
            id=uuid7(),
            person_id=person,
            hospital_id=record.hospital_id,
            record_id=record.id,
            kind=claim.kind,
            masked_value=masked_value(identifiers.identifier(claim.kind, claim.value).value),
            factors=factors,
            proved_at=now,
            live=live,
        )
        async with transaction():
            kept = await _kept(row)
            if HOSPITAL_PHONE not in factors and kept.id == row.id:  # its holder does not know of it yet
                await events.account_changed(events.BOUND, record.hospital_id, record.id, row.id, now)
        self._epoch.advance()
        return kept


async def _kept(row: Binding) -> Binding:
    """Of two at once one, also while another is taken back at the same moment."""
    while True:
        await Binding.bulk_create([row], ignore_conflicts=True)
        kept = await Binding.filter(live=row.live).select_for_update().first()
        if kept is not None:
            return kept


async def count(gates: Mapping[str, tuple[Limit, ...]], now: datetime) -> None:
    """Count a try at these gates; raises BindingRefused when there were too many at one."""
    try:
        await count_try(gates, now)
    except TooManyRequests as error:
        raise BindingRefused("too many tries") from error


async def only_one(records: Iterable[PatientRecord]) -> PatientRecord | None:
    """The record, when all of these are one patient; None for none, and for two that cannot be told apart."""
    patients = {(await lineage.survivor(each)).id: each for each in records}
    return next(iter(patients.values())) if len(patients) == 1 else None


async def _phones_in_common(person: str, candidates: Collection[PatientRecord]) -> frozenset[str]:
    """Ids of the records for which the hospital holds a phone that this person proved to hold."""
    own = [row.index for row in await PersonPhone.filter(person_id=person)]
    ids = [record.id for record in candidates]
    shared = await PatientPhone.filter(record_id__in=ids, index__in=own, usable=True)
    return frozenset(row.record_id for row in shared)


async def _factors(hospital: str, kind: str) -> frozenset[str]:
    """What the hospital wants to be proved beside the identifier; possession always belongs to it."""
    row = await Hospital.get_or_none(code=hospital)
    wanted = frozenset(from_json(row.policies).factors_of(kind) if row else DEFAULT_FACTORS)
    return wanted if wanted & HOLDS else wanted | {"hospital_phone"}


def _proved(record: PatientRecord, claim: Claim, held: Collection[str]) -> frozenset[str]:
    """The factors that this claim proves; kiosk and desk prove theirs elsewhere."""
    proofs = {
        "name": names.same(record.name, claim.name),
        "hospital_phone": record.id in held,
        "birth_date": claim.birth_date is not None and claim.birth_date == record.birth_date,
    }
    return frozenset(factor for factor, proved in proofs.items() if proved)
