"""What the tests of the viewer compare its canvas with, and what they ask of its pages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_modality_lut, apply_windowing

from tests.archive.samples import package, read
from tests.viewer import phantom
from tests.viewer.conftest import Viewer

AXE = Path(__file__).resolve().parents[2] / "miniprogram" / "node_modules" / "axe-core" / "axe.min.js"


def windowed(number: int, center: float, width: float) -> NDArray[np.float64]:
    """A slice as pydicom windows it (PS3.3 C.11.2.1.2), 0 to 255."""
    described = Dataset()
    described.RescaleSlope, described.RescaleIntercept = 1, phantom.INTERCEPT
    described.WindowCenter, described.WindowWidth = center, width
    described.PhotometricInterpretation, described.BitsStored, described.PixelRepresentation = "MONOCHROME2", 16, 1
    values = apply_modality_lut(phantom.ct_values(number) - phantom.INTERCEPT, described)
    shades = apply_windowing(values, described)
    low, high = -(2**15) + phantom.INTERCEPT, 2**15 - 1 + phantom.INTERCEPT
    return np.asarray((shades - low) / (high - low) * 255, dtype=np.float64)


def off(seen: NDArray[np.uint8], expected: NDArray[np.float64]) -> float:
    """The largest difference, in shades."""
    return float(np.abs(seen.astype(np.float64) - expected).max())


def until_seen(viewer: Viewer, expected: NDArray[np.float64], pane: int = 0) -> None:
    """Return once the canvas shows that; an overlay comes after its picture, a plane after its slices."""
    rows, columns = expected.shape
    for _ in range(400):
        if off(viewer.pixels(rows, columns, pane), expected) <= 1:
            return
        viewer.page.wait_for_timeout(50)
    pytest.fail("the canvas never showed what was expected")


def package_study(name: str) -> str:
    """The study of a file of the pydicom package."""
    return str(read(package(name)).StudyInstanceUID)


def ecg_millivolts() -> NDArray[np.float64]:
    """The rhythm as pydicom reads it: samples by leads."""
    return np.asarray(read(package("waveform_ecg.dcm")).waveform_array(0), dtype=np.float64) / 1000  # its unit is µV


def serious(viewer: Viewer) -> list[str]:
    """What axe calls serious or critical; the hospital's words in thumbnails and the drawings are its to judge, too."""
    viewer.page.evaluate(AXE.read_text())
    found = viewer.page.evaluate("async () => (await axe.run()).violations")
    return [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in found if each["impact"] in ("serious", "critical")]
