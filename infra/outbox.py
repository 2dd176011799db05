"""Work promised in one transaction and done later, at least once, by whichever worker is free."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tortoise.expressions import F, Q
from tortoise.queryset import QuerySet

from core import clock
from core.errors import CloudfilmError
from infra import bulk, metrics
from infra.database import transaction
from infra.models import Outbox, OutboxState

ATTEMPTS = 100  # with the delays below about four days: longer than a weekend without the third store
FIRST_DELAY_SECONDS = 5.0
LAST_DELAY_SECONDS = 3600.0
ERROR_CHARACTERS = 300
JOBS_AT_ONCE = 8
LEASE_SECONDS = 60.0  # after which the work of a killed worker is free; a living one renews its lease in time
RENEWALS = 3  # in the time of one lease, so that one that fails does no harm

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of work that one worker holds until its lease runs out. `attempts` counts this one."""

    id: int
    topic: str
    key: str
    payload: dict[str, Any]
    attempts: int
    fence: int


Handler = Callable[[Job], Awaitable[None]]
Promise = tuple[str, str, dict[str, Any], datetime]  # topic, key, payload, when it is due


async def promise(topic: str, key: str, payload: dict[str, Any], due_at: datetime) -> None:
    """Promise a piece of work inside the caller's transaction. Promising it again changes nothing, even when it is done."""
    await promise_all(topic, {key: payload}, due_at)


async def promise_all(topic: str, payloads: Mapping[str, dict[str, Any]], due_at: datetime) -> None:
    """Several promises of one topic, each as `promise`: key → payload."""
    await promise_each((topic, key, payload, due_at) for key, payload in payloads.items())


async def promise_each(promises: Iterable[Promise]) -> None:
    """Promises of any topics in one statement, each as `promise`."""
    promised = {"state": OutboxState.WAITING.value, "attempts": 0, "fence": 0, "last_error": "", "created_at": clock.now()}
    rows = [
        promised | {"topic": topic, "key": key, "payload": json.dumps(payload), "due_at": due_at}
        for topic, key, payload, due_at in promises
    ]
    await bulk.insert(Outbox, rows, or_ignore=True)


async def promise_again(topic: str, key: str, payload: dict[str, Any], due_at: datetime) -> None:
    """As `promise`, for work that may be needed anew: what is done or dead is opened again.

    Who holds it now loses it, because he may have begun before the new need arose; what waits for its next try goes on
    waiting. So two workers may do such work at once: it must bear that.
    """
    await promise(topic, key, payload, due_at)
    same = Outbox.filter(topic=topic, key=key)
    fresh = {"due_at": due_at, "leased_until": None, "fence": F("fence") + 1, "payload": payload}
    closed = same.filter(state__in=(OutboxState.DONE, OutboxState.DEAD))
    await closed.update(state=OutboxState.WAITING, attempts=0, settled_at=None, **fresh)
    await same.filter(state=OutboxState.WAITING, leased_until__isnull=False).update(**fresh)


async def claim(topics: Iterable[str], now: datetime, limit: int, lease_seconds: float) -> list[Job]:
    """Up to `limit` due jobs, oldest first, that nobody else gets until `lease_seconds` have passed."""
    wanted = tuple(topics)
    if not await _due(wanted, now).exists():  # an idle worker takes no write lock
        return []
    async with transaction():
        await _bury(wanted, now)
        rows = await _due(wanted, now).order_by("due_at", "id").limit(limit).select_for_update(skip_locked=True)
        await Outbox.filter(id__in=[row.id for row in rows]).update(
            leased_until=now + timedelta(seconds=lease_seconds), attempts=F("attempts") + 1, fence=F("fence") + 1
        )
    return [Job(row.id, row.topic, row.key, row.payload, row.attempts + 1, row.fence + 1) for row in rows]


async def settle(job: Job, now: datetime) -> bool:
    """Done. False when the lease ran out or another took the job: it will be done again, or was."""
    return await _close(job, now, OutboxState.DONE, "")


async def give_up(job: Job, now: datetime, error: str) -> bool:
    """Dead: it will not be tried again before a person replays it. False as in `settle`."""
    return await _close(job, now, OutboxState.DEAD, error)


async def retry(job: Job, now: datetime, error: str, delay: timedelta | None = None) -> bool:
    """Try again after `delay`, or after a growing pause; dead after ATTEMPTS. False as in `settle`."""
    if job.attempts >= ATTEMPTS:
        return await give_up(job, now, error)
    due_at = now + (backoff(job.attempts) if delay is None else delay)
    changed = await _held(job, now).update(due_at=due_at, leased_until=None, last_error=error[:ERROR_CHARACTERS])
    return changed == 1


async def extend(job: Job, now: datetime, lease_seconds: float) -> bool:
    """Keep the job longer. False when it is no longer ours: stop working on it."""
    return await _held(job, now).update(leased_until=now + timedelta(seconds=lease_seconds)) == 1


