"""From what the scanner stored to what the eye sees, in 256 shades (PS3.3 C.11.1, C.11.2, C.7.9, C.7.5.1.1.2).

A grey image of 8 or 16 bits goes through one ready table that holds every possible stored value, so that a
window costs one table (0.1 ms, kept for the next frame) and one look-up a pixel. Wider and floating point
values are computed one by one by the same functions.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from core.errors import Malformed
from films.colour import colour, has_palette, painted
from films.image import ImageDescription, Lut, Tone, Window
from films.tables import (
    WHITE,
    Reals,
    Shades,
    Stored,
    entries,
    every_value,
    has_table,
    in_shades,
    look_up,
    places,
    rounded,
    true_bits,
)

BACKGROUND = 0  # padding and "not a number" are shown black whatever the polarity
SOFT_TISSUE_HU = Window(center=40.0, width=400.0, explanation="soft tissue")  # the usual first look at a CT
AIR_BELOW_HU = -500.0  # a CT frame that holds values below this is in Hounsfield units
MR_TAILS = 0.005  # share of the darkest and of the brightest values left out of a default MR window
LARGEST_VALUE = 1e30  # beyond any measurable quantity; keeps the arithmetic finite
NARROWEST_WINDOW = 1e-12
STEP = 1e9  # slope of a window of width 1: black up to its centre, white above
TABLES_KEPT = 256  # of 64 KiB: at most 16 MiB


def shade(array: Stored, description: ImageDescription, frame_number: int, voi: Window | Lut | None = None) -> Shades:
    """One frame as shown: uint8 (rows, columns) for grey, (rows, columns, 3) RGB for colour and palette.

    `array` holds stored values with their sign, or RGB. `voi` None means what the image itself asks for.
    Colour is never windowed: windowing is a grey-scale transformation (PS3.18 section 8.3.5.1.4).
    """
    if array.ndim == 3:
        return colour(array, description)
    if description.palette is not None and has_palette(description):
        return painted(array, description.palette)
    if description.sample == "bit":
        return _two_shades(array, _inverted(description))
    chosen = voi or _own_voi(array, description, frame_number)
    return _grey(array, description, description.tone(frame_number), chosen)


def choose_voi(
    array: Stored, description: ImageDescription, frame_number: int, asked: Window | None = None
) -> Window | Lut | None:
    """The asked window, else the image's VOI LUT, its first possible window, or a default; None for colour and 1 bit.

    `array` must be the whole frame: a default window of a part would change while one zooms. Raises Malformed
    when the asked window is impossible.
    """
    if asked is not None and not is_possible(asked):
        raise Malformed("a window needs a finite centre and a width above 0")
    if array.ndim == 3 or has_palette(description) or description.sample == "bit":
        return None
    return asked or _own_voi(array, description, frame_number)


def is_possible(window: Window) -> bool:
    """True when shades can be made with it: finite, and a positive width (PS3.3 C.11.2.1.2)."""
    return abs(window.center) <= LARGEST_VALUE and NARROWEST_WINDOW <= window.width <= LARGEST_VALUE


def default_window(array: Stored, description: ImageDescription, frame_number: int) -> Window:
    """A window for a grey image that names none.

    8-bit images are shown as they are: what a secondary capture, ultrasound or angiography sent is already a picture.
    CT in Hounsfield units gets soft tissue, MR loses its extreme values, all else spans lowest to highest value;
    padding counts for nothing.
    """
    tone = description.tone(frame_number)
    if description.sample == "integer" and description.bits_stored == 8 and description.modality != "SEG":
        lowest = -128.0 if description.pixel_representation else 0.0
        return _spanning(_rescaled(np.array([lowest, lowest + WHITE]), tone))
    values = _rescaled(_seen(array, description), tone)
    if values.size == 0:
        return Window(center=0.0, width=1.0, function="LINEAR_EXACT")
    if description.modality == "CT" and float(values.min()) < AIR_BELOW_HU:
        return SOFT_TISSUE_HU
    if description.modality == "MR":
        return _spanning(np.quantile(values, [MR_TAILS, 1 - MR_TAILS]))
    return _spanning(values)


def _own_voi(array: Stored, description: ImageDescription, frame_number: int) -> Window | Lut:
    tone = description.tone(frame_number)
    if tone.voi_luts:
        return tone.voi_luts[0]
    stored = next((window for window in tone.windows if is_possible(window)), None)
    return stored or default_window(array, description, frame_number)


def _spanning(values: Reals) -> Window:
    low, high = float(values.min()), float(values.max())
    if high == low:  # an empty frame is shown black
        return Window(center=low + 0.5, width=1.0, function="LINEAR_EXACT")
    return Window(center=(low + high) / 2, width=high - low, function="LINEAR_EXACT")


def _seen(array: Stored, description: ImageDescription) -> Reals:
    """The stored values that are neither padding nor "not a number"."""
    values = array.astype(np.float64).ravel()
    keep = np.isfinite(values)
    padding = _padding(description)
    if padding is not None and array.dtype.kind in "iu":
        keep &= ~_is_padding(array.ravel(), padding)
    return values[keep]


# -- grey ---------------------------------------------------------------------


def _grey(array: Stored, description: ImageDescription, tone: Tone, voi: Window | Lut) -> Shades:
    padding, inverted = _padding(description), _inverted(description)
    if array.dtype.kind == "f":
        return _grey_of_reals(array.astype(np.float64), tone, voi, inverted)
    if has_table(array):
        return look_up(array, shade_table(tone, voi, array.dtype.str, padding, inverted))
    return _grey_of_integers(array, tone, voi, padding, inverted)


@lru_cache(maxsize=TABLES_KEPT)
def shade_table(
    tone: Tone, voi: Window | Lut, dtype: str, padding: tuple[int, int] | None = None, inverted: bool = False
) -> Shades:
    """256 or 65536 shades, one for each stored value taken as an unsigned index; `dtype` says how it is signed."""
    table = _grey_of_integers(every_value(dtype), tone, voi, padding, inverted)
    table.setflags(write=False)  # shared by all who ask for it
    return table


def _grey_of_integers(stored: Stored, tone: Tone, voi: Window | Lut, padding: tuple[int, int] | None, inverted: bool) -> Shades:
    shades = _shades_of(stored.astype(np.float64), tone, voi, inverted)
    if padding is not None:
        shades[_is_padding(stored, padding)] = BACKGROUND
    return shades


def _grey_of_reals(stored: Reals, tone: Tone, voi: Window | Lut, inverted: bool) -> Shades:
    nothing = np.isnan(stored)
    stored[nothing] = 0.0
    shades = _shades_of(stored, tone, voi, inverted)
    shades[nothing] = BACKGROUND
    return shades


def _shades_of(stored: Reals, tone: Tone, voi: Window | Lut, inverted: bool) -> Shades:
    """Stored values → shades; uses `stored` up. Values too large for arithmetic become white: that is what they are."""
    with np.errstate(over="ignore"):
        shades = _upright_shades_of(stored, tone, voi)
    return WHITE - shades if inverted else shades


def _upright_shades_of(stored: Reals, tone: Tone, voi: Window | Lut) -> Shades:
    if isinstance(voi, Lut):
        return in_shades(voi, true_bits(voi))[places(_rescaled(stored, tone), voi)]
    if voi.function == "SIGMOID":
        return rounded(_sigmoid(_rescaled(stored, tone), voi))
    return rounded(_straight(stored, tone, voi))


def _straight(stored: Reals, tone: Tone, window: Window) -> Reals:
    """Rescale and window as one straight line (PS3.3 C.11.2.1.2.1 and C.11.2.1.3.2)."""
    gain, offset = _line(window)
    if tone.modality_lut is not None:
        stored = _rescaled(stored, tone)
    else:
        gain, offset = gain * _slope(tone), offset + gain * tone.intercept
    stored *= gain
    stored += offset
    return stored


def _line(window: Window) -> tuple[float, float]:
    """Gain and offset of shade = gain * value + offset, before it is held between 0 and 255."""
    if window.function == "LINEAR_EXACT" or window.width < 1:  # below 1 LINEAR is not defined; devices send it
        gain = WHITE / window.width
        return gain, WHITE / 2 - gain * window.center
    if window.width == 1:
        return STEP, -STEP * (window.center - 0.5)
    gain = WHITE / (window.width - 1)
    return gain, WHITE / 2 - gain * (window.center - 0.5)


def _sigmoid(values: Reals, window: Window) -> Reals:
    """PS3.3 C.11.2.1.3.1; the exponent is held where 8 bits have long been reached."""
    exponent = np.clip(-4.0 * (values - window.center) / window.width, -60.0, 60.0)
    return np.asarray(WHITE / (1.0 + np.exp(exponent)))


def _rescaled(stored: Reals, tone: Tone) -> Reals:
    """Modality LUT or rescale slope and intercept (PS3.3 C.11.1); a new array."""
    if tone.modality_lut is not None:
        return entries(tone.modality_lut).astype(np.float64)[places(stored, tone.modality_lut)]
    return stored * _slope(tone) + tone.intercept


def _slope(tone: Tone) -> float:
    return tone.slope or 1.0  # a slope of 0 would make every image flat: it was never meant


# -- padding, polarity, 1 bit ------------------------------------------------------


def _padding(description: ImageDescription) -> tuple[int, int] | None:
    """Lowest and highest padding value (PS3.3 C.7.5.1.1.2), or None."""
    first, limit = description.pixel_padding_value, description.pixel_padding_range_limit
    if first is None:
        return None
    ends = [_as_sample(value, description) for value in (first, first if limit is None else limit)]
    return min(ends), max(ends)


def _as_sample(value: int, description: ImageDescription) -> int:
    """The padding value with the sign of the samples: devices write -2000 as US 63536 and the reverse."""
    whole = 1 << description.bits_allocated
    value %= whole
    return value - whole if description.pixel_representation and value >= whole // 2 else value


def _is_padding(values: Stored, padding: tuple[int, int]) -> NDArray[np.bool_]:
    return np.asarray((values >= padding[0]) & (values <= padding[1]))


def _inverted(description: ImageDescription) -> bool:
    """MONOCHROME1 and Presentation LUT Shape INVERSE say the same thing once, not twice (PS3.3 C.8.11.3.1.2)."""
    return description.photometric_interpretation == "MONOCHROME1" or description.presentation_lut_shape == "INVERSE"


def _two_shades(array: Stored, inverted: bool) -> Shades:
    return np.where((array != 0) != inverted, np.uint8(WHITE), np.uint8(BACKGROUND))
