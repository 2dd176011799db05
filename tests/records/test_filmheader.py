"""What stands at the top of a film that we make."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from records.filmheader import age, header
from records.models import Exam, Hospital, PatientRecord

HOSPITAL = Hospital(code="demo", name="示范医院", zone="Asia/Shanghai")
RECORD = PatientRecord(id="1", hospital_id="demo", patient_id="P1", name="林知夏", sex="F", birth_date=date(1985, 5, 12))


def exam(**more: object) -> Exam:
    known = {"accession": "CT1", "patient_id": "P1", "category": "radiology", "item": "胸部CT平扫"}
    return Exam(id="2", hospital_id="demo", performed_at=datetime(2026, 1, 5, 23, 30, tzinfo=UTC), **{**known, **more})


def test_the_header_says_whose_what_and_when_in_the_hospitals_time() -> None:
    said = header(HOSPITAL, RECORD, exam(), "肺窗", 1, 2)
    assert (said.hospital, said.name, said.title) == ("示范医院", "林知夏", "胸部CT平扫 · 肺窗")
    assert said.facts == ("女", "40岁", "病历号 P1", "检查号 CT1", "2026年1月6日 07:30")
    assert (said.page, said.pages) == (1, 2)


def test_an_exam_without_an_item_is_named_by_what_is_known() -> None:
    assert header(HOSPITAL, RECORD, exam(item="", body_part="胸部", modality="CT"), "", 1, 1).title == "胸部 CT"
    assert header(HOSPITAL, RECORD, exam(item="", body_part="", modality=""), "", 1, 1).title == "放射检查"


@pytest.mark.parametrize(
    ("born", "on", "said"),
    [
        ("1985-05-12", "2026-01-05", "40岁"),
        ("1985-05-12", "2026-05-12", "41岁"),
        ("2024-02-29", "2026-01-05", "22个月"),
        ("2025-12-24", "2026-01-05", "12天"),
        ("2026-01-06", "2026-01-05", ""),
    ],
)
def test_ages_are_told_as_films_tell_them(born: str, on: str, said: str) -> None:
    assert age(date.fromisoformat(born), date.fromisoformat(on)) == said
