"""Our own store: what it acknowledges is whole and durable, and it never leaves its folder."""

from __future__ import annotations

import asyncio
import random
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from infra.stores import Missing
from infra.stores.incoming import FOLDER
from infra.stores.local import LocalStore

KEY = "demo/1.2.3/1.2.3.4/1.2.3.4.5.v1.dcm"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[LocalStore]:
    opened = LocalStore(tmp_path / "store", 1)
    yield opened
    await opened.close()


def _temporaries(root: Path) -> list[Path]:
    return list((root / FOLDER).rglob("*.tmp"))


async def _walked(store: LocalStore, prefix: str = "") -> dict[str, int]:
    return {key: size async for key, size in store.walk(prefix)}


async def test_what_is_put_from_bytes_or_from_a_file_is_read_back_whole_and_in_ranges(
    store: LocalStore, tmp_path: Path
) -> None:
    data = random.Random(1).randbytes(300_000)
    spool = tmp_path / "spool"
    spool.write_bytes(data)
    await store.put_many([(KEY, spool), ("demo/other", data), ("demo/empty", b"")])
    for key in (KEY, "demo/other"):
        assert await store.read(key) == data
        assert await store.read(key, 1000, 500) == data[1000:1500]
        assert await store.read(key, 299_990) == data[299_990:]
        assert await store.size(key) == len(data)
    assert await store.read("demo/empty") == b""
    assert _temporaries(tmp_path / "store") == []


async def test_a_range_past_the_end_gives_what_there_is(store: LocalStore) -> None:
    await store.put(KEY, b"0123456789")
    assert await store.read(KEY, 8, 100) == b"89"
    assert await store.read(KEY, 50, 10) == b""
    assert await store.read(KEY, 50) == b""


async def test_what_is_not_there_is_missing(store: LocalStore) -> None:
    await store.put(KEY, b"x")
    for absent in ("demo/none", "demo/1.2.3", f"{KEY}/below"):
        with pytest.raises(Missing):
            await store.read(absent)
        with pytest.raises(Missing):
            await store.size(absent)
        await store.delete(absent)
    assert await store.read(KEY) == b"x"


async def test_deleted_is_gone_and_put_again_replaces(store: LocalStore) -> None:
    await store.put(KEY, b"first")
    await store.put(KEY, b"second")
    assert await store.read(KEY) == b"second"
    await store.delete(KEY)
    with pytest.raises(Missing):
        await store.read(KEY)


async def test_the_stored_file_is_independent_of_its_source_and_of_the_other_copies(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.write_bytes(b"x" * 100_000)
    stores = [LocalStore(tmp_path / str(n), n) for n in (1, 2)]
    for store in stores:
        await store.put(KEY, spool)
    files = [spool, *(tmp_path / str(n) / KEY for n in (1, 2))]
    assert len({file.stat().st_ino for file in files}) == 3
    assert all(file.stat().st_nlink == 1 for file in files)
    spool.write_bytes(b"y")
    (tmp_path / "1" / KEY).write_bytes(b"z")
    assert await stores[1].read(KEY) == b"x" * 100_000
    for store in stores:
        await store.close()


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/etc/passwd",
        "../x",
        "a/../b",
        "a/..",
        "./a",
        "a//b",
        "a/",
        ".incoming/x",
        "a/.hidden",
        "a\\b",
        "a\0b",
        "a\n",
        "ä",
        "x" * 600,
    ],
)
async def test_a_key_that_could_leave_the_store_is_our_own_mistake(store: LocalStore, key: str) -> None:
    with pytest.raises(ValueError, match="not a store key"):
        await store.put(key, b"x")
    with pytest.raises(ValueError, match="not a store key"):
        await store.read(key)
    with pytest.raises(ValueError, match="not a store key"):
        await store.delete(key)


async def test_walk_names_every_object_below_a_prefix_and_nothing_else(store: LocalStore, tmp_path: Path) -> None:
    keys = {f"demo/{study}/{series}/{n}.v1.dcm": n for study in range(3) for series in range(3) for n in range(5)}
    await store.put_many([(key, b"x" * n) for key, n in keys.items()])
    (tmp_path / "store" / FOLDER / "half.tmp").write_bytes(b"half")
    assert await _walked(store) == keys
    assert await _walked(store, "demo/1/") == {key: n for key, n in keys.items() if key.startswith("demo/1/")}
    assert await _walked(store, "nobody/") == {}
    with pytest.raises(ValueError, match="not a store prefix"):
        await _walked(store, "../")


async def test_a_folder_removed_behind_our_back_is_made_again(store: LocalStore, tmp_path: Path) -> None:
    await store.put(KEY, b"first")
    subprocess.run(["rm", "-rf", tmp_path / "store" / "demo"], check=True)
    await store.put(KEY, b"second")
    assert await store.read(KEY) == b"second"


async def test_two_hundred_puts_and_reads_at_once_all_come_out_right(store: LocalStore) -> None:
    data = {f"demo/s{n % 7}/{n}": random.Random(n).randbytes(20_000) for n in range(200)}
    await asyncio.gather(*(store.put(key, value) for key, value in data.items()))
    found = await asyncio.gather(*(store.read(key) for key in data))
    assert dict(zip(data, found, strict=True)) == data
