"""Pictures whose distances, angles and values are known, and documents of each kind: what the viewer is tried on."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

from tests.archive.samples import instance, package, written

CT_CLASS = "1.2.840.10008.5.1.4.1.1.2"
DX_CLASS = "1.2.840.10008.5.1.4.1.1.1.1"
KEY_OBJECT_CLASS = "1.2.840.10008.5.1.4.1.1.88.59"

SIDE = 128  # rows and columns
SPACING_MM = 0.5
SLICE_MM = 2.0
SLICES = 12
INTERCEPT = -1024
WATER, METAL, AIR = 0, 1000, -1000  # HU of the phantom's parts
BLOCK = (32, 64, 48, 96)  # metal: rows from, to, columns from, to
WINDOW = (40.0, 400.0)


def uid(name: str) -> str:
    """A UID of this phantom, always the same for a name."""
    return f"1.2.826.0.1.3680043.10.77.{crc32(name.encode())}"


def ct_values(number: int) -> NDArray[np.int16]:
    """HU of a slice (1-based): water with a block of metal, a ramp above that holds every value of the window, air around."""
    values = np.full((SIDE, SIDE), AIR, np.int16)
    values[16:112, 16:112] = WATER
    top, bottom, left, right = BLOCK
    values[top:bottom, left:right] = METAL
    values[70:90, 16:112] = np.linspace(-300, 400, 96).astype(np.int16)
    values[100:104, 16 : 16 + number * 4] = METAL  # tells the slices apart
    return values


def ct_slice(number: int, study: str = "ct", values: NDArray[np.int16] | None = None, **more: object) -> bytes:
    """One slice as a scanner sends it; the stack goes up by 2 mm from z = 0."""
    stored = ((ct_values(number) if values is None else values) - INTERCEPT).astype(np.int16)
    known = {
        "SOPClassUID": CT_CLASS,
        "StudyInstanceUID": uid(study),
        "SeriesInstanceUID": uid(f"{study} axial"),
        "SOPInstanceUID": uid(f"{study} slice {number}"),
        "FrameOfReferenceUID": uid("space"),
        "PatientName": "尺^模=尺^模",
        "SpecificCharacterSet": "ISO_IR 192",
        "PatientID": "PHANTOM-7",
        "Modality": "CT",
        "StudyDate": "20261101",
        "StudyDescription": "尺寸模体",
        "SeriesDescription": "axial",
        "SeriesNumber": 1,
        "InstanceNumber": number,
        "PixelSpacing": [SPACING_MM, SPACING_MM],
        "ImagePositionPatient": [0, 0, (number - 1) * SLICE_MM],
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "SliceThickness": SLICE_MM,
        "RescaleSlope": 1,
        "RescaleIntercept": INTERCEPT,
        "RescaleType": "HU",
        "WindowCenter": WINDOW[0],
        "WindowWidth": WINDOW[1],
    }
    return instance(stored, transfer_syntax_uid=ExplicitVRLittleEndian, frames=0, planar=0, **{**known, **more})


def coronal() -> bytes:
    """A plane across the stack, in the same space: its rows run along z from 0 to 64 mm."""
    return ct_slice(
        1,
        SeriesInstanceUID=uid("ct coronal"),
        SOPInstanceUID=uid("ct coronal 1"),
        SeriesDescription="coronal",
        SeriesNumber=2,
        InstanceNumber=1,
        ImagePositionPatient=[0, 32, 0],
        ImageOrientationPatient=[1, 0, 0, 0, 0, 1],
    )


def radiograph() -> bytes:
    """A projection: its spacing is known on the detector alone."""
    return _picture(
        "dx", SOPClassUID=DX_CLASS, Modality="DX", ImagerPixelSpacing=[0.2, 0.2], WindowCenter=500, WindowWidth=1000
    )


def capture() -> bytes:
    """A picture whose pixels have no size."""
    return _picture("sc", Modality="OT")


def oblong() -> bytes:
    """Pixels twice as high as wide."""
    return _picture("oblong", Modality="MR", PixelSpacing=[1.0, 0.5], WindowCenter=500, WindowWidth=1000)


def key_objects() -> bytes:
    """The third slice of the stack, named by a doctor (PS3.3 A.35.4)."""
    image = Dataset()
    image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID = CT_CLASS, uid("ct slice 3")
    content = Dataset()
    content.ValueType, content.RelationshipType, content.ReferencedSOPSequence = "IMAGE", "CONTAINS", Sequence([image])
    document = Dataset()
    document.SOPClassUID, document.SOPInstanceUID = KEY_OBJECT_CLASS, uid("ct key")
    document.StudyInstanceUID, document.SeriesInstanceUID = uid("ct"), uid("ct key series")
    document.Modality, document.SeriesNumber, document.PatientID = "KO", 9, "PHANTOM-7"
    document.ValueType, document.ContentSequence = "CONTAINER", Sequence([content])
    return written(document, ExplicitVRLittleEndian)


TABLE_VALUES = np.arange(SIDE * SIDE, dtype=np.uint16).reshape(SIDE, SIDE) // 4  # 12 bits, all of them
MODALITY_TABLE = (np.arange(4096) // 2 + 100).astype(np.uint16)  # of stored values from 0
VOI_FIRST = 300  # below and above, the first and the last entry count
VOI_TABLE = np.round(1023 * np.sqrt(np.arange(1500) / 1499)).astype(np.uint16)  # of 10 bits


def with_tables() -> bytes:
    """Values that become grey by the image's own tables: one of numbers, one of so many bytes that it is bulk data."""
    modality, voi = Dataset(), Dataset()
    modality.add_new(0x00283002, "US", [4096, 0, 16])
    modality.add_new(0x00283006, "US", MODALITY_TABLE.tolist())
    modality.ModalityLUTType = "US"
    voi.add_new(0x00283002, "US", [len(VOI_TABLE), VOI_FIRST, 10])
    voi.add_new(0x00283006, "OW", VOI_TABLE.tobytes())
    names = {"StudyInstanceUID": uid("tables"), "SeriesInstanceUID": uid("tables series"), "SOPInstanceUID": uid("tables 1")}
    return instance(
        TABLE_VALUES,
        transfer_syntax_uid=ExplicitVRLittleEndian,
        frames=0,
        planar=0,
        Modality="DX",
        ModalityLUTSequence=Sequence([modality]),
        VOILUTSequence=Sequence([voi]),
        **names,
    )


