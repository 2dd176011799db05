"""The attributes that may leave under a mask, and in which form: whatever is not named here does not leave (PS3.15 annex E).

Stricter than the Basic Application Level Confidentiality Profile, which names what must go: here stands what may stay. No
text that a person could have typed stays; a coded string stays when it is one of the words listed for it, a description
keeps those of its words that are listed in `words.py`.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from pydicom.datadict import tag_for_keyword


class Rule(Enum):
    """What becomes of an attribute."""

    NUMBERS = auto()  # stays, as numbers only
    DATE = auto()  # stays when it is a date
    TIME = auto()  # stays when it is a time
    AGE = auto()  # stays when it is an age, of 90 years and more as 090Y
    CODES = auto()  # each value stays when it is listed in CODES
    WORDS = auto()  # keeps the listed words
    KNOWN_UID = auto()  # stays when the standard registers it
    MAPPED_UID = auto()  # becomes another one, always the same
    ITEMS = auto()  # each item by these same rules
    CONCEPT = auto()  # items of a code sequence: stays when the standard's dictionaries know it, with their meaning
    PIXELS = auto()  # where the pixels can be asked for, never the pixels themselves
    TABLE = auto()  # a lookup table, whose bytes are numbers
    NAME = auto()  # the mask's name
    IDENTIFIER = auto()  # the mask's number
    BIRTH_DATE = auto()  # the year alone, as its first day
    ORIENTATION = auto()  # letters of PS3.3 section C.7.6.1.1.1


# PS3.3 sections C.7.1.1 and C.7.2.2
_PERSON = {"PatientName": Rule.NAME, "PatientID": Rule.IDENTIFIER, "PatientBirthDate": Rule.BIRTH_DATE, "PatientAge": Rule.AGE}

_DATES = "StudyDate SeriesDate AcquisitionDate ContentDate"
_TIMES = "StudyTime SeriesTime AcquisitionTime ContentTime"  # not DT: its zone would be one more text

_MAPPED_UIDS = """
StudyInstanceUID SeriesInstanceUID SOPInstanceUID FrameOfReferenceUID ReferencedSOPInstanceUID
SynchronizationFrameOfReferenceUID DimensionOrganizationUID IrradiationEventUID ConcatenationUID
"""
_KNOWN_UIDS = "SOPClassUID ReferencedSOPClassUID AvailableTransferSyntaxUID"

# PS3.3 sections C.7.6.1 to C.7.6.3, C.7.6.16, C.8.2 to C.8.9, C.8.13 to C.8.15, C.11.1, C.11.2, C.8.5.5
_NUMBERS = """
PatientSize PatientWeight SeriesNumber InstanceNumber AcquisitionNumber ImagesInAcquisition TemporalPositionIndex
TemporalPositionIdentifier NumberOfTemporalPositions InStackPositionNumber DimensionIndexValues Rows Columns
BitsAllocated BitsStored HighBit PixelRepresentation SamplesPerPixel PlanarConfiguration NumberOfFrames
SmallestImagePixelValue LargestImagePixelValue SmallestPixelValueInSeries LargestPixelValueInSeries PixelPaddingValue
PixelPaddingRangeLimit PixelAspectRatio PixelSpacing ImagerPixelSpacing NominalScannedPixelSpacing
EstimatedRadiographicMagnificationFactor SpacingBetweenSlices SliceThickness SliceLocation ImagePositionPatient
ImageOrientationPatient TableHeight GantryDetectorTilt ReconstructionDiameter DataCollectionDiameter WindowCenter
WindowWidth RescaleSlope RescaleIntercept LUTDescriptor RedPaletteColorLookupTableDescriptor
GreenPaletteColorLookupTableDescriptor BluePaletteColorLookupTableDescriptor RealWorldValueIntercept RealWorldValueSlope
RealWorldValueFirstValueMapped RealWorldValueLastValueMapped FrameTime FrameTimeVector FrameDelay CineRate
RecommendedDisplayFrameRate StartTrim StopTrim PreferredPlaybackSequencing EffectiveDuration ActualFrameDuration
FrameReferenceTime TriggerTime HeartRate NominalInterval KVP XRayTubeCurrent ExposureTime Exposure ExposureInuAs
ExposureTimeInuS XRayTubeCurrentInuA DistanceSourceToDetector DistanceSourceToPatient FocalSpots RevolutionTime
SingleCollimationWidth TotalCollimationWidth TableSpeed TableFeedPerRotation SpiralPitchFactor CTDIvol
RelativeXRayExposure ExposureIndex TargetExposureIndex DeviationIndex Sensitivity BodyPartThickness CompressionForce
PositionerPrimaryAngle PositionerSecondaryAngle DetectorPrimaryAngle DetectorSecondaryAngle FieldOfViewDimensions
FieldOfViewOrigin FieldOfViewRotation EntranceDoseInmGy OrganDose HalfValueLayer ShutterLeftVerticalEdge
ShutterRightVerticalEdge ShutterUpperHorizontalEdge ShutterLowerHorizontalEdge CenterOfCircularShutter
RadiusOfCircularShutter VerticesOfThePolygonalShutter ShutterPresentationValue RepetitionTime EchoTime InversionTime
NumberOfAverages ImagingFrequency EchoNumbers MagneticFieldStrength NumberOfPhaseEncodingSteps EchoTrainLength
PercentSampling PercentPhaseFieldOfView PixelBandwidth FlipAngle AcquisitionMatrix SAR dBdt DiffusionBValue
DiffusionGradientOrientation EffectiveEchoTime CardiacNumberOfImages RegionSpatialFormat RegionDataType RegionFlags
RegionLocationMinX0 RegionLocationMinY0 RegionLocationMaxX1 RegionLocationMaxY1 ReferencePixelX0 ReferencePixelY0
ReferencePixelPhysicalValueX ReferencePixelPhysicalValueY PhysicalUnitsXDirection PhysicalUnitsYDirection PhysicalDeltaX
PhysicalDeltaY TransducerFrequency PulseRepetitionFrequency DopplerCorrectionAngle SteeringAngle
PixelComponentOrganization PixelComponentPhysicalUnits PixelComponentDataType DepthOfScanField NumberOfSlices
NumberOfTimeSlices ImageIndex AxialAcceptance AxialMash DecayFactor DoseCalibrationFactor ScatterFractionFactor
RadionuclideTotalDose RadionuclideHalfLife RadionuclidePositronFraction RadiopharmaceuticalVolume NumberOfEnergyWindows
EnergyWindowLowerLimit EnergyWindowUpperLimit NumberOfDetectors NumberOfRotations NumberOfRRIntervals NumberOfTimeSlots
AngularStep StartAngle ScanArc RotationVector SliceVector FrameAcquisitionNumber FrameAcquisitionDuration
ReferencedFrameNumber NumberOfStudyRelatedSeries NumberOfStudyRelatedInstances NumberOfSeriesRelatedInstances
TotalPixelMatrixColumns TotalPixelMatrixRows ImagedVolumeWidth ImagedVolumeHeight ImagedVolumeDepth
ColumnPositionInTotalImagePixelMatrix RowPositionInTotalImagePixelMatrix XOffsetInSlideCoordinateSystem
YOffsetInSlideCoordinateSystem ZOffsetInSlideCoordinateSystem ImageOrientationSlide LossyImageCompressionRatio
"""

# Dates and times that are not clock times
_RADIOPHARMACY_TIMES = "RadiopharmaceuticalStartTime RadiopharmaceuticalStopTime"

_ITEMS = """
SharedFunctionalGroupsSequence PerFrameFunctionalGroupsSequence PixelMeasuresSequence PlanePositionSequence
PlaneOrientationSequence FrameVOILUTSequence PixelValueTransformationSequence FrameContentSequence FrameAnatomySequence
ModalityLUTSequence VOILUTSequence RealWorldValueMappingSequence SequenceOfUltrasoundRegions
RadiopharmaceuticalInformationSequence EnergyWindowInformationSequence EnergyWindowRangeSequence
DetectorInformationSequence RotationInformationSequence CTImageFrameTypeSequence MRImageFrameTypeSequence
PETFrameTypeSequence XRay3DFrameTypeSequence CTPositionSequence MREchoSequence MRTimingAndRelatedParametersSequence
MRDiffusionSequence DiffusionGradientDirectionSequence DimensionIndexSequence DimensionOrganizationSequence
PlanePositionSlideSequence TotalPixelMatrixOriginSequence IrradiationEventIdentificationSequence
FrameDisplayShutterSequence
"""

_CONCEPTS = """
ViewCodeSequence ViewModifierCodeSequence AnatomicRegionSequence AnatomicRegionModifierSequence
PatientOrientationCodeSequence PatientOrientationModifierCodeSequence PatientGantryRelationshipCodeSequence
MeasurementUnitsCodeSequence RadionuclideCodeSequence
"""

_TABLES = """
RedPaletteColorLookupTableData GreenPaletteColorLookupTableData BluePaletteColorLookupTableData LUTData
"""

_WORDS = """
StudyDescription SeriesDescription ProtocolName Manufacturer ManufacturerModelName LUTExplanation
WindowCenterWidthExplanation
"""

# keyword: the values that may stay (PS3.3, defined terms and enumerated values), ~ for a blank in one
_CODES = """
SpecificCharacterSet: ISO_IR~192
Modality: AR AU BI BMD CR CT DG DX ECG EPS ES GM IO IVOCT IVUS KO LS MG MR NM OCT OP OPT PT PX RF RG RTIMAGE SC SM TG US
    VA XA XC OT
