"""A drawn chest and upper abdomen as CT would see it, with rods of known HU: no person was ever scanned.

Coordinates are millimetres: x to the patient's left, y to the back, z down from the top slice (PS3.3 C.7.6.2.1.1
for a patient lying on the back, head first). Every number is fixed, so each slice is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from math import cos, pi, radians, sin, sqrt

import cv2
import numpy as np
from numpy.typing import NDArray

from films.phantom_shapes import Canvas, Field, Letters, grid, lettering, ripple

SLICES = 128
SIDE_PIXELS = 512
PIXEL_MM = 0.75
SLICE_MM = 2.5
FIRST_MM = -PIXEL_MM * (SIDE_PIXELS - 1) / 2  # x and y of the centre of the first pixel

AIR, LUNG, FAT, SKIN, MUSCLE, WATER = -1000.0, -860.0, -100.0, 20.0, 55.0, 0.0
BLOOD, MYOCARDIUM, LIVER, SPLEEN, KIDNEY = 175.0, 100.0, 95.0, 110.0, 160.0
MARROW, CORTEX, DISC, CARTILAGE = 220.0, 850.0, 85.0, 130.0
LETTERS = 1000.0  # bright in every window

ROD_HU = (-800, -400, -100, 0, 100, 400, 800)  # from the patient's right to the left
ROD_SPACING_MM = 30.0
ROD_RADIUS_MM = 7.0
ROD_Y_MM = 124.0
NODULES = ((-78.0, 18.0, 120.0, 5.0), (72.0, -34.0, 96.0, 3.0))  # x, y, z, radius: 10 mm right, 6 mm left

CENTRE_Y = -12.0
RIB_X, RIB_Y = 138.0, 92.0  # half axes of the cage where it is widest
RIB_SPACING_MM, RIB_DROP_MM = 25.0, 75.0
VERTEBRA_MM, DISC_MM = 25.0, 6.0
NOISE_HU = 11.0
SEED = 20260101


def ct_slices() -> Iterator[NDArray[np.int16]]:
    """The slices from top to bottom, int16 (512, 512) in HU."""
    return (ct_slice(number) for number in range(1, SLICES + 1))


def ct_slice(number: int) -> NDArray[np.int16]:
    """One slice, 1 (top) to 128 (bottom), int16 (512, 512) in HU."""
    z = (number - 1) * SLICE_MM
    canvas = Canvas(_surroundings().copy(), PIXEL_MM, FIRST_MM)
    inside = _trunk(canvas, z)
    _lungs(canvas, z, inside)
    _belly(canvas, z, inside)
    _heart_and_vessels(canvas, z)
    _airways(canvas, z)
    _cage(canvas, z)
    _spine(canvas, z)
    noisy = canvas.values + ripple(SIDE_PIXELS, number, SEED, NOISE_HU)
    _mark(noisy, number)
    return np.asarray(np.clip(np.rint(noisy), -1024, 3071), dtype=np.int16)


# -- what does not change from slice to slice ------------------------------------


@cache
def _surroundings() -> Field:
    """Air, the table, and under the patient a pad with rods of known HU, 30 mm apart."""
    canvas = Canvas(np.full((SIDE_PIXELS, SIDE_PIXELS), AIR, np.float32), PIXEL_MM, FIRST_MM)
    canvas.ellipse(0, 112, 185, 52, -350)
    canvas.ellipse(0, 110, 182, 49, -930)
    canvas.box(-190, -190, 190, 136, AIR)
    canvas.box(-178, 135, 178, 138, -300)
    canvas.box(-112, 113, 112, 134, 30)
    for place, hu in enumerate(ROD_HU):
        x = (place - len(ROD_HU) // 2) * ROD_SPACING_MM
        canvas.ellipse(x, ROD_Y_MM, ROD_RADIUS_MM, ROD_RADIUS_MM, hu)
    _ruler(canvas)
    return canvas.values


def _ruler(canvas: Canvas) -> None:
    """100 mm at the patient's left, a tick every 10 mm."""
    canvas.box(182, -50, 183, 50, LETTERS)
    for tick in range(11):
        y = -50 + 10 * tick
        canvas.box(176 if tick % 5 == 0 else 179, y - 0.4, 182, y + 0.4, LETTERS)


