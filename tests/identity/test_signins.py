"""Logins: refresh tokens are traded once, one that comes twice ends everything, and an end is seen at once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from core.errors import NotFound, SignedOut, Unauthenticated
from core.grants import Role
from identity.models import RefreshToken
from identity.persons import Persons
from identity.sessions import Sessions
from identity.signins import REFRESH_LIFE, SignIns, Tokens
from infra.epoch import Epoch
from infra.sealing import Sealer
from infra.settings import Settings
from tests.identity.conftest import NOON

PHONE = "+8613800138001"


@pytest.fixture
def sessions(database: Settings, epoch: Epoch) -> Sessions:
    return Sessions(database.keys, epoch, timedelta(minutes=5))


@pytest.fixture
def sign_ins(database: Settings, epoch: Epoch) -> SignIns:
    return SignIns(database.keys, epoch)


@pytest.fixture
async def person(database: Settings, sealer: Sealer) -> str:
    return await Persons(sealer).of_phone(PHONE, NOON)


async def test_a_login_gives_a_patients_session_for_a_quarter_of_an_hour(
    sessions: Sessions, sign_ins: SignIns, person: str
) -> None:
    tokens = await sign_ins.begin(person, "sms", NOON)
    grant = await sessions.grant(tokens.access, NOON)
    assert (grant.role, grant.subject) == (Role.PATIENT, person)
    assert tokens.expires_in_seconds == 900
    with pytest.raises(Unauthenticated):
        await sessions.grant(tokens.access, NOON + timedelta(minutes=15))


async def test_a_refresh_token_is_traded_for_the_next(sessions: Sessions, sign_ins: SignIns, person: str) -> None:
    first = await sign_ins.begin(person, "sms", NOON)
    second = await sign_ins.refresh(first.refresh, NOON + timedelta(days=29))
    third = await sign_ins.refresh(second.refresh, NOON + timedelta(days=58))
    assert (await sessions.grant(third.access, NOON + timedelta(days=58))).subject == person


async def test_a_refresh_token_that_comes_twice_ends_the_whole_login(
    sessions: Sessions, sign_ins: SignIns, person: str
) -> None:
    first = await sign_ins.begin(person, "sms", NOON)
    second = await sign_ins.refresh(first.refresh, NOON)
    assert await sessions.grant(second.access, NOON)
    with pytest.raises(Unauthenticated):
        await sign_ins.refresh(first.refresh, NOON)
    for token in (first.access, second.access):
        with pytest.raises(Unauthenticated):
            await sessions.grant(token, NOON)
    with pytest.raises(Unauthenticated):
        await sign_ins.refresh(second.refresh, NOON)


async def test_of_many_that_trade_the_same_token_at_once_none_keeps_a_login(
    sessions: Sessions, sign_ins: SignIns, person: str
) -> None:
    first = await sign_ins.begin(person, "sms", NOON)
    trades = (sign_ins.refresh(first.refresh, NOON) for _ in range(10))
    answers = await asyncio.gather(*trades, return_exceptions=True)
    won = [answer for answer in answers if isinstance(answer, Tokens)]
    assert len(won) == 1
    with pytest.raises(Unauthenticated):
        await sessions.grant(won[0].access, NOON)
    with pytest.raises(Unauthenticated):
        await sign_ins.refresh(won[0].refresh, NOON)


async def test_reuse_and_trade_at_once_leave_nothing_alive(sessions: Sessions, sign_ins: SignIns, person: str) -> None:
    first = await sign_ins.begin(person, "sms", NOON)
    second = await sign_ins.refresh(first.refresh, NOON)
    answers = await asyncio.gather(
        sign_ins.refresh(first.refresh, NOON), sign_ins.refresh(second.refresh, NOON), return_exceptions=True
    )
    for answer in answers:
        if isinstance(answer, Tokens):
            with pytest.raises(Unauthenticated):
                await sessions.grant(answer.access, NOON)


async def test_a_refresh_token_is_over_after_thirty_days_without_use(sign_ins: SignIns, person: str) -> None:
    tokens = await sign_ins.begin(person, "sms", NOON)
    with pytest.raises(Unauthenticated):
        await sign_ins.refresh(tokens.refresh, NOON + timedelta(days=30))


async def test_logging_out_is_seen_at_the_next_request_and_leaves_other_devices(
    sessions: Sessions, sign_ins: SignIns, person: str
) -> None:
    phone, tablet = await sign_ins.begin(person, "sms", NOON), await sign_ins.begin(person, "sms", NOON)
    await sign_ins.end((await sessions.grant(phone.access, NOON)).session, NOON)
    with pytest.raises(Unauthenticated):
        await sessions.grant(phone.access, NOON)
    with pytest.raises(SignedOut):
        await sign_ins.refresh(phone.refresh, NOON)
    assert await sessions.grant(tablet.access, NOON)


async def test_an_unknown_refresh_token_is_refused(sign_ins: SignIns, person: str) -> None:
    for token in ("", "x", "\ud800", "a" * 5000):
        with pytest.raises(Unauthenticated):
            await sign_ins.refresh(token, NOON)


async def test_only_the_hash_of_a_refresh_token_is_stored(sign_ins: SignIns, person: str) -> None:
    tokens = await sign_ins.begin(person, "sms", NOON)
    assert tokens.refresh not in str(await RefreshToken.all().values())


async def test_other_logins_are_listed_and_ended_from_afar(
    sessions: Sessions, sign_ins: SignIns, person: str, sealer: Sealer
) -> None:
    somebody_else = await Persons(sealer).of_phone("+8613800138002", NOON)
    lost = await sign_ins.begin(person, "wechat", NOON)
    page = await sign_ins.begin_page(person, "sms", NOON + timedelta(seconds=1))
    await sign_ins.begin(somebody_else, "sms", NOON)
    now = NOON + timedelta(minutes=20)
    own = (await sessions.grant(page, now)).session
    live = await sign_ins.live(person, own, now)
    assert [(each.way, each.current) for each in live] == [("sms", True), ("wechat", False)]
    assert live[1].until == NOON + REFRESH_LIFE  # it can be renewed so long
    with pytest.raises(NotFound):
        await sign_ins.end_one(somebody_else, live[1].id, now)
    await sign_ins.end_one(person, live[1].id, now)
    with pytest.raises(Unauthenticated):
        await sign_ins.refresh(lost.refresh, now)
    assert [each.id for each in await sign_ins.live(person, own, now)] == [live[0].id]
    assert await sign_ins.live(person, own, NOON + timedelta(hours=2)) == []
