"""Giving a hospital its files back: the originals byte by byte, and a manifest by which anybody can check them."""

from __future__ import annotations

import asyncio
import hashlib
import mmap
import os
import shutil
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tortoise.queryset import QuerySet

from archive import original
from archive.documents import ref_of
from archive.kinds import DOCUMENTS
from archive.manifest import MANIFEST, Entry, append, folder_errors, holds, mended
from archive.models import Document, StoredObject, Study
from archive.replicas import ObjectRef, Replicas
from core.errors import NoGoodCopy, NotFound, Unreadable

PARTIAL = ".partial"  # files that are not whole yet
BATCH = 200
AT_ONCE = 4

_FIELDS = (
    "id",
    "key",
    "size",
    "sha256",
    "version",
    "original_size",
    "original_sha256",
    "original_transfer_syntax_uid",
    "instance__version",
    "instance__sop_instance_uid",
    "instance__series__series_instance_uid",
    "instance__series__study__study_instance_uid",
)


@dataclass(slots=True)
class Exported:
    """What an export did: files written now, files that were there already, and the paths that could not be given."""

    written: int = 0
    kept: int = 0
    size: int = 0
    failed: list[str] = field(default_factory=list)


async def export(
    replicas: Replicas,
    hospital: str,
    target: Path,
    *,
    studies: Sequence[str] | None = None,
    since: datetime | None = None,
    all_versions: bool = False,
    progress: Callable[[Exported], None] | None = None,
) -> Exported:
    """Write the hospital's original files below `target`; a second call goes on where the first was stopped.

    `studies` are Study Instance UIDs, `since` counts from reception; current versions only unless asked for all. Documents
    come along unless only some studies are asked for. Raises NotFound for a study that is not there, and Unavailable when
    the folder cannot be written. The caller audits.
    """
    await _require_studies(hospital, studies)
    exported = Exported()
    with folder_errors():
        await asyncio.to_thread(_prepare, target)
        listed = await asyncio.to_thread(mended, target / MANIFEST)
        with (target / MANIFEST).open("ab") as manifest:
            async for batch in _all_batches(hospital, studies, since, all_versions):
                there = await _write_all(replicas, target, batch, exported)
                fresh = [entry for entry in there if listed.get(entry.path) != entry.sha256]
                await asyncio.to_thread(append, manifest, fresh)
                if progress is not None:
                    progress(exported)
        (target / PARTIAL).rmdir()
    return exported


@dataclass(frozen=True, slots=True)
class _Wanted:
    ref: ObjectRef
    entry: Entry


async def _require_studies(hospital: str, studies: Sequence[str] | None) -> None:
    for uid in studies or ():
        if not await Study.exists(hospital_id=hospital, study_instance_uid=uid):
            raise NotFound(f"no study {uid}")


async def _all_batches(
    hospital: str, studies: Sequence[str] | None, since: datetime | None, all_versions: bool
) -> AsyncIterator[list[_Wanted]]:
    async for batch in _batches(_rows(hospital, studies, since), all_versions):
        yield batch
    if studies is None:
        async for batch in _documents(hospital, since):
            yield batch


async def _batches(rows: QuerySet[StoredObject], all_versions: bool) -> AsyncIterator[list[_Wanted]]:
    after = 0
    while found := await rows.filter(id__gt=after).order_by("id").limit(BATCH).values(*_FIELDS):
        after = found[-1]["id"]
        yield [_wanted(row) for row in found if all_versions or row["version"] == row["instance__version"]]


def _rows(hospital: str, studies: Sequence[str] | None, since: datetime | None) -> QuerySet[StoredObject]:
    rows = StoredObject.filter(instance__hospital_id=hospital)
    if studies is not None:
        rows = rows.filter(instance__series__study__study_instance_uid__in=list(studies))
    return rows.filter(received_at__gte=since) if since is not None else rows


def _wanted(row: Mapping[str, Any]) -> _Wanted:
    study, series = row["instance__series__study__study_instance_uid"], row["instance__series__series_instance_uid"]
    sop, version = row["instance__sop_instance_uid"], row["version"]
    entry = Entry(
        path=f"{study}/{series}/{sop}.dcm" if version == 1 else f"{study}/{series}/{sop}.v{version}.dcm",
        study_uid=study,
        series_uid=series,
        sop_uid=sop,
        version=version,
        size=row["original_size"],
        sha256=row["original_sha256"],
        transfer_syntax_uid=row["original_transfer_syntax_uid"],
    )
    return _Wanted(ObjectRef(row["id"], row["key"], row["size"], row["sha256"]), entry)


async def _documents(hospital: str, since: datetime | None) -> AsyncIterator[list[_Wanted]]:
    after = ""
    rows = Document.filter(hospital_id=hospital, **({"received_at__gte": since} if since is not None else {}))
    while found := await rows.filter(id__gt=after).order_by("id").limit(BATCH):
        after = found[-1].id
        yield [_Wanted(ref_of(row), _document(row)) for row in found]


def _document(row: Document) -> Entry:
    path = row.key.removeprefix(f"{row.hospital_id}/")
    return Entry(path, "", "", "", 1, row.size, row.sha256, "", row.media_type)


async def _write_all(replicas: Replicas, target: Path, batch: Sequence[_Wanted], exported: Exported) -> list[Entry]:
    """The entries whose files are there in the end."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(wanted: _Wanted) -> bool:
        async with gate:
            return await _write(replicas, target, wanted, exported)

    there = await asyncio.gather(*(one(wanted) for wanted in batch))
    return [wanted.entry for wanted, well in zip(batch, there, strict=True) if well]


async def _write(replicas: Replicas, target: Path, wanted: _Wanted, exported: Exported) -> bool:
    entry = wanted.entry
    if await asyncio.to_thread(holds, target / entry.path, entry.sha256):
        exported.kept += 1
        return True
    draft = target / PARTIAL / str(wanted.ref.id)
    try:
        await replicas.fetch(wanted.ref, draft)
        restore = _move if wanted.ref.kind is DOCUMENTS else _restore
        await asyncio.to_thread(restore, draft, target / entry.path, entry.sha256)
    except (NoGoodCopy, Unreadable):
        exported.failed.append(entry.path)
        return False
    finally:
        draft.unlink(missing_ok=True)
    exported.written += 1
    exported.size += entry.size
    return True


# What follows runs in a thread.


def _prepare(target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(target / PARTIAL, ignore_errors=True)
    (target / PARTIAL).mkdir()


def _restore(stored: Path, path: Path, sha256: str) -> None:
    """Write the original file of a stored object; raises Unreadable unless it is the very file that was sent."""
    draft = stored.with_suffix(".original")
    digest = hashlib.sha256()
    try:
        with draft.open("wb") as file:
            for piece in original.restored(_mapped(stored)):
                digest.update(piece)
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        if digest.hexdigest() != sha256:
            raise Unreadable("the original did not come back from the object")
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _move(stored: Path, path: Path, sha256: str) -> None:
    """A document lies in the stores as it was sent; its hash was compared when it was fetched."""
    with stored.open("rb") as file:
        os.fsync(file.fileno())
    path.parent.mkdir(parents=True, exist_ok=True)
    stored.replace(path)


def _mapped(path: Path) -> memoryview:
    with path.open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
