"""Consents: hospitals of a group take one proof for all of them, once the patient agreed to a text that lists them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from core.errors import Conflict, NotFound
from core.uids import uuid7
from identity.bindings import only_one
from identity.masking import masked_value
from identity.models import Binding, Consent
from identity.persons import live_key
from infra.database import transaction
from infra.epoch import Epoch
from infra.sealing import Sealer
from records import names
from records.models import Hospital, PatientIdentifier, PatientRecord

NATIONWIDE = ("id_card", "passport")  # papers that mean the same person in every hospital
VERSION_CHARACTERS = 12
_TEXT = (
    "您同意：在{group}的任何一家医院完成身份核验后，本平台可用同一证件在下列医院关联您本人的就诊记录："
    "{hospitals}。您可以随时撤回。"
)


@dataclass(frozen=True, slots=True)
class Terms:
    """A text to agree to. Another hospital in the group makes it another text."""

    group: str
    text: str

    @property
    def kind(self) -> str:
        """What is agreed to."""
        return f"group:{self.group}"

    @property
    def sha256(self) -> str:
        """Of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def version(self) -> str:
        """The beginning of the hash."""
        return self.sha256[:VERSION_CHARACTERS]


class Consents:
    """Offers texts, keeps what was agreed to, and does what it allows."""

    def __init__(self, sealer: Sealer, epoch: Epoch) -> None:
        self._sealer = sealer
        self._epoch = epoch

    async def offered(self, person: str) -> list[Terms]:
        """Texts of the groups in which this person proved a record of their own."""
        own = await Binding.filter(person_id=person, revoked_at=None).prefetch_related("hospital__group")
        groups = {each.hospital.group.code: each.hospital.group for each in own if each.hospital.group is not None}
        return [Terms(code, await _text(code, groups[code].name)) for code in sorted(groups)]

    async def given(self, person: str) -> dict[str, Consent]:
        """Kind → what this person agreed to and has not taken back."""
        return {row.kind: row for row in await Consent.filter(person_id=person, withdrawn_at=None)}

    async def give(self, person: str, kind: str, version: str, now: datetime) -> Consent:
        """Agree; raises NotFound for what is not offered, Conflict for an old text."""
        terms = next((each for each in await self.offered(person) if each.kind == kind), None)
        if terms is None:
            raise NotFound("nothing of that kind is offered")
        if terms.version != version:
            raise Conflict("the text has changed: show the new one")
        live = live_key(person, kind)
        row = Consent(
            id=uuid7(), person_id=person, kind=kind, version=version, text_sha256=terms.sha256, given_at=now, live=live
        )
        async with transaction():
            await Consent.filter(live=live).exclude(version=version).update(withdrawn_at=now, live=None)
            await Consent.bulk_create([row], ignore_conflicts=True)
        await self.follow(person, now)
        return await Consent.get(live=live)

    async def withdraw(self, person: str, kind: str, now: datetime) -> None:
        """Take it back: what it opened closes at once. Raises NotFound."""
        async with transaction():
            if not await Consent.filter(live=live_key(person, kind)).update(withdrawn_at=now, live=None):
                raise NotFound("nothing of that kind was agreed to")
            opened = [row.id for row in await Binding.filter(person_id=person, revoked_at=None) if kind in row.factors]
            await Binding.filter(id__in=opened).update(revoked_at=now, live=None)
        self._epoch.advance()

    async def follow(self, person: str, now: datetime) -> None:
        """Bind the same patient's records in the other hospitals of every group whose present text was agreed to."""
        given = await self.given(person)
        for terms in await self.offered(person):
            consent = given.get(terms.kind)
            if consent is not None and consent.version == terms.version:
                await self._open(person, terms, now)
        self._epoch.advance()

    async def _open(self, person: str, terms: Terms, now: datetime) -> None:
        proved = Binding.filter(person_id=person, revoked_at=None, hospital__group_id=terms.group)
        for binding in await proved.prefetch_related("record"):
            if terms.kind in binding.factors:
                continue  # what a proof opened proves nothing more
            for paper in await PatientIdentifier.filter(record_id=binding.record_id, usable=True, kind__in=NATIONWIDE):
                found = await _elsewhere(paper, binding, terms.group)
                await self._bind(person, paper, found, terms.kind, now)

    async def _bind(
        self, person: str, paper: PatientIdentifier, records: Iterable[PatientRecord], kind: str, now: datetime
    ) -> None:
        rows = [
            Binding(
                id=uuid7(),
                person_id=person,
                hospital_id=record.hospital_id,
                record_id=record.id,
                kind=paper.kind,
                masked_value=masked_value(self._sealer.open(paper.sealed)),
                factors=[kind, "identifier", "name"],
                proved_at=now,
                live=live_key(person, record.id),
            )
            for record in records
        ]
        await Binding.bulk_create(rows, ignore_conflicts=True)


async def _elsewhere(paper: PatientIdentifier, binding: Binding, group: str) -> list[PatientRecord]:
    """The one record of the same paper and name in each other hospital of the group."""
    rows = PatientIdentifier.filter(kind=paper.kind, index=paper.index, usable=True, record__hospital__group_id=group)
    by_hospital: dict[str, list[PatientRecord]] = {}
    for row in await rows.prefetch_related("record"):
        if row.record.hospital_id != binding.hospital_id and names.same(row.record.name, binding.record.name):
            by_hospital.setdefault(row.record.hospital_id, []).append(row.record)
    found = [await only_one(records) for records in by_hospital.values()]
    return [record for record in found if record is not None]


async def _text(group: str, name: str) -> str:
    hospitals = await Hospital.filter(group_id=group).order_by("code").values_list("name", flat=True)
    return _TEXT.format(group=name, hospitals="、".join(map(str, hospitals)))
