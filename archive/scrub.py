"""A walk over all copies: each is read by its own bytes, and what is wrong is made good before anybody asks for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tortoise.expressions import F

from archive import erasure, kinds
from archive.inspection import Finding, ObjectRef
from archive.kinds import KINDS, CopyRow, Kind
from archive.mending import Health, promise_repair
from archive.models import CopyState, ScrubRun
from archive.pace import Pace
from archive.replicas import Replicas
from core.clock import now
from infra import metrics
from infra.database import transaction

BATCH = 64
AT_ONCE = 4  # objects; each is read from three stores at a time
KEPT_EVERY_SECONDS = 5.0  # a walk that is stopped or killed loses no more than that


@dataclass(frozen=True, slots=True)
class Summary:
    """Copies read and hashed, copies not good when looked at, copies made good, objects without any good copy.

    `orphans`: objects in the stores that have no row.
    """

    checked: int = 0
    bad: int = 0
    repaired: int = 0
    lost: int = 0
    orphans: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a walk is."""

    objects: int
    of_objects: int
    summary: Summary


@dataclass(slots=True)
class _Tally:
    """What was found since it was last kept in the database."""

    checked: int = 0
    bad: int = 0
    repaired: int = 0
    lost: int = 0
    good: list[int] = field(default_factory=list)  # ids of copies


async def scrub(
    replicas: Replicas,
    *,
    mib_per_second: float = 0,
    progress: Callable[[Progress], None] | None = None,
    stop: asyncio.Event | None = None,
    fresh: bool = False,
) -> Summary:
    """Walk on where the last walk was stopped, else from the beginning; gives the totals of the whole walk.

    Set `stop` to leave off early; the next call goes on from there. `fresh` begins anew, so that all copies are looked at
    from now on, whatever another walk has done or is doing.
    """
    run = await _begin(fresh)
    pace = Pace(mib_per_second)
    of_objects = await kinds.count()
    done = sum([await kind.objects.filter(id__lte=_place(run, kind)).count() for kind in KINDS])
    while objects := await _next(run):
        done += await _walk(replicas, run, objects, pace, stop)
        if progress is not None:
            progress(Progress(done, max(done, of_objects), _summary(run)))
        if stop is not None and stop.is_set():
            return _summary(run)
    orphans = await erasure.find_orphans(replicas, now())
    await ScrubRun.filter(id=run.id, finished_at__isnull=True).update(finished_at=now())
    return _summary(run, orphans)


async def is_due(moment: datetime, interval_days: int) -> bool:
    """True when a walk was left unfinished, or the last began `interval_days` ago; never when that is 0."""
    if not interval_days:
        return False
    last = await ScrubRun.all().order_by("-id").first()
    return last is None or last.finished_at is None or last.started_at <= moment - timedelta(days=interval_days)


async def _begin(fresh: bool) -> ScrubRun:
    last = None if fresh else await ScrubRun.all().order_by("-id").first()
    return last if last is not None and last.finished_at is None else await ScrubRun.create()


async def _next(run: ScrubRun) -> list[ObjectRef]:
    """Some objects of one kind; the first kind is walked to its end before the next."""
    for kind in KINDS:
        rows = await kind.objects.filter(id__gt=_place(run, kind)).order_by("id").limit(BATCH)
        if rows:
            return [ObjectRef(row.id, row.key, row.size, row.sha256, kind) for row in rows]
    return []


def _place(run: ScrubRun, kind: Kind) -> int | str:
    """Objects of that kind up to this id are done."""
    place: int | str = getattr(run, kind.place)
    return place


async def _walk(replicas: Replicas, run: ScrubRun, objects: Sequence[ObjectRef], pace: Pace, stop: asyncio.Event | None) -> int:
    """Look at these objects, or as many as time allows before the place must be kept; gives how many."""
    copies = await _copies(objects)
    tally = _Tally()
    until = time.monotonic() + KEPT_EVERY_SECONDS
    done = 0
    while done < len(objects) and time.monotonic() < until and not (stop is not None and stop.is_set()):
        some = objects[done : done + AT_ONCE]
        await asyncio.gather(*(_examine(replicas, ref, copies.get(ref.id, {}), pace, tally) for ref in some))
        done += len(some)
    if done:
        await _keep(run, objects[done - 1], tally)
    return done


async def _copies(objects: Sequence[ObjectRef]) -> dict[int | str, dict[int, CopyRow]]:
    copies: dict[int | str, dict[int, CopyRow]] = {}
    for row in await objects[0].kind.copies.filter(object_id__in=[ref.id for ref in objects]):
        copies.setdefault(row.object_id, {})[row.store] = row
    return copies


async def _examine(replicas: Replicas, ref: ObjectRef, copies: dict[int, CopyRow], pace: Pace, tally: _Tally) -> None:
    findings = await asyncio.gather(*(replicas.inspect(store, ref, pace) for store in replicas.stores))
    found = {store.position: finding for store, finding in zip(replicas.stores, findings, strict=True)}
    health = Health(found)
    doubtful = health.damaged | {store for store, copy in copies.items() if copy.state is not CopyState.GOOD}
    if suspects := [store for store in replicas.stores if store.position in doubtful and not replicas.is_away(store)]:
        if not await ref.kind.objects.exists(id=ref.id):
            return  # deleted while we looked
        mended = await replicas.mend(ref, suspects)
        health = Health(found | mended.found, mended.repaired)
    awaited = {
        store
        for store, copy in copies.items()
        if copy.state is CopyState.PENDING and health.found[store] is Finding.MISSING and store in health.repaired
    }
    _count(health, awaited, copies, tally)
    if health.bad:
        await promise_repair(ref)


def _count(health: Health, awaited: set[int], copies: dict[int, CopyRow], tally: _Tally) -> None:
    """A copy that was still due, and that we wrote in passing, was never bad (`awaited`)."""
    not_good = {store for store, finding in health.found.items() if finding is not Finding.GOOD} - awaited
    tally.checked += sum(finding is not Finding.UNREACHABLE for finding in health.found.values())
    tally.bad += len(not_good)
    tally.repaired += len(health.repaired - awaited)
    tally.lost += len(health.damaged) == len(health.found) and not health.repaired
    tally.good += [copy.id for store, copy in copies.items() if health.found[store] is Finding.GOOD]
    for finding in health.found.values():
        metrics.count("scrub_copies", outcome=finding)


async def _keep(run: ScrubRun, last: ObjectRef, tally: _Tally) -> None:
    """Note how far we are. When another walker was quicker, we go on from its place, and add only what we mended."""
    # Not the state: a reader may have found one of them bad since we looked.
    await last.kind.copies.filter(id__in=tally.good).update(checked_at=now())
    mine = ScrubRun.filter(id=run.id)
    async with transaction():
        await mine.update(bad=F("bad") + tally.bad, repaired=F("repaired") + tally.repaired, lost=F("lost") + tally.lost)
        where = last.kind.place
        unmoved = mine.filter(**{where: _place(run, last.kind)})
        await unmoved.update(**{where: last.id, "checked": F("checked") + tally.checked})
    await run.refresh_from_db()


def _summary(run: ScrubRun, orphans: int = 0) -> Summary:
    return Summary(run.checked, run.bad, run.repaired, run.lost, orphans)
