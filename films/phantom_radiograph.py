"""A drawn chest radiograph (PA): shadows of simple shapes added up, with PHANTOM burnt in. No person was ever X-rayed.

Shadows are drawn in millimetres on a coarse film (x to the patient's left, y down, 0 in the middle of the upper edge),
then enlarged, grained and lettered. Values grow with attenuation: bone is bright.
"""

from __future__ import annotations

from math import cos, pi, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from films.phantom_shapes import Field, Letters, lettering, ripple

ROWS, COLUMNS = 3000, 2500
PIXEL_MM = 0.14
BITS = 14
COARSE = 4  # one coarse pixel is 4 x 4 fine ones
COARSE_MM = PIXEL_MM * COARSE
GRAIN = 55.0
GRAIN_TILE = 500  # divides rows and columns
SEED = 20260102
LETTERS = 15800
DARKEST, BRIGHTEST = 900.0, 15000.0
CENTIMETRES_TO_VALUE = 0.105  # how quickly more tissue becomes brighter

Shadow = Field


def dx_image() -> NDArray[np.uint16]:
    """The radiograph, uint16 (3000, 2500), 14 bits used."""
    tissue = _trunk() - _lungs() + _middle() + _bones()
    coarse = DARKEST + (BRIGHTEST - DARKEST) * (1 - np.exp(-CENTIMETRES_TO_VALUE * np.clip(tissue, 0, None)))
    image = np.asarray(cv2.resize(coarse.astype(np.float32), (COLUMNS, ROWS), interpolation=cv2.INTER_CUBIC))
    image += _grain()
    _mark(image)
    return np.asarray(np.clip(image, 0, 2**BITS - 1), dtype=np.uint16)


