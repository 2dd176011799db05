"""Pick-up codes: good once, for ten minutes, with five tries a browser."""

from __future__ import annotations

import asyncio

import pytest

from core.errors import NotFound, TooManyRequests
from infra.sealing import Sealer
from share.models import SharePickup
from share.pickup import LIFE, Pickup, forget_codes
from tests.share.conftest import NOON, World

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def pickup(world: World) -> Pickup:
    return Pickup(Sealer(world.settings.keys), world.links)


def other(digits: str) -> str:
    return f"{(int(digits) + 1) % 100_000_000:08}"


async def test_a_code_is_good_once_and_is_kept_as_a_hash(world: World, pickup: Pickup) -> None:
    made = await world.made("CT")
    code = await pickup.show(made.kept.share, NOON)
    assert len(code.digits) == 8 and code.digits.isdigit() and code.expires_at == NOON + LIFE
    assert code.digits not in str(await SharePickup.all().values())
    spaced = f"{code.digits[:4]} {code.digits[4:]}"
    found = await asyncio.gather(*(pickup.redeem(spaced, str(n), "a", NOON) for n in range(4)), return_exceptions=True)
    assert [type(each) for each in found if not isinstance(each, str)] == [NotFound] * 3
    assert made.token in found


async def test_a_code_ends_after_ten_minutes_and_with_the_one_that_takes_its_place(world: World, pickup: Pickup) -> None:
    made = await world.made("CT")
    first = await pickup.show(made.kept.share, NOON)
    with pytest.raises(NotFound):
        await pickup.redeem(first.digits, "b", "a", NOON + LIFE)
    second = await pickup.show(made.kept.share, NOON)
    with pytest.raises(NotFound):
        await pickup.redeem(first.digits, "b", "a", NOON)
    assert await pickup.redeem(second.digits, "b", "a", NOON) == made.token


async def test_a_code_of_a_stopped_share_leads_nowhere(world: World, pickup: Pickup) -> None:
    made = await world.made("CT")
    code = await pickup.show(made.kept.share, NOON)
    await world.shares.revoke(world.person, made.kept.share.id, NOON)
    with pytest.raises(NotFound):
        await pickup.redeem(code.digits, "b", "a", NOON)


async def test_after_five_wrong_codes_a_browser_waits_and_right_ones_cost_nothing(world: World, pickup: Pickup) -> None:
    made = await world.made("CT")
    for _ in range(7):
        code = await pickup.show(made.kept.share, NOON)
        assert await pickup.redeem(code.digits, "good", "a", NOON) == made.token
    code = await pickup.show(made.kept.share, NOON)
    for _ in range(5):
        with pytest.raises(NotFound):
            await pickup.redeem(other(code.digits), "bad", "a", NOON)
    with pytest.raises(TooManyRequests):
        await pickup.redeem(code.digits, "bad", "a", NOON)
    assert await pickup.redeem(code.digits, "another", "a", NOON) == made.token


async def test_codes_that_are_over_are_forgotten(world: World, pickup: Pickup) -> None:
    await pickup.show((await world.made("CT")).kept.share, NOON)
    await forget_codes(NOON + LIFE / 2)
    assert await SharePickup.all().count() == 1
    await forget_codes(NOON + LIFE)
    assert not await SharePickup.all()
