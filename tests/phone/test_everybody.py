"""Every page with axe-core, at the usual type and the largest: nothing is cut, nothing too small to touch."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page

from tests.parts.installation import Installation
from tests.phone.conftest import (
    ULTRASOUND,
    OpenPhone,
    small_targets,
)
from tests.phone.pages import PAGES, go, look, open_exam


@pytest.mark.usefixtures("film")
@pytest.mark.parametrize("elder", [False, True])
def test_login_list_exam_and_film_are_clean_for_everybody_and_nothing_is_cut(open_phone: OpenPhone, elder: bool) -> None:
    page = open_phone("/#/login", elder=elder)
    look(page, elder)
    page.get_by_role("button", name="阅读隐私政策").click()
    page.get_by_role("heading", name="收集什么，为什么").wait_for()
    look(page, elder)
    page = open_phone(elder=elder)
    page.locator(".exam-card").first.wait_for()
    page.get_by_role("button", name="筛选").click()
    page.get_by_role("button", name="按部位").wait_for()
    look(page, elder)
    page.get_by_role("button", name="收起").click()
    open_exam(page)
    page.get_by_text("第 4 次，共 10 次").wait_for()
    look(page, elder)
    page.get_by_role("button", name="胶片").click()
    page.get_by_role("button", name="逐格看").click()
    look(page, elder)


@pytest.mark.parametrize("elder", [False, True])
def test_pages_are_clean_for_everybody_and_nothing_is_cut(open_phone: OpenPhone, elder: bool) -> None:
    page = open_phone(elder=elder)
    for name in PAGES:
        go(page, name)
        look(page, elder, name)
    if not elder:
        return  # the steps of sharing once, where the type is largest
    go(page, "share", ULTRASOUND).get_by_role("button", name="给其他人看").click()
    for step in ("分享哪些内容？", "怎样打开？", "对方会看到这些"):
        page.get_by_role("heading", name=step).wait_for()
        if step != "怎样打开？":  # it has nothing that the others have not
            look(page, elder, step)
        page.get_by_role("button", name=re.compile("^(下一步|生成二维码)$")).click()
    page.get_by_role("img", name="分享二维码").wait_for()
    look(page, elder, "the finished share")


def test_recipients_pages_are_clean_for_everybody(exams: Page, open_phone: OpenPhone, site: Installation) -> None:
    answer = exams.request.get("/api/v1/exams?limit=50").json()
    exam = next(each["id"] for each in answer["items"] if each["item"] == ULTRASOUND)
    made = exams.request.post("/api/v1/shares", data={"exams": [exam]}, headers={"Origin": site.url})
    share = made.json()
    page = open_phone(share["url"])
    assert small_targets(page, 44) == []
    page.get_by_label("6 位密码").fill(share["passcode_digits"])
    page.get_by_label("您的称呼").fill("王阿姨")
    page.get_by_role("button", name="打开").click()
    page.get_by_role("link", name="打开影像").wait_for()
    look(page, False, "what was shared")
    page.get_by_role("link", name="下载，先看大小").click()
    page.get_by_role("link", name=re.compile(r"^全部下载（.+ [KM]B）$")).wait_for()
    look(page, False, "download")
