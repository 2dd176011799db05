"""Greys and colours as they are drawn: by the standard's windows and tables, and as a doctor left them."""

from __future__ import annotations

import re
from io import BytesIO

import numpy as np
import pytest
from playwright.sync_api import expect
from pydicom import dcmread
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut

from tests.viewer import phantom
from tests.viewer.conftest import OpenViewer, Viewer
from tests.viewer.seeing import off, until_seen, windowed


def test_pixels_are_those_of_the_standard_and_turn_with_the_picture(ct: Viewer) -> None:
    ct.page.keyboard.press("1")
    expected = windowed(4, *phantom.WINDOW)
    assert off(ct.pixels(), expected) <= 1
    ct.page.keyboard.press("i")
    assert off(ct.pixels(), 255 - expected) <= 1
    ct.page.keyboard.press("i")
    ct.page.keyboard.press("r")
    assert off(ct.pixels(), np.rot90(expected, -1)) <= 1
    ct.page.keyboard.press("h")
    assert off(ct.pixels(), np.fliplr(np.rot90(expected, -1))) <= 1
    ct.page.keyboard.press("v")
    assert off(ct.pixels(), np.flipud(np.fliplr(np.rot90(expected, -1)))) <= 1


def test_preset_and_dragging_window_as_the_standard_says(ct: Viewer) -> None:
    ct.page.keyboard.press("1")
    ct.choose("窗位", "骨窗")
    expect(ct.corner("sw")).to_contain_text("窗宽 1800")
    assert off(ct.pixels(), windowed(4, 400, 1800)) <= 1
    middle = ct.at(64, 64)
    ct.drag(middle, (middle[0] - 64, middle[1]))  # left button: a mouse windows
    expect(ct.corner("sw")).not_to_contain_text("窗宽 1800")
    ct.page.keyboard.press("0")
    expect(ct.corner("sw")).to_contain_text("窗宽 400")


def test_an_images_own_tables_make_its_greys_until_a_window_is_chosen(open_viewer: OpenViewer) -> None:
    viewer = open_viewer().open(phantom.uid("tables")).shown()
    viewer.page.keyboard.press("1")
    described = dcmread(BytesIO(phantom.with_tables()))
    values = apply_modality_lut(phantom.TABLE_VALUES, described)
    until_seen(viewer, apply_voi_lut(values, described) * (255 / 1023))
    viewer.tool("读数值")
    viewer.page.mouse.click(*viewer.at(64.5, 64.5))
    seen = float(viewer.said()[0])
    viewer.page.keyboard.press("Escape")
    viewer.choose("窗位", "更鲜明")
    assert seen in values  # of the modality table, not as stored
    width = float(re.findall(r"窗宽 (\d+)", viewer.corner("sw").inner_text())[0])
    assert width == pytest.approx(0.6 * len(phantom.VOI_TABLE), rel=0.01)


def test_sharpen_and_smooth_change_edges_alone(ct: Viewer) -> None:
    ct.page.keyboard.press("1")
    plain = ct.pixels().astype(int)
    flat, edge = (slice(40, 56), slice(60, 84)), (slice(30, 34), slice(60, 84))
    for name in ("锐化", "平滑"):
        ct.choose("更多", name)
        changed = ct.pixels().astype(int)
        assert (changed[flat] == plain[flat]).all()
        assert (changed[edge] != plain[edge]).any()
        ct.choose("更多", name)


def test_a_picture_is_seen_as_a_doctor_left_it_and_without(open_viewer: OpenViewer) -> None:
    viewer = open_viewer().open(phantom.uid("left")).shown()
    note = viewer.pane().locator(".notes text")
    expect(note.locator("tspan")).to_have_text(["小结节", "建议复查"])
    expect(viewer.corner("sw")).to_contain_text("医生标注 READ")
    expect(viewer.corner("sw")).to_contain_text("窗宽 1200 窗位 100")
    stage = viewer.pane().locator(".stage").bounding_box()
    assert stage is not None
    drawn = [float(each) for each in re.findall(r"[\d.]+", viewer.pane().locator(".notes .line").get_attribute("d") or "")]
    expected = [
        at - edge for x, y in phantom.LEFT_LINE for at, edge in zip(viewer.at(y, x), (stage["x"], stage["y"]), strict=True)
    ]
    assert drawn == pytest.approx(expected, abs=0.2)  # turned by 90 degrees and mirrored, columns have become rows
    viewer.page.keyboard.press("1")
    top, bottom, left, right = phantom.LEFT_OVERLAY
    greys = windowed(4, *phantom.LEFT_WINDOW)
    greys[top:bottom, left:right] = 0x6F  # red of the overlay's colour
    until_seen(viewer, greys.T)
    expect(viewer.pane().locator(".notes .shutter")).to_have_count(1)
    viewer.choose("更多", "医生标注")
    expect(note).to_have_count(0)
    expect(viewer.corner("sw")).to_contain_text("窗宽 400 窗位 40")
    viewer.shown().page.keyboard.press("1")
    until_seen(viewer, windowed(4, *phantom.WINDOW))


def test_greys_and_colours_that_a_doctor_set_are_seen_and_what_cannot_be_is_said(open_viewer: OpenViewer) -> None:
    viewer = open_viewer().open(phantom.uid("toned")).shown()
    expect(viewer.corner("sw")).to_contain_text("医生标注 TONED")
    viewer.page.keyboard.press("1")
    entries = phantom.TONE_TABLE[np.clip(phantom.ct_values(4) - phantom.TONE_FIRST, 0, len(phantom.TONE_TABLE) - 1)]
    until_seen(viewer, entries.astype(np.float64) * (255 / 1023))
    expect(viewer.corner("sw")).not_to_contain_text("与医生设定的不同")
    viewer.choose("窗位", "骨窗")  # whoever chooses a window sees by that
    until_seen(viewer, windowed(4, 400, 1800))
    viewer.open(phantom.uid("tinted")).shown()
    expect(viewer.corner("sw")).to_contain_text("医生标注 TINTED")
    viewer.page.keyboard.press("1")
    until_seen(viewer, phantom.RED[np.round(windowed(4, *phantom.WINDOW)).astype(int)].astype(np.float64))
    expect(viewer.corner("sw")).to_contain_text("灰度和颜色与医生设定的不同")
