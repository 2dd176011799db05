"""The system calls by which a file becomes durable, in one place, so that each of them can be made to fail in a test."""

from __future__ import annotations

import os
from pathlib import Path

_COPY_BYTES = 64 * 1024 * 1024


class Disk:
    """Every method raises OSError as the kernel gives it."""

    def write(self, path: Path, source: Path | bytes) -> int:
        """A new file with the source's bytes, not yet flushed; gives its open descriptor."""
        target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
        try:
            if isinstance(source, bytes):
                _write_bytes(target, source)
            else:
                _copy_file(target, source)
        except BaseException:
            os.close(target)
            raise
        return target

    def flush(self, descriptor: int) -> None:
        """Bytes and length of a file are on the disk (fdatasync leaves out only its times)."""
        os.fdatasync(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        """Put a file in its place, over whatever was there, in one step."""
        os.rename(source, target)

    def mkdir(self, folder: Path) -> None:
        """Make one directory; one that is there already is as good."""
        try:
            os.mkdir(folder, 0o750)
        except FileExistsError:
            if not folder.is_dir():
                raise

    def unlink(self, path: Path) -> None:
        """Remove one file."""
        os.unlink(path)

    def flush_directory(self, folder: Path) -> None:
        """The names in a directory are on the disk."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _write_bytes(target: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(target, left) :]


def _copy_file(target: int, path: Path) -> None:
    """Copy inside the kernel. sendfile never shares blocks as a link, a reflink or copy_file_range may:
    copies that share a block are lost together."""
    source = os.open(path, os.O_RDONLY)
    try:
        while os.sendfile(target, source, None, _COPY_BYTES):
            pass
    finally:
        os.close(source)
