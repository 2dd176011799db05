"""Taking files in: examined and proved in limited children, flushed on two stores, indexed in one transaction."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
import shutil
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Self, TypeVar

from tortoise.exceptions import IntegrityError

from archive import index
from archive.index import Arrival, Overtaken, Standing
from archive.outcome import Outcome, Refusal, Status, entries
from archive.prepare import AS_SENT, Caller, Prepared, prepared
from archive.replicas import Replicas
from core.clock import now
from core.errors import NoGoodCopy, Unavailable, Unreadable
from infra.audit import Entry, Trail
from infra.database import transaction
from infra.epoch import Epoch

__all__ = ["Batch", "Ingest", "Outcome", "Refusal", "Status"]

COMMIT_TRIES = 4  # another request may be quicker with the same instance; then we look again
PAUSE_SECONDS = 0.05  # before looking again, so that two who met do not meet for ever
HEALED_AT_ONCE = 4
REMOVE_TRIES = 5

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _File:
    """A file that was examined; `object` holds the bytes for the stores."""

    name: str
    prepared: Prepared
    object: Path

    @property
    def uid(self) -> str:
        return str(self.prepared.instance["SOPInstanceUID"])

    @property
    def place(self) -> tuple[str, str]:
        return str(self.prepared.study["StudyInstanceUID"]), str(self.prepared.series["SeriesInstanceUID"])

    def outcome(self, status: Status) -> Outcome:
        sop_class_uid = str(self.prepared.instance["SOPClassUID"])
        return Outcome(self.name, status, "", None, *self.place, sop_class_uid, self.uid, self.prepared.verdict)

    def refused(self, refusal: Refusal, reason: str = "") -> Outcome:
        return replace(self.outcome(Status.REFUSED), refusal=refusal, reason=reason or str(refusal))


class Ingest:
    """The one way by which DICOM bytes enter."""

    def __init__(self, home: Path, children: Caller, replicas: Replicas, trail: Trail, epoch: Epoch, arrivals: Epoch) -> None:
        self._spool = home / "spool"
        self._running: set[asyncio.Task[Any]] = set()
        self.children = children
        self.replicas = replicas
        self.trail = trail
        self.epoch = epoch
        self.arrivals = arrivals

    def batch(self, hospital: str, entry: Entry, *, replacing: bool = False, study_uid: str | None = None) -> Batch:
        """A request's worth of files. `entry` says who stores; `study_uid` restricts it to one study."""
        self._spool.mkdir(parents=True, exist_ok=True)
        folder = Path(mkdtemp(dir=self._spool))
        return Batch(self, hospital, entry, folder, replacing, study_uid)

    async def store_files(
        self, hospital: str, files: Sequence[tuple[str, Path]], entry: Entry, *, replacing: bool = False
    ) -> list[Outcome]:
        """Store files that lie on a disk of ours already; they are only read. Outcomes in their order."""
        async with self.batch(hospital, entry, replacing=replacing) as batch:
            for name, path in files:
                batch.examine(name, path)
            return await batch.commit()

    async def close(self) -> None:
        """Wait for what goes on although its client went away."""
        await asyncio.gather(*self._running, return_exceptions=True)

    def keep_running(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """A task that ends by itself, whatever becomes of the request that began it."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task


@dataclass(slots=True)
class Batch:
    """Files of one request: each is examined as soon as it has arrived, all are committed together."""

    ingest: Ingest
    hospital: str
    entry: Entry
    folder: Path
    replacing: bool
    study_uid: str | None
    _examined: list[asyncio.Task[_File | Outcome]] = field(default_factory=list)
    _committing: asyncio.Task[dict[int, Outcome]] | None = None
    _written: dict[str, frozenset[int]] = field(default_factory=dict)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.shield(self.ingest.keep_running(self._end()))

    def spool(self) -> Path:
        """A new path for an arriving file."""
        return self.folder / f"{len(self._examined)}.in"

    def examine(self, name: str, path: Path) -> None:
        """Begin to examine a file that has arrived whole."""
        target = self.folder / f"{len(self._examined)}.object"
        self._examined.append(asyncio.create_task(self._examine(name, path, target)))

    def refuse(self, name: str, reason: str) -> None:
        """Put a part that is no DICOM file among the outcomes."""
        refused = Outcome(name, Status.REFUSED, reason, Refusal.UNREADABLE)
        self._examined.append(asyncio.create_task(_already(refused)))

    async def commit(self) -> list[Outcome]:
        """Store and index all good files; returns once they are safe. A refused file never spoils the others.

        A client that hangs up from here on changes nothing: it is done to its end.
        """
        found = dict(enumerate(await asyncio.gather(*self._examined)))
        outcomes = {place: each for place, each in found.items() if isinstance(each, Outcome)}
        files = {place: each for place, each in found.items() if isinstance(each, _File)}
        self._committing = self.ingest.keep_running(self._commit(files, outcomes))
        outcomes = await asyncio.shield(self._committing)
        return [outcomes[place] for place in found]

    async def _examine(self, name: str, path: Path, target: Path) -> _File | Outcome:
        try:
            known = await prepared(self.ingest.children, str(path), str(target))
            if known.form == AS_SENT:
                target = await asyncio.to_thread(self._own_copy, path, target, known.sha256)
        except Unreadable as error:
            return Outcome(name, Status.REFUSED, str(error), Refusal.UNREADABLE)
        except Unavailable as error:
            return Outcome(name, Status.REFUSED, str(error), Refusal.UNAVAILABLE)
        file = _File(name, known, target)
        if self.study_uid is not None and file.place[0] != self.study_uid:
            return file.refused(Refusal.OTHER_STUDY)
        return file

    def _own_copy(self, path: Path, target: Path, sha256: str) -> Path:
        """A file that others may write must not change between its proof and the stores."""
        if path.parent == self.folder:
            return path
        try:
            shutil.copyfile(path, target)
            with target.open("rb") as file:
                same = hashlib.file_digest(file, "sha256").hexdigest() == sha256
        except OSError as error:
            raise Unavailable(f"the file cannot be copied: {error.strerror}") from error
        if not same:
            raise Unreadable("the file was changed while it was read")
        return target

    async def _commit(self, files: dict[int, _File], refused: Mapping[int, Outcome]) -> dict[int, Outcome]:
        for tries_left in reversed(range(COMMIT_TRIES)):
            try:
                return await self._try(files, refused)
            except (IntegrityError, Overtaken) as error:
                log.info("a commit met another one (%s)", type(error).__name__)
                reason = "other requests store the same instances; send it again"
            except Unavailable as error:
                reason = str(error)
            if tries_left:
                await asyncio.sleep(PAUSE_SECONDS * random.random() * (COMMIT_TRIES - tries_left))
        log.warning("%d files could not be stored: %s", len(files), reason)
        return dict(refused) | {place: file.refused(Refusal.UNAVAILABLE, reason) for place, file in files.items()}

    async def _try(self, files: dict[int, _File], refused: Mapping[int, Outcome]) -> dict[int, Outcome]:
        known = await index.standing(self.hospital, {file.uid for file in files.values()}) if files else {}
        outcomes = dict(refused) | self._contradictions(files, known)
        outcomes |= await self._healed(_without(files, outcomes), known)
        firsts, again = _told_apart(_without(files, outcomes))
        arrivals = await self._arrivals(firsts.values(), known)
        stored = {place: Status.REPLACED if known.get(file.uid) else Status.STORED for place, file in firsts.items()}
        outcomes |= {place: firsts[place].outcome(status) for place, status in stored.items()}
        outcomes |= {place: file.outcome(Status.SAME) for place, file in again.items()}
        await self._index(arrivals, outcomes.values())
        return outcomes

    async def _index(self, arrivals: Sequence[Arrival], outcomes: Iterable[Outcome]) -> None:
        at = now()
        written = {arrival.sop_instance_uid: arrival.stores for arrival in arrivals}
        async with transaction():
            if arrivals:
                await index.add(self.hospital, arrivals, at)
            await self.ingest.trail.append(entries(self.entry, at, outcomes, written))
        if any(arrival.replaces for arrival in arrivals):
            self.ingest.epoch.advance()
        if arrivals:
            self.ingest.arrivals.advance()

    def _contradictions(self, files: dict[int, _File], known: Mapping[str, Standing]) -> dict[int, Outcome]:
        """Refused: other bytes than are here, unless they may be replaced, or than the same request brought before."""
        refused: dict[int, Outcome] = {}
        first: dict[str, _File] = {}
        for place, file in files.items():
            here = known.get(file.uid)
            if here is not None and here.original_sha256 == file.prepared.original_sha256:
                continue
            replaceable = self.replacing and here is not None and here.place == file.place
            before = first.get(file.uid, file).prepared.original_sha256
            if before != file.prepared.original_sha256 or (here is not None and not replaceable):
                refused[place] = file.refused(Refusal.DIFFERENT)
            else:
                first.setdefault(file.uid, file)
        return refused

    async def _healed(self, files: dict[int, _File], known: Mapping[str, Standing]) -> dict[int, Outcome]:
        """The same bytes again: every copy of what is here is looked at and made good.

        Where no copy can be made good the file counts as new: it is stored beside what is lost.
        """
        limit = asyncio.Semaphore(HEALED_AT_ONCE)

        async def heal(file: _File) -> bool:
            here = known.get(file.uid)
            if here is None or here.original_sha256 != file.prepared.original_sha256:
                return False
            async with limit:
                try:
                    await self.ingest.replicas.heal(here.object_id, file.object)
                except NoGoodCopy:
                    return False
            return True

        healed = await asyncio.gather(*(heal(file) for file in files.values()))
        both = zip(files.items(), healed, strict=True)
        return {place: file.outcome(Status.SAME) for (place, file), well in both if well}

    async def _arrivals(self, files: Iterable[_File], known: Mapping[str, Standing]) -> list[Arrival]:
        """The same files, written on two stores."""
        keyed = {_key(self.hospital, file, known.get(file.uid)): file for file in files}
        missing = [(key, file.object) for key, file in keyed.items() if key not in self._written]
        if missing:
            self._written |= await self.ingest.replicas.write(missing)
        return [Arrival(file.prepared, key, self._written[key], known.get(file.uid)) for key, file in keyed.items()]

    async def _end(self) -> None:
        for task in self._examined:
            task.cancel()
        running = [self._committing] if self._committing else []
        await asyncio.gather(*self._examined, *running, return_exceptions=True)
        await asyncio.to_thread(_remove, self.folder)


def _remove(folder: Path) -> None:
    """Again when a child has just put one more file into it; once it is gone, no child can."""
    for _ in range(REMOVE_TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return


def _without(files: dict[int, _File], done: Mapping[int, Outcome]) -> dict[int, _File]:
    return {place: file for place, file in files.items() if place not in done}


def _told_apart(files: dict[int, _File]) -> tuple[dict[int, _File], dict[int, _File]]:
    """The first file of each instance, and those that came again with the same bytes."""
    firsts = {file.uid: place for place, file in reversed(files.items())}
    again = {place: file for place, file in files.items() if firsts[file.uid] != place}
    return {place: file for place, file in files.items() if place not in again}, again


def _key(hospital: str, file: _File, here: Standing | None) -> str:
    """The name in the stores. It holds the hash, so that two requests can never write different bytes under one name."""
    study, series = file.place
    number = here.version + 1 if here else 1
    return f"{hospital}/{study}/{series}/{file.uid}.v{number}.{file.prepared.sha256[:16]}.dcm"


async def _already(outcome: Outcome) -> Outcome:
    return outcome
