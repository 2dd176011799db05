"""The phone's own back: a step back in sharing, then what lies open on a page, and the page itself last."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.phone.conftest import CT
from tests.phone.pages import go, on, open_exam, open_film


def step(page: Page, title: str) -> Page:
    """That step of sharing stands there."""
    page.get_by_role("heading", name=title).wait_for()
    return page


def preview(exams: Page) -> Page:
    """At the last step of sharing the CT for an hour, with the list behind."""
    go(exams, "share").get_by_role("button", name="给其他人看").click()
    on(step(exams, "分享哪些内容？"))
    step(exams, "怎样打开？").get_by_role("button", name="1 小时").click()
    return step(on(exams), "对方会看到这些")


def test_back_walks_through_the_steps_of_sharing_and_keeps_what_was_chosen(exams: Page) -> None:
    page = preview(exams)
    page.go_back()
    step(page, "怎样打开？")
    expect(page.get_by_role("button", name="1 小时")).to_have_attribute("aria-pressed", "true")
    page.go_back()
    step(page, "分享哪些内容？")
    expect(page.get_by_role("checkbox", name=CT)).to_be_checked()
    page.get_by_role("button", name="上一步").click()
    step(page, "分享给谁看？")
    page.go_back()
    expect(page.locator(".exam-card").first).to_be_visible()


def test_once_the_code_is_made_or_the_page_is_loaded_anew_back_leaves_sharing(exams: Page) -> None:
    page = preview(exams)
    page.reload()
    step(page, "分享给谁看？")
    page.wait_for_function("!history.state?.step")
    page.get_by_role("button", name="给医生看").click()
    on(on(step(page, "分享哪些内容？"))).get_by_role("button", name="生成二维码").click()
    page.get_by_role("img", name="分享二维码").wait_for()
    page.wait_for_function("!history.state?.step")
    page.go_back()
    expect(page.locator(".exam-card").first).to_be_visible()


def test_back_shuts_the_filter_and_an_open_share_before_it_leaves(exams: Page) -> None:
    page = exams
    page.get_by_role("button", name="筛选").click()
    page.get_by_role("button", name="按部位").wait_for()
    page.go_back()
    expect(page.get_by_role("button", name="按部位")).to_have_count(0)
    exam = open_exam(page).url.partition("id=")[2].partition("&")[0]
    made = page.request.post("/api/v1/shares", data={"exams": [exam]}, headers={"Origin": page.url.partition("/#")[0]})
    assert made.status == 201, made.text()
    page.goto("/#/shares")
    page.get_by_role("button", name="查看这份分享").first.click()
    page.get_by_role("img", name="分享二维码").wait_for()
    page.go_back()
    expect(page.get_by_role("heading", name="我的分享")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name=CT)).to_be_visible()


@pytest.mark.usefixtures("film")
def test_back_shuts_the_cells_of_a_film_and_then_the_film(exams: Page) -> None:
    page = open_film(exams)
    page.get_by_role("button", name="逐格看").click()
    page.get_by_role("button", name="打开第 1 格").wait_for()
    page.go_back()
    expect(page.get_by_role("button", name=re.compile("^打开第 "))).to_have_count(0)
    expect(page.get_by_role("button", name="逐格看")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name=CT)).to_be_visible()
