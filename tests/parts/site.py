"""A running cloudfilm with a few known files in it, and clients of every role."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path
from zlib import crc32

import httpx
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import EncapsulatedPDFStorage, ExplicitVRLittleEndian

from tests.archive.samples import instance, package, written
from tests.parts.installation import Installation

PDF = b"%PDF-1.4\n" + b"% a page of nothing\n" * 100 + b"%%EOF\n"
SERIES_OF_THREE = ("1.2.826.0.1.3.1", "1.2.826.0.1.3.2")


@dataclass(frozen=True)
class Part:
    """One part of a multipart answer."""

    content_type: str
    content: bytes


@dataclass
class Site:
    """The server of one test run. Hospital `demo` holds the files, `demo2` is empty."""

    installation: Installation
    files: dict[str, bytes]
    _tokens: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def root(self) -> str:
        """The public DICOMweb root."""
        return f"{self.installation.url}/dicom-web"

    def client(self, role: str = "hospital", hospital: str = "demo") -> httpx.Client:
        """A client signed in as that role."""
        if (role, hospital) not in self._tokens:
            self._tokens[role, hospital] = self.installation.token(role, hospital)
        headers = {"Authorization": f"Bearer {self._tokens[role, hospital]}", "Accept-Encoding": "identity"}
        return httpx.Client(
            base_url=self.installation.url, headers=headers, timeout=60, verify=False
        )  # certificates take 30 ms to read

    def get(self, path: str, accept: str | None = None, **headers: str) -> httpx.Response:
        """GET below the DICOMweb root as a system of `demo`."""
        with self.client() as client:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return client.get(self.root + path, headers=named | ({"Accept": accept} if accept else {}))

    def data_set(self, name: str) -> FileDataset:
        """A stored file, as pydicom reads it."""
        return pydicom.dcmread(io.BytesIO(self.files[name]))

    def path(self, name: str) -> str:
        """Where a stored file is below the DICOMweb root."""
        data_set = self.data_set(name)
        study, series = data_set.StudyInstanceUID, data_set.SeriesInstanceUID
        return f"/studies/{study}/series/{series}/instances/{data_set.SOPInstanceUID}"

    def store(self, *files: bytes, method: str = "POST", hospital: str = "demo") -> httpx.Response:
        """Store files over STOW-RS."""
        parts = [b"--b\r\nContent-Type: application/dicom\r\n\r\n" + file + b"\r\n" for file in files]
        kind = 'multipart/related; type="application/dicom"; boundary=b'
        with self.client("hospital", hospital) as client:
            return client.request(
                method, f"{self.root}/studies", content=b"".join([*parts, b"--b--\r\n"]), headers={"Content-Type": kind}
            )


@contextmanager
def running_site(home: Path) -> Iterator[Site]:
    """Started, with all files stored."""
    with Installation(home, WORKERS=1, INGEST_CHILDREN=1) as installation:
        for code in ("demo", "demo2"):
            assert installation.command("hospital", code, "--name", code).returncode == 0
        site = Site(installation, known_files())
        answer = site.store(*site.files.values())
        assert answer.status_code == 200, answer.text
        yield site


def known_files() -> dict[str, bytes]:
    """Name → a file of every kind that is read differently."""
    files = {
        "ct": package("CT_small.dcm"),
        "rle": package("SC_rgb_rle_2frame.dcm"),
        "big endian": package("SC_rgb_small_odd_big_endian.dcm"),
        "implicit": package("MR_small_implicit.dcm"),
        "cine": package("examples_ybr_color.dcm"),
        "bits": package("liver_1frame.dcm"),
        "palette": package("examples_palette.dcm"),
        "report": package("test-SR.dcm"),
        "ecg": package("waveform_ecg.dcm"),
        "pdf": encapsulated_pdf(),
        "film": made(radiograph(), uids("film")),
    }
    return files | {f"slice {number}": slice_of_three(number) for number in (1, 2, 3)}


def slice_of_three(number: int) -> bytes:
    """One slice of a series of three, each of another grey."""
    pixels = np.full((64, 64), 1000 * number, np.uint16)
    pixels[:8, :8] = 0
    study, series = SERIES_OF_THREE
    known = {"StudyInstanceUID": study, "SeriesInstanceUID": series, "SOPInstanceUID": f"{series}.{number}"}
    more = {"SeriesNumber": 1, "InstanceNumber": number, "StudyDate": "20260102", "WindowCenter": 2048, "WindowWidth": 4096}
    return made(pixels, {**known, **more})


def radiograph() -> NDArray[np.uint16]:
    """Large enough to be drawn in a thread; 1200 x 900 with a bright upper half."""
    pixels = np.zeros((1200, 900), np.uint16)
    pixels[:600] = 3000
    pixels += np.arange(900, dtype=np.uint16)
    return pixels


def encapsulated_pdf(name: str = "pdf", pdf: bytes = PDF) -> bytes:
    document = Dataset()
    document.SOPClassUID = EncapsulatedPDFStorage
    for keyword, uid in uids(name).items():
        setattr(document, keyword, uid)
    document.EncapsulatedDocument = pdf + bytes(len(pdf) % 2)
    document.MIMETypeOfEncapsulatedDocument = "application/pdf"
    return written(document, ExplicitVRLittleEndian)


def made(pixels: NDArray[np.generic], attributes: Mapping[str, object]) -> bytes:
    """A secondary capture in Explicit VR Little Endian."""
    return instance(pixels, transfer_syntax_uid=ExplicitVRLittleEndian, frames=0, planar=0, **attributes)


def uids(name: str) -> dict[str, object]:
    """Study, series and instance UIDs of a file made here."""
    levels = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
    return {level: f"1.2.826.0.1.{number}.{crc32(name.encode())}" for number, level in enumerate(levels)}


def parts(answer: httpx.Response) -> list[Part]:
    """The parts of a multipart answer, by Python's own reader."""
    head = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
    message = message_from_bytes(head + answer.content)
    assert message.is_multipart(), answer.headers["content-type"]
    boundary = message.get_boundary()
    assert boundary is not None
    bodies = answer.content.split(f"--{boundary}".encode())[1:-1]
    contents = [body.partition(b"\r\n\r\n")[2][:-2] for body in bodies]
    return [Part(each["Content-Type"], body) for each, body in zip(message.get_payload(), contents, strict=True)]
