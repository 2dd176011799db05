"""Which attributes describe a whole study or series, and so may stand in a search result of it (PS3.3 C.7.1 to C.7.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wado.attributes import attribute
from wado.query import Level


def _tags(keywords: str) -> frozenset[str]:
    return frozenset(found.tag for found in map(attribute, keywords.split()) if found)


_PATIENT_GROUP = "0010"  # Patient, Patient Study and Clinical Trial Subject modules
_STUDY = _tags(
    # SOP Common, as far as it says how to read the rest
    "SpecificCharacterSet TimezoneOffsetFromUTC"
    # General Study
    " StudyInstanceUID StudyDate StudyTime StudyID AccessionNumber IssuerOfAccessionNumberSequence StudyDescription"
    " ReferringPhysicianName ReferringPhysicianIdentificationSequence ConsultingPhysicianName PhysiciansOfRecord"
    " ConsultingPhysicianIdentificationSequence PhysiciansOfRecordIdentificationSequence NameOfPhysiciansReadingStudy"
    " PhysiciansReadingStudyIdentificationSequence RequestingService RequestingServiceCodeSequence RequestingPhysician"
    " ReferencedStudySequence ProcedureCodeSequence ReasonForPerformedProcedureCodeSequence RequestedProcedureDescription"
    " RequestedProcedureCodeSequence"
    # Patient Study
    " AdmittingDiagnosesDescription AdmittingDiagnosesCodeSequence AdmissionID IssuerOfAdmissionIDSequence ServiceEpisodeID"
    " ServiceEpisodeDescription IssuerOfServiceEpisodeIDSequence PatientState"
    # Clinical Trial Subject
    " ClinicalTrialSponsorName ClinicalTrialProtocolID ClinicalTrialSiteID ClinicalTrialSubjectID"
)
_SERIES = _tags(
    # General Series
    "Modality SeriesInstanceUID SeriesNumber Laterality SeriesDate SeriesTime SeriesDescription SeriesDescriptionCodeSequence"
    " PerformingPhysicianName PerformingPhysicianIdentificationSequence OperatorsName OperatorIdentificationSequence"
    " ProtocolName BodyPartExamined PatientPosition AnatomicalOrientationType ReferencedPerformedProcedureStepSequence"
    " RelatedSeriesSequence RequestAttributesSequence SmallestPixelValueInSeries LargestPixelValueInSeries"
    " PerformedProcedureStepID PerformedProcedureStepStartDate PerformedProcedureStepStartTime PerformedProcedureStepEndDate"
    " PerformedProcedureStepEndTime PerformedProcedureStepDescription PerformedProtocolCodeSequence"
    " CommentsOnThePerformedProcedureStep"
    # General Equipment
    " Manufacturer ManufacturerModelName InstitutionName InstitutionAddress InstitutionalDepartmentName StationName"
    " DeviceSerialNumber SoftwareVersions SpatialResolution DateOfLastCalibration TimeOfLastCalibration"
    # Frame of Reference
    " FrameOfReferenceUID PositionReferenceIndicator"
)


def of_level(document: Mapping[str, Any], level: Level) -> dict[str, Any]:
    """What of an instance's DICOM JSON is as true of its study or series as a whole; of an instance all."""
    if level is Level.INSTANCE:
        return dict(document)
    told = _STUDY if level is Level.STUDY else _STUDY | _SERIES
    return {tag: value for tag, value in document.items() if tag in told or tag.startswith(_PATIENT_GROUP)}
