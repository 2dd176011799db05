"""May the pixels of an image leave under a mask? Text that a device burned into them is blackened, or the image stays here.

PS3.15 section E.3.1 (Clean Pixel Data): the stored values are changed; an overlay or a shutter would only hide them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from films.image import ImageDescription, Palette

Json = Mapping[str, Any]
Black = int | tuple[int, int, int]
_YBR_BLACK: Final = (0, 128, 128)

# Images whose pixels a machine computes as a whole; text is not drawn into them. What they show is said by geometry.
_COMPUTED: Final = frozenset(
    (
        "1.2.840.10008.5.1.4.1.1.2",  # CT
        "1.2.840.10008.5.1.4.1.1.2.1",  # Enhanced CT
        "1.2.840.10008.5.1.4.1.1.2.2",  # Legacy Converted Enhanced CT
        "1.2.840.10008.5.1.4.1.1.4",  # MR
        "1.2.840.10008.5.1.4.1.1.4.1",  # Enhanced MR
        "1.2.840.10008.5.1.4.1.1.4.4",  # Legacy Converted Enhanced MR
        "1.2.840.10008.5.1.4.1.1.20",  # Nuclear Medicine
        "1.2.840.10008.5.1.4.1.1.128",  # PET
        "1.2.840.10008.5.1.4.1.1.128.1",  # Legacy Converted Enhanced PET
        "1.2.840.10008.5.1.4.1.1.130",  # Enhanced PET
        "1.2.840.10008.5.1.4.1.1.481.1",  # RT Image
    )
)
_BURNED_IN_ANNOTATION, _BITS_ALLOCATED, _ROWS, _COLUMNS = "00280301", "00280100", "00280010", "00280011"
_SOP_CLASS_UID, _MANUFACTURER, _MODEL, _REGIONS = "00080016", "00080070", "00081090", "00186011"
_CORNERS: Final = ("00186018", "0018601A", "0018601C", "0018601E")  # least x and y, greatest x and y, 0-based, inclusive


@dataclass(frozen=True, slots=True)
class Rectangle:
    """Pixels left ≤ x < right, top ≤ y < bottom, of the full-size image."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True)
class Device:
    """Where one model of device writes text into images of one size: what a hospital once drew on a picture."""

    manufacturer: str
    model: str
    rows: int
    columns: int
    text: tuple[Rectangle, ...]


@dataclass(frozen=True, slots=True)
class Pixels:
    """What may be seen: `shown` None means all of it, else only these rectangles; `hidden` is blackened in any case."""

    shown: tuple[Rectangle, ...] | None = None
    hidden: tuple[Rectangle, ...] = ()

    @property
    def untouched(self) -> bool:
        """True when the stored values leave as they are."""
        return self.shown is None and not self.hidden


def pixels(document: Json, devices: Sequence[Device] = ()) -> Pixels | None:
    """What of an image may leave, by its attributes (DICOM JSON as sent); None when it must stay here.

    A rule of the hospital for this device comes first, then what the device says of itself. Saying nothing is not "NO".
    """
    if not isinstance(_first(document, _ROWS), int):
        return None
    device = next((each for each in devices if _is_of(document, each)), None)
    if device is not None:
        return Pixels(hidden=device.text)
    regions = _regions(document)
    if regions:
        return Pixels(shown=regions)
    burned_in = _first(document, _BURNED_IN_ANNOTATION)
    if burned_in == "NO" or (burned_in is None and _is_computed(document)):
        return Pixels()
    return None


def device_of(document: Json) -> tuple[str, str]:
    """Manufacturer and model as an image names them; empty where it does not."""
    maker, model = (_first(document, tag) for tag in (_MANUFACTURER, _MODEL))
    return (maker if isinstance(maker, str) else "", model if isinstance(model, str) else "")


def blackened(frame: NDArray[Any], what: Pixels, black: Black, halvings: int = 0) -> NDArray[Any]:
    """A copy of one frame (rows, columns[, 3]) without what may not be seen; the frame was halved that often."""
    if what.untouched:
        return frame
    cleaned = frame.copy() if what.shown is None else np.full_like(frame, black)
    for each in what.shown or ():
        area = _area(each, halvings, outward=False)
        cleaned[area] = frame[area]
    for each in what.hidden:
        cleaned[_area(each, halvings, outward=True)] = black
    return cleaned


def black_of(description: ImageDescription, *, stored: bool) -> Black:
    """The value that is shown black; of the values as they stand in a native file when `stored`, else with colour as RGB."""
    kind = description.photometric_interpretation
    if kind == "PALETTE COLOR" and description.palette is not None:
        return _darkest(description.palette)
    if stored and kind == "YBR_FULL":
        return _YBR_BLACK
    return (1 << description.bits_stored) - 1 if kind == "MONOCHROME1" and not description.pixel_representation else 0


def _darkest(palette: Palette) -> int:
    tables = (np.frombuffer(lut.values, "<u2").astype(np.int64) for lut in (palette.red, palette.green, palette.blue))
    return palette.red.first + int(np.argmin(sum(tables)))


def _area(each: Rectangle, halvings: int, *, outward: bool) -> tuple[slice, slice]:
    """The rectangle in a halved frame: hidden ones grow, shown ones shrink, to whole pixels."""
    more = (1 << halvings) - 1
    low, high = (0, more) if outward else (more, 0)
    rows = slice((each.top + low) >> halvings, (each.bottom + high) >> halvings)
    return rows, slice((each.left + low) >> halvings, (each.right + high) >> halvings)


def _is_computed(document: Json) -> bool:
    return _first(document, _SOP_CLASS_UID) in _COMPUTED and _first(document, _BITS_ALLOCATED) != 8  # screenshots have 8


def _is_of(document: Json, device: Device) -> bool:
    found = tuple(_first(document, tag) for tag in (_MANUFACTURER, _MODEL, _ROWS, _COLUMNS))
    return found == (device.manufacturer, device.model, device.rows, device.columns)


def _regions(document: Json) -> tuple[Rectangle, ...]:
    """The areas of an ultrasound image (PS3.3 section C.8.5.5); none when one of them is none."""
    found = []
    for item in document.get(_REGIONS, {}).get("Value", ()):
        corners = [_first(item, tag) for tag in _CORNERS]
        if not all(isinstance(corner, int) and corner >= 0 for corner in corners):
            return ()
        left, top, right, bottom = corners
        if left > right or top > bottom:
            return ()
        # Some devices name the first pixel beyond the picture as the last of the area.
        found.append(Rectangle(left, top, min(right + 1, _first(document, _COLUMNS)), min(bottom + 1, _first(document, _ROWS))))
    return tuple(found)


def _first(document: Json, tag: str) -> Any:
    values = document.get(tag, {}).get("Value") or (None,)
    return values[0]
