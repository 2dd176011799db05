"""One small object of every kind that the samples hold: of every colour model, and of everything that is no picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from pydicom import dcmread
from pydicom.errors import InvalidDicomError

from tests.archive.samples import package_files, sample_files

LARGEST_BYTES = 500_000
KIND = 'multipart/related; type="application/dicom"; boundary=b'


@dataclass(frozen=True)
class Sample:
    """One object that the server took; `kind` is its colour model or, without pixels, its class."""

    kind: str
    is_picture: bool
    study: str
    series: str
    path: Path


def stored(url: str, token: str) -> list[Sample]:
    """The first of each kind that the server takes."""
    found: dict[str, Sample] = {}
    with httpx.Client(base_url=f"{url}/dicom-web", headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
        for sample in _samples():
            if sample.kind not in found and _taken(client, sample.path):
                found[sample.kind] = sample
    return list(found.values())


def _samples() -> Iterator[Sample]:
    for path in (*package_files(), *sample_files()):
        if path.stat().st_size > LARGEST_BYTES or path.parent.name == "broken":
            continue
        try:
            head = dcmread(path, stop_before_pixels=True)
        except (InvalidDicomError, ValueError, OSError):
            continue
        if "SOPClassUID" in head and "SeriesInstanceUID" in head:
            colours = str(head.get("PhotometricInterpretation", ""))
            kind = colours or str(head.SOPClassUID)
            yield Sample(kind, bool(colours), str(head.StudyInstanceUID), str(head.SeriesInstanceUID), path)


def _taken(client: httpx.Client, path: Path) -> bool:
    body = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + path.read_bytes() + b"\r\n--b--\r\n"
    return client.post("/studies", content=body, headers={"Content-Type": KIND}).status_code == 200
