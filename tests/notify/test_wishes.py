"""What patients turned off does not come; warnings do. And who shared something hears what became of it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from core.uids import row_id, uuid7
from identity.models import Binding, Login, Person, PersonPhone
from notify import deciding, wishes
from notify.channels import WECHAT
from notify.kinds import Kind
from notify.models import Notice
from notify.wishes import ANY
from records import merging
from records.models import PatientRecord
from tests.notify.conftest import World
from tests.notify.postbox import Postbox
from tests.records.saying import SEALER, say_report

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
OWN_PHONE, OPEN_ID = "+8613900139001", "open-id"


async def account(world: World, patient_id: str) -> str:
    """Somebody who proved that this patient's record is theirs, with a phone of their own and WeChat."""
    record = await PatientRecord.get(patient_id=patient_id)
    person = await Person.create(id=uuid7(), created_at=world.now)
    index, sealed = SEALER.index("phone", OWN_PHONE), SEALER.seal(OWN_PHONE)
    await PersonPhone.create(index=index, person_id=person.id, sealed=sealed, proved_at=world.now)
    bound: dict[str, Any] = {
        "hospital_id": "demo",
        "record_id": record.id,
        "kind": "outpatient",
        "masked_value": "*",
        "factors": [],
    }
    await Binding.create(id=uuid7(), person_id=person.id, proved_at=world.now, **bound)
    login: dict[str, Any] = {
        "provider": WECHAT,
        "app_id": "wx",
        "kind": "openid",
        "subject_index": "x",
        "sealed": SEALER.seal(OPEN_ID),
    }
    await Login.create(id=row_id(), person_id=person.id, created_at=world.now, **login)
    return person.id


def by_wechat(world: World) -> Postbox:
    """A channel to open ids, after the one to phones."""
    box = Postbox("sandbox", address=WECHAT)
    world.office = dataclasses.replace(world.office, channels={**world.office.channels, box.name: box})
    return box


async def turn_off(world: World, *off: tuple[str, str], nothing: bool = False, patient_id: str = "P1") -> None:
    record = await PatientRecord.get(patient_id=patient_id)
    await wishes.put("demo", [record.id], off, nothing=nothing, now=world.now)


@pytest.mark.parametrize("nothing", [True, False])
async def test_a_kind_that_was_turned_off_does_not_come_and_a_warning_does(world: World, nothing: bool) -> None:
    record = await PatientRecord.get(patient_id="P1")
    await turn_off(world, *(() if nothing else ((Kind.REPORT_READY, ANY),)), nothing=nothing)
    await world.say("A1")
    await deciding.account_changed(Kind.ACCOUNT_BOUND, "demo", record.id, "account-bound:1", world.now)
    await world.say("B1")
    await world.work()
    assert await world.states() == ["suppressed opted-out", "sent", "sent"]
    await turn_off(world)
    await world.say("A1", findings="a correction", status="corrected")
    assert [each.kind for each in world.box.ledger] == ["account-bound", "report-ready", "report-corrected"]


async def test_what_is_turned_off_while_it_waits_does_not_leave(world: World) -> None:
    await say_report("A1", verified_at=world.now)
    await world.decide()
    await turn_off(world, (Kind.REPORT_READY, ANY))
    await world.work()
    assert (world.box.ledger, await world.states()) == ([], ["suppressed opted-out"])


async def test_one_way_that_is_turned_off_leaves_the_others(world: World) -> None:
    weixin = by_wechat(world)
    await account(world, "P1")
    await turn_off(world, (Kind.REPORT_READY, "sms"))
    await world.say("A1")
    assert (world.box.ledger, [each.to for each in weixin.ledger]) == ([], [OPEN_ID])
    await turn_off(world, (Kind.REPORT_READY, "sms"), (Kind.REPORT_READY, "wechat"))
    await world.pass_by(minutes=30)
    await world.say("A2")
    assert len(weixin.ledger) == 1
    assert (await world.states())[-1] == "suppressed opted-out"


async def test_a_wish_outlives_the_merge_of_its_number(world: World) -> None:
    await turn_off(world, (Kind.REPORT_READY, ANY))
    await merging.merge("demo", "P1", "P2", subject="test", now=world.now)
    await world.say("B1")
    assert (world.box.ledger, await world.states()) == ([], ["suppressed opted-out"])


async def test_the_owner_of_a_share_is_told_once_on_the_accounts_own_phone(world: World) -> None:
    owner = await account(world, "P1")
    for _ in range(2):
        await deciding.share_changed(Kind.SHARE_OPENED, "demo", owner, "share-opened:1", world.now)
    await world.work(2)
    assert [(each.to, each.kind, each.url) for each in world.box.ledger] == [(OWN_PHONE, "share-opened", None)]
    await turn_off(world, (Kind.SHARE_OPENED, ANY))
    for kind in (Kind.SHARE_OPENED, Kind.SHARE_LOCKED):
        await deciding.share_changed(kind, "demo", owner, f"{kind}:2", world.now)
        await world.work()
    assert [each.kind for each in world.box.ledger] == ["share-opened", "share-locked"]
    assert await world.states() == ["sent", "suppressed opted-out", "sent"]


async def test_an_owner_whose_account_is_gone_is_not_told(world: World) -> None:
    await deciding.share_changed(Kind.SHARE_OPENED, "demo", uuid7(), "share-opened:1", world.now)
    await world.work()
    assert await world.states() == ["suppressed no-channel"]
    assert (await Notice.get()).attempts == 0
