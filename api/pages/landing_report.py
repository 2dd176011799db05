"""The report on a page without script: its words, what changed since the last one, and what some of them mean."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from html import escape

from api.pages.landing_page import card
from api.reporttold import DISCLAIMER
from records import report_terms, reports
from records.models import Report, ReportStatus
from records.report_changes import Changes, Op, Piece, base_of, changes
from records.search import Found
from records.visibility import rules_of

SECTIONS = (("所见", "findings"), ("诊断", "impression"))
MARKS = {Op.SAME: ("", ""), Op.ADDED: ("<ins>", "</ins>"), Op.REMOVED: ("<del>", "</del>")}
TEMPORARY = "这是临时报告，以审核后的正式报告为准。"
CHANGED = "与上一份报告不同的地方：下划线是新写的，划掉的是去掉的。"


async def report_card(found: Found) -> str:
    """The report that its reader may see."""
    report = found.report
    assert report is not None, "the caller has looked"
    texts = [(title, getattr(report, name)) for title, name in SECTIONS]
    parts = [f'<h2>{title}</h2><p class="text">{escape(text)}</p>' for title, text in texts if text]
    temporary = TEMPORARY if report.status is ReportStatus.PRELIMINARY else ""
    lines = [f'<p class="small">{line}</p>' for line in (temporary, _doctors(report)) if line]
    pdf = f'<a class="button quiet" href="/api/v1/exams/{found.exam.id}/report.pdf">报告 PDF，可打印</a>'
    return card(*parts, *lines, pdf) + await _changed(found, report) + await _terms(found, report)


def _doctors(report: Report) -> str:
    said = (("报告医生", report.reporting_doctor), ("审核医生", report.verifying_doctor))
    return " · ".join(f"{title} {escape(name)}" for title, name in said if name)


async def _changed(found: Found, report: Report) -> str:
    """What is different from the version that this reader could read before; open where it was corrected."""
    exam, rules = found.exam, rules_of(found.hospital)
    at = exam.performed_at.astimezone(rules.zone).time()
    preliminary = rules.policies.shows_preliminary(exam.modality, exam.visit_kind, at)
    old = base_of(report, await reports.versions_of(exam.id), preliminary=preliminary)
    if old is None or (old.findings, old.impression) == (report.findings, report.impression):
        return ""
    made = await asyncio.to_thread(changes, old, report)
    opened = " open" if report.status is ReportStatus.CORRECTED else ""
    return f'<details class="card"{opened}><summary>改了哪里</summary><p class="small">{CHANGED}</p>{_marked(made)}</details>'


def _marked(made: Changes) -> str:
    texts = [(title, getattr(made, name)) for title, name in SECTIONS]
    return "".join(
        f'<h2>{title}</h2><p class="text">{_pieces(pieces)}</p>'
        for title, pieces in texts
        if any(piece.op is not Op.SAME for piece in pieces)
    )


def _pieces(pieces: Sequence[Piece]) -> str:
    return "".join(f"{MARKS[piece.op][0]}{escape(piece.text)}{MARKS[piece.op][1]}" for piece in pieces)


async def _terms(found: Found, report: Report) -> str:
    """Only words that say something is there; made here, no text leaves this server."""
    own = await report_terms.of_hospital(found.hospital.code)
    explained = await asyncio.to_thread(report_terms.explained, f"{report.findings}\n{report.impression}", own)
    if not explained:
        return ""
    words = "".join(f"<dt>{escape(each.term)}</dt><dd>{escape(each.meaning)}</dd>" for each in explained)
    return (
        f'<details class="card"><summary>报告里的词是什么意思（仅供参考）</summary>'
        f'<dl class="terms">{words}</dl><p class="small">{DISCLAIMER}</p></details>'
    )
