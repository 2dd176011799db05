"""Critical values reach the staff on duty at once, go up until somebody acknowledges them, and never to the patient by SMS."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from notify import maintenance, reminders, rules
from notify.channels import Throttled
from notify.models import Notice, NoticeState, Reminder
from tests.notify.conftest import World
from tests.records.saying import say_exam, say_report

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
DUTY, CHIEF, SURGERY = "13900139001", "13900139002", "13900139003"


@pytest.fixture
async def staffed(world: World) -> World:
    told = [("值班", "", 1, DUTY), ("主任", "", 2, CHIEF), ("外科值班", "外科", 1, SURGERY)]
    await reminders.set_contacts(world.office, "demo", told, world.now)
    return world


async def test_a_critical_value_is_told_before_it_is_final_and_once(staffed: World) -> None:
    await staffed.say("A1", "preliminary", critical=True, impression="主动脉夹层")
    await staffed.say("A1", "final", critical=True, impression="主动脉夹层")
    to_staff = [each for each in staffed.box.ledger if each.kind == "critical-value"]
    assert [each.to for each in to_staff] == [f"+86{DUTY}"]
    for secret in ("张三", "夹层", "A1", "CT"):
        assert secret not in to_staff[0].text
    reminder = await Reminder.get()
    assert reminder.number in to_staff[0].text
    patient = [each.text for each in staffed.box.ledger if each.kind == "report-ready"]
    assert len(patient) == 1 and "危急" not in patient[0]


async def test_the_department_has_its_own_and_nobody_is_disturbed_twice(staffed: World) -> None:
    await say_exam("B1", "P2", department="外科")
    await staffed.say("B1", critical=True)
    assert [each.to for each in staffed.box.ledger if each.kind == "critical-value"] == [f"+86{SURGERY}"]
    before = await reminders.contacts("demo")
    await reminders.set_contacts(staffed.office, "demo", [("值班", "", 1, DUTY), ("新", "", 2, CHIEF)], staffed.now)
    after = await reminders.contacts("demo")
    assert {row.id for row in before} & {row.id for row in after} == {row.id for row in before if row.label == "值班"}


async def test_without_acknowledgement_the_next_level_is_told_and_with_it_nobody(staffed: World) -> None:
    await staffed.say("A1", critical=True)
    staffed.now = staffed.now.replace(minute=16)
    await asyncio.gather(*(reminders.escalate(staffed.now) for _ in range(3)))
    await staffed.work()
    to_staff = [each.to for each in staffed.box.ledger if each.kind == "critical-value"]
    assert to_staff == [f"+86{DUTY}", f"+86{CHIEF}"]
    row = await Reminder.get()
    assert row.acknowledged_at is None and row.escalates_at is None, "nobody is left: it stays on the list"
    first = await reminders.acknowledge("demo", row.id, "doctor-1", staffed.now)
    second = await reminders.acknowledge("demo", row.id, "doctor-2", staffed.now)
    assert (first.acknowledged_by, second.acknowledged_by) == ("doctor-1", "doctor-1")


async def test_who_acknowledges_before_the_message_leaves_spares_it(staffed: World) -> None:
    await say_report("A1", verified_at=staffed.now, critical=True)
    await staffed.decide()
    await reminders.acknowledge("demo", (await Reminder.get()).id, "doctor", staffed.now)
    await staffed.work()
    assert [each.kind for each in staffed.box.ledger] == ["report-ready"]
    assert await Notice.filter(reason="acknowledged").count() == 1


async def test_a_message_that_no_channel_took_is_not_tried_again_once_somebody_has_acknowledged(staffed: World) -> None:
    await say_report("A1", verified_at=staffed.now, critical=True)
    await staffed.decide()
    on_its_way = Notice.filter(kind="critical-value")
    await on_its_way.update(state=NoticeState.CLAIMED)
    await reminders.acknowledge("demo", (await Reminder.get()).id, "doctor", staffed.now)
    await on_its_way.update(state=NoticeState.WAITING)  # as its worker leaves it that found nobody to take it
    await staffed.work()
    assert [each.kind for each in staffed.box.ledger] == ["report-ready"]
    assert (await on_its_way.get()).reason == "acknowledged"


async def test_quiet_hours_and_bursts_hold_no_critical_value_back(staffed: World) -> None:
    await rules.put("demo", {"quiet_from": "00:00", "quiet_to": "23:59", "most_an_hour": 1})
    for accession in ("A1", "A2", "B1"):
        await staffed.say(accession, critical=True)
    assert await rules.stopped_hospitals() == ["demo"]
    assert {each.kind for each in staffed.box.ledger} == {"critical-value"}
    assert len(staffed.box.ledger) == 3


async def test_what_is_urgent_waits_behind_nothing_else_to_the_same_telephone(staffed: World) -> None:
    staffed.box.errors = [Throttled("too many", retry_after_seconds=300, recipient_only=True) for _ in range(3)]
    at = staffed.now
    await maintenance.plan("demo", at, at + timedelta(hours=1), "升级", emergency=True, now=at)
    await staffed.work()
    assert await staffed.states() == ["waiting"] * 3
    await staffed.say("A1", critical=True)
    assert [each.to for each in staffed.box.ledger if each.kind == "critical-value"] == [f"+86{DUTY}"]


async def test_without_any_contact_it_waits_on_the_list(world: World) -> None:
    await world.say("A1", critical=True)
    (row,) = await reminders.listed("demo", open_only=True, after="", limit=10)
    assert (row.kind, row.told, row.escalates_at) == ("critical-value", 0, None)
