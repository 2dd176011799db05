"""The manifest of an export: one line of JSON a file, by which anybody can check the folder."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from core.errors import NotFound, Unavailable

MANIFEST = "manifest.jsonl"  # one JSON object a line, one line a file
DICOM = "application/dicom"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the manifest. `path` is relative to the folder; size and SHA-256 are those of the file as it was sent.

    A document (a page of film, a PDF) has no UIDs. Fields may only be appended: manifests that were written stay readable.
    """

    path: str
    study_uid: str
    series_uid: str
    sop_uid: str
    version: int
    size: int
    sha256: str
    transfer_syntax_uid: str
    media_type: str = DICOM


@dataclass(frozen=True, slots=True)
class Verified:
    """What is in a folder, compared with its manifest."""

    good: int
    wrong: tuple[str, ...]
    missing: tuple[str, ...]


async def verify(target: Path) -> Verified:
    """Hash every file that the manifest names; raises NotFound without a manifest."""
    if not (target / MANIFEST).is_file():
        raise NotFound(f"no {MANIFEST} in that folder")
    with folder_errors():
        return await asyncio.to_thread(_verify, target)


# What follows runs in a thread.


def mended(path: Path) -> dict[str, str]:
    """Path → SHA-256 of what is listed. A last line that was cut off when an export was killed is removed."""
    if not path.exists():
        return {}
    text = path.read_bytes()
    whole = text[: text.rfind(b"\n") + 1]
    if whole != text:
        os.truncate(path, len(whole))
    return {entry.path: entry.sha256 for entry in _entries(whole)}


def append(manifest: BinaryIO, entries: Iterable[Entry]) -> None:
    """Add these lines; they are flushed."""
    manifest.writelines(map(_line, entries))
    manifest.flush()
    os.fsync(manifest.fileno())


def holds(path: Path, sha256: str) -> bool:
    """True for a file with that SHA-256."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


@contextmanager
def folder_errors() -> Iterator[None]:
    """What the disk says becomes Unavailable."""
    try:
        yield
    except OSError as error:
        raise Unavailable(f"the export folder cannot be read or written: {error.strerror}") from error


def _line(entry: Entry) -> bytes:
    return json.dumps(asdict(entry), ensure_ascii=False).encode() + b"\n"


def _entries(manifest: bytes) -> list[Entry]:
    return [Entry(**json.loads(line)) for line in manifest.splitlines()]


def _verify(target: Path) -> Verified:
    entries = {entry.path: entry for entry in _entries((target / MANIFEST).read_bytes())}
    missing = [path for path in entries if not (target / path).is_file()]
    there = [path for path in entries if path not in set(missing)]
    wrong = [path for path in there if not holds(target / path, entries[path].sha256)]
    return Verified(len(there) - len(wrong), tuple(wrong), tuple(missing))
