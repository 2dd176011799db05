"""Activations: the digital service of an exam is opened or declined, after its notice was shown and answered.

Each answer that changes something is one row, whichever way it came: by phone, kiosk, desk or the hospital's system. Rows are
only ever added, so that what is owed can be computed from them at any later time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from tortoise.expressions import Q

from core.errors import Conflict
from core.grants import Role
from core.uids import uuid7
from identity.models import ServiceEvent
from records import choices
from records.choices import Choice
from records.models import Exam, Hospital
from records.policies import Fee
from records.visibility import rules_of, service_is_open
from records.writing import writing

WAYS = ("phone", "sms_link", "qr")  # those that a patient's own phone may name
FEE_INCLUDED, FEE_NONE = "included", "none"  # opened before; nothing is owed for a no
_NOTICE = Path(__file__).parent / "data" / "digital_service_notice.txt"


class Kind(StrEnum):
    """What was answered."""

    OPENED = "opened"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Notice:
    """What is shown before the digital service is opened; the version is the hospital's."""

    version: str
    text: str

    @property
    def sha256(self) -> str:
        """Of the text, so that a record proves what was read."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Witness:
    """How an answer came, and who wrote it down: a patient, a kiosk, the desk or the hospital's system."""

    way: str
    role: Role
    subject: str
    person: str | None = None  # whose account, where one is known


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of answers ended: the last one's time and id."""

    at: datetime
    id: str


def notice_of(hospital: Hospital) -> Notice:
    """The notice of a hospital that counts now."""
    return Notice(rules_of(hospital).policies.notice_version, _text())


async def answer(choice: Choice, kind: Kind, witness: Witness, notice_version: str, now: datetime) -> tuple[ServiceEvent, bool]:
    """The row of this answer, and whether it is new; of any number at once, one.

    The choice holds for the exam at once. Raises Conflict for a notice that no longer counts.
    """
    notice = notice_of(choice.hospital)
    if notice_version != notice.version:
        raise Conflict("the notice has changed: show the new one")
    async with writing(choice.hospital.code):
        exam = await Exam.get(id=choice.exam.id)
        newest = await _newest(exam.id)
        as_it_is = service_is_open(exam, choice.rules) == (kind is Kind.OPENED)
        if newest is not None and newest.kind == kind and as_it_is:
            return newest, False
        row = await _append(exam, choice.hospital, kind, witness, notice.version, notice.sha256, now)
        await choices.choose(exam, opened=kind is Kind.OPENED)
        return row, True


async def told_by_hospital(exam_id: str, *, opened: bool, subject: str, now: datetime) -> ServiceEvent | None:
    """Inside the caller's transaction: the hospital's own system showed its notice and took the answer. None: known."""
    kind = Kind.OPENED if opened else Kind.DECLINED
    newest = await _newest(exam_id)
    if newest is not None and newest.kind == kind:
        return None
    exam = await Exam.get(id=exam_id).prefetch_related("hospital")
    witness = Witness("his", Role.HOSPITAL, subject)
    return await _append(exam, exam.hospital, kind, witness, rules_of(exam.hospital).policies.notice_version, "", now)


async def of(person: str, records: Collection[str]) -> list[ServiceEvent]:
    """Where this person opened the service, or somebody at a kiosk or desk did for these records; newest first."""
    theirs = Q(person_id=person) | Q(exam__record_id__in=list(records))
    return await ServiceEvent.filter(theirs, kind=Kind.OPENED).order_by("-at", "-id")


async def between(
    hospital: str, begin: datetime | None, end: datetime | None, after: Place | None, limit: int
) -> list[ServiceEvent]:
    """All answers at a hospital from `begin` until before `end`, oldest first, with their exams."""
    asked = ServiceEvent.filter(hospital_id=hospital)
    asked = asked.filter(at__gte=begin) if begin else asked
    asked = asked.filter(at__lt=end) if end else asked
    if after is not None:
        asked = asked.filter(Q(at__gt=after.at) | Q(at=after.at, id__gt=after.id))
    return await asked.order_by("at", "id").limit(limit).prefetch_related("exam")


async def _newest(exam_id: str) -> ServiceEvent | None:
    return await ServiceEvent.filter(exam_id=exam_id).order_by("-number").first()


async def _append(
    exam: Exam, hospital: Hospital, kind: Kind, witness: Witness, notice_version: str, notice_sha256: str, now: datetime
) -> ServiceEvent:
    before = [row.kind for row in await ServiceEvent.filter(exam_id=exam.id)]
    fee = _fee(exam, hospital, kind, witness.way, opened_before=Kind.OPENED.value in before)
    return await ServiceEvent.create(
        id=uuid7(),
        hospital_id=hospital.code,
        exam_id=exam.id,
        number=len(before) + 1,
        kind=kind,
        way=witness.way,
        person_id=witness.person,
        role=witness.role,
        subject=witness.subject,
        at=now,
        notice_version=notice_version,
        notice_sha256=notice_sha256,
        fee_class=fee.fee_class,
        fee_state=fee.state,
    )


def _fee(exam: Exam, hospital: Hospital, kind: Kind, way: str, *, opened_before: bool) -> Fee:
    """By the hospital's rules; an exam is owed for once, however often it is opened."""
    fee = rules_of(hospital).policies.fee_of(exam.category, exam.visit_kind, way)
    if kind is Kind.DECLINED:
        return Fee(fee.fee_class, FEE_NONE)
    return Fee(fee.fee_class, FEE_INCLUDED) if opened_before else fee


@lru_cache(maxsize=1)
def _text() -> str:
    return _NOTICE.read_text(encoding="utf-8")
