"""The access token of an app: one renewer at a time, the others wait or use the old one; a refused token is renewed once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from core.clock import now
from core.errors import Unavailable
from infra.access_tokens import EARLY, LEASE, AccessTokens
from infra.models import AccessToken
from infra.sealing import Sealer
from infra.settings import Settings

APP = "wechat:wx-1"
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # where nothing happens at once


class Issuer:
    """Gives token-1, token-2, …; `fails` = so many times it does not."""

    def __init__(self) -> None:
        self.given = 0
        self.fails = 0
        self.seconds = 7200

    async def fetch(self) -> tuple[str, int]:
        await asyncio.sleep(0)
        if self.fails:
            self.fails -= 1
            raise Unavailable("not now")
        self.given += 1
        return f"token-{self.given}", self.seconds


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


def process(issuer: Issuer, settings: Settings) -> AccessTokens:
    """As another process of the deployment has it."""
    return AccessTokens(APP, Sealer(settings.keys), issuer.fetch)


async def test_many_who_ask_at_once_share_one(issuer: Issuer, database: Settings) -> None:
    tokens = await asyncio.gather(*(process(issuer, database).get() for _ in range(10)))
    assert set(tokens) == {"token-1"}
    assert issuer.given == 1


@on_sqlite
async def test_a_token_lies_encrypted(issuer: Issuer, database: Settings) -> None:
    await process(issuer, database).get()
    row = await AccessToken.get(app=APP)
    assert b"token-1" not in (row.sealed or b"")


@on_sqlite
async def test_a_token_is_renewed_before_its_end(issuer: Issuer, database: Settings) -> None:
    await process(issuer, database).get()
    await AccessToken.filter(app=APP).update(expires_at=now() + EARLY - timedelta(seconds=1))
    assert await process(issuer, database).get() == "token-2"


@on_sqlite
async def test_while_one_renews_the_others_use_the_old_one(issuer: Issuer, database: Settings) -> None:
    await process(issuer, database).get()
    nearly = {"expires_at": now() + EARLY - timedelta(seconds=1), "leased_until": now() + LEASE}
    await AccessToken.filter(app=APP).update(**nearly)
    assert await process(issuer, database).get() == "token-1"


@on_sqlite
async def test_a_renewer_that_was_killed_holds_nobody_up_for_long(issuer: Issuer, database: Settings) -> None:
    await AccessToken.create(app=APP, leased_until=now() + timedelta(seconds=1))
    assert await process(issuer, database).get() == "token-1"


@on_sqlite
async def test_a_renewal_that_fails_lets_the_next_one_try_at_once(issuer: Issuer, database: Settings) -> None:
    issuer.fails = 1
    with pytest.raises(Unavailable):
        await process(issuer, database).get()
    assert await process(issuer, database).get() == "token-1"


async def test_a_refused_token_gives_way_to_anothers_newer_one(issuer: Issuer, database: Settings) -> None:
    one, other = process(issuer, database), process(issuer, database)
    old = await one.get()
    assert await other.instead_of(old) == "token-2"
    assert await one.instead_of(old) == "token-2"
    assert issuer.given == 2
