from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, OpenPage

LEAST_TOUCH_PIXELS = 44
CT = "胸部CT增强（模体）"
MR = "abdomen liver"
SEARCHES = {
    "磁共振": [MR],
    "us": ["超声检查"],
    "2026年1月": [CT],
    "2026-01-05": [CT],
    "模体": [CT],
    "CT20260105001": [CT],
    "abdomen": [MR],
}


def test_card_says_what_when_and_how_many(studies: Page) -> None:
    card = studies.locator(".study", has_text=CT)
    expect(card).to_contain_text("2026年1月5日 上午9:30")
    expect(card).to_contain_text("CT")
    expect(card).to_contain_text("1 个序列 · 共 24 幅")
    expect(studies.locator(".kind")).to_contain_text(["CT", "超声", "心电图", "磁共振"])


def test_name_is_masked_until_tapped_and_masked_again(studies: Page) -> None:
    assert "模体测试" not in studies.content()
    name = studies.locator(".study", has_text=CT).locator(".name")
    expect(name).to_have_text("模**")
    name.click()
    expect(name).to_have_text("模体测试")
    name.click()
    expect(name).to_have_text("模**")


def test_search_understands_kinds_dates_names_and_numbers(studies: Page) -> None:
    for words, titles in SEARCHES.items():
        studies.get_by_role("searchbox").fill(words)
        expect(studies.locator(".study:not(.skeleton) h2")).to_have_text(titles)
        expect(studies.locator(".said")).to_have_text(f"找到 {len(titles)} 项检查")
        studies.get_by_role("button", name="清除").click()


def test_nothing_found_says_so_and_clearing_brings_all_back(studies: Page) -> None:
    studies.get_by_role("searchbox").fill("没有这个人")
    expect(studies.get_by_role("heading", name="没有符合条件的检查。")).to_be_visible()
    studies.get_by_role("button", name="清除").click()
    expect(studies.locator(".study:not(.skeleton)")).to_have_count(4)


def test_english_browser_reads_english(open_page: OpenPage) -> None:
    page = open_page(locale="en-GB")
    card = page.locator(".study", has_text=CT)
    expect(card).to_contain_text("5 January 2026 9:30 am")
    expect(card).to_contain_text("1 series · 24 pictures")
    assert page.evaluate("document.documentElement.lang") == "en"


def test_object_without_picture_shows_its_kind_instead(studies: Page) -> None:
    card = studies.locator(".study", has_text="ECG")
    expect(card.locator(".thumb")).to_have_text("心电图")
    expect(card).to_contain_text("共 1 个文件")


def test_server_that_does_not_answer_is_asked_again(open_page: OpenPage) -> None:
    page = open_page()
    page.locator(".study:not(.skeleton)").first.wait_for()
    page.route("**/dicom-web/**", lambda route: route.fulfill(status=503))
    page.get_by_role("searchbox").fill("CT")
    expect(page.get_by_text("网络不太好，正在重试。")).to_be_visible()
    page.unroute("**/dicom-web/**")
    page.get_by_role("button", name="重试").click()
    expect(page.locator(".said")).to_have_text("找到 1 项检查")


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_nothing_overflows_or_jumps_and_all_can_be_touched(open_page: OpenPage, size: dict[str, int]) -> None:
    page = open_page(size)
    page.locator(".study .thumb img").nth(2).wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert _shift(page) < 0.1  # "good" as web.dev defines Cumulative Layout Shift
    assert _smallest_button(page) >= LEAST_TOUCH_PIXELS


def test_large_type_is_remembered_and_fits(studies: Page) -> None:
    studies.get_by_role("button", name="大字").click()
    studies.reload()
    studies.locator(".study:not(.skeleton)").first.wait_for()
    assert studies.evaluate("getComputedStyle(document.documentElement).fontSize") == "22px"
    assert studies.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert _smallest_button(studies) >= 56


def _shift(page: Page) -> float:
    return float(
        page.evaluate(
            """() => new Promise((told) => {
                const sum = (list) => told(list.getEntries().reduce((all, entry) => all + entry.value, 0));
                new PerformanceObserver(sum).observe({ type: "layout-shift", buffered: true });
                setTimeout(() => told(0), 300);
            })"""
        )
    )


def _smallest_button(page: Page) -> float:
    return float(
        page.evaluate(
            """() => Math.min(...[...document.querySelectorAll("button")].filter((each) => each.offsetParent)
                .map((each) => Math.min(each.offsetWidth, each.offsetHeight)))"""
        )
    )
