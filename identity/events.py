"""What happened with an account, promised in the transaction that makes it true, so that its patient hears of it."""

from __future__ import annotations

from datetime import datetime

from infra import outbox

ACCOUNT_CHANGED = "account-changed"  # outbox topic
BOUND, FAMILY_ADDED = "account-bound", "family-added"


async def account_changed(kind: str, hospital: str, record: str, subject: str, now: datetime) -> None:
    """Inside the caller's transaction: somebody was bound to this patient record, or let in to see it. `subject` is its id."""
    payload = {"kind": kind, "hospital": hospital, "record": record}
    await outbox.promise(ACCOUNT_CHANGED, f"{kind}:{subject}", payload, now)