LEFT_WINDOW = (100.0, 1200.0)
LEFT_LINE = ((30.0, 40.0), (90.0, 60.0))  # x and y of two points of the picture
LEFT_OVERLAY = (96, 104, 20, 28)  # rows from, to, columns from, to: of air


def left_slice() -> bytes:
    """A slice with an overlay plane of one small square."""
    top, bottom, left, right = LEFT_OVERLAY
    bits = np.zeros((SIDE, SIDE), np.uint8)
    bits[top:bottom, left:right] = 1
    file = dcmread(BytesIO(ct_slice(4, "left")))
    for element, vr, value in (
        (0x0010, "US", SIDE),
        (0x0011, "US", SIDE),
        (0x0040, "CS", "G"),
        (0x0050, "SS", [1, 1]),
        (0x0100, "US", 1),
        (0x0102, "US", 0),
        (0x3000, "OW", np.packbits(bits, bitorder="little").tobytes()),
    ):
        file.add_new(0x60000000 + element, vr, value)
    return written(file, ExplicitVRLittleEndian)


def presentation() -> bytes:
    """How a doctor left that slice: another window, turned, then mirrored, a line, a note, and a shutter (PS3.3 A.33.1)."""
    image = _reference("left slice 4")
    line, note, annotation, voi = Dataset(), Dataset(), Dataset(), Dataset()
    line.GraphicAnnotationUnits, line.GraphicType, line.GraphicFilled = "PIXEL", "POLYLINE", "N"
    line.GraphicDimensions, line.NumberOfGraphicPoints, line.GraphicData = 2, 2, [*LEFT_LINE[0], *LEFT_LINE[1]]
    note.BoundingBoxAnnotationUnits, note.UnformattedTextValue = "DISPLAY", "小结节\r\n建议复查"
    note.BoundingBoxTopLeftHandCorner, note.BoundingBoxBottomRightHandCorner = [0.5, 0.5], [0.75, 0.6]
    annotation.GraphicLayer, annotation.ReferencedImageSequence = "NOTES", Sequence([image])
    annotation.GraphicObjectSequence, annotation.TextObjectSequence = Sequence([line]), Sequence([note])
    voi.WindowCenter, voi.WindowWidth = LEFT_WINDOW
    return _state(
        "left",
        image,
        ContentLabel="READ",
        ImageRotation=90,
        ImageHorizontalFlip="Y",
        ShutterShape="CIRCULAR",
        CenterOfCircularShutter=[64, 64],
        RadiusOfCircularShutter=80,
        SoftcopyVOILUTSequence=Sequence([voi]),
        GraphicAnnotationSequence=Sequence([annotation]),
    )


