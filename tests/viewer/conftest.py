"""A running installation with the phantom, a Chromium, and the viewer in it as a hand would use it."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright, expect, sync_playwright

from tests.parts.chromium import launched
from tests.parts.installation import Installation
from tests.viewer import phantom

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}
WAIT_MS = 90_000
COOKIE = "cloudfilm_session"
NEXT_FRAME = "() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => drawn())))"
OLD_DEVICE = ("--disable-3d-apis", "--js-flags=--jitless")  # no WebGL, and with it no WebAssembly

Point = tuple[float, float]


@dataclass(frozen=True)
class Site:
    """The server, and the token of a hospital's system for it."""

    installation: Installation
    token: str

    @property
    def url(self) -> str:
        return self.installation.url


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A hospital that holds the phantom; one for all files here, which go to one worker."""
    with Installation(tmp_path_factory.mktemp("site"), WORKERS=1, REDIS_URL="none", INGEST_CHILDREN=1) as running:
        done = running.command("hospital", "demo", "--name", "示范医院")
        assert done.returncode == 0, done.stderr
        token = running.token()
        store(running.url, token, phantom.files())
        yield Site(running, token)


def store(url: str, token: str, files: Iterable[bytes]) -> None:
    """As a scanner sends them."""
    parts = b"".join(b"--b\r\nContent-Type: application/dicom\r\n\r\n" + file + b"\r\n" for file in files)
    kind = 'multipart/related; type="application/dicom"; boundary=b'
    headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
    answer = httpx.post(f"{url}/dicom-web/studies", content=parts + b"--b--\r\n", headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """Of this folder only: as long as it runs, playwright holds this thread's event loop, which other tests need."""
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="package")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """The Chromium of this machine."""
    browser = launched(playwright)
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def old_chromium(playwright: Playwright) -> Iterator[Browser]:
    """A browser without WebGL and WebAssembly."""
    browser = launched(playwright, *OLD_DEVICE)
    yield browser
    browser.close()


class Viewer:
    """The page of the viewer, and what a hand does with it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requests: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))

    def open(self, study: str, **more: str) -> Viewer:
        """Open a study and wait for its first picture in its last quality."""
        self.page.goto(f"/viewer/#study={study}" + "".join(f"&{name}={value}" for name, value in more.items()))
        return self

    def shown(self, quality: str = "full", pane: int = 0) -> Viewer:
        """Return once the picture is there."""
        expect(self.pane(pane)).to_have_attribute("data-quality", quality, timeout=WAIT_MS)
        return self

    def pane(self, number: int = 0) -> Locator:
        return self.page.locator(".pane").nth(number)

    def corner(self, name: str, pane: int = 0) -> Locator:
        return self.pane(pane).locator(f".corner.{name}")

    def tool(self, name: str) -> None:
        """Choose a measuring tool."""
        self.page.get_by_role("button", name="测量", exact=True).click()
        self.page.get_by_role("menuitemradio", name=name, exact=True).click()

    def choose(self, button: str, item: str) -> None:
        """Press a button of the bar and one of what it offers."""
        self.page.get_by_role("button", name=button, exact=True).click()
        self.page.locator(".sheet .choice", has_text=item).first.click()

    def at(self, x: float, y: float, columns: int = phantom.SIDE, rows: int = phantom.SIDE, aspect: float = 1) -> Point:
        """Where a point of the picture is on the screen, while the whole picture is shown."""
        box = self.pane().locator(".stage").bounding_box()
        assert box is not None
        scale = min(box["width"] / columns, box["height"] / (rows * aspect))
        middle_x, middle_y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        return middle_x + (x - columns / 2) * scale, middle_y + (y - rows / 2) * scale * aspect

    def drag(self, *points: Point, button: str = "left") -> None:
        """Press at the first point, move along, let go at the last."""
        mouse = self.page.mouse
        mouse.move(*points[0])
        mouse.down(button=button)  # type: ignore[arg-type]
        for point in points[1:]:
            mouse.move(*point, steps=4)
        mouse.up(button=button)  # type: ignore[arg-type]

    def said(self) -> list[str]:
        """The lines of the last measurement, once what was asked for is drawn."""
        self.page.evaluate(NEXT_FRAME)
        lines = self.page.locator(".mark").last.locator(".said tspan")
        lines.first.wait_for()
        return lines.all_text_contents()

    def number(self, line: int = 0) -> float:
        """The first number in a line of the last measurement."""
        found = re.search(r"-?\d+(\.\d+)?", self.said()[line])
        assert found is not None, self.said()
        return float(found[0])

    def pixels(self, rows: int = phantom.SIDE, columns: int = phantom.SIDE, pane: int = 0) -> NDArray[np.uint8]:
        """Greys in the middle of a pane's canvas, as many as the picture has, once what was asked for is drawn."""
        self.page.evaluate(NEXT_FRAME)
        packed = self.page.evaluate(
            """([rows, columns, pane]) => {
                const canvas = document.querySelectorAll(".pane canvas.picture")[pane];
                const left = Math.round(canvas.width / 2 - columns / 2), top = Math.round(canvas.height / 2 - rows / 2);
                const { data } = canvas.getContext("2d").getImageData(left, top, columns, rows);
                let letters = "";
                for (let at = 0; at < data.length; at += 4) letters += String.fromCharCode(data[at]);
                return btoa(letters);
            }""",
            [rows, columns, pane],
        )
        return np.frombuffer(base64.b64decode(packed), np.uint8).reshape(rows, columns)


OpenViewer = Callable[..., Viewer]


@pytest.fixture(scope="package")
def contexts() -> Iterator[dict[tuple[Browser, bool, bool], BrowserContext]]:
    """One for each kind of device and reader, so that not every test brings the scripts anew."""
    opened: dict[tuple[Browser, bool, bool], BrowserContext] = {}
    yield opened
    for context in opened.values():
        context.close()


@pytest.fixture
def open_viewer(
    site: Site, chromium: Browser, contexts: dict[tuple[Browser, bool, bool], BrowserContext]
) -> Iterator[OpenViewer]:
    """Opens pages; afterwards none may have failed in its scripts or broken its own content security policy."""
    faults: list[str] = []
    pages: list[Page] = []

    def opened(size: dict[str, int] = DESKTOP, signed_in: bool = True, browser: Browser = chromium) -> Viewer:
        kind = (browser, size is PHONE, signed_in)
        if kind not in contexts:
            contexts[kind] = _context(site, *kind)
        page = contexts[kind].new_page()
        pages.append(page)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None)
        return Viewer(page)

    yield opened
    for page in pages:
        page.close()
    assert not faults


def _context(site: Site, browser: Browser, phone: bool, signed_in: bool) -> BrowserContext:
    size = PHONE if phone else DESKTOP
    context = browser.new_context(viewport=size, locale="zh-CN", has_touch=phone, is_mobile=phone, base_url=site.url)  # type: ignore[arg-type]
    context.set_default_timeout(WAIT_MS)
    if signed_in:
        context.add_cookies([{"name": COOKIE, "value": site.token, "url": site.url}])
    context.new_page().goto("/healthz")  # as long as a page of ours is open, the next one needs no process of its own
    return context


@pytest.fixture
def ct(open_viewer: OpenViewer) -> Viewer:
    """The stack on a desktop, its fourth slice at full fidelity."""
    viewer = open_viewer().open(phantom.uid("ct"), series=phantom.uid("ct axial"), instance=phantom.uid("ct slice 4"))
    return viewer.shown()
