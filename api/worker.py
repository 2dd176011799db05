"""The background process: does the work that was promised in the outbox, and what comes round by the clock."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping

import uvloop

from api import mllp
from api.jobs import Periodic, handlers, periodic, slow_handlers
from api.serve import redis_url, say_ready, stop_event
from api.services import Services, open_services
from infra import outbox
from infra.settings import Settings

IDLE_SECONDS = 0.5  # between two looks at an empty outbox
AFTER_ERROR_SECONDS = 5.0  # the database may be away; nothing promised is lost

_log = logging.getLogger(__name__)


def work(settings: Settings, *, ready_fd: int | None) -> None:
    """Work until SIGTERM, then finish what is in hand for at most `drain_seconds`; the rest is handed back."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_work(settings, ready_fd))


async def _work(settings: Settings, ready_fd: int | None) -> None:
    stop = stop_event()
    async with open_services(settings, redis_url(settings)) as services, mllp.listening(services):
        loops = start_loops(services, handlers(services), periodic(services), stop, slow=slow_handlers(services))
        if ready_fd is not None:
            say_ready(ready_fd)
        _log.info("working")
        await stop.wait()
        await finish(loops, settings.drain_seconds)
    _log.info("stopped")


def start_loops(
    services: Services,
    handlers: Mapping[str, outbox.Handler],
    jobs: Iterable[Periodic],
    stop: asyncio.Event,
    slow: Mapping[str, outbox.Handler] | None = None,
) -> list[asyncio.Task[None]]:
    """A task for the outbox, one for its slow work, one for each periodic job; each ends soon after `stop`."""
    promises = [_keep_promises(handlers, stop)] + ([_keep_promises(slow, stop, at_once=1)] if slow else [])
    return [asyncio.create_task(each) for each in (*promises, *(_repeat(job, stop) for job in jobs))]


async def finish(loops: Iterable[asyncio.Task[None]], seconds: float) -> None:
    """Wait for what is in hand, then cancel it."""
    _, late = await asyncio.wait(tuple(loops), timeout=seconds)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)


async def _keep_promises(
    handlers: Mapping[str, outbox.Handler], stop: asyncio.Event, at_once: int = outbox.JOBS_AT_ONCE
) -> None:
    while not stop.is_set():
        try:
            tried = await outbox.work(handlers, limit=at_once)
        except Exception:  # whatever it is, promises must be kept: look again later
            _log.exception("a round of the outbox failed")
            await _pause(stop, AFTER_ERROR_SECONDS)
            continue
        if not tried:
            await _pause(stop, IDLE_SECONDS)


async def _repeat(job: Periodic, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await job.run(stop)
        except Exception:  # one failure must not end the job for ever
            _log.exception("periodic job %s failed", job.name)
        await _pause(stop, job.every_seconds)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
