"""One byte that all processes of a server share: set when it stops, so that /readyz says so before the doors close."""

from __future__ import annotations

import mmap
import os
from pathlib import Path

_maps: dict[Path, mmap.mmap] = {}


def is_draining(home: Path) -> bool:
    """True once the server of this data folder is stopping; costs a memory access."""
    return _map(home)[0] != 0


def begin(home: Path) -> None:
    """Say to all processes that this server stops."""
    _map(home)[0] = 1


def reset(home: Path) -> None:
    """A new start; the flag may be left from one that was killed."""
    _map(home)[0] = 0


def _map(home: Path) -> mmap.mmap:
    known = _maps.get(home)
    if known is None:
        known = _maps[home] = _open(home / "run" / "draining")
    return known


def _open(path: Path) -> mmap.mmap:
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if os.fstat(file).st_size == 0:
            os.ftruncate(file, 1)
        return mmap.mmap(file, 1)
    finally:
        os.close(file)
