"""At the hospital: a card that a kiosk read, or papers that the desk saw, and a code that names the account."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date

import pytest

from core.errors import BindingRefused, InvalidField, NotFound
from core.grants import Role
from identity import papers
from identity.bindings import PATIENT_ID, Bindings, Claim
from identity.mine import records_of
from identity.models import Binding, PersonPhone
from identity.onsite import AccountCode, Onsite, Post
from identity.pairing import LIFE, Pairing
from identity.papers import Paper
from identity.persons import Persons
from identity.sms_codes import Caps, SmsCodes
from infra.database import transaction
from infra.epoch import Epoch
from infra.sealing import Sealer
from infra.settings import Settings
from records import patients
from records.models import Hospital
from records.patients import Patient
from tests.identity.conftest import NOON

PHONE = "+8613800138001"  # not one that the hospital has
BORN = date(1980, 5, 6)
PATIENT = Patient("张三", phones=("13800138009",), identifiers=(("visit_card", "0012"),), birth_date=BORN)
CARD = Claim("demo", "visit_card", "0012", "张三", BORN)
KIOSK, GUIDE = Post(Role.KIOSK, "demo", "kiosk-1", "s1"), Post(Role.GUIDE, "demo", "guide-7", "s2")


@pytest.fixture
def pairing(sealer: Sealer) -> Pairing:
    return Pairing(sealer)


@pytest.fixture
def bindings(sealer: Sealer, epoch: Epoch) -> Bindings:
    return Bindings(sealer, epoch)


@pytest.fixture
def onsite(hospital: Hospital, settings: Settings, sealer: Sealer, bindings: Bindings, pairing: Pairing) -> Onsite:
    return Onsite(sealer, bindings, Persons(sealer), SmsCodes(settings.keys, sealer, Caps(100, 100)), pairing)


@pytest.fixture
async def record(hospital: Hospital, sealer: Sealer) -> str:
    return (await patients.put(sealer, "demo", "P1", PATIENT)).id


@pytest.fixture
async def person(hospital: Hospital, sealer: Sealer) -> str:
    return await Persons(sealer).of_phone(PHONE, NOON)


async def bind(onsite: Onsite, post: Post, claim: Claim, account: AccountCode) -> Binding:
    proof = await onsite.prove(post, claim, account, NOON)
    async with transaction():
        return await onsite.bind(proof, claim, account, NOON)


async def test_the_card_at_a_kiosk_and_the_code_on_the_phone_bind(
    onsite: Onsite, pairing: Pairing, record: str, person: str
) -> None:
    bound = await bind(onsite, KIOSK, CARD, AccountCode(await pairing.show(person, NOON)))
    assert (bound.person_id, bound.record_id) == (person, record)
    assert bound.factors == ["birth_date", "identifier", "kiosk_card", "name"]
    assert await records_of(person, NOON) == {record}


async def test_a_phone_without_our_app_gets_its_code_by_sms(onsite: Onsite, record: str, sealer: Sealer) -> None:
    sent = await onsite.send_code(KIOSK, PHONE, NOON)
    bound = await bind(onsite, KIOSK, CARD, AccountCode(sent.code, sent.challenge))
    assert (await PersonPhone.get(index=sealer.index("phone", PHONE))).person_id == bound.person_id
    with pytest.raises(BindingRefused):
        await bind(onsite, KIOSK, CARD, AccountCode(sent.code, sent.challenge))


async def test_whatever_is_wrong_at_a_kiosk_is_refused_alike_and_the_code_stays_good(
    onsite: Onsite, pairing: Pairing, record: str, person: str
) -> None:
    code = AccountCode(await pairing.show(person, NOON))
    for claim in (
        replace(CARD, value="0013"),
        replace(CARD, name="李四"),
        replace(CARD, birth_date=None),  # a card that was found in the street tells no birthday
        replace(CARD, hospital="demo2"),
        replace(CARD, kind="insurance"),
    ):
        with pytest.raises(BindingRefused):
            await bind(onsite, KIOSK, claim, code)
    assert not await Binding.exists()
    assert await bind(onsite, KIOSK, CARD, code)


async def test_a_code_is_good_once_for_five_minutes_and_only_the_newest(
    onsite: Onsite, pairing: Pairing, record: str, person: str
) -> None:
    old, new = await pairing.show(person, NOON), await pairing.show(person, NOON)
    for code, at in ((old, NOON), (new, NOON + LIFE), ("12345678", NOON)):
        with pytest.raises(BindingRefused):
            await onsite.prove(KIOSK, CARD, AccountCode(code), at)
    assert await bind(onsite, KIOSK, CARD, AccountCode(new))
    with pytest.raises(BindingRefused):
        await bind(onsite, KIOSK, CARD, AccountCode(new))


async def test_one_code_at_two_kiosks_at_once_binds_once(onsite: Onsite, pairing: Pairing, record: str, person: str) -> None:
    code = AccountCode(await pairing.show(person, NOON))
    tries = (bind(onsite, replace(KIOSK, session=f"k{number}"), CARD, code) for number in range(6))
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(each).__name__ for each in answers) == ["Binding", *["BindingRefused"] * 5]
    assert await Binding.all().count() == 1


async def test_a_hospital_sets_what_its_kiosk_asks_for_but_never_less_than_the_card(
    onsite: Onsite, pairing: Pairing, record: str, person: str
) -> None:
    await Hospital.filter(code="demo").update(policies={"kiosk_factors": {"visit_card": ["name"]}})
    bound = await bind(onsite, KIOSK, replace(CARD, birth_date=None), AccountCode(await pairing.show(person, NOON)))
    assert bound.factors == ["identifier", "kiosk_card", "name"]
    await Hospital.filter(code="demo").update(policies={"kiosk_factors": {"visit_card": ["name", "hospital_phone"]}})
    with pytest.raises(BindingRefused):
        await bind(onsite, KIOSK, CARD, AccountCode(await pairing.show(person, NOON)))


async def test_a_kiosk_that_tries_too_often_is_refused_and_another_is_not(
    onsite: Onsite, pairing: Pairing, record: str, person: str
) -> None:
    code = AccountCode(await pairing.show(person, NOON))
    for number in range(90):
        with pytest.raises(BindingRefused):
            await onsite.prove(KIOSK, replace(CARD, value=f"9{number:03}"), AccountCode("x"), NOON)
    with pytest.raises(BindingRefused):
        await onsite.prove(KIOSK, CARD, code, NOON)
    assert await onsite.prove(replace(KIOSK, session="another"), CARD, code, NOON)


async def test_the_desk_binds_a_patient_without_any_card_by_the_hospitals_number(
    onsite: Onsite, pairing: Pairing, person: str, hospital: Hospital, sealer: Sealer
) -> None:
    record = (await patients.put(sealer, "demo", "Z-1", Patient("Иван"))).id
    claim = Claim("demo", PATIENT_ID, "Z-1", "Иван")
    with pytest.raises(BindingRefused):
        await bind(onsite, KIOSK, claim, AccountCode(await pairing.show(person, NOON)))
    bound = await bind(onsite, GUIDE, claim, AccountCode(await pairing.show(person, NOON)))
    assert (bound.record_id, bound.masked_value) == (record, "*1")


async def test_the_desk_takes_back_what_is_its_hospitals(
    onsite: Onsite, pairing: Pairing, bindings: Bindings, record: str, person: str
) -> None:
    bound = await bind(onsite, GUIDE, CARD, AccountCode(await pairing.show(person, NOON)))
    with pytest.raises(NotFound):
        await bindings.take_back("demo2", bound.id, NOON)
    await bindings.take_back("demo", bound.id, NOON)
    assert await records_of(person, NOON) == frozenset()
    with pytest.raises(NotFound):
        await bindings.take_back("demo", bound.id, NOON)


async def test_the_card_and_the_phone_of_who_died_bind_nobody(
    onsite: Onsite, pairing: Pairing, bindings: Bindings, record: str, person: str, sealer: Sealer
) -> None:
    await patients.put(sealer, "demo", "P1", replace(PATIENT, phones=(PHONE,), deceased_on=date(2026, 11, 1)))
    with pytest.raises(BindingRefused):
        await bindings.bind(person, CARD, "192.0.2.1", NOON)
    for post in (KIOSK, GUIDE):
        with pytest.raises(BindingRefused):
            await bind(onsite, post, CARD, AccountCode(await pairing.show(person, NOON)))


@pytest.mark.parametrize(
    ("what", "seen", "enough"),
    [
        ("self", ["visit_card"], True),
        ("spouse", ["id_card"], False),
        ("spouse", ["id_card", "marriage_certificate"], True),
        ("guardian", ["birth_certificate"], False),
        ("guardian", ["passport", "birth_certificate"], True),
        ("next_of_kin", ["id_card", "household_register"], False),
        ("next_of_kin", ["id_card", "household_register", "death_certificate"], True),
        ("other", ["id_card", "kinship_proof"], False),
        ("newborn", ["id_card", "delivery_record"], True),
    ],
)
def test_which_papers_prove_what(what: str, seen: list[str], enough: bool) -> None:
    shown = [Paper(kind) for kind in seen]
    if enough:
        papers.require(what, shown)
        return
    with pytest.raises(InvalidField):
        papers.require(what, shown)


def test_of_a_papers_number_only_a_keyed_hash_is_kept(sealer: Sealer) -> None:
    kept = papers.kept(
        [Paper("id_card", "11010519491231002X"), Paper("id_card", "1101 0519 4912 31002x"), Paper("other")], sealer
    )
    assert kept[0] == kept[1]
    assert "11010519491231002X" not in str(kept)
    assert kept[2] == {"kind": "other"}
