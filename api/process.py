"""One process that the supervisor keeps alive: started, watched, started again when it dies, stopped in order."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.errors import CloudfilmError
from infra import leash, pidfiles

ROOT = Path(__file__).resolve().parent.parent
EXIT_MISCONFIGURED = 78  # sysexits.h EX_CONFIG: starting again cannot help
LISTEN_BACKLOG = 1024  # connections that wait while all server processes are busy
START_SECONDS = 90.0  # importing everything on a busy machine
SHORT_LIFE_SECONDS = 20.0  # who dies sooner counts as dying at once
SHORT_LIVES_ALLOWED = 5
FIRST_DELAY_SECONDS = 0.2
LONGEST_DELAY_SECONDS = 10.0

_log = logging.getLogger(__name__)


class GaveUp(CloudfilmError):
    """A process dies again and again; its own log says why."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How to start a process. `arguments` come after `python -m api`; the number of its ready pipe is added."""

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    home: Path
    pass_fds: tuple[int, ...] = ()


def delay_seconds(short_lives: int) -> float:
    """How long to wait before starting again after that many short lives in a row."""
    return min(FIRST_DELAY_SECONDS * 2.0 ** max(0, short_lives - 1), LONGEST_DELAY_SECONDS)


async def spawn(plan: Plan, *, pass_fds: Sequence[int] = (), more: Sequence[str] = ()) -> Process:
    """Start it: it dies with this process, and a Ctrl-C at the terminal reaches this process alone."""
    command = (sys.executable, "-I", "-S", leash.__file__, str(os.getpid()))
    program = (sys.executable, "-m", "api", *plan.arguments, *more)
    return await asyncio.create_subprocess_exec(
        *command,
        *program,
        stdin=DEVNULL,
        env=plan.environment,
        cwd=ROOT,
        pass_fds=tuple(pass_fds),
        start_new_session=True,
    )


class KeptAlive:
    """Runs a plan until `stop`; raises GaveUp when that is hopeless."""

    def __init__(self, plan: Plan, on_ready: Callable[[], None]) -> None:
        self._plan = plan
        self._on_ready = on_ready
        self._process: Process | None = None
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Return once it was stopped."""
        short_lives = 0
        while not self._stopping.is_set():
            lived_seconds, code = await self._one_life()
            if self._stopping.is_set():
                return
            if code == EXIT_MISCONFIGURED:
                raise GaveUp(f"{self._plan.name} refuses its configuration")
            short_lives = short_lives + 1 if lived_seconds < SHORT_LIFE_SECONDS else 1
            if short_lives >= SHORT_LIVES_ALLOWED:
                raise GaveUp(f"{self._plan.name} died {short_lives} times in a row (last exit {code}); see its log")
            _log.warning("%s died (exit %s), starting it again", self._plan.name, code)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay_seconds(short_lives))

    def stop(self) -> None:
        """Ask it to end; it is not started again."""
        self._stopping.set()
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it now."""
        self._stopping.set()
        self._signal(signal.SIGKILL)

    async def _one_life(self) -> tuple[float, int]:
        loop = asyncio.get_running_loop()
        process = self._process = await self._start()
        if self._stopping.is_set():  # asked while it was being started
            self._signal(signal.SIGTERM)
        born_at = loop.time()
        try:
            code = await process.wait()
        finally:
            pidfiles.remove_pid(self._plan.home, self._plan.name)
        return loop.time() - born_at, code

    async def _start(self) -> Process:
        readable, writable = os.pipe()
        try:
            process = await spawn(self._plan, pass_fds=(*self._plan.pass_fds, writable), more=("--ready-fd", str(writable)))
        finally:
            os.close(writable)
        pidfiles.write_pid(self._plan.home, self._plan.name, process.pid)
        self._watch_readiness(process, readable)
        return process

    def _watch_readiness(self, process: Process, readable: int) -> None:
        loop = asyncio.get_running_loop()
        too_late = loop.call_later(START_SECONDS, self._signal, signal.SIGKILL)

        def look() -> None:
            loop.remove_reader(readable)
            too_late.cancel()
            line = os.read(readable, 64)
            os.close(readable)
            if line and process is self._process:
                self._on_ready()

        loop.add_reader(readable, look)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)
