"""Tries of a link: one is held while an answer is looked at, counted once it was wrong, and free again once it was right.

A server that dies in between has told nobody anything: what it held is free again after a minute, so that nobody honest loses
a try by it. Whoever settles later than that has lost their hold and looks again, so that never more answers count than tries.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.expressions import F, Q

from core.errors import TooManyRequests
from core.uids import uuid7
from identity.links import Link, LinkEnded
from identity.models import IssuedLink, LinkTry
from infra.database import transaction

HELD = timedelta(minutes=1)  # an answer is looked at in milliseconds
# Right answers that come at once hold tries for as long: one more waits for them.
TURNS, TURN_SECONDS = 60, 0.05
LOOKS = 3  # of one answer, whose hold was lost twice: this machine stood still for minutes


class HoldLost(Exception):
    """The hold was over before its answer was settled; inside a transaction it takes all of it back."""


@dataclass(frozen=True, slots=True)
class Held:
    """A try that nobody else has."""

    id: str
    link_id: str


async def judged(
    link: Link, now: datetime, is_right: Callable[[], Awaitable[bool]], wrong: Callable[[Held], Awaitable[None]]
) -> bool:
    """Whether an answer is right, looked at under one of the link's tries; `wrong` settles by `count_wrong`.

    Raises LinkEnded when no try is left, TooManyRequests while others hold all that are.
    """
    for _ in range(LOOKS):
        held = await _turn(link, now)
        if await is_right():
            if await LinkTry.filter(id=held.id).delete():
                return True
            continue
        try:
            await wrong(held)
        except HoldLost:
            continue
        return False
    raise TooManyRequests("no try could be held", retry_after_seconds=int(HELD.total_seconds()))


async def count_wrong(held: Held) -> int:
    """Inside the caller's transaction: the answer was wrong; how many more the link bears. Raises HoldLost."""
    row = await _locked(held.link_id)
    if row is None or not await LinkTry.filter(id=held.id).delete():
        raise HoldLost("another took the try")
    await IssuedLink.filter(id=row.id).update(tries_left=F("tries_left") - 1)
    return row.tries_left - 1


async def forget_tries(now: datetime) -> None:
    """Remove what a server held that died."""
    await LinkTry.filter(_over(now)).delete()


async def _turn(link: Link, now: datetime) -> Held:
    for _ in range(TURNS):
        held = await _hold(link, now)
        if held is not None:
            return held
        await asyncio.sleep(TURN_SECONDS)
    raise TooManyRequests("others hold all tries", retry_after_seconds=int(HELD.total_seconds()))


async def _hold(link: Link, now: datetime) -> Held | None:
    """None while others hold all that are left."""
    async with transaction():
        row = await _locked(link.id)
        if row is None or row.revoked_at is not None:
            raise LinkEnded("revoked", link)
        if row.tries_left <= 0:
            raise LinkEnded("locked", link)
        await LinkTry.filter(_over(now), link_id=link.id).delete()
        if await LinkTry.filter(link_id=link.id).count() >= row.tries_left:
            return None
        made = await LinkTry.create(id=uuid7(), link_id=link.id, until=now + HELD)
    return Held(made.id, link.id)


async def _locked(link_id: str) -> IssuedLink | None:
    """The link, that nobody else counts at until our transaction is over."""
    return await IssuedLink.filter(id=link_id).select_for_update().first()


def _over(now: datetime) -> Q:
    """Also what a clock held that ran ahead."""
    return Q(until__lte=now) | Q(until__gt=now + HELD)
