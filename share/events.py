"""What a share's owner is told, promised in the transaction that makes it true."""

from __future__ import annotations

from datetime import datetime

from infra import outbox
from share.models import Share

SHARE_CHANGED = "share-changed"  # outbox topic
OPENED, LOCKED = "share-opened", "share-locked"


async def share_changed(kind: str, share: Share, now: datetime) -> None:
    """Inside the caller's transaction: its first opening, or its end by wrong passcodes. Ids only."""
    payload = {"kind": kind, "share": share.id, "person": share.person_id, "hospital": share.hospital_id, "at": now.isoformat()}
    await outbox.promise(SHARE_CHANGED, f"{kind}:{share.id}", payload, now)
