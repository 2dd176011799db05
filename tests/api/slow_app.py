"""A small application with an answer that takes as long as a test wants, to see the supervisor stop without cutting it."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

from sanic import HTTPResponse, Request, Sanic
from sanic.response import json, text

from api import draining
from core.errors import Misconfigured
from infra.settings import Settings


def create_app(settings: Settings, _redis_url: str | None) -> Sanic[Any, Any]:
    """`/slow` ends once there is a file `go` in the data folder, `/readyz` says whether it drains, `/die` kills its process."""
    app: Sanic[Any, Any] = Sanic("slow", configure_logging=False)
    app.config.MOTD = False

    @app.get("/slow")
    async def slow(request: Request) -> None:
        response = await request.respond(content_type="text/plain")
        assert response is not None
        await response.send("begun ")
        while not (settings.home / "go").exists():
            await asyncio.sleep(0.02)
        await response.send("finished")

    @app.get("/readyz")
    async def readyz(_request: Request) -> HTTPResponse:
        waiting = draining.is_draining(settings.home)
        return text("not ready" if waiting else "ready", status=503 if waiting else 200)

    @app.get("/pid")
    async def pid(_request: Request) -> HTTPResponse:
        return json({"pid": os.getpid()})

    @app.get("/die")
    async def die(_request: Request) -> HTTPResponse:
        os.kill(os.getpid(), signal.SIGKILL)
        return text("never sent")

    return app


def create_broken_app(_settings: Settings, _redis_url: str | None) -> Sanic[Any, Any]:
    """An application that cannot start."""
    raise RuntimeError("broken on purpose")


def create_misconfigured_app(_settings: Settings, _redis_url: str | None) -> Sanic[Any, Any]:
    """An application with a setting that contradicts itself."""
    raise Misconfigured("misconfigured on purpose")
