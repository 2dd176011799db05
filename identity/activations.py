"""Activations: the patient opens the digital service of an exam, after its notice was shown and answered; once an exam."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from core.errors import Conflict
from identity.models import Activation
from infra.database import transaction
from records.search import Found
from records.visibility import rules_of

WAYS = ("phone", "sms_link", "qr")  # those of a patient; kiosk, desk and hospital systems are not patients
FEE_OPEN = "open"
_NOTICE = Path(__file__).parent / "data" / "digital_service_notice.txt"


@dataclass(frozen=True, slots=True)
class Notice:
    """What is shown before the digital service is opened; the version is the hospital's."""

    version: str
    text: str

    @property
    def sha256(self) -> str:
        """Of the text, so that a record proves what was read."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def notice_of(found: Found) -> Notice:
    """The notice that counts for an exam now."""
    return Notice(rules_of(found.hospital).policies.notice_version, _text())


async def activate(person: str, found: Found, way: str, notice_version: str, now: datetime) -> tuple[Activation, bool]:
    """The record, and whether it is new; of any number at once, one. Raises Conflict for a notice that no longer counts."""
    notice = notice_of(found)
    if notice_version != notice.version:
        raise Conflict("the notice has changed: show the new one")
    row = Activation(
        exam_id=found.exam.id,
        person_id=person,
        way=way,
        at=now,
        notice_version=notice.version,
        notice_sha256=notice.sha256,
        fee_state=FEE_OPEN,
    )
    async with transaction():
        known = await Activation.get_or_none(exam_id=found.exam.id)
        if known is not None:
            return known, False
        await Activation.bulk_create([row], ignore_conflicts=True)
        kept = await Activation.get(exam_id=found.exam.id)
    return kept, (kept.person_id, kept.at) == (person, now)


async def of(person: str) -> list[Activation]:
    """What this person opened, newest first."""
    return await Activation.filter(person_id=person).order_by("-at")


@lru_cache(maxsize=1)
def _text() -> str:
    return _NOTICE.read_text(encoding="utf-8")
