"""What was built for a browser: kept for ever, packed, small, and nothing else is served."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.parts.installation import Installation
from tests.phone.conftest import (
    OpenPhone,
)
from tests.phone.pages import open_film

pytestmark = pytest.mark.timeout(240)
LOOK_MS = 50
LARGEST_SCRIPT_BYTES = 200_000  # of list and film, as they come over the wire


def test_built_files_are_kept_for_ever_and_packed_as_the_browser_likes(site: Installation) -> None:
    page = httpx.get(site.url + "/", timeout=60)
    assert page.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert "<script>" not in page.text
    script = re.findall(r'src="(/phone/js/app[^"]+)"', page.text)[0]
    bodies = {}
    for taken, sent in (("br, gzip", "br"), ("gzip;q=0.5, br;q=0", "gzip"), ("identity", None)):
        answer = httpx.get(site.url + script, headers={"Accept-Encoding": taken}, timeout=60)
        assert answer.headers.get("content-encoding") == sent
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert int(answer.headers["content-length"]) < 100_000 or sent is None
        bodies[sent] = answer.headers["etag"]
    assert len(set(bodies.values())) == len(bodies)
    again = httpx.get(site.url + script, headers={"If-None-Match": bodies["br"], "Accept-Encoding": "br"}, timeout=60)
    assert again.status_code == 304


def test_page_that_asks_for_a_file_of_an_older_build_is_loaded_anew_once(open_phone: OpenPhone) -> None:
    page = open_phone()
    page.locator(".exam-card").first.wait_for()
    loads: list[str] = []
    page.on("request", lambda asked: loads.append(asked.url) if asked.is_navigation_request() else None)
    page.route("**/phone/js/*.js", lambda route: route.continue_() if loads else route.fulfill(status=404))
    with page.expect_event("load"):
        page.get_by_role("button", name="设置").click()
    page.get_by_role("heading", name="我的登录设备").wait_for()


def test_only_built_files_are_served(site: Installation) -> None:
    for name in ("stamp", "js", "../stamp", "..%2f..%2fpyproject.toml", "%2e%2e/stamp", "index.htm", "js/app.js"):
        assert httpx.get(f"{site.url}/phone/{name}", timeout=60).status_code == 404


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
