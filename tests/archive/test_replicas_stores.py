"""Stores that are out of reach, take nothing new, hang or lie: what is acknowledged is safe, and the rest follows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from archive.inspection import ObjectRef
from archive.replicas import Replicas
from core.errors import Unavailable
from infra.models import Outbox, OutboxState
from infra.settings import Settings
from infra.stores import Item, Store
from records.models import Hospital
from tests.archive import stored
from tests.archive.stored import ALL_GOOD, file_of, keep_promises, picture, put, states


def _out_of_reach(settings: Settings, store: int) -> Callable[[], None]:
    """The store's directory becomes a loop that the kernel refuses to follow; gives what brings it back."""
    root = settings.home / "stores" / str(store)
    aside = root.with_name(f"{store}-aside")
    root.rename(aside)
    root.symlink_to(root.name)

    def back() -> None:
        root.unlink()
        aside.rename(root)

    return back


def _read_only(settings: Settings, store: int) -> Callable[[], None]:
    """Nothing new can be written: the folder for half-written files is gone."""
    incoming = settings.home / "stores" / str(store) / ".incoming"
    aside = incoming.with_name(".aside")
    incoming.rename(aside)
    incoming.touch()

    def back() -> None:
        incoming.unlink()
        aside.rename(incoming)

    return back


@pytest.mark.parametrize("fault", [_out_of_reach, _read_only])
@pytest.mark.parametrize("store", [1, 2])
async def test_writing_goes_on_with_one_store_out_and_the_rest_follows(
    database: Settings,
    replicas: Replicas,
    hospital: Hospital,
    tmp_path: Path,
    store: int,
    fault: Callable[[Settings, int], Callable[[], None]],
) -> None:
    back = fault(database, store)
    (ref,) = await put(replicas, tmp_path / "in", picture(1))
    assert await states(ref) == {**ALL_GOOD, store: "pending"}
    assert len(await replicas.read(ref)) == ref.size
    assert await keep_promises(replicas) == 1
    assert (await Outbox.get(topic="copy")).state == OutboxState.WAITING
    back()
    assert await keep_promises(replicas, stored.LATER + timedelta(hours=2)) == 1
    assert len(set(stored.all_files(database, ref))) == 1
    assert await states(ref) == ALL_GOOD


async def test_with_two_stores_out_nothing_is_acknowledged(database: Settings, replicas: Replicas, tmp_path: Path) -> None:
    backs = [_out_of_reach(database, 1), _read_only(database, 3)]
    source = tmp_path / "source"
    source.write_bytes(b"x")
    with pytest.raises(Unavailable, match="1 of 3 stores"):
        await replicas.write([("demo/1.2/3/4.dcm", source)])
    for back in backs:
        back()


async def test_a_store_out_of_reach_spoils_no_read_and_condemns_no_copy(
    database: Settings, replicas: Replicas, objects: list[ObjectRef]
) -> None:
    back = _out_of_reach(database, 1)
    right = file_of(database, 2, objects[0]).read_bytes()
    assert await replicas.read(objects[0]) == right
    assert replicas.is_away(replicas.stores[0])
    await replicas.close()
    assert await states(objects[0]) == ALL_GOOD
    back()
    assert await replicas.read(objects[0]) == right


class Waiting:
    """A real store that writes only once something has happened."""

    def __init__(self, store: Store, until: Callable[[], Awaitable[object]]) -> None:
        self._store = store
        self._until = until
        self.position = store.position
        self.place = store.place

    async def put_many(self, items: Sequence[Item]) -> None:
        await self._until()
        await self._store.put_many(items)


async def test_two_stores_are_written_at_once_and_not_one_after_the_other(replicas: Replicas, tmp_path: Path) -> None:
    both_began = asyncio.Barrier(2)
    waiting = Replicas(tuple(Waiting(store, both_began.wait) for store in replicas.stores))  # type: ignore[arg-type]
    source = tmp_path / "source"
    source.write_bytes(b"x")
    async with asyncio.timeout(60):
        assert await waiting.write([("demo/1.2/3/4.dcm", source)]) == {"demo/1.2/3/4.dcm": frozenset({1, 2})}


async def test_a_store_that_hangs_is_replaced_by_the_third(
    replicas: Replicas, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archive.replicas.IMPATIENT_SECONDS", 0.05)
    one, two, three = replicas.stores
    awake = asyncio.Event()
    hanging = Replicas((Waiting(one, awake.wait), two, three))  # type: ignore[arg-type]
    source = tmp_path / "source"
    source.write_bytes(b"x")
    assert await hanging.write([("demo/1.2/3/4.dcm", source)]) == {"demo/1.2/3/4.dcm": frozenset({2, 3})}
    awake.set()
    await hanging.close()


class Lying:
    """A real disk that says it wrote, and wrote something else."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.position = store.position
        self.place, self.read, self.size = store.place, store.read, store.size

    async def put(self, key: str, source: Path | bytes) -> None:
        await self._store.put(key, b"something else")


async def test_a_copy_written_anew_counts_only_once_it_was_read_back(
    database: Settings, replicas: Replicas, objects: list[ObjectRef]
) -> None:
    file_of(database, 3, objects[0]).unlink()
    one, two, three = replicas.stores
    with_liar = Replicas((one, two, Lying(three)))  # type: ignore[arg-type]
    await with_liar.heal(objects[0].id)
    assert await states(objects[0]) == {**ALL_GOOD, 3: "bad"}
    assert await keep_promises(replicas) == 1
    assert await states(objects[0]) == ALL_GOOD
