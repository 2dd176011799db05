"""Real files under new names: small ones of the pydicom package and of DICOM_SAMPLES, each as often as it is wanted."""

from __future__ import annotations

import hashlib
import itertools
import os
import random
import warnings
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pydicom
from pydicom.uid import UID, ExplicitVRLittleEndian

PACKAGE = Path(pydicom.__file__).parent / "data" / "test_files"
PACKAGE_FILES = (
    "CT_small.dcm",
    "MR_small.dcm",
    "MR_small_RLE.dcm",
    "MR_small_jp2klossless.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "SC_rgb_small_odd.dcm",
    "SC_rgb_rle.dcm",
    "SC_rgb_jpeg_dcmtk.dcm",
    "test-SR.dcm",
    "JPEG2000.dcm",
)
SAMPLE_FOLDERS = ("transfer_syntax", "colour", "ct", "sr")
MOST_BYTES = 160_000  # small, so that a drill is many acknowledgements and not much copying
NAMES = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
FIRST = 1_000_000_000  # ten digits, so that names are replaced without moving a byte
FIRST_TEMPLATE = 10
SEEDS, NUMBERS_OF_A_SEED = 9000, 1_000_000  # no two senders of a drill ever make the same UID


@dataclass(frozen=True, slots=True)
class Sent:
    """An instance as a hospital system sends it."""

    study_uid: str
    series_uid: str
    sop_uid: str
    file: bytes
    has_picture: bool
    transfer_syntax_uid: str

    @property
    def sha256(self) -> str:
        """Of the file."""
        return hashlib.sha256(self.file).hexdigest()

    @property
    def path(self) -> str:
        """Below the root of the DICOMweb service."""
        return f"/studies/{self.study_uid}/series/{self.series_uid}/instances/{self.sop_uid}"

    @property
    def original_accept(self) -> str:
        """What to ask for to get the file as it was sent: its own syntax, which is never made anew from another."""
        return f"application/dicom; transfer-syntax={self.transfer_syntax_uid}"


@dataclass(frozen=True, slots=True)
class _Template:
    file: bytes
    has_picture: bool
    transfer_syntax_uid: str


class Instances:
    """Makes instances; the same seed makes the same ones. `per_study` of them share a study, those of one kind a series."""

    def __init__(self, seed: int, per_study: int = 40, picture_only: bool = False) -> None:
        self._dice = random.Random(seed)
        self._numbers = itertools.count(FIRST + seed % SEEDS * NUMBERS_OF_A_SEED)
        self._templates = [each for each in _templates() if each.has_picture or not picture_only]
        self._per_study = per_study
        self._made = 0
        self._study = 0

    def next(self) -> Sent:
        """One that nobody has seen yet."""
        if self._made % self._per_study == 0:
            self._study = next(self._numbers)
        self._made += 1
        which = self._dice.randrange(len(self._templates))
        template, file = self._templates[which], self._templates[which].file
        uids = _uids(self._study, which + FIRST_TEMPLATE, next(self._numbers))
        for place, uid in zip(_PLACES, uids, strict=True):
            file = file.replace(place.encode(), uid.encode())
        return Sent(*uids, file, template.has_picture, template.transfer_syntax_uid)


def other_version(sent: Sent) -> Sent:
    """The same instance with other bytes: with a comment."""
    data_set = pydicom.dcmread(BytesIO(sent.file))
    data_set.PatientComments = "corrected"
    file = BytesIO()
    data_set.save_as(file, enforce_file_format=True)
    return Sent(sent.study_uid, sent.series_uid, sent.sop_uid, file.getvalue(), sent.has_picture, sent.transfer_syntax_uid)


def _uids(study: int, template: int, number: int) -> tuple[str, str, str]:
    """Of study, series and instance, always of the same lengths."""
    return f"2.25.991.{study}", f"2.25.992.{study}.{template}", f"2.25.993.{number}"


_PLACES = _uids(FIRST, FIRST_TEMPLATE, FIRST)


def _templates() -> list[_Template]:
    return [template for path in _paths() if (template := _template(path)) is not None]


def _paths() -> list[Path]:
    samples = os.environ.get("DICOM_SAMPLES")
    more = [path for name in SAMPLE_FOLDERS for path in sorted((Path(samples) / name).glob("*.dcm"))] if samples else []
    return [*(PACKAGE / name for name in PACKAGE_FILES), *(path for path in more if path.stat().st_size <= MOST_BYTES)]


def _template(path: Path) -> _Template | None:
    """None for what cannot be fetched again exactly as sent over DICOMweb: implicit and big endian files."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some were made to be odd
        data_set = pydicom.dcmread(path)
        syntax = UID(data_set.file_meta.TransferSyntaxUID)
        if not (syntax == ExplicitVRLittleEndian or syntax.is_encapsulated) or data_set.get("SOPInstanceUID") is None:
            return None
        for name, uid in zip(NAMES, _PLACES, strict=True):
            setattr(data_set, name, UID(uid))
        data_set.file_meta.MediaStorageSOPInstanceUID = data_set.SOPInstanceUID
        data_set.PatientID, data_set.PatientName = "DRILL", "Drill^Phantom"
        file = BytesIO()
        data_set.save_as(file, enforce_file_format=True)
    return _Template(file.getvalue(), "PixelData" in data_set, str(syntax))
