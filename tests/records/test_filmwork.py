"""When a film is made: once nothing more comes of a study, when all that was announced is here, when its header changes."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from archive import settling
from archive.read import Reader
from archive.replicas import Replicas
from archive.settling import SPAN_SECONDS, STUDY_SETTLED
from infra import outbox
from infra.models import Outbox
from records import filmmaking, films, filmwork
from tests.archive.stored import LATER, put
from tests.records import saying
from tests.records.chest import STUDY, ct_file, say
from tests.records.saying import NOW

pytestmark = pytest.mark.usefixtures("hospital")


async def promised() -> set[str]:
    return {str(row.payload["exam"]) for row in await Outbox.filter(topic=filmwork.FILM, state="waiting")}


async def promised_by(work: Awaitable[object]) -> set[str]:
    """The exams whose films this alone makes anew."""
    await Outbox.filter(topic=filmwork.FILM).delete()
    await work
    return await promised()


async def do_what_is_due(now: datetime) -> None:
    """The worker's part of finding out that a study has settled."""

    async def look(job: outbox.Job) -> None:
        await filmwork.study_settled(job.payload, now)

    await outbox.work({STUDY_SETTLED: look}, limit=100, clock=lambda: now)


async def test_a_film_is_promised_once_nothing_more_comes_of_a_study(replicas: Replicas, tmp_path: Path) -> None:
    await put(replicas, tmp_path, ct_file(1), ct_file(2))
    exam_id = await say()
    await Outbox.filter(topic=filmwork.FILM).delete()
    due = (await Outbox.get(topic=STUDY_SETTLED)).due_at
    assert timedelta(seconds=SPAN_SECONDS) < due - saying.NOW <= timedelta(seconds=2 * SPAN_SECONDS)
    await do_what_is_due(due - timedelta(seconds=1))
    assert await promised() == set()
    await do_what_is_due(due)
    assert await promised() == {exam_id}


async def test_what_comes_later_makes_an_earlier_promise_void(replicas: Replicas, tmp_path: Path) -> None:
    await put(replicas, tmp_path, ct_file(1))
    (first,) = await Outbox.filter(topic=STUDY_SETTLED)
    assert await settling.has_settled(first.payload)
    assert not await settling.has_settled({**first.payload, "span": first.payload["span"] - 1})
    assert not await settling.has_settled({**first.payload, "study": "9.9"})


async def test_announced_images_that_are_all_here_are_waited_for_no_longer(replicas: Replicas, tmp_path: Path) -> None:
    at = NOW
    await put(replicas, tmp_path, ct_file(1))
    exam_id = await say(expected={"series": 1, "instances": 3})
    assert await promised() == set(), "two more are announced and on their way"
    await filmwork.complete_exams(at)
    assert await complete() == []
    await put(replicas, tmp_path, ct_file(2), ct_file(3))
    await filmwork.complete_exams(at)
    await filmwork.complete_exams(at)
    assert await complete() == [exam_id], "once"
    await put(replicas, tmp_path, ct_file(4))
    await filmwork.complete_exams(at)
    assert await complete() == [exam_id], "what comes beyond that is seen when nothing more comes"
    await do_what_is_due(at + timedelta(seconds=3 * SPAN_SECONDS))
    assert await promised() == {exam_id}


async def complete() -> list[str]:
    return [str(row.payload["exam"]) for row in await Outbox.filter(topic=filmwork.COMPLETE)]


async def test_announced_images_that_never_come_do_not_keep_the_film_away(replicas: Replicas, tmp_path: Path) -> None:
    await put(replicas, tmp_path, ct_file(1))
    exam_id = await say(expected={"series": 1, "instances": 3})
    await do_what_is_due(NOW + timedelta(seconds=3 * SPAN_SECONDS))
    assert await promised() == {exam_id}
    assert await promised_by(say(expected={"series": 2, "instances": 9}, item="胸部CT增强")) == {exam_id}


async def test_what_a_header_says_makes_the_film_anew_when_it_changes(replicas: Replicas, tmp_path: Path) -> None:
    await put(replicas, tmp_path, ct_file(1))
    exam_id = await say()
    said = partial(saying.say_exam, "A1", studies=(STUDY,), item="胸部CT增强")
    assert await promised_by(saying.say_patient("P1", "林知秋", sex="F")) == {exam_id}
    assert await promised_by(said("P1")) == {exam_id}
    assert await promised_by(said("P1")) == set()  # the same again
    assert await promised_by(said("P1", department="骨科")) == set()  # which stands on no film
    assert await promised_by(saying.say_patient("P1", "林知秋", sex="F", phones=("13800138000",))) == set()
    assert await promised_by(saying.say_patient("P1", "林知秋", sex="F", birth_date=date(1985, 5, 12))) == {exam_id}
    assert await promised_by(said("P2", rematch=True)) == {exam_id}


async def test_a_worker_keeps_the_promise(reader: Reader, replicas: Replicas, tmp_path: Path) -> None:
    await put(replicas, tmp_path, ct_file(1))
    exam_id = await say()

    async def make(job: outbox.Job) -> None:
        await filmmaking.make(reader, replicas, job.payload["exam"], NOW)

    await outbox.work({filmwork.FILM: make}, clock=lambda: LATER)
    assert await films.shown(exam_id) is not None
