"""The phantoms as files that any DICOM reader takes."""

from __future__ import annotations

from io import BytesIO
from itertools import islice

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_modality_lut

from api.demo_phantoms import PhantomExam, ct_files, dx_file, study_uid
from core.uids import is_uid
from films import phantom

EXAM = PhantomExam(patient_id="P-77", accession_number="A-1")


def first_slices(count: int, exam: PhantomExam = EXAM) -> list[Dataset]:
    return [pydicom.dcmread(BytesIO(data)) for data in islice(ct_files(exam), count)]


def test_a_ct_slice_gives_its_hu_back() -> None:
    top, second = first_slices(2)
    assert (apply_modality_lut(second.pixel_array, second) == phantom.ct_slice(2)).all()
    assert second.file_meta.TransferSyntaxUID == pydicom.uid.ExplicitVRLittleEndian
    assert top.ImagePositionPatient[2] - second.ImagePositionPatient[2] == top.SpacingBetweenSlices
    assert top.SeriesInstanceUID == second.SeriesInstanceUID != top.StudyInstanceUID
    assert top.SOPInstanceUID != second.SOPInstanceUID and is_uid(top.SOPInstanceUID)


def test_the_patient_is_named_as_a_phantom_in_chinese() -> None:
    (top,) = first_slices(1)
    assert str(top.PatientName) == "模体^测试" and top.SpecificCharacterSet == "ISO_IR 192"
    assert (top.PatientID, top.AccessionNumber, top.PatientBirthDate) == ("P-77", "A-1", "")
    assert list(top.WindowCenter) == [40, -600] and list(top.WindowCenterWidthExplanation) == ["纵隔窗", "肺窗"]


def test_the_same_exam_gives_the_same_bytes_and_another_exam_other_uids() -> None:
    assert next(ct_files(EXAM)) == next(ct_files(EXAM))
    other = PhantomExam(patient_id="P-77", accession_number="A-2")
    assert study_uid(other, "CT") != study_uid(EXAM, "CT") != study_uid(EXAM, "DX")
    assert first_slices(1)[0].StudyInstanceUID == study_uid(EXAM, "CT")


def test_the_radiograph_is_a_dx_for_presentation() -> None:
    image = pydicom.dcmread(BytesIO(dx_file(EXAM)))
    assert image.SOPClassUID == pydicom.uid.DigitalXRayImageStorageForPresentation
    assert (image.Rows, image.Columns, image.BitsStored) == (3000, 2500, 14)
    assert image.pixel_array.dtype == np.uint16 and image.pixel_array.max() < 2**14
    assert image.PresentationIntentType == "FOR PRESENTATION" and image.StudyInstanceUID == study_uid(EXAM, "DX")
