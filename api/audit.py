"""The audit trail for a hospital's auditor: page by page, or a piece of it to take along; the auditor sees nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sanic import Blueprint, HTTPResponse, Request

from api.access import address_of, needs
from api.bodies import choice, day
from api.forms import answer, asked, limit_of, number_behind
from api.services import Services
from core.clock import now
from core.errors import NotFound
from core.grants import Grant, Role
from infra import auditanchor, auditexport
from infra.audit import by
from infra.models import AuditEntry
from records.models import Hospital

routes = Blueprint("audit", url_prefix="/api/v1/audit")
PARAMETERS = ("hospital", "from", "to", "action", "role", "outcome", "study", "cursor", "limit")
_FORMATS = {"jsonl": "application/jsonl", "csv": "text/csv; charset=utf-8"}
_format, _outcome = choice(*_FORMATS), choice("done", "refused")


@routes.get("/", name="list")
@needs(Role.AUDITOR)
async def entries(request: Request) -> HTTPResponse:
    """Entries of my hospital, newest first, narrowed by days, action, role, outcome and study; itself on record."""
    said = asked(request, *PARAMETERS)
    hospital, limit = await _hospital(request, said), limit_of(said)
    begin, end = _days(said, ZoneInfo(hospital.zone))
    wanted: dict[str, Any] = {"chain": hospital.code}
    wanted |= {} if begin is None else {"at__gte": begin}
    wanted |= {} if end is None else {"at__lt": end}
    wanted |= {name: said[name] for name in ("action", "role") if name in said}
    wanted |= {"outcome": _outcome("outcome", said["outcome"])} if "outcome" in said else {}
    wanted |= {"study_uid": said["study"]} if "study" in said else {}
    before = number_behind(said)
    wanted |= {} if before is None else {"number__lt": before}
    await _on_record(request, hospital.code, "audit")
    rows = await AuditEntry.filter(**wanted).order_by("-number").limit(limit + 1)
    items = [auditexport.described(row) for row in rows[:limit]]
    return answer({"items": items, "next": str(rows[limit - 1].number) if len(rows) > limit else None})


@routes.get("/export", name="export")
@needs(Role.AUDITOR)
async def export(request: Request) -> HTTPResponse | None:
    """An unbroken piece of the chain: signed JSON lines that docs/verify_audit.py checks, or with `format=csv` a table."""
    services: Services = request.app.ctx.services
    said = asked(request, "hospital", "from", "to", "format")
    hospital = await _hospital(request, said)
    form = _format("format", said.get("format", "jsonl"))
    wanted = await auditexport.piece(hospital.code, *_days(said, ZoneInfo(hospital.zone)))
    await _on_record(request, hospital.code, "audit-export")
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="audit-{hospital.code}.{form}"'}
    response = await request.respond(content_type=_FORMATS[form], headers=headers)
    async for line in _lines(services, form, wanted):
        await response.send(line)
    await response.eof()
    return None


def _lines(services: Services, form: str, wanted: auditexport.Piece) -> AsyncIterator[bytes]:
    if form == "csv":
        return auditexport.table(services.trail, wanted)
    return auditexport.json_lines(services.trail, auditanchor.signer(services.settings.keys), wanted, now())


async def _hospital(request: Request, said: dict[str, str]) -> Hospital:
    """The auditor's own; every other one looks like none."""
    grant: Grant = request.ctx.grant
    hospital = await Hospital.get_or_none(code=grant.home) if said.get("hospital", grant.home) == grant.home else None
    if hospital is None:
        raise NotFound("no such hospital")
    return hospital


def _days(said: dict[str, str], zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """Whole days of the hospital's own clock, both included: from, and before, in UTC."""
    begin, end = (day(name, said[name]) if name in said else None for name in ("from", "to"))
    return _midnight(begin, zone), _midnight(end and end + timedelta(days=1), zone)


def _midnight(first: date | None, zone: ZoneInfo) -> datetime | None:
    return datetime.combine(first, time(), zone).astimezone(UTC) if first else None


async def _on_record(request: Request, chain: str, what: str) -> None:
    """Before the first byte, whoever asks."""
    services: Services = request.app.ctx.services
    entry = by(request.ctx.grant, chain=chain, at=now(), action="read", address=address_of(request), what=what)
    await services.trail.record(entry)
