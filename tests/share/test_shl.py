"""A health link finds its share by a secret that is kept nowhere, and hands out files for minutes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.errors import NotFound
from core.grants import Role
from identity import tokens
from identity.sessions import issue
from share.models import HealthLink, Share
from share.shl import TICKET_LIFE, HealthLinks
from share.shl_link import SECRET_CHARACTERS
from tests.share.conftest import HOUR, NOON, World

ONE_IS_ENOUGH = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

BASE = "https://film.example.org"
SECOND = timedelta(seconds=1)


@pytest.fixture
def health_links(world: World) -> HealthLinks:
    return HealthLinks(world.settings.keys, world.links, BASE)


async def share_of(world: World) -> Share:
    return (await world.made("CT")).kept.share


async def secret_of(health_links: HealthLinks, share: Share) -> str:
    link = await health_links.make(share, NOON)
    return link.url.rpartition("/")[2]


async def test_only_a_keyed_hash_of_the_secret_is_kept(world: World, health_links: HealthLinks) -> None:
    made = await world.made("CT")
    link = await health_links.make(made.kept.share, NOON)
    secret = link.url.removeprefix(f"{BASE}/api/v1/shl/")
    assert len(secret) == SECRET_CHARACTERS
    kept = str(await HealthLink.all().values())
    assert secret not in kept and link.key.hex() not in kept
    found = await health_links.find(secret)
    assert (found.share.id, found.token) == (made.kept.share.id, made.token)


@ONE_IS_ENOUGH
@pytest.mark.parametrize("secret", ["", "x", "x" * SECRET_CHARACTERS, "汉" * SECRET_CHARACTERS, "x" * 5000])
async def test_what_is_no_secret_of_ours_finds_nothing(world: World, health_links: HealthLinks, secret: str) -> None:
    await secret_of(health_links, await share_of(world))
    with pytest.raises(NotFound):
        await health_links.find(secret)


@ONE_IS_ENOUGH
async def test_a_ticket_is_for_one_file_of_one_link_and_for_minutes(world: World, health_links: HealthLinks) -> None:
    share = await share_of(world)
    secret, other = await secret_of(health_links, share), await secret_of(health_links, await share_of(world))
    keys = world.settings.keys
    access = await issue(keys, role=Role.LINK, hospital=None, subject="link", life=HOUR, now=NOON)
    session = tokens.read(access, keys.tokens, NOON).session
    ticket = health_links.location(secret, "bundle", session, NOON).rpartition("/")[2]
    again = await health_links.token_of(secret, "bundle", ticket, NOON + TICKET_LIFE - SECOND)
    assert tokens.read(again, keys.tokens, NOON) == tokens.read(access, keys.tokens, NOON), "the same session"
    for asked in (
        (secret, "bundle", ticket, NOON + TICKET_LIFE),
        (secret, "access", ticket, NOON),
        (other, "bundle", ticket, NOON),
        (secret, "bundle", ticket.replace(session, "0" * 36), NOON),
        (secret, "bundle", "99" + ticket, NOON),
        (secret, "bundle", "", NOON),
        (secret, "bundle", "1..", NOON),
        (secret, "bundle", "x" * 5000, NOON),
    ):
        with pytest.raises(NotFound):
            await health_links.token_of(*asked)


@ONE_IS_ENOUGH
async def test_a_session_that_is_no_recipients_gets_no_file(world: World, health_links: HealthLinks) -> None:
    secret, keys = await secret_of(health_links, await share_of(world)), world.settings.keys
    access = await issue(keys, role=Role.PATIENT, hospital=None, subject=world.person, life=HOUR, now=NOON)
    session = tokens.read(access, keys.tokens, NOON).session
    ticket = health_links.location(secret, "bundle", session, NOON).rpartition("/")[2]
    with pytest.raises(NotFound):
        await health_links.token_of(secret, "bundle", ticket, NOON)
