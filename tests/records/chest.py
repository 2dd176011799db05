"""A CT of the chest, slices of the phantom, and the exam that it is of."""

from __future__ import annotations

from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from films.phantom import ct_slice
from tests.archive import samples
from tests.records import saying

CT = "1.2.840.10008.5.1.4.1.1.2"
STUDY = "1.2.826.0.1.3680043.8.498.40"


@cache
def ct_values(number: int, side: int) -> NDArray[np.uint16]:
    """Every fifth slice of the phantom, made smaller."""
    values = (ct_slice(min(1 + 5 * number, 128)) + 1024).astype(np.uint16)
    return np.asarray(cv2.resize(values, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint16)


def ct_file(number: int, *, study: str = STUDY, patient_id: str = "P1", side: int = 256, **more: Any) -> bytes:
    """A slice of the phantom, 12 mm apart, with 256 x 256 pixels."""
    attributes: dict[str, Any] = {
        "SOPClassUID": CT,
        "StudyInstanceUID": study,
        "SeriesInstanceUID": f"{study}.1",
        "SOPInstanceUID": f"{study}.1.{number}",
        "Modality": "CT",
        "PatientID": patient_id,
        "AccessionNumber": "A1",
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "SeriesNumber": 1,
        "InstanceNumber": number,
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "ImagePositionPatient": [0, 0, -12.0 * number],
        "PixelSpacing": [1.5, 1.5],
        "RescaleIntercept": -1024,
        "RescaleSlope": 1,
    }
    return samples.instance(ct_values(number, side), **{**attributes, **more})


def uid(number: int) -> str:
    return f"{STUDY}.1.{number}"


async def say(item: str = "胸部CT平扫", **more: Any) -> str:
    """A patient and an exam of that study; gives the exam's id."""
    await saying.say_patient("P1", "林知夏", sex="F")
    return (await saying.say_exam("A1", "P1", studies=(STUDY,), item=item, **more)).id
