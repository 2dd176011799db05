"""What came before the thing that it belongs to, and what only a person can decide."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.uids import uuid7
from infra.sealing import Sealer
from records.models import Waiting

EXAM, REPORT, STUDY = "exam", "report", "study"
PATIENT_UNKNOWN, EXAM_UNKNOWN = "patient-unknown", "exam-unknown"
SEVERAL_EXAMS, OTHER_PATIENT = "several-exams", "other-patient"


@dataclass(frozen=True, slots=True)
class Waits:
    """One line of the list. `place` is (campus, system, accession) of an exam or report, (study UID,) of a study."""

    id: str
    kind: str
    reason: str
    place: tuple[str, ...]
    since: datetime


async def listed(hospital: str, *, after: str, limit: int) -> list[Waits]:
    """What waits at that hospital, oldest first, from the line after id `after` (empty = from the first)."""
    rows = await Waiting.filter(hospital_id=hospital, id__gt=after).order_by("id").limit(limit)
    return [Waits(row.id, row.kind, row.reason, tuple(json.loads(row.key)), row.created_at) for row in rows]


async def add(hospital: str, kind: str, place: Sequence[str], reason: str) -> None:
    """Put it on the list; it stands there once, with its newest reason."""
    row = Waiting(id=uuid7(), hospital_id=hospital, kind=kind, key=_key(place), reason=reason)
    await Waiting.bulk_create([row], ignore_conflicts=True)
    await Waiting.filter(hospital_id=hospital, kind=kind, key=_key(place)).update(reason=reason)


async def add_payload(sealer: Sealer, hospital: str, kind: str, place: Sequence[str], reason: str, payload: str) -> str:
    """Keep what came, sealed, once for the same content; gives the id of its line."""
    digest = hashlib.sha256(payload.encode()).hexdigest()
    known = await Waiting.get_or_none(hospital_id=hospital, kind=kind, key=_key(place), digest=digest)
    if known is not None:
        return known.id
    row = await Waiting.create(
        id=uuid7(),
        hospital_id=hospital,
        kind=kind,
        key=_key(place),
        digest=digest,
        payload=sealer.seal(payload),
        reason=reason,
    )
    return row.id


async def take(sealer: Sealer, hospital: str, kind: str, place: Sequence[str]) -> list[str]:
    """The payloads that waited for it, in the order in which they came; they wait no longer."""
    rows = await Waiting.filter(hospital_id=hospital, kind=kind, key=_key(place)).order_by("id")
    await Waiting.filter(id__in=[row.id for row in rows]).delete()
    return [sealer.open(row.payload) for row in rows if row.payload is not None]


async def remove(hospital: str, kind: str, place: Sequence[str]) -> None:
    """It waits no longer."""
    await Waiting.filter(hospital_id=hospital, kind=kind, key=_key(place)).delete()


def _key(place: Sequence[str]) -> str:
    return json.dumps(list(place), ensure_ascii=False)
