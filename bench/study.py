"""The study that both servers hold: a CT series of 300 slices, a large radiograph, an ultrasound cine; always the same bytes.

Every UID and the patient's number carry a token of eight digits, so that a fresh copy of the series is made by replacing it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    UID,
    CTImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    UltrasoundMultiFrameImageStorage,
)

from bench import phantoms

EDITION = 1  # to be raised with every change that changes bytes
SEED = 20_261_120
TOKEN = "10000000"
UID_ROOT = "2.25.3372019."
HEAD_BYTES = 4096  # all that holds the token lies before the pixels


@dataclass(frozen=True, slots=True)
class Series:
    """One series on disk and its names; the study holds nothing else."""

    kind: str
    files: tuple[Path, ...]

    @property
    def patient_id(self) -> str:
        """Whom to search for."""
        return _patient_id(self.kind)

    @property
    def study_path(self) -> str:
        """Below the root of the DICOMweb service."""
        return f"/studies/{_uid(self.kind, 'study')}"

    @property
    def path(self) -> str:
        return f"{self.study_path}/series/{_uid(self.kind, 'series')}"

    @property
    def instances(self) -> list[str]:
        """Paths in the order of the slices."""
        return [f"{self.path}/instances/{_uid(self.kind, str(number))}" for number in range(1, len(self.files) + 1)]

    def fresh(self, count: int, copy: int) -> list[bytes]:
        """The first `count` files as instances that nobody has seen yet: of another patient, study and series."""
        token = f"{int(TOKEN) + copy:08d}".encode()
        return [_renamed(path.read_bytes(), token) for path in self.files[:count]]


def made(folder: Path, slices: int = phantoms.CT_SLICES) -> dict[str, Series]:
    """The series "ct", "dx" and "us"; drawn at the first call (about 30 s), kept in `folder`."""
    home = folder / f"edition-{EDITION}-{slices}"
    if not (home / "whole").exists():
        home.mkdir(parents=True, exist_ok=True)
        _draw(home, slices)
        (home / "whole").touch()
    return {kind: Series(kind, tuple(sorted(home.glob(f"{kind}-*.dcm")))) for kind in ("ct", "dx", "us")}


def _draw(home: Path, slices: int) -> None:
    for number in range(1, slices + 1):
        dice = np.random.default_rng((SEED, number))
        _write(home / f"ct-{number:04d}.dcm", _ct(number, phantoms.ct_slice(number, dice)))
    _write(home / "dx-0001.dcm", _dx(phantoms.radiograph(np.random.default_rng((SEED, 1001)))))
    _write(home / "us-0001.dcm", _us(phantoms.cine(np.random.default_rng((SEED, 1002)))))


def _renamed(file: bytes, token: bytes) -> bytes:
    return file[:HEAD_BYTES].replace(TOKEN.encode(), token) + file[HEAD_BYTES:]


def _patient_id(kind: str) -> str:
    return f"BENCH{kind.upper()}{TOKEN}"


@cache
def _uid(kind: str, what: str) -> str:
    place = {"ct": 1, "dx": 2, "us": 3}[kind]
    return f"{UID_ROOT}{TOKEN}.{place}.{ {'study': 9001, 'series': 9002, 'frame of reference': 9003}.get(what, what) }"


def _ct(number: int, hu: NDArray[np.int16]) -> Dataset:
    instance = _common("ct", "CT", CTImageStorage, number, "Chest thin slices")
    instance.KVP, instance.SliceThickness, instance.ConvolutionKernel = "120", "1.0", "Br44"
    instance.ExposureTime, instance.XRayTubeCurrent, instance.RotationDirection = "500", "250", "CW"
    instance.TableHeight, instance.ReconstructionDiameter, instance.GantryDetectorTilt = "150", "400", "0"
    instance.PatientPosition, instance.FrameOfReferenceUID = "HFS", _uid("ct", "frame of reference")
    instance.PositionReferenceIndicator = ""
    instance.ImagePositionPatient = ["-200", "-200", f"{-number:.1f}"]
    instance.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    instance.SliceLocation, instance.PixelSpacing = f"{-number:.1f}", ["0.78125", "0.78125"]
    _pixels(instance, hu, bits_stored=16)
    instance.WindowCenter, instance.WindowWidth = ["40", "-600"], ["400", "1500"]
    instance.RescaleIntercept, instance.RescaleSlope, instance.RescaleType = "0", "1", "HU"
    return instance


def _dx(values: NDArray[np.uint16]) -> Dataset:
    instance = _common("dx", "DX", DigitalXRayImageStorageForPresentation, 1, "Chest PA")
    instance.PresentationIntentType, instance.KVP, instance.ViewPosition = "FOR PRESENTATION", "125", "PA"
    instance.ImagerPixelSpacing, instance.PatientOrientation = ["0.14", "0.14"], ["L", "F"]
    _pixels(instance, values, bits_stored=12)
    instance.PixelIntensityRelationship, instance.PixelIntensityRelationshipSign = "LOG", -1
    instance.WindowCenter, instance.WindowWidth = "2300", "3000"
    instance.RescaleIntercept, instance.RescaleSlope, instance.RescaleType = "0", "1", "US"
    instance.PresentationLUTShape, instance.LossyImageCompression = "IDENTITY", "00"
    return instance


def _us(frames: NDArray[np.uint8]) -> Dataset:
    instance = _common("us", "US", UltrasoundMultiFrameImageStorage, 1, "Heart")
    instance.NumberOfFrames, instance.FrameTime, instance.FrameIncrementPointer = len(frames), "33.3", 0x00181063
    instance.SamplesPerPixel, instance.PhotometricInterpretation, instance.PlanarConfiguration = 3, "RGB", 0
    instance.Rows, instance.Columns = frames.shape[1:3]
    instance.BitsAllocated, instance.BitsStored, instance.HighBit, instance.PixelRepresentation = 8, 8, 7, 0
    instance.PixelData = frames.tobytes()
    return instance


def _pixels(instance: Dataset, values: NDArray[np.int16] | NDArray[np.uint16], bits_stored: int) -> None:
    instance.SamplesPerPixel, instance.PhotometricInterpretation = 1, "MONOCHROME2"
    instance.Rows, instance.Columns = values.shape
    instance.BitsAllocated, instance.BitsStored, instance.HighBit = 16, bits_stored, bits_stored - 1
    instance.PixelRepresentation = int(values.dtype.kind == "i")
    instance.PixelData = values.astype(f"<{values.dtype.kind}2").tobytes()


def _common(kind: str, modality: str, sop_class: UID, number: int, description: str) -> Dataset:
    instance = Dataset()
    instance.SpecificCharacterSet, instance.ImageType = "ISO_IR 192", ["ORIGINAL", "PRIMARY", "AXIAL"]
    instance.SOPClassUID, instance.SOPInstanceUID = sop_class, _uid(kind, str(number))
    instance.StudyInstanceUID, instance.SeriesInstanceUID = _uid(kind, "study"), _uid(kind, "series")
    for what in ("Study", "Series", "Acquisition", "Content"):
        setattr(instance, f"{what}Date", "20260105")
        setattr(instance, f"{what}Time", "093000")
    instance.PatientName, instance.PatientID = "Bench^Phantom=模体^测试", _patient_id(kind)
    instance.PatientBirthDate, instance.PatientSex, instance.PatientAge = "19700101", "O", "056Y"
    instance.AccessionNumber, instance.StudyID = f"B{TOKEN}", "1"
    instance.ReferringPhysicianName, instance.InstitutionName = "Ref^Doctor", "某某医院 Bench Hospital"
    instance.Manufacturer, instance.ManufacturerModelName = "SYNTHETIC", "Bench 1"
    instance.StationName, instance.DeviceSerialNumber, instance.SoftwareVersions = "BENCH", "1", "1"
    instance.StudyDescription, instance.SeriesDescription, instance.ProtocolName = description, description, "Routine"
    instance.Modality, instance.BodyPartExamined = modality, "CHEST"
    instance.SeriesNumber, instance.InstanceNumber, instance.AcquisitionNumber = 1, number, 1
    return instance


def _write(path: Path, instance: Dataset) -> None:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = instance.SOPClassUID, instance.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(f"{UID_ROOT}1")
    instance.file_meta = meta
    whole = BytesIO()
    instance.save_as(whole, enforce_file_format=True)
    path.write_bytes(whole.getvalue())
