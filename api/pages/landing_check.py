"""What the code on a printed report opens: whether that paper still counts, and nothing that tells whose it is or what it says."""

from __future__ import annotations

from html import escape
from zoneinfo import ZoneInfo

from sanic import HTTPResponse, Request

from api.pages.landing_page import card, heading, page
from core.errors import NotFound
from core.masking import masked_name
from identity.links import Link
from records import lineage
from records.models import Exam, Report, ReportPrint, ReportStatus
from records.report_paper import number_of

# What became of the paper → heading, sentence, kind of its mark
CURRENT = ("报告有效", "这份报告由本院出具，内容以您手中的纸质或 PDF 报告为准。", "")
CORRECTED = ("报告已更正", "这份报告已被更正，您手中的这一份已作废。请向医院索取新的报告。", "open")
VOID = ("报告已作废", "医院已撤回或作废这份报告，请不要再使用，并向医院询问。", "open")
MARKS = {CURRENT: "✓ 有效", CORRECTED: "✕ 已更正，此份作废", VOID: "✕ 已作废"}
NOTE = "此页只说明报告是否有效。请核对医院、报告编号、姓名和检查日期与纸上是否一致；不一致请向医院询问。"


async def opened(_request: Request, link: Link) -> HTTPResponse:
    """The check page of one version of a report."""
    report = await Report.get_or_none(id=link.subject).prefetch_related("exam__hospital", "exam__record")
    if report is None or report.exam.hospital_id != link.hospital:
        raise NotFound("no such report")
    exam: Exam = report.exam
    verdict = await _verdict(report)
    zone = ZoneInfo(exam.hospital.zone)
    patient = await lineage.survivor(exam.record) if exam.record else None
    day = exam.performed_at.astimezone(zone)
    rows = {
        "医院": exam.hospital.name,
        "报告编号": number_of(report, zone),
        "姓名": masked_name(patient.name) if patient else "",
        "检查日期": f"{day.year}年{day.month}月{day.day}日",
    }
    title, words, kind = verdict
    facts = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in rows.items() if value)
    return page(
        title,
        heading(title, words),
        card(f'<p><span class="state {kind}">{MARKS[verdict]}</span></p><dl>{facts}</dl>'),
        f'<p class="small">{NOTE}</p>',
        hospital=exam.hospital,
    )


async def _verdict(report: Report) -> tuple[str, str, str]:
    """Void when it was withdrawn or is another patient's now; corrected when a newer version took its place."""
    exam: Exam = report.exam
    newest = await Report.get(exam_id=exam.id, version=exam.report_version)
    if newest.status == ReportStatus.WITHDRAWN or exam.cancelled_at is not None or exam.record_id is None:
        return VOID
    if await _bears_another_name(report, exam):
        return VOID
    return CURRENT if newest.id == report.id else CORRECTED


async def _bears_another_name(report: Report, exam: Exam) -> bool:
    """True when the exam was given to another patient after the paper was printed. Merged numbers are one patient."""
    printed = {str(each) for each in await ReportPrint.filter(report_id=report.id).values_list("record_id", flat=True)}
    counts = await lineage.survivors([*printed, str(exam.record_id)])
    return bool(printed) and any(counts[each] != counts[str(exam.record_id)] for each in printed)
