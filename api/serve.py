"""One server process: answers requests on a socket that the supervisor listens on, and stops in order."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Callable
from typing import Any

import uvloop
from sanic import Sanic
from sanic.server.async_server import AsyncioServer

from api.process import LISTEN_BACKLOG
from api.protocol import Protocol
from infra.malloc import use_one_arena
from infra.settings import Settings

LOOK_SECONDS = 0.05
SAY_READY = b"ready\n"

CreateApp = Callable[[Settings, str | None], Sanic[Any, Any]]

_log = logging.getLogger(__name__)


def serve(create_app: CreateApp, settings: Settings, *, listening_fd: int, ready_fd: int) -> None:
    """Serve until SIGTERM, then let running requests end for `drain_seconds`. A line on `ready_fd` tells of readiness."""
    use_one_arena()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(create_app, settings, socket.socket(fileno=listening_fd), ready_fd))


def redis_url(settings: Settings) -> str | None:
    """The Redis to use, or None to do without; under the supervisor the embedded one stands in the environment."""
    return None if settings.redis_url in ("", "none") else settings.redis_url


async def _serve(create_app: CreateApp, settings: Settings, listening: socket.socket, ready_fd: int) -> None:
    stop = stop_event()
    server = await _started(create_app(settings, redis_url(settings)), listening)
    say_ready(ready_fd)
    _log.info("serving")
    await stop.wait()
    await _drain(server, settings.drain_seconds)
    _log.info("stopped")


def stop_event() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def say_ready(ready_fd: int) -> None:
    """Tell the supervisor that this process does its work from now on."""
    os.write(ready_fd, SAY_READY)
    os.close(ready_fd)


async def _started(app: Sanic[Any, Any], listening: socket.socket) -> AsyncioServer:
    server = await app.create_server(
        sock=listening, backlog=LISTEN_BACKLOG, protocol=Protocol, asyncio_server_kwargs={"start_serving": False}
    )
    assert server is not None
    await server.startup()  # type: ignore[no-untyped-call]
    await server.before_start()  # type: ignore[no-untyped-call]
    await server.start_serving()  # type: ignore[no-untyped-call]
    await server.after_start()  # type: ignore[no-untyped-call]
    return server


async def _drain(server: AsyncioServer, seconds: float) -> None:
    await server.before_stop()  # type: ignore[no-untyped-call]
    server.close()  # type: ignore[no-untyped-call]
    await _let_requests_end(server, seconds)
    if server.connections:
        _log.warning("cut connections that did not end in time", extra={"connections": len(server.connections)})
    for connection in tuple(server.connections):
        connection.abort()
    await server.after_stop()  # type: ignore[no-untyped-call]


async def _let_requests_end(server: AsyncioServer, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while server.connections and loop.time() < end:
        for connection in tuple(server.connections):
            connection.say_goodbye()
        await asyncio.sleep(LOOK_SECONDS)
