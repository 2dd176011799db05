"""Ways to a page of the phone, and a look at one that is meant to please everybody."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.phone.conftest import CT, cut_texts, serious_findings, small_targets

# page → the words by which it is known to be there
PAGES = {
    "report": "检查所见",
    "download": "获取下载码",
    "looked": "您自己",
    "share": "分享给谁看",
    "shares": "我的分享",
    "bind": "我绑定的",
    "feedback": "是什么问题",
    "settings": "退出登录",
}


def go(exams: Page, page: str, exam: str = CT) -> Page:
    """A page of the patient, of that exam where it is about one."""
    answer = exams.request.get("/api/v1/exams?limit=50").json()
    found = next(each["id"] for each in answer["items"] if each["item"] == exam)
    exams.goto(f"/#/{page}?exam={found}")
    exams.get_by_text(PAGES[page]).locator("visible=true").first.wait_for()
    return exams


def open_exam(exams: Page, item: str = CT) -> Page:
    """From the list to one exam."""
    exams.locator(".exam-card", has_text=item).click()
    exams.get_by_role("heading", name=item).wait_for()
    return exams


def open_film(exams: Page) -> Page:
    """From the list to the film of the CT."""
    open_exam(exams).get_by_role("button", name="胶片").click()
    exams.locator(".film-picture").wait_for()
    exams.get_by_role("button", name="逐格看").wait_for()
    return exams


def on(page: Page) -> Page:
    """One step further in sharing."""
    page.get_by_role("button", name="下一步").click()
    return page


def look(page: Page, elder: bool, name: str = "") -> None:
    """Nothing to complain of."""
    page.wait_for_load_state("networkidle")
    assert serious_findings(page) == [], name
    assert cut_texts(page) == [], name
    words_in_a_text = 'class="term"'  # as large as the text around them (WCAG 2.2, 2.5.8: inline)
    small = small_targets(page, 56 if elder else 44)
    assert [each for each in small if words_in_a_text not in each] == [], name
