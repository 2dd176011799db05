"""The way of a web-view to its session over HTTP: the ticket works once, and leads only to pages of ours."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest

from core.clock import now
from core.grants import Role
from core.uids import uuid7
from identity.models import Person
from identity.sessions import issue
from infra.database import close_database, open_database
from infra.settings import Settings, from_environ
from tests.parts.site import Site

AT_ONCE = 50


@pytest.fixture(scope="module")
def patient(site: Site) -> str:
    """A bearer token of somebody who has just logged in."""
    settings = from_environ({"CLOUDFILM_HOME": str(site.installation.home)})
    return asyncio.run(opened(settings, somebody(settings)))


async def opened(settings: Settings, work: Coroutine[Any, Any, str]) -> str:
    await open_database(settings)
    try:
        return await work
    finally:
        await close_database()


async def somebody(settings: Settings) -> str:
    person = await Person.create(id=uuid7(), created_at=now())
    life = timedelta(hours=1)
    return await issue(settings.keys, role=Role.PATIENT, hospital=None, subject=person.id, life=life, now=now())


def new_ticket(site: Site, patient: str) -> str:
    """The path that opens a page."""
    answer = httpx.post(
        f"{site.installation.url}/api/v1/session/ticket",
        headers={"Authorization": f"Bearer {patient}"},
        verify=False,
        timeout=60,
    )
    assert (answer.status_code, answer.json()["expires_in"], answer.headers["cache-control"]) == (201, 60, "no-store")
    return str(answer.json()["url"])


def browser(site: Site) -> httpx.Client:
    return httpx.Client(base_url=site.installation.url, timeout=60, verify=False)


def test_a_ticket_leads_to_the_viewer_as_the_same_person(site: Site, patient: str) -> None:
    with browser(site) as page:
        entered = page.get(new_ticket(site, patient) + "?to=viewer&appended=by-the-platform")
        assert (entered.status_code, entered.headers["location"]) == (303, "/viewer/")
        assert (entered.headers["referrer-policy"], entered.headers["cache-control"]) == ("no-referrer", "no-store")
        cookie = entered.headers["set-cookie"].lower()
        assert "httponly" in cookie and "samesite=lax" in cookie and "max-age=" in cookie
        me = httpx.get(
            f"{site.installation.url}/api/v1/me", headers={"Authorization": f"Bearer {patient}"}, verify=False, timeout=60
        )
        assert page.get("/api/v1/me").json()["id"] == me.json()["id"]


def test_a_used_ticket_says_what_to_do_and_one_loaded_again_goes_on(site: Site, patient: str) -> None:
    path = new_ticket(site, patient)
    with browser(site) as page, browser(site) as other:
        assert page.get(path).headers["location"] == "/"
        again = other.get(path)
        assert again.status_code == 410 and "再点一次" in again.text and "set-cookie" not in again.headers
        assert again.text == other.get("/enter/neverseen").text
        assert page.get(path).status_code == 303


@pytest.mark.parametrize("to", ["//evil.example.org", "https://evil.example.org", "/kiosk/", "viewer/.."])
def test_a_ticket_leads_nowhere_else_and_is_not_used_up_by_that(site: Site, patient: str, to: str) -> None:
    path = new_ticket(site, patient)
    with browser(site) as page:
        assert page.get(path, params={"to": to}).status_code == 404
        assert page.get(path).status_code == 303


def test_of_fifty_at_once_one_gets_a_cookie(site: Site, patient: str) -> None:
    path = new_ticket(site, patient)
    with ThreadPoolExecutor(AT_ONCE) as many:
        tries = [many.submit(httpx.get, site.installation.url + path, timeout=60, verify=False) for _ in range(AT_ONCE)]
        answers = [each.result() for each in tries]
    assert sorted(answer.status_code for answer in answers) == [303] + [410] * (AT_ONCE - 1)
    assert sum("set-cookie" in answer.headers for answer in answers) == 1
