"""Exams that are in no share unless they were asked for by themselves: by the hospital's rule, or by the patient's own mark."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from core.names import fold
from records.models import Exam
from records.policies import from_json
from records.search import Found
from share.models import SensitiveExam


async def sensitive_among(found: Iterable[Found]) -> frozenset[str]:
    """Ids of those of these exams that are sensitive now."""
    exams = list(found)
    marked = await marked_among(each.exam.id for each in exams)
    return marked | {each.exam.id for each in exams if named_sensitive(each)}


async def marked_among(exam_ids: Iterable[str]) -> frozenset[str]:
    """Ids of those that carry the patient's own mark."""
    ids = list(exam_ids)
    rows = await SensitiveExam.filter(exam_id__in=ids) if ids else []
    return frozenset(row.exam_id for row in rows)


def named_sensitive(found: Found) -> bool:
    """True when a word of the hospital's list stands in the name or the department of the exam."""
    exam: Exam = found.exam
    text = fold(f"{exam.item} {exam.department}")
    return any(fold(word) in text for word in from_json(found.hospital.policies).sensitive_items)


async def mark(exam_id: str, person: str, now: datetime) -> None:
    """The patient marks it; marking it again changes nothing."""
    await SensitiveExam.bulk_create([SensitiveExam(exam_id=exam_id, person_id=person, at=now)], ignore_conflicts=True)


async def unmark(exam_id: str) -> None:
    """The patient takes the mark away; the hospital's rule stays."""
    await SensitiveExam.filter(exam_id=exam_id).delete()
