"""Everything a process keeps open, wired once: database, stores, tiers, children, sessions, audit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from api.people import People, open_people
from api.sharing import Sharing, sharing
from archive.ingest import Ingest
from archive.read import Reader
from archive.replicas import Replicas
from archive.tiers import Tiers
from core.clock import now
from core.errors import CloudfilmError
from identity.sessions import Sessions
from infra import metrics
from infra.audit import Trail
from infra.children import Children
from infra.database import close_database, is_postgres, open_database
from infra.epoch import Epoch, archive_epoch, arrivals_epoch, sessions_epoch
from infra.hot import HotTier
from infra.settings import MEBIBYTE, Settings
from infra.stores import Store, open_store, require_separate
from infra.tally import Tally
from share.authorisations import seen
from share.viewing import shown

# Other machines' revocations are not seen through this machine's shared memory, so with PostgreSQL we ask again soon.
TRUST_ALONE = timedelta(minutes=5)
TRUST_WITH_OTHERS = timedelta(seconds=1)
SETTLE_EVERY_SECONDS = 5.0

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Services:
    """What handlers and commands work with."""

    settings: Settings
    sessions: Sessions
    sessions_epoch: Epoch
    archive_epoch: Epoch
    arrivals_epoch: Epoch
    trail: Trail
    tally: Tally
    stores: tuple[Store, Store, Store]
    replicas: Replicas
    tiers: Tiers
    reader: Reader
    children: Children
    ingest: Ingest
    people: People
    sharing: Sharing


@asynccontextmanager
async def open_services(settings: Settings, redis_url: str | None) -> AsyncIterator[Services]:
    """Open everything, and close it in the opposite order. `redis_url` None means: go on without Redis."""
    async with AsyncExitStack() as stack:
        await open_database(settings)
        stack.push_async_callback(close_database)
        stores = await _open_stores(settings, stack)
        epochs = sessions_epoch(settings.home), archive_epoch(settings.home), arrivals_epoch(settings.home)
        for epoch in epochs:
            stack.callback(epoch.close)
        hot = await _open_hot(settings, redis_url, stack)
        tiers = Tiers(settings.memory_tier_mib * MEBIBYTE, hot)
        stack.push_async_callback(tiers.close)
        replicas = Replicas(stores, settings.home / "spool")
        stack.push_async_callback(replicas.close)
        children = await stack.enter_async_context(_children(settings))
        trail = Trail(settings.keys)
        tally = Tally(trail)
        stack.push_async_callback(tally.close)
        await stack.enter_async_context(_settling(tally))
        trust = TRUST_WITH_OTHERS if is_postgres(settings) else TRUST_ALONE
        people = await stack.enter_async_context(open_people(settings, epochs[0]))
        ingest = Ingest(settings.home, children, replicas, trail, epochs[1], epochs[2])
        stack.push_async_callback(ingest.close)
        yield Services(
            settings=settings,
            sessions=Sessions(settings.keys, epochs[0], trust, shown, partial(seen, settings.keys)),
            sessions_epoch=epochs[0],
            archive_epoch=epochs[1],
            arrivals_epoch=epochs[2],
            trail=trail,
            tally=tally,
            stores=stores,
            replicas=replicas,
            tiers=tiers,
            reader=Reader(tiers, replicas, epochs[1], epochs[2]),
            children=children,
            ingest=ingest,
            people=people,
            sharing=sharing(settings, people, epochs[0]),
        )


async def _open_stores(settings: Settings, stack: AsyncExitStack) -> tuple[Store, Store, Store]:
    one, two, three = (open_store(url, place, settings.store_keys) for place, url in enumerate(settings.store_urls, 1))
    for store in (one, two, three):
        stack.push_async_callback(store.close)
    if not settings.demo:
        require_separate((one, two, three))
    return one, two, three


async def _open_hot(settings: Settings, redis_url: str | None, stack: AsyncExitStack) -> HotTier | None:
    if redis_url is None:
        return None
    secret, timeout_seconds = settings.keys.derive("hot"), settings.redis_timeout_ms / 1000
    hot = HotTier(redis_url, secret, timeout_seconds=timeout_seconds, on_count=metrics.count_hot)
    stack.push_async_callback(hot.close)
    return hot


def _children(settings: Settings) -> Children:
    return Children(
        settings.ingest_child_count,
        ready=1,  # 70 MB each, in every process: the others come with the work
        warm=("archive.prepare",),
        memory_bytes=settings.ingest_memory_mib * MEBIBYTE,
        cpu_seconds=settings.ingest_seconds,
        wall_seconds=2.0 * settings.ingest_seconds,
        pid_folder=settings.home / "run",
    )


@asynccontextmanager
async def _settling(tally: Tally) -> AsyncIterator[None]:
    task = asyncio.create_task(_settle_for_ever(tally))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _settle_for_ever(tally: Tally) -> None:
    while True:
        await asyncio.sleep(SETTLE_EVERY_SECONDS)
        try:
            await tally.settle(now())
        except CloudfilmError as error:  # the counts are kept and written next time
            _log.warning("reads could not be counted: %s", error)