def _mark(values: Field, number: int) -> None:
    """PHANTOM, the slice number and its place, burnt in."""
    z = -(number - 1) * SLICE_MM
    texts = (
        Letters("PHANTOM", (10, 28), 0.8),
        Letters("NOT A PATIENT", (10, 48), 0.42),
        Letters(f"S {number:03d}/{SLICES}", (408, 24), 0.5),
        Letters(f"Z {z:.1f} mm", (408, 44), 0.42),
        Letters("R", (8, 262), 0.6),
        Letters("10 cm", (456, 345), 0.42),
    )
    values[lettering(values.shape, texts)] = LETTERS


# -- the body, outside in ------------------------------------------------------------


def _swell(z: float, centre: float, reach: float) -> float:
    """Half axis of a unit ellipsoid at height z, 0 outside."""
    return sqrt(max(0.0, 1 - ((z - centre) / reach) ** 2))


def _step(z: float, start: float, end: float) -> float:
    """0 before start, 1 after end, smooth between."""
    share = min(1.0, max(0.0, (z - start) / (end - start)))
    return share * share * (3 - 2 * share)


def _cage_share(z: float) -> float:
    return 0.66 + 0.34 * _step(z, -30, 110)


def _trunk(canvas: Canvas, z: float) -> Field:
    """Skin, fat, muscle, and the fat inside the cage; returns how much of each pixel lies inside the cage."""
    width, depth = 176 - 8 * _step(z, 60, 240), 113 - 3 * (1 - _step(z, 0, 90)) + 3 * _step(z, 200, 300)
    fat = 9 + 9 * _step(z, 120, 300)
    for margin, hu in ((0.0, SKIN), (2.0, FAT), (fat, MUSCLE)):
        canvas.barrel(0, CENTRE_Y + 2, width - margin, depth - margin, hu)
    for side in (-1, 1):  # fat between the muscles of the back and of the chest
        canvas.ellipse(side * 62, 84, 38, 2.2, -60, angle=side * -14)
        canvas.ellipse(side * 78, CENTRE_Y - 84 * _cage_share(z) - 6, 46, 2.0, -70 * (1 - _step(z, 120, 180)), angle=side * 20)
    inside = Canvas(np.zeros_like(canvas.values), PIXEL_MM, FIRST_MM)
    inside.ellipse(0, CENTRE_Y, (RIB_X - 8) * _cage_share(z), (RIB_Y - 7) * _cage_share(z), 1.0)
    canvas.blend(inside.values, np.float32(FAT))
    return inside.values


def _lungs(canvas: Canvas, z: float, inside: Field) -> None:
    size = _swell(min(z, 150), 150, 146)
    if size == 0 or z > 268:
        return
    lungs = Canvas(np.zeros_like(inside), PIXEL_MM, FIRST_MM)
    for side in (-1, 1):
        lungs.ellipse(side * (31 + 42 * size), -9, 12 + 50 * size, 8 + 75 * size, 1.0)
    air = lungs.values * inside
    texture = LUNG + ripple(SIDE_PIXELS, 7, SEED, 18.0)
    canvas.blend(air, texture)
    canvas.blend(air * _vessel_ink(z), np.float32(40))
    for x, y, height, radius in NODULES:
        half = radius * _swell(z, height, radius)
        canvas.ellipse(x, y, half, half, 40)


@cache
def _vessel_points() -> NDArray[np.float64]:
    """(x, y, z, radius) along the branches that leave both hila, in mm."""
    dice = np.random.default_rng(SEED)
    return np.concatenate([_branch(dice, side) for side in (-1, 1) for _ in range(150)])


