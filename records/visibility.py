"""What of an exam its patient may see now: the one place that knows, asked by lists, search, pictures and messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from core.names import fold
from records.models import Exam, Hospital, Report, ReportStatus
from records.policies import Policies, from_json


class State(StrEnum):
    """How far an exam has come, in words that a patient reads."""

    REGISTERED = "registered"
    EXAMINED = "examined"
    IN_REVIEW = "in_review"
    REPORTED = "reported"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Rules:
    """What the hospital of an exam has decided, ready to ask."""

    policies: Policies
    zone: ZoneInfo
    held_words: tuple[str, ...]

    def held(self, exam: Exam) -> bool:
        """True for an item that a doctor must release first, and has not."""
        if exam.released_at is not None:
            return False
        text = fold(f"{exam.item} {exam.department}")
        return any(word in text for word in self.held_words)


def rules_of(hospital: Hospital) -> Rules:
    """The rules of that hospital."""
    policies = from_json(hospital.policies)
    return Rules(policies, ZoneInfo(hospital.zone), tuple(fold(word) for word in policies.held_items))


def exam_is_visible(exam: Exam, rules: Rules) -> bool:
    """False for what the patient declined, what the hospital holds back or has cancelled, and a film closed by its print."""
    return is_the_patients_choice(exam, rules) and service_is_open(exam, rules)


def is_the_patients_choice(exam: Exam, rules: Rules) -> bool:
    """False for what no answer of the patient opens: held back, cancelled, or closed by the print of its film."""
    if exam.cancelled_at is not None or rules.held(exam):
        return False
    return exam.film_printed_at is None or not rules.policies.film_printed_closes


def service_is_open(exam: Exam, rules: Rules) -> bool:
    """The patient's own last answer, else what the hospital said, else the hospital's default (contract 3.10.2)."""
    if exam.service_chosen is not None:
        return exam.service_chosen
    return rules.policies.digital_service_default if exam.digital_service is None else exam.digital_service


def report_is_visible(exam: Exam, report: Report | None, rules: Rules) -> bool:
    """True for a report that counts; a preliminary one as the hospital's rules say. The exam itself is asked for apart."""
    if report is None or report.status == ReportStatus.WITHDRAWN:
        return False
    if report.status != ReportStatus.PRELIMINARY:
        return True
    at = exam.performed_at.astimezone(rules.zone).time()
    return rules.policies.shows_preliminary(exam.modality, exam.visit_kind, at)


def state_of(exam: Exam, report: Report | None, rules: Rules, now: datetime) -> State:
    """How far it has come; `report` is its newest version."""
    if report is None:
        return State.EXAMINED if exam.performed_at <= now else State.REGISTERED
    if report.status == ReportStatus.WITHDRAWN:
        return State.WITHDRAWN
    return State.REPORTED if report_is_visible(exam, report, rules) else State.IN_REVIEW


def usually_reported_at(exam: Exam, rules: Rules) -> datetime | None:
    """When a report of that category is usually there; None where the hospital does not say."""
    hours = rules.policies.usual_hours.get(exam.category)
    return exam.performed_at + timedelta(hours=hours) if hours else None
