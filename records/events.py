"""What others may want to hear of, promised in the transaction that makes it true; who listens is not known here."""

from __future__ import annotations

from datetime import datetime

from infra import outbox
from infra.models import Outbox
from records.models import Exam, Report

REPORT_SAID = "report-said"  # outbox topic: an exam has a new version of its report, or another reader may see it now


async def report_said(report: Report, now: datetime) -> None:
    """Inside the caller's transaction: this version came, and not by an import."""
    await outbox.promise(REPORT_SAID, report.id, _payload(report), now)


async def look_again(exam: Exam, now: datetime) -> None:
    """Inside the caller's transaction: who hears of the newest report may be another now. What was imported stays silent."""
    newest = await Report.get_or_none(exam_id=exam.id, version=exam.report_version)
    if newest is not None and await Outbox.exists(topic=REPORT_SAID, key=newest.id):
        await outbox.promise_again(REPORT_SAID, newest.id, _payload(newest), now)


def _payload(report: Report) -> dict[str, str]:
    return {"exam": report.exam_id, "report": report.id}