async def hand_back(job: Job, now: datetime) -> bool:
    """Not tried after all, because this worker stops: free for others at once. False as in `settle`."""
    return await _held(job, now).update(leased_until=None, attempts=F("attempts") - 1) == 1


async def replay(now: datetime, topic: str | None = None) -> int:
    """Open all dead jobs (of one topic) again; gives their number."""
    dead = Outbox.filter(state=OutboxState.DEAD, **({"topic": topic} if topic else {}))
    return await dead.update(state=OutboxState.WAITING, attempts=0, due_at=now, leased_until=None, settled_at=None)


async def forget_done(topic: str, before: datetime) -> int:
    """Remove done jobs of a topic for which a second promise does no harm; gives their number."""
    return await Outbox.filter(topic=topic, state=OutboxState.DONE, settled_at__lt=before).delete()


async def work(
    handlers: Mapping[str, Handler],
    *,
    limit: int = JOBS_AT_ONCE,
    lease_seconds: float = LEASE_SECONDS,
    clock: Callable[[], datetime] = clock.now,
) -> int:
    """One round: claim what is due, do it all at once, settle or retry each; gives how many were tried."""
    jobs = await claim(handlers, clock(), limit, lease_seconds)
    await asyncio.gather(*(_do(handlers[job.topic], job, clock, lease_seconds) for job in jobs))
    return len(jobs)


def backoff(attempts: int, dice: Callable[[], float] = random.random) -> timedelta:
    """The pause after the given number of failed tries: doubling, at most an hour, spread so that not all return at once."""
    doubled = FIRST_DELAY_SECONDS * 2.0 ** min(attempts - 1, 20)
    return timedelta(seconds=min(doubled, LAST_DELAY_SECONDS) * (0.5 + dice() / 2))


def _due(topics: tuple[str, ...], now: datetime) -> QuerySet[Outbox]:
    free = Q(leased_until__isnull=True) | Q(leased_until__lte=now)
    return Outbox.filter(free, state=OutboxState.WAITING, topic__in=topics, due_at__lte=now)


async def _bury(topics: tuple[str, ...], now: datetime) -> None:
    """A job that ended its worker each time never came back to be counted."""
    spent = _due(topics, now).filter(attempts__gte=ATTEMPTS)
    await spent.update(state=OutboxState.DEAD, settled_at=now, last_error="its worker never came back")


def _held(job: Job, now: datetime) -> QuerySet[Outbox]:
    return Outbox.filter(id=job.id, fence=job.fence, state=OutboxState.WAITING, leased_until__gt=now)


async def _close(job: Job, now: datetime, state: OutboxState, error: str) -> bool:
    closed = {"state": state, "settled_at": now, "leased_until": None, "last_error": error[:ERROR_CHARACTERS]}
    return await _held(job, now).update(**closed) == 1


async def _do(handler: Handler, job: Job, clock: Callable[[], datetime], lease_seconds: float) -> None:
    started = time.perf_counter()
    async with _kept(job, clock, lease_seconds):
        outcome = await _outcome(handler, job, clock)
    metrics.count("outbox_jobs", topic=job.topic, outcome=outcome)
    metrics.observe("outbox_seconds", time.perf_counter() - started, topic=job.topic)


async def _outcome(handler: Handler, job: Job, clock: Callable[[], datetime]) -> str:
    try:
        await handler(job)
    except asyncio.CancelledError:
        await hand_back(job, clock())
        raise
    except CloudfilmError as error:
        await retry(job, clock(), str(error))
        return "failed"
    except Exception as error:  # a mistake of ours in one job must not stop the others
        log.exception("outbox job %s of topic %s hit a bug", job.id, job.topic)
        await retry(job, clock(), f"a bug: {type(error).__name__}")
        return "bug"
    return "done" if await settle(job, clock()) else "late"


@asynccontextmanager
async def _kept(job: Job, clock: Callable[[], datetime], lease_seconds: float) -> AsyncIterator[None]:
    """Renew the lease for as long as the work takes: the largest object goes over a slow line in many minutes."""
    done = asyncio.Event()
    renewing = asyncio.create_task(_renew(job, clock, lease_seconds, done))
    try:
        yield
    finally:
        done.set()  # not cancelled: a question to the database is never left half-asked
        await renewing


async def _renew(job: Job, clock: Callable[[], datetime], lease_seconds: float, done: asyncio.Event) -> None:
    while not await _happened(done, lease_seconds / RENEWALS):
        try:
            if not await extend(job, clock(), lease_seconds):
                return
        except Exception:  # the database may be away: the next renewal, or the end of the lease, decides
            log.warning("the lease of outbox job %s could not be renewed", job.id)


async def _happened(event: asyncio.Event, within_seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), within_seconds)
    except TimeoutError:
        return False
    return True
