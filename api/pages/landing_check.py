"""What the code on a printed report opens: whether that paper still counts, and nothing of whose it is or what it says."""

from __future__ import annotations

from html import escape
from zoneinfo import ZoneInfo

from sanic import HTTPResponse, Request

from api.pages.landing_page import card, heading, page
from core.errors import NotFound
from core.masking import masked_name
from identity.links import Link
from records import lineage
from records.models import Exam, Report, ReportStatus
from records.report_paper import number_of
from records.report_prints import report_and_record

# What became of the paper → heading, sentence, kind of its mark
CURRENT = ("报告有效", "本院出具过这个编号的报告，目前有效。", "")
CORRECTED = ("报告已更正", "这份报告已被更正，您手中的这一份已作废。请向医院索取新的报告。", "open")
VOID = ("报告已作废", "医院已撤回或作废这份报告，请不要再使用，并向医院询问。", "open")
MARKS = {CURRENT: "✓ 有效", CORRECTED: "✕ 已更正，此份作废", VOID: "✕ 已作废"}
NOTE = (
    "请核对医院、报告编号、姓名和检查日期与纸上是否一致。此页不显示报告内容，不能证明纸上的文字没有改动；"
    "有疑问请查验 PDF 的电子签名，或向医院询问。"
)


async def opened(_request: Request, link: Link) -> HTTPResponse:
    """The check page of one version of a report."""
    report_id, record_id = report_and_record(link.subject)
    report = await Report.get_or_none(id=report_id).prefetch_related("exam__hospital", "exam__record")
    if report is None or report.exam.hospital_id != link.hospital:
        raise NotFound("no such report")
    exam: Exam = report.exam
    verdict = await _verdict(report, record_id)
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


async def _verdict(report: Report, record_id: str) -> tuple[str, str, str]:
    """Void when it was withdrawn or is another patient's now; corrected when a newer version took its place.

    `record_id`: whose name the paper bears. Numbers that were merged are one patient.
    """
    exam: Exam = report.exam
    newest = await Report.get(exam_id=exam.id, version=exam.report_version)
    if newest.status == ReportStatus.WITHDRAWN or exam.cancelled_at is not None or exam.record_id is None:
        return VOID
    counts = await lineage.survivors([record_id, exam.record_id])
    if counts[record_id] != counts[exam.record_id]:
        return VOID
    return CURRENT if newest.id == report.id else CORRECTED
