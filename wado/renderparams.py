"""How a picture should be drawn: window, viewport, quality (PS3.18 section 8.3.5)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.errors import Malformed
from films.image import Window

SIDE_MAX_PX = 8192  # a little above the largest detectors; a larger picture is only a way to exhaust memory
AREA_MAX_PX = 2**25
VALUE_MAX_MAGNITUDE = 1e9  # beyond any modality unit; keeps the arithmetic finite
QUALITY_MAX = 100

_FUNCTIONS: Mapping[str, str] = {
    "linear": "LINEAR",
    "linear-exact": "LINEAR_EXACT",
    "sigmoid": "SIGMOID",
}
_ANNOTATIONS = {"patient", "technique"}
_ICC_PROFILES = {"no", "yes", "srgb", "adobergb", "rommrgb", "displayp3"}
_NAMES = {"window", "viewport", "quality", "annotation", "iccprofile"}
_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_WHOLE = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Viewport:
    """The box to fit the picture into, and the region of the image that is shown in it.

    `columns` or `rows` may be None: free. x, y, width and height are image pixels; a width or height of None means up to the
    far edge; a negative one shows the region mirrored.
    """

    columns: int | None
    rows: int | None
    x: float = 0.0
    y: float = 0.0
    width: float | None = None
    height: float | None = None

    @property
    def whole(self) -> bool:
        """True when the whole image is shown, unmirrored."""
        return (self.x, self.y, self.width, self.height) == (0.0, 0.0, None, None)


@dataclass(frozen=True, slots=True)
class RenderParameters:
    """What the client asks of a rendered picture; None where it leaves the choice to us."""

    window: Window | None = None
    viewport: Viewport | None = None
    quality: int | None = None
    annotation: frozenset[str] = frozenset()
    icc_profile: str | None = None


def parse_render_parameters(parameters: Iterable[tuple[str, str]]) -> RenderParameters:
    """The rendering that these query parameters ask for, others are not ours; raises Malformed."""
    asked: dict[str, str] = {}
    for name, value in parameters:
        if name in asked:
            raise Malformed(f"{name} is given twice")
        if name in _NAMES:
            asked[name] = value.replace("%2C", ",").replace("%2c", ",")
    return RenderParameters(
        window=parse_window(asked["window"]) if "window" in asked else None,
        viewport=parse_viewport(asked["viewport"]) if "viewport" in asked else None,
        quality=parse_quality("quality", asked["quality"]) if "quality" in asked else None,
        annotation=parse_annotation(asked["annotation"]) if "annotation" in asked else frozenset(),
        icc_profile=_icc_profile(asked["iccprofile"]) if "iccprofile" in asked else None,
    )


def parse_window(value: str) -> Window:
    """`center,width[,function]`; raises Malformed, also for a width that no function can use."""
    fields = [field.strip() for field in value.split(",")]
    if len(fields) not in (2, 3):
        raise Malformed("window is not center,width,function")
    function = fields[2].lower() if len(fields) == 3 else "linear"
    if function not in _FUNCTIONS:
        raise Malformed("the function of window is not linear, linear-exact or sigmoid")
    center = parse_decimal("the center of window", fields[0])
    return checked_window(
        Window(
            center,
            parse_decimal("the width of window", fields[1]),
            _FUNCTIONS[function],
        )
    )


def checked_window(window: Window) -> Window:
    """`window` itself; raises Malformed when PS3.3 section C.11.2.1.2 forbids its width."""
    if window.function == "LINEAR" and window.width < 1:
        raise Malformed("the width of a linear window is at least 1")
    if window.width <= 0:
        raise Malformed("the width of window is not greater than 0")
    return window


def parse_viewport(value: str) -> Viewport:
    """`vw,vh[,sx,sy,sw,sh]`, where fields may be empty; raises Malformed, also for pictures too large to draw."""
    fields = [field.strip() for field in value.split(",")]
    if not 2 <= len(fields) <= 6:
        raise Malformed("viewport is not vw,vh,sx,sy,sw,sh")
    fields += [""] * (6 - len(fields))
    if not any(fields):
        raise Malformed("viewport is empty")
    columns, rows = parse_size("viewport", *fields[:2])
    x, y, width, height = (parse_decimal("viewport", field) if field else None for field in fields[2:])
    if min(x or 0, y or 0) < 0 or 0 in (width, height):
        raise Malformed("viewport shows a region outside the image, or nothing")
    return Viewport(columns, rows, x or 0.0, y or 0.0, width, height)


def parse_size(name: str, columns: str, rows: str) -> tuple[int | None, int | None]:
    """Width and height of a picture in pixels, each None when empty; raises Malformed when 0, not whole or too large."""
    sides = [_side(name, side) if side else None for side in (columns, rows)]
    if math.prod(side or 1 for side in sides) > AREA_MAX_PX:
        raise Malformed(f"{name} asks for a picture above {AREA_MAX_PX} pixels")
    return sides[0], sides[1]


def _side(name: str, value: str) -> int:
    # Some clients write 512.0; Orthanc of old crashed on 0.
    whole = value.removesuffix(".0")
    if not _WHOLE.fullmatch(whole) or int(whole) == 0:
        raise Malformed(f"{name} asks for a size that is not a whole number above 0")
    if int(whole) > SIDE_MAX_PX:
        raise Malformed(f"{name} asks for a side above {SIDE_MAX_PX} pixels")
    return int(whole)


def parse_quality(name: str, value: str) -> int:
    """1 to 100; raises Malformed."""
    if not _WHOLE.fullmatch(value) or not 1 <= int(value) <= QUALITY_MAX:
        raise Malformed(f"{name} is not a whole number from 1 to {QUALITY_MAX}")
    return int(value)


def parse_annotation(value: str) -> frozenset[str]:
    """A list of "patient" and "technique"; raises Malformed for anything else."""
    asked = frozenset(each.strip() for each in value.split(",") if each.strip())
    if not asked <= _ANNOTATIONS:
        raise Malformed("annotation knows only patient and technique")
    return asked


def _icc_profile(value: str) -> str:
    if value.lower() not in _ICC_PROFILES:
        raise Malformed("iccprofile is none that the standard knows")
    return value.lower()


def parse_decimal(name: str, value: str) -> float:
    """A finite decimal number; raises Malformed."""
    if not _DECIMAL.fullmatch(value) or abs(float(value)) > VALUE_MAX_MAGNITUDE:
        raise Malformed(f"{name} is not a number we can use")
    return float(value)
