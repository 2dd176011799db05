"""Consents: a group of hospitals takes one proof for all, and other texts are answered, asked anew and taken back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import Conflict, NotFound
from identity.bindings import Bindings, Claim
from identity.consents import RESEARCH, Consents, Terms, agreed_to, for_everybody
from identity.mine import records_of
from identity.models import Consent
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


async def of_group(consents: Consents, person: str) -> Terms:
    (terms,) = [each for each in await consents.offered(person) if each.kind == "group:city"]
    return terms


async def test_one_proof_opens_the_group_after_the_consent_and_no_further(
    consents: Consents, records: dict[str, str], person: str
) -> None:
    assert await records_of(person, NOON) == {records["demo"]}
    terms = await of_group(consents, person)
    assert "second医院" in terms.text
    assert "outside" not in terms.text
    await consents.give(person, terms.kind, terms.version, NOON)
    assert await records_of(person, NOON) == {records["demo"], records["second"]}, "another name is another patient"


async def test_what_the_consent_opened_closes_with_it(consents: Consents, records: dict[str, str], person: str) -> None:
    terms = await of_group(consents, person)
    await consents.give(person, terms.kind, terms.version, NOON)
    await consents.withdraw(person, terms.kind, NOON)
    assert await records_of(person, NOON) == {records["demo"]}
    with pytest.raises(NotFound):
        await consents.withdraw(person, terms.kind, NOON)


async def test_another_hospital_in_the_group_asks_anew(consents: Consents, records: dict[str, str], person: str) -> None:
    terms = await of_group(consents, person)
    await Hospital.filter(code="outside").update(group_id="city")
    with pytest.raises(Conflict):
        await consents.give(person, terms.kind, terms.version, NOON)
    new = await of_group(consents, person)
    await consents.give(person, new.kind, new.version, NOON)
    await consents.give(person, new.kind, new.version, NOON + timedelta(days=1))
    assert len(await consents.given(person)) == 1
    assert await records_of(person, NOON) == {records["demo"], records["second"], records["outside"]}


async def test_who_proved_nothing_in_a_group_is_offered_nothing(
    consents: Consents, records: dict[str, str], sealer: Sealer
) -> None:
    stranger = await Persons(sealer).of_phone("+8613800138002", NOON)
    assert {terms.kind for terms in await consents.offered(stranger)} == {"privacy", "remote-sharing", "research"}
    with pytest.raises(NotFound):
        await consents.give(stranger, "group:city", "x", NOON)


async def test_refusing_closes_what_agreeing_opened(consents: Consents, records: dict[str, str], person: str) -> None:
    terms = await of_group(consents, person)
    await consents.give(person, terms.kind, terms.version, NOON)
    await consents.give(person, terms.kind, terms.version, NOON, agreed=False)
    assert await records_of(person, NOON) == {records["demo"]}
    await consents.follow(person, NOON)
    assert await records_of(person, NOON) == {records["demo"]}


async def test_a_text_is_answered_yes_or_no_expires_and_can_be_taken_back(
    consents: Consents, records: dict[str, str], person: str
) -> None:
    terms = next(each for each in for_everybody() if each.kind == RESEARCH)
    assert terms.good_for is not None
    assert not await agreed_to(person, RESEARCH, NOON), "silence is no consent"
    for answer in (True, False, True):
        row = await consents.give(person, RESEARCH, terms.version, NOON, agreed=answer)
        assert (row.agreed, await agreed_to(person, RESEARCH, NOON)) == (answer, answer)
    assert not await agreed_to(person, RESEARCH, NOON + terms.good_for), "after its time it is asked again"
    assert terms.answer((await consents.given(person))[RESEARCH], NOON + terms.good_for) is None
    await consents.withdraw(person, RESEARCH, NOON)
    assert not await agreed_to(person, RESEARCH, NOON)
    assert await Consent.filter(person_id=person, kind=RESEARCH).count() == 3, "every answer stays on record"


async def test_another_text_is_asked_anew(consents: Consents, records: dict[str, str], person: str) -> None:
    terms = next(each for each in for_everybody() if each.kind == RESEARCH)
    row = await consents.give(person, RESEARCH, terms.version, NOON)
    assert terms.answer(row, NOON) is True
    assert replace(terms, text=terms.text + "。").answer(row, NOON) is None


async def test_the_same_answer_ten_times_at_once_is_one(consents: Consents, records: dict[str, str], person: str) -> None:
    terms = next(each for each in for_everybody() if each.kind == RESEARCH)
    tries = (consents.give(person, RESEARCH, terms.version, NOON) for _ in range(10))
    assert len({row.id for row in await asyncio.gather(*tries)}) == 1


async def test_yes_and_no_at_once_are_each_kept_and_no_more_than_one_of_them_counts(
    consents: Consents, records: dict[str, str], person: str
) -> None:
    terms = next(each for each in for_everybody() if each.kind == RESEARCH)
    answers = [number % 2 == 0 for number in range(10)]
    rows = await asyncio.gather(*(consents.give(person, RESEARCH, terms.version, NOON, agreed=each) for each in answers))
    assert [row.agreed for row in rows] == answers
    assert await Consent.filter(person_id=person, kind=RESEARCH, withdrawn_at=None).count() <= 1
