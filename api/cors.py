"""Which other origins a browser may call us from (Fetch standard, CORS); error answers carry the headers too."""

from __future__ import annotations

from typing import Any

from sanic import HTTPResponse, Request, Sanic
from sanic.response import BaseHTTPResponse

METHODS = "GET, HEAD, POST, PUT, DELETE, OPTIONS"
REQUEST_HEADERS = "Authorization, Accept, Content-Type, If-None-Match, Range, Idempotency-Key"
EXPOSED = "Content-Type, Content-Length, Content-Range, Accept-Ranges, ETag, Retry-After, Warning, Location"
PREFLIGHT_SECONDS = "7200"


def allow(app: Sanic[Any, Any], origins: tuple[str, ...]) -> None:
    """Answer preflights and mark every answer for these origins; with none, no other origin may call."""
    if not origins:
        return
    allowed = frozenset(origins)

    async def preflight(request: Request) -> HTTPResponse | None:
        if request.method != "OPTIONS" or "access-control-request-method" not in request.headers:
            return None
        return HTTPResponse(status=204, headers={"Vary": "Origin"})

    async def mark(request: Request, response: BaseHTTPResponse) -> None:
        if "origin" not in response.headers.get("vary", "").lower():
            response.headers["Vary"] = ", ".join(filter(None, (response.headers.get("vary", ""), "Origin")))
        origin = request.headers.get("origin")
        if origin is None or not (origin in allowed or "*" in allowed):
            return
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = EXPOSED
        if origin in allowed:  # a wildcard never carries cookies
            response.headers["Access-Control-Allow-Credentials"] = "true"
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Methods"] = METHODS
            response.headers["Access-Control-Allow-Headers"] = REQUEST_HEADERS
            response.headers["Access-Control-Max-Age"] = PREFLIGHT_SECONDS

    app.register_middleware(preflight, "request")
    app.register_middleware(mark, "response")
