"""Takes the pictures of the phone that docs/phone.md shows: `.venv/bin/python -m docs.take_pictures [NAME …]`.

A demo of its own runs for it, with pages that were built before (`infra/deploy/phone.sh h5 viewer`). Needs Chromium.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from api.tickets import new_ticket
from infra.settings import Settings, from_environ
from tests.parts.chromium import launched
from tests.parts.installation import Installation
from tests.parts.phone import Phone
from tests.parts.visitor import Visitor

FOLDER = Path(__file__).parent / "pictures"
PHONE, DESK = (390, 844), (1440, 900)
DENSITY = 1.5  # pixels a point
MOST_BYTES = 80_000
COLOURS = (256, 128, 64, 32, 16)
WAIT_MS, FILM_SECONDS = 60_000, 240.0
SETTLE_MS = 700  # a picture that came is painted
PATIENT, LAST_SIX = "13800138000", "120022"
CT, ECHO = "胸部CT增强（模体）", "超声心动图"


class World:
    """A running demo, and browsers that open pages in it."""

    def __init__(self, site: Installation, browser: Browser) -> None:
        self.site = site
        self._browser = browser
        self._contexts: list[BrowserContext] = []

    def stranger(
        self, path: str, *, size: tuple[int, int] = PHONE, density: float = DENSITY, elder: bool = False, locale: str = "zh-CN"
    ) -> Page:
        """A browser that was never here, at that page."""
        context = self._browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            device_scale_factor=density,
            locale=locale,
            has_touch=size == PHONE,
            is_mobile=size == PHONE,
            base_url=self.site.url,
        )
        context.set_default_timeout(WAIT_MS)
        if elder:
            context.add_init_script('localStorage.setItem("cloudfilm-settings", JSON.stringify({ data: { elder: true } }))')
        self._contexts.append(context)
        page = context.new_page()
        page.goto(path)
        return page

    def patient(self, name: str = "", exam: str = "", **how: Any) -> Page:
        """The demo's patient at a page of hers, about that exam where it is about one."""
        page = self.stranger(new_ticket(settings_of(self.site)), **how)
        page.locator(".exam-card").first.wait_for()
        if name:
            found = [each["id"] for each in _exams(page) if each["item"] == exam]
            page.goto(f"/#/{name}" + (f"?exam={found[0]}&id={found[0]}" if found else ""))
            page.locator(".bones").wait_for(state="detached")
        return page

    def close(self) -> None:
        """All of its browsers' windows."""
        for context in self._contexts:
            context.close()
        self._contexts.clear()


@dataclass(frozen=True)
class Shared:
    """A share of the demo's patient, and how a recipient gets in."""

    id: str
    url: str
    passcode: str
    pickup: str


def settings_of(site: Installation) -> Settings:
    """As the running server has them, where it matters here."""
    return from_environ({"CLOUDFILM_HOME": str(site.home), "CLOUDFILM_DEMO": "1", "CLOUDFILM_PORT": str(site.port)})


def share(world: World, *items: str, mask: bool = True, **more: Any) -> Shared:
    """One that was made without the phone's steps."""
    with _phone(world.site) as phone:
        exams = [each["id"] for item in items for each in phone.exams() if each["item"] == item]
        made = phone.client.post("/api/v1/shares", json={"exams": exams, "mask": mask, **more}).raise_for_status().json()
        code = phone.client.post(f"/api/v1/shares/{made['id']}/pickup", json={}).raise_for_status().json()["code"]
    return Shared(made["id"], made["url"], made["passcode_digits"], code)


# -- the pages, in the order of docs/phone.md ------------------------------------------


def login(world: World) -> Page:
    return _seen(world.stranger("/#/login"), "获取验证码")


def exams(world: World) -> Page:
    return world.patient()


def exams_large(world: World) -> Page:
    return world.patient(elder=True)


def exams_english(world: World) -> Page:
    return world.patient(locale="en-GB")


