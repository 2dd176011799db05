"""Patient, exam, report and study find each other in any order; what is doubtful waits and is shown to nobody."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from datetime import date

import pytest

from core.errors import Conflict, NotFound
from records import exams, matching, merging, reports
from records.models import Exam, ExamStudy, Hospital, How, RecordChange, Report
from records.waiting import EXAM, OTHER_PATIENT, REPORT, SEVERAL_EXAMS, STUDY, listed
from records.writing import Outcome, Said
from tests.records.saying import (
    NOW,
    SEALER,
    STUDY_UID,
    key,
    owner_of,
    receive_study,
    say_exam,
    say_patient,
    say_report,
    shown,
)

Step = Callable[[], Awaitable[object]]
pytestmark = pytest.mark.usefixtures("hospital")


async def exam_with_report() -> None:
    await say_exam()
    await reports.exam_came(SEALER, key(), NOW)


async def arrive() -> None:
    await receive_study()
    await matching.study_arrived("demo", STUDY_UID)


async def waits() -> list[tuple[str, str]]:
    return [(line.kind, line.reason) for line in await listed("demo", after="", limit=100)]


STEPS: dict[str, Step] = {"patient": say_patient, "exam": exam_with_report, "report": say_report, "study": arrive}


@pytest.mark.parametrize("order", list(itertools.permutations(STEPS)), ids="-".join)
async def test_the_order_of_arrival_does_not_matter(order: tuple[str, ...]) -> None:
    for step in order:
        await STEPS[step]()
    assert await owner_of() == "P1"
    assert await shown("P1") == {("A1", STUDY_UID)}
    assert [(row.version, row.status) for row in await Report.all()] == [(1, "final")]
    assert await waits() == []


async def test_an_exam_waits_for_its_patient_and_a_report_for_its_exam() -> None:
    assert (await say_exam()).waiting
    assert (await say_report("A2")).waiting
    assert {line.kind for line in await listed("demo", after="", limit=9)} == {EXAM, REPORT}


async def test_a_study_of_another_patient_with_the_same_accession_number_waits() -> None:
    await say_patient()
    await say_exam()
    await receive_study(patient_id="P9")
    await matching.study_arrived("demo", STUDY_UID)
    assert await waits() == [(STUDY, OTHER_PATIENT)]
    assert await shown("P1") == set()


async def test_two_exams_with_one_accession_number_wait_for_a_person_in_either_order() -> None:
    await say_patient()
    await say_exam(system="ris", modality="")
    await receive_study()
    await matching.study_arrived("demo", STUDY_UID)
    assert await shown("P1") == {("A1", STUDY_UID)}
    await say_exam(system="us", modality="")
    assert await waits() == [(STUDY, SEVERAL_EXAMS)]
    assert await shown("P1") == set()


async def test_the_modality_tells_apart_what_two_systems_number_alike() -> None:
    await say_patient()
    await say_exam(system="us", modality="US")
    await say_exam(system="ris", modality="CT")
    await arrive()
    (link,) = await ExamStudy.all().prefetch_related("exam")
    assert (link.exam.system, link.how) == ("ris", How.MATCHED)


async def test_a_number_that_only_the_pacs_knows_needs_name_and_date_of_birth() -> None:
    await say_patient(birth_date=date(1980, 1, 2))
    await say_exam("A1")
    await say_exam("A2")
    await receive_study("1.2.1", "X77", "A1", patient_name="ZHANG^SAN=张^三", patient_birth_date="19800102")
    await receive_study("1.2.2", "X77", "A2", patient_name="ZHANG^SAN=张^三", patient_birth_date="19800103")
    for uid in ("1.2.1", "1.2.2"):
        await matching.study_arrived("demo", uid)
    assert await shown("P1") == {("A1", "1.2.1")}
    assert await waits() == [(STUDY, OTHER_PATIENT)]


async def test_a_study_that_the_hospital_names_is_shown_once_it_is_here() -> None:
    await say_patient()
    await say_exam(studies=(STUDY_UID,))
    assert await shown("P1") == set()
    await receive_study(accession="", patient_id="PACS-7")
    assert await matching.study_arrived("demo", STUDY_UID)
    assert await shown("P1") == {("A1", STUDY_UID)}
    assert not await matching.study_arrived("demo", STUDY_UID)


async def test_a_named_study_of_another_known_patient_is_not_shown() -> None:
    await say_patient("P1")
    await say_patient("P2", "李四")
    await receive_study(patient_id="P2")
    await say_exam(studies=(STUDY_UID,))
    assert await shown("P1") == set()
    assert await waits() == [(STUDY, OTHER_PATIENT)]


async def test_a_named_study_is_hidden_again_when_its_other_patient_becomes_known() -> None:
    await say_patient("P1")
    await receive_study(patient_id="P2")
    await say_exam(studies=(STUDY_UID,))
    assert await shown("P1") == {("A1", STUDY_UID)}
    assert (await say_patient("P2", "李四")).moved
    assert await shown("P1") == set()


async def test_a_person_chooses_the_exam_of_a_doubtful_study() -> None:
    await say_patient()
    await say_exam()
    await receive_study(patient_id="P9")
    await matching.study_arrived("demo", STUDY_UID)
    chosen = await matching.choose(await Exam.get(), STUDY_UID, subject="admin-1", now=NOW)
    assert chosen.moved
    assert await shown("P1") == {("A1", STUDY_UID)}
    assert await waits() == []
    assert not await matching.study_arrived("demo", STUDY_UID)
    with pytest.raises(NotFound):
        await matching.choose(await Exam.get(), "1.2.3.4", subject="admin-1", now=NOW)


async def test_another_patient_needs_rematch_and_everything_goes_along() -> None:
    await say_patient("P1")
    await say_patient("P2", "李四")
    await say_exam()
    await arrive()
    await say_report()
    with pytest.raises(Conflict):
        await say_exam(patient_id="P2")
    assert await owner_of() == "P1"
    assert (await say_exam(patient_id="P2", rematch=True)).moved
    assert await shown("P1") == set()
    assert await shown("P2") == {("A1", STUDY_UID)}
    assert (await RecordChange.get()).kind == "rematch"
    assert (await exams.rematch(key(), "P1", subject="admin-1", now=NOW)).moved
    assert await shown("P1") == {("A1", STUDY_UID)}


async def test_merge_and_unmerge_move_the_exams_at_once_also_later_ones() -> None:
    await say_patient("P1")
    await say_patient("P2")
    await say_exam("A1", "P1")
    await arrive()
    assert (await merging.merge("demo", "P1", "P2", subject="admin-1", now=NOW)).moved
    await say_exam("A2", "P1")
    assert {await owner_of("A1"), await owner_of("A2")} == {"P2"}
    assert await shown("P2") == {("A1", STUDY_UID)}
    assert not (await merging.merge("demo", "P1", "P2", subject="admin-1", now=NOW)).moved
    await merging.unmerge("demo", "P1", subject="admin-1", now=NOW)
    assert {await owner_of("A1"), await owner_of("A2")} == {"P1"}
    assert await shown("P1") == {("A1", STUDY_UID)}
    replayed = await merging.merge("demo", "P1", "P2", subject="hl7", now=NOW, said_at=NOW)
    assert not replayed.moved


async def test_merges_in_a_chain_count_for_the_last_and_never_in_a_circle() -> None:
    for patient in ("P1", "P2", "P3"):
        await say_patient(patient)
    await say_exam("A1", "P1")
    await merging.merge("demo", "P1", "P2", subject="a", now=NOW)
    await merging.merge("demo", "P2", "P3", subject="a", now=NOW)
    assert await owner_of() == "P3"
    with pytest.raises(Conflict):
        await merging.merge("demo", "P3", "P1", subject="a", now=NOW)
    with pytest.raises(Conflict):
        await merging.unmerge("demo", "P3", subject="a", now=NOW)
    await merging.unmerge("demo", "P2", subject="a", now=NOW)
    assert await owner_of() == "P2"


async def test_the_visit_decides_how_long_the_study_is_kept(hospital: Hospital) -> None:
    await say_patient()
    study = await receive_study()
    await say_exam(visit_kind="inpatient", visit_ended_at=NOW)
    await study.refresh_from_db()
    assert study.keep_until == date(2056, 11, 21)
    assert (study.visit_kind, study.visit_ended_on) == ("inpatient", date(2026, 11, 20))


async def test_everything_at_once_ends_the_same_and_each_thing_is_there_once() -> None:
    outcomes = await asyncio.gather(*(step() for step in STEPS.values()), *(say_exam() for _ in range(6)))
    await reports.exam_came(SEALER, key(), NOW)
    assert sum(isinstance(said, Said) and said.outcome is Outcome.NEW for said in outcomes) <= 3
    assert await owner_of() == "P1"
    assert await shown("P1") == {("A1", STUDY_UID)}
    assert await Report.all().count() == 1
    assert await waits() == []


async def test_a_merge_said_many_times_at_once_is_one() -> None:
    for patient in ("P1", "P2"):
        await say_patient(patient)
    await asyncio.gather(*(merging.merge("demo", "P1", "P2", subject="a", now=NOW) for _ in range(8)))
    assert await RecordChange.all().count() == 1
