from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from api.demo import CT_EXAM
from api.demo_phantoms import ct_files
from api.tickets import new_ticket
from tests.parts import npm
from tests.parts.badline import Line, bad_line
from tests.parts.installation import Installation
from tests.parts.phone import Phone
from tests.phone.conftest import (
    CT,
    MINI_PROGRAMS,
    PHONE,
    WAIT_MS,
    OpenPhone,
    built,
    cut_texts,
    new_phone,
    serious_findings,
    settings_of,
    small_targets,
    watched,
)
from tests.phone.offline import (
    NOTHING,
    WORDS_OF_COPIES,
    kept,
    remembered,
    wait_until_kept,
    wait_until_no_copy_is_kept,
    wait_until_nothing_is_kept,
)

pytestmark = pytest.mark.timeout(240)

TOKENS = "cloudfilm-tokens"  # where a mini-program keeps them
MINI_PHONES = {"weapp": "13800138002", "alipay": "13800138003"}
OTHER_PHONE = "13800138001"  # nobody's: one code a minute for each number
LARGEST_SCRIPT_BYTES = 200_000  # of list and film, as they come over the wire
LOOK_MS = 50
SMALL_FILM = 360  # pixels of width: shown until the sharp one is here
FAR_MS = 120_000  # on a bad line
PRIVACY_IS_AGREED = """async () => {
  const { items } = await (await fetch("/api/v1/me/consents")).json();
  return items.some((each) => each.kind === "privacy" && each.agreed);
}"""
NO_NETWORK = "网络连不上或太慢。下面是"
TAKEN_BACK = "收回的检查"
DRAWN = """() => {
  const canvas = document.querySelector('canvas.picture');
  if (!canvas || !canvas.width) return false;
  const values = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  return values.some((value, at) => at % 4 < 3 && value > 32);
}"""


def open_exam(exams: Page, item: str = CT) -> Page:
    exams.locator(".exam-card", has_text=item).click()
    exams.get_by_role("heading", name=item).wait_for()
    return exams


def open_film(exams: Page) -> Page:
    open_exam(exams).get_by_role("button", name="胶片").click()
    exams.locator(".film-picture").wait_for()
    exams.get_by_role("button", name="逐格看").wait_for()
    return exams


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


def test_images_open_in_the_viewer_with_nothing_in_the_log(exams: Page) -> None:
    page = open_exam(exams)
    with page.expect_navigation(url=re.compile(r"/viewer/")):
        page.get_by_role("button", name="影像").click()
    assert re.search(r"/viewer/#study=[0-9.]+&exam=[0-9a-f-]+$", page.url)


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


def test_built_files_are_kept_for_ever_and_packed_as_the_browser_likes(site: Installation) -> None:
    page = httpx.get(site.url + "/")
    assert page.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert "<script>" not in page.text
    script = re.findall(r'src="(/phone/js/app[^"]+)"', page.text)[0]
    bodies = {}
    for taken, sent in (("br, gzip", "br"), ("gzip;q=0.5, br;q=0", "gzip"), ("identity", None)):
        answer = httpx.get(site.url + script, headers={"Accept-Encoding": taken})
        assert answer.headers.get("content-encoding") == sent
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert int(answer.headers["content-length"]) < 100_000 or sent is None
        bodies[sent] = answer.headers["etag"]
    assert len(set(bodies.values())) == len(bodies)
    again = httpx.get(site.url + script, headers={"If-None-Match": bodies["br"], "Accept-Encoding": "br"})
    assert again.status_code == 304


def test_only_built_files_are_served(site: Installation) -> None:
    for name in ("stamp", "js", "../stamp", "..%2f..%2fpyproject.toml", "%2e%2e/stamp", "index.htm", "js/app.js"):
        assert httpx.get(f"{site.url}/phone/{name}").status_code == 404


@pytest.mark.parametrize("target", MINI_PROGRAMS)
def test_mini_program_logs_in_by_the_code_of_a_message(site: Installation, target: str) -> None:
    number = MINI_PHONES[target]
    said = run_mini_program(
        site,
        target,
        {"open": "pages/login/index"},
        {"type": ["手机号", number]},
        {"tap": "获取验证码"},
        {"see": "请先阅读并勾选上面的隐私政策。"},
        {"tap": "我已阅读并同意"},
        {"tap": "获取验证码"},
        {"typeCode": ["6 位验证码", number]},
        {"tap": "登录并查看"},
        {"follow": True},
        {"see": "还没有检查记录。"},
    )
    assert set(said["storage"][TOKENS]) == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert not [each for each in said["asked"] if "eyJ" in each]


