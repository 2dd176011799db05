"""What happened with an account, promised in the transaction that makes it true, so that its patient hears of it."""

from __future__ import annotations

from datetime import datetime

from infra import outbox

ACCOUNT_CHANGED = "account-changed"  # outbox topic
PERSON_JOINED = "person-joined"  # outbox topic
FEEDBACK_ANSWERED = "feedback-answered"  # outbox topic
BOUND, FAMILY_ADDED = "account-bound", "family-added"


async def account_changed(kind: str, hospital: str, record: str, subject: str, now: datetime) -> None:
    """Inside the caller's transaction: somebody was bound to this patient record, or let in to see it. `subject` is its id."""
    payload = {"kind": kind, "hospital": hospital, "record": record}
    await outbox.promise(ACCOUNT_CHANGED, f"{kind}:{subject}", payload, now)


async def feedback_answered(hospital: str, person: str, answer: str, now: datetime) -> None:
    """Inside the caller's transaction: a hospital answered what this person wrote. `answer` is its id, no word of it."""
    await outbox.promise(FEEDBACK_ANSWERED, answer, {"hospital": hospital, "person": person}, now)


async def person_joined(other: str, person: str, now: datetime) -> None:
    """Inside the caller's transaction: two turned out to be one; what rooms above keep of `other` is to follow."""
    await outbox.promise(PERSON_JOINED, other, {"other": other, "person": person}, now)
