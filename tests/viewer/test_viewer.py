from __future__ import annotations

import re
import time
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Route, expect
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut, apply_windowing

from tests.archive.samples import package, read
from tests.viewer import kinds, phantom
from tests.viewer.conftest import PHONE, OpenViewer, Site, Viewer

pytestmark = pytest.mark.timeout(240)  # the first test also starts the server and the browser
AXE = Path(__file__).resolve().parents[2] / "miniprogram" / "node_modules" / "axe-core" / "axe.min.js"
SCRIPT_MAX_BYTES = 60_000  # compressed, of all that runs before the first picture
PICTURE = ".pane:is([data-quality=full], [data-quality=light]):not(.waiting):has(> .over[hidden])"
WORDS = ".pane > .over:is(:has(.document), :has(.ecg svg), :has(.notice))"
LENGTH_MM = 0.35  # a pointer stands on whole pixels of the screen
ANGLE_DEGREES = 1.0


# -- pixels --------------------------------------------------------------------------


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


# -- measuring -----------------------------------------------------------------------


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


# -- looking through -----------------------------------------------------------------


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
    assert float(line.get_attribute("y1") or "nan") == pytest.approx(expected, abs=1)
    assert float(line.get_attribute("y2") or "nan") == pytest.approx(expected, abs=1)


# -- what is no picture ----------------------------------------------------------------


def test_documents_are_shown_as_what_they_are(open_viewer: OpenViewer, site: Site) -> None:
    viewer = open_viewer().open(package_study("waveform_ecg.dcm"))
    leads = viewer.page.locator(".ecg svg path[stroke='#1b2328']")
    expect(leads).to_have_count(12)
    expect(viewer.page.locator(".ecg")).to_contain_text("12 导联")
    heights = [float(each) for each in re.findall(r"[ML][\d.]+ ([-\d.]+)", leads.nth(1).get_attribute("d") or "")]
    assert max(heights) - min(heights) == pytest.approx(np.ptp(ecg_millivolts()[:, 1]) * 10, rel=0.02)  # 10 mm a millivolt
    viewer.open(package_study("test-SR.dcm"))
    expect(viewer.page.locator(".document")).to_contain_text("was detected.")
    assert serious(viewer) == []
    viewer.open(phantom.uid("pdf"))
    link = viewer.page.get_by_role("link", name="打开文档 (PDF)")
    answer = viewer.page.context.request.get(site.url + (link.get_attribute("href") or ""))
    assert answer.headers["content-type"] == "application/pdf" and answer.body().startswith(b"%PDF-1.4")
    viewer.open(phantom.uid("raw"))
    expect(viewer.page.get_by_text("这类影像暂时不能在线查看，可以下载原始文件。")).to_be_visible()
    expect(viewer.page.get_by_role("link", name="下载原始文件")).to_be_visible()


def test_every_kind_is_shown_or_named(open_viewer: OpenViewer, site: Site) -> None:
    viewer = open_viewer()
    samples = kinds.stored(site.url, site.token)
    for sample in samples:
        viewer.page.goto("about:blank")
        viewer.open(sample.study, series=sample.series)
        wanted = viewer.page.locator(PICTURE if sample.is_picture else WORDS)
        expect(wanted, f"{sample.kind}: {sample.path.name}").to_have_count(1)
        said = viewer.pane().locator(".over").text_content() or ""
        assert not re.search("出了点问题|没有找到|没有读到", said), f"{sample.kind}: {sample.path.name}: {said}"
    assert sum(sample.is_picture for sample in samples) >= 5
    assert len(samples) >= 9


# -- privacy, network, old devices -------------------------------------------------------


def test_names_stay_masked_until_they_are_asked_for(ct: Viewer) -> None:
    assert "尺模" not in ct.page.content()
    ct.page.get_by_role("button", name="显示姓名").click()
    expect(ct.corner("nw")).to_contain_text("尺模")
    ct.page.get_by_role("button", name="隐藏姓名").click()
    expect(ct.corner("nw")).not_to_contain_text("尺模")


def test_what_is_not_there_and_who_is_not_signed_in_get_kind_words(open_viewer: OpenViewer) -> None:
    open_viewer().open("1.2.3.4.5.6").page.get_by_text("没有找到这项检查。").wait_for()
    open_viewer(signed_in=False).open(phantom.uid("ct")).page.get_by_text("登录已过期").wait_for()
    open_viewer().open("").page.get_by_text("没有指明要看哪项检查。").wait_for()


def test_bad_network_is_said_and_tried_again(open_viewer: OpenViewer) -> None:
    viewer = open_viewer()
    cut = {"yes": True}

    def maybe(route: Route) -> None:
        if cut["yes"]:
            route.abort("connectionreset")
        else:
            route.continue_()

    viewer.page.route("**/frames/**", maybe)
    viewer.open(phantom.uid("ct"), series=phantom.uid("ct axial")).shown("light")
    expect(viewer.page.get_by_text("网络不太好，正在重试。已看过的内容仍可查看。")).to_be_visible()
    cut["yes"] = False
    viewer.shown()
    expect(viewer.page.get_by_text("网络不太好")).to_be_hidden()


