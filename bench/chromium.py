"""A headless Chromium as a phone on a simulated network, and what a page shows when it is of use."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.parts.chromium import launched

PHONE = {"width": 390, "height": 844}
PHONE_DENSITY = 3
WAIT_MS = 120_000
COOKIE = "cloudfilm_session"
# True once the canvas shows something that is not of one shade.
DRAWN = """() => {
  const canvas = document.querySelector('canvas.picture');
  if (!canvas || !canvas.width) return false;
  const small = Object.assign(document.createElement('canvas'), {width: 32, height: 32});
  const context = small.getContext('2d');
  context.drawImage(canvas, 0, 0, 32, 32);
  const values = context.getImageData(0, 0, 32, 32).data;
  let least = 255, most = 0;
  for (let at = 0; at < values.length; at += 4) {
    if (values[at + 3]) { least = Math.min(least, values[at]); most = Math.max(most, values[at]); }
  }
  return most - least > 8;
}"""


@dataclass(frozen=True, slots=True)
class Network:
    """What lies between the phone and the server."""

    name: str
    megabits: float  # a second, each way
    latency_ms: int


FOUR_G = Network("4G", 9.0, 85)
THREE_G = Network("3G", 1.6, 300)


@contextmanager
def running() -> Iterator[Browser]:
    """The Chromium of this machine; raises NoChromium."""
    with sync_playwright() as playwright:
        browser = launched(playwright)
        yield browser
        browser.close()


@contextmanager
def phone(browser: Browser, url: str, token: str | None, network: Network | None) -> Iterator[Page]:
    """A page that has loaded nothing yet, signed in, with an empty cache."""
    context = browser.new_context(
        viewport=PHONE,  # type: ignore[arg-type]
        device_scale_factor=PHONE_DENSITY,
        has_touch=True,
        is_mobile=True,
        locale="zh-CN",
        base_url=url,
    )
    context.set_default_timeout(WAIT_MS)
    if token is not None:
        context.add_cookies([{"name": COOKIE, "value": token, "url": url, "httpOnly": True, "sameSite": "Lax"}])
    page = context.new_page()
    if network is not None:
        slow(context, page, network)
    try:
        yield page
    finally:
        context.close()


def slow(context: BrowserContext, page: Page, network: Network) -> None:
    """From now on the page has that network."""
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    rate = network.megabits * 1e6 / 8
    session.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": network.latency_ms, "downloadThroughput": rate, "uploadThroughput": rate},
    )


class Received:
    """The bytes that a page has loaded, as they came over the network; only of one kind ("Script") where that is said."""

    def __init__(self, page: Page, kind: str = "") -> None:
        self.bytes = 0
        self._kind = kind
        self._wanted: set[str] = set()
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.responseReceived", self._answered)
        session.on("Network.loadingFinished", self._finished)

    def _answered(self, told: dict[str, object]) -> None:
        if self._kind in ("", told["type"]):
            self._wanted.add(str(told["requestId"]))

    def _finished(self, told: dict[str, object]) -> None:
        if str(told["requestId"]) in self._wanted:
            self.bytes += int(str(told["encodedDataLength"]).partition(".")[0])


def until_drawn(page: Page, begun: float) -> float:
    """Milliseconds from `begun` (time.perf_counter) until the viewer shows a picture."""
    page.wait_for_function(DRAWN, polling="raf")
    return (time.perf_counter() - begun) * 1000
