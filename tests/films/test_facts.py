"""What a film must know of an instance, read from DICOM JSON as the archive keeps it."""

from __future__ import annotations

from io import BytesIO

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from archive.dicomjson import to_json
from films import facts
from films.facts import ImageFacts, KeyNote, Plane
from tests.archive.samples import package, written


def read(data_set: Dataset) -> dict[str, object]:
    """As the archive reads a file of it."""
    data_set.SOPClassUID = data_set.get("SOPClassUID", "1.2.840.10008.5.1.4.1.1.7")
    data_set.SOPInstanceUID = "1.2.3.4"
    return to_json(pydicom.dcmread(BytesIO(written(data_set, "1.2.840.10008.1.2.1"))))


def image(data_set: Dataset, frames: int = 1) -> ImageFacts:
    return facts.image(read(data_set), study="1.2", series="1.2.3", frames=frames, drawable=True)


def of_package(name: str, frames: int = 1) -> ImageFacts:
    document = to_json(pydicom.dcmread(BytesIO(package(name))))
    return facts.image(document, study="1", series="2", frames=frames, drawable=True)


def item(**attributes: object) -> Dataset:
    made = Dataset()
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return made


def test_a_slice_tells_where_it_lies_and_how_large_its_pixels_are() -> None:
    ct = of_package("CT_small.dcm")
    assert (ct.modality, ct.image_type[:3], ct.thickness_mm) == ("CT", ("ORIGINAL", "PRIMARY", "AXIAL"), 5.0)
    assert ct.plane(1) == Plane((-158.135803, -179.035797, -75.699997), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
    assert ct.spacing_mm == (0.661468, 0.661468) and not ct.at_detector


def test_the_frames_of_an_enhanced_image_have_a_place_each() -> None:
    groups = [item(PlanePositionSequence=[item(ImagePositionPatient=[0, 0, z])]) for z in (0, 5)]
    orientation = [item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])]
    measures = [item(PixelSpacing=[0.7, 0.7])]
    shared = [item(PlaneOrientationSequence=orientation, PixelMeasuresSequence=measures)]
    enhanced = image(
        item(Modality="MR", NumberOfFrames=2, SharedFunctionalGroupsSequence=shared, PerFrameFunctionalGroupsSequence=groups), 2
    )
    assert [plane.position for plane in enhanced.planes] == [(0, 0, 0), (0, 0, 5)]
    assert enhanced.plane(2).row == (1, 0, 0) and enhanced.spacing_mm == (0.7, 0.7)


def test_the_scale_of_a_radiograph_is_that_of_its_detector_unless_it_was_calibrated() -> None:
    assert image(item(Modality="DX", ImagerPixelSpacing=[0.14, 0.14])).at_detector
    assert image(item(Modality="CR", PixelSpacing=[0.2, 0.2])).at_detector
    assert not image(item(Modality="CR", PixelSpacing=[0.2, 0.2], PixelSpacingCalibrationType="FIDUCIAL")).at_detector


def test_the_scale_of_an_ultrasound_is_that_of_its_regions_when_they_agree() -> None:
    def region(delta_cm: float, units: int = 3, kind: int = 1) -> Dataset:
        known = {"RegionSpatialFormat": kind, "PhysicalUnitsXDirection": units, "PhysicalUnitsYDirection": units}
        return item(**known, PhysicalDeltaX=delta_cm, PhysicalDeltaY=delta_cm)

    def spacing(*regions: Dataset) -> tuple[float, float] | None:
        return image(item(Modality="US", SequenceOfUltrasoundRegions=Sequence(regions))).spacing_mm

    assert spacing(region(0.03), region(0.9, units=4, kind=3)) == (0.3, 0.3)
    assert spacing(region(0.03), region(0.05)) is None
    assert spacing(region(0.03, units=4)) is None


def test_uptake_is_computed_from_weight_dose_and_time() -> None:
    drug = item(RadionuclideTotalDose=370e6, RadionuclideHalfLife=6586.2, RadiopharmaceuticalStartTime="090000")
    pet = item(Modality="PT", Units="BQML", DecayCorrection="START", PatientWeight=70, SeriesTime="100000")
    pet.RadiopharmaceuticalInformationSequence = [drug]
    left = 370e6 * 0.5 ** (3600 / 6586.2)
    assert image(pet).suv_factor == pytest.approx(70_000 / left)
    pet.PatientWeight = None
    assert image(pet).suv_factor is None


def test_what_is_impossible_counts_as_not_told() -> None:
    bad = image(item(Modality="CT", PixelSpacing=[0, 0.5], ImagePositionPatient=[1, 2], PatientOrientation="L"))
    assert (bad.spacing_mm, bad.plane(1), bad.patient_orientation) == (None, Plane(), None)


# -- what doctors marked


def note(title: str, *references: Dataset) -> dict[str, object]:
    content = [item(ValueType="IMAGE", ReferencedSOPSequence=[each]) for each in references]
    return read(item(ConceptNameCodeSequence=[item(CodeValue=title)], ContentSequence=content))


def test_a_key_note_names_images_and_frames_in_order() -> None:
    said = note(
        "113000", item(ReferencedSOPInstanceUID="1.5", ReferencedFrameNumber=[3, 1]), item(ReferencedSOPInstanceUID="1.4")
    )
    assert facts.key_note(said) == KeyNote("113000", "", (("1.5", 3), ("1.5", 1), ("1.4", 0)))
    assert facts.rejected(said) == frozenset()


@pytest.mark.parametrize(("title", "rejects"), [("113001", True), ("113037", True), ("113039", True), ("113030", False)])
def test_a_rejection_takes_images_away_and_a_manifest_selects_none(title: str, rejects: bool) -> None:
    said = note(title, item(ReferencedSOPInstanceUID="1.5"))
    assert facts.key_note(said) is None
    assert facts.rejected(said) == (frozenset({"1.5"}) if rejects else frozenset())
