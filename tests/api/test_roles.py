"""Every route for every role: nobody without a token, nobody of another role, and nothing breaks for those who may."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from sanic import Sanic

from api.openapi import Operation, operations
from api.server import create_app
from core.grants import Role
from infra.settings import Settings
from tests.parts.installation import Installation

pytestmark = pytest.mark.timeout(180)

ENDS_THE_ASKER = {("DELETE", "/api/v1/session"), ("DELETE", "/api/v1/me")}
NOBODYS = "1.2.3"  # a UID, an accession number, an id: whatever stands there, it does not exist


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Installation(tmp_path_factory.mktemp("roles"), WORKERS=1) as installation:
        assert installation.command("hospital", "demo", "--name", "demo").returncode == 0
        yield installation


@pytest.fixture(scope="module")
def tokens(site: Installation) -> dict[Role, str]:
    found = {role: site.token(role.value) for role in Role if role is not Role.PATIENT}
    printed = site.command("token", "--role", "patient", "--person", "13800138001")
    return found | {Role.PATIENT: printed.stdout.strip()}


@pytest.fixture
def marked(settings: Settings) -> Iterator[list[Operation]]:
    """Every method of every route that is not for everybody."""
    app = create_app(settings)
    yield [each for each in operations(app) if not isinstance(each.access, str) and each.method != "HEAD"]
    Sanic.unregister_app(app)


@pytest.fixture
def client(site: Installation) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.url, timeout=30) as client:
        yield client


def ask(client: httpx.Client, operation: Operation, token: str | None) -> httpx.Response:
    path = re.sub(r"{\w+}", NOBODYS, operation.path)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return client.request(operation.method, path, headers=headers, content=b"{}" if operation.method != "GET" else None)


def test_without_a_token_every_marked_route_is_401(client: httpx.Client, marked: list[Operation]) -> None:
    assert len(marked) > 40
    assert {(each.path, ask(client, each, None).status_code) for each in marked} == {(each.path, 401) for each in marked}


def test_every_other_role_is_403(client: httpx.Client, marked: list[Operation], tokens: dict[Role, str]) -> None:
    for operation in marked:
        for role in set(Role) - set(operation.access):
            answer = ask(client, operation, tokens[role])
            assert answer.status_code == 403, f"{role} {operation.method} {operation.path}"


def test_who_may_call_it_gets_an_answer_that_is_no_failure_of_ours(
    client: httpx.Client, marked: list[Operation], tokens: dict[Role, str]
) -> None:
    for operation in marked:
        if (operation.method, operation.path.rstrip("/")) in ENDS_THE_ASKER:
            continue
        for role in Role:
            if role in operation.access:
                answer = ask(client, operation, tokens[role])
                assert answer.status_code < 500, f"{role} {operation.method} {operation.path}: {answer.status_code}"
                assert answer.status_code not in (401, 403), f"{role} {operation.method} {operation.path}: {answer.text}"
