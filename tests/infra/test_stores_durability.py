"""What a local store has acknowledged outlives kills and failing system calls, and nothing is ever half there."""

from __future__ import annotations

import errno
import hashlib
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import Unavailable
from infra.stores.disk import Disk
from infra.stores.incoming import FOLDER
from infra.stores.local import LocalStore

KEY = "demo/1.2.3/1.2.3.4/1.2.3.4.5.v1.dcm"


def _temporaries(root: Path) -> list[Path]:
    return list((root / FOLDER).rglob("*.tmp"))


async def _walked(store: LocalStore, prefix: str = "") -> dict[str, int]:
    return {key: size async for key, size in store.walk(prefix)}


class WatchedDisk(Disk):
    """The real disk; notes every call, and makes call number `fails` fail."""

    def __init__(self, fails: int | None = None, error: int = errno.ENOSPC) -> None:
        self.calls: list[tuple[str, Path]] = []
        self.fails = fails
        self.error = error
        self.paths: dict[int, Path] = {}

    def _call(self, name: str, path: Path) -> None:
        self.calls.append((name, path))
        if len(self.calls) - 1 == self.fails:
            raise OSError(self.error, os.strerror(self.error))

    def write(self, path: Path, source: Path | bytes) -> int:
        descriptor = super().write(path, source)
        try:
            self._call("write", path)  # fails when the file is there already, as a full disk does
        except OSError:
            os.close(descriptor)
            raise
        self.paths[descriptor] = path
        return descriptor

    def flush(self, descriptor: int) -> None:
        self._call("flush", self.paths[descriptor])
        super().flush(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        self._call("rename", target)
        super().rename(source, target)

    def mkdir(self, folder: Path) -> None:
        self._call("mkdir", folder)
        super().mkdir(folder)

    def flush_directory(self, folder: Path) -> None:
        self._call("flush_directory", folder)
        super().flush_directory(folder)


BATCH = [(f"demo/1.2/{series}/{n}.v1.dcm", b"x" * n) for series in ("1.2.1", "1.2.2") for n in range(1, 4)]


async def test_files_are_flushed_before_they_are_renamed_and_directories_after(tmp_path: Path) -> None:
    disk = WatchedDisk()
    store = LocalStore(tmp_path / "store", 1, disk)
    disk.calls.clear()
    await store.put_many(BATCH)
    names = [name for name, _ in disk.calls]
    assert max(_positions(names, "write")) < min(_positions(names, "flush"))
    assert max(_positions(names, "flush")) < min(_positions(names, "rename"))
    assert max(_positions(names, "rename")) < min(_positions(names, "flush_directory"))
    assert {path for name, path in disk.calls if name == "flush"} == set(disk.paths.values())
    await store.close()


async def test_every_new_directory_and_every_directory_renamed_into_is_flushed_once_a_batch(tmp_path: Path) -> None:
    disk = WatchedDisk()
    root = tmp_path / "store"
    store = LocalStore(root, 1, disk)
    disk.calls.clear()
    await store.put_many(BATCH)
    flushed = [path for name, path in disk.calls if name == "flush_directory"]
    assert sorted(flushed) == [root, root / "demo", root / "demo/1.2", root / "demo/1.2/1.2.1", root / "demo/1.2/1.2.2"]
    disk.calls.clear()
    await store.put("demo/1.2/1.2.1/9.v1.dcm", b"one more in a known directory")
    assert [path for name, path in disk.calls if name == "flush_directory"] == [root / "demo/1.2/1.2.1"]
    await store.close()


async def test_a_directory_made_by_another_process_is_flushed_by_us_too(tmp_path: Path) -> None:
    disk = WatchedDisk()
    store = LocalStore(tmp_path / "store", 1, disk)
    (tmp_path / "store" / "demo").mkdir()
    disk.calls.clear()
    await store.put("demo/one", b"x")
    assert ("flush_directory", tmp_path / "store") in disk.calls
    await store.close()


def _positions(names: list[str], name: str) -> list[int]:
    return [position for position, each in enumerate(names) if each == name]


@pytest.mark.parametrize(("error", "message"), [(errno.ENOSPC, "store 1 is full"), (errno.EIO, "store 1 cannot be written")])
async def test_whichever_call_fails_the_batch_is_refused_nothing_is_half_there_and_the_next_one_works(
    tmp_path: Path, error: int, message: str
) -> None:
    disk = WatchedDisk(error=error)
    number = 0
    while True:
        root = tmp_path / str(number)
        store = LocalStore(root, 1, disk)
        disk.calls, disk.fails = [], number
        try:
            await store.put_many(BATCH)
        except Unavailable as failure:
            assert message in str(failure)
        else:
            break
        finally:
            disk.fails = None
        assert _temporaries(root) == []
        whole = {key: len(data) for key, data in BATCH}
        assert (await _walked(store)).items() <= whole.items()
        await store.put_many(BATCH)
        assert await _walked(store) == whole
        await store.close()
        number += 1
    await store.close()
    assert number > 20  # every write, flush, mkdir, rename and directory flush had its turn


async def test_a_disk_that_is_really_full_says_so(tmp_path: Path) -> None:
    """/dev/full answers every write with ENOSPC, as a full disk does."""

    class FullDisk(Disk):
        def write(self, path: Path, source: Path | bytes) -> int:
            path.symlink_to("/dev/full")
            with path.open("wb", buffering=0) as full:
                full.write(b"x")
            raise AssertionError("/dev/full took a byte")

    store = LocalStore(tmp_path / "store", 3, FullDisk())
    with pytest.raises(Unavailable, match="store 3 is full"):
        await store.put(KEY, b"x" * 1000)
    assert _temporaries(tmp_path / "store") == []
    await store.close()


WRITER = """
import asyncio, hashlib, random, sys
from pathlib import Path
from infra.stores.local import LocalStore

async def main():
    store = LocalStore(Path(sys.argv[1]), 1)
    dice = random.Random(sys.argv[2])
    for batch in range(10_000):
        items = []
        for n in range(dice.randint(1, 6)):
            data = dice.randbytes(dice.choice((10, 200_000, 6_000_000)))
            items.append((f"demo/{sys.argv[2]}.{batch % 5}/{n % 3}/{hashlib.sha256(data).hexdigest()}", data))
        await store.put_many(items)
        print(*(key for key, _ in items), flush=True)

asyncio.run(main())
"""


async def test_a_writer_killed_at_any_moment_leaves_every_acknowledged_object_whole_and_nothing_half(tmp_path: Path) -> None:
    root = tmp_path / "store"
    dice = random.Random(20)
    acknowledged: set[str] = set()
    for run in range(20):
        acknowledged |= _killed_writer(root, run, dice.uniform(0.0, 0.12))
    assert len(acknowledged) > 100
    store = LocalStore(root, 1)
    assert _temporaries(root) == []
    found = {key async for key, _ in store.walk()}
    assert acknowledged <= found
    for key in found:
        assert hashlib.sha256(await store.read(key)).hexdigest() == key.rpartition("/")[2]
    await store.close()


def _killed_writer(root: Path, run: int, seconds: float) -> set[str]:
    """Keys that one writer acknowledged before it was killed, `seconds` after its first batch."""
    command = [sys.executable, "-c", WRITER, str(root), str(run)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as writer:
        assert writer.stdout is not None
        first = writer.stdout.readline()
        try:
            writer.wait(seconds)
        except subprocess.TimeoutExpired:
            writer.send_signal(signal.SIGKILL)
        lines = (first + writer.stdout.read()).decode().splitlines(keepends=True)
    return {key for line in lines if line.endswith("\n") for key in line.split()}


async def test_opening_sweeps_what_the_dead_left_and_spares_what_the_living_write(tmp_path: Path) -> None:
    root = tmp_path / "store"
    living = LocalStore(root, 1)
    half = living._incoming.new()
    half.write_bytes(b"being written")
    (root / FOLDER / "dead").mkdir()
    (root / FOLDER / "dead" / "0.tmp").write_bytes(b"left behind")
    second = LocalStore(root, 1)
    assert _temporaries(root) == [half]
    await second.close()
    await living.close()
    assert _temporaries(root) == []
