"""Going through pictures by hand, mouse and keys, and several of them at once."""

from __future__ import annotations

import time

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.viewer import phantom
from tests.viewer.conftest import NEXT_FRAME, PHONE, OpenViewer, Viewer
from tests.viewer.seeing import package_study


def test_keys_wheel_slider_buttons_and_dragging_move_through_the_stack(ct: Viewer) -> None:
    count = ct.corner("ne").locator(".count")
    expect(count).to_have_text("4 / 12")
    ct.page.keyboard.press("ArrowDown")
    expect(count).to_have_text("5 / 12")
    ct.page.keyboard.press("End")
    expect(count).to_have_text("12 / 12")
    ct.page.mouse.move(*ct.at(64, 64))
    ct.page.mouse.wheel(0, -80)
    expect(count).to_have_text("10 / 12")
    ct.page.get_by_role("button", name="上一幅").click()
    expect(count).to_have_text("9 / 12")
    ct.page.get_by_role("slider").fill("2")
    expect(count).to_have_text("2 / 12")
    ct.page.get_by_role("button", name="翻看").click()
    ct.drag(ct.at(64, 60), ct.at(64, 80))
    expect(count).not_to_have_text("2 / 12")


def test_mouse_zooms_and_moves_and_picture_stays_at_full_fidelity(ct: Viewer) -> None:
    middle = ct.at(64, 64)
    ct.drag(middle, (middle[0], middle[1] - 60), button="right")
    expect(ct.corner("se")).to_contain_text("1.5 倍")
    ct.drag(middle, (middle[0] + 40, middle[1]), button="middle")
    ct.shown()
    ct.page.mouse.dblclick(*middle)
    expect(ct.corner("se")).to_contain_text("1.0 倍")


def test_fingers_scroll_pinch_and_double_tap_on_a_phone(open_viewer: OpenViewer) -> None:
    viewer = open_viewer(PHONE).open(phantom.uid("ct"), series=phantom.uid("ct axial")).shown()
    touch = viewer.page.context.new_cdp_session(viewer.page)
    count = viewer.corner("ne").locator(".count")
    expect(count).to_have_text("1 / 12")

    def fingers(kind: str, *points: tuple[float, float], at: float | None = None) -> None:
        when = {} if at is None else {"timestamp": at}
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points], **when})

    fingers("touchStart", (190, 300))
    for y in (320, 350, 380, 400):
        fingers("touchMove", (190, y))
    fingers("touchEnd")
    expect(count).not_to_have_text("1 / 12")
    fingers("touchStart", (170, 300), (220, 300))
    fingers("touchMove", (145, 300), (245, 300))
    fingers("touchMove", (120, 300), (270, 300))
    fingers("touchEnd")
    expect(viewer.corner("se")).not_to_contain_text("1.0 倍")
    begun = time.time()
    for tap in (0.0, 0.1):  # a double tap however busy the machine is
        fingers("touchStart", (190, 300), at=begun + tap)
        fingers("touchEnd", at=begun + tap + 0.02)
    expect(viewer.corner("se")).to_contain_text("1.0 倍")


def test_what_fingers_do_can_be_done_by_buttons(open_viewer: OpenViewer) -> None:
    viewer = open_viewer(PHONE).open(phantom.uid("ct"), series=phantom.uid("ct axial")).shown()
    viewer.page.get_by_role("button", name="调窗").click()
    viewer.page.get_by_role("button", name="更亮").click()
    expect(viewer.corner("sw")).to_contain_text("窗宽 400 窗位 3")  # 40, less a tenth of a drag
    viewer.page.get_by_role("button", name="对比强").click()
    expect(viewer.corner("sw")).to_contain_text("窗宽 363")
    viewer.choose("更多", "缩放")
    viewer.page.get_by_role("button", name="放大").click()
    expect(viewer.corner("se")).to_contain_text("1.4 倍")
    viewer.choose("更多", "移动")
    before = viewer.pixels()
    viewer.page.get_by_role("button", name="向左").click()
    assert (viewer.pixels() != before).any()


