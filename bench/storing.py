"""Storing slices that nobody has seen yet by STOW-RS, some in a request, over some connections."""

from __future__ import annotations

import http.client
import queue
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from bench.jobs import JSON
from bench.load import connect
from bench.parties import Party

BATCH = 10
_BOUNDARY = "bench-9f2c1f6d1f5b4a55"
_TYPE = f'multipart/related; type="application/dicom"; boundary={_BOUNDARY}'


@dataclass(frozen=True, slots=True)
class Stored:
    """What one run gave: instances a second, milliseconds of a request, CPU of the server for each instance."""

    per_second: float
    p50_ms: float
    cpu_ms: float
    failed: int


def store(party: Party, files: Sequence[bytes], connections: int, batch: int = BATCH) -> Stored:
    """Store all files; each connection takes the next batch when its last is acknowledged."""
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    for start in range(0, len(files), batch):
        waiting.put(body(files[start : start + batch]))
    times: list[float] = []
    failed: list[int] = []

    def work() -> None:
        connection = connect(party.root)
        with suppress(queue.Empty):
            while True:
                message = waiting.get_nowait()
                begun = time.perf_counter()
                status = _sent(connection, party, message)
                times.append(time.perf_counter() - begun)
                if status != 200:
                    failed.append(status)
        connection.close()

    begun, cpu = time.perf_counter(), party.cpu_seconds()
    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds, cpu = time.perf_counter() - begun, party.cpu_seconds() - cpu
    middle = sorted(times)[len(times) // 2]
    return Stored(len(files) / seconds, middle * 1000, cpu * 1000 / len(files), len(failed))


def body(files: Sequence[bytes]) -> bytes:
    """The message of one request."""
    head = f"--{_BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    return b"".join(b"".join((head, file, b"\r\n")) for file in files) + f"--{_BOUNDARY}--\r\n".encode()


def _sent(connection: http.client.HTTPConnection, party: Party, message: bytes) -> int:
    path = urlsplit(party.root).path + "/studies"
    connection.request("POST", path, message, {**party.accepting(JSON), "Content-Type": _TYPE})
    answer = connection.getresponse()
    answer.read()
    return answer.status
