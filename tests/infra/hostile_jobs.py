"""Jobs that no child should survive, and some that it should; run inside limited children by test_children."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import dataclass

from core.errors import NotFound


@dataclass(frozen=True)
class Sum:
    """A result that is not plain."""

    total: int
    pid: int


def add(numbers: list[int]) -> Sum:
    return Sum(sum(numbers), os.getpid())


def echo(data: bytes) -> bytes:
    return data


def nap(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def crash() -> None:
    os.abort()


def leave() -> None:
    os._exit(3)


def loop() -> None:
    while True:
        pass


def hang() -> None:
    time.sleep(3600)


def eat_memory() -> int:
    hoard = [bytearray(64 << 20) for _ in range(1000)]
    return len(hoard)


def recurse(depth: int = 0) -> int:
    return recurse(depth + 1)


def fail(word: str) -> None:
    raise ValueError(word)


def refuse() -> None:
    raise NotFound("no such study")


def print_much() -> int:
    print("x" * 100_000)
    sys.stdout.flush()
    return 7


def environment() -> dict[str, str]:
    return dict(os.environ)


def endless_answer() -> bytes:
    return bytes(300 << 20)