def _grain() -> Field:
    """One tile of noise, laid side by side: nobody sees the seams, and it takes a tenth of the time."""
    tile = ripple(GRAIN_TILE, 1, SEED, GRAIN)
    return np.tile(tile, (ROWS // GRAIN_TILE, COLUMNS // GRAIN_TILE))


def _xy() -> tuple[Field, Field]:
    x = (np.arange(COLUMNS // COARSE, dtype=np.float32) + 0.5) * COARSE_MM - COLUMNS * PIXEL_MM / 2
    y = (np.arange(ROWS // COARSE, dtype=np.float32) + 0.5) * COARSE_MM
    return x[None, :], y[:, None]


def _blank() -> Shadow:
    return np.zeros((ROWS // COARSE, COLUMNS // COARSE), np.float32)


def _smooth(y: Field, start: float, end: float) -> Field:
    share = np.clip((y - start) / (end - start), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), dtype=np.float32)


def _chord(x: float, y: float, a: float, b: float, angle: float = 0.0, power: float = 0.5) -> Shadow:
    """Depth of an ellipsoid of unit thickness seen from the front."""
    xs, ys = _xy()
    along = ((xs - x) * cos(angle) + (ys - y) * sin(angle)) / a
    across = ((ys - y) * cos(angle) - (xs - x) * sin(angle)) / b
    return np.asarray(np.clip(1 - along**2 - across**2, 0, None) ** power, dtype=np.float32)


def _soften(shadow: Shadow, millimetres: float) -> Shadow:
    return np.asarray(cv2.GaussianBlur(shadow, (0, 0), millimetres / COARSE_MM), dtype=np.float32)


def _trunk() -> Shadow:
    """Neck, shoulders, chest wall and belly, in cm of tissue."""
    x, y = _xy()
    half = 56 + 148 * _smooth(y, 4, 78) - 45 * _smooth(y, 150, 240) + 8 * _smooth(y, 300, 420)
    outline = np.clip(1 - (x / half) ** 2, 0, None) ** 0.42
    depth = 11 + 5 * _smooth(y, 60, 200) + 7 * _smooth(y, 290, 350)
    return _soften((outline * depth).astype(np.float32), 0.8)


def _lungs() -> Shadow:
    """Air that takes the place of tissue, cut off by the heart, the mediastinum and the domes of the diaphragm."""
    air = _blank()
    for side, dome_y in ((-1, 305), (1, 317)):
        lung = 11.5 * _chord(side * 73, 205, 59, 165, side * -0.07, 0.4)
        lung *= 1 - (_chord(side * 76, dome_y + 62, 88, 66) > 0)
        air = np.maximum(air, lung)
    shut = np.maximum(_chord(26, 252, 68, 54, 0.62) > 0, _chord(-30, 244, 28, 52) > 0)
    return _soften(air * (1 - 0.66 * shut).astype(np.float32), 1.1)


def _middle() -> Shadow:
    """Mediastinum, aortic knob, vessels of both hila, windpipe, stomach bubble."""
    x, y = _xy()
    band = 3.4 * np.clip(1 - (x / (27 + 8 * _smooth(y, 150, 60))) ** 2, 0, None) ** 0.5 * _smooth(y, 70, 110)
    knob = 3.2 * _chord(24, 148, 17, 18) + 1.8 * _chord(33, 190, 14, 17)
    hila = 2.4 * (_chord(-38, 196, 15, 30, 0.25) + _chord(42, 186, 14, 24, -0.2))
    wind = 2.6 * np.clip(1 - (x / 9) ** 2, 0, None) ** 0.5 * (1 - _smooth(y, 160, 172))
    for side in (-1, 1):
        wind = wind + 1.6 * _chord(side * 17, 178, 6, 24, side * 0.72 * -1)
    bubble = 6.5 * _chord(72, 352, 34, 24) * (1 - _smooth(y, 352, 358))
    return (
        _soften((band * (1 - _smooth(y, 300, 360)) + knob - wind - bubble).astype(np.float32) + _soften(hila, 5), 1.0)
        + _vessels()
    )


def _vessels() -> Shadow:
    """Branches that leave the hila and fade towards the chest wall."""
    dice = np.random.default_rng(SEED)
    ink = _blank()
    for side, top in ((-1, 196.0), (1, 188.0)):
        for _ in range(46):
            _branch(
                ink,
                dice,
                side * float(dice.uniform(16, 40)),
                top + float(dice.normal(0, 14)),
                float(dice.uniform(-1.25, 1.25)),
                side,
            )
    return _soften(ink, 1.0)


def _branch(ink: Shadow, dice: np.random.Generator, x: float, y: float, heading: float, side: int) -> None:
    layer = np.zeros(ink.shape, np.uint8)
    width = float(dice.uniform(1.8, 4.2))
    for step in range(9):
        heading += float(dice.normal(0, 0.13))
        ahead = (x + side * 10 * cos(heading), y + 10 * sin(heading) + 1.5)
        strength = round(120 * width / 4.2 * (1 - abs(step - 2) / 9))
        cv2.line(
            layer, _place(x, y), _place(*ahead), strength, max(1, round(width * (1 - step / 11) / COARSE_MM)), cv2.LINE_AA, 4
        )
        x, y = ahead
    ink += layer.astype(np.float32) / 110


def _place(x: float, y: float) -> tuple[int, int]:
    """Millimetres → coarse pixels in sixteenths, as the line brush wants them."""
    return round((x + COLUMNS * PIXEL_MM / 2) / COARSE_MM * 16), round(y / COARSE_MM * 16)


# -- bones -----------------------------------------------------------------------


def _bones() -> Shadow:
    bones = _spine()
    for side in (-1, 1):
        for number in range(10):
            bones += _rib(side, number)
        bones += _tube(_collar_bone(side), 11, 1.7)
        bones += _shoulder_blade(side)
    return bones


def _tube(path: list[tuple[float, float]], width: float, strength: float) -> Shadow:
    """A hollow bone: dense at its edges, lighter within."""
    points = np.array([_place(*point) for point in path], np.int32)
    outer, inner = np.zeros(_blank().shape, np.uint8), np.zeros(_blank().shape, np.uint8)
    cv2.polylines(outer, [points], False, 255, round(width / COARSE_MM), cv2.LINE_AA, 4)
    cv2.polylines(inner, [points], False, 255, max(1, round((width - 3.2) / COARSE_MM)), cv2.LINE_AA, 4)
    shell = outer.astype(np.float32) - 0.42 * inner
    return _soften(shell * np.float32(strength / 255), 0.7)


def _rib(side: int, number: int) -> Shadow:
    """From the spine outward and down, round the side, and fainter forward and down."""
    top, reach = 78 + 24.5 * number, 88 + 38 * sin(min(number + 1, 6) / 6 * pi / 2)
    reach -= 2.2 * max(0, number - 6)
    back = [(side * (16 + (reach - 16) * sin(t)), top - 14 * sin(2 * t) + (26 + 3 * number) * (1 - cos(t))) for t in _quarter()]
    end_x, end_y = back[-1]
    front = [(end_x - side * (reach - 46) * (1 - cos(t)), end_y + (44 + 2 * number) * sin(t)) for t in _quarter()]
    return _tube(back + front if number < 7 else back, 10.5, 1.25)


def _quarter() -> NDArray[np.float64]:
    return np.linspace(0, pi / 2, 24)


def _collar_bone(side: int) -> list[tuple[float, float]]:
    return [(side * (18 + 118 * t), 108 - 46 * t + 7 * sin(2 * pi * t)) for t in np.linspace(0, 1, 20)]


def _shoulder_blade(side: int) -> Shadow:
    """Inner border, spine and socket, seen through the upper outer lung."""
    inner = [(side * (112 + 18 * t), 92 + 120 * t - 22 * t * t) for t in np.linspace(0, 1, 16)]
    outer = [(side * (150 - 20 * t), 104 + 86 * t) for t in np.linspace(0, 1, 16)]
    head = 3.5 * _chord(side * 163, 92, 26, 26, 0, 0.35)
    return _tube(inner, 5, 0.7) + _tube(outer, 7, 0.8) + _soften(head, 0.8)


def _spine() -> Shadow:
    x, y = _xy()
    level = (y % 25.5) / 25.5
    body = np.clip(1 - (x / 17) ** 4, 0, 1) * (2.3 - 1.1 * ((level < 0.17) | (level > 0.97)))
    pedicles = _blank()
    for step in range(17):
        for side in (-1, 1):
            pedicles += 1.2 * _chord(side * 10.5, 13 + 25.5 * step, 4, 6, 0, 0.3)
    thorn = 1.0 * (np.abs(x) < 2.6) * ((level > 0.55) & (level < 0.98))
    return _soften((body + thorn).astype(np.float32) + pedicles, 0.8)


# -- lettering -----------------------------------------------------------------------


def _mark(image: Field) -> None:
    """PHANTOM, R, and a scale of 100 mm, burnt in."""
    texts = (
        Letters("PHANTOM", (110, 190), 3.6, 9),
        Letters("NOT A PATIENT", (110, 290), 1.9, 5),
        Letters("R", (110, 640), 4.5, 12),
        Letters("10 cm", (2140, 2900), 1.6, 4),
    )
    image[lettering(image.shape, texts)] = LETTERS
    left, length = 1650, round(100 / PIXEL_MM)
    image[2840:2848, left : left + length] = LETTERS
    for tick in range(11):
        column = left + round(tick * 10 / PIXEL_MM)
        image[2840 - (50 if tick % 5 == 0 else 28) : 2848, column - 3 : column + 4] = LETTERS