ModalitiesInStudy: AR AU BI BMD CR CT DG DX ECG EPS ES GM IO IVOCT IVUS KO LS MG MR NM OCT OP OPT PT PX RF RG RTIMAGE SC
    SM TG US VA XA XC OT
InstanceAvailability: ONLINE NEARLINE OFFLINE UNAVAILABLE
PatientSex: M F O
PatientPosition: HFP HFS HFDR HFDL FFDR FFDL FFP FFS LFP LFS RFP RFS AFDR AFDL PFDR PFDL
Laterality: R L U B
ImageLaterality: R L U B
FrameLaterality: R L U B
ViewPosition: AP PA LL RL RLD LLD RLO LLO LAO RAO CC MLO ML LM LMO XCC XCCL XCCM FB SIO ISO CV AT RM RL
ImageType: ORIGINAL DERIVED PRIMARY SECONDARY AXIAL LOCALIZER SCOUT REFORMATTED MPR MIP MINIP PROJECTION~IMAGE CPR
    AVERAGE VOLUME VOLUME_RENDERED NONE M M_FFE MAGNITUDE MAGN P PHASE R REAL I IMAGINARY SE FFE GR IR OTHER ADC
    DIFFUSION TRACEW FA T1 T2 T2_STAR PROTON_DENSITY T1_MAP T2_MAP VELOCITY WATER FAT IN_PHASE
    OUT_OF_PHASE MIXED NORM DIS2D DIS3D ND FM STATIC DYNAMIC GATED WHOLE~BODY TOMO RECON~TOMO RECON~GATED~TOMO
    GATED~TOMO EMISSION TRANSMISSION ATTENUATION SINGLE~PLANE BIPLANE~A BIPLANE~B RESAMPLED THUMBNAIL LABEL OVERVIEW