def test_what_a_mouse_does_can_be_done_by_keys_and_is_explained(ct: Viewer) -> None:
    sheet = ct.page.locator(".sheet")
    ct.page.keyboard.press("?")
    expect(sheet.locator("tbody tr")).to_have_count(21)
    ct.page.keyboard.press("Escape")
    for key, title in {"m": "测量", "w": "窗位", "g": "布局"}.items():
        ct.page.keyboard.press(key)
        expect(sheet.locator("h2")).to_have_text(title)
        ct.page.keyboard.press("Escape")
        expect(sheet).to_have_count(0)
    ct.page.keyboard.press("]")
    expect(ct.corner("sw")).to_contain_text("窗宽 438")  # 400, and an eleventh of it
    ct.page.keyboard.press(".")
    expect(ct.corner("sw")).to_contain_text("窗位 -1")
    before = ct.pixels()
    ct.page.keyboard.press("Shift+ArrowRight")
    assert (ct.pixels() != before).any()
    ct.page.keyboard.press("f")
    assert (ct.pixels() == before).all()


def test_cine_plays_and_stops(open_viewer: OpenViewer) -> None:
    viewer = open_viewer().open(package_study("examples_ybr_color.dcm")).shown()
    count = viewer.corner("ne").locator(".count")
    expect(count).to_have_text("1 / 30")
    viewer.page.get_by_role("button", name="播放").click()
    expect(count).not_to_have_text("1 / 30")
    viewer.page.get_by_role("button", name="暂停").click()
    expect(viewer.page.get_by_role("button", name="播放")).to_be_visible()


def test_key_images_of_the_hospital_are_starred_and_can_be_seen_alone(open_viewer: OpenViewer) -> None:
    viewer = open_viewer().open(phantom.uid("ct"), instance=phantom.uid("ct slice 3"), series=phantom.uid("ct axial")).shown()
    expect(viewer.corner("ne")).to_contain_text("★")
    viewer.choose("更多", "只看关键影像")
    expect(viewer.corner("ne").locator(".count")).to_have_text("1 / 1")


def test_two_exams_are_scrolled_together(open_viewer: OpenViewer) -> None:
    viewer = open_viewer().open(phantom.uid("ct"), series=phantom.uid("ct axial"), compare=phantom.uid("earlier"))
    viewer.shown().shown(pane=1)
    viewer.page.keyboard.press("ArrowDown")
    viewer.page.keyboard.press("ArrowDown")
    expect(viewer.corner("ne").locator(".count")).to_have_text("3 / 12")
    expect(viewer.corner("ne", 1).locator(".count")).to_have_text("3 / 4")
    expect(viewer.corner("nw", 1)).to_contain_text("2025-03-01")


def test_reference_line_lies_where_the_planes_cross(ct: Viewer) -> None:
    ct.choose("布局", "左右两幅")
    ct.shown(pane=1)
    expect(ct.corner("nw", 1)).to_contain_text("coronal")
    line = ct.pane(1).locator(".lines line")
    expect(line).to_have_count(1)
    box = ct.pane(1).locator(".stage").bounding_box()
    assert box is not None
    scale = min(box["width"], box["height"]) / phantom.SIDE
    depth = 3 * phantom.SLICE_MM / phantom.SPACING_MM + 0.5  # slice 4 in rows of the coronal plane
    expected = box["height"] / 2 + (depth - phantom.SIDE / 2) * scale
    ct.page.evaluate(NEXT_FRAME)
    assert float(line.get_attribute("y1") or "nan") == pytest.approx(expected, abs=1)
    assert float(line.get_attribute("y2") or "nan") == pytest.approx(expected, abs=1)
    ct.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    ct.page.keyboard.down("Control")
    ct.page.mouse.wheel(0, -100)  # enlarges e to the power of a half
    ct.page.keyboard.up("Control")
    expect(ct.corner("se", 1)).to_contain_text("1.6 倍")
    ct.page.evaluate(NEXT_FRAME)
    enlarged = box["height"] / 2 + (depth - phantom.SIDE / 2) * scale * np.exp(0.5)
    assert float(line.get_attribute("y1") or "nan") == pytest.approx(enlarged, abs=1)
