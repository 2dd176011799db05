"""Exactly once: by one worker, asked for after a crash, in the order of each patient, by the next channel when one fails."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import pytest

from api import noticejobs
from core.clock import now
from core.errors import Unavailable
from identity.minors import FAMILY_DUE
from infra.outbox import Job
from notify import deciding, desk, looking, queue, receipts, rules, sending, wording
from notify.channels import ChannelDown, ChannelError, Outcome, Outgoing, Refused, Throttled, Unknown
from notify.kinds import Kind
from notify.models import Notice, NoticeState, NoticeStep
from notify.sending import ASK_AFTER
from notify.settling import Settling
from records.models import PatientPhone, PatientRecord
from tests.notify.conftest import World
from tests.notify.postbox import Postbox
from tests.records.saying import say_exam, say_patient, say_report

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def second_channel(world: World) -> Postbox:
    """One more way to phones, which comes after the first."""
    other = Postbox("sandbox")
    world.office = dataclasses.replace(world.office, channels={**world.office.channels, other.name: other})
    return other


async def waiting(world: World, accession: str = "A1") -> Notice:
    """A notice that is decided on and not sent yet."""
    await say_report(accession, verified_at=world.now, findings=f"x{accession}")
    await world.decide()
    return await Notice.filter(state=NoticeState.WAITING).order_by("-id").first() or Notice()


async def killed_after_taking(world: World) -> None:
    """A worker takes what is due, and dies before or after it has sent it."""
    async with queue.due(world.now, 10) as notices:
        changes = await looking.changes(world.office, notices, world.now)
        taken = await queue.take(changes, lambda: world.now, world.office.lease_seconds, world.office.per_second)
    assert len(taken) == 1


async def test_many_workers_send_each_message_once(world: World) -> None:
    for number in range(12):
        await say_patient(f"N{number}", "某某", phones=(f"138001381{number:02}",))
        await say_exam(f"N{number}", f"N{number}")
        await say_report(f"N{number}", verified_at=world.now)
    await world.decide()
    for _ in range(4):
        await asyncio.gather(*(sending.work(world.office, limit=4, now=lambda: world.now) for _ in range(4)))
    ids = [each.id for each in world.box.ledger]
    assert (len(ids), len(set(ids))) == (12, 12)
    assert set(await world.states()) == {"sent"}


@pytest.mark.parametrize("sent", [True, False])
async def test_after_a_kill_the_provider_is_asked_before_anything_is_sent_again(world: World, sent: bool) -> None:
    await waiting(world)
    await killed_after_taking(world)
    if sent:  # the kill came between sending and settling
        await world.box.send(wording.outgoing(world.office, await Notice.get()))
    await world.work()
    assert world.box.asked == [], "its worker may still be at it"
    await world.pass_by(seconds=61)
    await world.work()
    assert len(world.box.asked) == 1
    assert (len(world.box.ledger), await world.states()) == (1, ["sent"])


@SQLITE
async def test_an_answer_that_is_lost_is_asked_for_and_not_sent_again(world: World) -> None:
    world.box.cut = 1
    await waiting(world)
    await world.work()
    assert await world.states() == ["claimed"]
    await world.pass_by(seconds=60 * ASK_AFTER[0] + 1)
    assert (len(world.box.ledger), await world.states()) == (1, ["sent"])


@SQLITE
async def test_what_nobody_can_say_is_left_to_a_person_and_never_sent_again_by_itself(world: World) -> None:
    world.box.cut, world.box.asking = 1, Outcome.UNKNOWN
    await waiting(world)
    await world.work()
    for _ in range(len(ASK_AFTER) + 2):
        await world.pass_by(hours=1)
    assert (len(world.box.ledger), await world.states()) == (1, ["unknown"])
    row = await Notice.get()
    await desk.decide("demo", row.out_id, sent=False, now=world.now)
    await world.work()
    assert (len(world.box.ledger), await world.states()) == (2, ["sent"])
    assert world.box.ledger[0].id != world.box.ledger[1].id
    steps = [step.state for step in await NoticeStep.all().order_by("id")]
    assert steps[0] == "waiting" and "unknown" in steps and steps[-1] == "sent"


@SQLITE
async def test_the_order_of_one_patient_is_kept_while_others_go_on(world: World) -> None:
    world.box.errors = [Throttled("slow", retry_after_seconds=300, recipient_only=True)]
    await waiting(world, "A1")
    await world.work()
    record = await PatientRecord.get(patient_id="P1")
    await deciding.account_changed(Kind.ACCOUNT_BOUND, "demo", record.id, "account-bound:1", world.now)
    await waiting(world, "B1")
    await world.work(3)
    assert [each.kind for each in world.box.ledger] == ["report-ready"], "only the other patient's"
    await world.pass_by(seconds=301)
    await world.work()
    mine = [each.kind for each in world.box.ledger if each.to == world.box.ledger[1].to]
    assert mine == ["report-ready", "account-bound"]


@SQLITE
@pytest.mark.parametrize("due", ["fourteen-soon", "fourteen", "eighteen-soon", "ends-soon"])
async def test_what_falls_due_about_a_permission_is_one_message_to_the_phone_of_the_record(world: World, due: str) -> None:
    await waiting(world, "A1")
    record = await PatientRecord.get(patient_id="P1")
    payload = {"event": f"family-{due}", "hospital": "demo", "record": record.id}
    for _ in range(2):
        await noticejobs.handlers(world.office)[FAMILY_DUE](Job(1, FAMILY_DUE, "reminder:1", payload, 1, 1))
    world.now = now()  # the worker's clock is the real one
    await world.work(3)
    assert [each.kind for each in world.box.ledger].count(f"family-{due}") == 1


@SQLITE
@pytest.mark.parametrize(
    "error",
    [
        ChannelDown("away"),
        Refused("no", code="isv.BLACK", permanent=True, falls_back=True),
        Refused("template", code="isv.TEMPLATE", permanent=False, falls_back=True),
    ],
)
async def test_the_next_channel_takes_what_one_cannot(world: World, error: ChannelError) -> None:
    other = second_channel(world)
    world.box.down = error
    await waiting(world)
    await world.work(2)
    assert (len(world.box.ledger), len(other.ledger), await world.states()) == (0, 1, ["sent"])
    assert (await Notice.get()).channel == "sandbox"


@SQLITE
async def test_the_last_channels_no_is_a_dead_letter_that_a_person_replays(world: World) -> None:
    world.box.errors = [Refused("template", code="isv.SMS_TEMPLATE_ILLEGAL", permanent=False, falls_back=True)]
    await waiting(world)
    await world.work(2)
    assert await world.states() == ["failed setup"]
    assert (await Notice.get()).code == "isv.SMS_TEMPLATE_ILLEGAL"
    assert await desk.replay(world.now, "demo2") == 0
    assert await desk.replay(world.now, "demo") == 1
    await world.work()
    assert await world.states() == ["sent"]


@SQLITE
async def test_an_outage_rests_the_channel_and_afterwards_each_message_goes_once(world: World) -> None:
    for number in range(20):
        await say_patient(f"N{number}", "某某", phones=(f"138001381{number:02}",))
        await say_exam(f"N{number}", f"N{number}")
        await say_report(f"N{number}", verified_at=world.now)
    await world.decide()
    world.box.down = ChannelDown("away")
    for _ in range(60):
        await world.pass_by(seconds=10)
    attempts = sum(row.attempts for row in await world.rows())
    assert attempts < 20 + 60, "while it rests, one at a time tries it again"
    world.box.down = None
    for _ in range(12):
        await world.pass_by(seconds=60)
    assert len({each.id for each in world.box.ledger}) == len(world.box.ledger) == 20
    assert set(await world.states()) == {"sent"}


async def test_no_more_leave_in_a_second_than_the_provider_takes(world: World) -> None:
    world.office = dataclasses.replace(world.office, per_second=3)
    for number in range(8):
        await say_patient(f"N{number}", "某某", phones=(f"1380013810{number}",))
        await say_exam(f"N{number}", f"N{number}")
        await say_report(f"N{number}", verified_at=world.now)
    await world.decide()
    await asyncio.gather(*(sending.work(world.office, now=lambda: world.now) for _ in range(3)))
    await world.work(3)
    assert len(world.box.ledger) == 3
    await world.pass_by(seconds=1)
    assert len(world.box.ledger) == 6


@SQLITE
async def test_a_notice_that_comes_too_late_expires(world: World) -> None:
    world.box.down = ChannelDown("away")
    await waiting(world)
    await world.work()
    await world.pass_by(days=4)
    assert (world.box.ledger, await world.states()) == ([], ["expired"])


@SQLITE
async def test_quiet_hours_put_it_off_until_they_end(world: World) -> None:
    await rules.put("demo", {"quiet_from": "15:00", "quiet_to": "07:30"})  # it is 16:00 in Shanghai
    await waiting(world)
    await world.pass_by(hours=15)
    assert world.box.ledger == []
    await world.pass_by(minutes=31)
    assert len(world.box.ledger) == 1


@SQLITE
async def test_nobody_gets_more_than_forty_messages_a_day(world: World) -> None:
    await world.say("A1")
    row = await Notice.get()
    template: dict[str, Any] = {
        name: getattr(row, name) for name in ("hospital_id", "kind", "recipient", "address_index", "expires_at", "due_at")
    }
    for number in range(looking.MOST_A_DAY):
        more: dict[str, Any] = {"out_id": f"o{number}", "event": f"e:{number}", "state": NoticeState.SENT, "sent_at": world.now}
        await Notice.create(id=number + 1, created_at=world.now, hour=world.now, **template, **more)
    await desk.send_again("demo", row.out_id, world.now)
    await world.work()
    assert len(world.box.ledger) == 1
    await world.pass_by(hours=25)
    assert len(world.box.ledger) == 2


@SQLITE
async def test_receipts_early_late_and_twice(world: World) -> None:
    await world.say("A1")
    row = await Notice.get()
    said: dict[str, Any] = {"provider_id": row.provider_id, "out_id": None, "code": "DELIVERED", "at": world.now}
    assert await receipts.record("gateway", outcome=Outcome.DELIVERED, **said)
    assert not await receipts.record("gateway", outcome=Outcome.FAILED, **said)
    await receipts.record("gateway", outcome=Outcome.DELIVERED, **said)
    assert await world.states() == ["delivered"]
    early: dict[str, Any] = {"provider_id": "gateway-2", "out_id": None, "code": "DELIVERED", "at": world.now}
    assert not await receipts.record("gateway", outcome=Outcome.DELIVERED, **early)
    await world.say("B1")
    assert await world.states() == ["delivered", "delivered"]
    assert not await receipts.record("other", outcome=Outcome.DELIVERED, **{**early, "out_id": row.out_id})


@SQLITE
async def test_a_receipt_before_the_answer_counts_and_the_answer_does_no_harm(world: World) -> None:
    async def report(notice: Outgoing) -> None:
        said: dict[str, Any] = {"provider_id": "x", "out_id": notice.id, "code": "DELIVERED", "at": world.now}
        assert await receipts.record("gateway", outcome=Outcome.DELIVERED, **said)

    world.box.before_the_answer = report
    await world.say("A1")
    assert await world.states() == ["delivered"]


@SQLITE
async def test_a_message_that_did_not_arrive_goes_by_the_next_channel(world: World) -> None:
    other = second_channel(world)
    await world.say("A1")
    row = await Notice.get()
    said: dict[str, Any] = {"provider_id": None, "out_id": row.out_id, "code": "UNDELIV", "at": world.now}
    assert await receipts.record("gateway", outcome=Outcome.FAILED, **said)
    await world.work()
    assert (len(other.ledger), await world.states()) == (1, ["sent"])
    assert world.box.ledger[0].url == other.ledger[0].url, "it keeps its link"


@SQLITE
async def test_sending_again_is_limited_and_makes_a_new_link(world: World) -> None:
    await world.say("A1")
    row = await Notice.get()
    for _ in range(3):
        await desk.send_again("demo", row.out_id, world.now)
    with pytest.raises(Exception, match="too often"):
        await desk.send_again("demo", row.out_id, world.now)
    await world.work(4)
    assert len({each.url for each in world.box.ledger}) == len(world.box.ledger) == 4


@SQLITE
async def test_nothing_personal_stands_in_the_tables(world: World) -> None:
    await world.say("A1", impression="右肺结节")
    (sent,) = world.box.ledger
    rows = [*await Notice.all().values(), *await NoticeStep.all().values()]
    text = repr(rows)
    for secret in ("张三", "1380013800", "右肺", str(sent.url), str(sent.url).rsplit("/", 1)[1]):
        assert secret not in text


@SQLITE
async def test_a_worker_that_stood_still_sends_nothing(world: World) -> None:
    row = await waiting(world)
    await killed_after_taking(world)
    held = await Notice.get(id=row.id)
    await sending.deliver(world.office, held, -1e9, lambda: world.now, Settling(world.office, set()))
    assert world.box.ledger == []


@SQLITE
async def test_unknown_then_asked_while_the_provider_is_away_stays_claimed(world: World) -> None:
    world.box.errors = [Unknown("cut")]
    await waiting(world)
    await world.work()
    world.box.asking = ChannelDown("away")
    await world.pass_by(seconds=60 * ASK_AFTER[0] + 1)
    await world.pass_by(hours=1)
    assert (world.box.ledger, await world.states()) == ([], ["claimed"])
    await world.pass_by(days=4)
    assert await world.states() == ["unknown"]


@SQLITE
async def test_what_was_sent_and_could_not_be_written_down_is_asked_for(world: World) -> None:
    async def database_goes_away(_notice: Outgoing) -> None:
        raise Unavailable("the database is busy")

    world.box.before_the_answer = database_goes_away
    await waiting(world)
    await world.work()
    await world.pass_by(seconds=61)
    assert (len(world.box.ledger), await world.states()) == (1, ["sent"])


@SQLITE
async def test_one_notice_that_cannot_be_looked_at_holds_up_no_other(world: World) -> None:
    await waiting(world, "A1")
    await PatientPhone.filter(record__patient_id="P1").update(sealed=b"of another key")
    await waiting(world, "B1")
    await world.work()
    assert await world.states() == ["waiting cannot be looked at", "sent"]


@SQLITE
async def test_a_kind_that_only_a_newer_version_knows_holds_up_no_other(world: World) -> None:
    row = await waiting(world, "A1")
    await Notice.filter(id=row.id).update(kind="of-tomorrow")
    await waiting(world, "B1")
    await world.work()
    assert await world.states() == ["waiting cannot be looked at", "sent"]


@SQLITE
async def test_a_patient_whom_no_channel_reaches_is_nobodys_mistake(world: World) -> None:
    await say_patient("P1", "张三", phones=())
    await waiting(world)
    await world.work()
    assert await world.states() == ["suppressed no-channel"]
