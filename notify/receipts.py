"""Receipts: what a provider says became of a message; late, early or twice does no harm."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from core.uids import row_id
from infra.database import transaction
from notify.channels import Outcome
from notify.models import Notice, NoticeReceipt, NoticeState, NoticeStep

# Before its end a notice is open to a receipt; what is failed may still turn out to be delivered.
_OPEN = (NoticeState.CLAIMED, NoticeState.SENT, NoticeState.UNKNOWN)
_STILL_DELIVERED = (*_OPEN, NoticeState.FAILED)


async def record(
    channel: str, *, provider_id: str | None, out_id: str | None, outcome: Outcome, code: str, at: datetime
) -> bool:
    """Take one receipt, known by the provider's number or by ours; false when it changed nothing."""
    if outcome not in (Outcome.DELIVERED, Outcome.FAILED):
        return False
    notice = await _found(channel, provider_id, out_id)
    if notice is None:
        if provider_id:  # it may come before the answer that tells us this number
            row = NoticeReceipt(id=row_id(), channel=channel, provider_id=provider_id, outcome=outcome, code=code[:64], at=at)
            await NoticeReceipt.bulk_create([row], ignore_conflicts=True)
        return False
    return await _take(notice, outcome, code, at)


async def early(channel: str, provider_ids: Collection[str], now: datetime) -> None:
    """Messages were taken under these numbers: perhaps their receipts are here already."""
    wanted = sorted(each for each in provider_ids if each)
    for row in await NoticeReceipt.filter(channel=channel, provider_id__in=wanted) if wanted else []:
        notice = await Notice.filter(channel=channel, provider_id=row.provider_id).first()
        if notice is not None:
            await _take(notice, Outcome(row.outcome), row.code, min(row.at, now))
            await row.delete()


async def forget(before: datetime) -> None:
    """Remove receipts of messages that were never ours, or not kept."""
    await NoticeReceipt.filter(at__lt=before).delete()


def after_failure(notice: Notice, now: datetime) -> dict[str, Any]:
    """What a notice becomes whose message the provider could not deliver: the next channel's, or a person's."""
    if notice.last_resort:
        return {"state": NoticeState.FAILED, "reason": "undelivered"}
    refused = [*notice.refused, notice.channel]
    return {"state": NoticeState.WAITING, "reason": "undelivered", "refused": refused, "due_at": now, "tried_at": None}


async def _found(channel: str, provider_id: str | None, out_id: str | None) -> Notice | None:
    if out_id:
        known = await Notice.get_or_none(out_id=out_id)
        if known is not None:
            return known if known.channel == channel else None
    return await Notice.filter(channel=channel, provider_id=provider_id).first() if provider_id else None


async def _take(notice: Notice, outcome: Outcome, code: str, at: datetime) -> bool:
    delivered = outcome is Outcome.DELIVERED
    columns: dict[str, Any] = {"state": NoticeState.DELIVERED} if delivered else after_failure(notice, at)
    columns |= {"code": code[:64], "leased_until": None}
    if delivered and notice.sent_at is None:
        columns["sent_at"] = at
    async with transaction():
        open_to_it = Notice.filter(id=notice.id, channel=notice.channel, state__in=_STILL_DELIVERED if delivered else _OPEN)
        if not await open_to_it.update(**columns):
            return False
        await NoticeStep.create(
            id=row_id(), notice_id=notice.id, at=at, state=columns["state"], channel=notice.channel, reason=code[:64]
        )
    return True