def _branch(dice: np.random.Generator, side: int) -> NDArray[np.float64]:
    """One branch: a direction that wanders, a radius that shrinks."""
    steps = int(dice.integers(60, 150))
    heading = dice.normal(0, 1, 3) * (0.8, 0.9, 1.3) + (side * 0.75, 0.1, 0.2)
    turns = heading / np.linalg.norm(heading) + np.cumsum(dice.normal(0, 0.05, (steps, 3)), axis=0)
    hilum = np.array([side * 30, 2, 122])
    path = hilum + np.cumsum(turns / np.linalg.norm(turns, axis=1, keepdims=True), axis=0)
    radius = np.linspace(dice.uniform(1.4, 3.4), 0.45, steps)[:, None]
    return np.hstack([path, radius])


def _vessel_ink(z: float) -> Field:
    """How much of each pixel is vessel at this height, 0..1."""
    points = _vessel_points()
    near = points[np.abs(points[:, 2] - z) < np.maximum(points[:, 3], SLICE_MM / 2)]
    ink = np.zeros((SIDE_PIXELS, SIDE_PIXELS), np.uint8)
    for x, y, _, radius in near.tolist():
        centre = (round((x - FIRST_MM) / PIXEL_MM * 16), round((y - FIRST_MM) / PIXEL_MM * 16))
        cv2.circle(ink, centre, max(9, round(radius / PIXEL_MM * 16)), 255, -1, cv2.LINE_AA, 4)
    return np.asarray(ink / np.float32(255), dtype=np.float32)


def _belly(canvas: Canvas, z: float, inside: Field) -> None:
    """Liver and spleen under the domes of the diaphragm, stomach with its bubble, kidneys, gut."""
    right, left = _swell(min(z, 262), 262, 82), _swell(min(z, 262), 262, 68)
    canvas.ellipse(-66, -8, 72 * right, 84 * right, LIVER, within=inside)
    canvas.ellipse(78, 0, 58 * left, 80 * left, FAT, within=inside)
    canvas.ellipse(12, -52, 62 * _swell(z, 262, 56), 30 * _swell(z, 262, 56), LIVER, within=inside)
    spleen, stomach = _swell(z, 258, 48), _swell(z, 262, 52)
    canvas.ellipse(100, 34, 24 * spleen, 42 * spleen, SPLEEN, angle=-14, within=inside)
    canvas.ellipse(62, -30, 36 * stomach, 40 * stomach, 48, within=inside)
    canvas.ellipse(62, -30, 32 * stomach, 36 * stomach, -920, within=inside, above=-36)
    canvas.ellipse(62, -30, 32 * stomach, 36 * stomach, 15, within=inside, below=-36)
    for x, y, reach in ((-48, 12, 2.6), (-72, -22, 2.0), (-36, -16, 3.0), (-84, 10, 1.8)):  # veins of the liver
        canvas.ellipse(x, y, reach * right * 1.6, reach * right, BLOOD - 20, angle=x, within=inside)
    canvas.ellipse(-58, -58, 13 * _swell(z, 300, 28), 17 * _swell(z, 300, 28), 12, within=inside)  # gall bladder
    for side in (-1, 1):
        _kidney(canvas, side, _swell(z, 305 + 6 * side, 45), inside)
    for x, y, z_middle in ((30, -8, 292), (70, 4, 312), (4, -60, 318), (-20, -40, 322), (42, -58, 322)):
        loop = _swell(z, z_middle, 24)
        canvas.ellipse(x, y, 17 * loop, 13 * loop, 60, within=inside)
        canvas.ellipse(x, y - 2, 12 * loop, 8 * loop, 10 if x > 35 else -600, within=inside)


def _kidney(canvas: Canvas, side: int, size: float, inside: Field) -> None:
    canvas.ellipse(side * 64, 42, 25 * size, 31 * size, KIDNEY, angle=side * 18, within=inside)
    canvas.ellipse(side * 56, 40, 10 * size, 14 * size, FAT, angle=side * 18, within=inside)
    canvas.ellipse(side * 52, 39, 6 * size, 5 * size, 15, within=inside)


