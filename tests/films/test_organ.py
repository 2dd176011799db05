"""Where an organ begins and ends in a stack, seen in small pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from films.bodyparts import Part
from films.organ import span


def body(lung_pixels: int = 0, gas_pixels: int = 0) -> NDArray[np.float64]:
    """Air around a trunk of 40 HU, with a lung of -850 HU and a bubble of -1000 HU inside."""
    picture = np.full((64, 64), -1000.0)
    picture[10:54, 6:58] = 40.0
    picture[14 : 14 + lung_pixels, 10:30] = -850.0
    picture[40 : 40 + gas_pixels, 40:50] = -1000.0
    return picture


AIR = np.full((64, 64), -1000.0)


def test_lungs_begin_and_end_where_there_is_lung_inside_the_body() -> None:
    slices = [AIR, body(), body(3), body(20), body(22), body(20, 4), body(0, 8), body(0, 8), body()]
    assert span(slices, "CT", Part.CHEST) == (2, 5)


def test_other_organs_begin_and_end_with_the_body() -> None:
    assert span([AIR, AIR, body(), body(), AIR], "CT", Part.ABDOMEN) == (2, 3)


def test_magnetic_resonance_has_no_unit_so_the_signal_counts() -> None:
    nothing, head = np.full((64, 64), 3.0), np.full((64, 64), 3.0)
    head[16:48, 16:48] = 700.0
    assert span([nothing, head, head, nothing], "MR", Part.HEAD) == (1, 2)


def test_where_nothing_stands_out_the_whole_stack_is_shown() -> None:
    assert span([AIR, AIR, AIR], "CT", Part.CHEST) == (0, 2)
    assert span([np.zeros((8, 8))] * 4, "MR", None) == (0, 3)
