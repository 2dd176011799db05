"""One notice: how it is written, once for its event and recipient, and how its history grows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.uids import row_id, uuid7
from notify import rules
from notify.kinds import ABOUT, Kind
from notify.models import Notice, NoticeState, NoticeStep


def new(kind: Kind, hospital: str, event: str, recipient: str, now: datetime, exams: Sequence[str] = ()) -> Notice:
    """A notice that is not kept yet; `event` (kind and id) is what makes it once for this recipient."""
    return Notice(
        id=row_id(),
        out_id=uuid7(),
        hospital_id=hospital,
        kind=kind.value,
        event=event,
        recipient=recipient,
        exams=list(exams),
        due_at=now,
        expires_at=now + ABOUT[kind].life,
        created_at=now,
        hour=rules.hour_of(now),
    )


async def write(notice: Notice, why_not: str = "") -> bool:
    """Keep a notice, in the caller's transaction if there is one; false when its event was told to this recipient before."""
    if why_not:
        notice.state, notice.reason = NoticeState.SUPPRESSED, why_not
    await Notice.bulk_create([notice], ignore_conflicts=True)
    if not await Notice.exists(id=notice.id):
        return False
    await step(notice.id, notice.created_at, notice.state, notice.reason)
    return True


async def step(notice_id: int, at: datetime, state: str, reason: str = "", channel: str = "") -> None:
    """One line of a notice's history."""
    await NoticeStep.create(id=row_id(), notice_id=notice_id, at=at, state=state, channel=channel, reason=reason[:64])
