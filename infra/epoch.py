"""A number that all processes of this machine share: it changes when what they remember must be asked for again."""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
from pathlib import Path

_FORM = struct.Struct("<Q")


class Epoch:
    """Reading costs a memory access; a change is seen by every process at its next look."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if os.fstat(self._file).st_size < _FORM.size:
            os.posix_fallocate(self._file, 0, _FORM.size)  # with its room on the disk: else touching it may kill us (SIGBUS)
        self._memory = mmap.mmap(self._file, _FORM.size)

    @property
    def value(self) -> int:
        """The present number."""
        number: int = _FORM.unpack_from(self._memory)[0]
        return number

    def advance(self) -> None:
        """Make everybody ask again."""
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            _FORM.pack_into(self._memory, 0, self.value + 1)
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the memory back."""
        self._memory.close()
        os.close(self._file)


def sessions_epoch(home: Path) -> Epoch:
    """Advances when a session was revoked."""
    return _opened(home / "run" / "sessions.epoch")


def archive_epoch(home: Path) -> Epoch:
    """Advances when an instance was replaced or deleted; new instances do not need it."""
    return _opened(home / "run" / "archive.epoch")


def arrivals_epoch(home: Path) -> Epoch:
    """Advances with every change below any study: lists of what a study holds must be asked for again."""
    return _opened(home / "run" / "arrivals.epoch")


def _opened(path: Path) -> Epoch:
    """Advanced once: a process that was killed between its commit and `advance` owes it to the others."""
    epoch = Epoch(path)
    epoch.advance()
    return epoch
