"""A demo whose patient has a CT with its film, a Chromium, and phones that open pages in it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pydicom
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from pydicom.data import get_testdata_file

from api.commands.hospital import set_up
from api.demo import CT_EXAM, HOSPITALS
from api.demo_people import introduce, patient_of_demo
from api.demo_phantoms import ct_files
from api.pages.assets import SHARE
from api.services import open_services
from api.tickets import new_ticket
from core.clock import now
from infra.settings import Settings, from_environ
from tests.parts.chromium import launched
from tests.parts.installation import Installation
from tests.parts.phone import Phone

SLICES = 24  # two pages of film
CT = "胸部CT增强（模体）"
ULTRASOUND = "超声心动图"
ECHO = "examples_ybr_color.dcm"  # of the pydicom package: the device wrote beside its image area
PATIENT = "13800138000"
PHONE = {"width": 390, "height": 844}
WAIT_MS = 90_000
FILM_SECONDS = 120.0  # far more than it takes
MINI_PROGRAMS = ("weapp", "alipay")
LOGINS = 5  # of two tests on both mini-programs, and to look for the film
SERIOUS = ("serious", "critical")

OpenPhone = Callable[..., Page]
expect.set_options(timeout=WAIT_MS)  # a question is asked four times over five seconds before it has failed


@dataclass(frozen=True)
class Demo:
    """A running server, and logins of its patient."""

    site: Installation
    logins: list[dict[str, str]]


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo's people and exams, with the images of one CT only, so that it is there soon; for all files of this folder."""
    if not (SHARE / "h5" / "index.html").exists():
        pytest.fail("the pages have not been built: infra/deploy/phone.sh h5")
    folder = tmp_path_factory.mktemp("images")
    for number, content in enumerate(islice(ct_files(CT_EXAM), SLICES), 1):
        (folder / f"ct{number:03}.dcm").write_bytes(content)
    _echoes(folder)
    with Installation(tmp_path_factory.mktemp("phone"), WORKERS=1, REDIS_URL="none") as running:
        with ThreadPoolExecutor(1) as beside:  # Playwright's own loop may run in this thread
            logins = beside.submit(asyncio.run, _introduced(settings_of(running))).result()
        done = running.command("import", str(folder), "--hospital", "demo")
        assert done.returncode == 0, done.stderr
        yield Demo(running, logins)


@pytest.fixture(scope="package")
def site(demo: Demo) -> Installation:
    """The server."""
    return demo.site


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The Chromium of this machine. No test of this folder needs the event loop that playwright holds meanwhile."""
    with sync_playwright() as playwright:
        browser = launched(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def logins(demo: Demo) -> list[dict[str, str]]:
    """Tokens of logins of the demo's patient, each taken out by who uses it."""
    return demo.logins


@pytest.fixture(scope="package")
def film(site: Installation, logins: list[dict[str, str]]) -> None:
    """The CT has its film; other tests go first, since it takes its time."""
    end = time.monotonic() + FILM_SECONDS
    with Phone(site.url, PATIENT) as phone:
        phone.client.headers["Authorization"] = f"Bearer {logins.pop()['access_token']}"
        while time.monotonic() < end:
            if any(each["item"] == CT and each["films"] for each in phone.exams()):
                return
            time.sleep(0.2)
    pytest.fail("the film was never made")


@pytest.fixture
def open_phone(site: Installation, chromium: Browser) -> Iterator[OpenPhone]:
    """Opens phones of their own; afterwards no script of theirs may have failed or broken the pages' own policy."""
    faults: list[str] = []
    contexts = []

    def opened(path: str = "", *, elder: bool = False, locale: str = "zh-CN") -> Page:
        """Signed in as the demo's patient at the list; with a path, a stranger there."""
        context = new_phone(site, chromium, elder=elder, locale=locale)
        contexts.append(context)
        page = watched(context.new_page(), faults)
        page.goto(path or new_ticket(settings_of(site)))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not faults


@pytest.fixture(scope="package")
def patients_phone(site: Installation, chromium: Browser) -> Iterator[BrowserContext]:
    """One phone of the demo's patient, signed in, for all tests that leave it as it is."""
    context = new_phone(site, chromium)
    page = context.new_page()
    page.goto(new_ticket(settings_of(site)))
    page.goto("/healthz")  # as long as a page of ours is open, the next one needs no process of its own
    yield context
    context.close()


