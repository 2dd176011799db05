"""What a film must know of an instance to choose among many: read from its DICOM JSON (PS3.18 annex F), never from pixels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import exp, isfinite, log
from typing import Any

from films.image import Window
from films.tone import is_possible

Json = Mapping[str, Any]
Vector = tuple[float, float, float]

PRESENTATION_STATES = frozenset(f"1.2.840.10008.5.1.4.1.1.11.{number}" for number in (1, 2, 3, 4, 8))
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


@dataclass(frozen=True, slots=True)
class Presentation:
    """What a presentation state says of images (PS3.3 A.33): instance → window, None where it sets none."""

    taken: str
    windows: Mapping[str, Window | None]


def image(document: Json, *, study: str, series: str, frames: int, drawable: bool) -> ImageFacts:
    """The facts of one instance; what is absent or not what its VR says counts as not told."""
    spacing, at_detector = _spacing(document)
    return ImageFacts(
        study=study,
        series=series,
        instance=_text(document, "00080018"),
        sop_class=_text(document, "00080016"),
        modality=_text(document, "00080060").upper(),
        frames=frames,
        rows=_whole(document, "00280010") or 0,
        columns=_whole(document, "00280011") or 0,
        drawable=drawable,
        patient_id=_text(document, "00100020"),
        image_type=tuple(str(value).upper() for value in _values(document, "00080008")),
        series_number=_whole(document, "00200011"),
        instance_number=_whole(document, "00200013"),
        series_words=_text(document, "0008103E"),
        protocol=_text(document, "00181030"),
        study_words=_text(document, "00081030"),
        body_part=_text(document, "00180015"),
        kernel=" ".join(str(value) for value in _values(document, "00181210")),
        intent=_text(document, "00080068").upper(),
        acquisition=_text(document, "00200012") or _text(document, "00080032")[:4],
        temporal=_whole(document, "00200100") or 0,
        echo=_whole(document, "00180086") or 0,
        laterality=(_text(document, "00200062") or _text(document, "00200060")).upper(),
        view=_view(document),
        patient_orientation=_patient_orientation(document),
        slice_location=_number(document, "00201041"),
        thickness_mm=_number(document, "00180050"),
        spacing_mm=spacing,
        at_detector=at_detector,
        taken=_taken(document),
        suv_factor=_suv_factor(document),
        planes=_planes(document, frames),
    )


def key_note(document: Json) -> KeyNote | None:
    """What a key object selection selects; None when it rejects images or only lists them."""
    title = _code(document, "0040A043")
    if title in REJECTIONS | LISTS:
        return None
    return KeyNote(title, _taken(document), tuple(_references(document)))


def rejected(document: Json) -> frozenset[str]:
    """Instances that a rejection note takes out of use (IHE IOCM)."""
    if _code(document, "0040A043") not in REJECTIONS:
        return frozenset()
    return frozenset(instance for instance, _ in _references(document))


def presentation(document: Json) -> Presentation:
    """The windows of a presentation state, one for each image that it names."""
    named = [uid for series in _items(document, "00081115") for uid in _instances(series)]
    windows: dict[str, Window | None] = dict.fromkeys(named)
    for softcopy in _items(document, "00283110"):
        window = _window(softcopy)
        for uid in list(_instances(softcopy)) or named:
            windows[uid] = window
    return Presentation(_taken(document), windows)


def _references(document: Json) -> Iterator[tuple[str, int]]:
    for content in _items(document, "0040A730"):
        for reference in _items(content, "00081199"):
            uid = _text(reference, "00081155")
            numbers = [value for value in _values(reference, "00081160") if isinstance(value, int)]
            yield from ((uid, number) for number in numbers or [0] if uid)


def _instances(item: Json) -> Iterator[str]:
    return (uid for uid in (_text(each, "00081155") for each in _items(item, "00081140")) if uid)


def _window(softcopy: Json) -> Window | None:
    center, width = _number(softcopy, "00281050"), _number(softcopy, "00281051")
    if center is None or width is None:
        return None
    function = _text(softcopy, "00281056")
    window = Window(center, width, function if function in ("LINEAR_EXACT", "SIGMOID") else "LINEAR")
    return window if is_possible(window) else None


def _view(document: Json) -> str:
    coded = next((_text(item, "00080104") for item in _items(document, "00540220")), "")
    return (_text(document, "00185101") or coded).upper()


def _patient_orientation(document: Json) -> tuple[str, str] | None:
    found = [str(value).upper() for value in _values(document, "00200020") if value]
    return (found[0], found[1]) if len(found) == 2 else None


def _taken(document: Json) -> str:
    for date, time in (("00080022", "00080032"), ("00080023", "00080033"), ("00080021", "00080031")):
        if _text(document, date) or _text(document, time):
            return _text(document, date) + _text(document, time)
    return ""


# -- geometry ---------------------------------------------------------------------


def _planes(document: Json, frames: int) -> tuple[Plane, ...]:
    shared = next(iter(_items(document, _SHARED_GROUPS)), {})
    own = _items(document, _FRAME_GROUPS)
    if frames > 1 and len(own) == frames:
        return tuple(_plane(document, (group, shared)) for group in own)
    if frames > 1 and not own and _text(document, "00080060") == "NM":
        return ()
    return (_plane(document, (*own[:1], shared)),)


def _plane(document: Json, groups: tuple[Json, ...]) -> Plane:
    position = _vector(_numbers(_macro(document, groups, "00209113"), "00200032"))
    cosines = _numbers(_macro(document, groups, "00209116"), "00200037")
    diffusion = _macro({}, groups, "00189117")
    b_value = _number(diffusion or document, "00189087")
    if len(cosines) != 6:
        return Plane(position, b_value=b_value)
    return Plane(position, _vector(cosines[:3]), _vector(cosines[3:]), b_value)


def _macro(document: Json, groups: tuple[Json, ...], tag: str) -> Json:
    for group in groups:
        found = _items(group, tag)
        if found:
            return found[0]
    return document


def _vector(numbers: list[float]) -> Vector | None:
    return (numbers[0], numbers[1], numbers[2]) if len(numbers) == 3 else None


def _spacing(document: Json) -> tuple[tuple[float, float] | None, bool]:
    """Millimetres between rows and between columns, and whether they count at the detector (PS3.3 10.7.1.3)."""
    shared = tuple(_items(document, _SHARED_GROUPS)[:1]) + tuple(_items(document, _FRAME_GROUPS)[:1])
    measures = _macro(document, shared, "00289110")
    for source, tag, at_detector in (
        (measures, "00280030", False),
        (document, "00181164", True),
        (document, "00182010", False),
    ):
        found = _numbers(source, tag)
        if len(found) == 2 and min(found) > 0:
            uncorrected = tag == "00280030" and _text(document, "00280A02") == "" and _projected(document)
            return (found[0], found[1]), at_detector or uncorrected
    return _ultrasound_spacing(document), False


def _projected(document: Json) -> bool:
    """In a radiograph Pixel Spacing without a calibration is the detector's."""
    return _text(document, "00080060") in ("CR", "DX", "MG", "RF", "XA", "IO", "PX")