def _heart_and_vessels(canvas: Canvas, z: float) -> None:
    sac, heart = _swell(z, 168, 60), _swell(z, 168, 54)
    canvas.ellipse(20, -38, 66 * sac, 48 * sac, FAT, angle=28)
    canvas.ellipse(20, -38, 60 * heart, 42 * heart, MYOCARDIUM, angle=28)
    for x, y, z_middle, reach, a, b, angle in (
        (38, -28, 172, 36, 32, 18, 32),  # left ventricle
        (4, -58, 172, 40, 34, 11, 26),  # right ventricle
        (-24, -36, 158, 34, 17, 22, 0),  # right atrium
        (12, -4, 146, 24, 28, 15, 0),  # left atrium
    ):
        size = _swell(z, z_middle, reach)
        canvas.ellipse(x, y, a * size, b * size, BLOOD, angle=angle)
    _great_vessels(canvas, z)


def _great_vessels(canvas: Canvas, z: float) -> None:
    arch = _swell(z, 88, 14)
    canvas.ellipse(12, 4, 13 * min(1.0, 1.4 * arch), 46 * arch, BLOOD, angle=-14)
    if 86 < z < 150:
        canvas.ellipse(4, -36, 15, 15, BLOOD)  # ascending aorta
        canvas.ellipse(-24, -30, 9, 10, BLOOD - 10)  # superior vena cava
    if z > 84:
        shift = _step(z, 120, 260)
        canvas.ellipse(24 - 18 * shift, 42 - 4 * shift, 12, 12, BLOOD)  # descending aorta
    trunk = _swell(z, 118, 15)
    canvas.ellipse(24, -28, 15 * trunk, 15 * trunk, BLOOD)
    canvas.ellipse(0, -12, 52 * trunk, 9 * trunk, BLOOD, angle=-6)  # pulmonary arteries
    if z > 205:
        canvas.ellipse(-22, 26, 13, 10, BLOOD - 30)  # inferior vena cava
    for x, y, radius in ((-26, -14, 7), (-10, -18, 6), (14, -14, 5), (26, -6, 5), (28, -26, 7)):
        canvas.ellipse(x, y, *(2 * (radius * (1 - _step(z, 70, 84)),)), BLOOD)


def _airways(canvas: Canvas, z: float) -> None:
    canvas.ellipse(10, 34 - 12 * (1 - _step(z, 20, 90)), 8, 6, 45)  # oesophagus
    canvas.ellipse(10, 33 - 12 * (1 - _step(z, 20, 90)), 2.5, 1.5, -500)
    if z < 102:
        canvas.ellipse(0, 10, 11, 10.5, 60)
        canvas.ellipse(0, 10, 9, 8.5, AIR)
    for side in (-1, 1):
        _bronchus(canvas, side, z)


def _bronchus(canvas: Canvas, side: int, z: float) -> None:
    if not 98 <= z <= 150:
        return
    x, size = side * (5 + (z - 98) * 0.8), 1 - 0.5 * _step(z, 110, 150)
    canvas.ellipse(x, 8 + (z - 98) * 0.15, 10 * size, 8.5 * size, 50)
    canvas.ellipse(x, 8 + (z - 98) * 0.15, 8 * size, 6.5 * size, AIR)


# -- bones -------------------------------------------------------------------------------


@cache
def _cage_ring() -> tuple[NDArray[np.intp], Field, Field, Field]:
    """Pixels that a rib may touch: flat index, elliptic radius, distance from the centre in mm, height lost by slant."""
    x, y = grid(SIDE_PIXELS, PIXEL_MM, FIRST_MM)
    y = y - CENTRE_Y
    radius = np.sqrt((x / RIB_X) ** 2 + (y / RIB_Y) ** 2)
    place = np.flatnonzero((radius > 0.6) & (radius < 1.1))
    angle = np.arctan2(np.abs(x / RIB_X), y / RIB_Y)  # 0 at the back, pi at the breastbone
    slant = RIB_DROP_MM * (1 - np.cos(angle)) / 2
    distance = np.sqrt(x**2 + y**2)
    return place, radius.flat[place], distance.flat[place], slant.flat[place]


