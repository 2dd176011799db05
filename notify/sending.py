"""Sending: look at what is due, take it in one commit, send outside any transaction, settle; what is unsure is asked first."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from core import clock
from infra import metrics
from infra.outbox import backoff
from notify import looking, pace, queue, receipts
from notify.channels import ChannelDown, ChannelError, Outcome, Refused, Throttled, Unknown
from notify.models import Notice, NoticeState
from notify.office import Office
from notify.settling import Settling
from notify.wording import outgoing

BATCH = 32
BEGIN_WITHIN, END_WITHIN = 0.25, 0.75  # of the lease: who is later may have lost it, and must not send
LONGEST_PAUSE_FOR_ONE = 3600  # s: for longer than that, another channel is better
ASK_AFTER = (1 / 6, 1.0, 6.0, 30.0)  # leases of a minute: Aliyun shows a message minutes later. Then a person is asked

_log = logging.getLogger(__name__)


async def work(office: Office, *, limit: int = BATCH, now: Callable[[], datetime] = clock.now) -> int:
    """One round; gives how many notices it could do something about."""
    at = now()
    async with queue.due(at, limit) as notices:
        changes = await looking.changes(office, notices, at)
        begun = time.monotonic()  # the lease begins here, however long it took to look
        taken = await queue.take(changes, now, office.lease_seconds, office.per_second)
    if not changes:
        return 0
    settling = Settling(office, await pace.suspects() if taken else set())
    doing = (deliver(office, change.notice, begun, now, settling) for change in taken)
    for error in await asyncio.gather(*doing, return_exceptions=True):
        if isinstance(error, BaseException):  # what could not be settled keeps its lease, and is asked for after it
            _log.error("a notice could not be settled: %s", type(error).__name__)
    return len(taken) + sum(not change.channel for change in changes)


async def deliver(office: Office, notice: Notice, begun: float, now: Callable[[], datetime], settling: Settling) -> None:
    """Send what is held, or ask what became of it."""
    if time.monotonic() - begun > office.lease_seconds * BEGIN_WITHIN:
        return  # this process stood still: another may hold it by now, and will ask
    started = time.perf_counter()
    doing = _ask if notice.asks else _send
    try:
        async with asyncio.timeout(office.lease_seconds * (END_WITHIN - BEGIN_WITHIN)):
            outcome = await doing(office, notice, now, settling)
    except (ChannelDown, Throttled, Refused) as error:
        outcome = await _not_taken(notice, error, now(), settling)
    except (TimeoutError, Unknown):
        outcome = await _unsure(office, notice, now(), settling)
        if not notice.asks:  # whoever hangs is left alone a while, as who is away
            await settling.channel_failed(notice, now())
    except Exception as error:  # a mistake of ours, or the database is away: it may have been sent
        _log.error("notice %s by %s cannot be settled: %s", notice.out_id, notice.channel, type(error).__name__)
        outcome = await _unsure(office, notice, now(), settling)
    metrics.count("notices", channel=notice.channel, outcome=outcome)
    metrics.observe("notice_seconds", time.perf_counter() - started, channel=notice.channel)


async def _send(office: Office, notice: Notice, now: Callable[[], datetime], settling: Settling) -> str:
    sent = await office.channels[notice.channel].send(outgoing(office, notice))
    at = now()
    provider_id = (sent.provider_id or "")[:64]
    settled = {"state": NoticeState.SENT, "provider_id": provider_id, "sent_at": at, "leased_until": None}
    await settling.settle(notice, at, settled)
    await settling.channel_worked(notice)
    return "sent"


async def _ask(office: Office, notice: Notice, now: Callable[[], datetime], settling: Settling) -> str:
    channel = office.channels.get(notice.channel)
    outcome = await channel.ask(outgoing(office, notice)) if channel else Outcome.UNKNOWN
    at = now()
    if outcome is Outcome.UNKNOWN:
        return await _unsure(office, notice, at, settling)
    if outcome in (Outcome.DELIVERED, Outcome.ACCEPTED):
        state = NoticeState.DELIVERED if outcome is Outcome.DELIVERED else NoticeState.SENT
        await settling.settle(
            notice, at, {"state": state, "sent_at": notice.tried_at, "leased_until": None, "asks": 0}, "asked"
        )
    elif outcome is Outcome.FAILED:
        await settling.settle(notice, at, receipts.after_failure(notice, at) | {"leased_until": None, "asks": 0}, "asked")
    else:
        again = {"state": NoticeState.WAITING, "due_at": at, "leased_until": None, "asks": 0, "tried_at": None}
        await settling.settle(notice, at, again, "not sent")
    return f"asked {outcome}"


async def _unsure(office: Office, notice: Notice, now: datetime, settling: Settling) -> str:
    """It may have been sent: the provider is asked later; in the end a person."""
    if notice.asks >= len(ASK_AFTER):
        await settling.settle(notice, now, {"state": NoticeState.UNKNOWN, "leased_until": None}, "nobody can say")
        return "unknown"
    pause = timedelta(seconds=ASK_AFTER[notice.asks] * office.lease_seconds)
    await settling.settle(notice, now, {"leased_until": now + pause}, "unsure")
    return "unsure"


async def _not_taken(notice: Notice, error: ChannelError, now: datetime, settling: Settling) -> str:
    """It was certainly not sent; or, when it was being asked for, nobody could say."""
    if notice.asks and now >= notice.expires_at:
        await settling.settle(notice, now, {"state": NoticeState.UNKNOWN, "leased_until": None}, "cannot be asked")
        return "unknown"
    if notice.asks:
        await settling.settle(notice, now, {"asks": notice.asks - 1, "leased_until": now + backoff(3)}, "cannot be asked")
        return "cannot be asked"
    columns, outcome = _after(notice, error, now)
    await settling.settle(notice, now, {"leased_until": None, "code": _word(error), **columns}, outcome)
    if isinstance(error, Throttled) and not error.recipient_only:
        await settling.channel_failed(notice, now, error.retry_after_seconds)
    elif isinstance(error, ChannelDown):
        await settling.channel_failed(notice, now)
    else:
        await settling.channel_worked(notice)  # it says no to this one
    return outcome


def _after(notice: Notice, error: ChannelError, now: datetime) -> tuple[dict[str, Any], str]:
    """What a message becomes that was not taken: it waits, falls back to the next channel, or is left to a person."""
    waits = {"state": NoticeState.WAITING, "attempts": notice.attempts + 1, "tried_at": None}
    next_channel = {**waits, "due_at": now, "refused": [*notice.refused, notice.channel]}
    if isinstance(error, Refused):
        reason = "refused" if error.permanent else "setup"
        if error.falls_back and not notice.last_resort:
            return {**next_channel, "reason": reason}, "fell back"
        return {"state": NoticeState.FAILED, "reason": reason}, reason
    if isinstance(error, Throttled):
        long = error.recipient_only and error.retry_after_seconds > LONGEST_PAUSE_FOR_ONE
        if long and not notice.last_resort:
            return next_channel, "fell back"
        return {**waits, "due_at": now + timedelta(seconds=error.retry_after_seconds)}, "throttled"
    if not notice.last_resort:
        return next_channel, "fell back"
    return {**waits, "due_at": now + backoff(notice.attempts + 1)}, "down"


def _word(error: ChannelError) -> str:
    return str(getattr(error, "code", "") or type(error).__name__)[:64]
