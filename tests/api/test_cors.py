"""CORS: the origins that the operator names may call, also when the answer is an error; nobody else."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from sanic import HTTPResponse, Request, Sanic

from api import cors
from api.errors import problem
from core.errors import NotFound

VIEWER = "https://viewer.example"


@asynccontextmanager
async def serving(*origins: str) -> AsyncIterator[httpx.AsyncClient]:
    """A server with one page, one failure, and these origins."""
    app = Sanic(f"cors{len(Sanic._app_registry)}", configure_logging=False)

    app.config.TOUCHUP = False  # Sanic rewrites its own methods for the first application of a process

    async def page(_: Request) -> HTTPResponse:
        return HTTPResponse("page", headers={"Vary": "Accept"})

    async def failure(_: Request) -> HTTPResponse:
        raise NotFound("nothing")

    app.add_route(page, "/page")
    app.add_route(failure, "/failure")
    app.error_handler.add(Exception, problem)
    cors.allow(app, origins)
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    server: Any = await app.create_server(sock=listening, return_asyncio_server=True)
    await server.startup()
    await server.start_serving()
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            yield client
    finally:
        await server.close()
        Sanic.unregister_app(app)


async def test_a_named_origin_may_call_and_sees_errors_too() -> None:
    async with serving(VIEWER) as client:
        for path, status in (("/page", 200), ("/failure", 404), ("/no/such/page", 404)):
            answer = await client.get(path, headers={"Origin": VIEWER})
            assert answer.status_code == status
            assert answer.headers["access-control-allow-origin"] == VIEWER
            assert answer.headers["access-control-allow-credentials"] == "true"
            assert "ETag" in answer.headers["access-control-expose-headers"]
            assert "Origin" in answer.headers["vary"]


async def test_a_preflight_is_answered_without_a_token() -> None:
    async with serving(VIEWER) as client:
        asked = {"Origin": VIEWER, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
        answer = await client.options("/page", headers=asked)
    assert answer.status_code == 204
    assert "Authorization" in answer.headers["access-control-allow-headers"]
    assert "GET" in answer.headers["access-control-allow-methods"]


async def test_other_origins_get_no_permission() -> None:
    async with serving(VIEWER) as client:
        for origin in ("https://evil.example", "null", VIEWER + ".evil.example", "http://viewer.example"):
            for answer in (
                await client.get("/page", headers={"Origin": origin}),
                await client.options("/page", headers={"Origin": origin, "Access-Control-Request-Method": "GET"}),
            ):
                assert not any(name.startswith("access-control") for name in answer.headers), origin


async def test_what_may_be_kept_by_a_cache_depends_on_the_origin() -> None:
    async with serving(VIEWER) as client:
        assert (await client.get("/page")).headers["vary"] == "Accept, Origin"


async def test_all_origins_never_means_their_cookies() -> None:
    async with serving("*") as client:
        answer = await client.get("/page", headers={"Origin": "https://anybody.example"})
    assert answer.headers["access-control-allow-origin"] == "https://anybody.example"
    assert "access-control-allow-credentials" not in answer.headers


async def test_without_named_origins_nothing_is_said() -> None:
    async with serving() as client:
        answer = await client.get("/page", headers={"Origin": VIEWER})
    assert not any(name.startswith("access-control") for name in answer.headers)
    assert answer.headers["vary"] == "Accept"
