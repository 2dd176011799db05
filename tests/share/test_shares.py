"""Shares of their owner: the token again, the list, another end, and stopping."""

from __future__ import annotations

import pytest

from core.errors import Conflict, InvalidField, NotFound
from core.uids import uuid7
from identity.events import PERSON_JOINED
from identity.links import LinkEnded
from identity.models import Person
from identity.persons import Account, Persons
from infra import outbox
from infra.sealing import Sealer
from share.shares import follow_joined, state_of
from share.viewing import view_of_share
from tests.share.conftest import DAY, HOUR, NOON, World

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # what differs is in test_opening.py


async def test_the_owner_gets_the_same_token_again_until_the_share_is_over(world: World) -> None:
    made = await world.made("CT")
    assert await world.shares.token(made.kept.share, NOON) == made.token
    with pytest.raises(NotFound):
        await world.shares.token(made.kept.share, NOON + 7 * DAY)
    await world.shares.revoke(world.person, made.kept.share.id, NOON)
    with pytest.raises(NotFound):
        await world.shares.token(made.kept.share, NOON)


async def test_its_end_may_be_moved_while_it_is_good(world: World) -> None:
    made = await world.made("CT")
    share = made.kept.share.id
    later = await world.shares.extend(world.person, share, 20 * DAY, NOON + 6 * DAY)
    assert later.share.expires_at == NOON + 26 * DAY
    assert (await world.links.find(made.token, NOON + 25 * DAY)).subject == share, "by the same QR"
    sooner = await world.shares.extend(world.person, share, HOUR, NOON + 6 * DAY)
    assert sooner.share.expires_at == NOON + 6 * DAY + HOUR
    with pytest.raises(LinkEnded):
        await world.links.find(made.token, NOON + 7 * DAY)
    with pytest.raises(Conflict):
        await world.shares.extend(world.person, share, DAY, NOON + 7 * DAY)


async def test_the_end_of_a_share_for_a_doctor_is_a_week_away_at_most_and_a_stopped_one_stays_over(world: World) -> None:
    made = await world.made("CT", mask=False)
    with pytest.raises(InvalidField):
        await world.shares.extend(world.person, made.kept.share.id, 8 * DAY, NOON)
    stranger = (await Person.create(id=uuid7(), created_at=NOON)).id
    with pytest.raises(NotFound):
        await world.shares.extend(stranger, made.kept.share.id, DAY, NOON)
    await world.shares.revoke(world.person, made.kept.share.id, NOON)
    with pytest.raises(Conflict):
        await world.shares.extend(world.person, made.kept.share.id, DAY, NOON)
    face_to_face = await world.made("CT", has_passcode=False)
    with pytest.raises(Conflict):
        await world.shares.extend(world.person, face_to_face.kept.share.id, DAY, NOON)


async def test_shares_are_listed_page_by_page_newest_first_and_only_to_their_owner(world: World) -> None:
    made = [(await world.made("CT")).kept.share.id for _ in range(3)]
    first, cursor = await world.shares.page(world.person, cursor="", limit=2)
    rest, end = await world.shares.page(world.person, cursor=cursor or "", limit=2)
    assert [each.share.id for each in (*first, *rest)] == made[::-1] and end is None
    stranger = (await Person.create(id=uuid7(), created_at=NOON)).id
    assert await world.shares.page(stranger, cursor="", limit=2) == ([], None)
    for act in (world.shares.get(stranger, made[0]), world.shares.revoke(stranger, made[0], NOON)):
        with pytest.raises(NotFound):
            await act


async def test_a_stopped_share_is_over_and_stopping_it_again_changes_nothing(world: World) -> None:
    made = await world.made("CT")
    stopped = await world.shares.revoke(world.person, made.kept.share.id, NOON + HOUR)
    again = await world.shares.revoke(world.person, made.kept.share.id, NOON + 2 * HOUR)
    assert stopped.share.revoked_at == again.share.revoked_at == NOON + HOUR
    assert state_of(again.share, NOON + HOUR) == "revoked"
    with pytest.raises(LinkEnded, match="revoked"):
        await world.links.find(made.token, NOON + HOUR)


async def test_all_shares_of_a_person_end_together(world: World) -> None:
    made = [await world.made("CT"), await world.made("MR")]
    assert await world.shares.revoke_all(world.person, NOON) == 2
    for each in made:
        with pytest.raises(LinkEnded):
            await world.links.find(each.token, NOON)


async def test_the_shares_of_an_account_that_joins_another_come_along(world: World) -> None:
    made = await world.made("CT")
    persons = Persons(Sealer(world.settings.keys))
    await persons.add_phone(world.person, "+8613800138001", NOON)
    by_wechat = await persons.of_accounts([Account("wechat", "wx1", "openid", "o1")], NOON)
    await persons.add_phone(by_wechat, "+8613800138001", NOON)

    async def follow(job: outbox.Job) -> None:
        await follow_joined(job.payload["other"], job.payload["person"])

    assert await outbox.work({PERSON_JOINED: follow}) == 1
    page, _ = await world.shares.page(by_wechat, cursor="", limit=5)
    assert [each.share.id for each in page] == [made.kept.share.id]
    assert (await view_of_share(page[0].share, NOON)).exams == {world.exams["CT"]}
