"""How far an exam has come, in a sentence for its patient: what happens next, and how long that usually takes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from records.models import ReportStatus
from records.search import Found
from records.visibility import State

HOURS_OF_DAYS = 48  # from here on people count in days

# state → (Chinese, English); {usual} is filled where the hospital says how long it takes
WORDS: Mapping[str, tuple[str, str]] = {
    State.REGISTERED: ("已登记，请按预约时间前往检查。", "Registered. Please come at the time of your appointment."),
    State.EXAMINED: (
        "检查已完成，医生正在审核{usual}。报告出来后我们会通知您。",
        "The examination is done and a doctor is reading it{usual}. We will tell you when the report is ready.",
    ),
    State.IN_REVIEW: (
        "报告正在审核{usual}。报告出来后我们会通知您。",
        "The report is being reviewed{usual}. We will tell you when it is ready.",
    ),
    State.REPORTED: ("报告已出。", "The report is ready."),
    State.WITHDRAWN: (
        "报告已撤回，医生正在核对。更正后我们会通知您。",
        "The report was withdrawn and is being checked. We will tell you when it is corrected.",
    ),
}
PRELIMINARY = ("临时报告，以正式报告为准。", "A preliminary report: the final one counts.")
LATE = ("，比通常的时间久", ", which takes longer than usual")


def words_of(found: Found, now: datetime, *, english: bool) -> str:
    """One sentence or two."""
    if found.report is not None and found.report.status == ReportStatus.PRELIMINARY:
        return PRELIMINARY[english]
    return WORDS[found.state][english].format(usual=_usual(found, now, english=english))


def _usual(found: Found, now: datetime, *, english: bool) -> str:
    """Such as `，通常需要 2 小时`; once that is over it says so, and promises nothing more."""
    if found.usually_reported_at is None:
        return ""
    if now > found.usually_reported_at:
        return LATE[english]
    hours = round((found.usually_reported_at - found.exam.performed_at).total_seconds() / 3600)
    number, unit = (round(hours / 24), "day") if hours >= HOURS_OF_DAYS else (hours, "hour")
    if english:
        return f", which usually takes {number} {unit}{'s' if number > 1 else ''}"
    return f"，通常需要 {number} {'天' if unit == 'day' else '小时'}"
