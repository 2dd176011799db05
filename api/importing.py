"""Bringing folders of DICOM files in: what is here already is passed over, every refused file is named with its reason."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from api.journal import Found, Journal, Known
from api.progress import Progress
from archive.ingest import Ingest, Outcome, Status
from archive.models import Instance, StoredObject
from core.errors import NotFound
from infra.audit import Entry
from records.models import Hospital

BATCH_FILES = 16  # of one transaction
BATCH_BYTES = 64 << 20
BATCHES_AT_ONCE = 2  # one is examined while the other is flushed
HEAD_BYTES = 1024
DICOM_SUFFIXES = frozenset({".dcm", ".dicom", ".dic"})
FIRST_ELEMENTS = (b"\x02\0\0\0", b"\x08\0\x05\0", b"\x08\0\x08\0")  # without the 128 bytes before: DICOM, if not PS3.10
MEDIA_DIRECTORY = b"1.2.840.10008.1.3.10\0"  # DICOMDIR: a table of contents, no instance (PS3.10 section 8.6)


@dataclass(slots=True)
class Totals:
    """What became of all files. `refused` keeps each name with its reason."""

    stored: int = 0
    same: int = 0
    passed_over: int = 0  # proved to be here by an earlier import
    other: int = 0  # not DICOM
    refused: list[tuple[str, str]] = field(default_factory=list)

    def count(self, outcome: Outcome) -> None:
        """Add one outcome."""
        if outcome.status is Status.REFUSED:
            self.refused.append((outcome.name, outcome.reason))
        elif outcome.status is Status.SAME:
            self.same += 1
        else:
            self.stored += 1


@dataclass(slots=True)
class Import:
    """One run of the import command for one hospital."""

    ingest: Ingest
    journal: Journal
    hospital: str
    entry: Entry
    totals: Totals = field(default_factory=Totals)

    async def run(self, paths: Sequence[Path]) -> Totals:
        """Bring in everything below `paths`; raises NotFound for a path or hospital that is not there."""
        await require_hospital(self.hospital)
        files = await asyncio.to_thread(lambda: list(find(paths)))
        progress = Progress(len(files), sum(file.size for file in files))
        limit = asyncio.Semaphore(BATCHES_AT_ONCE)
        try:
            async with asyncio.TaskGroup() as tasks:
                for batch in batches(files):
                    await limit.acquire()
                    tasks.create_task(self._bring_in(batch, progress)).add_done_callback(lambda _: limit.release())
        finally:
            progress.close()
        return self.totals

    async def _bring_in(self, batch: Sequence[Found], progress: Progress) -> None:
        here = await self._already_here(batch)
        new = [file for file in batch if file not in here]
        dicom = [file for file in new if await asyncio.to_thread(is_dicom, file.path)]
        self.totals.passed_over += len(here)
        self.totals.other += len(new) - len(dicom)
        for file, outcome in zip(dicom, await self._store(dicom), strict=True):
            self.totals.count(outcome)
            if outcome.status is Status.REFUSED:
                progress.say(f"refused: {file.path}: {outcome.reason}")
        for file in batch:
            progress.advance(file.size)

    async def _store(self, files: Sequence[Found]) -> list[Outcome]:
        if not files:
            return []
        before = [await asyncio.to_thread(sha256_of, file.path) for file in files]
        outcomes = await self.ingest.store_files(self.hospital, [(str(file.path), file.path) for file in files], self.entry)
        safe = [
            (file, Known(sha256, outcome.sop_instance_uid))
            for file, sha256, outcome in zip(files, before, outcomes, strict=True)
            if outcome.status is not Status.REFUSED
        ]
        self.journal.add(self.hospital, safe)
        return outcomes

    async def _already_here(self, files: Sequence[Found]) -> set[Found]:
        """Those that the journal knows, and whose bytes the archive still has."""
        known = {file: entry for file in files if (entry := self.journal.known(self.hospital, file))}
        uids = [entry.sop_instance_uid for entry in known.values()]
        rows = await Instance.filter(hospital_id=self.hospital, sop_instance_uid__in=uids) if uids else []
        objects = await StoredObject.filter(instance_id__in=[row.id for row in rows]) if rows else []
        stored = {each.original_sha256 for each in objects}
        return {file for file, entry in known.items() if entry.sha256 in stored}


async def require_hospital(code: str) -> None:
    """Raises NotFound when there is no such hospital."""
    if not await Hospital.exists(code=code):
        raise NotFound(f"no hospital has the code {code}; make one with: python -m api hospital {code} --name NAME")


def find(paths: Iterable[Path]) -> Iterator[Found]:
    """All regular files below `paths`, folder by folder, so that a series stays together."""
    for path in paths:
        if path.is_dir():
            yield from _below(path)
        elif path.is_file():
            yield _found(path)
        else:
            raise NotFound(f"no such file or folder: {path}")


def _below(folder: Path) -> Iterator[Found]:
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(root, name)
            if path.is_file() and not path.is_symlink():
                yield _found(path)


def _found(path: Path) -> Found:
    status = path.stat()
    return Found(path.absolute(), status.st_size, status.st_mtime_ns)


def batches(files: Iterable[Found]) -> Iterator[list[Found]]:
    """The files in their order, few enough at once for one transaction."""
    batch: list[Found] = []
    for file in files:
        if batch and (len(batch) >= BATCH_FILES or sum(each.size for each in batch) + file.size > BATCH_BYTES):
            yield batch
            batch = []
        batch.append(file)
    if batch:
        yield batch


def is_dicom(path: Path) -> bool:
    """True for what claims to be a DICOM instance: by the mark at byte 128, by its name, or by its first element."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head[128:132] == b"DICM":
        return MEDIA_DIRECTORY not in head
    return path.suffix.lower() in DICOM_SUFFIXES or head.startswith(FIRST_ELEMENTS)


def sha256_of(path: Path) -> str:
    """Of the file's bytes, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