def _cage(canvas: Canvas, z: float) -> None:
    """Ribs that slant forward and down, cartilage in front, shoulder blades, breastbone."""
    place, radius, distance, slant = _cage_ring()
    share = _cage_share(z)
    height = z - slant + 12
    number = np.floor(height / RIB_SPACING_MM)
    off_z = height - (number + 0.5) * RIB_SPACING_MM
    off_r = distance * (1 - share / radius)
    depth = 1 - np.sqrt((off_z / 7.0) ** 2 + (off_r / 4.6) ** 2)
    reach = np.where(number <= 6, 70.0, np.where(number <= 9, 46.0, 22.0))
    depth[(number < 0) | (number > 11) | (slant > reach)] = -1
    bone = np.where(depth < 0.36, CORTEX, MARROW + 60)
    bone = np.where(slant > 58, CARTILAGE, bone).astype(np.float32)
    cover = np.clip(depth * 4.6 / PIXEL_MM + 0.5, 0, 1)
    canvas.values.flat[place] += cover * (bone - canvas.values.flat[place])
    _flat_bones(canvas, z, share)


def _flat_bones(canvas: Canvas, z: float, share: float) -> None:
    front = CENTRE_Y - RIB_Y * share
    if 24 < z < 190:
        wide = 18 - 6 * _step(z, 40, 70)
        canvas.ellipse(0, front + 1, wide, 6, CORTEX)
        canvas.ellipse(0, front + 1, wide - 2, 4, MARROW)
    blade = _swell(z, 70, 75)
    for side in (-1, 1):
        canvas.ellipse(side * (112 + 4 * blade), 56, 40 * blade, 3.4, CORTEX - 150, angle=side * -52)
        canvas.ellipse(side * (112 + 4 * blade), 56, 37 * blade, 1.4, MARROW + 100, angle=side * -52)
    for side in (-1, 1):  # collar bones
        if z < 30:
            canvas.ellipse(side * (44 + 2.2 * (30 - z)), front + 4, 22, 6, CORTEX, angle=side * 24)
            canvas.ellipse(side * (44 + 2.2 * (30 - z)), front + 4, 19, 3.6, MARROW + 80, angle=side * 24)


def _spine(canvas: Canvas, z: float) -> None:
    level = z % VERTEBRA_MM
    if level > VERTEBRA_MM - DISC_MM:
        canvas.ellipse(0, 58, 19, 15, DISC)
    else:
        canvas.ellipse(0, 58, 19, 15, CORTEX - 200)
        end_plate = min(level, VERTEBRA_MM - DISC_MM - level) < SLICE_MM
        canvas.ellipse(0, 58, 17.4, 13.4, CORTEX - 350 if end_plate else MARROW)
    _arch(canvas, level)
    canvas.ellipse(0, 79, 10, 8.5, 15)  # canal
    canvas.ellipse(0, 79, 5.5, 4.5, 42)  # cord


def _arch(canvas: Canvas, level: float) -> None:
    """Pedicles, laminae and processes, strongest in the middle of a vertebra."""
    strong = max(0.0, sin(pi * level / VERTEBRA_MM))
    canvas.ellipse(0, 79, 15 - 2 * (1 - strong), 13 - 2 * (1 - strong), CORTEX - 250)
    canvas.ellipse(0, 90, 3.4, 10 * (0.5 + strong / 2), CORTEX - 250)
    for side in (-1, 1):
        reach = 15 * strong
        canvas.ellipse(side * (14 + reach * cos(radians(20))), 80, reach, 4.2, CORTEX - 300, angle=side * 16)
        canvas.ellipse(side * (14 + reach * cos(radians(20))), 80, reach * 0.85, 2.2, MARROW + 40, angle=side * 16)
