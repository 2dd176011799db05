"""Asking one server for many paths over some connections for some seconds: by wrk, or by Python where there is no wrk."""

from __future__ import annotations

import http.client
import json
import math
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

SCRIPT = Path(__file__).with_name("load.lua")
INSTALL = "wrk is missing, a slower client in Python is used: `apt-get install wrk`"
LONGEST_SECONDS = 12
ROUNDS = 2.5  # of all connections that a slow server should get through
TIMEOUT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Load:
    """What one run gave. `failed` counts answers that were not 2xx or 3xx, and connections that broke."""

    per_second: float
    p50_ms: float
    p99_ms: float
    bytes_per_answer: float
    requests: int
    failed: int


def has_wrk() -> bool:
    """True when the quick client is here."""
    return shutil.which("wrk") is not None


def run(root: str, paths: Sequence[str], headers: Mapping[str, str], *, connections: int, seconds: int) -> Load:
    """Ask for `root` + each path in turn. A slow server gets more time than `seconds`, at most LONGEST_SECONDS."""
    one = _one_answer_seconds(root + paths[0], headers)
    seconds = math.ceil(min(LONGEST_SECONDS, max(seconds, ROUNDS * connections * one)))
    ask = _by_wrk if has_wrk() else _by_python
    return ask(root, paths, headers, connections, seconds)


def get(url: str, headers: Mapping[str, str], connection: http.client.HTTPConnection | None = None) -> tuple[int, bytes]:
    """One answer; over a connection of its own unless one is given."""
    parts = urlsplit(url)
    used = connection or connect(url)
    used.request("GET", f"{parts.path}?{parts.query}" if parts.query else parts.path, headers=dict(headers))
    answer = used.getresponse()
    body = answer.read()
    if connection is None:
        used.close()
    return answer.status, body


def connect(url: str) -> http.client.HTTPConnection:
    """A connection to the server of that URL."""
    return http.client.HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT_SECONDS)


def _one_answer_seconds(url: str, headers: Mapping[str, str]) -> float:
    begun = time.perf_counter()
    get(url, headers)
    return time.perf_counter() - begun


def _by_wrk(root: str, paths: Sequence[str], headers: Mapping[str, str], connections: int, seconds: int) -> Load:
    parts = urlsplit(root)
    with tempfile.NamedTemporaryFile("w", suffix=".paths") as file:
        file.write("\n".join(parts.path + path for path in paths))
        file.flush()
        lines = "\n".join(f"{name}: {value}" for name, value in headers.items())
        options = ["-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", f"{TIMEOUT_SECONDS}s", "-s", str(SCRIPT)]
        said = subprocess.run(
            ["wrk", *options, f"{parts.scheme}://{parts.netloc}"],
            env={**os.environ, "BENCH_PATHS": file.name, "BENCH_HEADERS": lines},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    found = json.loads(said.rpartition("RESULT ")[2])
    return Load(
        per_second=found["requests"] / (found["microseconds"] / 1e6),
        p50_ms=found["p50"] / 1000,
        p99_ms=found["p99"] / 1000,
        bytes_per_answer=found["bytes"] / max(1, found["requests"]),
        requests=found["requests"],
        failed=found["failed"] + (found["requests"] == 0),
    )


def _by_python(root: str, paths: Sequence[str], headers: Mapping[str, str], connections: int, seconds: int) -> Load:
    end = time.perf_counter() + seconds
    answers: list[tuple[float, int, bool]] = []

    def ask(first: int) -> None:
        connection, at = connect(root), first
        while (begun := time.perf_counter()) < end:
            status, body = get(root + paths[at % len(paths)], headers, connection)
            answers.append((time.perf_counter() - begun, len(body), status >= 400))
            at += connections
        connection.close()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times = sorted(each[0] for each in answers)
    return Load(
        per_second=len(answers) / seconds,
        p50_ms=times[len(times) // 2] * 1000,
        p99_ms=times[len(times) * 99 // 100] * 1000,
        bytes_per_answer=sum(each[1] for each in answers) / len(answers),
        requests=len(answers),
        failed=sum(each[2] for each in answers),
    )
