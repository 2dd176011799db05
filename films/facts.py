"""What a film must know of an instance to choose among many: read from its DICOM JSON (PS3.18 annex F), never from pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from math import exp, log

from films.dicomjson import Json, code, items, number, numbers, text, values, whole

Vector = tuple[float, float, float]

KEY_OBJECTS = frozenset(("1.2.840.10008.5.1.4.1.1.88.59",))
# Key object titles that say which images not to look at, and those that only list all (PS3.16 CID 7010, 7011).
REJECTIONS = frozenset(("113001", "113010", "113037", "113038", "113039"))
LISTS = frozenset(("113030", "113031", "113032", "113033", "113034", "113035", "113036"))
_SHARED_GROUPS, _FRAME_GROUPS = "52009229", "52009230"
_TWO_DIMENSIONAL, _CENTIMETRES = 1, 3  # PS3.3 C.8.5.5.1.1 and C.8.5.5.1.15
_MILLIMETRES_IN_CM = 10.0


@dataclass(frozen=True, slots=True)
class Plane:
    """Where a frame lies in the patient (PS3.3 C.7.6.2), in mm; None where it is not told."""

    position: Vector | None = None
    row: Vector | None = None  # the direction in which a row runs, to the right of the picture
    column: Vector | None = None  # the direction in which a column runs, down the picture
    b_value: float | None = None


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """One instance that holds pictures. `drawable` False: its pixels cannot be decoded here."""

    study: str
    series: str
    instance: str
    sop_class: str
    modality: str
    frames: int
    rows: int
    columns: int
    drawable: bool = True
    patient_id: str = ""
    image_type: tuple[str, ...] = ()
    series_number: int | None = None
    instance_number: int | None = None
    series_words: str = ""
    protocol: str = ""
    study_words: str = ""
    body_part: str = ""
    kernel: str = ""
    intent: str = ""  # (0008,0068)
    acquisition: str = ""  # tells the runs of a scanner apart
    temporal: int = 0
    echo: int = 0
    laterality: str = ""
    view: str = ""
    patient_orientation: tuple[str, str] | None = None
    slice_location: float | None = None
    thickness_mm: float | None = None
    spacing_mm: tuple[float, float] | None = None  # between rows, between columns
    at_detector: bool = False  # the spacing is that of the detector: the patient was nearer to the tube
    taken: str = ""  # date and time as DICOM writes them, to sort by
    suv_factor: float | None = None  # stored activity (Bq/ml) x factor = SUV by body weight
    planes: tuple[Plane, ...] = ()  # one for all frames, or one a frame

    def plane(self, frame: int) -> Plane:
        """Of one frame (1-based)."""
        if not self.planes:
            return Plane()
        return self.planes[frame - 1] if len(self.planes) == self.frames else self.planes[0]


@dataclass(frozen=True, slots=True)
class KeyNote:
    """A key object selection (PS3.3 C.17.6): these images, (instance, frame or 0 for all of it), in this order."""

    title: str  # code value
    taken: str
    images: tuple[tuple[str, int], ...]


def image(document: Json, *, study: str, series: str, frames: int, drawable: bool) -> ImageFacts:
    """The facts of one instance; what is absent or not what its VR says counts as not told."""
    spacing, at_detector = _spacing(document)
    return ImageFacts(
        study=study,
        series=series,
        instance=text(document, "00080018"),
        sop_class=text(document, "00080016"),
        modality=text(document, "00080060").upper(),
        frames=frames,
        rows=whole(document, "00280010") or 0,
        columns=whole(document, "00280011") or 0,
        drawable=drawable,
        patient_id=text(document, "00100020"),
        image_type=tuple(str(value).upper() for value in values(document, "00080008")),
        series_number=whole(document, "00200011"),
        instance_number=whole(document, "00200013"),
        series_words=text(document, "0008103E"),
        protocol=text(document, "00181030"),
        study_words=text(document, "00081030"),
        body_part=text(document, "00180015"),
        kernel=" ".join(str(value) for value in values(document, "00181210")),
        intent=text(document, "00080068").upper(),
        acquisition=text(document, "00200012") or text(document, "00080032")[:4],
        temporal=whole(document, "00200100") or 0,
        echo=whole(document, "00180086") or 0,
        laterality=(text(document, "00200062") or text(document, "00200060")).upper(),
        view=_view(document),
        patient_orientation=_patient_orientation(document),
        slice_location=number(document, "00201041"),
        thickness_mm=number(document, "00180050"),
        spacing_mm=spacing,
        at_detector=at_detector,
        taken=taken(document),
        suv_factor=_suv_factor(document),
        planes=_planes(document, frames),
    )


def key_note(document: Json) -> KeyNote | None:
    """What a key object selection selects; None when it rejects images or only lists them."""
    title = code(document, "0040A043")
    if title in REJECTIONS | LISTS:
        return None
    return KeyNote(title, taken(document), tuple(_references(document)))


def rejected(document: Json) -> frozenset[str]:
    """Instances that a rejection note takes out of use (IHE IOCM)."""
    if code(document, "0040A043") not in REJECTIONS:
        return frozenset()
    return frozenset(instance for instance, _ in _references(document))


def _references(document: Json) -> Iterator[tuple[str, int]]:
    for content in items(document, "0040A730"):
        for reference in items(content, "00081199"):
            uid = text(reference, "00081155")
            frames = [value for value in values(reference, "00081160") if isinstance(value, int)]
            yield from ((uid, frame) for frame in frames or [0] if uid)


def _view(document: Json) -> str:
    coded = next((text(item, "00080104") for item in items(document, "00540220")), "")
    return (text(document, "00185101") or coded).upper()


def _patient_orientation(document: Json) -> tuple[str, str] | None:
    found = [str(value).upper() for value in values(document, "00200020") if value]
    return (found[0], found[1]) if len(found) == 2 else None


def taken(document: Json) -> str:
    """Date and time as DICOM writes them, of acquisition, content or series; empty when none is told."""
    for date, time in (("00080022", "00080032"), ("00080023", "00080033"), ("00080021", "00080031")):
        if text(document, date) or text(document, time):
            return text(document, date) + text(document, time)
    return ""


# -- geometry ---------------------------------------------------------------------


def _planes(document: Json, frames: int) -> tuple[Plane, ...]:
    shared = next(iter(items(document, _SHARED_GROUPS)), {})
    own = items(document, _FRAME_GROUPS)
    if frames > 1 and len(own) == frames:
        return tuple(_plane(document, (group, shared)) for group in own)
    if frames > 1 and not own and text(document, "00080060") == "NM":
        return ()
    return (_plane(document, (*own[:1], shared)),)


def _plane(document: Json, groups: tuple[Json, ...]) -> Plane:
    position = _vector(numbers(_macro(document, groups, "00209113"), "00200032"))
    cosines = numbers(_macro(document, groups, "00209116"), "00200037")
    diffusion = _macro({}, groups, "00189117")
    b_value = number(diffusion or document, "00189087")
    if len(cosines) != 6:
        return Plane(position, b_value=b_value)
    return Plane(position, _vector(cosines[:3]), _vector(cosines[3:]), b_value)


def _macro(document: Json, groups: tuple[Json, ...], tag: str) -> Json:
    for group in groups:
        found = items(group, tag)
        if found:
            return found[0]
    return document


def _vector(numbers: list[float]) -> Vector | None:
    return (numbers[0], numbers[1], numbers[2]) if len(numbers) == 3 else None


def _spacing(document: Json) -> tuple[tuple[float, float] | None, bool]:
    """Millimetres between rows and between columns, and whether they count at the detector (PS3.3 10.7.1.3)."""
    shared = tuple(items(document, _SHARED_GROUPS)[:1]) + tuple(items(document, _FRAME_GROUPS)[:1])
    measures = _macro(document, shared, "00289110")
    for source, tag, at_detector in (
        (measures, "00280030", False),
        (document, "00181164", True),
        (document, "00182010", False),
    ):
        found = numbers(source, tag)
        if len(found) == 2 and min(found) > 0:
            uncorrected = tag == "00280030" and text(document, "00280A02") == "" and _projected(document)
            return (found[0], found[1]), at_detector or uncorrected
    return _ultrasound_spacing(document), False


def _projected(document: Json) -> bool:
    """In a radiograph Pixel Spacing without a calibration is the detector's."""
    return text(document, "00080060") in ("CR", "DX", "MG", "RF", "XA", "IO", "PX")


