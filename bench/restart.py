"""A cold start: the server's files leave the page cache, it starts, answers, and somebody opens a film at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from bench.film import opened_ms
from bench.parties import Party
from bench.study import Series


def cold(
    home: Path, stop: Callable[[], object], start: Callable[[], float], party: Party, series: Series
) -> tuple[float, float]:
    """Milliseconds until it answers, and then of the first film."""
    stop()
    _forget(home)
    answered = start() * 1000
    return answered, opened_ms(party, series)


def _forget(home: Path) -> None:
    """Have the kernel drop these files from memory; only theirs, and without being root."""
    for path in home.rglob("*"):
        if path.is_file():
            file = os.open(path, os.O_RDONLY)
            os.fsync(file)  # what is not yet on disk would stay in memory
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(file)