PhotometricInterpretation: MONOCHROME1 MONOCHROME2 PALETTE~COLOR RGB YBR_FULL YBR_FULL_422 YBR_PARTIAL_420 YBR_ICT
    YBR_RCT XYB
BurnedInAnnotation: YES NO
RecognizableVisualFeatures: YES NO
LossyImageCompression: 00 01
LossyImageCompressionMethod: ISO_10918_1 ISO_14495_1 ISO_15444_1 ISO_15444_15 ISO_18181_1 ISO_13818_2 ISO_14496_10
    ISO_23008_2
PresentationLUTShape: IDENTITY INVERSE
VOILUTFunction: LINEAR LINEAR_EXACT SIGMOID
RescaleType: HU US OD Z_EFF ED EDW HU_MOD PCT MGML
ModalityLUTType: HU US OD
Units: CNTS NONE CM2 CM2ML PCNT CPS BQML MGMINML UMOLMINML MLMING MLG 1CM UMOLML PROPCNTS PROPCPS MLMINML MLML GML
    STDDEV SUV
DecayCorrection: NONE START ADMIN
SUVType: BSA BW LBM LBMJAMES128 LBMJANMA IBW
CountsSource: EMISSION TRANSMISSION
CorrectedImage: UNIF COR NCO DECY ATTN SCAT DTIM MOTN PMOT CLN RAN RADL DCAL NORM
SeriesType: STATIC DYNAMIC GATED WHOLE~BODY IMAGE REPROJECTION
ScanOptions: PER RG CG PPG FC PFF PFP SP FS HELICAL AXIAL SCOUT
ScanningSequence: SE IR GR EP RM
SequenceVariant: SK MTC SS TRSS SP MP OSP NONE
MRAcquisitionType: 1D 2D 3D
AngioFlag: Y N
ShutterShape: RECTANGULAR CIRCULAR POLYGONAL BITMAP
FieldOfViewShape: RECTANGLE ROUND HEXAGONAL
PixelIntensityRelationship: LIN LOG DISP
PixelSpacingCalibrationType: GEOMETRY FIDUCIAL
PositionerMotion: STATIC DYNAMIC
PositionerType: CARM COLUMN MAMMOGRAPHIC PANORAMIC CEPHALOSTAT RIGID NONE
DetectorType: DIRECT SCINTILLATOR STORAGE FILM
PresentationIntentType: FOR~PRESENTATION FOR~PROCESSING
ConversionType: DV DI DF WSD SD SI DRW SYN
DimensionOrganizationType: 3D 3D_TEMPORAL TILED_FULL TILED_SPARSE
VolumetricProperties: VOLUME SAMPLED DISTORTED MIXED
FrameType: ORIGINAL DERIVED PRIMARY VOLUME NONE
ReconstructionMethod: FBP OSEM BP 2DFBP 3DRP 3D-OSEM
BodyPartExamined: ABDOMEN ABDOMENPELVIS ADRENAL ANKLE AORTA ARM AXILLA BACK BLADDER BRAIN BREAST BRONCHUS BUTTOCK
    CALCANEUS CALF CAROTID CEREBELLUM CERVIX CHEEK CHEST CHESTABDOMEN CHESTABDPELVIS CIRCLEOFWILLIS CLAVICLE COCCYX
    COLON CORNEA CORONARYARTERY CSPINE CTSPINE DUODENUM EAR ELBOW ESOPHAGUS EXTREMITY EYE EYELID FACE FEMUR FINGER FOOT
    GALLBLADDER HAND HEAD HEADNECK HEART HIP HUMERUS ILEUM ILIUM IAC JAW JEJUNUM KIDNEY KNEE LARYNX LEG LIVER LSPINE
    LSSPINE LUNG MAXILLA MEDIASTINUM MOUTH NECK NECKCHEST NECKCHESTABDOMEN NECKCHESTABDPELV NOSE ORBIT OVARY PANCREAS
    PANCBILEDUCT PAROTID PATELLA PELVIS PENIS PHARYNX PROSTATE RECTUM RIB SCALP SCAPULA SCLERA SCROTUM SHOULDER SKULL
    SPINE SPLEEN SSPINE STERNUM STOMACH SUBMANDIBULAR TESTIS THIGH THORAX THUMB THYMUS THYROID TLSPINE TMJ TOE TRACHEA
    TSPINE TSSPINE UPARM UPPERARM URETER URETHRA UTERUS VAGINA VULVA WHOLEBODY WRIST ZYGOMA
