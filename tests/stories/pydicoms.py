"""What pydicom makes of a file: the answers of the server are held against it."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_windowing
from pydicom.pixels.utils import pixel_array
from pydicom.uid import JPEGExtended12Bit, JPEGLossless, JPEGLosslessSV1

INLINE_MOST_BYTES = 1024  # larger binary values are resources of their own
FIRST_DATA_SET_TAG = 0x00080000
PIXELS = {0x7FE00008, 0x7FE00009, 0x7FE00010}
WITHOUT_DECODER = {
    "1.2.840.10008.1.2.4.53",  # JPEG Spectral Selection, retired
    "1.2.840.10008.1.2.4.55",  # JPEG Full Progression, retired
    JPEGLossless,
    JPEGLosslessSV1,
}
SPECIFIC_CHARACTER_SET = "00080005"


def metadata(data_set: Dataset, url: str) -> dict[str, Any]:
    """DICOM JSON by pydicom, element by element, its large values as bulk data below `url`; without what it fails on."""
    document: dict[str, Any] = {}
    for tag in data_set.keys():  # noqa: SIM118 iterating a data set would convert it
        if tag < FIRST_DATA_SET_TAG:
            continue
        try:
            document[f"{tag:08X}"] = data_set[tag].to_json_dict(None, INLINE_MOST_BYTES)
        except (ValueError, TypeError, IndexError):
            continue
    return _with_bulkdata(document, f"{url}/bulkdata/", outermost=True)


def _with_bulkdata(document: dict[str, Any], url: str, *, outermost: bool) -> dict[str, Any]:
    return {tag: _attribute(tag, value, url, outermost=outermost) for tag, value in document.items()}


def _attribute(tag: str, attribute: dict[str, Any], url: str, *, outermost: bool) -> dict[str, Any]:
    if tag == SPECIFIC_CHARACTER_SET:  # JSON is UTF-8
        return {"vr": "CS", "Value": ["ISO_IR 192"]}
    if attribute["vr"] == "SQ":
        items = enumerate(attribute["Value"])
        return {"vr": "SQ", "Value": [_with_bulkdata(item, f"{url}{tag}/{number}/", outermost=False) for number, item in items]}
    if "InlineBinary" in attribute:
        large = len(base64.b64decode(attribute["InlineBinary"])) > INLINE_MOST_BYTES
        if large or (outermost and int(tag, 16) in PIXELS):
            return {"vr": attribute["vr"], "BulkDataURI": f"{url}{tag}"}
    return attribute


def has_pixels(data_set: Dataset) -> bool:
    return any(tag in data_set for tag in PIXELS)


def has_decoder(data_set: Dataset) -> bool:
    """False for the kinds of JPEG whose only plug-in is under the GPL, and so is not installed."""
    syntax = data_set.file_meta.TransferSyntaxUID
    return syntax not in WITHOUT_DECODER and not (syntax == JPEGExtended12Bit and data_set.BitsStored > 8)


def frame_count(data_set: Dataset) -> int:
    return int(data_set.get("NumberOfFrames") or 1)


def pixels(data_set: Dataset) -> NDArray[Any] | None:
    """All frames (frames, rows, columns[, 3]), colour as RGB; None where this pydicom has no decoder for them."""
    if not has_decoder(data_set):
        return None
    array = pixel_array(data_set)
    return array if frame_count(data_set) > 1 else array[np.newaxis]


def native_frames(data_set: Dataset) -> list[bytes] | None:
    """Each frame in little endian: as it was sent where it was native, else decoded and pixel by pixel."""
    if data_set.BitsAllocated == 1 or data_set.PhotometricInterpretation == "YBR_FULL_422" or not has_decoder(data_set):
        return None
    numbers = range(frame_count(data_set))
    compressed = data_set.file_meta.TransferSyntaxUID.is_compressed
    arrays = [pixel_array(data_set, index=number, raw=not compressed) for number in numbers]
    if not compressed and data_set.get("PlanarConfiguration") == 1:
        arrays = [np.moveaxis(array, -1, 0) for array in arrays]
    return [np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes() for array in arrays]


def shades(data_set: Dataset, array: NDArray[Any]) -> NDArray[Any] | None:
    """One frame as shown, uint8 in reals; None where the window is the server's choice (the file names none)."""
    if array.ndim == 3:
        return array if array.dtype == np.uint8 else None
    if data_set.PhotometricInterpretation == "PALETTE COLOR":
        painted = apply_color_lut(array, data_set)
        return painted >> 8 if painted.dtype == np.uint16 else painted
    if data_set.BitsAllocated == 1 or "VOILUTSequence" in data_set or not data_set.get("WindowWidth"):
        return None
    windowed = apply_windowing(apply_modality_lut(array, data_set), data_set).astype(np.float64)
    low, high = _range(data_set)
    shown = np.clip((windowed - low) / (high - low) * 255, 0, 255)
    return 255 - shown if data_set.PhotometricInterpretation == "MONOCHROME1" else shown


def _range(data_set: Dataset) -> tuple[float, float]:
    """Between what values pydicom's window runs: those that the stored bits can take after rescaling."""
    bits = data_set.BitsStored
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if data_set.PixelRepresentation else (0, 2**bits - 1)
    if data_set.get("ModalityLUTSequence"):
        return 0, 2 ** int(data_set.ModalityLUTSequence[0].LUTDescriptor[2]) - 1
    slope, intercept = float(data_set.get("RescaleSlope") or 1), float(data_set.get("RescaleIntercept") or 0)
    return low * slope + intercept, high * slope + intercept


def is_padding(data_set: Dataset, array: NDArray[Any]) -> NDArray[np.bool_]:
    """Where a frame holds Pixel Padding Value, which is shown black and which pydicom windows."""
    padding = data_set.get("PixelPaddingValue")
    return np.zeros(array.shape, bool) if padding is None or array.ndim == 3 else np.asarray(array == padding)
