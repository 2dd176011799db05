"""An exam that is not yet, no longer or not here to be seen: on the list, on its page, and where a link leads deeper."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.parts.installation import Installation
from tests.phone.conftest import watched
from tests.phone.pages import look
from tests.phone.patients import phone_of_hers, system, told_exam

pytestmark = pytest.mark.timeout(240)

PAST, FUTURE = "2026-02-01T09:00:00+08:00", "2099-12-01T09:00:00+08:00"
HELP = "010-55550100"
WITHDRAWN, CORRECTED, DECLINED, OPENED = "头颅MR平扫", "颈椎CT平扫", "腰椎CT平扫", "髋关节CT平扫"
HELD, PRINTED = "HIV抗体检测", "肘关节X线"
WAITING = {  # item → state on its card, what its page says
    "腹部增强CT": ("待检查", "已登记，请按预约时间前往检查。"),
    "膝关节MR平扫": ("等报告", "检查已完成，医生正在审核"),
    "踝关节CT平扫": ("审核中", "报告正在审核"),
}
DEEPER = ("film?id=", "report?exam=", "images?id=", "download?exam=")


@dataclass(frozen=True)
class Clinic:
    """Exams by their items, and the phone of whose they are."""

    phone: BrowserContext
    exams: dict[str, str]


@pytest.fixture(scope="module")
def clinic(site: Installation, chromium: Browser) -> Iterator[Clinic]:
    """An exam in every state."""
    with system(site) as his, system(site, "admin") as admin:
        policies = admin.get("/admin/hospital").json()["policies"] | {"film_printed_closes": True}
        admin.put("/admin/hospital", json={"policies": policies}).raise_for_status()
        planned, examined, reviewed = WAITING
        exams = {
            planned: told_exam(his, "PLANNED", planned, at=FUTURE),
            examined: told_exam(his, "EXAMINED", examined, at=PAST),
            reviewed: told_exam(his, "REVIEWED", reviewed, "preliminary", at=PAST),
            WITHDRAWN: told_exam(his, "WITHDRAWN", WITHDRAWN, "final", "withdrawn", at=PAST),
            CORRECTED: told_exam(his, "CORRECTED", CORRECTED, "final", "corrected", at=PAST),
            DECLINED: told_exam(his, "DECLINED", DECLINED, "final", at=PAST, digital_service=False),
            OPENED: told_exam(his, "OPENED", OPENED, "final", at=PAST, digital_service=False),
            HELD: told_exam(his, "HELD", HELD, "final", at=PAST),
            PRINTED: told_exam(his, "PRINTED", PRINTED, "final", at=PAST, film_printed_at=PAST),
        }
    phone = phone_of_hers(site, chromium)
    yield Clinic(phone, exams)
    phone.close()


@pytest.fixture
def page(clinic: Clinic) -> Iterator[Page]:
    """The list on her phone."""
    faults: list[str] = []
    page = watched(clinic.phone.new_page(), faults)
    page.goto("/")
    page.locator(".exam-card").first.wait_for()
    yield page
    page.close()
    assert not faults


@pytest.mark.parametrize("item", WAITING)
def test_exam_that_waits_says_what_comes_next_and_leads_nowhere_in_vain(page: Page, item: str) -> None:
    short, words = WAITING[item]
    card = page.locator(".exam-card", has_text=item)
    expect(card).to_contain_text(short)
    card.click()
    expect(page.get_by_text(words)).to_be_visible()
    expect(page.locator(".tile:disabled")).to_have_text(["报告还没有", "胶片还没有", "影像还没有"])
    expect(page.get_by_text("正式报告出来后，可以分享给医生或家人。")).to_be_visible()
    expect(page.get_by_role("button", name="分享给医生或家人")).to_have_count(0)


@pytest.mark.parametrize("deeper", DEEPER)
def test_link_into_an_exam_that_waits_says_so_and_leads_to_it(page: Page, clinic: Clinic, deeper: str) -> None:
    item = "膝关节MR平扫"
    page.goto(f"/#/{deeper}{clinic.exams[item]}")
    here = page.locator(".blank").locator("visible=true")
    expect(here).to_contain_text(WAITING[item][1])
    here.get_by_role("button", name="看这项检查").click()
    expect(page.get_by_role("heading", name=item)).to_be_visible()


def test_who_turned_messages_off_is_told_that_none_will_come(page: Page, site: Installation) -> None:
    ready = {"hospital": "demo", "off": [{"kind": "report-ready"}]}
    headers = {"Origin": site.url}
    assert page.request.put("/api/v1/me/notices", data=ready, headers=headers).status == 200
    page.locator(".exam-card", has_text="膝关节MR平扫").click()
    expect(page.get_by_text("您关闭了这家医院的通知，报告出来后不会有消息。")).to_be_visible()
    page.get_by_role("button", name="去打开通知").click()
    page.get_by_role("group", name="报告出来了 示范医院").get_by_role("button", name="短信").click()
    page.get_by_text("“报告出来了”的短信已打开。").wait_for()
    page.go_back()
    page.reload()
    expect(page.get_by_text("检查已完成，医生正在审核")).to_be_visible()
    expect(page.get_by_text("您关闭了这家医院的通知")).to_have_count(0)


def test_withdrawn_report_says_so_and_whom_to_call(page: Page, clinic: Clinic) -> None:
    card = page.locator(".exam-card", has_text=WITHDRAWN)
    expect(card).to_contain_text("报告已撤回")
    card.click()
    expect(page.get_by_text("报告已撤回，医生正在核对。更正后我们会通知您。")).to_be_visible()
    expect(page.get_by_text("报告更正后，可以分享给医生或家人。")).to_be_visible()
    page.get_by_role("button", name="报告 已撤回").click()
    expect(page.get_by_text("医院已撤回这份报告。")).to_be_visible()
    expect(page.locator(".said + .link")).to_have_attribute("href", f"tel:{HELP}")
    page.goto(f"/#/share?exam={clinic.exams[WITHDRAWN]}")
    expect(page.get_by_role("alert")).to_have_text("正式报告还没有出来，暂时不能分享。")


def test_corrected_report_says_so_before_it_is_opened(page: Page) -> None:
    page.locator(".exam-card", has_text=CORRECTED).click()
    page.get_by_role("button", name="报告 已更正").click()
    expect(page.get_by_text("医院更正过这份报告，下面是最新的内容。")).to_be_visible()


@pytest.mark.parametrize("deeper", ["exam?id=", "film?id=", "report?exam=", "share?exam="])
def test_declined_exam_says_so_wherever_a_link_leads_and_shows_the_notice(page: Page, clinic: Clinic, deeper: str) -> None:
    page.goto(f"/#/{deeper}{clinic.exams[DECLINED]}")
    expect(page.get_by_role("heading", name=DECLINED)).to_be_visible()
    expect(page.get_by_text("您选择了不开通数字影像服务。影像已由医院保存，您可以随时开通。")).to_be_visible()
    expect(page.get_by_text("本服务由您自愿选择")).to_be_visible()
    look(page, elder=False)
    page.get_by_role("button", name="暂不开通").click()
    expect(page.get_by_role("heading", name="还没有开通的检查")).to_be_visible()


def test_declined_exam_is_below_the_list_and_opened_in_two_taps(page: Page) -> None:
    section = page.locator(".not-open")
    card = section.locator(".exam-card", has_text=OPENED)
    expect(card).to_contain_text("未开通")
    card.click()
    page.get_by_role("button", name="我已阅读并同意，开通").click()
    expect(page.locator(".tile").first).to_have_text("报告1 份")
    page.go_back()
    expect(page.locator(".exams").first.locator(".exam-card", has_text=OPENED)).to_contain_text("报告已出")
    expect(section.locator(".exam-card", has_text=DECLINED)).to_be_visible()
    expect(section.locator(".exam-card", has_text=OPENED)).to_have_count(0)


def test_held_and_closed_exams_look_like_one_that_is_nobodys_with_reasons_and_a_way_on(page: Page, clinic: Clinic) -> None:
    expect(page.locator(".not-open")).to_be_visible()
    for item in (HELD, PRINTED):
        expect(page.get_by_text(item)).to_have_count(0)
    seen = set()
    for exam in (clinic.exams[HELD], clinic.exams[PRINTED], "nobodys"):
        for deeper in ("exam?id=", "film?id="):
            page.goto(f"/#/{deeper}{exam}")
            here = page.locator(".blank").locator("visible=true")
            expect(here).to_contain_text("结果要由医生当面告诉您。")
            seen.add(here.inner_text())
            expect(page.get_by_role("link", name=HELP)).to_be_visible()
    assert len(seen) == 1
    look(page, elder=False)
    page.get_by_role("button", name="我的检查").click()
    expect(page.locator(".exam-card").first).to_be_visible()
