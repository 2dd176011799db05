"""What patients read about planned maintenance, before they need the service."""

from __future__ import annotations

from sanic import Blueprint, HTTPResponse, Request

from api.access import public
from api.forms import answer, asked
from api.hospital.notices import planned
from core.clock import now
from notify import maintenance

routes = Blueprint("maintenance", url_prefix="/api/v1/maintenance")


@routes.get("/", name="ahead")
@public("a notice to everybody; shown before logging in")
async def ahead(request: Request) -> HTTPResponse:
    """Maintenance that is planned or going on; `hospital` names one."""
    rows = await maintenance.ahead(now(), asked(request, "hospital").get("hospital"))
    return answer({"items": [planned(row) for row in rows], "next": None})
