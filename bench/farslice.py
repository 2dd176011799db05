"""A slice far from what was looked at, while the series is still coming: how soon it is seen, small, sharp and whole."""

from __future__ import annotations

import time

from playwright.sync_api import Browser

from bench.chromium import Network, phone

FAR = 40  # of 300, where the stack opens in its middle
BEFORE_MS = 8000  # so long somebody looked at the first one
SEEN = f"() => (document.querySelector('.corner.ne .count')?.textContent ?? '').startsWith('{FAR} ')"
QUALITIES = ("light", "full")


def far_slice(browser: Browser, url: str, cookie: str, network: Network, path: str) -> list[float]:
    """Milliseconds from the move of the slider until that slice is seen at all, as sharp as the screen, at full fidelity."""
    with phone(browser, url, cookie, network) as page:
        page.goto(path)
        page.locator(".pane[data-quality=full]").wait_for()
        page.wait_for_timeout(BEFORE_MS)
        begun = time.perf_counter()
        page.locator(".range").fill(str(FAR))
        page.wait_for_function(SEEN, polling="raf")
        waits = [time.perf_counter() - begun]
        for place in range(len(QUALITIES)):
            page.locator(", ".join(f".pane[data-quality={each}]" for each in QUALITIES[place:])).wait_for()
            waits.append(time.perf_counter() - begun)
        return [each * 1000 for each in waits]
