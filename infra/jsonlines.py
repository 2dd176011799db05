"""A log file of JSON lines: written in batches, so that a busy server does not wait for the disk, and rotated by size."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path

import orjson

ROTATE_BYTES = 64 << 20
OLD_FILES_KEPT = 5
BATCH_BYTES = 64 << 10
FLUSH_SECONDS = 1.0  # what a killed process may lose of its ordinary lines; warnings are written at once


class JsonLines:
    """One file of one process; every method may be called from any thread."""

    def __init__(self, path: Path, *, rotate_bytes: int = ROTATE_BYTES) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._rotate_bytes = rotate_bytes
        self._waiting = bytearray()
        self._lock = threading.Lock()
        self._file = self._open()
        self._closed = threading.Event()
        threading.Thread(target=self._flush_for_ever, name="log", daemon=True).start()

    def write(self, line: Mapping[str, object], *, at_once: bool = False) -> None:
        """Add a line; it is in the file within a second, or when this returns if `at_once`."""
        data = orjson.dumps(line, default=str, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)
        with self._lock:
            self._waiting += data
            if at_once or len(self._waiting) >= BATCH_BYTES:
                self._write_waiting()

    def flush(self) -> None:
        """Write what waits."""
        with self._lock:
            self._write_waiting()

    def close(self) -> None:
        """Write what waits and close the file."""
        self._closed.set()
        with self._lock:
            self._write_waiting()
            os.close(self._file)
            self._file = -1

    def _open(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)

    def _write_waiting(self) -> None:
        data, self._waiting = self._waiting, bytearray()
        if not data or self._file < 0:
            return
        try:
            os.write(self._file, data)
            if os.fstat(self._file).st_size >= self._rotate_bytes:
                self._rotate()
        except OSError:  # a full disk must not stop the service; what the log says then is lost
            return

    def _rotate(self) -> None:
        for number in range(OLD_FILES_KEPT - 1, 0, -1):
            older = self._numbered(number)
            if older.exists():
                older.replace(self._numbered(number + 1))
        self._path.replace(self._numbered(1))
        os.close(self._file)
        self._file = self._open()

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def _flush_for_ever(self) -> None:
        while not self._closed.wait(FLUSH_SECONDS):
            self.flush()
