"""Persons: every way of logging in leads to the same one."""

from __future__ import annotations

import asyncio

import pytest

from core.errors import Conflict, NotFound
from identity.models import Person, PersonPhone
from identity.persons import Account, Persons
from infra.sealing import Sealer
from infra.settings import Settings
from tests.identity.conftest import NOON

PHONE = "+8613800138001"
MINI = Account("wechat", "wx-mini", "openid", "o-mini")
OAUTH = Account("wechat", "wx-oauth", "openid", "o-oauth")
UNION = Account("wechat", "", "unionid", "u-1")


@pytest.fixture
def persons(database: Settings, sealer: Sealer) -> Persons:
    return Persons(sealer)


async def test_a_phone_leads_to_the_same_person(persons: Persons) -> None:
    first = await persons.of_phone(PHONE, NOON)
    assert await persons.of_phone(PHONE, NOON) == first
    assert await persons.of_phone("+8613800138002", NOON) != first
    assert await Person.all().count() == 2


async def test_a_new_phone_many_times_at_once_makes_one_person(persons: Persons) -> None:
    found = await asyncio.gather(*(persons.of_phone(PHONE, NOON) for _ in range(8)))
    assert len(set(found)) == 1
    assert await Person.all().count() == 1


async def test_the_union_id_joins_mini_program_and_official_account(persons: Persons) -> None:
    assert await persons.of_accounts([UNION, MINI], NOON) == await persons.of_accounts([UNION, OAUTH], NOON)


async def test_a_union_id_that_comes_later_joins_who_were_two(persons: Persons) -> None:
    two = await persons.of_accounts([MINI], NOON), await persons.of_accounts([OAUTH], NOON)
    assert two[0] != two[1]
    await persons.of_accounts([UNION, MINI], NOON)
    assert await persons.of_accounts([UNION, OAUTH], NOON) == two[0]
    assert await persons.of_accounts([OAUTH], NOON) == two[0]


async def test_without_a_union_id_the_phone_joins_them(persons: Persons) -> None:
    by_phone = await persons.of_phone(PHONE, NOON)
    by_wechat = await persons.of_accounts([MINI], NOON)
    await persons.add_phone(by_wechat, PHONE, NOON)
    assert await persons.of_phone(PHONE, NOON) == by_wechat
    assert (await Person.get(id=by_phone)).deleted_at == NOON


async def test_phones_are_given_back_and_not_readable_in_the_database(persons: Persons) -> None:
    person = await persons.of_phone(PHONE, NOON)
    assert [(each.number, each.proved_at) for each in await persons.phones(person)] == [(PHONE, NOON)]
    assert b"13800138001" not in bytes((await PersonPhone.get(person_id=person)).sealed)


async def test_the_last_way_to_log_in_is_not_given_up(persons: Persons) -> None:
    person = await persons.of_phone(PHONE, NOON)
    await persons.add_phone(person, "+8613800138002", NOON)
    first, second = await persons.phones(person)
    await persons.remove_phone(person, first.id)
    with pytest.raises(Conflict):
        await persons.remove_phone(person, second.id)
    with pytest.raises(NotFound):
        await persons.remove_phone(await persons.of_phone(first.number, NOON), second.id)
