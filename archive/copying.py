"""The copies that an ingest left to be written: those of one commit together, each read back and checked by its own bytes."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterable, Sequence
from typing import Any

from archive.inspection import Finding, ObjectRef, inspect
from archive.models import Copy, CopyState, StoredObject
from archive.replicas import Replicas
from core.clock import now
from infra.stores import Store

TOGETHER_BYTES = 64 << 20  # of objects held in memory at a time; larger ones go one by one


async def keep_promise(replicas: Replicas, payload: dict[str, Any]) -> None:
    """What the topic `index.COPY` promises: every copy of these objects good. Raises Unavailable or NoGoodCopy: try again."""
    object_ids = [int(each) for each in payload.get("objects") or [payload["object"]]]
    refs = await _refs(object_ids)
    states = await _states(object_ids)
    together = [ref for ref in refs if _only_waits(states[ref.id]) and ref.size <= TOGETHER_BYTES]
    for store in replicas.stores:
        waiting = [ref for ref in together if states[ref.id].get(store.position) is CopyState.PENDING]
        for lot in _lots(waiting):
            await _copy(replicas, store, lot, states)
    for ref in refs:
        if ref not in together:
            await replicas.repair(ref.id)


async def _copy(replicas: Replicas, store: Store, lot: Sequence[ObjectRef], states: dict[int, dict[int, CopyState]]) -> None:
    found = await asyncio.gather(*(_good_bytes(replicas, ref, states[ref.id]) for ref in lot))
    whole = [(ref, data) for ref, data in zip(lot, found, strict=True) if data is not None]
    await store.put_many([(ref.key, data) for ref, data in whole])
    findings = await asyncio.gather(*(inspect(store, ref) for ref, _ in whole))
    good = [ref.id for (ref, _), finding in zip(whole, findings, strict=True) if finding is Finding.GOOD]
    waiting = Copy.filter(object_id__in=good, store=store.position, state=CopyState.PENDING)
    await waiting.update(state=CopyState.GOOD, checked_at=now())
    for ref in lot:
        if ref.id not in good:
            await replicas.repair(ref.id)


async def _good_bytes(replicas: Replicas, ref: ObjectRef, states: dict[int, CopyState]) -> bytes | None:
    """The object from a copy that is noted as good and is; None when there is none."""
    for store in replicas.stores:
        if states.get(store.position) is CopyState.GOOD and not replicas.is_away(store):
            with io.BytesIO() as keep:
                if await inspect(store, ref, keep=keep) is Finding.GOOD:
                    return keep.getvalue()
    return None


async def _refs(object_ids: Sequence[int]) -> list[ObjectRef]:
    """Those that were not deleted meanwhile."""
    rows = await StoredObject.filter(id__in=object_ids).order_by("id").values_list("id", "key", "size", "sha256")
    return [ObjectRef(*row) for row in rows]


async def _states(object_ids: Sequence[int]) -> dict[int, dict[int, CopyState]]:
    states: dict[int, dict[int, CopyState]] = {object_id: {} for object_id in object_ids}
    for row in await Copy.filter(object_id__in=object_ids):
        states[row.object_id][row.store] = row.state
    return states


def _only_waits(states: dict[int, CopyState]) -> bool:
    """True when nothing is damaged: damage is a matter of looking at every copy."""
    return CopyState.BAD not in states.values()


def _lots(refs: Iterable[ObjectRef]) -> Iterable[list[ObjectRef]]:
    lot: list[ObjectRef] = []
    for ref in refs:
        if lot and sum(each.size for each in lot) + ref.size > TOGETHER_BYTES:
            yield lot
            lot = []
        lot.append(ref)
    if lot:
        yield lot
