"""A patient's phone: logs in with the code from the demo's message page, and asks for what is theirs."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import httpx

LONGEST_WAIT_SECONDS, LOOK_SECONDS = 60.0, 0.05


class Phone:
    """One person with one number, on a server that is a demo."""

    def __init__(self, url: str, number: str) -> None:
        self.number = number
        self.client = httpx.Client(base_url=url, timeout=LONGEST_WAIT_SECONDS)
        self.tokens: dict[str, Any] = {}

    def __enter__(self) -> Phone:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def log_in(self) -> None:
        """Ask for a code, read it, and keep the tokens."""
        sent = self.client.post("/api/v1/login/sms", json={"phone": self.number})
        assert sent.status_code == 202, sent.text
        said = {"challenge": sent.json()["challenge"], "code": self.newest_code()}
        answer = self.client.post("/api/v1/login/sms/verify", json=said)
        assert answer.status_code == 200, answer.text
        self.tokens = answer.json()
        self.client.headers["Authorization"] = f"Bearer {self.tokens['access_token']}"

    def newest_code(self) -> str:
        """The newest code that was sent to this phone."""
        page = self.client.get("/demo/messages", headers={"Accept": "application/json"})
        return next(str(each["code"]) for each in page.json()["items"] if each["code"] and each["to"].endswith(self.number))

    def awaited_code(self) -> str:
        """The first code that comes to this phone; it is sent beside the answer to who asked for it."""
        end = time.monotonic() + LONGEST_WAIT_SECONDS
        while time.monotonic() < end:
            with suppress(StopIteration):
                return self.newest_code()
            time.sleep(LOOK_SECONDS)
        raise TimeoutError("no code came")

    def get(self, path: str, **parameters: str | int) -> httpx.Response:
        """GET below /api/v1."""
        return self.client.get(f"/api/v1{path}", params=parameters)

    def bind(self, hospital: str, kind: str, value: str, name: str) -> httpx.Response:
        """Try to prove that a record is theirs."""
        said = {"hospital": hospital, "kind": kind, "value": value, "name": name}
        return self.client.post("/api/v1/me/bindings", json=said)

    def exams(self, **parameters: str | int) -> list[dict[str, Any]]:
        """The exams of one page."""
        answer = self.get("/exams", **parameters)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])
