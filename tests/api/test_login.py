"""Logging in over HTTP: a code from the demo's message page, tokens, refresh, logout; and what is refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx
import pytest

from tests.parts.installation import Installation

_numbers = count(13900000000)
ASK_TO_KEEP = {"Cloudfilm-Keep": "1"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Talks to a server of its own, so that no other test uses up what an address may ask for."""
    with (
        Installation(tmp_path_factory.mktemp("login"), WORKERS=1) as installation,
        httpx.Client(base_url=f"{installation.url}/api/v1", timeout=30) as client,
    ):
        yield client


@pytest.fixture
def phone() -> str:
    return str(next(_numbers))


def newest_code(client: httpx.Client, phone: str) -> str:
    page = client.get(client.base_url.join("/demo/messages"), headers={"Accept": "application/json"})
    return next(str(each["code"]) for each in page.json()["items"] if each["code"] and each["to"].endswith(phone))


def log_in(client: httpx.Client, phone: str) -> dict[str, Any]:
    challenge = client.post("/login/sms", json={"phone": phone}).json()["challenge"]
    answer = client.post("/login/sms/verify", json={"challenge": challenge, "code": newest_code(client, phone)})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def test_a_code_from_the_message_page_signs_in(client: httpx.Client, phone: str) -> None:
    tokens = log_in(client, phone)
    listed = client.get("/exams", headers={**bearer(tokens), **ASK_TO_KEEP})
    assert listed.status_code == 200
    assert "cloudfilm-keep" not in listed.headers, "tokens are no browser's"
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 900)
    me = client.get("/me", headers=bearer(tokens)).json()
    assert [each["number"] for each in me["phones"]] == [f"139****{phone[-4:]}"]
    assert me["bindings"] == []


def test_the_same_phone_in_any_writing_is_the_same_person(client: httpx.Client, phone: str) -> None:
    first = client.get("/me", headers=bearer(log_in(client, phone))).json()["id"]
    answer = client.post("/login/sms", json={"phone": f"+86 {phone[:3]}-{phone[3:7]}-{phone[7:]}"})
    assert answer.status_code == 429, "one a minute, whatever the writing"
    assert int(answer.headers["retry-after"]) <= 61
    assert first


