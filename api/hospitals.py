"""The hospitals that are here, for whoever logs in or binds: how each is called, and whom to ring for help."""

from __future__ import annotations

from typing import Any

import orjson
from sanic import Blueprint, HTTPResponse, Request

from api.access import public
from api.forms import asked, limit_of
from records.models import Hospital

routes = Blueprint("hospitals", url_prefix="/api/v1/hospitals")
HEADERS = {"Cache-Control": "public, max-age=60"}


@routes.get("/", name="list")
@public("names and help phones that hang on every hospital's wall")
async def hospitals(request: Request) -> HTTPResponse:
    """All hospitals by their code, with the phone of each one's help."""
    given = asked(request, "cursor", "limit")
    limit = limit_of(given)
    rows = await Hospital.filter(code__gt=given.get("cursor", "")).order_by("code").limit(limit + 1).prefetch_related("group")
    more = rows[limit - 1].code if len(rows) > limit else None
    document = {"items": [_item(row) for row in rows[:limit]], "next": more}
    return HTTPResponse(orjson.dumps(document), headers=HEADERS, content_type="application/json")


def _item(row: Hospital) -> dict[str, Any]:
    group = row.group
    return {
        "code": row.code,
        "name": row.name,
        "help_phone": row.help_phone or None,
        "group": {"code": group.code, "name": group.name} if group else None,
    }
