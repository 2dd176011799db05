"""A group of hospitals takes one proof for all, after a consent that lists them and for as long as it stands."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.errors import Conflict, NotFound
from identity.bindings import Bindings, Claim
from identity.consents import Consents
from identity.mine import records_of
from identity.persons import Persons
from infra.epoch import Epoch
from infra.sealing import Sealer
from records import patients
from records.models import Hospital, HospitalGroup
from records.patients import Patient
from tests.identity.conftest import NOON

PHONE, ID_CARD = "+8613800138001", "11010519491231002X"
CARD = (("id_card", ID_CARD),)


@pytest.fixture
async def records(hospital: Hospital, sealer: Sealer) -> dict[str, str]:
    """The same patient in three hospitals of a group and in one outside it."""
    await HospitalGroup.create(code="city", name="市医联体")
    await Hospital.filter(code="demo").update(group_id="city")
    for code, group in (("second", "city"), ("third", "city"), ("outside", None)):
        await Hospital.create(code=code, name=f"{code}医院", group_id=group)
    await patients.put(sealer, "demo", "P", Patient("张三", phones=(PHONE,), identifiers=CARD))
    await patients.put(sealer, "third", "P", Patient("张叁", identifiers=CARD))
    found = {}
    for code in ("second", "outside"):
        found[code] = (await patients.put(sealer, code, "P", Patient("张三", identifiers=CARD))).id
    return found | {"demo": (await patients.put(sealer, "demo", "P", Patient("张三"))).id}


@pytest.fixture
async def person(records: dict[str, str], sealer: Sealer, epoch: Epoch) -> str:
    """Bound at the first hospital."""
    person = await Persons(sealer).of_phone(PHONE, NOON)
    await Bindings(sealer, epoch).bind(person, Claim("demo", "id_card", ID_CARD, "张三"), "192.0.2.1", NOON)
    return person


@pytest.fixture
def consents(sealer: Sealer, epoch: Epoch) -> Consents:
    return Consents(sealer, epoch)


async def test_one_proof_opens_the_group_after_the_consent_and_no_further(
    consents: Consents, records: dict[str, str], person: str
) -> None:
    assert await records_of(person, NOON) == {records["demo"]}
    (terms,) = await consents.offered(person)
    assert "second医院" in terms.text
    assert "outside" not in terms.text
    await consents.give(person, terms.kind, terms.version, NOON)
    assert await records_of(person, NOON) == {records["demo"], records["second"]}, "another name is another patient"


async def test_what_the_consent_opened_closes_with_it(consents: Consents, records: dict[str, str], person: str) -> None:
    (terms,) = await consents.offered(person)
    await consents.give(person, terms.kind, terms.version, NOON)
    await consents.withdraw(person, terms.kind, NOON)
    assert await records_of(person, NOON) == {records["demo"]}
    with pytest.raises(NotFound):
        await consents.withdraw(person, terms.kind, NOON)


async def test_another_hospital_in_the_group_asks_anew(consents: Consents, records: dict[str, str], person: str) -> None:
    (terms,) = await consents.offered(person)
    await Hospital.filter(code="outside").update(group_id="city")
    with pytest.raises(Conflict):
        await consents.give(person, terms.kind, terms.version, NOON)
    (new,) = await consents.offered(person)
    await consents.give(person, new.kind, new.version, NOON)
    await consents.give(person, new.kind, new.version, NOON + timedelta(days=1))
    assert len(await consents.given(person)) == 1
    assert await records_of(person, NOON) == {records["demo"], records["second"], records["outside"]}


async def test_who_proved_nothing_in_a_group_is_offered_nothing(
    consents: Consents, records: dict[str, str], sealer: Sealer
) -> None:
    stranger = await Persons(sealer).of_phone("+8613800138002", NOON)
    assert await consents.offered(stranger) == []
    with pytest.raises(NotFound):
        await consents.give(stranger, "group:city", "x", NOON)
