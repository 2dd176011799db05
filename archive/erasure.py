"""Removing bytes from the stores that no row speaks of: of deleted studies, and of requests that died half way."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from collections.abc import AsyncIterator, Collection
from datetime import datetime, timedelta
from typing import Any

from archive import kinds
from archive.documents import KEY_PATTERN
from archive.replicas import Replicas
from archive.retention import ERASE, PAUSE
from core.errors import Unavailable
from infra import outbox
from infra.stores import Store

__all__ = ["ERASE", "ORPHAN", "erase", "find_orphans", "remove_orphan"]

ORPHAN = "orphan"  # outbox topic: remove an object that still has no row
ORPHAN_AGE = timedelta(days=1)  # no request takes so long from its first byte to its commit
KEYS_AT_ONCE = 1000
# More than these at once were not left by requests that died: the database is older than the stores, and must be mended.
ORPHANS_MOST, ORPHANS_MOST_SHARE = 100, 0.01
_OURS = re.compile(rf"[^/]+/[^/]+/[^/]+/[^/]+\.dcm|{KEY_PATTERN}")

log = logging.getLogger(__name__)


async def erase(replicas: Replicas, payload: dict[str, Any]) -> None:
    """Keeps the promise of `retention.delete_study`: remove these keys from these stores. Raises Unavailable.

    An instance that was sent again meanwhile is looked at and healed instead.
    """
    keys = [str(key) for key in payload["keys"]]
    living = await kinds.known_keys(keys)
    stores = [store for store in replicas.stores if store.position in payload["stores"]]
    results = await asyncio.gather(*(_erase(store, set(keys) - living.keys()) for store in stores), return_exceptions=True)
    for kind, object_id in living.values():
        await replicas.heal(object_id, kind=kind)
    for failure in filter(None, results):
        raise failure


async def find_orphans(replicas: Replicas, now: datetime) -> int:
    """Count the objects in the stores that have no row, and promise their removal after a day."""
    return sum([await _find_orphans(store, now) for store in replicas.stores])


async def remove_orphan(replicas: Replicas, payload: dict[str, Any]) -> None:
    """Remove one object from one store, unless it has a row by now. Raises Unavailable."""
    if await kinds.known_keys([payload["key"]]):
        return
    store = next(store for store in replicas.stores if store.position == payload["store"])
    log.warning("store %d: an object without a row is removed", store.position)
    await store.delete(payload["key"])


async def _erase(store: Store, keys: Collection[str]) -> None:
    for key in keys:
        await store.delete(key)


async def _find_orphans(store: Store, now: datetime) -> int:
    try:
        found = [key async for key in _rowless(store)]
    except Unavailable:
        log.warning("store %d does not answer: its objects without rows are not looked for", store.position)
        return 0
    if len(found) > max(ORPHANS_MOST, ORPHANS_MOST_SHARE * await kinds.count()):
        log.error("store %d has %d objects without rows; none is removed: is the database too old?", store.position, len(found))
        return len(found)
    # Not from all stores in the same minute: see retention.PAUSE.
    due_at = now + ORPHAN_AGE + store.position * PAUSE
    for key in found:
        name = f"{store.position}.{hashlib.sha256(key.encode()).hexdigest()}"
        await outbox.promise_again(ORPHAN, name, {"store": store.position, "key": key}, due_at)
    return len(found)


async def _rowless(store: Store) -> AsyncIterator[str]:
    async for keys in _in_lots(store):
        known = await kinds.known_keys(keys)
        for key in keys:
            if key not in known:
                yield key


async def _in_lots(store: Store) -> AsyncIterator[list[str]]:
    """Keys of our own form; what somebody else put beside them is left alone."""
    lot: list[str] = []
    async for key, _ in store.walk():
        if _OURS.fullmatch(key):
            lot.append(key)
        if len(lot) == KEYS_AT_ONCE:
            yield lot
            lot = []
    if lot:
        yield lot
