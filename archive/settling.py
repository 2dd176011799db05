"""When nothing more comes of a study: what is made of a whole study waits for that, and is made again when more comes.

Time is cut into spans. Of all that arrives in one span one promise is made, due when the following span is over; it counts
unless something came after its own span.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from archive.models import StoredObject, Study
from infra import outbox

STUDY_SETTLED = "study-settled"  # outbox topic: nothing of a study came for at least one span
SPAN_SECONDS = 10  # scanners pause for seconds between two series; what comes later makes the film anew


def promises(studies: Iterable[Study], now: datetime) -> Iterator[outbox.Promise]:
    """For the transaction that writes arrivals of these studies."""
    span = _span(now)
    due_at = datetime.fromtimestamp((span + 2) * SPAN_SECONDS, UTC)
    for row in studies:
        payload = {"hospital": row.hospital_id, "study": row.study_instance_uid, "span": span}
        yield STUDY_SETTLED, f"{row.id}.{span}", payload, due_at


async def has_settled(payload: dict[str, Any]) -> bool:
    """False when something came after the span of that promise, which then has a promise of its own; or when all is gone."""
    of_study = {
        "instance__hospital_id": payload["hospital"],
        "instance__series__study__study_instance_uid": payload["study"],
    }
    newest = await StoredObject.filter(**of_study).order_by("-received_at").first()
    return newest is not None and _span(newest.received_at) <= payload["span"]


def _span(at: datetime) -> int:
    return int(at.timestamp()) // SPAN_SECONDS
