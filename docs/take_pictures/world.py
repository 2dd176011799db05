"""A demo that runs for the pictures, browsers that open pages in it, and what its patient and recipients did before."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import httpx
from playwright.sync_api import Browser, BrowserContext, Page

from api.tickets import new_ticket
from infra.settings import Settings, from_environ
from tests.parts.installation import Installation
from tests.parts.phone import Phone

PHONE, DESK = (390, 844), (1440, 900)
DENSITY = 1.5  # pixels a point
WAIT_MS, FILM_SECONDS = 60_000, 240.0
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
    with phone_of(world.site) as phone:
        exams = [each["id"] for item in items for each in phone.exams() if each["item"] == item]
        made = phone.client.post("/api/v1/shares", json={"exams": exams, "mask": mask, **more}).raise_for_status().json()
        code = phone.client.post(f"/api/v1/shares/{made['id']}/pickup", json={}).raise_for_status().json()["code"]
    return Shared(made["id"], made["url"], made["passcode_digits"], code)


def seen(page: Page, words: str) -> Page:
    """The page, once these words stand there."""
    page.get_by_text(words).locator("visible=true").first.wait_for()
    return page


def phone_of(site: Installation) -> Phone:
    """The patient's, signed in without a code: one code a minute is too slow for this."""
    done = site.command("token", "--role", "patient", "--hospital", "demo", "--person", PATIENT, "--ttl", "1h")
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    phone = Phone(site.url, PATIENT)
    phone.client.headers["Authorization"] = f"Bearer {done.stdout.strip()}"
    return phone


def told_exam(site: Installation, accession: str, item: str, **more: object) -> None:
    """An exam that the hospital tells of the demo's patient."""
    said = {
        "patient_id": "DEMO-0001",
        "category": "radiology",
        "performed_at": "2026-01-04T09:00:00+08:00",
        "item": item,
        **more,
    }
    with httpx.Client(base_url=site.url, headers={"Authorization": f"Bearer {site.token()}"}, timeout=30) as his:
        his.put(f"/api/v1/hospital/exams/{accession}", json=said).raise_for_status()


def newest_link(site: Installation) -> str:
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


def with_films(site: Installation) -> None:
    """Return once the films of the exams that are shown are made."""
    end = time.monotonic() + FILM_SECONDS
    with phone_of(site) as phone:
        while time.monotonic() < end:
            made = {each["item"] for each in phone.exams() if each["films"]}
            if {CT, ECHO} <= made:
                return
            time.sleep(1)
    raise SystemExit("the films were never made")


def _exams(page: Page) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = page.request.get("/api/v1/exams?limit=50").json()["items"]
    return items
