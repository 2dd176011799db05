"""Starts everything that one installation runs, keeps it running, and stops it in order: no request is cut that could end."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from api import draining
from api.embedded_redis import EmbeddedRedis
from api.process import LISTEN_BACKLOG, GaveUp, KeptAlive, Plan, spawn
from core.errors import CloudfilmError, Misconfigured
from infra import pidfiles
from infra.children import ONE_THREAD
from infra.settings import MEBIBYTE, Settings

NOTICE_SECONDS = 1.0  # between "not ready" and closing the doors: a load balancer asks about once a second
SAME_WISH_SECONDS = 0.5
CLOSING_SECONDS = 10.0  # for a process to close its files after its last request

_log = logging.getLogger(__name__)


class Stopped(CloudfilmError):
    """Somebody stopped it before it was ready."""


SERVER = ("serve-process",)
OTHERS = {"worker": ("worker",)}  # process name → arguments


class Supervisor:
    """One start of one installation: `worker_count` processes of `server`, one of each of `others`."""

    def __init__(
        self, settings: Settings, *, server: tuple[str, ...] = SERVER, others: Mapping[str, tuple[str, ...]] = OTHERS
    ) -> None:
        self._settings = settings
        self._server_arguments = server
        self._others = others
        self._stop = asyncio.Event()
        self._at_once = asyncio.Event()
        self._stop_asked_at = 0.0
        self._kept: list[KeptAlive] = []
        self._not_ready = 0
        self._all_ready = asyncio.Event()
        self._environment: dict[str, str] = {}

    async def run(self, *, first: Sequence[Sequence[str]], on_ready: Callable[[int], None]) -> None:
        """Run until SIGTERM or SIGINT. `first` are commands that must succeed before the doors open; `on_ready` gets the port.

        Raises Misconfigured (port taken, data folder in use), GaveUp when a process cannot be kept alive.
        """
        self._listen_to_signals()
        with pidfiles.only_server_of(self._settings.home), _bound(self._settings) as listening:
            port = int(listening.getsockname()[1])
            draining.reset(self._settings.home)
            with _redis(self._settings) as redis, suppress(Stopped):
                self._environment = self._environment_of_children(port, redis)
                await self._prepare(first)
                _listen(listening, self._settings)
                await self._keep_alive(listening, lambda: on_ready(port), redis)
            draining.reset(self._settings.home)

    def _listen_to_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._stop_asked)

    def _stop_asked(self) -> None:
        """A second signal says: at once. One that follows on the heels of the first is the same wish, told twice by make."""
        at = asyncio.get_running_loop().time()
        if self._stop.is_set() and at - self._stop_asked_at > SAME_WISH_SECONDS:
            self._at_once.set()
        if not self._stop.is_set():
            self._stop_asked_at = at
        self._stop.set()

    def _environment_of_children(self, port: int, redis: EmbeddedRedis | None) -> dict[str, str]:
        """Ours, with what was decided here."""
        settings = self._settings
        decided = {
            "CLOUDFILM_HOME": str(settings.home),
            "CLOUDFILM_PORT": str(port),
            "CLOUDFILM_WORKERS": str(settings.worker_count),
            "CLOUDFILM_DEMO": str(int(settings.demo)),
            "CLOUDFILM_REDIS_URL": redis.url if redis else settings.redis_url or "none",
            "PROMETHEUS_MULTIPROC_DIR": str(_empty_metrics_folder(settings)),
        }
        return {**os.environ, **ONE_THREAD, **decided}  # the processes are our parallelism

    async def _prepare(self, commands: Sequence[Sequence[str]]) -> None:
        for command in commands:
            process = await spawn(self._plan(command[0], tuple(command)))
            if not await self._unless_stopped(process.wait()):
                await _end(process)
                raise Stopped("stopped while starting")
            if process.returncode:
                raise GaveUp(f"{command[0]} failed (exit {process.returncode}); see the lines above")

    async def _unless_stopped(self, work: Awaitable[Any]) -> bool:
        """True when `work` ended, False when a stop was asked first."""
        tasks = [asyncio.ensure_future(work), asyncio.ensure_future(self._stop.wait())]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        tasks[1].cancel()
        return tasks[0].done()

    async def _keep_alive(self, listening: socket.socket, on_ready: Callable[[], None], redis: EmbeddedRedis | None) -> None:
        servers = [self._server(number, listening) for number in range(1, self._settings.worker_count + 1)]
        others = [self._plan(name, arguments) for name, arguments in self._others.items()]
        self._kept = [KeptAlive(plan, self._one_ready) for plan in (*servers, *others)]
        self._not_ready = len(self._kept)
        lives = [asyncio.create_task(kept.run()) for kept in self._kept]
        asked = asyncio.create_task(self._stop.wait())
        beside: list[asyncio.Task[Any]] = [asked, asyncio.create_task(self._tell_when_ready(on_ready))]
        if redis is not None:
            beside.append(asyncio.create_task(redis.keep_alive()))
        await asyncio.wait([asked, *lives], return_when=asyncio.FIRST_COMPLETED)
        for task in beside:
            task.cancel()
        await self._stop_all(listening, lives)
        for life in lives:
            life.result()

    def _server(self, number: int, listening: socket.socket) -> Plan:
        descriptor = listening.fileno()
        return self._plan(
            f"server-{number}",
            (*self._server_arguments, "--number", str(number), "--listening-fd", str(descriptor)),
            (descriptor,),
        )

    def _plan(self, name: str, arguments: tuple[str, ...], pass_fds: tuple[int, ...] = ()) -> Plan:
        return Plan(name, arguments, self._environment, self._settings.home, pass_fds)

    def _one_ready(self) -> None:
        self._not_ready -= 1
        if self._not_ready == 0:
            self._all_ready.set()

    async def _tell_when_ready(self, on_ready: Callable[[], None]) -> None:
        await self._all_ready.wait()
        on_ready()

    async def _stop_all(self, listening: socket.socket, lives: list[asyncio.Task[None]]) -> None:
        _log.info("stopping")
        draining.begin(self._settings.home)
        if not any(life.done() for life in lives):
            await self._wait(asyncio.sleep(min(NOTICE_SECONDS, self._settings.drain_seconds)), NOTICE_SECONDS)
        listening.close()
        for kept in self._kept:
            kept.stop()
        await self._wait(asyncio.wait(lives), self._settings.drain_seconds + CLOSING_SECONDS)
        for kept in self._kept:
            kept.kill()
        await asyncio.wait(lives)

    async def _wait(self, work: Awaitable[Any], seconds: float) -> None:
        """Until `work` is done, the time is over, or a second signal says: at once."""
        tasks = [asyncio.ensure_future(work), asyncio.ensure_future(self._at_once.wait())]
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()


@contextmanager
def _bound(settings: Settings) -> Iterator[socket.socket]:
    """The socket of this server, bound but not yet listening: whoever calls too early is refused, not left waiting."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with _port_explained(settings):
            listening.bind((settings.host, settings.port))
        yield listening


def _listen(listening: socket.socket, settings: Settings) -> None:
    with _port_explained(settings):  # another may have been bound beside us and listened first
        listening.listen(LISTEN_BACKLOG)


@contextmanager
def _port_explained(settings: Settings) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Misconfigured(
            f"cannot listen on {settings.host} port {settings.port} ({error.strerror}): "
            "stop what uses it, or choose another with PORT=… (CLOUDFILM_PORT)"
        ) from error


@contextmanager
def _redis(settings: Settings) -> Iterator[EmbeddedRedis | None]:
    if settings.redis_url:
        yield None
        return
    redis = EmbeddedRedis(settings.home, settings.redis_memory_mib * MEBIBYTE)
    try:
        yield redis
    finally:
        redis.stop()


def _empty_metrics_folder(settings: Settings) -> Path:
    """The folder through which the processes of one start add up their numbers, without those of the last start."""
    folder = settings.home / "run" / "metrics"
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("*.db"):
        file.unlink(missing_ok=True)
    return folder


async def _end(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), CLOSING_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
