"""Looking into the three store folders behind the server's back: a name there holds the hash of its bytes."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_NAME = re.compile(r"(?P<sop>[0-9.]+)\.v(?P<version>[0-9]+)\.(?P<hash>[0-9a-f]{16})\.dcm")
LOOK_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Stored:
    """One object by its name: the same key in every store."""

    key: str
    sop_uid: str
    version: int
    hash: str

    def is_whole(self, path: Path) -> bool:
        """True when the bytes of a file are those that the name tells of."""
        return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest().startswith(self.hash)


class Stores:
    """Three folders."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = tuple(folders)

    def objects(self) -> dict[str, Stored]:
        """Everything that any store has a file for, by key."""
        return {stored.key: stored for folder in self.folders for stored in _in(folder)}

    def path(self, stored: Stored, position: int) -> Path:
        """Where copy 1, 2 or 3 lies, or should."""
        return self.folders[position - 1] / stored.key

    def whole_copies(self, stored: Stored) -> int:
        """How many stores hold the right bytes."""
        return sum(stored.is_whole(self.path(stored, position)) for position in (1, 2, 3))

    def incomplete(self, sop_uids: set[str]) -> list[Stored]:
        """Objects of these instances that some store does not hold whole."""
        return [each for each in self.objects().values() if each.sop_uid in sop_uids and self.whole_copies(each) < 3]

    def wait_until_complete(self, sop_uids: set[str], seconds: float) -> list[Stored]:
        """Until all copies of these instances are whole, at most so long; what is left."""
        end = time.monotonic() + seconds
        while left := self.incomplete(sop_uids):
            if time.monotonic() > end:
                break
            time.sleep(LOOK_SECONDS)
        return left


def of_home(home: Path) -> Stores:
    """The stores of an installation that was told nothing else."""
    return Stores([home / "stores" / str(position) for position in (1, 2, 3)])


def _in(folder: Path) -> Iterator[Stored]:
    for path in folder.rglob("*.dcm"):
        key = path.relative_to(folder).as_posix()
        if match := _NAME.fullmatch(path.name):
            yield Stored(key, match["sop"], int(match["version"]), match["hash"])
