"""Bindings: an identifier and a name are known, the hospital's phone is held; every refusal is the same."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import BindingRefused
from identity.bindings import Bindings, Claim
from identity.mine import records_of
from identity.models import Binding
from identity.persons import Persons
from infra.epoch import Epoch
from infra.sealing import Sealer
from records import merging, patients
from records.models import Hospital, PatientRecord
from records.patients import Patient
from tests.identity.conftest import NOON

PHONE, OTHER_PHONE = "+8613800138001", "+8613800138002"
ID_CARD = "11010519491231002X"  # the sample of GB 11643
PATIENT = Patient("买买提·艾力", phones=("13800138001",), identifiers=(("id_card", ID_CARD), ("visit_card", "0012")))
CLAIM = Claim("demo", "id_card", ID_CARD, "买买提·艾力")


@pytest.fixture
def bindings(hospital: Hospital, sealer: Sealer, epoch: Epoch) -> Bindings:
    return Bindings(sealer, epoch)


@pytest.fixture
async def record(hospital: Hospital, sealer: Sealer) -> str:
    return (await patients.put(sealer, "demo", "P1", PATIENT)).id


@pytest.fixture
async def person(hospital: Hospital, sealer: Sealer) -> str:
    return await Persons(sealer).of_phone(PHONE, NOON)


async def test_identifier_name_and_the_hospitals_phone_bind(bindings: Bindings, record: str, person: str) -> None:
    bound = await bindings.bind(person, CLAIM, "192.0.2.1", NOON)
    assert (bound.hospital_id, bound.record_id, bound.masked_value) == ("demo", record, "**************002X")
    assert await records_of(person, NOON) == {record}


@pytest.mark.parametrize(
    "claim",
    [
        replace(CLAIM, name="买买提·艾孜"),
        replace(CLAIM, value="110105194912310021"),
        replace(CLAIM, hospital="demo2"),
        replace(CLAIM, hospital="nowhere"),
        replace(CLAIM, kind="passport"),
        replace(CLAIM, value="无"),
    ],
)
async def test_whatever_is_wrong_is_refused_alike(bindings: Bindings, record: str, person: str, claim: Claim) -> None:
    with pytest.raises(BindingRefused):
        await bindings.bind(person, claim, "192.0.2.1", NOON)
    assert not await Binding.exists()


async def test_another_phone_than_the_hospitals_does_not_bind(
    bindings: Bindings, record: str, sealer: Sealer, epoch: Epoch
) -> None:
    stranger = await Persons(sealer).of_phone(OTHER_PHONE, NOON)
    with pytest.raises(BindingRefused):
        await bindings.bind(stranger, CLAIM, "192.0.2.1", NOON)


async def test_a_phone_match_alone_shows_nothing(record: str, person: str) -> None:
    assert await records_of(person, NOON) == frozenset()


async def test_names_compare_without_points_and_blanks(bindings: Bindings, record: str, person: str) -> None:
    assert await bindings.bind(person, replace(CLAIM, name="买买提 • 艾力"), "192.0.2.1", NOON)


async def test_a_bad_identity_number_proves_nothing(bindings: Bindings, sealer: Sealer, person: str) -> None:
    bad = replace(PATIENT, identifiers=(("id_card", "110105194912310021"),))
    await patients.put(sealer, "demo", "P2", bad)
    with pytest.raises(BindingRefused):
        await bindings.bind(person, replace(CLAIM, value="110105194912310021"), "192.0.2.1", NOON)


async def test_two_bindings_at_once_are_one(bindings: Bindings, record: str, person: str) -> None:
    tries = (bindings.bind(person, CLAIM, "192.0.2.1", NOON) for _ in range(8))
    bound = await asyncio.gather(*tries)
    assert len({each.id for each in bound}) == 1
    assert await Binding.all().count() == 1


async def test_after_ten_wrong_tries_even_the_right_one_is_refused_for_an_hour(
    bindings: Bindings, record: str, person: str
) -> None:
    for _ in range(10):
        with pytest.raises(BindingRefused):
            await bindings.bind(person, replace(CLAIM, name="某某"), "192.0.2.1", NOON)
    with pytest.raises(BindingRefused):
        await bindings.bind(person, CLAIM, "192.0.2.1", NOON)
    assert await bindings.bind(person, CLAIM, "192.0.2.1", NOON + timedelta(hours=1))


async def test_a_number_that_is_tried_by_many_is_locked(bindings: Bindings, record: str, person: str, sealer: Sealer) -> None:
    for number in range(20):
        stranger = await Persons(sealer).of_phone(f"+86137001370{number:02}", NOON)
        with pytest.raises(BindingRefused):
            await bindings.bind(stranger, CLAIM, f"192.0.2.{number}", NOON)
    with pytest.raises(BindingRefused):
        await bindings.bind(person, CLAIM, "192.0.2.100", NOON)


async def test_a_hospital_can_ask_for_more_but_never_do_without_possession(
    bindings: Bindings, record: str, person: str, sealer: Sealer, hospital: Hospital
) -> None:
    stranger = await Persons(sealer).of_phone(OTHER_PHONE, NOON)
    await Hospital.filter(code="demo").update(policies={"binding_factors": {"id_card": ["name"]}})
    with pytest.raises(BindingRefused):
        await bindings.bind(stranger, CLAIM, "192.0.2.1", NOON)
    await Hospital.filter(code="demo").update(
        policies={"binding_factors": {"id_card": ["name", "hospital_phone", "birth_date"]}}
    )
    with pytest.raises(BindingRefused):
        await bindings.bind(person, CLAIM, "192.0.2.1", NOON)
    born = (await PatientRecord.get(id=record)).birth_date
    assert await bindings.bind(person, replace(CLAIM, birth_date=born), "192.0.2.1", NOON)


async def test_a_binding_that_was_taken_back_shows_nothing_and_can_be_proved_again(
    bindings: Bindings, record: str, person: str
) -> None:
    bound = await bindings.bind(person, CLAIM, "192.0.2.1", NOON)
    assert await bindings.revoke("somebody else", bound.id, NOON) is None
    assert await bindings.revoke(person, bound.id, NOON)
    assert await records_of(person, NOON) == frozenset()
    assert (await bindings.bind(person, CLAIM, "192.0.2.1", NOON)).id != bound.id


async def test_what_is_proved_anew_while_it_is_taken_back_is_bound_or_taken_back_never_lost_half_way(
    bindings: Bindings, record: str, person: str
) -> None:
    first = await bindings.bind(person, CLAIM, "192.0.2.1", NOON)
    proofs = [bindings.bind(person, CLAIM, "192.0.2.1", NOON) for _ in range(4)]
    ends = [bindings.revoke(person, first.id, NOON) for _ in range(2)]
    bound = await asyncio.gather(*proofs, *ends)
    assert {each.id for each in bound[:4] if each is not None} <= {row.id for row in await Binding.all()}
    live = await bindings.of(person)
    assert len(live) <= 1 and first.id not in {each.id for each in live}


async def test_merge_and_un_merge_take_what_is_mine_along(bindings: Bindings, record: str, person: str, sealer: Sealer) -> None:
    await bindings.bind(person, CLAIM, "192.0.2.1", NOON)
    other = (await patients.put(sealer, "demo", "P9", Patient("买买提·艾力"))).id
    await merging.merge("demo", "P1", "P9", subject="hospital-demo", now=NOON)
    assert await records_of(person, NOON) == {other}
    await merging.unmerge("demo", "P1", subject="hospital-demo", now=NOON)
    assert await records_of(person, NOON) == {record}
