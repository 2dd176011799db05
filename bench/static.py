"""A static file server to be compared with: bare uvloop, one process a core, each answer read from the file anew."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import cast
from urllib.error import URLError
from urllib.request import urlopen

import psutil  # type: ignore[import-untyped]
import uvloop

from infra import leash
from tests.parts.installation import ROOT, free_port

NAME = "static (uvloop)"
START_SECONDS = 20.0
LOOK_SECONDS = 0.02
END_OF_HEADER = b"\r\n\r\n"
READY = "/ready"


class Static:
    """The server of one folder."""

    def __init__(self, folder: Path) -> None:
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / READY.removeprefix("/")).write_bytes(b"yes")
        dies_with_us = (sys.executable, "-I", "-S", leash.__file__, str(os.getpid()))
        command = [*dies_with_us, sys.executable, "-m", "bench.static", str(folder), str(port)]
        cores = range(len(os.sched_getaffinity(0)))
        self._running = [subprocess.Popen(command, cwd=ROOT) for _ in cores]
        self._wait()

    def processes(self) -> list[psutil.Process]:
        """All that belong to it."""
        return [psutil.Process(each.pid) for each in self._running if each.poll() is None]

    def stop(self) -> None:
        """Returns once nothing of it runs."""
        for each in self._running:
            each.kill()
            each.wait()

    def _wait(self) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            try:
                with urlopen(self.url + READY, timeout=1):
                    return
            except (URLError, OSError):
                time.sleep(LOOK_SECONDS)
        raise RuntimeError("the static server did not start")


class _Files(asyncio.Protocol):
    """GET of a file by its name, on connections that stay open. For a benchmark on the loopback, not for strangers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._asked = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._asked += data
        while END_OF_HEADER in self._asked:
            head, _, self._asked = self._asked.partition(END_OF_HEADER)
            name = head.split(b" ", 2)[1].decode("ascii").rpartition("/")[2]
            body = (self._folder / name).read_bytes()
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nContent-Type: image/jpeg\r\n\r\n" % len(body))
            self._transport.write(body)


async def _serve(folder: Path, port: int) -> None:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listening.bind(("127.0.0.1", port))
    server = await asyncio.get_running_loop().create_server(lambda: _Files(folder), sock=listening, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(Path(sys.argv[1]), int(sys.argv[2])))