"""


def _rules() -> dict[int, Rule]:
    by_keyword: dict[str, Rule] = dict(_PERSON)
    for keywords, rule in (
        (_DATES, Rule.DATE),
        (f"{_TIMES} {_RADIOPHARMACY_TIMES}", Rule.TIME),
        (_MAPPED_UIDS, Rule.MAPPED_UID),
        (_KNOWN_UIDS, Rule.KNOWN_UID),
        (_NUMBERS, Rule.NUMBERS),
        (_ITEMS, Rule.ITEMS),
        (_CONCEPTS, Rule.CONCEPT),
        (_TABLES, Rule.TABLE),
        (_WORDS, Rule.WORDS),
        (" ".join(_code_values()), Rule.CODES),
        ("PatientOrientation", Rule.ORIENTATION),
        ("PixelData", Rule.PIXELS),
    ):
        by_keyword |= dict.fromkeys(keywords.split(), rule)
    return {_tag(keyword): rule for keyword, rule in by_keyword.items()}


def _code_values() -> dict[str, frozenset[str]]:
    """Keyword → its values, from the list above."""
    lines = (line.split(": ") for line in _CODES.strip().replace("\n    ", " ").splitlines())
    return {keyword: frozenset(value.replace("~", " ") for value in values.split()) for keyword, values in lines}


def _tag(keyword: str) -> int:
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise KeyError(f"{keyword} is no keyword of PS3.6")
    return tag


RULES: Final = _rules()
CODES_OF: Final = {_tag(keyword): values for keyword, values in _code_values().items()}
