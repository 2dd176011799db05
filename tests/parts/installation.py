"""A whole cloudfilm in a folder of its own, started by the command that an operator types."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import psutil  # type: ignore[import-untyped]

from infra import leash
from tests.parts import commands

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 180.0
STOP_SECONDS = 120.0
COMMAND_SECONDS = 300.0
LOOK_SECONDS = 0.02
_held: list[socket.socket] = []


class Installation:
    """`settings` are CLOUDFILM_ variables without their prefix. It listens on the same port whenever it is started."""

    def __init__(self, home: Path, **settings: str | int) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        own = {"HOME": home, "PORT": self.port, "DEMO": 1, "HL7_PORT": 0, "DICOM_PORT": 0, **settings}
        foreign = {name: value for name, value in os.environ.items() if not name.startswith("CLOUDFILM_")}
        self._environment = foreign | {f"CLOUDFILM_{name}": str(value) for name, value in own.items()}

    def __enter__(self) -> Installation:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def set(self, **settings: str | int) -> None:
        """Change settings from the next start on."""
        self._environment |= {f"CLOUDFILM_{name}": str(value) for name, value in settings.items()}

    def start(self) -> float:
        """Start it and wait until it may serve; the seconds that took. Raises RuntimeError with its last words.

        Call it from a thread that stays: with that thread it dies.
        """
        begun = time.monotonic()
        (self.home / "log").mkdir(parents=True, exist_ok=True)
        with self._words.open("ab") as words:
            dies_with_us = (sys.executable, "-I", "-S", leash.__file__, str(os.getpid()))
            command = [*dies_with_us, sys.executable, "-m", "api", "serve"]
            self._process = subprocess.Popen(command, cwd=ROOT, env=self._environment, stdout=words, stderr=words)
        self._wait(self.is_ready, START_SECONDS)
        return time.monotonic() - begun

    def stop(self) -> int:
        """Stop in order; the exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """SIGKILL to all of it; returns once nothing of it runs."""
        if self._process is None:
            return
        processes = self.processes()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        end = time.monotonic() + STOP_SECONDS
        while any(map(_lives, processes)) and time.monotonic() < end:
            time.sleep(LOOK_SECONDS)

    def kill_one(self, name: str) -> bool:
        """SIGKILL to the process of that pid file, such as "server-1"; False when it does not run."""
        pid = self.alive().get(name)
        with suppress(ProcessLookupError):
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
                return True
        return False

    def alive(self) -> dict[str, int]:
        """Name of a pid file → pid, of those that are ours and live: numbers in old files may be somebody else's by now."""
        ours = {process.pid for process in self.processes()}
        named = {path.stem: _number(path) for path in (self.home / "run").glob("*.pid")}
        return {name: pid for name, pid in named.items() if pid in ours}

    def is_ready(self) -> bool:
        """True when it says that it may serve."""
        with suppress(URLError, OSError), urlopen(f"{self.url}/readyz", timeout=30) as answer:
            return bool(answer.status == 200)
        return False

    def runs(self) -> bool:
        """False once the supervisor has ended."""
        return self._process is not None and self._process.poll() is None

    def processes(self) -> list[psutil.Process]:
        """The supervisor and all below it."""
        with suppress(psutil.NoSuchProcess):
            if self._process is not None:
                supervisor = psutil.Process(self._process.pid)
                return [supervisor, *supervisor.children(recursive=True)]
        return []

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `python -m api WORDS…` to its end."""
        if words[0] in commands.SHORT:
            return commands.run(words, self._environment)
        command = [sys.executable, "-m", "api", *words]
        return subprocess.run(
            command, cwd=ROOT, env=self._environment, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False
        )

    def token(self, role: str = "hospital", hospital: str = "demo") -> str:
        """A bearer token; raises RuntimeError when there is none to have."""
        done = self.command("token", "--role", role, "--hospital", hospital, "--ttl", "12h")
        if done.returncode != 0:
            raise RuntimeError(f"no token: {done.stderr.strip()}")
        return done.stdout.strip()

    def logged(self) -> str:
        """All that it has logged so far. Lines wait a second to be written, so one is made by us and waited for."""
        mark = f"/nowhere-{time.monotonic_ns() % 1_000_000}"
        with suppress(HTTPError):
            urlopen(self.url + mark, timeout=START_SECONDS)
        end = time.monotonic() + START_SECONDS
        while mark not in (logged := self._log_files()) and time.monotonic() < end:
            time.sleep(LOOK_SECONDS)
        assert mark in logged, "it logs nothing"
        return logged

    def _log_files(self) -> str:
        return "".join(path.read_text(errors="replace") for path in (self.home / "log").iterdir())

    @property
    def _words(self) -> Path:
        return self.home / "log" / "words.txt"

    def _wait(self, done: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not done():
            if not self.runs() or time.monotonic() > end:
                raise RuntimeError(f"cloudfilm did not start: {self._words.read_text(errors='replace')[-2000:]}")
            time.sleep(LOOK_SECONDS)


def free_port() -> int:
    """A port of this machine that nobody listens on now, and that nobody else is given as long as this process lives."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # servers say that too, and so may listen on it beside us
    held.bind(("127.0.0.1", 0))
    _held.append(held)
    return int(held.getsockname()[1])


def _lives(process: psutil.Process) -> bool:
    """False also for a zombie: whoever adopted it may be slow to ask for its end."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _number(path: Path) -> int:
    with suppress(OSError, ValueError):
        return int(path.read_text())
    return 0
