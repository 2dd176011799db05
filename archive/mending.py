"""Making the copies of one object good again: looked at by their own bytes, written anew from a good one, read back."""

from __future__ import annotations

import asyncio
import hashlib
import io
import logging
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from archive.index import COPY
from archive.inspection import Finding, ObjectRef, inspect
from archive.models import CopyState
from core.clock import now
from core.errors import Unavailable
from infra import metrics, outbox
from infra.stores import Store

IN_MEMORY_BYTES = 64 << 20  # larger objects go by way of a file

_DAMAGED = frozenset({Finding.WRONG, Finding.MISSING})

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Health:
    """What was found of an object's copies (store → finding), and which of them were then made good."""

    found: dict[int, Finding]
    repaired: frozenset[int] = frozenset()

    @property
    def damaged(self) -> frozenset[int]:
        """Stores whose copy was wrong or missing when looked at."""
        return frozenset(store for store, finding in self.found.items() if finding in _DAMAGED)

    @property
    def bad(self) -> frozenset[int]:
        """Stores whose copy is not known to be good now, damaged or out of reach."""
        return frozenset(store for store, finding in self.found.items() if finding is not Finding.GOOD) - self.repaired

    @property
    def readable(self) -> bool:
        """True when at least one copy that was looked at is good now."""
        return bool(self.repaired) or Finding.GOOD in self.found.values()


async def mend(
    stores: Sequence[Store],
    ref: ObjectRef,
    suspects: Collection[Store],
    *,
    source: Path | None = None,
    spool: Path | None = None,
) -> Health:
    """Look at the suspected copies, write the damaged ones anew, read them back, and note it all in their rows.

    `source` helps when it holds the object's bytes; `spool` is a folder for passing on large ones. Two at once do no harm.
    """
    findings = await asyncio.gather(*(inspect(store, ref) for store in suspects))
    found = {store.position: finding for store, finding in zip(suspects, findings, strict=True)}
    await _mark_good(ref, (position for position in found if found[position] is Finding.GOOD))
    if not Health(found).damaged:
        return Health(found)
    async with _good_bytes(stores, ref, found, source, spool) as good:
        damaged = [store for store in stores if store.position in Health(found).damaged]
        repaired = await _rewritten(ref, damaged, good) if good is not None else frozenset[int]()
    await _mark_bad(ref, Health(found).damaged - repaired)
    return Health(found, repaired)


async def promise_repair(ref: ObjectRef) -> None:
    """Have the copies of an object that are not good repaired soon, by a worker."""
    await outbox.promise_again(COPY, str(ref.id), {"object": ref.id, "kind": ref.kind.name}, now())


@asynccontextmanager
async def _good_bytes(
    stores: Sequence[Store], ref: ObjectRef, found: dict[int, Finding], source: Path | None, spool: Path | None
) -> AsyncIterator[Path | bytes | None]:
    """Verified bytes of the whole object, or None. Copies that turn out to be bad on the way are added to `found`."""
    if source is not None and await asyncio.to_thread(_holds, source, ref):
        yield source
        return
    with TemporaryDirectory(dir=spool, prefix="mend-") as folder:
        yield await _fetched(stores, ref, found, Path(folder) / "object")


def _holds(path: Path, ref: ObjectRef) -> bool:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == ref.sha256


async def _fetched(stores: Sequence[Store], ref: ObjectRef, found: dict[int, Finding], path: Path) -> Path | bytes | None:
    for store in stores:
        if found.get(store.position, Finding.GOOD) is not Finding.GOOD:
            continue
        with io.BytesIO() if ref.size <= IN_MEMORY_BYTES else path.open("wb") as keep:
            finding = found[store.position] = await inspect(store, ref, keep=keep)
            if finding is Finding.GOOD and isinstance(keep, io.BytesIO):
                return keep.getvalue()
        if finding is Finding.GOOD:
            return path
    return None


async def _rewritten(ref: ObjectRef, damaged: Sequence[Store], good: Path | bytes) -> frozenset[int]:
    done = await asyncio.gather(*(_rewrite(store, ref, good) for store in damaged))
    repaired = frozenset(store.position for store, well in zip(damaged, done, strict=True) if well)
    await _mark_good(ref, repaired)
    return repaired


async def _rewrite(store: Store, ref: ObjectRef, good: Path | bytes) -> bool:
    try:
        await store.put(ref.key, good)
        well = await inspect(store, ref) is Finding.GOOD
    except Unavailable as error:
        log.warning("object %s cannot be written: %s", ref.id, error)
        well = False
    metrics.count("copy_repairs", store=str(store.position), outcome="good" if well else "failed")
    return well


async def _mark_good(ref: ObjectRef, positions: Iterable[int]) -> None:
    if wanted := list(positions):
        await ref.kind.copies.filter(object_id=ref.id, store__in=wanted).update(state=CopyState.GOOD, checked_at=now())


async def _mark_bad(ref: ObjectRef, positions: Iterable[int]) -> None:
    if wanted := list(positions):  # what is pending stays so: it was never there
        good = ref.kind.copies.filter(object_id=ref.id, store__in=wanted, state=CopyState.GOOD)
        await good.update(state=CopyState.BAD)
