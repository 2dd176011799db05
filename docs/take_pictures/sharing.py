"""What a patient sees who shares: the four steps, the code, and who opened what."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from docs.take_pictures.world import CT, ECHO, World, phone_of, seen, share
from tests.parts.visitor import Visitor


def share_who(world: World) -> Page:
    return seen(world.patient("share", ECHO), "分享给谁看")


def share_what(world: World) -> Page:
    page = share_who(world)
    page.get_by_role("button", name="给其他人看").click()
    page.get_by_role("button", name=f"只选一部分 {ECHO}").click()
    return seen(page, "选好了")


def share_how(world: World) -> Page:
    page = share_what(world)
    page.get_by_role("button", name="下一步").click()
    return seen(page, "怎样打开")


def share_preview(world: World) -> Page:
    page = share_how(world)
    page.get_by_role("button", name="下一步").click()
    pictures = page.locator(".preview-picture")
    pictures.last.wait_for()
    for picture in pictures.all():
        expect(picture).to_have_js_property("complete", True)
    return page


def share_done(world: World) -> Page:
    page = share_preview(world)
    page.get_by_role("button", name="生成二维码").click()
    page.get_by_role("img", name="分享二维码").wait_for()
    return page


def shares(world: World) -> Page:
    opened = share(world, CT, mask=False)
    with Visitor(world.site.url) as doctor:
        doctor.open(opened.url)
        doctor.send("open", passcode=opened.passcode, hospital="绍兴市人民医院", name="周医生").raise_for_status()
    with phone_of(world.site) as phone:
        stopped = share(world, ECHO).id
        phone.client.delete(f"/api/v1/shares/{stopped}").raise_for_status()
    return seen(world.patient("shares"), "分享中")


def share_seen(world: World) -> Page:
    page = shares(world)
    page.get_by_role("button", name="查看这份分享").first.click()
    page.get_by_text("周医生").scroll_into_view_if_needed()
    return page
