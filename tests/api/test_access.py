"""Access: no handler without a mark, no answer without a live token of a role that may, no refusal off the record."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest
from sanic import Sanic

from api.access import COOKIE, MARK
from api.server import create_app
from core.clock import now
from core.grants import Role
from identity.sessions import revoke
from identity.tokens import read
from infra.database import close_database, open_database
from infra.epoch import sessions_epoch
from infra.settings import Settings, from_environ
from tests.parts.site import Site


@pytest.fixture
def app(settings: Settings) -> Iterator[Sanic[Any, Any]]:
    created = create_app(settings)
    yield created
    Sanic.unregister_app(created)


def refusals(site: Site) -> list[dict[str, Any]]:
    """Every refusal on record, oldest first."""
    with closing(sqlite3.connect(site.installation.home / "cloudfilm.sqlite3")) as database:
        database.row_factory = sqlite3.Row
        rows = database.execute("SELECT * FROM audit_entry WHERE outcome = 'refused' ORDER BY id").fetchall()
    return [dict(row) | {"detail": json.loads(row["detail"])} for row in rows]


def test_every_handler_is_marked(app: Sanic[Any, Any]) -> None:
    assert len(app.router.routes) > 20
    for route in app.router.routes:
        mark = getattr(route.handler, MARK, None)
        assert mark, f"{route.path} is marked neither with roles nor as public"
        assert isinstance(mark, str) or all(isinstance(role, Role) for role in mark)


def test_a_role_may_do_what_it_is_for_and_no_more(site: Site) -> None:
    path = site.path("slice 1").split("/series")[0]
    may: dict[str, tuple[int, int, int]] = {
        "hospital": (200, 409, 409),
        "admin": (200, 409, 409),
        "clinician": (200, 403, 403),
        "kiosk": (403, 403, 403),
        "guide": (403, 403, 403),
        "auditor": (403, 403, 403),
    }
    body = site.files["ct"][:-10]  # is refused, whoever sends it
    for role, expected in may.items():
        with site.client(role) as client:
            got = (
                client.get("/dicom-web/studies").status_code,
                client.post("/dicom-web/studies", content=body, headers={"Content-Type": "application/dicom"}).status_code,
                client.delete(f"/dicom-web{path}").status_code,
            )
        assert got == expected, role


def test_the_cookie_reads_and_writes_only_from_our_own_pages(site: Site) -> None:
    with site.client() as signed:
        token = signed.headers["authorization"].removeprefix("Bearer ")
    url = site.installation.url
    path = f"/dicom-web{site.path('slice 1').split('/series')[0]}"
    with httpx.Client(base_url=url, cookies={COOKIE: token}, timeout=30) as client:
        assert client.get("/dicom-web/studies").status_code == 200
        assert client.head("/dicom-web/studies").status_code == 200
        for origin in (
            None,
            "null",
            "https://evil.example",
            "http://[",
            url + ".evil.example",
            "https" + url.removeprefix("http"),
        ):
            headers = {"Origin": origin} if origin else {}
            assert client.delete(path, headers=headers).status_code == 401, origin
        assert client.delete(path, headers={"Origin": url}).status_code == 409


def test_a_token_in_the_url_is_nobody(site: Site) -> None:
    with site.client() as signed:
        token = signed.headers["authorization"].removeprefix("Bearer ")
    for name in ("token", "access_token", "Authorization"):
        assert httpx.get(f"{site.root}/studies?{name}={token}", timeout=60).status_code == 401


def test_each_refusal_is_on_record_with_who_and_what(site: Site) -> None:
    before = len(refusals(site))
    path = site.path("ct")
    study = path.split("/")[2]
    httpx.get(f"{site.root}/studies", timeout=60)
    with site.client("kiosk") as kiosk:
        kiosk.get("/dicom-web/studies")
    with site.client("hospital", "demo2") as other:
        other.get(f"/dicom-web{path}/frames/1")
    nobody, wrong_role, not_theirs = refusals(site)[before:]
    assert (nobody["chain"], nobody["role"], nobody["detail"]["why"]) == ("-", "anonymous", "not signed in")
    assert (wrong_role["chain"], wrong_role["role"], wrong_role["detail"]["why"]) == ("demo", "kiosk", "role")
    assert (not_theirs["chain"], not_theirs["role"], not_theirs["study_uid"]) == ("demo2", "hospital", study)
    assert not_theirs["detail"]["why"] == "NotFound"
    assert not_theirs["detail"]["route"].startswith("dicom-web/studies/<study:str>/series/")
    assert not_theirs["address"] == "127.0.0.1"


def test_a_revoked_token_is_nobody_at_its_next_request(site: Site) -> None:
    token = site.installation.token("hospital")
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=site.installation.url, headers=headers, timeout=30) as client:
        assert client.get("/dicom-web/studies").status_code == 200
        asyncio.run(_revoke(site, token))
        assert client.get("/dicom-web/studies").status_code == 401


async def _revoke(site: Site, token: str) -> None:
    """As another process of this machine does it."""
    settings = from_environ({"CLOUDFILM_HOME": str(site.installation.home)})
    await open_database(settings)
    epoch = sessions_epoch(settings.home)
    assert await revoke(read(token, settings.keys.tokens, now()).session, epoch, now())
    epoch.close()
    await close_database()


def test_readiness_life_and_metrics(site: Site) -> None:
    url = site.installation.url
    assert httpx.get(f"{url}/healthz", timeout=60).json() == {"status": "ok"}
    assert httpx.get(f"{url}/readyz", timeout=60).json() == {"status": "ready"}
    assert httpx.get(f"{url}/metrics", timeout=60).status_code == 404
    with site.client("admin") as admin, site.client("hospital") as system:
        assert admin.get("/metrics").status_code == 200
        assert system.get("/metrics").status_code == 404
