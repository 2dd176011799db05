"""A second patient of the demo's hospital, so that the list of the first stays as it is; what her hospital tells of her."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import httpx
from playwright.sync_api import Browser, BrowserContext

from api.access import COOKIE
from api.services import open_services
from api.session import REMEMBERED
from core.clock import now
from identity.bindings import Claim
from infra.settings import Settings
from records import identifiers
from tests.parts.installation import Installation
from tests.phone.conftest import new_phone, settings_of

NUMBER, NAME, ID_CARD = "13800138004", "欧阳映雪", "11010519491231002X"
PATIENT_ID = "SECOND"


def system(site: Installation, role: str = "hospital") -> httpx.Client:
    """One of the hospital's systems, below /api/v1."""
    return httpx.Client(base_url=f"{site.url}/api/v1", headers={"Authorization": f"Bearer {site.token(role)}"}, timeout=60)


def told_exam(his: httpx.Client, accession: str, item: str, *reports: str, at: str, **more: object) -> str:
    """An exam of the second patient with a report of each of these states, one after the other; its id."""
    patient = {"name": NAME, "sex": "F", "phones": [NUMBER], "identifiers": [{"kind": "id_card", "value": ID_CARD}]}
    his.put(f"/hospital/patients/{PATIENT_ID}", json=patient).raise_for_status()
    said = {"patient_id": PATIENT_ID, "category": "radiology", "modality": "CT", "performed_at": at, "item": item, **more}
    exam = his.put(f"/hospital/exams/{accession}", json=said).raise_for_status().json()
    for number, status in enumerate(reports):
        words = {"findings": f"双肺未见异常{'。' * (number + 1)}", "impression": "未见异常。"}
        his.put(f"/hospital/exams/{accession}/report", json={"status": status, **words}).raise_for_status()
    return str(exam["id"])


def phone_of_hers(site: Installation, chromium: Browser) -> BrowserContext:
    """Her phone, signed in; her exams must have been told."""
    with ThreadPoolExecutor(1) as beside:  # Playwright's own loop runs in this thread
        token = beside.submit(asyncio.run, _bound_session(settings_of(site))).result()
    phone = new_phone(site, chromium)
    phone.add_cookies([{"name": COOKIE, "value": token, "url": site.url, "httpOnly": True, "sameSite": "Lax"}])
    return phone


async def _bound_session(settings: Settings) -> str:
    async with open_services(settings, None) as services:
        people, at = services.people, now()
        person = await people.persons.of_phone(identifiers.phone(NUMBER).number, at)
        await people.bindings.bind(person, Claim("demo", "id_card", ID_CARD, NAME), "local", at)
        return await people.sign_ins.begin_page(person, "sms", at, REMEMBERED)
