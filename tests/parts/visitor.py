"""A browser without script: opens a page, fills in its form, and keeps its cookies."""

from __future__ import annotations

import time
from html.parser import HTMLParser
from typing import Any

import httpx

from tests.parts.phone import LONGEST_WAIT_SECONDS, LOOK_SECONDS

AS_BROWSERS_DO = {
    "Accept": "text/html",
    "Accept-Language": "zh-CN",
    "Origin": "null",
}  # a page that sends no Referer has no origin


class Visitor:
    """One browser. `answer` is the page that it shows."""

    def __init__(self, url: str, agent: str = "Mozilla/5.0") -> None:
        self.client = httpx.Client(
            base_url=url, headers={"User-Agent": agent}, timeout=LONGEST_WAIT_SECONDS, follow_redirects=True, verify=False
        )
        self.answer = httpx.Response(0)

    def __enter__(self) -> Visitor:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    @property
    def text(self) -> str:
        """What stands on the page."""
        return self.answer.text

    def open(self, path: str) -> httpx.Response:
        """Go to a page."""
        self.answer = self.client.get(path, headers={"Accept": "text/html"})
        return self.answer

    def send(self, step: str, **typed: str) -> httpx.Response:
        """Fill in the form of that step and send it; raises AssertionError when the page has none."""
        form = next((each for each in self.forms() if each.get("step") == step), None)
        assert form is not None, f"no form for {step} on: {self.text[-600:]}"
        assert set(typed) <= set(form), f"{step} asks for {sorted(form)}"
        self.answer = self.client.post(form.pop("action"), data={**form, **typed}, headers=AS_BROWSERS_DO)
        return self.answer

    def forms(self) -> list[dict[str, str]]:
        """Each form of the page: its fields, and `action`."""
        found = _Forms()
        found.feed(self.text)
        return found.forms

    def newest_code(self, phone: str) -> str:
        """The newest code that was sent to this phone, of a demo."""
        page = self.client.get("/demo/messages", headers={"Accept": "application/json"})
        return next(str(each["code"]) for each in page.json()["items"] if each["to"].endswith(phone) and each["code"])

    def awaited(self, phone: str, kind: str) -> dict[str, Any]:
        """The first message of that kind to this phone, of a demo; the worker sends it beside what others do."""
        end = time.monotonic() + LONGEST_WAIT_SECONDS
        while time.monotonic() < end:
            page = self.client.get("/demo/messages", headers={"Accept": "application/json"})
            for each in page.json()["items"]:
                if each["to"].endswith(phone) and each["kind"] == kind:
                    return dict(each)
            time.sleep(LOOK_SECONDS)
        raise TimeoutError(f"no {kind} came")

    def log_in(self, phone: str) -> httpx.Response:
        """By the forms of the page that is open."""
        self.send("phone", phone=phone)
        return self.send("code", code=self.newest_code(phone))


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append({"action": said["action"]})
        elif tag in ("input", "select", "textarea"):
            self.forms[-1][said["name"]] = said.get("value", "")