def run_mini_program(site: Installation, target: str, *steps: dict[str, Any]) -> dict[str, Any]:
    """What stands there after these steps of a finger, on a stand-in of the platform and the real server."""
    said: dict[str, Any] = npm.run("mini_program.cjs", str(built(target)), target, site.url, json.dumps(steps))
    return said


@pytest.mark.usefixtures("film")
def test_exam_has_three_equal_entries_and_leads_through_the_history(exams: Page) -> None:
    page = open_exam(exams)
    expect(page.locator(".tile")).to_have_text(["报告1 份", "胶片2 页", re.compile(r"^影像24 幅 [\d.]+ MB$")])
    exam = page.request.get(f"/api/v1/exams/{page.url.partition('id=')[2].partition('&')[0]}").json()
    assert exam["image_bytes"] == sum(len(each) for each in islice(ct_files(CT_EXAM), exam["images"]))
    sizes = page.evaluate('[...document.querySelectorAll(".tile")].map((each) => [each.offsetWidth, each.offsetHeight])')
    assert sizes[0] == sizes[1] == sizes[2]
    expect(page.get_by_text("第 4 次，共 10 次")).to_be_visible()
    page.get_by_role("button", name="较早一次").click()
    expect(page.get_by_text("第 5 次，共 10 次")).to_be_visible()
    swipe(page, from_x=90, to_x=300)
    expect(page.get_by_role("heading", name=CT)).to_be_visible()


def swipe(page: Page, from_x: int, to_x: int) -> None:
    """A finger across the exam, as the pages hear it."""
    page.evaluate(
        """([from, to]) => {
            const place = document.querySelector(".large");
            for (const [kind, x] of [["touchstart", from], ["touchend", to]]) {
                const touch = new Touch({ identifier: 1, target: place, clientX: x, clientY: 200 });
                place.dispatchEvent(new TouchEvent(kind, { bubbles: true, changedTouches: [touch] }));
            }
        }""",
        [from_x, to_x],
    )


@pytest.mark.usefixtures("film")
@pytest.mark.parametrize("target", MINI_PROGRAMS)
def test_mini_program_renews_its_session_and_reads_list_exam_and_film(
    site: Installation, target: str, logins: list[dict[str, str]]
) -> None:
    tokens = logins.pop()
    said = run_mini_program(
        site,
        target,
        {"keep": [TOKENS, {**tokens, "access_token": "over"}]},
        {"open": "pages/exams/index"},
        {"see": CT},
        {"tap": CT},
        {"follow": True},
        {"see": "报告已出"},
        {"see": "第 4 次，共 10 次"},
        {"tap": "胶片"},
        {"follow": True},
        {"see": "第 1 页，共 2 页"},
        {"tap": "下一页"},
        {"see": "第 2 页，共 2 页"},
    )
    assert said["asked"].count("POST /api/v1/session/refresh") == 1, "calls at the same time share one renewal"
    assert said["storage"][TOKENS]["refresh_token"] != tokens["refresh_token"]


@pytest.mark.usefixtures("film")
def test_film_turns_and_zooms_without_steps_and_asks_for_finer_pictures(exams: Page) -> None:
    asked: list[str] = []
    exams.on("request", lambda request: asked.append(request.url) if ".jpg?width=" in request.url else None)
    page = open_film(exams)
    expect(page.get_by_text("第 1 页，共 2 页")).to_be_visible()
    page.get_by_role("button", name="下一页").click()
    expect(page.get_by_role("img", name="胶片第 2 页")).to_be_visible()
    page.locator(".film-area").hover()
    page.mouse.wheel(0, -173)
    before = wait_for_scale(page, above=1)
    assert 1.2 < before < 2
    page.mouse.wheel(0, -400)
    wait_for_scale(page, above=before)
    page.get_by_role("button", name="放大").click()
    expect(page.locator(".film-picture")).to_have_attribute("src", re.compile(r"films/2\.jpg\?width=(2160|4320)$"))
    expect(page.locator(".film-picture")).to_have_js_property("complete", True)
    page.get_by_role("button", name="整页").click()
    assert scale(page) == 1
    widths = [width for url in asked if (width := int(url.rpartition("=")[2])) != SMALL_FILM]
    assert min(widths) >= PHONE["width"]
    assert max(widths) > 1080


