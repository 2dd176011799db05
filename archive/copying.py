"""The copies that an ingest left to be written: those of one commit together, each read back and checked by its own bytes."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterable, Sequence
from typing import Any

from archive.inspection import Finding, ObjectRef, inspect
from archive.kinds import BY_NAME, INSTANCES, Kind
from archive.models import CopyState
from archive.replicas import Replicas
from core.clock import now
from infra.stores import Store

TOGETHER_BYTES = 64 << 20  # of objects held in memory at a time; larger ones go one by one

States = dict[int | str, dict[int, CopyState]]  # object → store → what is known of the copy


async def keep_promise(replicas: Replicas, payload: dict[str, Any]) -> None:
    """What the topic `index.COPY` promises: every copy of these objects good. Raises Unavailable or NoGoodCopy: try again."""
    kind = BY_NAME[payload.get("kind", INSTANCES.name)]
    object_ids = list(payload.get("objects") or [payload["object"]])
    refs = await _refs(object_ids, kind)
    states = await _states(object_ids, kind)
    together = [ref for ref in refs if _only_waits(states[ref.id]) and ref.size <= TOGETHER_BYTES]
    for store in replicas.stores:
        waiting = [ref for ref in together if states[ref.id].get(store.position) is CopyState.PENDING]
        for lot in _lots(waiting):
            await _copy(replicas, store, lot, states)
    for ref in refs:
        if ref not in together:
            await replicas.repair(ref.id, kind)


async def _copy(replicas: Replicas, store: Store, lot: Sequence[ObjectRef], states: States) -> None:
    found = await asyncio.gather(*(_good_bytes(replicas, ref, states[ref.id]) for ref in lot))
    whole = [(ref, data) for ref, data in zip(lot, found, strict=True) if data is not None]
    await store.put_many([(ref.key, data) for ref, data in whole])
    findings = await asyncio.gather(*(inspect(store, ref) for ref, _ in whole))
    good = [ref.id for (ref, _), finding in zip(whole, findings, strict=True) if finding is Finding.GOOD]
    copies = lot[0].kind.copies
    waiting = copies.filter(object_id__in=good, store=store.position, state=CopyState.PENDING)
    await waiting.update(state=CopyState.GOOD, checked_at=now())
    for ref in lot:
        if ref.id not in good:
            await replicas.repair(ref.id, ref.kind)


async def _good_bytes(replicas: Replicas, ref: ObjectRef, states: dict[int, CopyState]) -> bytes | None:
    """The object from a copy that is noted as good and is; None when there is none."""
    for store in replicas.stores:
        if states.get(store.position) is CopyState.GOOD and not replicas.is_away(store):
            with io.BytesIO() as keep:
                if await inspect(store, ref, keep=keep) is Finding.GOOD:
                    return keep.getvalue()
    return None


async def _refs(object_ids: Sequence[int | str], kind: Kind) -> list[ObjectRef]:
    """Those that were not deleted meanwhile."""
    rows = await kind.objects.filter(id__in=object_ids).order_by("id").values_list("id", "key", "size", "sha256")
    return [ObjectRef(id, key, size, sha256, kind) for id, key, size, sha256 in rows]


async def _states(object_ids: Sequence[int | str], kind: Kind) -> States:
    states: States = {object_id: {} for object_id in object_ids}
    for row in await kind.copies.filter(object_id__in=object_ids):
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
