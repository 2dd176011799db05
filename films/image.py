"""What drawing an image must know of it: size, sample format, LUTs and windows (PS3.3 C.7.6.3, C.11.1, C.11.2)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lut:
    """A lookup table: `values` (little-endian uint16) for inputs from `first` on, clamped at both ends; outputs 0..2^bits-1."""

    first: int
    bits: int
    values: bytes


@dataclass(frozen=True, slots=True)
class Window:
    """Window centre and width in modality units (HU for CT), PS3.3 C.11.2.1.2; function LINEAR, LINEAR_EXACT or SIGMOID."""

    center: float
    width: float
    function: str = "LINEAR"
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class Tone:
    """Stored value → shown value, for one frame or for all."""

    slope: float = 1.0
    intercept: float = 0.0
    modality_lut: Lut | None = None
    windows: tuple[Window, ...] = ()
    voi_luts: tuple[Lut, ...] = ()


@dataclass(frozen=True, slots=True)
class Palette:
    """Red, green and blue tables of PALETTE COLOR (PS3.3 C.7.9)."""

    red: Lut
    green: Lut
    blue: Lut


@dataclass(frozen=True, slots=True)
class ImageDescription:
    """Enough to draw every frame; `sample` is "integer", "float", "double" or "bit"."""

    rows: int
    columns: int
    frames: int
    samples_per_pixel: int
    photometric_interpretation: str
    bits_allocated: int
    bits_stored: int
    high_bit: int
    pixel_representation: int
    planar_configuration: int = 0
    sample: str = "integer"
    pixel_padding_value: int | None = None
    pixel_padding_range_limit: int | None = None
    tones: tuple[Tone, ...] = (Tone(),)  # one for all frames, or one a frame
    palette: Palette | None = None
    presentation_lut_shape: str = ""
    row_spacing_mm: float | None = None
    column_spacing_mm: float | None = None
    pixel_aspect_ratio: tuple[int, int] | None = None  # vertical, horizontal
    frame_time_ms: float | None = None
    modality: str = ""

    def tone(self, frame_number: int) -> Tone:
        """The tone of one frame (1-based)."""
        return self.tones[0] if len(self.tones) == 1 else self.tones[frame_number - 1]
