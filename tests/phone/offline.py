"""A phone that was asked to remember: what lies on it to be read without a network."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from playwright.sync_api import BrowserContext, Page

from api.access import COOKIE
from api.demo_people import patient_of_demo
from api.services import open_services
from api.session import REMEMBERED
from core.clock import now
from infra.settings import Settings
from tests.parts.installation import Installation
from tests.phone.conftest import settings_of

KEPT = """async () => {
    const kept = [];
    for (const name of await caches.keys()) {
        kept.push(...(await (await caches.open(name)).keys()).map((each) => new URL(each.url).pathname));
    }
    const workers = await navigator.serviceWorker.getRegistrations();
    return { names: await caches.keys(), kept, databases: (await indexedDB.databases()).length, workers: workers.length };
}"""
NOTHING = {"names": [], "kept": [], "databases": 0, "workers": 0}
WORDS_OF_COPIES = """async () => {
    const cache = await caches.open("cloudfilm-seen");
    const copies = await Promise.all((await cache.keys()).map((each) => cache.match(each)));
    return (await Promise.all(copies.map((each) => each.text()))).join(" ");
}"""
# as the login page begins it, when the box is ticked
BEGIN = """async () => {
    await navigator.serviceWorker.register("/sw.js", { scope: "/" });
    while (!navigator.serviceWorker.controller) await new Promise((done) => setTimeout(done, 20));
}"""


def remembered(phone: BrowserContext, site: Installation) -> Page:
    """The list, after a login by SMS at a page where 记住我 was ticked."""
    with ThreadPoolExecutor(1) as beside:  # Playwright's own loop runs in this thread
        token = beside.submit(asyncio.run, session_of_patient(settings_of(site))).result()
    phone.add_cookies([{"name": COOKIE, "value": token, "url": site.url, "httpOnly": True, "sameSite": "Lax"}])
    page = phone.new_page()
    page.goto("/#/used")
    page.evaluate(BEGIN)
    page.goto("/#/exams")
    page.locator(".exam-card").first.wait_for()
    return page


async def session_of_patient(settings: Settings) -> str:
    async with open_services(settings, None) as services:
        patient = await patient_of_demo(services.people)
        assert patient is not None
        return await services.people.sign_ins.begin_page(patient, "sms", now(), REMEMBERED)


def kept(page: Page) -> dict[str, Any]:
    """What lies on the phone."""
    found: dict[str, Any] = page.evaluate(KEPT)
    return found


def wait_until_nothing_is_kept(page: Page) -> None:
    """What is on its way when somebody signs out is waited for, and goes too."""
    page.wait_for_function(f"async (nothing) => JSON.stringify(await ({KEPT})()) === JSON.stringify(nothing)", arg=NOTHING)


def wait_until_no_copy_is_kept(page: Page) -> None:
    """The worker may stay."""
    page.wait_for_function(f"async () => (await ({KEPT})()).kept.length === 0")


def wait_until_kept(page: Page, ending: str) -> None:
    """Copies are written after their answer was shown."""
    page.wait_for_function(f"async () => (await ({KEPT})()).kept.some((path) => path.endsWith('{ending}'))")
