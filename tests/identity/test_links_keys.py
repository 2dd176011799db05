"""The keys of printed QR codes: one a hospital, sealed, replaced without harm to what is printed."""

from __future__ import annotations

import asyncio

import pytest

from core.errors import Invalid, NotFound
from identity.links_keys import QrKeys, published
from identity.models import QrKey
from infra import qrsignature
from infra.sealing import Sealer
from records.models import Hospital
from tests.identity.conftest import NOON

URL = "https://film.example.org/s/1"


@pytest.fixture
def keys(hospital: Hospital, sealer: Sealer) -> QrKeys:
    return QrKeys(sealer)


async def known() -> dict[str, str]:
    return {key.id: key.public for key in await published()}


async def test_many_first_signatures_at_once_make_one_key(keys: QrKeys) -> None:
    texts = await asyncio.gather(*(keys.signed("demo", URL, NOON) for _ in range(12)))
    assert len(set(texts)) == 1
    assert await QrKey.all().count() == 1


async def test_the_private_key_is_not_stored_in_clear(keys: QrKeys, sealer: Sealer) -> None:
    await keys.signed("demo", URL, NOON)
    row = await QrKey.get(live="demo")
    private = sealer.open_bytes(row.sealed)
    assert qrsignature.public_key(private) == row.public
    assert private not in bytes(row.sealed)


async def test_after_a_rotation_old_and_new_paper_is_genuine(keys: QrKeys) -> None:
    old = await keys.signed("demo", URL, NOON)
    name = await keys.rotate("demo", NOON)
    new = await keys.signed("demo", URL, NOON)
    assert new != old
    assert qrsignature.checked(new, await known()) == name
    assert qrsignature.checked(old, await known()) != name
    assert [bool(key.retired_at) for key in await published()].count(True) == 1


async def test_what_a_withdrawn_key_signed_is_not_believed(keys: QrKeys) -> None:
    old = await keys.signed("demo", URL, NOON)
    with pytest.raises(NotFound):
        await keys.withdraw("demo", "00000000", NOON)
    await keys.withdraw("demo", qrsignature.checked(old, await known()), NOON)
    with pytest.raises(Invalid):
        qrsignature.checked(old, await known())
    qrsignature.checked(await keys.signed("demo", URL, NOON), await known())


async def test_each_hospital_signs_with_its_own(keys: QrKeys) -> None:
    await Hospital.create(code="demo2", name="二")
    assert await keys.signed("demo", URL, NOON) != await keys.signed("demo2", URL, NOON)
    assert {key.hospital for key in await published()} == {"demo", "demo2"}
