"""The DICOM files that the archive is tried on: pydicom's own, those of DICOM_SAMPLES, and small ones made here."""

from __future__ import annotations

import io
import os
import struct
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

PACKAGE = Path(pydicom.__file__).parent / "data" / "test_files"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
SERIES_SAMPLE_STEP = 25  # of the 299 slices of one PET series


def package(name: str) -> bytes:
    """One file of the pydicom package."""
    return (PACKAGE / name).read_bytes()


def package_files() -> list[Path]:
    return sorted(PACKAGE.glob("*.dcm"))


def sample_files() -> list[Path]:
    """The files of DICOM_SAMPLES, of the long PET series only some; none without that folder."""
    root = os.environ.get("DICOM_SAMPLES")
    if not root:
        return []
    found = sorted(Path(root).rglob("*.dcm"))
    pet = [path for path in found if path.parent.name == "pet_series"]
    return [path for path in found if path not in pet] + pet[::SERIES_SAMPLE_STEP]


def instance(
    pixels: NDArray[np.generic] | None = None,
    *,
    transfer_syntax_uid: str = ExplicitVRLittleEndian,
    frames: int = 0,
    planar: int = 0,
    **attributes: object,
) -> bytes:
    """A DICOM file of these pixels: (rows, columns[, 3]), with the frames first when `frames` is given."""
    data_set = Dataset()
    data_set.SOPClassUID = SECONDARY_CAPTURE
    data_set.SOPInstanceUID, data_set.StudyInstanceUID, data_set.SeriesInstanceUID = "1.2.3.4", "1.2.3", "1.2.3.5"
    data_set.PatientName = "Phantom"
    if pixels is not None:
        _add_pixels(data_set, pixels, frames, planar)
    for keyword, value in attributes.items():
        setattr(data_set, keyword, value)
    return written(data_set, transfer_syntax_uid)


def _add_pixels(data_set: Dataset, pixels: NDArray[np.generic], frames: int, planar: int) -> None:
    shape = pixels.shape[1:] if frames else pixels.shape
    data_set.Rows, data_set.Columns = shape[:2]
    data_set.SamplesPerPixel = 3 if len(shape) == 3 else 1
    data_set.PhotometricInterpretation = "RGB" if len(shape) == 3 else "MONOCHROME2"
    if len(shape) == 3:
        data_set.PlanarConfiguration = planar
    if frames:
        data_set.NumberOfFrames = frames
    data_set.BitsAllocated = data_set.BitsStored = pixels.dtype.itemsize * 8
    data_set.HighBit = data_set.BitsStored - 1
    data_set.PixelRepresentation = int(pixels.dtype.kind == "i")
    if planar:
        pixels = np.moveaxis(pixels, -1, -3)
    value = pixels.tobytes()
    data_set.PixelData = value + bytes(len(value) % 2)
    data_set["PixelData"].VR = "OB" if pixels.dtype.itemsize == 1 else "OW"


def written(data_set: Dataset, transfer_syntax_uid: str) -> bytes:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = UID(transfer_syntax_uid)
    meta.MediaStorageSOPClassUID = data_set.SOPClassUID
    meta.MediaStorageSOPInstanceUID = data_set.SOPInstanceUID
    buffer = io.BytesIO()
    little_endian = transfer_syntax_uid != ExplicitVRBigEndian
    file = FileDataset(
        buffer,
        data_set,
        preamble=bytes(128),
        file_meta=meta,
        is_implicit_VR=transfer_syntax_uid == ImplicitVRLittleEndian,
        is_little_endian=little_endian,
    )
    pydicom.dcmwrite(buffer, file, enforce_file_format=True)
    return buffer.getvalue()


def read(data: bytes) -> FileDataset:
    return pydicom.dcmread(io.BytesIO(data))


def patched(data: bytes, old: bytes, new: bytes) -> bytes:
    """The file with one run of bytes replaced, which must stand there exactly once."""
    assert data.count(old) == 1
    return data.replace(old, new)


def us(tag: int, value: int) -> bytes:
    """One US element in Explicit VR Little Endian."""
    return struct.pack("<HH2sHH", tag >> 16, tag & 0xFFFF, b"US", 2, value)
