"""Without a network what was seen is read again, until signing out; at the end of a bad line everything comes."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from api.tickets import new_ticket
from tests.parts.badline import Line, bad_line
from tests.parts.installation import Installation
from tests.phone.conftest import (
    CT,
    PHONE,
    new_phone,
    settings_of,
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
from tests.phone.pages import look, open_exam

FAR_MS = 120_000  # on a bad line
NO_NETWORK = "网络连不上或太慢。下面是"
TAKEN_BACK = "收回的检查"
DRAWN = """() => {
  const canvas = document.querySelector('canvas.picture');
  if (!canvas || !canvas.width) return false;
  const values = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  return values.some((value, at) => at % 4 < 3 && value > 32);
}"""


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
    with httpx.Client(base_url=f"{site.url}/api/v1/hospital", headers=bearer(site.token()), timeout=60) as hospital:
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
