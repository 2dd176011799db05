"""Tickets of web-views on both databases: one page gets the session, and loses it with the one that asked."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from core.errors import Forbidden, NotFound, Unauthenticated
from core.grants import Grant, Role
from core.uids import uuid7
from identity.models import Person, Session, SignIn, WebTicket
from identity.sessions import Sessions, issue, revoke
from identity.signins import PAGE_LIFE, SignIns
from identity.webtickets import LIFE, Entered, enter, new_ticket
from infra.epoch import Epoch
from infra.settings import Settings
from tests.identity.conftest import NOON

SECOND = timedelta(seconds=1)
AT_ONCE = 50


@pytest.fixture
def known(database: Settings, epoch: Epoch) -> Sessions:
    return Sessions(database.keys, epoch, timedelta(minutes=5))


async def phone(settings: Settings, known: Sessions, epoch: Epoch) -> Grant:
    """The grant of somebody who has just logged in."""
    person = await Person.create(id=uuid7(), created_at=NOON)
    tokens = await SignIns(settings.keys, epoch).begin(person.id, "sms", NOON)
    return await known.grant(tokens.access, NOON)


async def test_a_ticket_gives_one_page_the_session_of_the_same_person(
    database: Settings, known: Sessions, epoch: Epoch
) -> None:
    grant = await phone(database, known, epoch)
    entered = await enter(database.keys, await new_ticket(grant, NOON), NOON + LIFE - SECOND)
    page = await known.grant(entered.token, NOON + LIFE)
    assert (page.subject, page.role, page.session != grant.session) == (grant.subject, Role.PATIENT, True)
    assert page.until == NOON + LIFE - SECOND + PAGE_LIFE
    with pytest.raises(Forbidden):
        await new_ticket(page, NOON + LIFE)


async def test_of_fifty_pages_with_one_ticket_one_gets_in(database: Settings, known: Sessions, epoch: Epoch) -> None:
    grant = await phone(database, known, epoch)
    ticket = await new_ticket(grant, NOON)
    tries = [enter(database.keys, ticket, NOON) for _ in range(AT_ONCE)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(each, Entered) for each in answers) == 1
    assert sum(isinstance(each, NotFound) for each in answers) == AT_ONCE - 1
    assert await Session.filter(parent=grant.session).count() == 1


async def test_a_late_and_an_invented_ticket_open_nothing(database: Settings, known: Sessions, epoch: Epoch) -> None:
    grant = await phone(database, known, epoch)
    late = await new_ticket(grant, NOON)
    for ticket in (late, "", "x" * 10_000, "\ud800"):
        with pytest.raises(NotFound):
            await enter(database.keys, ticket, NOON + LIFE)
    await new_ticket(grant, NOON + LIFE)
    assert await WebTicket.all().count() == 1  # the late one is gone


async def test_logging_out_ends_the_page_and_the_ticket_that_is_still_unused(
    database: Settings, known: Sessions, epoch: Epoch
) -> None:
    grant = await phone(database, known, epoch)
    unused = await new_ticket(grant, NOON)
    page = await enter(database.keys, await new_ticket(grant, NOON), NOON)
    await SignIns(database.keys, epoch).end(grant.session, NOON + SECOND)
    with pytest.raises(Unauthenticated):
        await known.grant(page.token, NOON + SECOND)
    with pytest.raises(NotFound):
        await enter(database.keys, unused, NOON + SECOND)


async def test_a_page_lives_no_longer_than_a_session_without_login_that_asked(
    database: Settings, known: Sessions, epoch: Epoch
) -> None:
    life = timedelta(minutes=10)
    token = await issue(database.keys, role=Role.PATIENT, hospital=None, subject="p", life=life, now=NOON)
    grant = await known.grant(token, NOON)
    page = await enter(database.keys, await new_ticket(grant, NOON), NOON + SECOND)
    assert page.life == life - SECOND
    await revoke(grant.session, epoch, NOON + 2 * SECOND)
    with pytest.raises(Unauthenticated):
        await known.grant(page.token, NOON + 2 * SECOND)
    assert await SignIn.all().count() == 0
