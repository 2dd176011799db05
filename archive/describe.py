"""What drawing needs to know of an image, read from its data set once and kept beside it (PS3.3 C.7.6.3, C.11, C.7.6.16)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, fields
from math import isfinite
from typing import Any

import msgpack  # type: ignore[import-untyped]
from pydicom.dataset import Dataset

from archive.dicomjson import items, values
from archive.luts import lut, palette
from core.errors import Unreadable
from films.image import ImageDescription, Lut, Palette, Tone, Window

FORMAT_VERSION = 1  # fields may only be appended: rows written years ago carry them
PIXEL_DATA, FLOAT_PIXEL_DATA, DOUBLE_PIXEL_DATA = 0x7FE00010, 0x7FE00008, 0x7FE00009
_REAL_SAMPLES = {FLOAT_PIXEL_DATA: ("float", 32), DOUBLE_PIXEL_DATA: ("double", 64)}  # PS3.3 C.7.6.24, C.7.6.25

_SHARED_GROUPS, _FRAME_GROUPS = 0x52009229, 0x52009230
_PIXEL_VALUE_TRANSFORMATION, _FRAME_VOI_LUT, _PIXEL_MEASURES = 0x00289145, 0x00289132, 0x00289110
_PIXEL_SPACINGS = (0x00280030, 0x00181164, 0x00182010)  # at the patient, at the detector, on the scanned film
_WINDOW_FUNCTIONS = frozenset(("LINEAR", "LINEAR_EXACT", "SIGMOID"))
_XA_CLASSES = frozenset(("1.2.840.10008.5.1.4.1.1.12.1", "1.2.840.10008.5.1.4.1.1.12.2"))


def describe(ds: Dataset, pixel_tag: int | None = None) -> ImageDescription | None:
    """The description of an image as it was read from a file, None when it holds no picture. Invalid values count as absent.

    pixel_tag: which pixel element the file holds, when the data set was read without it.
    """
    tag = pixel_tag or next((tag for tag in (PIXEL_DATA, FLOAT_PIXEL_DATA, DOUBLE_PIXEL_DATA) if tag in ds), None)
    rows, columns = _integer(ds, 0x00280010, 0), _integer(ds, 0x00280011, 0)
    if tag is None or rows < 1 or columns < 1:
        return None
    samples = _integer(ds, 0x00280002, 1)
    interpretation = _text(ds, 0x00280004) or ("MONOCHROME2" if samples == 1 else "RGB")
    sample, bits_allocated = _REAL_SAMPLES.get(tag) or _sample(ds)
    bits_stored = max(_integer(ds, 0x00280101, bits_allocated), 1) if sample == "integer" else bits_allocated
    signed = _integer(ds, 0x00280103, 0) == 1
    frames = max(_integer(ds, 0x00280008, 1), 1)
    spacing = _spacing(ds)
    return ImageDescription(
        rows=rows,
        columns=columns,
        frames=frames,
        samples_per_pixel=samples,
        photometric_interpretation=interpretation,
        bits_allocated=bits_allocated,
        bits_stored=bits_stored,
        high_bit=_integer(ds, 0x00280102, bits_stored - 1) if sample == "integer" else bits_stored - 1,
        pixel_representation=int(signed),
        planar_configuration=_integer(ds, 0x00280006, 0),
        sample=sample,
        pixel_padding_value=_padding(ds, 0x00280120, signed, bits_allocated),
        pixel_padding_range_limit=_padding(ds, 0x00280121, signed, bits_allocated),
        tones=_tones(ds, frames, bits_stored, signed) if interpretation.startswith("MONOCHROME") else (Tone(),),
        palette=palette(ds, signed) if interpretation == "PALETTE COLOR" else None,
        presentation_lut_shape=_text(ds, 0x20500020),
        row_spacing_mm=spacing[0] if spacing else None,
        column_spacing_mm=spacing[1] if spacing else None,
        pixel_aspect_ratio=_aspect_ratio(ds),
        frame_time_ms=_frame_time(ds),
        modality=_text(ds, 0x00080060),
    )


def pack(description: ImageDescription) -> bytes:
    """A compact form for the database."""
    packed: bytes = msgpack.packb((FORMAT_VERSION, *astuple(description)))
    return packed


def unpack(packed: bytes) -> ImageDescription:
    """What `pack` was given; raises Unreadable for a version we do not know."""
    version, *stored = msgpack.unpackb(packed, use_list=False)
    if version != FORMAT_VERSION:
        raise Unreadable(f"a description of version {version}, this program reads version {FORMAT_VERSION}")
    named: dict[str, Any] = dict(zip((field.name for field in fields(ImageDescription)), stored, strict=False))
    named["tones"] = tuple(map(_unpacked_tone, named["tones"]))
    named["palette"] = Palette(*(Lut(*each) for each in named["palette"])) if named["palette"] else None
    return ImageDescription(**named)


def _unpacked_tone(stored: tuple[Any, ...]) -> Tone:
    slope, intercept, modality_lut, windows, voi_luts = stored
    return Tone(
        slope,
        intercept,
        Lut(*modality_lut) if modality_lut else None,
        tuple(Window(*window) for window in windows),
        tuple(Lut(*each) for each in voi_luts),
    )


def _sample(ds: Dataset) -> tuple[str, int]:
    bits = _integer(ds, 0x00280100, 0)
    return ("bit" if bits == 1 else "integer"), min(bits, 64)


def _padding(ds: Dataset, tag: int, signed: bool, bits: int) -> int | None:
    """With the sign of the samples, which files often give it wrongly."""
    found = values(ds, tag)
    if not found or not isinstance(found[0], int) or not bits:
        return None
    value = found[0] % (1 << bits)
    return value - (1 << bits) if signed and value >> (bits - 1) else value


def _tones(ds: Dataset, frames: int, bits_stored: int, signed: bool) -> tuple[Tone, ...]:
    """One tone for all frames, or one a frame where functional groups differ (PS3.3 C.7.6.16)."""
    modality_lut = _modality_lut(ds, signed)
    voi_luts = {negative: _voi_luts(ds, negative) for negative in (False, True)}

    def tone(groups: tuple[Dataset, ...]) -> Tone:
        rescale = _macro(groups, _PIXEL_VALUE_TRANSFORMATION) or ds
        slope, intercept = _number(rescale, 0x00281053, 1.0), _number(rescale, 0x00281052, 0.0)
        negative = modality_lut is None and _lowest(slope, intercept, bits_stored, signed) < 0
        windows = _windows(_macro(groups, _FRAME_VOI_LUT) or ds)
        return Tone(slope, intercept, modality_lut, windows, voi_luts[negative])

    tones = tuple(map(tone, _groups(ds, frames)))
    return tones[:1] if len(set(tones)) == 1 else tones


def _groups(ds: Dataset, frames: int) -> list[tuple[Dataset, ...]]:
    """For each frame the functional groups in which to look, its own before the shared ones.

    One entry for all when no frame has its own, or when there are fewer of them than frames.
    """
    shared = tuple(items(ds, _SHARED_GROUPS)[:1])
    own = [(group, *shared) for group in items(ds, _FRAME_GROUPS)[:frames]]
    return own if len(own) == frames else own[:1] or [shared]


def _lowest(slope: float, intercept: float, bits_stored: int, signed: bool) -> float:
    """The lowest value that comes out of the rescale: it says whether a VOI LUT begins below 0 (PS3.3 C.11.2.1.1)."""
    stored = (-(2.0 ** (bits_stored - 1)), 2.0 ** (bits_stored - 1)) if signed else (0.0, 2.0**bits_stored)
    return min(slope * value for value in stored) + intercept


def _voi_luts(ds: Dataset, negative: bool) -> tuple[Lut, ...]:
    tables = (lut(item, negative) for item in items(ds, 0x00283010))
    return tuple(table for table in tables if table)


def _macro(groups: Sequence[Dataset], tag: int) -> Dataset | None:
    for group in groups:
        found = items(group, tag)
        if found:
            return found[0]
    return None


def _modality_lut(ds: Dataset, signed: bool) -> Lut | None:
    """None for angiography in LOG or DISP: there it leads back to X-ray intensity, not to a picture (PS3.3 C.8.7.1.1.2)."""
    if _text(ds, 0x00080016) in _XA_CLASSES and _text(ds, 0x00281040) in ("LOG", "DISP"):
        return None
    found = items(ds, 0x00283000)
    return lut(found[0], signed) if found else None


def _windows(ds: Dataset) -> tuple[Window, ...]:
    """PS3.3 C.11.2.1.2; a centre without its width is left out."""
    function = _text(ds, 0x00281056)
    function = function if function in _WINDOW_FUNCTIONS else "LINEAR"
    pairs = list(zip(values(ds, 0x00281050), values(ds, 0x00281051), strict=False))
    explanations = [str(each or "") for each in values(ds, 0x00281055)] + [""] * len(pairs)
    return tuple(
        Window(float(center), float(width), function, explanation)
        for (center, width), explanation in zip(pairs, explanations, strict=False)
        if _is_number(center) and _is_number(width)
    )


def _spacing(ds: Dataset) -> tuple[float, float] | None:
    """Millimetres between rows and between columns."""
    measures = _macro((*items(ds, _SHARED_GROUPS)[:1], *items(ds, _FRAME_GROUPS)[:1]), _PIXEL_MEASURES)
    candidates = [(measures, _PIXEL_SPACINGS[0])] if measures is not None else []
    for source, tag in candidates + [(ds, tag) for tag in _PIXEL_SPACINGS]:
        found = values(source, tag)
        if len(found) == 2 and all(_is_number(value) and value > 0 for value in found):
            return float(found[0]), float(found[1])
    return None


def _aspect_ratio(ds: Dataset) -> tuple[int, int] | None:
    found = values(ds, 0x00280034)
    if len(found) == 2 and all(isinstance(value, int) and value > 0 for value in found):
        return found[0], found[1]
    return None


def _frame_time(ds: Dataset) -> float | None:
    """Milliseconds from one frame to the next: Frame Time, the mean of its vector, or what the rates say."""
    time = _number(ds, 0x00181063, 0.0)
    if time > 0:
        return time
    vector = [value for value in values(ds, 0x00181065)[1:] if _is_number(value) and value > 0]
    if vector:
        return float(sum(vector) / len(vector))
    rate = _number(ds, 0x00082144, 0.0) or _number(ds, 0x00180040, 0.0)
    return 1000.0 / rate if rate > 0 else None


def _text(ds: Dataset, tag: int) -> str:
    found = values(ds, tag)
    return str(found[0]).strip() if found and found[0] is not None else ""


def _integer(ds: Dataset, tag: int, absent: int) -> int:
    found = values(ds, tag)
    return found[0] if found and isinstance(found[0], int) else absent


def _number(ds: Dataset, tag: int, absent: float) -> float:
    found = values(ds, tag)
    return float(found[0]) if found and _is_number(found[0]) else absent


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and isfinite(value)
