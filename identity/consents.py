"""Consents: texts that a person agrees to or refuses, each version by itself, and may take back at any time.

Some are for everybody (identity/data/consents.toml); of a hospital group, one proof counts in all its hospitals once the
patient agreed to the text that lists them. What was never answered, refused, or answered to an older text is no consent.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

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
PRIVACY, REMOTE_SHARING, RESEARCH = "privacy", "remote-sharing", "research"
_GROUP = "group:"
_TEXTS = Path(__file__).parent / "data" / "consents.toml"
_TEXT = (
    "您同意：在{group}的任何一家医院完成身份核验后，本平台可用同一证件在下列医院关联您本人的就诊记录："
    "{hospitals}。您可以随时撤回。"
)


@dataclass(frozen=True, slots=True)
class Terms:
    """A text to agree to. Another text, such as one that lists another hospital, is another version."""

    kind: str
    text: str
    title: str = ""
    needed: bool = False  # asked before anything else
    good_for: timedelta | None = None  # asked again afterwards

    @property
    def sha256(self) -> str:
        """Of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def version(self) -> str:
        """The beginning of the hash."""
        return self.sha256[:VERSION_CHARACTERS]

    def answer(self, row: Consent | None, now: datetime) -> bool | None:
        """Yes, no, or None for what must be asked: never answered, another text, or too long ago."""
        if row is None or row.version != self.version or row.withdrawn_at is not None:
            return None
        if self.good_for is not None and now >= row.given_at + self.good_for:
            return None
        return row.agreed


class Consents:
    """Offers texts, keeps what was answered, and does what it allows."""

    def __init__(self, sealer: Sealer, epoch: Epoch) -> None:
        self._sealer = sealer
        self._epoch = epoch

    async def offered(self, person: str) -> list[Terms]:
        """Texts for everybody, and those of the groups in which this person proved a record of their own."""
        return [*for_everybody(), *await self._of_groups(person)]

    async def given(self, person: str) -> dict[str, Consent]:
        """Kind → this person's last answer that was not taken back."""
        return {row.kind: row for row in await Consent.filter(person_id=person, withdrawn_at=None)}

    async def give(self, person: str, kind: str, version: str, now: datetime, *, agreed: bool = True) -> Consent:
        """Agree, or refuse; raises NotFound for what is not offered, Conflict for an old text."""
        terms = next((each for each in await self.offered(person) if each.kind == kind), None)
        if terms is None:
            raise NotFound("nothing of that kind is offered")
        if terms.version != version:
            raise Conflict("the text has changed: show the new one")
        if not agreed:
            await self._close(person, kind, now)
        row = await self._keep(person, terms, now, agreed=agreed)
        await self.follow(person, now)
        return row

    async def withdraw(self, person: str, kind: str, now: datetime) -> None:
        """Take it back: what it opened closes at once. Raises NotFound."""
        if not await self._close(person, kind, now):
            raise NotFound("nothing of that kind was agreed to")

    async def _keep(self, person: str, terms: Terms, now: datetime, *, agreed: bool) -> Consent:
        """Of any number of the same answers at once, one; a newer answer takes the place of an older one."""
        live = live_key(person, terms.kind)
        row = Consent(
            id=uuid7(),
            person_id=person,
            kind=terms.kind,
            agreed=agreed,
            version=terms.version,
            text_sha256=terms.sha256,
            given_at=now,
            live=live,
        )
        async with transaction():
            while True:  # until an answer like this one is kept: ours, or one that came at the same time
                known = await Consent.filter(live=live).select_for_update().first()
                if known is not None and terms.answer(known, now) is agreed:
                    return known
                if known is not None:
                    await Consent.filter(id=known.id).update(withdrawn_at=now, live=None)
                await Consent.bulk_create([row], ignore_conflicts=True)

    async def _close(self, person: str, kind: str, now: datetime) -> bool:
        """End what was agreed to, and the bindings that it opened; false when there was nothing."""
        async with transaction():
            ended = await Consent.filter(live=live_key(person, kind)).update(withdrawn_at=now, live=None)
            opened = [row.id for row in await Binding.filter(person_id=person, revoked_at=None) if kind in row.factors]
            await Binding.filter(id__in=opened).update(revoked_at=now, live=None)
        self._epoch.advance()
        return ended > 0

    async def follow(self, person: str, now: datetime) -> None:
        """Bind the same patient's records in the other hospitals of every group whose present text was agreed to."""
        given = await self.given(person)
        for terms in await self._of_groups(person):
            if terms.answer(given.get(terms.kind), now):
                await self._open(person, terms, now)
        self._epoch.advance()

    async def _of_groups(self, person: str) -> list[Terms]:
        own = await Binding.filter(person_id=person, revoked_at=None).prefetch_related("hospital__group")
        groups = {each.hospital.group.code: each.hospital.group for each in own if each.hospital.group is not None}
        return [Terms(f"{_GROUP}{code}", await _text(code, groups[code].name), groups[code].name) for code in sorted(groups)]

    async def _open(self, person: str, terms: Terms, now: datetime) -> None:
        group = terms.kind.removeprefix(_GROUP)
        proved = Binding.filter(person_id=person, revoked_at=None, hospital__group_id=group)
        for binding in await proved.prefetch_related("record"):
            if terms.kind in binding.factors:
                continue  # what a proof opened proves nothing more
            for paper in await PatientIdentifier.filter(record_id=binding.record_id, usable=True, kind__in=NATIONWIDE):
                found = await _elsewhere(paper, binding, group)
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


async def agreed_to(person: str, kind: str, now: datetime) -> bool:
    """True when this person agrees to the present text for everybody of that kind: what other rooms ask before they act."""
    terms = next(each for each in for_everybody() if each.kind == kind)
    return terms.answer(await Consent.get_or_none(live=live_key(person, kind)), now) is True


@cache
def for_everybody() -> tuple[Terms, ...]:
    """The texts of the data file."""
    said = tomllib.loads(_TEXTS.read_text(encoding="utf-8"))["texts"]
    return tuple(_terms(**each) for each in said)


def _terms(*, kind: str, title: str, needed: bool, text: str, days: int | None = None) -> Terms:
    return Terms(kind, text.strip(), title, needed, timedelta(days=days) if days else None)


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
