"""Signing in, and the list of one's exams: what stands on it, how it is narrowed, large type, English, a lost network."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.parts.installation import Installation
from tests.parts.phone import Phone
from tests.phone.conftest import (
    CT,
    OpenPhone,
)

OTHER_PHONE = "13800138001"  # nobody's: one code a minute for each number
PRIVACY_IS_AGREED = """async () => {
  const { items } = await (await fetch("/api/v1/me/consents")).json();
  return items.some((each) => each.kind === "privacy" && each.agreed);
}"""


def test_signed_out_phone_logs_in_by_the_code_of_a_message_goes_on_and_is_remembered(
    open_phone: OpenPhone, site: Installation
) -> None:
    page = open_phone("/#/exam?id=nobodys")
    page.get_by_role("button", name="用手机号登录").click()
    agree = page.get_by_role("checkbox", name="隐私政策")
    expect(agree).to_have_attribute("aria-checked", "false")
    page.get_by_label("手机号", exact=True).fill(OTHER_PHONE)
    page.get_by_role("button", name="获取验证码").click()
    expect(page.get_by_role("alert")).to_have_text("请先阅读并勾选上面的隐私政策。")
    agree.click()
    page.get_by_role("button", name="获取验证码").click()
    expect(page.get_by_text("验证码已发送到 138****8001，10 分钟内有效。")).to_be_visible()
    page.get_by_label("6 位验证码").fill(awaited_code(site))
    box = page.get_by_role("checkbox", name="记住我：30 天内在这部手机上不用再登录，看过的内容没有网络也能看。")
    expect(box).to_have_attribute("aria-checked", "false")
    box.click()
    page.get_by_role("button", name="登录并查看").click()
    expect(page.get_by_text("没有找到这项检查。")).to_be_visible()  # back where the login was missing
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    page.wait_for_function(PRIVACY_IS_AGREED)
    page.get_by_role("button", name="我的检查").click()
    expect(page.get_by_text("还没有检查记录。绑定就诊卡后，这里会显示您在本院的检查。")).to_be_visible()
    (cookie,) = page.context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == ("cloudfilm_session", True, "Lax")
    assert cookie["expires"] > 0
    assert "eyJ" not in page.evaluate("JSON.stringify({ ...localStorage, ...sessionStorage }) + location.href")


def awaited_code(site: Installation) -> str:
    with Phone(site.url, OTHER_PHONE) as phone:
        return phone.awaited_code()


def test_used_link_says_what_to_do(open_phone: OpenPhone) -> None:
    page = open_phone("/demo/enter/nothing")
    expect(page.get_by_role("heading", name="这个链接已用过或已过期")).to_be_visible()
    expect(page.get_by_role("button", name="用手机号登录")).to_be_visible()


def test_list_says_item_day_hospital_and_state_and_no_name(exams: Page) -> None:
    card = exams.locator(".exam-card", has_text=CT)
    expect(card).to_contain_text("2026年1月5日 上午9:30")
    expect(card).to_contain_text("示范医院")
    expect(card).to_contain_text("报告已出")
    expect(exams.get_by_text("共 10 项检查")).to_be_visible()
    expect(exams.locator(".exam-card", has_text="头颅CT")).to_contain_text("临时报告")
    assert "林知夏" not in exams.content()
    expect(exams.get_by_role("link", name="010-55550100")).to_have_attribute("href", "tel:010-55550100")


def test_list_is_narrowed_by_words_kind_and_days(exams: Page) -> None:
    exams.get_by_role("textbox", name="搜索检查").or_(exams.get_by_role("searchbox")).fill("没有这个词")
    exams.get_by_role("button", name="搜索").click()
    expect(exams.get_by_text("没有符合条件的检查。")).to_be_visible()
    exams.get_by_role("button", name="清除条件").first.click()
    expect(exams.locator(".exam-card")).to_have_count(10)
    exams.get_by_role("button", name="筛选").click()
    exams.get_by_role("button", name="超声", exact=True).click()
    expect(exams.locator(".exam-card").first).to_contain_text("超声")
    exams.get_by_role("button", name="全部类别").click()
    exams.get_by_label("从", exact=True).fill("2026-01-05")
    exams.get_by_label("到", exact=True).fill("2026-01-05")
    expect(exams.locator(".exam-card", has_text=CT)).to_have_count(1)
    expect(exams.get_by_text("共 2 项检查")).to_be_visible()


def test_lost_network_is_said_and_mended(exams: Page) -> None:
    exams.context.set_offline(True)
    exams.get_by_role("button", name="搜索").click()
    expect(exams.get_by_text("网络不太好，正在重试。已看过的内容仍可查看。")).to_be_visible()
    expect(exams.get_by_text("现在连不上网络。请检查网络后再试一次。")).to_be_visible()
    exams.context.set_offline(False)
    exams.get_by_role("button", name="再试一次").click()
    expect(exams.locator(".exam-card")).to_have_count(10)


def test_large_type_is_chosen_before_anything_else_and_stays(open_phone: OpenPhone) -> None:
    page = open_phone("/#/login")
    page.get_by_role("button", name="切换到大字").click()
    page.reload()
    expect(page.get_by_role("button", name="恢复标准字")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "22px"


def test_english_browser_reads_english(open_phone: OpenPhone) -> None:
    page = open_phone(locale="en-GB")
    expect(page.locator(".exam-card", has_text="CT").filter(has_text="5 January 2026 9:30 am").first).to_contain_text(
        "Report ready"
    )
    assert page.evaluate("document.documentElement.lang") == "en"
