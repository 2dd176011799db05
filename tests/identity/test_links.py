"""Links: only hashes are kept, and paper can be printed again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import NotFound
from identity.links import LinkEnded, LinkKind, Links, good_link, url
from identity.models import IssuedLink
from infra.database import transaction
from infra.epoch import Epoch
from infra.settings import Settings
from records.models import Hospital
from tests.identity.conftest import NOON

EXAM = "0191a000-0000-7000-8000-000000000001"
DAY = timedelta(days=1)


@pytest.fixture
def links(hospital: Hospital, settings: Settings, epoch: Epoch) -> Iterator[Links]:
    yield Links(settings.keys, epoch)


async def why(links: Links, token: str) -> str:
    with pytest.raises(LinkEnded) as ended:
        await links.find(token, NOON)
    return ended.value.why


async def test_a_token_finds_its_link_and_is_not_stored(links: Links) -> None:
    token = await links.issue(LinkKind.NOTICE, "demo", EXAM, now=NOON, person_id="p")
    found = await links.find(token, NOON)
    assert (found.kind, found.hospital, found.subject, found.person_id) == (LinkKind.NOTICE, "demo", EXAM, "p")
    assert token not in repr(await IssuedLink.filter(id=found.id).values())
    assert url("https://film.example.org/", token) == f"https://film.example.org/s/{token}"


async def test_an_unknown_token_is_not_there(links: Links) -> None:
    for token in ("", "x", "0" * 39, "9" * 5000, "\ud800", "é\0"):
        with pytest.raises(NotFound):
            await links.find(token, NOON)


async def test_paper_can_be_printed_again_and_a_new_one_ends_the_old(links: Links) -> None:
    first = await links.token_of(LinkKind.EXAM, "demo", EXAM, NOON)
    assert await links.token_of(LinkKind.EXAM, "demo", EXAM, NOON + DAY) == first
    second = await links.issue(LinkKind.EXAM, "demo", EXAM, now=NOON)
    assert second != first
    assert await why(links, first) == "revoked"
    assert (await links.find(second, NOON)).generation == 2
    assert await links.token_of(LinkKind.EXAM, "demo", EXAM, NOON) == second


async def test_paper_that_was_revoked_or_is_over_is_printed_as_the_next(links: Links) -> None:
    first = await links.issue(LinkKind.CHECK, "demo", "r", now=NOON, expires_at=NOON + DAY)
    assert await links.token_of(LinkKind.CHECK, "demo", "r", NOON) == first
    second = await links.token_of(LinkKind.CHECK, "demo", "r", NOON + DAY)
    assert await links.revoke(LinkKind.CHECK, "demo", "r", NOON) == 1
    third = await links.token_of(LinkKind.CHECK, "demo", "r", NOON)
    assert len({first, second, third}) == 3
    assert (await links.find(third, NOON)).generation == 3


async def test_tokens_of_two_hospitals_kinds_and_deployments_differ(links: Links, epoch: Epoch, settings: Settings) -> None:
    await Hospital.create(code="demo2", name="二")
    tokens = {await links.token_of(kind, code, EXAM, NOON) for kind in ("exam", "check") for code in ("demo", "demo2")}  # type: ignore[arg-type]
    assert len(tokens) == 4
    assert all(len(token) == 39 and token.isdigit() for token in tokens)


async def test_after_a_change_of_the_secret_paper_is_printed_anew(links: Links, epoch: Epoch, settings: Settings) -> None:
    first = await links.token_of(LinkKind.EXAM, "demo", EXAM, NOON)
    changed = Links(replace(settings.keys, qr_key="another secret of this deployment"), epoch)
    second = await changed.token_of(LinkKind.EXAM, "demo", EXAM, NOON)
    assert (await changed.find(second, NOON)).generation == 2
    with pytest.raises(NotFound):
        await changed.find(first, NOON)


async def test_an_expired_link_is_over_at_its_instant(links: Links) -> None:
    token = await links.issue(LinkKind.SHARE, "demo", "s", now=NOON, expires_at=NOON + DAY)
    await links.find(token, NOON + DAY - timedelta(microseconds=1))
    with pytest.raises(LinkEnded) as ended:
        await links.find(token, NOON + DAY)
    assert (ended.value.why, ended.value.link.kind, ended.value.link.hospital) == ("expired", "share", "demo")


async def test_many_at_once_print_one_paper(links: Links) -> None:
    tokens = await asyncio.gather(*(links.token_of(LinkKind.EXAM, "demo", EXAM, NOON) for _ in range(20)))
    assert len(set(tokens)) == 1
    assert await IssuedLink.filter(subject=EXAM).count() == 1


async def test_many_re_issues_at_once_leave_one_that_is_good(links: Links) -> None:
    async def reissue() -> str:
        async with transaction():
            return await links.issue(LinkKind.EXAM, "demo", EXAM, now=NOON)

    tokens = await asyncio.gather(*(reissue() for _ in range(8)))
    assert len(set(tokens)) == 8
    assert await IssuedLink.filter(subject=EXAM, revoked_at=None).count() == 1
    assert await links.token_of(LinkKind.EXAM, "demo", EXAM, NOON) in tokens


async def test_what_a_transaction_did_not_commit_was_never_issued(links: Links) -> None:
    first = await links.token_of(LinkKind.EXAM, "demo", EXAM, NOON)
    with pytest.raises(ZeroDivisionError):
        async with transaction():
            second = await links.issue(LinkKind.EXAM, "demo", EXAM, now=NOON)
            raise ZeroDivisionError
    await links.find(first, NOON)
    with pytest.raises(NotFound):
        await links.find(second, NOON)


async def test_a_revocation_is_told_to_every_process(links: Links, epoch: Epoch) -> None:
    link = await links.find(await links.issue(LinkKind.NOTICE, "demo", EXAM, now=NOON), NOON)
    before = epoch.value
    assert await links.revoke_one(link.id, NOON)
    assert not await links.revoke_one(link.id, NOON)
    assert epoch.value > before
    with pytest.raises(LinkEnded):
        await good_link(link.id, NOON)