def exam(world: World) -> Page:
    return _seen(world.patient("exam", CT), "次，共")


def report(world: World) -> Page:
    page = _seen(world.patient("report", CT), "检查所见")
    page.locator(".term").first.click()
    return page


def film(world: World) -> Page:
    page = world.patient("film", CT)
    page.locator(".film-picture").first.wait_for()
    return page


def download(world: World) -> Page:
    page = world.patient("download", ECHO)
    page.get_by_role("button", name="获取下载码").click()
    return _seen(page, "只能用一次")


def looked(world: World) -> Page:
    world.patient("report", CT)
    return _seen(world.patient("looked", CT), "您自己")


def bind(world: World) -> Page:
    return _seen(world.patient("bind"), "我绑定的")


def family(world: World) -> Page:
    page = world.patient("bind")
    page.get_by_role("button", name="查看家人的").click()
    return _seen(page, "发送验证码给家人")


def feedback(world: World) -> Page:
    page = world.patient("feedback", CT)
    page.get_by_role("button", name="信息不对").click()
    page.get_by_label("请说说具体情况").fill("报告里的检查日期好像不对，请帮我核对一下。")
    return page


def settings(world: World) -> Page:
    return _seen(world.patient("settings"), "退出登录")


def share_who(world: World) -> Page:
    return _seen(world.patient("share", ECHO), "分享给谁看")


def share_what(world: World) -> Page:
    page = share_who(world)
    page.get_by_role("button", name="给其他人看").click()
    page.get_by_role("button", name=f"只选一部分 {ECHO}").click()
    return _seen(page, "选好了")


def share_how(world: World) -> Page:
    page = share_what(world)
    page.get_by_role("button", name="下一步").click()
    return _seen(page, "怎样打开")


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
    with _phone(world.site) as phone:
        stopped = share(world, ECHO).id
        phone.client.delete(f"/api/v1/shares/{stopped}").raise_for_status()
    return _seen(world.patient("shares"), "分享中")


def share_seen(world: World) -> Page:
    page = shares(world)
    page.get_by_role("button", name="查看这份分享").first.click()
    page.get_by_text("周医生").scroll_into_view_if_needed()
    return page


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
    return _seen(page, "全部下载")


def locked(world: World) -> Page:
    page = world.stranger(share(world, ECHO).url)
    for digits in ("000001", "000002", "000003", "000004", "000005"):
        page.get_by_label("6 位密码").fill(digits)
        page.get_by_label("您的称呼").fill("王阿姨")
        page.get_by_role("button", name="打开").click()
        page.wait_for_load_state()
    return _seen(page, "这份分享已锁定")


def notice(world: World) -> Page:
    return _seen(world.stranger(_newest_link(world.site)), "请先核对身份")


def notice_exam(world: World) -> Page:
    page = notice(world)
    page.get_by_role("textbox").fill(LAST_SIX)
    page.get_by_role("button", name="查看").click()
    return _seen(page, "胶片")


def get(world: World) -> Page:
    return world.stranger("/get", size=DESK, density=1)


def on_pc(world: World) -> Page:
    page = world.patient("download", CT)
    page.get_by_role("button", name="获取下载码").click()
    address, code = page.locator(".address").inner_text(), page.locator(".digits").inner_text()
    computer = world.stranger(address, size=DESK, density=1)
    computer.get_by_role("textbox").fill(code)
    computer.get_by_role("button").first.click()
    computer.wait_for_load_state()
    return computer


