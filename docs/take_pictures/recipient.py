"""What others see: who was given a share, on a phone and at a desk, and who got a message's link."""

from __future__ import annotations

from playwright.sync_api import Page

from docs.take_pictures.world import CT, DENSITY, DESK, ECHO, LAST_SIX, PHONE, Shared, World, newest_link, seen, share


def ask(world: World) -> Page:
    return world.stranger(share(world, CT).url)


def shared(world: World) -> Page:
    page = _entered(world, share(world, CT), PHONE)
    page.locator(".sheet img").scroll_into_view_if_needed()
    return page


def shared_desk(world: World) -> Page:
    return _entered(world, share(world, CT, mask=False), DESK)


def shared_viewer(world: World) -> Page:
    page = _entered(world, share(world, ECHO), PHONE)
    page.get_by_role("link", name="打开影像").click()
    page.locator("canvas.picture").first.wait_for()
    return page


def take(world: World) -> Page:
    page = _entered(world, share(world, CT), PHONE)
    page.get_by_role("link", name="下载，先看大小").click()
    return seen(page, "全部下载")


def locked(world: World) -> Page:
    page = world.stranger(share(world, ECHO).url)
    for digits in ("000001", "000002", "000003", "000004", "000005"):
        page.get_by_label("6 位密码").fill(digits)
        page.get_by_label("您的称呼").fill("王阿姨")
        page.get_by_role("button", name="打开").click()
        page.wait_for_load_state()
    return seen(page, "这份分享已锁定")


def notice(world: World) -> Page:
    return seen(world.stranger(newest_link(world.site)), "请先核对身份")


def notice_exam(world: World) -> Page:
    page = notice(world)
    page.get_by_role("textbox").fill(LAST_SIX)
    page.get_by_role("button", name="查看").click()
    return seen(page, "胶片")


def get(world: World) -> Page:
    return world.stranger("/get", size=DESK, density=1)


def _entered(world: World, opened: Shared, size: tuple[int, int]) -> Page:
    """A recipient who typed the passcode; at a desk by the pick-up code."""
    at_desk = size == DESK
    page = world.stranger("/get" if at_desk else opened.url, size=size, density=1 if at_desk else DENSITY)
    if at_desk:
        page.get_by_label("8 位取片码").fill(opened.pickup)
        page.get_by_role("button", name="打开").click()
        page.get_by_label("您的医院").fill("绍兴市人民医院")
    page.get_by_label("6 位密码").fill(opened.passcode)
    page.get_by_label("您的姓名" if at_desk else "您的称呼").fill("周医生")
    page.get_by_role("button", name="打开").click()
    page.get_by_role("link", name="打开影像").first.wait_for()
    return page
