from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import DESKTOP, LOOK_MS, PHONE, OpenPage, ink, show, wait_for_ink

RENDERED = "**/rendered?*"


def test_long_stack_opens_in_its_middle_with_its_values(ct: Page) -> None:
    expect(ct.locator(".ne")).to_have_text("13 / 24")
    expect(ct.locator(".sw")).to_have_text("窗宽 400  窗位 40", use_inner_text=True)
    expect(ct.locator(".se")).to_have_text("放大 1.0 倍")
    expect(ct.get_by_text("仅供浏览参考，不作诊断依据")).to_be_visible()
    wait_for_ink(ct, above=10)


def test_picture_is_asked_for_in_device_pixels(open_page: OpenPage) -> None:
    page = open_page()
    with page.expect_request(RENDERED) as asked:
        show(page, "胸部CT增强（模体）")
    width, height = asked.value.url.split("viewport=")[1].split("&")[0].split(",")
    canvas = page.locator("canvas").bounding_box()
    assert canvas is not None
    assert canvas["width"] <= int(width) <= canvas["width"] + 16
    assert canvas["height"] <= int(height) <= canvas["height"] + 16


def test_keys_wheel_slider_buttons_and_finger_move_through_the_stack(ct: Page) -> None:
    number = ct.locator(".ne")
    ct.keyboard.press("ArrowDown")
    expect(number).to_have_text("14 / 24")
    ct.keyboard.press("End")
    expect(number).to_have_text("24 / 24")
    ct.locator("canvas").hover()
    ct.mouse.wheel(0, -400)
    expect(number).not_to_have_text("24 / 24")
    ct.get_by_role("slider").fill("3")
    expect(number).to_have_text("3 / 24")
    ct.get_by_role("button", name="上一幅").click()
    expect(number).to_have_text("2 / 24")
    _drag(ct, 0, 120)
    expect(number).not_to_have_text("2 / 24")


def test_preset_changes_picture_and_values(ct: Page) -> None:
    before = ink(ct)
    ct.get_by_role("button", name="窗位").click()
    ct.get_by_role("menuitemradio", name="肺窗").click()
    expect(ct.locator(".sw")).to_have_text("窗宽 1500  窗位 -600", use_inner_text=True)
    wait_for_ink(ct, above=before + 20)
    ct.get_by_role("button", name="窗位").click()
    expect(ct.get_by_role("menuitemradio", name="肺窗")).to_have_attribute("aria-checked", "true")
    expect(ct.get_by_role("menuitemradio")).to_contain_text(["纵隔窗", "肺窗", "骨窗", "脑窗"])


def test_dragging_in_contrast_mode_moves_the_window_and_reset_brings_it_back(ct: Page) -> None:
    ct.get_by_role("button", name="明暗").click()
    _drag(ct, 64, 0)
    expect(ct.locator(".sw")).to_have_text(re.compile(r"窗宽 (49|5[01])\d  窗位 40"))
    expect(ct.locator(".ne")).to_have_text("13 / 24")
    ct.keyboard.press("0")
    expect(ct.locator(".sw")).to_have_text("窗宽 400  窗位 40", use_inner_text=True)


def test_zoom_asks_no_more_than_the_image_has_and_moves_the_picture(ct: Page) -> None:
    ct.keyboard.press("+")
    expect(ct.locator(".se")).to_have_text("放大 1.4 倍")
    _drag(ct, 40, 40)
    expect(ct.locator(".ne")).to_have_text("13 / 24")
    ct.locator("canvas").dblclick()
    expect(ct.locator(".se")).to_have_text("放大 1.0 倍")


def test_inverted_picture_stays_inverted_until_reset(ct: Page) -> None:
    ct.get_by_role("button", name="更多").click()
    ct.get_by_role("menuitem", name="黑白反转").click()
    expect(ct.locator("canvas")).to_have_css("filter", "invert(1)")
    ct.keyboard.press("0")
    expect(ct.locator("canvas")).to_have_css("filter", "none")


def test_name_stays_masked_while_pictures_are_shown(ct: Page) -> None:
    assert "模体测试" not in ct.locator("#viewer").inner_html()
    ct.locator(".bar .name").click()
    expect(ct.locator(".bar .name")).to_have_text("模体测试")