PICTURES: Mapping[str, Callable[[World], Page]] = {
    "phone-login": login,
    "phone-exams": exams,
    "phone-exams-large": exams_large,
    "phone-exams-english": exams_english,
    "phone-exam": exam,
    "phone-report": report,
    "phone-film": film,
    "phone-download": download,
    "phone-looked": looked,
    "phone-bind": bind,
    "phone-family": family,
    "phone-feedback": feedback,
    "phone-settings": settings,
    "phone-share-who": share_who,
    "phone-share-what": share_what,
    "phone-share-how": share_how,
    "phone-share-preview": share_preview,
    "phone-share": share_done,
    "phone-shares": shares,
    "phone-share-seen": share_seen,
    "shared-ask": ask,
    "shared-locked": locked,
    "shared-phone": shared,
    "shared-viewer": shared_viewer,
    "shared-download": take,
    "shared-desk": shared_desk,
    "notice-ask": notice,
    "notice-exam": notice_exam,
    "get-desk": get,
    "pc-desk": on_pc,
}


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


def _seen(page: Page, words: str) -> Page:
    page.get_by_text(words).locator("visible=true").first.wait_for()
    return page


def _exams(page: Page) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = page.request.get("/api/v1/exams?limit=50").json()["items"]
    return items


def _phone(site: Installation) -> Phone:
    """The patient's, signed in without a code: one code a minute is too slow for this."""
    done = site.command("token", "--role", "patient", "--hospital", "demo", "--person", PATIENT, "--ttl", "1h")
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    phone = Phone(site.url, PATIENT)
    phone.client.headers["Authorization"] = f"Bearer {done.stdout.strip()}"
    return phone


def _newest_link(site: Installation) -> str:
    """Of a message, which comes after a report."""
    report = {"status": "corrected", "findings": "静息状态下心脏结构及运动未见明确异常。", "impression": "未见明确异常。"}
    with httpx.Client(base_url=site.url, timeout=30) as anybody:
        headers = {"Authorization": f"Bearer {site.token()}"}
        anybody.put("/api/v1/hospital/exams/US-160503-12/report", json=report, headers=headers).raise_for_status()
        end = time.monotonic() + FILM_SECONDS
        while time.monotonic() < end:
            sent = anybody.get("/demo/messages", headers={"Accept": "application/json"}).json()["items"]
            if links := [each["url"] for each in sent if each["url"]]:
                return str(links[0])
            time.sleep(1)
    raise SystemExit("no message came")


def _with_films(site: Installation) -> None:
    """Return once the films of the exams that are shown are made."""
    end = time.monotonic() + FILM_SECONDS
    with _phone(site) as phone:
        while time.monotonic() < end:
            made = {each["item"] for each in phone.exams() if each["films"]}
            if {CT, ECHO} <= made:
                return
            time.sleep(1)
    raise SystemExit("the films were never made")


def small(png: bytes) -> bytes:
    """The picture in as few colours as keep it below MOST_BYTES; raises ValueError when none does."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    for scale in (1.0, 0.8, 0.667, 0.5):
        fitting = picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.LANCZOS)
        for colours in COLOURS[: 3 if scale > 0.5 else None]:
            target = io.BytesIO()
            fitting.quantize(colours, dither=Image.Dither.NONE).save(target, "PNG", optimize=True)
            if target.tell() <= MOST_BYTES:
                return target.getvalue()
    raise ValueError("too much of a picture")


def main() -> int:
    """Take those that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m docs.take_pictures", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(PICTURES)}; all when none is named")
    wanted = parser.parse_args().names or list(PICTURES)
    if unknown := [name for name in wanted if name not in PICTURES]:
        parser.error(f"no such picture: {', '.join(unknown)}")
    with tempfile.TemporaryDirectory(prefix="cloudfilm-pictures-") as folder, Installation(Path(folder), WORKERS=1) as site:
        done = site.command("demo")
        if done.returncode != 0:
            print(done.stderr, file=sys.stderr)
            return 1
        _with_films(site)
        with sync_playwright() as playwright, launched(playwright) as browser:
            for name in wanted:
                world = World(site, browser)
                page = PICTURES[name](world)
                page.wait_for_load_state("networkidle")
                page.wait_for_timeout(SETTLE_MS)
                content = small(page.screenshot())
                (FOLDER / f"{name}.png").write_bytes(content)
                print(f"{name}.png {len(content):,} bytes", flush=True)
                world.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
