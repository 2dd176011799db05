"""A page that is sent again with the same Idempotency-Key gets the same answer; another page with it is refused."""

from __future__ import annotations

import hashlib
from datetime import datetime

from core.errors import Conflict
from core.uids import row_id
from records.models import FilmArrival, IdempotencyKey
from records.writing import Outcome, Said


async def repeated(hospital: str, key: str | None, digest: str) -> Said | None:
    """What came of the same request with the same key before."""
    if key is None:
        return None
    known = await IdempotencyKey.get_or_none(hospital_id=hospital, key_sha256=_key_sha256(key))
    if known is None:
        return None
    if known.asked_sha256 != digest:
        raise Conflict("this Idempotency-Key stands for another request")
    row = await FilmArrival.get(id=known.subject)
    return Said(Outcome.SAME, row.id, waiting=row.exam_id is None)


async def remember(hospital: str, key: str, digest: str, subject: str, now: datetime) -> None:
    known = IdempotencyKey(id=row_id(), hospital_id=hospital, key_sha256=_key_sha256(key), asked_sha256=digest)
    known.subject, known.at = subject, now
    await known.save()


async def forget_keys(before: datetime) -> int:
    """Remove the keys of requests that nobody repeats any more; gives their number."""
    return await IdempotencyKey.filter(at__lt=before).delete()


def _key_sha256(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