def _ultrasound_spacing(document: Json) -> tuple[float, float] | None:
    """Of the two-dimensional regions, when they agree (PS3.3 C.8.5.5)."""
    found = set()
    for region in _items(document, "00186011"):
        if _whole(region, "00186012") != _TWO_DIMENSIONAL:
            continue
        if _whole(region, "00186024") != _CENTIMETRES or _whole(region, "00186026") != _CENTIMETRES:
            return None
        across, down = _number(region, "0018602C"), _number(region, "0018602E")
        if across and down:
            found.add((round(abs(down) * _MILLIMETRES_IN_CM, 4), round(abs(across) * _MILLIMETRES_IN_CM, 4)))
    return found.pop() if len(found) == 1 else None


# -- activity --------------------------------------------------------------------


def _suv_factor(document: Json) -> float | None:
    """For activity in Bq/ml with decay corrected to the start of the scan (PS3.3 C.8.9.1); None when anything is missing."""
    if _text(document, "00541001") != "BQML" or _text(document, "00541102") != "START":
        return None
    weight_kg = _number(document, "00101030")
    drug = next(iter(_items(document, "00540016")), None)
    if drug is None or not weight_kg:
        return None
    dose_bq, half_life_s = _number(drug, "00181074"), _number(drug, "00181075")
    waited_s = _seconds_between(_text(drug, "00181072"), _text(document, "00080031"))
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


# -- values ---------------------------------------------------------------------


def _values(document: Json, tag: str) -> list[Any]:
    found = document.get(tag, {}).get("Value", [])
    return found if isinstance(found, list) else []


def _items(document: Json, tag: str) -> list[Json]:
    return [item for item in _values(document, tag) if isinstance(item, Mapping)]


def _code(document: Json, tag: str) -> str:
    return next((_text(item, "00080100") for item in _items(document, tag)), "")


def _text(document: Json, tag: str) -> str:
    found = next((value for value in _values(document, tag) if value is not None), "")
    return str(found).strip() if isinstance(found, str | int | float) else ""


def _numbers(document: Json, tag: str) -> list[float]:
    found = _values(document, tag)
    good = [float(value) for value in found if isinstance(value, int | float) and isfinite(value)]
    return good if len(good) == len(found) else []


def _number(document: Json, tag: str) -> float | None:
    return next(iter(_numbers(document, tag)), None)


def _whole(document: Json, tag: str) -> int | None:
    found = _number(document, tag)
    return int(found) if found is not None else None
