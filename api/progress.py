"""How far a long command is: one moving line on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TextIO

BAR_CHARACTERS = 24
MEBIBYTE = 1 << 20
TERMINAL_SECONDS = 0.2
PLAIN_SECONDS = 10.0


@dataclass(slots=True)
class Progress:
    """`total_files` and `total_bytes` are known before; `advance` is called for each finished file."""

    total_files: int
    total_bytes: int
    stream: TextIO = field(default_factory=lambda: sys.stderr)
    files: int = 0
    bytes: int = 0
    _started_at: float = field(default_factory=time.monotonic)
    _shown_at: float = field(default_factory=time.monotonic)

    def advance(self, size: int) -> None:
        """One more file of `size` bytes is done."""
        self.files += 1
        self.bytes += size
        now = time.monotonic()
        if now - self._shown_at >= (TERMINAL_SECONDS if self.stream.isatty() else PLAIN_SECONDS):
            self._shown_at = now
            self._show(now)

    def say(self, line: str) -> None:
        """Print a line of its own above the moving one."""
        self._wipe()
        print(line, flush=True)

    def close(self) -> None:
        """Leave the final state on a terminal."""
        if self.stream.isatty():
            self._show(time.monotonic())
            print(file=self.stream, flush=True)

    def _show(self, now: float) -> None:
        line = text(self, now - self._started_at)
        if self.stream.isatty():
            print(f"\r\x1b[K{line}", end="", file=self.stream, flush=True)
            return
        print(line, file=self.stream, flush=True)

    def _wipe(self) -> None:
        if self.stream.isatty():
            print("\r\x1b[K", end="", file=self.stream, flush=True)


def text(progress: Progress, seconds: float) -> str:
    """Bar, share, files, rates, and the time that the rest will take at this rate."""
    share = progress.bytes / progress.total_bytes if progress.total_bytes else 1.0
    bar = "#" * int(share * BAR_CHARACTERS)
    rate = progress.bytes / seconds if seconds else 0.0
    files_per_second = progress.files / seconds if seconds else 0.0
    rest = _clock((progress.total_bytes - progress.bytes) / rate) if rate else "?"
    return (
        f"[{bar:<{BAR_CHARACTERS}}] {share:4.0%}  {progress.files}/{progress.total_files} files  "
        f"{files_per_second:.1f} files/s  {rate / MEBIBYTE:.1f} MiB/s  {rest} left"
    )


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
