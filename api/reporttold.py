"""What is told of a report: its words, what changed since the version before, and what the words mean."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from sanic import Request

from api.reportdoor import Opened
from api.services import Services
from core.clock import rfc3339
from records import report_terms
from records.models import Report, ReportStatus
from records.report_changes import Changes, Piece, base_of, changes
from records.report_terms import Explained

DISCLAIMER = "仅供参考：这里只解释词语的意思，不判断您的病情。请以医生的意见为准。"
LETTER_BYTES, BESIDE_BYTES = 8, 4096  # what a comparison costs in memory: so much a letter, and so much beside


async def document(request: Request, opened: Opened, shown: Report) -> dict[str, Any]:
    """What is told of one version."""
    newest = opened.versions[-1]
    told: dict[str, Any] = {
        "status": shown.status.value,
        "version": shown.version,
        "newest": shown.id == newest.id and not opened.superseded,
    }
    if shown.status == ReportStatus.WITHDRAWN and not opened.staff:
        return told | {"withdrawn_at": rfc3339(shown.received_at, "auto"), "help_phone": opened.hospital.help_phone or None}
    told |= {
        "findings": shown.findings,
        "impression": shown.impression,
        "reporting_doctor": shown.reporting_doctor,
        "verifying_doctor": shown.verifying_doctor,
        "reported_at": rfc3339(shown.reported_at, "auto"),
        "verified_at": rfc3339(shown.verified_at, "auto"),
        "received_at": rfc3339(shown.received_at, "auto"),
        "pdf": shown.status != ReportStatus.WITHDRAWN,
        "own_pdf": shown.pdf_size > 0,
        "picture": shown.picture_size > 0,
        "changes": await _changes(request, opened, shown),
    }
    if opened.by_link is not None and (why := opened.by_link.withheld(shown)):
        told["notice"] = why
    if opened.staff:
        told |= {"critical": shown.critical, "versions": [_line(each) for each in opened.versions]}
    return told


async def _changes(request: Request, opened: Opened, shown: Report) -> dict[str, Any] | None:
    """What is different from the version that this reader could read before; None = nothing, or there was none."""
    exam, at = opened.exam, opened.exam.performed_at.astimezone(opened.rules.zone).time()
    preliminary = opened.staff or opened.rules.policies.shows_preliminary(exam.modality, exam.visit_kind, at)
    old = base_of(shown, opened.versions, preliminary=preliminary)
    if old is None or (old.findings, old.impression) == (shown.findings, shown.impression):
        return None
    services: Services = request.app.ctx.services
    size = sum(len(text) for text in (old.findings, old.impression, shown.findings, shown.impression))
    made = await services.tiers.derive(
        f"report-changes/{opened.by_link.mask if opened.by_link else ''}/{old.id}/{shown.id}",
        lambda: asyncio.to_thread(changes, old, shown),
        cost=LETTER_BYTES * size + BESIDE_BYTES,
    )
    return _changed(old, made)


def _changed(old: Report, made: Changes) -> dict[str, Any]:
    return {
        "from_version": old.version,
        "from_status": old.status.value,
        "findings": _pieces(made.findings),
        "impression": _pieces(made.impression),
    }


def _pieces(pieces: Sequence[Piece]) -> list[dict[str, str]]:
    return [{"op": piece.op.value, "text": piece.text} for piece in pieces]


def _line(version: Report) -> dict[str, Any]:
    return {"version": version.version, "status": version.status.value, "received_at": rfc3339(version.received_at, "auto")}


async def meanings(opened: Opened, report: Report) -> dict[str, Any]:
    """The words of the report that are explained, each with its places, and that this is no judgement."""
    own = await report_terms.of_hospital(opened.hospital.code)
    explained = await asyncio.to_thread(report_terms.explained, f"{report.findings}\n{report.impression}", own)
    return {"items": [_term(each, len(report.findings)) for each in explained], "notice": DISCLAIMER}


def _term(each: Explained, findings: int) -> dict[str, Any]:
    places = [_place(begin, end, findings) for begin, end in each.places]
    return {"term": each.term, "meaning": each.meaning, "kind": each.kind, "source": each.source, "places": places}


def _place(begin: int, end: int, findings: int) -> dict[str, Any]:
    """Where a word stands: characters from the beginning of findings or impression; `findings` = length of the former."""
    if begin < findings:
        return {"in": "findings", "begin": begin, "end": end}
    return {"in": "impression", "begin": begin - findings - 1, "end": end - findings - 1}
