"""A store on a disk of this machine: written beside, flushed, renamed into place, and the directory flushed too."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import ParamSpec, TypeVar

from core.errors import Unavailable
from infra.stores.directories import Directories, make_root
from infra.stores.disk import Disk
from infra.stores.incoming import Incoming
from infra.stores.media import media_of, mount_of
from infra.stores.store import Item, Missing, Place, require_key, require_prefix, require_range

READERS = 4  # threads; reads of one disk gain nothing from more
WRITERS = 4
FLUSHERS = 4  # flushes at once share one commit of the file system's journal
OPEN_FILES = 64  # of one batch, between writing and flushing
LISTED_AT_ONCE = 1000
FULL_RETRY_SECONDS = 60
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_NOT_KEYS = frozenset({"lost+found"})  # what ext4 puts at the top of a disk

P = ParamSpec("P")
T = TypeVar("T")


class LocalStore:
    """Objects are files below `root` named by their keys. Acknowledged means: file, name and every new directory flushed."""

    def __init__(self, root: Path, position: int, disk: Disk | None = None) -> None:
        self.position = position
        self._root = root
        self._disk = disk or Disk()
        with self._our_errors("cannot be opened"):
            make_root(root, self._disk)
            self._incoming = Incoming(root)
        self._directories = Directories(root, self._disk)
        self._readers = ThreadPoolExecutor(READERS, f"store{position}-read")
        self._writers = ThreadPoolExecutor(WRITERS, f"store{position}-write")
        self._flushers = ThreadPoolExecutor(FLUSHERS, f"store{position}-flush")

    async def put_many(self, items: Sequence[Item]) -> None:
        """As Store.put_many. A caller who goes away does not stop a batch that has begun."""
        for key, _ in items:
            require_key(key)
        await _in(self._writers, self._put_batch, items)

    async def put(self, key: str, source: Path | bytes) -> None:
        """As Store.put."""
        await self.put_many([(key, source)])

    async def read(self, key: str, offset: int = 0, length: int | None = None) -> bytes:
        """As Store.read."""
        require_range(offset, length)
        return await _in(self._readers, self._read, require_key(key), offset, length)

    async def size(self, key: str) -> int:
        """As Store.size."""
        return await _in(self._readers, self._size, require_key(key))

    async def delete(self, key: str) -> None:
        """As Store.delete."""
        await _in(self._writers, self._delete, require_key(key))

    async def walk(self, prefix: str = "") -> AsyncIterator[tuple[str, int]]:
        """As Store.walk; memory stays small whatever the store holds."""
        objects = self._objects(require_prefix(prefix))
        while batch := await _in(self._readers, self._next_of, objects):
            for each in batch:
                yield each

    def place(self) -> Place:
        """As Store.place."""
        mount, media = mount_of(self._root), media_of(self._root)
        text = f"{self._root} on {', '.join(sorted(media))} ({mount.kind})"
        return Place("file", media, str(self._root), text)

    async def close(self) -> None:
        """Wait for the batches that have begun, then remove our folder of temporary files."""
        for pool in (self._writers, self._flushers, self._readers):
            await asyncio.to_thread(pool.shutdown)
        self._incoming.close()

    # What follows runs in this store's own threads.

    def _put_batch(self, items: Sequence[Item]) -> None:
        written: list[tuple[str, Path]] = []
        try:
            with self._our_errors("cannot be written"):
                for start in range(0, len(items), OPEN_FILES):
                    self._write_flushed(items[start : start + OPEN_FILES], written)
                self._put_in_place(written)
        finally:
            self._discard(temporary for _, temporary in written)

    def _write_flushed(self, items: Sequence[Item], written: list[tuple[str, Path]]) -> None:
        descriptors: list[int] = []
        try:
            for key, source in items:
                written.append((key, self._incoming.new()))
                descriptors.append(self._disk.write(written[-1][1], source))
            self._each(self._disk.flush, descriptors)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def _discard(self, temporaries: Iterable[Path]) -> None:
        for temporary in temporaries:
            with suppress(OSError):  # renamed already; or swept when the store is next opened
                self._disk.unlink(temporary)

    def _put_in_place(self, written: Sequence[tuple[str, Path]]) -> None:
        unsure: set[Path] = set()
        folders: set[Path] = set()
        for key, temporary in written:
            target = self._root / key
            unsure |= self._rename(temporary, target)
            folders.add(target.parent)
        self._each(self._disk.flush_directory, sorted(folders | {folder.parent for folder in unsure}))
        self._directories.remember(unsure)

    def _rename(self, temporary: Path, target: Path) -> set[Path]:
        """Rename; gives the directories whose own names must still be flushed."""
        unsure = self._directories.make(target.parent)
        try:
            self._disk.rename(temporary, target)
        except FileNotFoundError:
            self._directories.forget(target.parent)
            unsure |= self._directories.make(target.parent)
            self._disk.rename(temporary, target)
        return unsure

    def _each(self, flush: Callable[[T], None], things: Sequence[T]) -> None:
        """Flush all, several at once when there are many; raises the first failure after all were tried."""
        if len(things) <= FLUSHERS:
            for thing in things:
                flush(thing)
            return
        futures = [self._flushers.submit(flush, thing) for thing in things]
        failures = [failure for future in futures if (failure := future.exception())]
        if failures:
            raise failures[0]

    def _read(self, key: str, offset: int, length: int | None) -> bytes:
        with self._our_errors("cannot be read"), self._opened(key) as descriptor:
            wanted = os.fstat(descriptor).st_size - offset if length is None else length
            return _pread(descriptor, max(wanted, 0), offset)

    @contextmanager
    def _opened(self, key: str) -> Iterator[int]:
        try:
            descriptor = os.open(self._root / key, os.O_RDONLY)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise self._missing(key) from error
        try:
            yield descriptor
        except IsADirectoryError as error:
            raise self._missing(key) from error
        finally:
            os.close(descriptor)

    def _size(self, key: str) -> int:
        with self._our_errors("cannot be read"):
            try:
                entry = os.stat(self._root / key)
            except (FileNotFoundError, NotADirectoryError) as error:
                raise self._missing(key) from error
        if not _is_file(entry):
            raise self._missing(key)
        return entry.st_size

    def _delete(self, key: str) -> None:
        path = self._root / key
        with self._our_errors("cannot be written"), suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
            self._disk.unlink(path)
            self._disk.flush_directory(path.parent)

    def _next_of(self, objects: Iterator[tuple[str, int]]) -> list[tuple[str, int]]:
        with self._our_errors("cannot be read"):
            return list(islice(objects, LISTED_AT_ONCE))

    def _objects(self, prefix: str) -> Iterator[tuple[str, int]]:
        try:
            entries = os.scandir(self._root / prefix)
        except (FileNotFoundError, NotADirectoryError):
            return  # removed while we walk, or never there
        with entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.name in _NOT_KEYS:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    yield from self._objects(f"{prefix}{entry.name}/")
                else:
                    with suppress(FileNotFoundError):
                        yield f"{prefix}{entry.name}", entry.stat().st_size

    def _missing(self, key: str) -> Missing:
        return Missing(f"store {self.position} has no {key}")

    @contextmanager
    def _our_errors(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in _FULL:
                raise Unavailable(f"store {self.position} is full", retry_after_seconds=FULL_RETRY_SECONDS) from error
            raise Unavailable(f"store {self.position} {what}: {error.strerror}") from error


async def _in(pool: ThreadPoolExecutor, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    return await asyncio.get_running_loop().run_in_executor(pool, lambda: work(*args, **kwargs))


def _is_file(entry: os.stat_result) -> bool:
    return (entry.st_mode & 0o170000) == 0o100000


def _pread(descriptor: int, length: int, offset: int) -> bytes:
    """Up to `length` bytes; one call as a rule, more for over 2 GiB or after a signal."""
    data = os.pread(descriptor, length, offset)
    if len(data) == length:
        return data
    pieces = [data]
    while pieces[-1] and (length := length - len(pieces[-1])):
        offset += len(pieces[-1])
        pieces.append(os.pread(descriptor, length, offset))
    return b"".join(pieces)
