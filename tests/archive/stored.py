"""Puts instances into the archive as ingest does, without a server: prepared, written on two stores, indexed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from archive import copying, index
from archive.index import Arrival, Standing
from archive.inspection import ObjectRef
from archive.models import Copy, Instance, StoredObject
from archive.prepare import prepare
from archive.replicas import Replicas
from infra import outbox
from infra.database import transaction
from infra.settings import Settings
from tests.archive import samples

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
ALL_GOOD = {1: "good", 2: "good", 3: "good"}  # of `states`
LATER = datetime(2036, 1, 1, tzinfo=UTC)  # everything promised is due
STUDY, SERIES = "1.2.3", "1.2.3.5"


def picture(number: int = 1, *, study: str = STUDY, seed: int = 0, side: int = 32) -> bytes:
    """A small MONOCHROME2 file; `number` tells the instances of a study apart."""
    pixels = np.random.default_rng([number, seed]).integers(0, 4096, (side, side), dtype=np.uint16)
    return samples.instance(
        pixels,
        SOPInstanceUID=f"{study}.6.{number}",
        StudyInstanceUID=study,
        SeriesInstanceUID=f"{study}.5",
        StudyDate="20200229",
        InstanceNumber=number,
    )


async def put(replicas: Replicas, folder: Path, *files: bytes, replaces: Instance | None = None) -> list[ObjectRef]:
    """Store files of the hospital 'demo'; gives their objects in that order."""
    old = await index.standing("demo", [replaces.sop_instance_uid]) if replaces else {}
    arrivals = [_prepared(folder, file, next(iter(old.values()), None)) for file in files]
    written = await replicas.write([(arrival.key, path) for arrival, path in arrivals])
    async with transaction():
        settled = [replace(each, stores=written[each.key]) for each, _ in arrivals]
        await index.add("demo", settled, NOW)
    refs = {row.key: row for row in await StoredObject.filter(key__in=list(written))}
    return [ref_of(refs[each.key]) for each, _ in arrivals]


def ref_of(row: StoredObject) -> ObjectRef:
    return ObjectRef(row.id, row.key, row.size, row.sha256)


async def keep_promises(replicas: Replicas, now: datetime = LATER) -> int:
    """Let a worker do all repairs that are due; gives how many it tried."""
    repair = {index.COPY: lambda job: copying.keep_promise(replicas, job.payload)}
    return await outbox.work(repair, limit=1000, clock=lambda: now)


def file_of(settings: Settings, store: int, ref: ObjectRef) -> Path:
    return settings.home / "stores" / str(store) / ref.key


async def states(ref: ObjectRef) -> dict[int, str]:
    return {row.store: str(row.state) for row in await Copy.filter(object_id=ref.id)}


def _prepared(folder: Path, file: bytes, replaces: Standing | None) -> tuple[Arrival, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    source, target = folder / f"{len(list(folder.iterdir()))}.in", folder / f"{len(list(folder.iterdir()))}.object"
    source.write_bytes(file)
    done = prepare(str(source), str(target))
    uids = done.study["StudyInstanceUID"], done.series["SeriesInstanceUID"], done.instance["SOPInstanceUID"]
    version = replaces.version + 1 if replaces else 1
    key = f"demo/{uids[0]}/{uids[1]}/{uids[2]}.v{version}.{done.sha256[:16]}.dcm"
    return Arrival(done, key, frozenset(), replaces), source if done.form == "as-sent" else target


def all_files(settings: Settings, ref: ObjectRef) -> Sequence[bytes]:
    return [file_of(settings, store, ref).read_bytes() for store in (1, 2, 3)]
