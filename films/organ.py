"""Where an organ begins and ends in a stack of slices, seen in pictures of 64 pixels: good enough to space a film evenly.

Slices of air above the head, of shoulders above the lungs or of belly below them would take cells from what was examined.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from films.bodyparts import Part
from films.image import ImageDescription

SMALL_PIXELS = 64  # longer side of the pictures to look at
BODY_HU, GAS_HU, LUNG_HU = -300.0, -965.0, -450.0
LEAST_SHARE = 0.12  # of the largest slice; less is not worth a cell
SIGNAL_SHARE = 0.1  # of the brightest signal: above it is the patient, not noise

Values = NDArray[np.float64]


def values(array: NDArray[np.generic], description: ImageDescription, frame_number: int) -> Values:
    """Stored values → modality units (HU for CT), by slope and intercept."""
    tone = description.tone(frame_number)
    return np.asarray(array, dtype=np.float64) * (tone.slope or 1.0) + tone.intercept


def span(slices: Sequence[Values], modality: str, organ: Part | None) -> tuple[int, int]:
    """First and last place of the organ, else of anything at all; the whole stack when nothing stands out."""
    shares = _shares(slices, modality, organ)
    if not shares.size or shares.max() <= 0:
        return 0, len(slices) - 1
    wanted = np.flatnonzero(shares >= LEAST_SHARE * shares.max())
    return int(wanted[0]), int(wanted[-1])


def _shares(slices: Sequence[Values], modality: str, organ: Part | None) -> NDArray[np.float64]:
    if _is_of_lungs(modality, organ):
        return np.array([_lungs(each) for each in slices])
    if modality == "CT":
        return np.array([float((each > BODY_HU).mean()) for each in slices])
    brightest = max((float(np.quantile(each, 0.995)) for each in slices), default=0.0)
    return np.array([float((each > SIGNAL_SHARE * brightest).mean()) for each in slices])


def _is_of_lungs(modality: str, organ: Part | None) -> bool:
    return modality == "CT" and organ is Part.CHEST


def _lungs(picture: Values) -> float:
    """Share of pixels as dense as lung, in airy places that do not reach the edge; gas of stomach and bowel is darker."""
    airy = picture < LUNG_HU
    _, places = cv2.connectedComponents(airy.astype(np.uint8), connectivity=4)
    outside = np.unique(np.concatenate((places[0], places[-1], places[:, 0], places[:, -1])))
    inside = airy & ~np.isin(places, outside)
    return float((inside & (picture > GAS_HU)).mean())
