"""A small secret file that is made once: whole or not at all, and of several processes the first one's."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_first(path: Path, content: bytes) -> None:
    """Write it (mode 0600) so that a power cut leaves all of it or nothing; a file that is there already stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{secrets.token_hex(8)}.tmp")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # fails if another process was first: its content then counts
    except FileExistsError:
        pass
    finally:
        os.unlink(draft)
    _flush(path.parent)


def _flush(folder: Path) -> None:
    """A name is on the disk only with its folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
