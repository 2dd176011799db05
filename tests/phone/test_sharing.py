"""Sharing in four steps, what is shared, and stopping it."""

from __future__ import annotations

import io
import re

import httpx
from PIL import Image
from playwright.sync_api import Page, Route, expect

from tests.parts.installation import Installation
from tests.phone.conftest import (
    ULTRASOUND,
)
from tests.phone.pages import go, on

PREVIEW = re.compile(r"/api/v1/shares/preview\?")


def test_share_for_a_doctor_is_shown_listed_made_longer_and_stopped(exams: Page) -> None:
    page = go(exams, "share")
    page.get_by_role("button", name="给医生看").click()
    on(page).get_by_role("button", name="3 天").click()
    expect(on(page).get_by_text("林知夏")).to_be_visible()
    page.get_by_role("button", name="生成二维码").click()
    expect(page.locator(".share-digits")).to_have_text(re.compile(r"^\d{3} \d{3}$"))
    picture = page.get_by_role("img", name="分享二维码")
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("(image) => image.naturalWidth") > 100
    page.get_by_role("button", name="获取取片码").click()
    expect(page.get_by_text(re.compile(r"^\d{4} \d{4}$"))).to_be_visible()
    page = go(exams, "shares")
    page.get_by_role("button", name="查看这份分享").first.click()
    expect(page.get_by_text("还没有人打开过。")).to_be_visible()
    page.get_by_role("button", name="延长有效期").click()
    page.get_by_role("button", name="7 天").click()
    expect(page.get_by_text("二维码和密码不变")).to_be_visible()
    page.get_by_role("button", name="停止分享").click()
    expect(page.get_by_text("停止后对方马上打不开")).to_be_visible()
    page.get_by_role("button", name="确定停止").click()
    expect(page.get_by_text("对方现在打不开了")).to_be_visible()
    page.get_by_role("button", name="我的分享").click()
    expect(page.locator(".gone .state").first).to_have_text("已停止")
    page.locator(".gone").first.get_by_role("button", name="再分享一次").click()
    expect(page.get_by_role("heading", name="怎样打开？")).to_be_visible()


def test_share_for_others_can_be_face_to_face(exams: Page) -> None:
    page = go(exams, "share")
    page.get_by_role("button", name="给其他人看").click()
    on(page).get_by_role("checkbox", name="打开时要密码").click()
    expect(page.get_by_text("10 分钟内有效，只能打开一次")).to_be_visible()
    on(page).get_by_role("button", name="生成二维码").click()
    expect(page.get_by_role("img", name="分享二维码")).to_be_visible()
    expect(page.locator(".share-digits")).to_have_count(0)
    page.get_by_role("button", name="停止分享").click()
    page.get_by_role("button", name="确定停止").click()
    expect(page.get_by_text("已停止")).to_be_visible()


def test_a_share_is_made_only_once_its_preview_is_there_and_nothing_moves_any_more(exams: Page) -> None:
    page = go(exams, "share")
    page.get_by_role("button", name="给医生看").click()
    held: list[Route] = []
    page.route(PREVIEW, lambda route: held.append(route))
    on(on(page))
    make = page.get_by_role("button", name="生成二维码")
    while not held:
        page.wait_for_timeout(50)
    expect(make).to_be_disabled()
    held[0].continue_()
    expect(make).to_be_enabled()
    page.unroute(PREVIEW)


def test_one_series_is_shared_as_the_preview_shows_it_with_what_the_device_wrote_blacked(
    exams: Page, site: Installation
) -> None:
    page = go(exams, "share", ULTRASOUND)
    page.get_by_role("button", name="给其他人看").click()
    page.get_by_role("button", name=f"只选一部分 {ULTRASOUND}").click()
    page.get_by_role("checkbox", name="胶片").click()
    page.get_by_role("checkbox", name="没有选的序列").click()
    expect(page.get_by_text("1 / 2 个序列")).to_be_visible()
    on(on(page))
    expect(page.get_by_text("林**")).to_be_visible()
    expect(page.get_by_text("您没有选：胶片。")).to_be_visible()
    (picture,) = (each.get_attribute("src") or "" for each in page.locator(".preview-image img").all())
    shown = pixels(page, picture)
    named = pixels(page, picture.replace("mask=true", "mask=false"))
    assert brightest(written(named)) > 100, "the device wrote something there"
    assert brightest(written(shown)) < 16 < brightest(shown), "it is black, and the heart is there"
    page.get_by_role("button", name="生成二维码").click()
    digits = page.locator(".share-digits").inner_text().replace(" ", "")
    newest = page.request.get("/api/v1/shares?limit=1").json()["items"][0]["id"]
    address = page.request.get(f"/api/v1/shares/{newest}").json()["url"]
    opening = {"token": address.rpartition("/s/")[2], "passcode": digits}
    opened = httpx.post(f"{site.url}/api/v1/shares/open", json=opening, timeout=60).raise_for_status().json()
    ((study,),) = (each["studies"] for each in opened["exams"])
    headers = {"Authorization": f"Bearer {opened['access_token']}"}
    with httpx.Client(base_url=f"{site.url}/dicom-web/studies/{study}", headers=headers, timeout=60) as recipient:
        (series,) = (row["0020000E"]["Value"][0] for row in recipient.get("/series").json())
        got = recipient.get(f"/series/{series}/thumbnail").raise_for_status().content
    assert Image.open(io.BytesIO(got)).convert("L").tobytes() == shown.tobytes(), "what is shown before is what they get"
    page.get_by_role("button", name="停止分享").click()
    page.get_by_role("button", name="确定停止").click()
    expect(page.get_by_text("已停止，对方现在打不开了")).to_be_visible()
    expect(page.get_by_text("打开 1 次")).to_be_visible()
    expect(page.get_by_text("还没有人打开过")).to_have_count(0)


def pixels(page: Page, path: str) -> Image.Image:
    """A picture of the server, in grey."""
    answer = page.request.get(path)
    assert answer.status == 200, path
    return Image.open(io.BytesIO(answer.body())).convert("L")


def brightest(picture: Image.Image) -> float:
    """Of its greys."""
    return picture.getextrema()[1]  # type: ignore[return-value]  # of one channel


def written(picture: Image.Image) -> Image.Image:
    """The corner of the echo outside its image area (PS3.3 section C.8.5.5), without its blurred edge."""
    scale = picture.width / 320
    return picture.crop((0, 0, int(80 * scale), int(28 * scale)))


def test_consent_that_was_taken_back_is_asked_for_before_sharing(exams: Page) -> None:
    page = go(exams, "settings")
    page.get_by_role("button", name="看全文 分享给其他医院的医生").click()
    page.get_by_role("button", name="撤回同意").click()
    expect(page.locator(".line", has_text="分享给其他医院的医生")).to_contain_text("未回答")
    page = go(exams, "share")
    page.get_by_role("button", name="给医生看").click()
    on(on(page)).get_by_role("button", name="生成二维码").click()
    expect(page.get_by_text("分享前请先阅读并同意")).to_be_visible()
    page.get_by_role("button", name="同意", exact=True).click()
    expect(page.get_by_role("img", name="分享二维码")).to_be_visible()
