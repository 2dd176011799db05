"""Reading ahead: in order, within bounds, and nothing goes on once nobody listens."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from wado import inorder
from wado.inorder import AHEAD, in_order


class Shelf:
    """Counts who reads."""

    def __init__(self) -> None:
        self.under_way = 0
        self.most = 0
        self.begun: list[int] = []

    async def read(self, item: int) -> bytes:
        self.begun.append(item)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.sleep(0.001 * (1 + item % 5))  # some are quicker than the one before
        finally:
            self.under_way -= 1
        return b"%d" % item


async def test_everything_comes_in_order_and_a_few_are_read_ahead() -> None:
    shelf = Shelf()
    found = [value async for value in in_order(range(20), shelf.read, lambda _: 10)]
    assert found == [b"%d" % number for number in range(20)]
    assert 1 < shelf.most <= AHEAD + 1


async def test_large_things_are_read_one_by_one() -> None:
    shelf = Shelf()
    found = [value async for value in in_order(range(5), shelf.read, lambda _: inorder.AHEAD_MAX_BYTES + 1)]
    assert (len(found), shelf.most) == (5, 1)


async def test_many_answers_at_once_share_the_room() -> None:
    shelf = Shelf()
    half = inorder.AHEAD_MAX_BYTES // 2

    async def pull() -> int:
        return len([value async for value in in_order(range(6), shelf.read, lambda _: half)])

    assert await asyncio.gather(*(pull() for _ in range(10))) == [6] * 10
    assert shelf.most <= 10 + 2


async def test_whoever_stops_early_stops_the_reading() -> None:
    shelf = Shelf()
    async with aclosing(in_order(range(100), shelf.read, lambda _: 10)) as contents:
        assert await anext(contents) == b"0"
    begun = len(shelf.begun)
    await asyncio.sleep(0.02)
    assert (shelf.under_way, len(shelf.begun)) == (0, begun)
    assert begun <= 1 + AHEAD


async def test_room_comes_back_however_it_ends() -> None:
    free = inorder._room.free

    async def fails(item: int) -> bytes:
        if item == 2:
            raise OSError("a store that is away")
        return b""

    with pytest.raises(OSError, match="away"):
        async for _ in in_order(range(9), fails, lambda _: 1000):
            pass
    shelf = Shelf()
    pulling = asyncio.ensure_future(anext(in_order(range(9), shelf.read, lambda _: 1000)))
    await asyncio.sleep(0)
    pulling.cancel()
    await asyncio.gather(pulling, return_exceptions=True)
    assert inorder._room.free == free
    assert shelf.under_way == 0
