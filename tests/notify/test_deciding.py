"""Who is told what, and who is not."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from archive import settling
from infra import outbox
from infra.models import Outbox, OutboxState
from notify import reminders, rules
from notify.models import Notice, NoticeOptOut
from records import exams, history, matching, merging
from records.events import REPORT_SAID
from records.filmwork import COMPLETE, FILM, complete_key
from records.models import Exam, PatientRecord
from records.writing import writing
from tests.notify.conftest import OTHER_PHONE, PHONE, World
from tests.records.saying import NOW, SEALER, key, receive_study, say_exam, say_patient, say_report

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # test_sending.py asks both


async def test_a_final_report_is_told_once_with_a_link_and_without_a_name_or_a_kind_of_exam(world: World) -> None:
    await world.say("A1", impression="右肺结节")
    (sent,) = world.box.ledger
    assert sent.to == f"+86{PHONE}"
    assert sent.url is not None and sent.url in sent.text
    for secret in ("张三", "CT", "结节", "A1", "P1", PHONE):
        assert secret not in sent.text
    link = await world.office.links.find(sent.url.rsplit("/", 1)[1], world.now)
    row = await Notice.get()
    assert (link.kind, [link.subject], link.person_id) == ("notice", row.exams, row.recipient)
    assert await world.states() == ["sent"]


async def test_the_same_report_again_is_not_told_again(world: World) -> None:
    await world.say("A1")
    await world.say("A1")
    await world.say("A1", findings="another word, still final")
    await world.pass_by(minutes=30)
    assert len(world.box.ledger) == 1


async def test_a_report_that_fails_to_commit_is_never_told(world: World) -> None:
    with pytest.raises(ZeroDivisionError):
        async with writing("demo"):
            await say_report("A1")
            raise ZeroDivisionError
    assert not await Outbox.exists(topic=REPORT_SAID)


@pytest.mark.parametrize("status", ["preliminary", "withdrawn"])
async def test_preliminary_and_withdrawn_reports_are_never_told(world: World, status: str) -> None:
    await world.say("A1", status)
    await world.pass_by(minutes=30)
    assert (world.box.ledger, await world.rows()) == ([], [])


async def test_a_preliminary_report_is_told_once_it_is_final(world: World) -> None:
    await world.say("A1", "preliminary")
    await world.say("A1", "final")
    assert len(world.box.ledger) == 1


async def test_a_correction_is_told_as_one_and_one_before_the_first_word_is_not_told_apart(world: World) -> None:
    await world.say("A1")
    await world.say("A1", "corrected", findings="corrected")
    await say_report("B1", verified_at=world.now, findings="first")
    await say_report("B1", "corrected", verified_at=world.now, findings="second")
    await world.decide()
    await world.work()
    assert [each.kind for each in world.box.ledger] == ["report-ready", "report-corrected", "report-ready"]


async def test_what_is_withdrawn_before_it_leaves_is_not_told_and_what_comes_back_is(world: World) -> None:
    await rules.put("demo", {"quiet_from": "00:00", "quiet_to": "23:59"})
    await world.say("A1")
    await rules.put("demo", {"quiet_from": "", "quiet_to": ""})
    await say_report("A1", "withdrawn", verified_at=world.now)
    await world.pass_by(hours=15)
    assert await world.states() == ["suppressed withdrawn"]
    await world.say("A1", "final", findings="again")
    assert (await world.states(), len(world.box.ledger)) == (["sent"], 1)


async def test_what_is_declined_or_held_back_is_not_told_until_it_may_be_seen(world: World) -> None:
    await say_exam("A1", "P1", digital_service=False)
    await say_exam("B1", "P2", item="HIV抗体")
    for accession in ("A1", "B1"):
        await world.say(accession)
    assert await world.states() == ["suppressed not-visible"] * 2
    await exams.release(key("B1"), released=True, now=world.now)
    await say_exam("A1", "P1", digital_service=True)
    await world.decide()
    await world.work()
    assert {each.to for each in world.box.ledger} == {f"+86{PHONE}", f"+86{OTHER_PHONE}"}


async def test_old_reports_the_deceased_and_who_opted_out_are_not_told(world: World) -> None:
    await world.say("A1", verified_at=NOW - timedelta(days=8))
    await say_patient("P2", "李四", phones=(OTHER_PHONE,), deceased_on=date(2026, 11, 1))
    await world.say("B1")
    record = await PatientRecord.get(patient_id="P1")
    await NoticeOptOut.create(hospital_id="demo", record_id=record.id, at=world.now)
    await world.say("A2")
    assert (await world.states(), world.box.ledger) == (
        ["suppressed too-old", "suppressed deceased", "suppressed opted-out"],
        [],
    )


async def test_imports_are_never_told_and_their_corrections_are(world: World) -> None:
    table = "patient_id,name,accession,category,performed_at,findings,reported_at\nP1,张三,OLD,lab,20261119,f,20261119"
    (line,) = history.lines(table.encode())
    await history.bring_in(SEALER, "demo", line, ZoneInfo("Asia/Shanghai"), world.now)
    await say_exam("OLD", "P1", category="lab", item="changed")
    await world.decide()
    assert await world.rows() == []
    await world.say("OLD", "corrected")
    assert [each.kind for each in world.box.ledger] == ["report-corrected"]


async def test_a_patient_who_becomes_known_later_is_told_then(world: World) -> None:
    await say_exam("C1", "P3")
    await world.say("C1")
    assert await world.rows() == []
    await say_patient("P3", "王五", phones=("13800138003",))
    await world.decide()
    await world.work()
    assert [each.to for each in world.box.ledger] == ["+8613800138003"]


async def test_an_exam_that_was_another_patients_is_told_to_the_right_one(world: World) -> None:
    await world.say("A1")
    await exams.rematch(key("A1"), "P2", subject="test", now=world.now)
    await world.decide()
    await world.work()
    assert [each.to for each in world.box.ledger] == [f"+86{PHONE}", f"+86{OTHER_PHONE}"]


async def test_a_merge_tells_nothing_twice(world: World) -> None:
    await world.say("A1")
    await merging.merge("demo", "P1", "P2", subject="test", now=world.now)
    await say_exam("A1", "P2", item="changed")
    await world.decide()
    await world.pass_by(minutes=20)
    assert len(world.box.ledger) == 1


async def test_images_and_their_film_are_waited_for_at_most_twenty_minutes(world: World) -> None:
    await say_exam("A1", "P1", expected={"series": 1, "instances": 2})
    await world.say("A1")
    study = await receive_study(instance_count=1)
    await matching.study_arrived("demo", study.study_instance_uid)
    await world.pass_by(minutes=1)
    assert (await world.states(), world.box.ledger) == (["waiting images"], [])
    await study.filter(id=study.id).update(instance_count=2)
    await world.pass_by(seconds=30)
    assert world.box.ledger == [], "the film of these images is being made"
    await Outbox.filter(topic=FILM).update(state=OutboxState.DONE)
    await world.pass_by(seconds=30)
    assert len(world.box.ledger) == 1
    await say_exam("B1", "P2", studies=("1.2.3",))
    await world.say("B1")
    await world.pass_by(minutes=19)
    assert len(world.box.ledger) == 1
    await world.pass_by(minutes=2)
    assert len(world.box.ledger) == 2


async def test_when_all_announced_images_and_their_film_are_here_nobody_waits_for_more(world: World) -> None:
    await say_exam("A1", "P1", expected={"series": 1, "instances": 1})
    study = await receive_study(instance_count=1)
    await outbox.promise_each(settling.promises([study], world.now))
    await matching.study_arrived("demo", study.study_instance_uid)
    await world.say("A1")
    await Outbox.filter(topic=FILM).update(state=OutboxState.DONE)
    await world.pass_by(seconds=10)
    assert await world.states() == ["waiting images"], "more may come, and nobody has said yet that these are all"
    exam = await Exam.get(accession="A1")
    await outbox.promise(COMPLETE, complete_key(exam), {"exam": exam.id}, world.now)
    await Outbox.filter(topic=COMPLETE).update(state=OutboxState.DONE)
    await world.pass_by(seconds=10)
    assert await world.states() == ["sent"]


async def test_exams_of_one_visit_the_first_at_once_the_others_together_after_a_quarter_of_an_hour(world: World) -> None:
    await say_exam("A3", "P1", visit_number="V1")
    await world.say("A1")
    assert len(world.box.ledger) == 1
    for accession in ("A2", "A3"):
        await world.pass_by(minutes=3)
        await world.say(accession)
    assert len(world.box.ledger) == 1
    await world.pass_by(minutes=10)
    assert len(world.box.ledger) == 2
    assert "2份" in world.box.texts[1]
    assert await world.states() == ["sent", "sent", "suppressed joined"]
    assert len((await world.rows())[1].exams) == 2


async def test_a_burst_stops_and_asks_a_person_and_critical_values_go_on(world: World) -> None:
    await rules.put("demo", {"most_an_hour": 2})
    await reminders.set_contacts(world.office, "demo", [("信息科", "", 1, "13800138009")], world.now)
    for number in range(4):
        await say_patient(f"N{number}", "某某", phones=(f"1380013810{number}",))
        await say_exam(f"N{number}", f"N{number}")
        await say_report(f"N{number}", verified_at=world.now)
    await world.decide()
    await world.work(2)
    (asked,) = world.box.ledger
    assert (asked.kind, asked.to) == ("notices-stopped", "+8613800138009")
    assert await rules.stopped_hospitals() == ["demo"]
    await rules.release("demo", world.now)
    await world.work(2)
    assert len(world.box.ledger) == 1 + 4