@pytest.fixture
def exams(patients_phone: BrowserContext) -> Iterator[Page]:
    """The list on the patient's phone."""
    faults: list[str] = []
    page = watched(patients_phone.new_page(), faults)
    page.goto("/")
    page.locator(".exam-card").first.wait_for()
    yield page
    patients_phone.set_offline(False)
    page.close()
    assert not faults


def new_phone(site: Installation, chromium: Browser, *, elder: bool = False, locale: str = "zh-CN") -> BrowserContext:
    """A phone that was never here."""
    context = chromium.new_context(viewport=PHONE, locale=locale, has_touch=True, is_mobile=True, base_url=site.url)  # type: ignore[arg-type]
    context.set_default_timeout(WAIT_MS)
    if elder:
        context.add_init_script('localStorage.setItem("cloudfilm-settings", JSON.stringify({ data: { elder: true } }))')
    return context


def watched(page: Page, faults: list[str]) -> Page:
    """A page whose failures are noted."""
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None)
    return page


def settings_of(running: Installation) -> Settings:
    """As the running server has them, where it matters here."""
    return from_environ({"CLOUDFILM_HOME": str(running.home), "CLOUDFILM_DEMO": "1", "CLOUDFILM_PORT": str(running.port)})


def serious_findings(page: Page) -> list[str]:
    """What axe-core finds wrong for people who see, hear or move otherwise: rule and place."""
    source = (SHARE / "axe.min.js").read_text(encoding="utf-8")
    page.evaluate(f"() => {{ {source} }}")
    found: dict[str, Any] = page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
    bad = [each for each in found["violations"] if each["impact"] in SERIOUS]
    return [f"{each['id']}: {node['html'][:160]}" for each in bad for node in each["nodes"]]


def cut_texts(page: Page) -> list[str]:
    """Texts that do not fit where they stand, and whatever reaches over the edge of the screen."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll(".app *")].filter((each) => {
            if (!each.offsetParent || each.closest(".unseen, .film-area")) return false;
            const over = each.getBoundingClientRect().right > innerWidth + 1;
            const words = [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
            const hidden = words && getComputedStyle(each).overflowX !== "visible" && each.scrollWidth > each.clientWidth + 1;
            const hint = each.placeholder && !each.value && each.scrollWidth > each.clientWidth + 1;
            return over || hidden || hint;
        }).map((each) => each.outerHTML.slice(0, 160))"""
    )
    return found


def small_targets(page: Page, least: int) -> list[str]:
    """What can be touched and is smaller than a finger."""
    found: list[str] = page.evaluate(
        """(least) => [...document.querySelectorAll("button, a[href], input, select, textarea")].filter((each) => {
            const box = each.getBoundingClientRect();
            return each.offsetParent && box.width && (box.height < least - 0.5 || box.width < 43.5);
        }).map((each) => each.outerHTML.slice(0, 160))""",
        least,
    )
    return found


def _echoes(folder: Path) -> None:
    """One ultrasound cine, and the same again as a second series."""
    echo = pydicom.dcmread(get_testdata_file(ECHO))  # type: ignore[arg-type]  # a path, as the file is there
    for number, description in enumerate(("四腔心", "没有选的序列"), 1):
        echo.SpecificCharacterSet, echo.SeriesDescription, echo.SeriesNumber = "ISO_IR 192", description, number
        echo.SeriesInstanceUID = f"{echo.StudyInstanceUID}.{number}"
        echo.SOPInstanceUID = f"{echo.SeriesInstanceUID}.1"
        echo.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.UID(echo.SOPInstanceUID)
        echo.save_as(folder / f"us{number}.dcm")


async def _introduced(settings: Settings) -> list[dict[str, str]]:
    async with open_services(settings, None) as services:
        for code, name in HOSPITALS.items():
            await set_up(code, name)
        await introduce(services.people, services.trail, now())
        patient = await patient_of_demo(services.people)
        assert patient is not None
        begun = [await services.people.sign_ins.begin(patient, "sms", now()) for _ in range(LOGINS)]
    return [{"access_token": each.access, "refresh_token": each.refresh} for each in begun]


def built(target: str) -> Path:
    """The folder of what was built for WeChat or Alipay."""
    folder = SHARE / target
    if not (folder / "app.json").exists():
        pytest.fail(f"it has not been built: infra/deploy/phone.sh {target}")
    return folder
