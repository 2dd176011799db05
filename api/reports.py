"""The report of an exam: what the hospital found, and who wrote it."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from api.access import needs
from api.exams import my_exam, on_record
from api.forms import answer
from core.errors import NotFound
from core.grants import Role
from records.models import Report

routes = Blueprint("reports", url_prefix="/api/v1/exams")


@routes.get("/<exam>/report", name="report")
@needs(Role.PATIENT)
async def report(request: Request, exam: str) -> HTTPResponse:
    """The report of an exam of mine: findings and impression, and who wrote it."""
    found = await my_exam(request, exam)
    if found.report is None:
        raise NotFound("no report that may be seen")
    await on_record(request, found.hospital.code, found.exam.id, "report")
    return answer(_report(found.report))


def _report(row: Report) -> dict[str, Any]:
    return {
        "status": row.status.value,
        "version": row.version,
        "findings": row.findings,
        "impression": row.impression,
        "reporting_doctor": row.reporting_doctor,
        "verifying_doctor": row.verifying_doctor,
        "reported_at": row.reported_at and row.reported_at.astimezone(UTC).isoformat(),
        "verified_at": row.verified_at and row.verified_at.astimezone(UTC).isoformat(),
        "pdf": row.pdf_size > 0,
    }
