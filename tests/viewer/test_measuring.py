"""Lengths, angles, areas and values of the phantom, and what is said of them."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.viewer import phantom
from tests.viewer.conftest import OpenViewer, Viewer

LENGTH_MM = 0.35  # a pointer stands on whole pixels of the screen
ANGLE_DEGREES = 1.0


def test_lengths_angles_and_ratio_are_those_of_the_phantom(ct: Viewer) -> None:
    top, bottom, left, right = phantom.BLOCK
    ct.tool("长度")
    ct.drag(ct.at(left, top), ct.at(right, bottom))
    assert ct.number() == pytest.approx(np.hypot(right - left, bottom - top) * phantom.SPACING_MM, abs=LENGTH_MM)
    assert ct.said()[0].endswith(" mm")
    ct.tool("角度")
    ct.drag(ct.at(20, 20), ct.at(60, 20))
    ct.drag(ct.at(60, 20), ct.at(30, 50))
    assert ct.number() == pytest.approx(45, abs=ANGLE_DEGREES)
    ct.tool("Cobb 角")
    ct.drag(ct.at(20, 70), ct.at(60, 70))
    ct.page.mouse.click(*ct.at(100, 110))  # a tap is no line: the second is still to come
    ct.drag(ct.at(100, 110), ct.at(60, 87))
    assert ct.number() == pytest.approx(np.degrees(np.arctan2(23, 40)), abs=ANGLE_DEGREES)
    ct.tool("心胸比")
    ct.drag(ct.at(50, 100), ct.at(80, 100))
    ct.drag(ct.at(34, 106), ct.at(94, 106))
    assert ct.number() == pytest.approx(0.5, abs=0.01)
    expect(ct.corner("sw")).to_contain_text("仅供浏览参考，不作诊断依据")


def test_areas_and_values_are_those_of_the_phantom(ct: Viewer) -> None:
    top, bottom, left, right = phantom.BLOCK
    ct.tool("椭圆面积")
    ct.drag(ct.at(left, top), ct.at(right, bottom))
    expected = np.pi / 4 * (right - left) * (bottom - top) * phantom.SPACING_MM**2
    assert ct.number() == pytest.approx(expected, rel=0.02)
    assert ct.said()[0].endswith(" mm²")
    assert ct.number(1) == pytest.approx(phantom.METAL, abs=3)
    ct.tool("手绘面积")
    ct.drag(ct.at(54, 36), ct.at(90, 36), ct.at(90, 60), ct.at(54, 60))
    assert ct.number() == pytest.approx(36 * 24 * phantom.SPACING_MM**2, rel=0.03)
    assert ct.said()[1] == "平均 1000 HU" and ct.said()[2] == "标准差 0"
    ct.tool("读数值")
    for place, value in (((60, 40), "1000 HU"), ((20, 20), "0 HU"), ((4, 4), "-1000 HU")):
        ct.page.mouse.click(*ct.at(*place))
        expect(ct.page.locator(".mark").last).to_have_text(value)


def test_measurement_is_placed_moved_and_removed_by_keys(ct: Viewer) -> None:
    ct.tool("长度")
    ct.page.get_by_role("button", name="放在中间").click()
    before = ct.number()
    ct.page.get_by_role("button", name="长度 的控制点 2").focus()
    for _ in range(4):
        ct.page.keyboard.press("ArrowRight")
    assert ct.number() == pytest.approx(before + 4 * phantom.SPACING_MM, abs=0.06)
    ct.page.keyboard.press("ArrowDown")
    ct.page.keyboard.press("Delete")
    expect(ct.page.locator(".mark")).to_have_count(0)


@pytest.mark.parametrize(
    ("name", "unit", "factor", "note"),
    [("dx", "mm", 0.2, "探测器平面，未校正放大"), ("sc", "像素", 1.0, "影像未给出像素大小")],
)
def test_no_size_is_claimed_that_is_not_known(open_viewer: OpenViewer, name: str, unit: str, factor: float, note: str) -> None:
    viewer = open_viewer().open(phantom.uid(name)).shown()
    viewer.tool("长度")
    viewer.drag(viewer.at(20, 50, 100, 100), viewer.at(80, 50, 100, 100))
    assert viewer.number() == pytest.approx(60 * factor, abs=0.3)
    assert viewer.said()[0].endswith(f" {unit}")
    assert viewer.said()[1] == note


def test_oblong_pixels_are_drawn_and_measured_in_their_shape(open_viewer: OpenViewer) -> None:
    viewer = open_viewer().open(phantom.uid("oblong")).shown()
    viewer.tool("长度")
    viewer.drag(viewer.at(20, 20, 100, 100, 2), viewer.at(20, 80, 100, 100, 2))
    assert viewer.number() == pytest.approx(60, abs=LENGTH_MM)
    viewer.tool("角度")
    viewer.drag(viewer.at(40, 20, 100, 100, 2), viewer.at(80, 20, 100, 100, 2))
    viewer.drag(viewer.at(80, 20, 100, 100, 2), viewer.at(40, 40, 100, 100, 2))
    assert viewer.number() == pytest.approx(45, abs=ANGLE_DEGREES)
