"""The patient's choice (contract 3.10.2): which exams' digital service may be opened or declined, and the last answer."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from tortoise.expressions import Q

from core.errors import Malformed
from records.models import Exam, Hospital
from records.visibility import Rules, is_the_patients_choice, rules_of, service_is_open


@dataclass(frozen=True, slots=True)
class Choice:
    """An exam whose digital service the patient may open or decline, and which of both it is now."""

    exam: Exam
    hospital: Hospital
    rules: Rules
    open: bool


async def get(record_ids: Collection[str], exam_id: str) -> Choice | None:
    """One exam of these records, if the choice is the patient's; None for what is held back, cancelled or closed."""
    exam = await Exam.get_or_none(id=exam_id, record_id__in=list(record_ids))
    return _choice(exam, await _rules([exam.hospital_id])) if exam else None


async def of_record(record_id: str, limit: int) -> list[Choice]:
    """The newest exams of one record of which the patient may choose."""
    exams = await Exam.filter(record_id=record_id).order_by("-performed_at", "-id").limit(limit)
    return _choices(exams, await _rules({exam.hospital_id for exam in exams}))


async def closed(record_ids: Collection[str], *, cursor: str, limit: int) -> tuple[list[Choice], str | None]:
    """Exams of these records that are not open and could be, newest first, and the cursor of what follows them.

    Raises Malformed for a cursor that is not one of ours.
    """
    codes = await Exam.filter(record_id__in=list(record_ids)).distinct().values_list("hospital_id", flat=True)
    rules = await _rules({str(code) for code in codes})
    asked = Exam.filter(_not_open(rules), record_id__in=list(record_ids))
    after = await _after(record_ids, cursor) if cursor else Q()
    found: list[Choice] = []
    while True:
        exams = await asked.filter(after).order_by("-performed_at", "-id").limit(limit + 1)
        found += _choices(exams, rules)
        if len(found) > limit:
            return found[:limit], found[limit - 1].exam.id
        if len(exams) <= limit:
            return found, None
        after = _beyond(exams[-1])


async def choose(exam: Exam, *, opened: bool) -> None:
    """Inside the caller's transaction: this is the patient's last answer."""
    await Exam.filter(id=exam.id).update(service_chosen=opened)
    exam.service_chosen = opened


async def _rules(codes: Collection[str]) -> dict[str, tuple[Hospital, Rules]]:
    hospitals = await Hospital.filter(code__in=sorted(codes))
    return {hospital.code: (hospital, rules_of(hospital)) for hospital in hospitals}


def _not_open(rules: Mapping[str, tuple[Hospital, Rules]]) -> Q:
    """As `service_is_open` says, in the words of the database."""
    closed = [code for code, (_, its) in rules.items() if not its.policies.digital_service_default]
    unsaid = Q(service_chosen__isnull=True)
    return (
        Q(service_chosen=False)
        | Q(unsaid, digital_service=False)
        | Q(unsaid, digital_service__isnull=True, hospital_id__in=closed)
    )


async def _after(record_ids: Collection[str], cursor: str) -> Q:
    last = await Exam.get_or_none(id=cursor, record_id__in=list(record_ids))
    if last is None:
        raise Malformed("the cursor is not one of ours")
    return _beyond(last)


def _beyond(last: Exam) -> Q:
    return Q(performed_at__lt=last.performed_at) | Q(performed_at=last.performed_at, id__lt=last.id)


def _choices(exams: Sequence[Exam], rules: Mapping[str, tuple[Hospital, Rules]]) -> list[Choice]:
    found = (_choice(exam, rules) for exam in exams)
    return [each for each in found if each is not None]


def _choice(exam: Exam, rules: Mapping[str, tuple[Hospital, Rules]]) -> Choice | None:
    hospital, its = rules[exam.hospital_id]
    if not is_the_patients_choice(exam, its):
        return None
    return Choice(exam, hospital, its, service_is_open(exam, its))
