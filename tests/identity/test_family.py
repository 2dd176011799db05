"""Family: a code to the hospital's phone lets somebody in; it ends by itself, and either side can end it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from core.errors import NotFound, Unauthenticated
from identity import account
from identity.bindings import Bindings, Claim
from identity.family import Family, ends_at
from identity.mine import records_of
from identity.models import PersonPhone, Proxy
from identity.persons import Persons
from identity.sms_codes import Caps, Purpose, SmsCodes
from infra.epoch import Epoch
from infra.sealing import Sealer
from infra.settings import Settings
from records import patients
from records.models import Hospital, PatientRecord
from records.patients import Patient
from tests.identity.conftest import NOON

MOTHERS, SONS = "+8613800138001", "+8613800138002"
MOTHER = Patient("王桂兰", phones=(MOTHERS,), identifiers=(("visit_card", "A100"),), birth_date=date(1950, 2, 3))
CLAIM = Claim("demo", "visit_card", "A100", "王桂兰")


@pytest.fixture
def family(hospital: Hospital, settings: Settings, sealer: Sealer, epoch: Epoch) -> Family:
    codes = SmsCodes(settings.keys, sealer, Caps(100, 100))
    return Family(sealer, codes, Bindings(sealer, epoch), epoch)


@pytest.fixture
async def record(hospital: Hospital, sealer: Sealer) -> str:
    return (await patients.put(sealer, "demo", "P1", MOTHER)).id


@pytest.fixture
async def son(hospital: Hospital, sealer: Sealer) -> str:
    return await Persons(sealer).of_phone(SONS, NOON)


async def test_the_code_that_the_patient_says_lets_the_family_in(family: Family, record: str, son: str) -> None:
    asked = await family.ask(son, CLAIM, "parent", "192.0.2.1", NOON)
    assert asked.phone == MOTHERS
    assert await records_of(son, NOON) == frozenset(), "asking alone shows nothing"
    proxy = await family.let_in(son, asked.challenge, asked.code, NOON)
    assert (proxy.relation, proxy.expires_at) == ("parent", NOON + timedelta(days=365))
    assert await records_of(son, NOON) == {record}
    assert await records_of(son, proxy.expires_at) == frozenset()


@pytest.mark.parametrize(
    "claim", [replace(CLAIM, name="王桂花"), replace(CLAIM, value="A101"), replace(CLAIM, hospital="nowhere")]
)
async def test_a_wrong_claim_gets_a_challenge_and_sends_nothing(family: Family, record: str, son: str, claim: Claim) -> None:
    asked = await family.ask(son, claim, "parent", "192.0.2.1", NOON)
    assert len(asked.challenge) == 32
    assert (asked.phone, asked.code) == ("", "")
    with pytest.raises(Unauthenticated):
        await family.let_in(son, asked.challenge, "123456", NOON)


async def test_a_family_code_does_not_sign_in_and_a_login_code_lets_nobody_in(
    family: Family, record: str, son: str, settings: Settings, sealer: Sealer
) -> None:
    codes = SmsCodes(settings.keys, sealer, Caps(100, 100))
    asked = await family.ask(son, CLAIM, "parent", "192.0.2.1", NOON)
    with pytest.raises(Unauthenticated):
        await codes.redeem(asked.challenge, asked.code, Purpose.LOGIN, NOON)
    login = await codes.issue(MOTHERS, Purpose.LOGIN, "192.0.2.1", NOON + timedelta(minutes=1))
    with pytest.raises(Unauthenticated):
        await family.let_in(son, login.challenge, login.code, NOON + timedelta(minutes=1))


async def test_either_side_ends_it_and_nobody_else(family: Family, record: str, son: str, sealer: Sealer, epoch: Epoch) -> None:
    mother = await Persons(sealer).of_phone(MOTHERS, NOON)
    await Bindings(sealer, epoch).bind(mother, CLAIM, "192.0.2.1", NOON)
    asked = await family.ask(son, CLAIM, "parent", "192.0.2.1", NOON)
    proxy = await family.let_in(son, asked.challenge, asked.code, NOON)
    assert [each.id for each in await family.who_sees(mother, NOON)] == [proxy.id]
    stranger = await Persons(sealer).of_phone("+8613800138009", NOON)
    with pytest.raises(NotFound):
        await family.revoke(stranger, proxy.id, NOON)
    await family.revoke(mother, proxy.id, NOON)
    assert await records_of(son, NOON) == frozenset()


async def test_a_new_code_begins_a_new_term_and_leaves_one(family: Family, record: str, son: str) -> None:
    for days in (0, 100):
        at = NOON + timedelta(days=days)
        asked = await family.ask(son, CLAIM, "parent", "192.0.2.1", at)
        await family.let_in(son, asked.challenge, asked.code, at)
    assert await Proxy.filter(revoked_at=None).count() == 1
    assert await records_of(son, NOON + timedelta(days=400)) == {record}


@pytest.mark.parametrize(
    ("born", "end"),
    [
        (date(2020, 5, 1), datetime(2038, 4, 30, 16, tzinfo=UTC)),
        (date(2010, 5, 1), datetime(2028, 4, 30, 16, tzinfo=UTC)),
        (date(2012, 2, 29), datetime(2030, 2, 28, 16, tzinfo=UTC)),
        (date(2000, 5, 1), None),
        (None, None),
    ],
)
def test_a_guardians_term_ends_when_the_child_is_of_age(born: date | None, end: datetime | None) -> None:
    assert ends_at("guardian", born, NOON) == end


async def test_who_gives_up_the_account_leaves_nothing_but_the_records(
    family: Family, record: str, son: str, sealer: Sealer, epoch: Epoch
) -> None:
    asked = await family.ask(son, CLAIM, "parent", "192.0.2.1", NOON)
    await family.let_in(son, asked.challenge, asked.code, NOON)
    copied = await account.export(son, sealer)
    assert [each["number"] for each in copied["phones"]] == [SONS]
    await account.delete(son, epoch, NOON)
    assert await records_of(son, NOON) == frozenset()
    assert not await PersonPhone.filter(person_id=son).exists()
    assert await Persons(sealer).of_phone(SONS, NOON) != son, "the phone begins anew"
    assert await PatientRecord.exists(id=record)
