"""The Chromium of this machine, else the one that playwright brings, without a window."""

from __future__ import annotations

import shutil

from playwright.sync_api import Browser, Playwright
from playwright.sync_api import Error as PlaywrightError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ADVICE = "Chromium is needed: `apt-get install chromium`, or without root `.venv/bin/python -m playwright install chromium`"


class NoChromium(Exception):
    """There is none, or it does not start."""


def launched(playwright: Playwright, *flags: str) -> Browser:
    """A running browser, to be closed by the caller; raises NoChromium."""
    found = next((path for path in map(shutil.which, NAMES) if path), None)
    try:
        return playwright.chromium.launch(executable_path=found, args=["--no-sandbox", *flags])
    except PlaywrightError as error:
        raise NoChromium(f"{ADVICE} ({error.message.splitlines()[0]})") from error
