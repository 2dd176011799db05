"""A running installation with a few images, a Chromium, and pages that are signed in."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from api.demo import CT_EXAM
from api.demo_phantoms import ct_files
from api.tickets import new_ticket
from infra.settings import from_environ
from tests.parts.chromium import launched
from tests.parts.installation import Installation

SLICES = 24  # enough for a stack that opens in its middle
SAMPLES = ("examples_ybr_color.dcm", "examples_overlay.dcm", "waveform_ecg.dcm")  # cine, MR, no picture
PHONE = {"width": 375, "height": 812}
DESKTOP = {"width": 1280, "height": 800}
WAIT_MS = 90_000
LOOK_MS = 50

OpenPage = Callable[..., Page]
Shared = dict[tuple[bool, str, bool], BrowserContext]
expect.set_options(timeout=WAIT_MS)  # five seconds are short on a busy machine


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A demo with a CT phantom of 24 slices and three samples of the pydicom package."""
    folder = tmp_path_factory.mktemp("images")
    for path in _images(folder):
        assert path.exists()
    with Installation(tmp_path_factory.mktemp("site"), WORKERS=1, INGEST_CHILDREN=1, REDIS_URL="none") as running:
        _succeed(running, "hospital", "demo", "--name", "示范医院")
        _succeed(running, "import", str(folder), "--hospital", "demo")
        yield running


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The Chromium of this machine."""
    # Of one file only: as long as it runs, playwright holds this thread's event loop, which other tests need.
    with sync_playwright() as playwright:
        browser = launched(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def shared(site: Installation, chromium: Browser) -> Iterator[Shared]:
    """One context for each kind of device and reader: a new one costs as much as a test."""
    contexts: Shared = {}
    yield contexts
    for context in contexts.values():
        context.close()


@pytest.fixture
def open_page(site: Installation, chromium: Browser, shared: Shared) -> Iterator[OpenPage]:
    """Opens pages; afterwards none of them may have failed in its scripts or broken its own content security policy."""
    faults: list[str] = []
    pages: list[Page] = []

    def opened(size: dict[str, int] = PHONE, locale: str = "zh-CN", signed_in: bool = True) -> Page:
        kind = (size is PHONE, locale, signed_in)
        if kind not in shared:
            shared[kind] = new_context(site, chromium, size, locale)
        page = shared[kind].new_page()
        pages.append(page)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None)
        has_session = shared[kind].cookies()
        page.goto(ticket(site) if signed_in and not has_session else "/browser/")
        return page

    yield opened
    for page in pages:
        page.context.set_offline(False)
        page.evaluate("localStorage.clear()")
        page.close()
    assert not faults


def new_context(site: Installation, chromium: Browser, size: dict[str, int], locale: str) -> BrowserContext:
    """As a device that was never here."""
    touch = size is PHONE
    context = chromium.new_context(viewport=size, locale=locale, has_touch=touch, is_mobile=touch, base_url=site.url)  # type: ignore[arg-type]
    context.set_default_timeout(WAIT_MS)
    context.new_page().goto("/healthz")  # as long as a page of ours is open, the next one needs no process of its own
    return context


@pytest.fixture
def studies(open_page: OpenPage) -> Page:
    """The list of studies on a phone."""
    page = open_page()
    page.locator(".study:not(.skeleton)").first.wait_for()
    return page


@pytest.fixture
def ct(studies: Page) -> Page:
    """The CT on a phone, its middle slice drawn and described."""
    return show(studies, "胸部CT增强（模体）", window="窗宽 400")


def show(page: Page, title: str, window: str | None = None) -> Page:
    """Open a study of the list; `window` are words to wait for at its corner."""
    page.get_by_role("link", name=title).click()
    page.locator(".stage:not(.waiting) .ne:not(:empty)").wait_for()
    if window:
        page.locator(".sw", has_text=window).wait_for()
    return page


def ticket(site: Installation) -> str:
    """A link of one use."""
    return new_ticket(from_environ({"CLOUDFILM_HOME": str(site.home), "CLOUDFILM_DEMO": "1"}))


def ink(page: Page) -> float:
    """Mean brightness of what is drawn, 0 to 255."""
    return float(
        page.evaluate(
            """() => {
                const canvas = document.querySelector("canvas");
                const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
                let sum = 0;
                for (let place = 0; place < data.length; place += 4) sum += data[place];
                return sum / (data.length / 4);
            }"""
        )
    )


def wait_for_ink(page: Page, above: float) -> None:
    """Return once what is drawn is brighter than that; the page's policy forbids waiting inside it."""
    for _ in range(WAIT_MS // LOOK_MS):
        if ink(page) > above:
            return
        page.wait_for_timeout(LOOK_MS)
    pytest.fail(f"what is drawn never became brighter than {above}")


def _images(folder: Path) -> Iterator[Path]:
    for number, content in enumerate(islice(ct_files(CT_EXAM), SLICES), 1):
        (folder / f"ct{number:03}.dcm").write_bytes(content)
        yield folder / f"ct{number:03}.dcm"
    package = find_spec("pydicom")
    assert package is not None and package.origin is not None
    for name in SAMPLES:
        yield Path(shutil.copy(Path(package.origin).parent / "data" / "test_files" / name, folder))


def _succeed(running: Installation, *words: str) -> None:
    done = running.command(*words)
    assert done.returncode == 0, done.stderr
