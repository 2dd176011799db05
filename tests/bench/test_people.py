"""The bench of people writes the rows that the models describe, and every question of it is answered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import people
from bench.people import Line
from bench.peoplerows import RARE_EVERY, RARE_WORD, Rows
from infra.settings import Settings
from records.models import Exam, Hospital, PatientRecord, Report
from records.search import Query, keywords_of, search
from tests.records.saying import NOW


@pytest.fixture
def out(tmp_path: Path) -> Iterator[Path]:
    """Where the figures go, in place of bench/out."""
    kept, people.OUT = people.OUT, tmp_path
    yield tmp_path
    people.OUT = kept


async def test_a_small_hospital_is_like_the_large_one(database: Settings, hospital: Hospital) -> None:
    rows = Rows(exams=970, persons_exams=10)
    await rows.write()
    assert [await model.all().count() for model in (PatientRecord, Exam, Report)] == [19, 970, 106]
    assert await Exam.filter(report_version=1).count() == 106  # every tenth, and those of the person
    found = await search([rows.persons_record], Query(limit=100), NOW)
    assert len(found.items) == 10
    assert all(each.report is not None and each.state == "reported" for each in found.items)
    assert [each.exam.performed_at for each in found.items] == sorted((e.exam.performed_at for e in found.items), reverse=True)
    rare = await search([rows.persons_record], Query(keywords=keywords_of(RARE_WORD)), NOW)
    assert len(rare.items) == 10 * (rows.every % RARE_EVERY == 0)


def test_a_small_run_answers_everything_and_keeps_its_figures(out: Path) -> None:
    assert people.main(["--exams", "300", "--own", "150", "--asks", "8", "--logins", "2", "--databases", "sqlite"]) == 0
    (path,) = out.glob("people-*.json")
    lines = json.loads(path.read_text())["lines"]
    assert len(lines) == 8 * 2 + 3
    assert all(line["milliseconds"] and not line["failed"] for line in lines)


def test_quantiles() -> None:
    line = Line("", "sqlite", 1, [float(number) for number in range(100, 0, -1)])
    assert (line.quantile(0.5), line.quantile(0.99)) == (51.0, 100.0)
    assert Line("", "sqlite", 1).quantile(0.5) == 0.0
