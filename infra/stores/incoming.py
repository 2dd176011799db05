"""Half-written files: every process has a folder for its own, and whoever opens the store sweeps those of the dead."""

from __future__ import annotations

import fcntl
import itertools
import os
import secrets
import shutil
from pathlib import Path

FOLDER = ".incoming"


class Incoming:
    """The folder in which this process writes before it renames. A lock on the folder says that its process lives."""

    def __init__(self, root: Path) -> None:
        folder = root / FOLDER
        folder.mkdir(exist_ok=True)
        gate = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            # Held while sweeping and while making our own, so that nobody sweeps a folder before it is locked.
            fcntl.flock(gate, fcntl.LOCK_EX)
            self.swept = sum(_swept(each) for each in sorted(folder.iterdir()))
            self._own = folder / secrets.token_hex(8)
            self._own.mkdir()
            self._lock = os.open(self._own, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        finally:
            os.close(gate)
        self._numbers = itertools.count()

    def new(self) -> Path:
        """A name that no file has yet."""
        return self._own / f"{next(self._numbers)}.tmp"

    def close(self) -> None:
        """Remove the folder with whatever is left in it."""
        shutil.rmtree(self._own, ignore_errors=True)
        os.close(self._lock)


def _swept(entry: Path) -> int:
    """Remove what a dead process left; the number of files removed."""
    try:
        lock = os.open(entry, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return 0  # its owner has just closed
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return _emptied(entry)
    except BlockingIOError:
        return 0  # its owner lives
    finally:
        os.close(lock)


def _emptied(folder: Path) -> int:
    files = len(list(folder.glob("*.tmp")))
    shutil.rmtree(folder, ignore_errors=True)
    return files
