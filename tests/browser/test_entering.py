from __future__ import annotations

import httpx
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, ticket
from tests.parts.installation import Installation


def test_link_signs_in_and_shows_the_studies(open_page: OpenPage, site: Installation) -> None:
    page = open_page()
    expect(page.locator(".study:not(.skeleton)")).to_have_count(4)
    assert page.url.removeprefix(site.url) in ("/browser/", "/browser/#/")
    (cookie,) = page.context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == ("cloudfilm_session", True, "Lax")


def test_link_works_once(site: Installation) -> None:
    link = site.url + ticket(site)
    first, second = httpx.get(link, timeout=60), httpx.get(link, timeout=60)
    assert (first.status_code, first.headers["location"]) == (303, "/browser/")
    assert (second.status_code, second.headers["location"]) == (303, "/#/used")
    assert "set-cookie" not in second.headers
    assert first.headers["cache-control"] == "no-store"


def test_ticket_is_not_kept_in_the_clear(site: Installation) -> None:
    secret = ticket(site).rsplit("/", 1)[1]
    kept = list((site.home / "run" / "tickets").iterdir())
    assert kept
    assert not [path for path in kept if secret in path.name or secret in path.read_text()]


def test_link_does_not_stand_in_the_log(site: Installation) -> None:
    link = ticket(site)
    httpx.get(site.url + link, timeout=60)
    assert link.rsplit("/", 1)[1] not in site.logged()


def test_used_link_says_what_to_do(open_page: OpenPage) -> None:
    page = open_page(signed_in=False)
    page.goto("/browser/#/used")
    page.reload()
    expect(page.get_by_role("heading", name="这个链接已用过或已过期")).to_be_visible()
    expect(page.get_by_text("再运行一次 make run")).to_be_visible()


def test_stranger_is_told_how_to_sign_in(open_page: OpenPage) -> None:
    page = open_page(signed_in=False)
    expect(page.get_by_role("heading", name="请先登录")).to_be_visible()
    expect(page.locator(".study")).to_have_count(0)


def test_token_opens_the_list_and_the_pictures(open_page: OpenPage, site: Installation) -> None:
    page = open_page(signed_in=False)
    page.get_by_label("也可以在这里粘贴访问令牌").fill(site.token())
    page.get_by_role("button", name="进入").click()
    expect(page.locator(".study .thumb img")).to_have_count(3)
    assert "eyJ" not in page.url


def test_wrong_token_is_refused_in_words(open_page: OpenPage) -> None:
    page = open_page(signed_in=False)
    page.get_by_label("也可以在这里粘贴访问令牌").fill("nonsense")
    page.get_by_role("button", name="进入").click()
    expect(page.get_by_role("alert")).to_have_text("令牌不对或已失效，请重新获取。")


def test_pages_carry_a_strict_policy_and_are_cached_by_content(site: Installation) -> None:
    page = httpx.get(site.url + "/browser/", timeout=60)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-content-type-options"] == "nosniff"
    again = httpx.get(site.url + "/browser/", headers={"If-None-Match": page.headers["etag"]}, timeout=60)
    assert (again.status_code, again.content) == (304, b"")


def test_only_known_files_are_served(site: Installation) -> None:
    assert httpx.get(site.url + "/browser/main.js", timeout=60).headers["content-type"].startswith("text/javascript")
    for name in ("main.py", "..%2f..%2fpyproject.toml", "%2e%2e", "index"):
        assert httpx.get(f"{site.url}/browser/{name}", timeout=60).status_code == 404
