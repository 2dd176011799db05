"""What is mine: logins, bound numbers and family, feedback, settings."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.parts.installation import Installation
from tests.parts.phone import Phone
from tests.phone.conftest import (
    PATIENT,
    OpenPhone,
)
from tests.phone.pages import go


def test_another_login_is_ended_from_here(exams: Page, site: Installation) -> None:
    with Phone(site.url, PATIENT) as lost:
        lost.log_in()
        assert lost.get("/me").status_code == 200
        page = go(exams, "settings")
        newest = page.locator(".line", has_text="短信登录").first
        newest.get_by_role("button", name="退出").click()
        page.get_by_role("button", name="确定退出").click()
        expect(page.get_by_role("button", name="确定退出")).to_have_count(0)
        assert lost.get("/me").status_code == 401


def test_binding_that_is_refused_says_where_to_go(exams: Page) -> None:
    page = go(exams, "bind")
    page.get_by_role("button", name="就诊卡", exact=True).click()
    page.get_by_label("就诊卡", exact=True).fill("00000001")
    page.get_by_label("姓名").fill("王小明")
    page.get_by_role("button", name="绑定", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("信息没有核对上")
    expect(page.locator(".line")).to_have_count(2)
    page.get_by_role("button", name="解除").first.click()
    page.get_by_role("button", name="取消").click()
    expect(page.locator(".line")).to_have_count(2)


def test_family_member_is_asked_for_a_code_whoever_that_is(exams: Page) -> None:
    page = go(exams, "bind")
    page.get_by_role("button", name="查看家人的").click()
    page.get_by_label("身份证", exact=True).fill("110101194903072316")
    page.get_by_label("姓名").fill("王大明")
    page.get_by_role("button", name="发送验证码给家人").click()
    expect(page.get_by_text("如果信息核对上，验证码已发到家人的手机")).to_be_visible()
    page.get_by_label("家人收到的验证码").fill("000000")
    page.get_by_role("button", name="确认").click()
    expect(page.get_by_role("alert")).to_be_visible()


def test_feedback_is_sent_and_listed(exams: Page) -> None:
    page = go(exams, "feedback")
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_role("alert")).to_have_text("请先写下具体情况。")
    page.get_by_role("button", name="信息不对").click()
    page.get_by_label("请说说具体情况").fill("报告里的部位不对")
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_text("已收到，医院会处理")).to_be_visible()
    expect(page.get_by_text("报告里的部位不对")).to_be_visible()


def test_settings_are_followed_and_signing_out_ends_it(open_phone: OpenPhone) -> None:
    page = go(open_phone(), "settings")
    page.get_by_role("group", name="大字模式").get_by_role("button", name="开").click()
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "22px"
    ready = page.get_by_role("group", name="报告出来了 示范医院").get_by_role("button", name="短信")
    ready.click()
    expect(page.get_by_text("“报告出来了”的短信已关闭。")).to_be_visible()
    expect(ready).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="撤销").click()
    expect(ready).to_have_attribute("aria-pressed", "true")
    off = page.get_by_role("group", name="消息通知 示范医院").get_by_role("button", name="关")
    off.click()
    expect(off).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(page.get_by_role("group", name="消息通知 示范医院").get_by_role("button", name="关")).to_have_attribute(
        "aria-pressed", "true"
    )
    page.get_by_role("button", name="English").click()
    page.get_by_role("button", name="Sign out").last.click()
    expect(page.get_by_label("Mobile number", exact=False).or_(page.get_by_role("textbox").first)).to_be_visible()
    assert page.request.get("/api/v1/me").status == 401
