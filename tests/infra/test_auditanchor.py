"""Heads noted in the stores show what the table alone cannot: a cut-off tail with a rolled-back head, a rewritten chain."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from archive.replicas import Replicas
from core.errors import Unavailable
from infra.audit import Entry, Trail
from infra.auditanchor import FOLDER, Anchor, found, newest, note, read, signer, written
from infra.auditcheck import verify
from infra.ed25519 import Signer
from infra.models import AuditEntry, AuditHead
from infra.settings import Settings
from infra.stores.remote import RemoteStore

AT = datetime(2026, 11, 20, 8, 30, 15, 123456, tzinfo=UTC)


@pytest.fixture
def trail(database: Settings) -> Trail:
    return Trail(database.keys)


@pytest.fixture
def signing(database: Settings) -> Signer:
    return signer(database.keys)


def entry(chain: str = "demo", **more: Any) -> Entry:
    return Entry(chain=chain, at=AT, action="read", **more)


async def cut_off(chain: str, last: int) -> None:
    """As somebody who can write the database: remove the newest entries, and set the head back."""
    await AuditEntry.filter(chain=chain, number__gt=last).delete()
    row = await AuditEntry.get(chain=chain, number=last)
    await AuditHead.filter(chain=chain).update(number=last, hash=row.hash)


async def append(trail: Trail, times: int, chain: str = "demo") -> None:
    for number in range(times):
        await trail.record(entry(chain, session=f"s{number}"))


async def test_a_cut_off_tail_with_a_rolled_back_head_shows_against_the_stores(
    trail: Trail, signing: Signer, replicas: Replicas
) -> None:
    await append(trail, 5)
    await note(signing, replicas.stores, AT, None)
    await cut_off("demo", 3)
    assert await verify(trail) == (3, None), "the table alone does not know"
    anchors = await found(signing, replicas.stores)
    _, broken = await verify(trail, anchors.noted)
    assert broken is not None
    assert (broken.number, "up to 5" in broken.reason) == (4, True)


async def test_other_entries_in_place_of_those_cut_off_show_too(trail: Trail, signing: Signer, replicas: Replicas) -> None:
    await append(trail, 5)
    first = await note(signing, replicas.stores, AT, None)
    await cut_off("demo", 3)
    await append(trail, 4)
    await note(signing, replicas.stores, AT + timedelta(hours=1), first)  # a later anchor does not hide the earlier one
    _, broken = await verify(trail, (await found(signing, replicas.stores)).noted)
    assert broken is not None
    assert (broken.number, broken.reason) == (5, "it is not the entry that was noted outside the table")


async def test_a_chain_that_vanished_shows(trail: Trail, signing: Signer, replicas: Replicas) -> None:
    await append(trail, 2)
    await append(trail, 1, "other")
    await note(signing, replicas.stores, AT, None)
    await AuditEntry.filter(chain="other").delete()
    await AuditHead.filter(chain="other").delete()
    _, broken = await verify(trail, (await found(signing, replicas.stores)).noted)
    assert broken is not None
    assert (broken.chain, broken.number) == ("other", 1)


async def test_one_store_is_enough_and_what_we_did_not_sign_counts_for_nothing(
    trail: Trail, signing: Signer, replicas: Replicas, database: Settings
) -> None:
    await append(trail, 3)
    await note(signing, replicas.stores, AT, None)
    one, two, three = replicas.stores
    (key,) = [key async for key, _ in one.walk(FOLDER)]
    forged = signer(dataclasses.replace(database.keys, fields="f" * 40))
    await one.put(key, written(forged, Anchor(AT, {"demo": (1, "0" * 64)})))
    await two.delete(key)
    anchors = await found(signing, replicas.stores)
    assert (anchors.reach["demo"], anchors.not_ours) == ((3, AT), [])
    await three.delete(key)
    anchors = await found(signing, replicas.stores)
    assert (anchors.reach, anchors.not_ours) == ({}, [key])


async def test_nothing_new_is_noted_twice_and_the_newest_is_found_again(
    trail: Trail, signing: Signer, replicas: Replicas
) -> None:
    assert await newest(signing, replicas.stores) is None
    await append(trail, 1)
    first = await note(signing, replicas.stores, AT, None)
    assert await note(signing, replicas.stores, AT + timedelta(hours=1), first) is first
    await append(trail, 1)
    second = await note(signing, replicas.stores, AT + timedelta(hours=2), first)
    assert await newest(signing, replicas.stores) == second
    assert len([key async for key, _ in replicas.stores[2].walk(FOLDER)]) == 2


async def test_a_store_that_is_away_delays_nothing_and_all_away_is_said(
    trail: Trail, signing: Signer, replicas: Replicas
) -> None:
    await append(trail, 1)
    one, two, _ = replicas.stores
    away = RemoteStore(
        "s3", "nowhere", "", 2, {"endpoint": "http://127.0.0.1:9", "access_key_id": "a", "secret_access_key": "b"}
    )
    await note(signing, (one, away, two), AT, None)
    anchors = await found(signing, (one, away))
    assert (anchors.stores, anchors.reach["demo"][0]) == ({one.position}, 1)
    for asking in (note(signing, (away,), AT, None), found(signing, (away,))):
        with pytest.raises(Unavailable):
            await asking


@pytest.mark.parametrize("content", [b"", b"{}", b"{}\n{}", b'{"at":1}\n{"signature":"00"}\n', b"\xff\n\xff\n", b"[]\n[]\n"])
def test_rubbish_is_no_anchor(content: bytes, settings: Settings) -> None:
    assert read(signer(settings.keys), content) is None
