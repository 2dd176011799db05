"""Proof for a link that came in a message: the phone is one factor, knowing the patient is the other.

The last six of the patient's paper, or the full name and a number of the visit. Wrong answers lock the link and the device
that gave them, never an account: somebody else's guesses do not shut the patient out. Right ones lock nobody out, however
many are given at the computer of a clinic's desk.
"""

from __future__ import annotations

import asyncio
import hmac
import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from core.errors import InvalidField, TooManyRequests
from identity.limits import DAY, HOUR, Limit, count_try, forget_try
from identity.links import Link
from identity.links_opened import record_of
from identity.links_tries import Held, count_wrong, judged
from infra.database import transaction
from infra.sealing import Sealer
from records import identifiers, lineage, names
from records.models import Exam, PatientIdentifier, PatientRecord

PAPERS = ("id_card", "passport")
VISIT_NUMBERS = ("visit_card", "outpatient", "inpatient")
PER_DEVICE = (Limit(15, DAY),)
PER_ADDRESS = (Limit(600, HOUR),)  # all that wait in a hospital may share one; what holds a guesser are the tries of a link
_LAST_SIX = re.compile(r"[0-9A-Z]{6}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Known:
    """What somebody says to know: `last_six`, or `name` and `visit`."""

    last_six: str = ""
    name: str = ""
    visit: str = ""

    def normalized(self) -> Known:
        """In the form in which it is compared; raises InvalidField for what can be no answer, which costs no try."""
        if self.name or self.visit:
            if not (names.folded(self.name) and _number(self.visit)):
                raise InvalidField("visit", "missing")
            return Known(name=self.name, visit=_number(self.visit))
        last_six = unicodedata.normalize("NFKC", self.last_six).strip().upper()
        if not _LAST_SIX.fullmatch(last_six):
            raise InvalidField("last_six", "not-text")
        return Known(last_six=last_six)


@dataclass(frozen=True, slots=True)
class Asker:
    """Where the answers come from: what a browser keeps, and its network address."""

    device: str
    address: str


class Proofs:
    """Looks at answers, so many and no more."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    async def prove(self, link: Link, known: Known, asker: Asker, now: datetime) -> bool:
        """True for the right answer. Raises InvalidField, TooManyRequests, and LinkEnded once the link is locked."""
        said = known.normalized()
        gates = self._gates(asker)
        await count_try(gates, now)

        async def is_right() -> bool:
            record = await record_of(link, now)
            return record is not None and await self._knows(link, record, said)

        async def wrong(held: Held) -> None:
            async with transaction():
                await count_wrong(held)

        try:
            right = await asyncio.shield(judged(link, now, is_right, wrong))  # a wrong one counts, also of who has hung up
        except TooManyRequests:  # others hold all tries of the link: this answer was not looked at
            await forget_try(gates, now)
            raise
        if right:  # this one and no other: who is right here has still been wrong elsewhere
            await forget_try(gates, now)
        return right

    def _gates(self, asker: Asker) -> dict[str, tuple[Limit, ...]]:
        return {
            f"link-device:{self._sealer.index('device', asker.device)}": PER_DEVICE,
            f"link-address:{self._sealer.index('address', asker.address)}": PER_ADDRESS,
        }

    async def _knows(self, link: Link, record: PatientRecord, said: Known) -> bool:
        records = await _all_numbers(record)
        papers = await PatientIdentifier.filter(record_id__in=[each.id for each in records], usable=True)
        if said.last_six:
            return _one_of(said.last_six, [self._sealer.open(row.sealed)[-6:] for row in papers if row.kind in PAPERS])
        return any(names.same(each.name, said.name) for each in records) and await self._is_visit(link, papers, said.visit)

    async def _is_visit(self, link: Link, papers: Collection[PatientIdentifier], visit: str) -> bool:
        exam = await Exam.get(id=link.subject)
        cards = [row.index for row in papers if row.kind in VISIT_NUMBERS]
        said = [self._sealer.index(kind, visit) for kind in VISIT_NUMBERS]
        return _one_of(visit, [_number(exam.visit_number)]) or not set(cards).isdisjoint(said)


async def _all_numbers(record: PatientRecord) -> list[PatientRecord]:
    """The record and those that were merged into it."""
    return await PatientRecord.filter(hospital_id=record.hospital_id, patient_id__in=await lineage.numbers(record))


def _number(written: str) -> str:
    """A visit or card number in the form in which it is compared."""
    return identifiers.identifier("outpatient", written).value


def _one_of(said: str, right: Collection[str]) -> bool:
    """All are compared, each in the same time."""
    return any([bool(each) and hmac.compare_digest(said.encode(), each.encode()) for each in right])