def test_cine_plays_and_stops_at_a_touch(studies: Page) -> None:
    page = show(studies, "超声检查")
    expect(page.locator(".ne")).to_have_text("1 / 30")
    expect(page.get_by_role("button", name="明暗")).to_be_disabled()  # colour has no window
    page.get_by_role("button", name="播放").click()
    expect(page.locator(".ne")).to_have_text(re.compile(r"^([4-9]|[12]\d) / 30$"))
    page.get_by_role("button", name="暂停").click()
    expect(page.get_by_role("button", name="播放")).to_be_visible()
    stopped = int(page.locator(".ne").inner_text().split()[0])
    page.wait_for_timeout(800)  # of many pictures
    assert (int(page.locator(".ne").inner_text().split()[0]) - stopped) % 30 <= 1, "but for the one that was on its way"


def test_object_without_picture_is_offered_as_a_file(studies: Page, tmp_path: Path) -> None:
    page = show(studies, "ECG")
    expect(page.get_by_text("这类影像暂时不能在线查看，可以下载原始文件。")).to_be_visible()
    with page.expect_download() as given:
        page.get_by_role("link", name="下载原始文件").click()
    given.value.save_as(tmp_path / "ecg.dcm")
    assert (tmp_path / "ecg.dcm").read_bytes()[128:132] == b"DICM"


def test_picture_on_show_can_be_downloaded(ct: Page, tmp_path: Path) -> None:
    ct.get_by_role("button", name="更多").click()
    with ct.expect_download() as given:
        ct.get_by_role("menuitem", name="下载这幅的原始文件").click()
    given.value.save_as(tmp_path / "ct.dcm")
    assert (tmp_path / "ct.dcm").stat().st_size > 512 * 512 * 2


def test_answer_that_comes_late_never_covers_a_newer_one(ct: Page) -> None:
    slow: list[Route] = []

    def hold(route: Route) -> None:
        if slow:
            route.continue_()
        else:
            slow.append(route)

    ct.wait_for_load_state("networkidle")
    ct.route(RENDERED, hold)
    ct.keyboard.press("Home")
    while not slow:
        ct.wait_for_timeout(LOOK_MS)
    ct.keyboard.press("PageDown")
    expect(ct.locator(".ne")).to_have_text("11 / 24")
    slow[0].continue_()
    ct.wait_for_timeout(500)
    expect(ct.locator(".ne")).to_have_text("11 / 24")


def test_lost_network_is_said_and_mended(ct: Page) -> None:
    ct.wait_for_load_state("networkidle")
    ct.context.set_offline(True)
    ct.keyboard.press("End")
    expect(ct.get_by_role("alert")).to_contain_text("网络不太好，正在重试。已看过的内容仍可查看。")
    expect(ct.locator(".ne")).to_have_text("13 / 24")  # the picture that is seen keeps its own number
    ct.context.set_offline(False)
    expect(ct.locator(".ne")).to_have_text("24 / 24")
    expect(ct.get_by_role("alert")).to_have_count(0)


def test_session_that_ends_leads_to_signing_in(ct: Page) -> None:
    ct.context.clear_cookies()
    ct.keyboard.press("End")
    expect(ct.get_by_role("heading", name="请先登录")).to_be_visible()


def test_study_that_is_not_there_has_its_own_words(studies: Page) -> None:
    studies.goto("/browser/#/study/1.2.3.4")
    expect(studies.get_by_role("heading", name="没有找到这项检查。")).to_be_visible()
    studies.get_by_role("button", name="返回检查列表").click()
    expect(studies.locator(".study:not(.skeleton)")).to_have_count(4)


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_page_fits_and_all_can_be_touched(open_page: OpenPage, size: dict[str, int]) -> None:
    page = show(open_page(size), "胸部CT增强（模体）")
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert page.evaluate("document.documentElement.scrollHeight") <= size["height"]
    smallest = page.evaluate(
        """() => Math.min(...[...document.querySelectorAll("#viewer button")].filter((each) => each.offsetParent)
            .map((each) => Math.min(each.offsetWidth, each.offsetHeight)))"""
    )
    assert smallest >= 44


def _drag(page: Page, dx: int, dy: int) -> None:
    box = page.locator("canvas").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 3
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx, y + dy, steps=16)
    page.mouse.up()
