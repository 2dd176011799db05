"""The list of what waits for its patient, its exam, or a person's decision."""

from __future__ import annotations

from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from api import bodies
from api.access import needs
from api.hospital.saying import SYSTEMS, home, json, known_parameters
from core.errors import InvalidField
from records import waiting
from records.waiting import STUDY, Waits

routes = Blueprint("waiting", url_prefix="/api/v1/hospital/waiting")
PAGE, LONGEST_PAGE = 20, 100
_cursor = bodies.text(36)


@routes.get("/")
@needs(*SYSTEMS)
async def waits(request: Request) -> HTTPResponse:
    """What waits, oldest first, with the reason."""
    known_parameters(request, "limit", "cursor")
    limit = _limit(request.args.get("limit", str(PAGE)))
    after = str(_cursor("cursor", request.args.get("cursor", "")))
    lines = await waiting.listed(home(request), after=after, limit=limit + 1)
    items = [_line(line) for line in lines[:limit]]
    return json({"items": items, "next": lines[limit - 1].id if len(lines) > limit else None})


def _limit(said: str) -> int:
    if not (said.isascii() and said.isdigit() and 0 < int(said[:9]) <= LONGEST_PAGE):
        raise InvalidField("limit", "not-a-number")
    return int(said)


def _line(line: Waits) -> dict[str, Any]:
    names = ("study_uid",) if line.kind == STUDY else ("campus", "system", "accession")
    place = dict(zip(names, line.place, strict=True))
    return {"id": line.id, "kind": line.kind, "reason": line.reason, "since": line.since.isoformat(), **place}
