"""Pictures like those of real machines: anatomy drawn from formulas, with the noise of a reconstruction or a detector.

The noise matters more than the anatomy: it decides how well a picture compresses, and so how fast everything is.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

CT_SIDE = 512
CT_SLICES = 300
DX_ROWS, DX_COLUMNS = 3000, 2500
US_FRAMES, US_ROWS, US_COLUMNS = 60, 480, 640
AIR_HU = -1024
CT_NOISE_HU = 42.0  # a thin slice with a sharp kernel; lossless HTJ2K then reaches about 2.7:1
CT_GRAIN_PIXELS = 0.62  # width of the reconstruction kernel
DX_QUANTUM_NOISE = 0.42  # of the square root of the signal
DX_GRAIN_PIXELS = 0.55

Plane = NDArray[np.float32]
Dice = np.random.Generator


def ct_slice(number: int, dice: Dice) -> NDArray[np.int16]:
    """(512, 512) Hounsfield units of slice `number` (1 to 300) of a chest and upper abdomen."""
    y, x = _axes(CT_SIDE, CT_SIDE)
    height = number / CT_SLICES
    hu = np.full(x.shape, float(AIR_HU), np.float32)
    trunk = (x / (0.84 + 0.04 * np.sin(5 * height))) ** 2 + (y / 0.6) ** 2
    hu[trunk < 1] = -100  # fat under the skin
    hu[trunk < 0.85] = 50
    _draw_lungs(hu, x, y, height)
    _draw_bones(hu, x, y, height)
    hu[(abs(y - 0.7) < 0.01) & (abs(x) < 0.72)] = -300  # the table
    hu = _soft(hu, 0.8)
    noise = _grain(dice, hu.shape, CT_GRAIN_PIXELS) * CT_NOISE_HU
    hu += noise * np.where(trunk < 1, 1.0, 0.5).astype(np.float32)
    hu[x * x + y * y > 1] = AIR_HU  # outside the reconstructed circle
    return np.clip(np.rint(hu), AIR_HU, 3071).astype(np.int16)


def _draw_lungs(hu: Plane, x: Plane, y: Plane, height: float) -> None:
    size = np.sin(np.pi * min(1.0, 1.5 * height)) if height < 0.66 else 0.0
    if size < 0.06:
        return
    for side in (-1, 1):
        lung = ((x - 0.38 * side) / (0.27 * size + 0.02)) ** 2 + ((y + 0.03) / (0.42 * size + 0.02)) ** 2 < 1
        hu[lung] = -870
        for branch in range(36):
            angle, reach = 2.4 * branch + 6 * height, 0.05 + 0.2 * (branch * 11 % 36) / 36
            cx, cy = 0.38 * side + reach * np.cos(angle), 1.4 * reach * np.sin(angle) - 0.03
            width = 0.005 + 0.012 * (branch * 7 % 12) / 12
            hu[lung & ((x - cx) ** 2 + (y - cy) ** 2 < width**2)] = 35


def _draw_bones(hu: Plane, x: Plane, y: Plane, height: float) -> None:
    vertebra = (x / 0.085) ** 2 + ((y - 0.36) / 0.095) ** 2
    hu[vertebra < 1] = 420
    hu[vertebra < 0.7] = 160
    for rib in range(16):
        angle = 2 * np.pi * rib / 16 + 0.25 * np.sin(33 * height)
        hu[1.3 * (x - 0.77 * np.cos(angle)) ** 2 + (y - 0.53 * np.sin(angle)) ** 2 < 0.0011] = 680


def radiograph(dice: Dice) -> NDArray[np.uint16]:
    """(3000, 2500) 12-bit values of a chest radiograph, bright where many photons arrived."""
    y, x = _axes(DX_ROWS, DX_COLUMNS)
    signal = 3250 - 1450 * np.exp(-((x / 0.77) ** 4 + (y / 0.94) ** 4))
    for side in (-1, 1):
        signal += 880 * np.exp(-(((x - 0.39 * side) / 0.26) ** 4 + ((y + 0.08) / 0.55) ** 4))
    signal -= 580 * np.exp(-((x / 0.11) ** 2))  # mediastinum
    signal -= 430 * np.exp(-(((x - 0.14) / 0.29) ** 2 + ((y - 0.32) / 0.3) ** 2))  # heart
    for rib in range(20):
        middle = 0.082 * rib - 0.8 + 0.24 * x**2
        signal -= 125 * np.exp(-(((y - middle) / 0.013) ** 2)) * (abs(x) < 0.8)
    signal += 30 * _grain(dice, signal.shape, 4.0)  # soft tissue
    quanta = np.sqrt(np.clip(signal, 100, 4095)) * DX_QUANTUM_NOISE
    signal = signal + quanta * _grain(dice, signal.shape, DX_GRAIN_PIXELS)
    return np.asarray(np.clip(np.rint(signal), 0, 4095), np.uint16)


def cine(dice: Dice) -> NDArray[np.uint8]:
    """(60, 480, 640, 3) RGB frames of a beating heart with colour Doppler."""
    speckle = _grain(dice, (US_ROWS, US_COLUMNS), 1.4)
    return np.stack([_beat(number, speckle, dice) for number in range(US_FRAMES)])


def _beat(number: int, speckle: Plane, dice: Dice) -> NDArray[np.uint8]:
    rows, columns = np.mgrid[0:US_ROWS, 0:US_COLUMNS].astype(np.float32)
    radius, angle = np.hypot(rows + 40, columns - US_COLUMNS / 2), np.arctan2(columns - US_COLUMNS / 2, rows + 40)
    phase = 6 * np.pi * number / US_FRAMES
    tissue = abs(0.7 * np.roll(speckle, int(4 * np.sin(phase)), 0) + 0.6 * _grain(dice, speckle.shape, 1.0))
    grey = 75 * tissue * np.exp(-radius / 420) + 30
    chamber = ((columns - 320) / (80 + 11 * np.sin(phase))) ** 2 + ((rows - 250) / (105 + 14 * np.sin(phase))) ** 2 < 1
    grey[chamber] *= 0.15
    grey[(abs(angle) > 0.7) | (radius < 70) | (radius > 480)] = 0
    frame = np.repeat(grey[..., None], 3, axis=2)
    flow = chamber & (((columns - 330) / 38) ** 2 + ((rows - 240) / 58) ** 2 < 1)
    speed = 60 * _grain(dice, speckle.shape, 2.0)
    frame[..., 0][flow] = 115 + speed[flow]
    frame[..., 2][flow] = 55 - speed[flow]
    return np.asarray(np.clip(np.rint(frame), 0, 255), np.uint8)


def _axes(rows: int, columns: int) -> tuple[Plane, Plane]:
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j].astype(np.float32)
    return y, x


def _grain(dice: Dice, shape: tuple[int, ...], width_pixels: float) -> Plane:
    """Noise of variance 1 whose neighbours resemble each other, as a reconstruction kernel makes them."""
    noise = _soft(dice.standard_normal(shape, dtype=np.float32), width_pixels)
    return noise / np.float32(noise.std())


def _soft(plane: Plane, width_pixels: float) -> Plane:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), width_pixels), np.float32)