def test_a_wrong_code_is_401_and_a_used_challenge_too(client: httpx.Client, phone: str) -> None:
    challenge = client.post("/login/sms", json={"phone": phone}).json()["challenge"]
    code = newest_code(client, phone)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    answers = [client.post("/login/sms/verify", json={"challenge": challenge, "code": each}) for each in (wrong, code, code)]
    assert [answer.status_code for answer in answers] == [401, 200, 401]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b"{}", 422),
        (b'{"phone": 13800138001}', 422),
        (b'{"phone": "12345"}', 422),
        (b'{"phone": "13800138001", "more": 1}', 422),
        (b'{"phone": "\\u0000"}', 422),
    ],
)
def test_a_bad_body_is_refused_in_words(client: httpx.Client, body: bytes, status: int) -> None:
    answer = client.post("/login/sms", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert "13800138001" not in answer.text


def test_refresh_gives_new_tokens_once_and_reuse_ends_the_login(client: httpx.Client, phone: str) -> None:
    first = log_in(client, phone)
    second = client.post("/session/refresh", json={"refresh_token": first["refresh_token"]}).json()
    assert client.get("/me", headers=bearer(second)).status_code == 200
    assert client.post("/session/refresh", json={"refresh_token": first["refresh_token"]}).status_code == 401
    assert client.get("/me", headers=bearer(second)).status_code == 401
    assert client.post("/session/refresh", json={"refresh_token": second["refresh_token"]}).status_code == 401


def test_after_logging_out_nothing_of_the_login_is_good(client: httpx.Client, phone: str) -> None:
    tokens = log_in(client, phone)
    assert client.delete("/session", headers=bearer(tokens)).status_code == 204
    assert client.get("/me", headers=bearer(tokens)).status_code == 401
    assert client.post("/session/refresh", json={"refresh_token": tokens["refresh_token"]}).status_code == 401


def test_a_second_phone_joins_who_held_it(client: httpx.Client, phone: str) -> None:
    other = str(next(_numbers))
    old, tokens = log_in(client, other), log_in(client, phone)
    third = str(next(_numbers))
    challenge = client.post("/login/sms", json={"phone": third}).json()["challenge"]
    said = {"challenge": challenge, "code": newest_code(client, third)}
    assert client.post("/me/phones", json=said, headers=bearer(tokens)).status_code == 201
    numbers = {each["number"] for each in client.get("/me/phones", headers=bearer(tokens)).json()["items"]}
    assert numbers == {f"139****{each[-4:]}" for each in (phone, third)}
    assert client.get("/me", headers=bearer(old)).status_code == 200


def test_the_message_page_is_readable_without_a_script(client: httpx.Client, phone: str) -> None:
    client.post("/login/sms", json={"phone": phone})
    page = client.get(client.base_url.join("/demo/messages"))
    assert page.headers["content-type"].startswith("text/html")
    assert phone in page.text
    assert newest_code(client, phone) in page.text


def value_of(cookie: str) -> str:
    """The session in a Set-Cookie."""
    return cookie.partition("=")[2].partition(";")[0]


def test_a_page_of_ours_gets_a_cookie_that_no_script_sees(client: httpx.Client, phone: str) -> None:
    challenge = client.post("/login/sms", json={"phone": phone}).json()["challenge"]
    said = {"challenge": challenge, "code": newest_code(client, phone), "remember": True}
    origin = str(client.base_url.join("/")).rstrip("/")
    for headers in ({}, {"Origin": "https://elsewhere.example"}):
        refused = client.post("/login/sms/verify", json=said, headers=headers)
        assert refused.status_code == 403, "and the code is still good"
        assert (refused.json()["title"], refused.json()["open_at"]) == ("请用这个网址打开本站，再登录", origin)
        assert "CLOUDFILM_PUBLIC_URL" in refused.json()["detail"]
    answer = client.post("/login/sms/verify", json=said, headers={"Origin": origin})
    assert answer.json() == {"token_type": "Cookie", "expires_in": 30 * 86_400}
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("cloudfilm_session=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/", f"Max-Age={30 * 86_400}"} <= set(cookie.split("; "))
    try:
        assert client.get("/me").json()["phones"]
        login, until = client.get("/exams", headers=ASK_TO_KEEP).headers["cloudfilm-keep"].split()
        here = client.get("/me/sign-ins").json()["items"][0]
        assert (here["id"], here["device"]) == (login, "a program")
        assert here["place"] == {"kind": "this-machine", "network": "127.0.0.*"}
        assert 29 * 86_400 < int(until) - time.time() <= 30 * 86_400
        for path, asking in (("/exams", {}), ("/me", ASK_TO_KEEP), ("/exams/nobodys", ASK_TO_KEEP)):
            assert "cloudfilm-keep" not in client.get(path, headers=asking).headers, (
                "who does not ask, what is no exam, no answer"
            )
        with httpx.Client(
            base_url=client.base_url, headers={"Authorization": f"Bearer {value_of(cookie)}"}, timeout=60
        ) as program:
            listed = program.get("/exams", headers=ASK_TO_KEEP)
        assert listed.status_code == 200
        assert "cloudfilm-keep" not in listed.headers, "who brings the token itself is no page of ours"
        assert client.delete("/session", headers={"Origin": origin}).status_code == 204
        assert client.get("/me").status_code == 401
    finally:
        client.cookies.clear()


def test_a_demo_lets_in_who_opened_it_as_localhost(client: httpx.Client, phone: str) -> None:
    challenge = client.post("/login/sms", json={"phone": phone}).json()["challenge"]
    said = {"challenge": challenge, "code": newest_code(client, phone), "remember": False}
    headers = {"Origin": f"http://localhost:{client.base_url.port}"}
    assert client.post("/login/sms/verify", json=said, headers=headers).status_code == 200
    assert client.delete("/session", headers=headers).status_code == 204
    client.cookies.clear()


def test_a_browser_that_shall_not_remember_forgets_when_it_is_closed(client: httpx.Client, phone: str) -> None:
    challenge = client.post("/login/sms", json={"phone": phone}).json()["challenge"]
    said = {"challenge": challenge, "code": newest_code(client, phone), "remember": False}
    answer = client.post("/login/sms/verify", json=said, headers={"Origin": str(client.base_url.join("/")).rstrip("/")})
    listed = client.get("/exams", headers=ASK_TO_KEEP)
    assert listed.status_code == 200
    assert "cloudfilm-keep" not in listed.headers
    client.cookies.clear()
    assert answer.json()["expires_in"] == 12 * 3600
    assert "Max-Age" not in answer.headers["set-cookie"]