def _ultrasound_spacing(document: Json) -> tuple[float, float] | None:
    """Of the two-dimensional regions, when they agree (PS3.3 C.8.5.5)."""
    found = set()
    for region in items(document, "00186011"):
        if whole(region, "00186012") != _TWO_DIMENSIONAL:
            continue
        if whole(region, "00186024") != _CENTIMETRES or whole(region, "00186026") != _CENTIMETRES:
            return None
        across, down = number(region, "0018602C"), number(region, "0018602E")
        if across and down:
            found.add((round(abs(down) * _MILLIMETRES_IN_CM, 4), round(abs(across) * _MILLIMETRES_IN_CM, 4)))
    return found.pop() if len(found) == 1 else None


# -- activity --------------------------------------------------------------------


def _suv_factor(document: Json) -> float | None:
    """For activity in Bq/ml with decay corrected to the start of the scan (PS3.3 C.8.9.1); None when anything is missing."""
    if text(document, "00541001") != "BQML" or text(document, "00541102") != "START":
        return None
    weight_kg = number(document, "00101030")
    drug = next(iter(items(document, "00540016")), None)
    if drug is None or not weight_kg:
        return None
    dose_bq, half_life_s = number(drug, "00181074"), number(drug, "00181075")
    waited_s = _seconds_between(text(drug, "00181072"), text(document, "00080031"))
    if not dose_bq or not half_life_s or waited_s is None:
        return None
    left_bq = dose_bq * exp(-log(2) * waited_s / half_life_s)
    return weight_kg * 1000.0 / left_bq


def _seconds_between(earlier: str, later: str) -> float | None:
    try:
        begin, end = (datetime.strptime(text[:6], "%H%M%S") for text in (earlier, later))
    except ValueError:
        return None
    seconds = (end - begin).total_seconds()
    return seconds if 0 <= seconds < 6 * 3600 else None