TONE_FIRST = -300  # HU that takes the first entry
TONE_TABLE = np.round(1023 * (np.arange(600) / 599) ** 2).astype(np.uint16)  # of 10 bits
RED, GREEN, BLUE = 255 - np.arange(256), np.arange(256) // 2, np.full(256, 40)


def toned_state() -> bytes:
    """Greys by a table that a doctor set instead of a window (PS3.3 C.11.8)."""
    table, voi = Dataset(), Dataset()
    table.add_new(0x00283002, "SS", [len(TONE_TABLE), TONE_FIRST, 10])
    table.add_new(0x00283006, "OW", TONE_TABLE.tobytes())
    voi.VOILUTSequence = Sequence([table])
    return _state("toned", _reference("toned slice 4"), ContentLabel="TONED", SoftcopyVOILUTSequence=Sequence([voi]))


def tinted_state() -> bytes:
    """Colours instead of greys (PS3.3 A.33.3), set on values other than those of the image: that much can only be said."""
    voi = Dataset()
    voi.WindowCenter, voi.WindowWidth = WINDOW
    colours: dict[str, object] = {}
    for name, values in (("Red", RED), ("Green", GREEN), ("Blue", BLUE)):
        colours[f"{name}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        colours[f"{name}PaletteColorLookupTableData"] = (values * 257).astype(np.uint16).tobytes()
    more = {"RescaleSlope": 2, "RescaleIntercept": INTERCEPT, "RescaleType": "HU", "SoftcopyVOILUTSequence": Sequence([voi])}
    return _state(
        "tinted", _reference("tinted slice 4"), "1.2.840.10008.5.1.4.1.1.11.3", ContentLabel="TINTED", **colours, **more
    )


def _reference(name: str) -> Dataset:
    image = Dataset()
    image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID = CT_CLASS, uid(name)
    return image


def _state(study: str, image: Dataset, kind: str = "1.2.840.10008.5.1.4.1.1.11.1", **more: object) -> bytes:
    series = Dataset()
    series.SeriesInstanceUID, series.ReferencedImageSequence = uid(f"{study} axial"), Sequence([image])
    state = Dataset()
    state.SOPClassUID, state.SOPInstanceUID = kind, uid(f"{study} state")
    state.StudyInstanceUID, state.SeriesInstanceUID = uid(study), uid(f"{study} states")
    state.SpecificCharacterSet, state.Modality, state.SeriesNumber, state.PatientID = "ISO_IR 192", "PR", 8, "PHANTOM-7"
    state.ReferencedSeriesSequence = Sequence([series])
    if kind.endswith(".1"):
        state.PresentationLUTShape = "IDENTITY"
    for keyword, value in more.items():
        setattr(state, keyword, value)
    return written(state, ExplicitVRLittleEndian)


VOLUME = (20, 96, 128)  # slices from the feet up, rows, columns
VOLUME_BLOCK = (slice(8, 12), slice(20, 40), slice(30, 70))  # of metal
STACK_SIDE = 16


def volume_values() -> NDArray[np.int16]:
    """HU that rise to the left hand, to the back and to the head, each in its own way, with a block of metal."""
    z, y, x = np.mgrid[: VOLUME[0], : VOLUME[1], : VOLUME[2]]
    values: NDArray[np.int16] = (x + y // 2 + 5 * z - 100).astype(np.int16)
    values[VOLUME_BLOCK] = METAL
    return values


def volume() -> Iterator[bytes]:
    """Its slices as a scanner sends them, from the head down."""
    values = volume_values()
    for number in range(1, VOLUME[0] + 1):
        height = VOLUME[0] - number
        yield slice_of("volume", number, values[height], [0, 0, height * SLICE_MM])


def sideways_values() -> NDArray[np.int16]:
    """HU of a body taken from the side: slices from right to left, of rows from the feet up, of columns from front to back."""
    x, z, y = np.mgrid[:16, :40, :32]
    values: NDArray[np.int16] = (10 * x + 3 * y + 2 * z - 60).astype(np.int16)
    return values


def sideways() -> Iterator[bytes]:
    """Its slices as a scanner sends them, rows from the head down."""
    for number, values in enumerate(sideways_values(), 1):
        place = [(number - 1) * SLICE_MM, 0, (len(values) - 1) * SPACING_MM]
        yield slice_of("sideways", number, np.flipud(values), place, ImageOrientationPatient=[0, 1, 0, 0, 0, -1])


def stack(name: str, places: list[list[float]]) -> Iterator[bytes]:
    """Small slices at these places, in mm."""
    for number, place in enumerate(places, 1):
        yield slice_of(name, number, np.full((STACK_SIDE, STACK_SIDE), METAL, np.int16), place)


def slice_of(study: str, number: int, values: NDArray[np.int16], place: list[float], **more: object) -> bytes:
    """A slice of such HU at such a place."""
    return ct_slice(number, study, values, ImagePositionPatient=place, SeriesDescription="volume", **more)


def document() -> bytes:
    """A PDF inside DICOM."""
    pdf = b"%PDF-1.4\n" + b"% a page of nothing\n" * 100 + b"%%EOF\n"
    file = Dataset()
    file.SOPClassUID, file.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.104.1", uid("pdf 1")
    file.StudyInstanceUID, file.SeriesInstanceUID = uid("pdf"), uid("pdf series")
    file.Modality, file.MIMETypeOfEncapsulatedDocument = "DOC", "application/pdf"
    file.EncapsulatedDocument = pdf + bytes(len(pdf) % 2)
    return written(file, ExplicitVRLittleEndian)


def raw_data() -> bytes:
    """What only the device that made it can read."""
    file = Dataset()
    file.SOPClassUID, file.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.66", uid("raw 1")
    file.StudyInstanceUID, file.SeriesInstanceUID, file.Modality = uid("raw"), uid("raw series"), "MR"
    return written(file, ExplicitVRLittleEndian)


def files() -> Iterator[bytes]:
    """All of them, with a cine, a report, an ECG and an object that nobody can show."""
    for number in range(1, SLICES + 1):
        yield ct_slice(number)
    for number in range(1, 5):
        yield ct_slice(number, "earlier", StudyDate="20250301", StudyDescription="上次")
    yield from (
        with_tables(),
        left_slice(),
        presentation(),
        ct_slice(4, "toned"),
        toned_state(),
        ct_slice(4, "tinted"),
        tinted_state(),
        coronal(),
        radiograph(),
        capture(),
        oblong(),
        key_objects(),
        document(),
        raw_data(),
    )
    for name in ("examples_ybr_color.dcm", "waveform_ecg.dcm", "test-SR.dcm"):
        yield package(name)


def _picture(name: str, **more: object) -> bytes:
    pixels = np.zeros((100, 100), np.uint16)
    pixels[20:80, 20:80] = 1000
    known = {"StudyInstanceUID": uid(name), "SeriesInstanceUID": uid(f"{name} series"), "SOPInstanceUID": uid(f"{name} 1")}
    return instance(pixels, transfer_syntax_uid=ExplicitVRLittleEndian, frames=0, planar=0, **{**known, **more})
