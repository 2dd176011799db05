"""What a patient sees: signing in, the list, an exam with its report, film and download, what is theirs, settings."""

from __future__ import annotations

from playwright.sync_api import Page

from docs.take_pictures.world import CT, DESK, ECHO, World, seen, told_exam


def login(world: World) -> Page:
    return seen(world.stranger("/#/login"), "获取验证码")


def exams(world: World) -> Page:
    return world.patient()


def exams_large(world: World) -> Page:
    return world.patient(elder=True)


def exams_english(world: World) -> Page:
    return world.patient(locale="en-GB")


def exam(world: World) -> Page:
    return seen(world.patient("exam", CT), "次，共")


def report(world: World) -> Page:
    page = seen(world.patient("report", CT), "检查所见")
    page.locator(".term").first.click()
    return page


def film(world: World) -> Page:
    page = world.patient("film", CT)
    page.locator(".film-picture").first.wait_for()
    return page


def download(world: World) -> Page:
    page = world.patient("download", ECHO)
    page.get_by_role("button", name="获取下载码").click()
    return seen(page, "只能用一次")


def looked(world: World) -> Page:
    world.patient("report", CT)
    return seen(world.patient("looked", CT), "您自己")


def not_open(world: World) -> Page:
    """The digital service of an exam that was declined."""
    accession, item = "DECLINED", "腰椎CT平扫"
    told_exam(world.site, accession, item, digital_service=False)
    page = world.patient()
    page.locator(".not-open .exam-card", has_text=item).click()
    return seen(page, "您可以随时开通")


def bind(world: World) -> Page:
    return seen(world.patient("bind"), "我绑定的")


def family(world: World) -> Page:
    page = world.patient("bind")
    page.get_by_role("button", name="查看家人的").click()
    return seen(page, "发送验证码给家人")


def feedback(world: World) -> Page:
    page = world.patient("feedback", CT)
    page.get_by_role("button", name="信息不对").click()
    page.get_by_label("请说说具体情况").fill("报告里的检查日期好像不对，请帮我核对一下。")
    return page


def settings(world: World) -> Page:
    return seen(world.patient("settings"), "退出登录")


def on_pc(world: World) -> Page:
    page = world.patient("download", CT)
    page.get_by_role("button", name="获取下载码").click()
    address, code = page.locator(".address").inner_text(), page.locator(".digits").inner_text()
    computer = world.stranger(address, size=DESK, density=1)
    computer.get_by_role("textbox").fill(code)
    computer.get_by_role("button").first.click()
    computer.wait_for_load_state()
    return computer
