"""The term of what nobody took up: HL7 messages that could not be taken, and reports whose exam never came."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from records.models import Hl7Message, Hospital, Waiting
from records.policies import from_json


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was removed of one hospital."""

    hospital: str
    hl7_messages: int
    waiting_lines: int


async def forget(now: datetime) -> list[Forgotten]:
    """Remove what is over its hospital's term (`hl7_kept_days`, `waiting_kept_days`); gives those where something was.

    A line of the list that only points at an exam or study stays as long as that waits.
    """
    done = [await _forget(hospital, now) for hospital in await Hospital.all().order_by("code")]
    return [each for each in done if each.hl7_messages or each.waiting_lines]


async def _forget(hospital: Hospital, now: datetime) -> Forgotten:
    policies = from_json(hospital.policies)
    messages = Hl7Message.filter(hospital_id=hospital.code, received_at__lt=now - timedelta(days=policies.hl7_kept_days))
    lines = Waiting.filter(
        hospital_id=hospital.code, payload__isnull=False, created_at__lt=now - timedelta(days=policies.waiting_kept_days)
    )
    return Forgotten(hospital.code, await messages.delete(), await lines.delete())
