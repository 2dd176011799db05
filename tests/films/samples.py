"""Real DICOM images for the tests: the pydicom package's own, and those of DICOM_SAMPLES."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.utils import pixel_array

from films.image import ImageDescription, Lut, Palette, Tone, Window

EVERY_NTH_OF_A_SERIES = 20
LARGEST_BYTES = 4_000_000


def paths() -> list[Path]:
    """All sample files; of a long series only a few."""
    package = sorted((Path(pydicom.__file__).parent / "data" / "test_files").rglob("*.dcm"))
    extra = os.environ.get("DICOM_SAMPLES")
    more = sorted(Path(extra).rglob("*.dcm")) if extra else []
    thinned = [
        path for number, path in enumerate(more) if "series" not in path.parent.name or not number % EVERY_NTH_OF_A_SERIES
    ]
    return [path for path in package + thinned if path.stat().st_size < LARGEST_BYTES]


def images() -> Iterator[tuple[Path, Dataset, NDArray[Any]]]:
    """Path, dataset and first frame (stored values or RGB) of every sample that pydicom decodes."""
    for path in paths():
        opened = first_frame(path)
        if opened is not None:
            yield path, *opened


def first_frame(path: Path) -> tuple[Dataset, NDArray[Any]] | None:
    """Dataset and first frame, or None when pydicom cannot make pixels of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset = pydicom.dcmread(path, force=True)
            return (dataset, pixel_array(dataset, index=0)) if "Rows" in dataset else None
        except Exception:  # the broken samples fail in many ways: they are not what is tested here
            return None


def described(dataset: Dataset) -> ImageDescription:
    """What drawing must know, by the shortest way."""
    spacing = dataset.get("PixelSpacing") or dataset.get("ImagerPixelSpacing") or (None, None)
    floating = "FloatPixelData" in dataset or "DoubleFloatPixelData" in dataset
    return ImageDescription(
        rows=dataset.Rows,
        columns=dataset.Columns,
        frames=int(dataset.get("NumberOfFrames") or 1),
        samples_per_pixel=dataset.get("SamplesPerPixel", 1),
        photometric_interpretation=dataset.get("PhotometricInterpretation", "MONOCHROME2"),
        bits_allocated=dataset.BitsAllocated,
        bits_stored=dataset.get("BitsStored", dataset.BitsAllocated),
        high_bit=dataset.get("HighBit", dataset.BitsAllocated - 1),
        pixel_representation=dataset.get("PixelRepresentation", 0),
        sample="float" if floating else "bit" if dataset.BitsAllocated == 1 else "integer",
        pixel_padding_value=_whole(dataset.get("PixelPaddingValue")),
        pixel_padding_range_limit=_whole(dataset.get("PixelPaddingRangeLimit")),
        tones=(_tone(dataset),),
        palette=_palette(dataset),
        presentation_lut_shape=dataset.get("PresentationLUTShape", ""),
        row_spacing_mm=spacing[0],
        column_spacing_mm=spacing[1],
        modality=dataset.get("Modality", ""),
    )


def _whole(value: object) -> int | None:
    return int(value) if isinstance(value, int) else None


def _tone(dataset: Dataset) -> Tone:
    luts = dataset.get("ModalityLUTSequence")
    return Tone(
        slope=float(dataset.get("RescaleSlope") or 1),
        intercept=float(dataset.get("RescaleIntercept") or 0),
        modality_lut=_lut(luts[0]) if luts else None,
        windows=tuple(_windows(dataset)),
        voi_luts=tuple(_lut(item) for item in dataset.get("VOILUTSequence") or ()),
    )


def _windows(dataset: Dataset) -> Iterator[Window]:
    centers, widths = dataset.get("WindowCenter"), dataset.get("WindowWidth")
    if centers is None or widths is None:
        return
    for center, width in zip(np.atleast_1d(centers), np.atleast_1d(widths), strict=True):
        yield Window(float(center), float(width), dataset.get("VOILUTFunction") or "LINEAR")


def _lut(item: Dataset) -> Lut:
    _, first, bits = item.LUTDescriptor
    data = item.LUTData
    values = np.frombuffer(data, "<u2") if isinstance(data, bytes) else np.asarray(data)
    return Lut(first, bits, values.astype("<u2").tobytes())


def _palette(dataset: Dataset) -> Palette | None:
    if dataset.get("PhotometricInterpretation") != "PALETTE COLOR" or "RedPaletteColorLookupTableData" not in dataset:
        return None
    red, green, blue = (_paint(dataset, colour) for colour in ("Red", "Green", "Blue"))
    return Palette(red, green, blue)


def _paint(dataset: Dataset, colour: str) -> Lut:
    count, first, bits = dataset[f"{colour}PaletteColorLookupTableDescriptor"].value
    data = dataset[f"{colour}PaletteColorLookupTableData"].value
    kind = "<u2" if len(data) >= 2 * (count or 65536) else "u1"
    return Lut(first, bits, np.frombuffer(data, kind).astype("<u2").tobytes())


def blurred(seed: int, shape: tuple[int, ...], reach: float) -> NDArray[np.uint8]:
    """A soft pattern without fine detail, of that shape."""
    noise = np.random.default_rng(seed).integers(0, 255, shape, dtype=np.uint8)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), reach), dtype=np.uint8)


def shrunk(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Area averages by the plainest way."""
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