def wait_for_scale(page: Page, above: float) -> float:
    """The scale once it is larger than that; a wheel is heard after it was turned."""
    for _ in range(WAIT_MS // LOOK_MS):
        if scale(page) > above:
            return scale(page)
        page.wait_for_timeout(LOOK_MS)
    pytest.fail(f"the film never became larger than {above}")


def scale(page: Page) -> float:
    return float(page.evaluate('new DOMMatrix(document.querySelector(".film-page").style.transform).a'))


def double_tap(page: Page, x: float, y: float) -> None:
    """Two taps that are a tenth of a second apart however busy the machine is."""
    touch = page.context.new_cdp_session(page)
    begun = time.time()
    for at in (0.0, 0.1):
        down = {"type": "touchStart", "touchPoints": [{"x": x, "y": y}], "timestamp": begun + at}
        touch.send("Input.dispatchTouchEvent", down)
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": [], "timestamp": begun + at + 0.02})


@pytest.mark.usefixtures("film")
def test_double_tap_on_a_cell_opens_its_image_and_a_button_does_too(exams: Page) -> None:
    page = open_film(exams)
    box = page.locator(".film-page").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3
    with page.expect_navigation(url=re.compile(r"/viewer/")):
        double_tap(page, x, y)
    tapped = page.url
    assert re.search(r"#study=[0-9.]+&series=[0-9.]+&instance=[0-9.]+&frame=1&exam=[0-9a-f-]+$", tapped)
    page.go_back()
    page.get_by_role("button", name="逐格看").click()
    with page.expect_navigation(url=re.compile(r"/viewer/")):
        page.get_by_role("button", name="打开第 1 格").click()
    assert page.url != tapped


@pytest.mark.usefixtures("film")
@pytest.mark.parametrize("elder", [False, True])
def test_pages_are_clean_for_everybody_and_nothing_is_cut(open_phone: OpenPhone, elder: bool) -> None:
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


def look(page: Page, elder: bool) -> None:
    assert serious_findings(page) == []
    assert cut_texts(page) == []
    assert small_targets(page, 56 if elder else 44) == []


@pytest.mark.usefixtures("film")
def test_scripts_of_list_and_film_are_small_and_the_viewer_is_not_among_them(open_phone: OpenPhone) -> None:
    page = open_phone()
    sizes: dict[str, int] = {}
    page.on(
        "requestfinished", lambda one: sizes.update({one.url: one.sizes()["responseBodySize"]}) if ".js" in one.url else None
    )
    page.reload()
    page.locator(".exam-card").first.wait_for()
    open_film(page)
    while len(sizes) < 4:  # each is told of after it has come
        page.wait_for_timeout(LOOK_MS)
    assert all("/phone/js/" in url for url in sizes)
    assert sum(sizes.values()) < LARGEST_SCRIPT_BYTES


@pytest.fixture
def own_phone(site: Installation, chromium: Browser) -> Iterator[BrowserContext]:
    """A phone that was never here; no script may fail on it or break the pages' own policy."""
    faults: list[str] = []
    context = new_phone(site, chromium)

    def opened(page: Page) -> None:
        watched(page, faults)

    context.on("page", opened)
    yield context
    context.close()
    assert not faults


@pytest.mark.usefixtures("film")
def test_what_was_seen_is_read_without_a_network_until_signing_out(own_phone: BrowserContext, site: Installation) -> None:
    page = remembered(own_phone, site)
    look_around(page)
    own_phone.set_offline(True)
    page.goto("about:blank")
    page.goto("/")
    expect(page.get_by_text(NO_NETWORK)).to_be_visible()
    expect(page.locator(".exam-card")).to_have_count(10)
    expect(page.get_by_role("link", name="010-55550100")).to_be_visible()
    open_exam(page)
    expect(page.locator(".tile", has_text="影像")).to_contain_text("要连上网络才能看")
    expect(page.locator(".tile", has_text="影像")).to_be_disabled()
    look(page, elder=False)
    page.get_by_role("button", name="报告").click()
    expect(page.get_by_text("诊断意见").first).to_be_visible()
    page.locator(".term").first.click()
    expect(page.get_by_text("仅供参考：这里只解释词语的意思")).to_be_visible()
    expect(page.get_by_text(NO_NETWORK).locator("visible=true")).to_be_visible()
    expect(page.get_by_role("link", name="打开 PDF")).to_have_count(0)
    page.go_back()
    page.get_by_role("button", name="胶片").click()
    _seen(page)
    page.goto("/viewer/#study=1.2.3")
    expect(page.get_by_text("没有网络，影像要连上网络才能看。")).to_be_visible()
    page.goto("/#/looked?exam=unseen")
    expect(page.get_by_text("这里还没有看过")).to_be_visible()

    own_phone.set_offline(False)
    page.goto("/#/settings")
    page.get_by_role("button", name="退出登录").click()
    page.get_by_role("button", name="获取验证码").wait_for()
    wait_until_nothing_is_kept(page)
    own_phone.set_offline(True)
    page.goto("/#/exams")
    expect(page.locator(".exam-card")).to_have_count(0)
    assert kept(page) == NOTHING


def look_around(page: Page) -> None:
    """The list, an exam, its report, its film."""
    open_exam(page)
    page.get_by_role("button", name="报告").click()
    page.get_by_text("检查所见").wait_for()
    wait_until_kept(page, "/report/terms")
    page.go_back()
    page.get_by_role("button", name="胶片").click()
    page.get_by_role("button", name="逐格看").wait_for()
    wait_until_kept(page, "/films/1.jpg")
    wait_until_kept(page, "/hospitals")


def test_what_is_no_longer_mine_goes_and_so_does_all_with_a_login_that_nobody_ticked(
    own_phone: BrowserContext, site: Installation
) -> None:
    exam = {"patient_id": "DEMO-0001", "category": "radiology", "performed_at": "2026-01-02T09:00:00+08:00", "item": TAKEN_BACK}
    with httpx.Client(base_url=f"{site.url}/api/v1/hospital", headers=bearer(site.token())) as hospital:
        assert hospital.put("/exams/TAKEN-BACK", json=exam).status_code == 201
        page = remembered(own_phone, site)
        open_exam(page, TAKEN_BACK)
        wait_until_kept(page, page.url.partition("id=")[2].partition("&")[0])
        assert TAKEN_BACK in page.evaluate(WORDS_OF_COPIES)
        assert "eyJ" not in page.evaluate(WORDS_OF_COPIES), "a token"
        assert hospital.put("/patients/SOMEBODY", json={"name": "某人"}).status_code == 201
        moved = hospital.put("/exams/TAKEN-BACK", params={"rematch": "true"}, json={**exam, "patient_id": "SOMEBODY"})
        assert moved.status_code == 200, moved.text
    page.goto("/#/exams")
    page.reload()
    page.wait_for_function(f"async () => !(await ({WORDS_OF_COPIES})()).includes('{TAKEN_BACK}')")
    assert CT in page.evaluate(WORDS_OF_COPIES)
    page.goto(new_ticket(settings_of(site)))  # a demo's link: nobody ticked anything
    open_exam(page)
    wait_until_no_copy_is_kept(page)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture(scope="module")
def far_phone(site: Installation, chromium: Browser) -> Iterator[BrowserContext]:
    """A phone at the end of a bad line, signed in over it, with nothing in its cache."""
    with bad_line(site.port, Line()) as port:
        context = chromium.new_context(
            viewport=PHONE,  # type: ignore[arg-type]
            locale="zh-CN",
            has_touch=True,
            is_mobile=True,
            base_url=f"http://127.0.0.1:{port}",
        )
        context.set_default_timeout(FAR_MS)
        yield context
        context.close()


def test_at_256_kbit_and_two_percent_loss_report_film_and_first_picture_come(
    film: None, site: Installation, far_phone: BrowserContext
) -> None:
    faults: list[str] = []
    page = watched(far_phone.new_page(), faults)
    page.goto(new_ticket(settings_of(site)))
    page.locator(".exam-card", has_text=CT).click()
    assert site.url not in page.url
    page.get_by_role("button", name="报告").click()
    page.get_by_text("检查所见").wait_for()
    page.go_back()
    page.get_by_role("button", name="胶片").click()
    _seen(page)
    page.go_back()
    page.get_by_role("button", name="影像").click()
    page.wait_for_function(DRAWN)
    assert site.url not in page.url, "all of it came over the bad line"
    assert not faults


def _seen(page: Page) -> None:
    """The film is painted."""
    page.wait_for_function(
        "() => [...document.querySelectorAll('img.film-picture')].some((each) => each.complete && each.naturalWidth > 0)"
    )
