"""The phantoms as DICOM files (PS3.3 A.3 and A.26): what a demo hospital shows before it has patients.

The same arguments always give the same bytes, so loading them twice changes nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

from films import phantom, phantom_radiograph

PHANTOM_NAME = "模体^测试"
UID_NAMESPACE = uuid.UUID("6f0b8c1e-52d4-5a57-9a0e-2d6a3b7c4e10")  # fixed: UIDs already loaded depend on it
HU_OF_ZERO = -1024  # stored value 0
CT_WINDOWS = ((40, 400, "纵隔窗"), (-600, 1500, "肺窗"))
DX_WINDOW = (8200, 14500)
DRAWN = ["DERIVED", "SECONDARY"]


@dataclass(frozen=True, slots=True)
class PhantomExam:
    """For whom, under which accession number and when (the hospital's local time) the phantom was "examined"."""

    patient_id: str
    accession_number: str
    performed_at: datetime = datetime(2026, 1, 5, 9, 30)
    patient_name: str = PHANTOM_NAME


def ct_files(exam: PhantomExam) -> Iterator[bytes]:
    """A CT series of the chest, one DICOM Part 10 file a slice, top to bottom."""
    for number in range(1, phantom.SLICES + 1):
        yield _file(_ct_instance(exam, number))


def dx_file(exam: PhantomExam) -> bytes:
    """A chest radiograph, DX For Presentation, as one DICOM Part 10 file."""
    return _file(_dx_instance(exam))


def study_uid(exam: PhantomExam, modality: str) -> str:
    """The Study Instance UID of that exam's "CT" or "DX" phantom."""
    return _uid(exam, modality, "study")


def _uid(exam: PhantomExam, *what: str) -> str:
    """A UID under 2.25 (PS3.5 annex B.2) that depends on nothing but these words."""
    words = "|".join(("cloudfilm phantom", exam.patient_id, exam.accession_number, *what))
    return f"2.25.{uuid.uuid5(UID_NAMESPACE, words).int}"


def _file(instance: Dataset) -> bytes:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = instance.SOPClassUID
    meta.MediaStorageSOPInstanceUID = instance.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(f"2.25.{UID_NAMESPACE.int}")
    meta.ImplementationVersionName = "CLOUDFILM"
    target = BytesIO()
    FileDataset(target, instance, file_meta=meta, preamble=b"\0" * 128).save_as(target, enforce_file_format=True)
    return target.getvalue()


# -- attributes -----------------------------------------------------------------


def _ct_instance(exam: PhantomExam, number: int) -> Dataset:
    instance = _common(exam, "CT", number)
    instance.SOPClassUID = CTImageStorage
    instance.ImageType = [*DRAWN, "AXIAL"]
    instance.StudyDescription = "胸部CT增强（模体）"
    instance.SeriesDescription = "模体 胸部 2.5 mm"
    instance.KVP = "120"
    instance.PatientPosition = "HFS"
    _place_slice(instance, exam, number)
    _grey(instance, rows=phantom.SIDE_PIXELS, columns=phantom.SIDE_PIXELS, bits=12)
    instance.WindowCenter = [center for center, _, _ in CT_WINDOWS]
    instance.WindowWidth = [width for _, width, _ in CT_WINDOWS]
    instance.WindowCenterWidthExplanation = [name for _, _, name in CT_WINDOWS]
    instance.RescaleIntercept, instance.RescaleSlope, instance.RescaleType = HU_OF_ZERO, 1, "HU"
    instance.PixelData = (phantom.ct_slice(number) - HU_OF_ZERO).astype("<u2").tobytes()
    return instance


def _place_slice(instance: Dataset, exam: PhantomExam, number: int) -> None:
    """Image Plane (PS3.3 C.7.6.2)."""
    z = -(number - 1) * phantom.SLICE_MM
    instance.FrameOfReferenceUID = _uid(exam, "CT", "frame of reference")
    instance.PositionReferenceIndicator = ""
    instance.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    instance.ImagePositionPatient = [phantom.FIRST_MM, phantom.FIRST_MM, z]
    instance.PixelSpacing = [phantom.PIXEL_MM, phantom.PIXEL_MM]
    instance.SliceThickness = phantom.SLICE_MM
    instance.SpacingBetweenSlices = phantom.SLICE_MM
    instance.SliceLocation = z


def _dx_instance(exam: PhantomExam) -> Dataset:
    instance = _common(exam, "DX", 1)
    instance.SOPClassUID = DigitalXRayImageStorageForPresentation
    instance.ImageType = [*DRAWN, ""]
    instance.StudyDescription = "胸部正位片（模体）"
    instance.SeriesDescription = "模体 胸部 正位"
    instance.PresentationIntentType = "FOR PRESENTATION"
    instance.PatientOrientation = ["L", "F"]
    instance.ViewPosition = "PA"
    instance.ImageLaterality = "U"
    instance.AnatomicRegionSequence = [_chest()]
    instance.AcquisitionContextSequence = []
    instance.ImagerPixelSpacing = [phantom_radiograph.PIXEL_MM, phantom_radiograph.PIXEL_MM]
    _grey(instance, rows=phantom_radiograph.ROWS, columns=phantom_radiograph.COLUMNS, bits=phantom_radiograph.BITS)
    instance.PixelIntensityRelationship, instance.PixelIntensityRelationshipSign = "LOG", 1
    instance.RescaleIntercept, instance.RescaleSlope, instance.RescaleType = 0, 1, "US"
    instance.PresentationLUTShape = "IDENTITY"
    instance.WindowCenter, instance.WindowWidth = DX_WINDOW
    instance.PixelData = phantom_radiograph.dx_image().astype("<u2").tobytes()
    return instance


def _chest() -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "51185008", "SCT", "Chest"
    return code


def _common(exam: PhantomExam, modality: str, number: int) -> Dataset:
    """Patient, study, series and equipment; nobody's birth date, nobody's sex."""
    instance = Dataset()
    instance.SpecificCharacterSet = "ISO_IR 192"
    instance.SOPInstanceUID = _uid(exam, modality, "instance", str(number))
    instance.StudyInstanceUID = study_uid(exam, modality)
    instance.SeriesInstanceUID = _uid(exam, modality, "series")
    instance.PatientName, instance.PatientID = exam.patient_name, exam.patient_id
    instance.PatientBirthDate, instance.PatientSex = "", "O"
    instance.AccessionNumber, instance.StudyID = exam.accession_number, "1"
    instance.ReferringPhysicianName = ""
    _when(instance, exam.performed_at)
    instance.Modality, instance.BodyPartExamined = modality, "CHEST"
    instance.SeriesNumber, instance.InstanceNumber, instance.AcquisitionNumber = 1, number, 1
    instance.Manufacturer, instance.ManufacturerModelName = "cloudfilm", "drawn phantom"
    instance.InstitutionName = ""
    return instance


def _when(instance: Dataset, performed_at: datetime) -> None:
    date, time = performed_at.strftime("%Y%m%d"), performed_at.strftime("%H%M%S")
    instance.StudyDate = instance.SeriesDate = instance.AcquisitionDate = instance.ContentDate = date
    instance.StudyTime = instance.SeriesTime = instance.AcquisitionTime = instance.ContentTime = time


def _grey(instance: Dataset, *, rows: int, columns: int, bits: int) -> None:
    """Image Pixel (PS3.3 C.7.6.3): unsigned grey in 16-bit words, never compressed with loss, no name burnt in."""
    instance.SamplesPerPixel, instance.PhotometricInterpretation = 1, "MONOCHROME2"
    instance.Rows, instance.Columns = rows, columns
    instance.BitsAllocated, instance.BitsStored, instance.HighBit = 16, bits, bits - 1
    instance.PixelRepresentation = 0
    instance.BurnedInAnnotation, instance.LossyImageCompression = "NO", "00"
