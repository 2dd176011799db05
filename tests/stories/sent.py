"""The files that are sent to the server: all that the pydicom package and DICOM_SAMPLES hold, good, odd and broken."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
from pydicom.dataset import FileDataset

PACKAGE = Path(pydicom.__file__).parent / "data"
BROKEN = "broken"  # name of a folder in DICOM_SAMPLES
_SOURCES = {".py", ".pyc"}
_PREAMBLE_BYTES = 128
_TAIL_DIGITS = 3  # at the end of a UID, to tell files of one instance apart

Uids = tuple[str, str, str]  # study, series, instance


@dataclass(frozen=True, slots=True)
class Sent:
    """One file: its name without its origin (`pyd__`), its bytes, and the UIDs that pydicom reads in it, if any.

    `suspect` files lie in a folder of broken ones.
    """

    name: str
    data: bytes
    uids: Uids | None
    suspect: bool

    @property
    def is_part10(self) -> bool:
        """True when it begins as PS3.10 section 7.1 says."""
        return self.data[_PREAMBLE_BYTES : _PREAMBLE_BYTES + 4] == b"DICM"

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    def data_set(self) -> FileDataset:
        """As pydicom reads it."""
        return pydicom.dcmread(BytesIO(self.data))


def sent_files() -> list[Sent]:
    """Each different file once. Where several are one instance (in many transfer syntaxes), all but the first get a UID of
    their own of the same length, so that nothing else of them moves."""
    contents: dict[bytes, Path] = {}
    for path in sorted(_paths(), key=_cannot_be_rewritten):
        contents.setdefault(path.read_bytes(), path)
    taken: set[str] = set()
    return [_apart(path, data, taken) for data, path in contents.items()]


def _paths() -> Iterator[Path]:
    folders = [PACKAGE, *(Path(folder) for folder in (os.environ.get("DICOM_SAMPLES"),) if folder)]
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix not in _SOURCES:
                yield path


def _cannot_be_rewritten(path: Path) -> bool:
    """Sorted first are files whose data set is deflated: their UID cannot be replaced in place."""
    return "deflated" not in path.name.lower() and "dfl" not in path.name


def _apart(path: Path, data: bytes, taken: set[str]) -> Sent:
    name, suspect, uids = path.name.removeprefix("pyd__"), path.parent.name == BROKEN, _uids(data)
    if uids is None:
        return Sent(name, data, None, suspect)
    other = next(uid for uid in _candidates(uids[2]) if uid not in taken)
    taken.add(other)
    return Sent(name, data.replace(uids[2].encode(), other.encode()), (*uids[:2], other), suspect)


def _candidates(uid: str) -> Iterator[str]:
    yield uid
    for number in range(100, 1000):
        yield f"{uid[:-_TAIL_DIGITS]}{number}"


def _uids(data: bytes) -> Uids | None:
    try:
        found: Any = pydicom.dcmread(BytesIO(data), stop_before_pixels=True)
        return str(found.StudyInstanceUID), str(found.SeriesInstanceUID), str(found.SOPInstanceUID)
    except Exception:  # the broken ones fail in many ways; what the server says of them is what is tested
        return None
