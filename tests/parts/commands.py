"""Operator commands in processes forked from one that has imported everything: their start is most of their time.

A program of its own: it reads requests as lines of JSON, and answers each with the exit status and what was printed.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import Lock

ROOT = Path(__file__).resolve().parents[2]
SHORT = frozenset({"hospital", "token"})  # what tests need to begin
IMPORTED = ("audit", "export", "hl7", "hospital", "import_files", "migrate", "notices", "scrub", "selfcheck", "token")
_one_at_a_time = Lock()


def run(words: tuple[str, ...], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """What `python -m api WORDS…` does, without waiting for its imports."""
    with _one_at_a_time:
        server = _server()
        assert server.stdin is not None and server.stdout is not None
        server.stdin.write(json.dumps({"words": words, "environment": dict(environment)}) + "\n")
        server.stdin.flush()
        told = json.loads(server.stdout.readline())
    return subprocess.CompletedProcess(["api", *words], told["status"], told["out"], told["err"])


@cache
def _server() -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.parts.commands"]
    server = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(server.communicate)  # it ends with its input, also when we are killed
    return server


def _serve() -> None:
    for name in IMPORTED:
        import_module(f"api.commands.{name}")
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(_answer(asked["words"], asked["environment"])), flush=True)


def _answer(words: list[str], environment: dict[str, str]) -> dict[str, str | int]:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            _become(words, environment, out.fileno(), err.fileno())
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        out.seek(0)
        err.seek(0)
        return {"status": status, "out": out.read().decode(), "err": err.read().decode()}


def _become(words: list[str], environment: dict[str, str], out: int, err: int) -> None:
    """In the child: the command, to its end."""
    status = 1
    try:
        os.environ.clear()
        os.environ.update(environment)
        for own, place in ((out, 1), (err, 2)):
            os.dup2(own, place)
        status = import_module("api.__main__").main(words)
        sys.stdout.flush()
        sys.stderr.flush()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    finally:
        os._exit(status)


if __name__ == "__main__":
    _serve()
