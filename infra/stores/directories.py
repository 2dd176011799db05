"""The directories of a local store, and which of them are known to outlive a power cut."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from infra.stores.disk import Disk

_REMEMBERED = 50_000  # about 10 MB; forgetting costs an fsync more, never a copy


class Directories:
    """A directory that another process has just made may not be durable yet, so only what we flushed ourselves counts."""

    def __init__(self, root: Path, disk: Disk) -> None:
        self._root = root
        self._disk = disk
        self._durable: set[Path] = set()

    def make(self, folder: Path) -> set[Path]:
        """Make `folder` and its missing parents; gives those whose names are not yet known to be durable."""
        if folder == self._root or folder in self._durable:
            return set()
        unsure = self.make(folder.parent)
        self._disk.mkdir(folder)
        return unsure | {folder}

    def remember(self, folders: set[Path]) -> None:
        """The names of these directories were flushed."""
        if len(self._durable) + len(folders) > _REMEMBERED:
            self._durable.clear()
        self._durable |= folders

    def forget(self, folder: Path) -> None:
        """Somebody removed this directory behind our back: neither it nor its parents are known any more."""
        self._durable -= {folder, *folder.parents}


def make_root(root: Path, disk: Disk) -> None:
    """Make the store's own directory and its parents, durably, also those that someone else made and did not flush."""
    for folder in reversed((root, *root.parents)):
        disk.mkdir(folder)
    device = root.stat().st_dev
    for folder in (parent for parent in root.parents if parent.stat().st_dev == device):
        with suppress(PermissionError):  # a directory that we may not read is not ours, and was there before us
            disk.flush_directory(folder)
