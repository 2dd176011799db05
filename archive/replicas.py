"""Three stores hold the same bytes: written on two before we say so, every read checked, whatever is wrong made good again."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from contextvars import Context
from functools import partial
from pathlib import Path
from typing import Any

from archive.inspection import THREAD_BYTES, Finding, ObjectRef, answers, inspect, read
from archive.kinds import INSTANCES, Kind
from archive.mending import Health, mend, promise_repair
from archive.models import CopyState
from archive.pace import Pace
from core.errors import NoGoodCopy, Unavailable
from infra import metrics
from infra.database import transaction
from infra.stores import Item, Missing, Store

__all__ = ["ObjectRef", "Replicas"]

QUORUM = 2  # stores that must have flushed an object before it is acknowledged
IMPATIENT_SECONDS = 10.0  # a store that writes longer than this gets a rival
REST_SECONDS = 5.0  # a store that did not answer is asked last for so long
NOTED_SECONDS = 30.0  # a bad copy is reported once in that time, and asked last
NOTED_MOST = 10_000

Check = Callable[[bytes], bool]

log = logging.getLogger(__name__)


class Replicas:
    """The copies of all objects. `spool` is a folder for passing on large ones, else the system's."""

    def __init__(self, stores: tuple[Store, Store, Store], spool: Path | None = None) -> None:
        self.stores = stores
        self._spool = spool
        self._remote = {store.position for store in stores if store.place().kind != "file"}
        self._away_until: dict[int, float] = {}
        self._noted_until: dict[tuple[int | str, int], float] = {}
        self._background: set[asyncio.Task[Any]] = set()

    async def write(self, batch: Sequence[Item]) -> dict[str, frozenset[int]]:
        """Store files or bytes under keys, durably on at least two stores; key → the stores that have it. Raises Unavailable.

        Stores 1 and 2 at once; another takes part when one of them fails or dawdles.
        """
        spare = sorted(self.stores, key=self.is_away)
        running = {self._spawn(self._put(spare.pop(0), batch)) for _ in range(QUORUM)}
        written: set[int] = set()
        while running and len(written) < QUORUM:
            patience = IMPATIENT_SECONDS if spare else None
            done, running = await asyncio.wait(running, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            written |= {position for task in done if (position := task.result())}
            if spare and (not done or len(written) + len(running) < QUORUM):
                running.add(self._spawn(self._put(spare.pop(0), batch)))
        if len(written) < QUORUM:
            raise Unavailable(f"{len(written)} of {len(self.stores)} stores can be written, {QUORUM} are needed")
        return dict.fromkeys((key for key, _ in batch), frozenset(written))

    async def read(self, ref: ObjectRef, offset: int = 0, length: int | None = None, check: Check | None = None) -> bytes:
        """The object, or a range that `check` (by hashes) accepts, from the nearest copy that gives the right bytes.

        A copy that does not is reported for repair in the background. Raises NoGoodCopy.
        """
        if check is None and (offset, length) != (0, None):
            raise ValueError("a range is read with a check")
        check = check or partial(_is_whole, ref)
        length = ref.size + 1 - offset if length is None else length  # one more, so that an overlong copy shows
        for store in self._nearest(ref):
            data = await self._checked(store, ref, offset, length, check)
            if data is not None:
                return data
        raise NoGoodCopy(f"no store gives the right bytes of object {ref.id}")

    async def fetch(self, ref: ObjectRef, path: Path) -> None:
        """As `read` of a whole object of any size, into a file."""
        for store in self._nearest(ref):
            with path.open("wb") as keep:
                finding = await inspect(store, ref, keep=keep)
            if finding is Finding.GOOD:
                return
            self._failed(store, ref, finding)
        raise NoGoodCopy(f"no store gives the right bytes of object {ref.id}")

    async def repair(self, object_id: int | str, kind: Kind = INSTANCES) -> None:
        """Write copies anew that are known to be bad or pending; raises NoGoodCopy or Unavailable: try again later."""
        ref = await _ref(object_id, kind)
        if ref is None:
            return  # deleted meanwhile
        rows = await kind.copies.filter(object_id=object_id).exclude(state=CopyState.GOOD)
        suspects = {row.store for row in rows}
        health = await self.mend(ref, [store for store in self.stores if store.position in suspects])
        if suspects and not health.readable:
            raise NoGoodCopy(f"object {object_id} has no good copy to repair from")
        if health.bad:
            stores = ", ".join(map(str, sorted(health.bad)))
            raise Unavailable(f"copies of object {object_id} cannot be repaired in store {stores}")

    async def heal(self, object_id: int | str, source: Path | None = None, kind: Kind = INSTANCES) -> None:
        """Look at every copy by its own bytes and make it good; `source` helps when it holds the very bytes.

        What cannot be repaired now is promised. Raises NoGoodCopy when no copy is good in the end.
        """
        ref = await _ref(object_id, kind)
        if ref is None:
            return
        health = await self.mend(ref, self.stores, source)
        if health.bad:
            await promise_repair(ref)
        if not health.readable:
            raise NoGoodCopy(f"object {object_id} has no good copy")

    async def mend(self, ref: ObjectRef, suspects: Sequence[Store], source: Path | None = None) -> Health:
        """`mending.mend` with these stores."""
        if self._spool is not None:
            self._spool.mkdir(parents=True, exist_ok=True)  # nothing may have arrived here yet
        return await mend(self.stores, ref, suspects, source=source, spool=self._spool)

    async def inspect(self, store: Store, ref: ObjectRef, pace: Pace | None = None) -> Finding:
        """`inspection.inspect`, without asking a store again at once that has just not answered."""
        if self.is_away(store):
            return Finding.UNREACHABLE
        finding = await inspect(store, ref, pace=pace)
        if finding is Finding.UNREACHABLE:
            self._rest(store)
        return finding

    def is_away(self, store: Store) -> bool:
        """True shortly after a store did not answer."""
        return self._away_until.get(store.position, 0.0) > time.monotonic()

    async def close(self) -> None:
        """Finish the reports and writes that are under way."""
        await asyncio.gather(*self._background, return_exceptions=True)

    async def _put(self, store: Store, batch: Sequence[Item]) -> int:
        """The store's position once it has everything, 0 when it failed."""
        try:
            await store.put_many(batch)
        except Unavailable as error:
            log.warning("a batch could not be written: %s", error)
            self._rest(store)
            return 0
        return store.position

    async def _checked(self, store: Store, ref: ObjectRef, offset: int, length: int, check: Check) -> bytes | None:
        try:
            data = await read(store, ref.key, offset, length)
        except Missing:
            self._failed(store, ref, Finding.MISSING)
            return None
        except Unavailable:
            self._failed(store, ref, Finding.UNREACHABLE)
            return None
        if not (check(data) if len(data) < THREAD_BYTES else await asyncio.to_thread(check, data)):
            self._failed(store, ref, Finding.WRONG)
            return None
        metrics.count("copy_reads", store=str(store.position), outcome=Finding.GOOD)
        return data

    def _failed(self, store: Store, ref: ObjectRef, finding: Finding) -> None:
        metrics.count("copy_reads", store=str(store.position), outcome=finding)
        if finding is Finding.UNREACHABLE:
            self._rest(store)
        place = (ref.id, store.position)
        if self._noted_until.get(place, 0.0) > time.monotonic():
            return
        if len(self._noted_until) >= NOTED_MOST:
            self._noted_until.clear()
        self._noted_until[place] = time.monotonic() + NOTED_SECONDS
        self._spawn(self._report(store, ref, finding))

    async def _report(self, store: Store, ref: ObjectRef, finding: Finding) -> None:
        """Mark the copy and promise its repair, unless it is the whole store that does not answer."""
        if finding is Finding.UNREACHABLE and not await answers(store):
            return
        log.warning("store %d: the copy of object %s is %s", store.position, ref.id, finding)
        async with transaction():
            good = ref.kind.copies.filter(object_id=ref.id, store=store.position, state=CopyState.GOOD)
            if await good.update(state=CopyState.BAD):
                await promise_repair(ref)

    def _nearest(self, ref: ObjectRef) -> list[Store]:
        """Healthy before doubtful, disks here before clouds."""
        return sorted(self.stores, key=lambda store: (self._is_doubtful(store, ref), store.position in self._remote))

    def _is_doubtful(self, store: Store, ref: ObjectRef) -> bool:
        noted = self._noted_until and self._noted_until.get((ref.id, store.position), 0.0) > time.monotonic()
        return bool(noted) or self.is_away(store)

    def _rest(self, store: Store) -> None:
        self._away_until[store.position] = time.monotonic() + REST_SECONDS

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        # In a context of its own: a transaction that the caller may be in is not ours.
        task = asyncio.get_running_loop().create_task(work, context=Context())
        self._background.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("work of the replicas failed in the background: %s", type(error).__name__)


def _is_whole(ref: ObjectRef, data: bytes) -> bool:
    return len(data) == ref.size and hashlib.sha256(data).hexdigest() == ref.sha256


async def _ref(object_id: int | str, kind: Kind) -> ObjectRef | None:
    rows = await kind.objects.filter(id=object_id).values_list("id", "key", "size", "sha256")
    return next((ObjectRef(id, key, size, sha256, kind) for id, key, size, sha256 in rows), None)