def test_every_slice_of_a_stack_is_seen_small_before_it_has_come(open_viewer: OpenViewer) -> None:
    viewer = open_viewer()
    first = f"/instances/{phantom.uid('ct slice 1')}/"

    def only_first(route: Route) -> None:  # of every other slice nothing ever comes
        if first in route.request.url:
            route.continue_()

    viewer.page.route("**/instances/**", only_first)
    viewer.open(phantom.uid("ct"), series=phantom.uid("ct axial")).shown()
    viewer.page.keyboard.press("End")
    viewer.shown("small")
    expect(viewer.corner("ne").locator(".count")).to_have_text("12 / 12")
    assert viewer.pixels().max() > 200
    viewer.page.unroute("**/instances/**", only_first)


@pytest.mark.parametrize(("instance", "asked"), [("ct slice 4", "512,512"), (None, "128,128")])
def test_nothing_is_asked_for_much_larger_than_it_is(open_viewer: OpenViewer, instance: str | None, asked: str) -> None:
    named = {"instance": phantom.uid(instance)} if instance else {}  # the first look, when its size is not known yet
    viewer = open_viewer().open(phantom.uid("ct"), series=phantom.uid("ct axial"), **named).shown()
    drawn = [each for each in viewer.requests if "/rendered?" in each and "/instances/" in each]
    assert [each.partition("?")[2] for each in drawn] == [f"viewport={asked}"]


def test_saving_data_shows_the_servers_pictures_and_asks_for_no_frame(open_viewer: OpenViewer) -> None:
    viewer = open_viewer(PHONE)
    viewer.page.add_init_script("localStorage.setItem('cloudfilm-viewer-saver', 'on')")
    viewer.open(phantom.uid("ct"), series=phantom.uid("ct axial")).shown("light")
    expect(viewer.corner("se")).to_contain_text("省流量画质")
    viewer.choose("窗位", "骨窗")
    expect(viewer.corner("sw")).to_contain_text("窗宽 1800")
    assert any("window=400,1800" in each for each in viewer.requests)
    viewer.page.get_by_role("button", name="下一幅").click()
    expect(viewer.corner("ne").locator(".count")).to_have_text("2 / 12")
    assert not [each for each in viewer.requests if "/frames/" in each or each.endswith(".wasm")]
    viewer.choose("更多", "省流量")
    viewer.shown()


def test_without_webgl_and_webassembly_everything_is_still_seen_and_measured(
    open_viewer: OpenViewer, old_chromium: Browser
) -> None:
    viewer = open_viewer(browser=old_chromium).open(phantom.uid("ct"), series=phantom.uid("ct axial")).shown("light")
    assert viewer.page.evaluate("typeof WebAssembly") == "undefined"
    viewer.tool("长度")
    viewer.drag(viewer.at(16, 64), viewer.at(112, 64))
    assert viewer.number() == pytest.approx(96 * phantom.SPACING_MM, abs=LENGTH_MM)
    viewer.tool("读数值")
    viewer.page.mouse.click(*viewer.at(60, 40))
    expect(viewer.page.locator(".mark").last).to_have_text("1000 HU")  # the server unpacks that one frame
    assert not [each for each in viewer.requests if each.endswith(".wasm")]


def test_first_picture_needs_little_script_and_nothing_stands_in_addresses(ct: Viewer, site: Site) -> None:
    scripts = [each for each in ct.requests if each.endswith(".js") and "decoder" not in each]
    packed = [ct.page.context.request.get(each, headers={"Accept-Encoding": "br"}) for each in scripts]
    assert all(each.headers["cache-control"] == "public, max-age=31536000, immutable" for each in packed)
    loaded = 'performance.getEntriesByType("resource").filter((each) => /js$/.test(each.name))'
    assert 10_000 < sum(ct.page.evaluate(f"{loaded}.map((each) => each.encodedBodySize)")) < SCRIPT_MAX_BYTES
    assert not [each for each in ct.requests if site.token in each]
    assert [each for each in ct.requests if "/viewer/" in each and "?" in each] == []


def test_axe_finds_nothing_serious_while_measuring_on_a_desktop(ct: Viewer) -> None:
    ct.tool("长度")
    ct.page.get_by_role("button", name="放在中间").click()
    assert serious(ct) == []


def test_buttons_on_a_phone_are_as_large_as_a_thumb_and_axe_finds_nothing_serious(open_viewer: OpenViewer) -> None:
    viewer = open_viewer(PHONE).open(phantom.uid("ct"), series=phantom.uid("ct axial")).shown()
    viewer.page.get_by_role("button", name="更多", exact=True).click()
    small = viewer.page.evaluate(
        """() => [...document.querySelectorAll("button, a, input")]
            .map((each) => ({ name: each.textContent || each.ariaLabel, box: each.getBoundingClientRect() }))
            .filter(({ box }) => box.width > 0 && (box.width < 44 || box.height < 44)).map(({ name }) => name)"""
    )
    assert small == []
    assert serious(viewer) == []


# -- parts -----------------------------------------------------------------------------


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


def until_seen(viewer: Viewer, expected: NDArray[np.float64]) -> None:
    """Return once the canvas shows that; an overlay comes after its picture."""
    for _ in range(400):
        if off(viewer.pixels(), expected) <= 1:
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
