"""What watches the system asks: does it live, may it serve, how does it do."""

from __future__ import annotations

import hmac

from sanic import Blueprint, HTTPResponse, Request
from sanic.response import json

from api.access import bearer, public
from api.draining import is_draining
from api.services import Services
from core.clock import now
from core.errors import NotFound, Unauthenticated, Unavailable
from core.grants import Role
from infra import metrics
from infra.database import is_alive

routes = Blueprint("operations")


@routes.get("/healthz")
@public("says only that the process lives")
async def healthz(_request: Request) -> HTTPResponse:
    """The process lives."""
    return json({"status": "ok"})


@routes.get("/readyz")
@public("says only whether requests should be sent here")
async def readyz(request: Request) -> HTTPResponse:
    """200 when requests may be sent here; 503 while starting or stopping, or without a database."""
    services: Services = request.app.ctx.services
    if is_draining(services.settings.home) or not await is_alive():
        raise Unavailable("not ready", retry_after_seconds=1)
    return json({"status": "ready"})


@routes.get("/metrics")
@public("answers 404 unless the metrics token or an administrator's token comes with it")
async def metrics_page(request: Request) -> HTTPResponse:
    """Prometheus text format."""
    if not await _may_see_metrics(request):
        raise NotFound("no such page")
    return HTTPResponse(metrics.exposition(), content_type=metrics.CONTENT_TYPE)


async def _may_see_metrics(request: Request) -> bool:
    services: Services = request.app.ctx.services
    try:
        token = bearer(request)
        expected = services.settings.metrics_token
        if expected and hmac.compare_digest(token.encode(), expected.encode()):
            return True
        return (await services.sessions.grant(token, now())).role is Role.ADMIN
    except Unauthenticated:
        return False
