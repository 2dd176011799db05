"""All slices of a series in the viewer, over a slow line: seconds until the last can be looked at, and the bytes that took."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from playwright.sync_api import Browser, Page

from bench.chromium import Network, Received, phone

LONG_SECONDS = 900.0
LOOK_MS = 250
MEGABYTE = 1e6
# When each picture of a series was first unpacked, ms since the page began to load. The viewer marks them by their names.
UNPACKED = """() => {
  const first = new Map();
  for (const { detail, startTime } of performance.getEntriesByName('cloudfilm-frame')) {
    if (!first.has(detail)) first.set(detail, startTime);
  }
  return [...first.values()];
}"""


@dataclass(frozen=True, slots=True)
class Party:
    """A server with the series and the viewer; `cookie` signs in where that is asked for."""

    name: str
    url: str
    cookie: str | None


@dataclass(frozen=True, slots=True)
class Loaded:
    """What one party took over a line of so many Mbit/s."""

    party: str
    megabits: float
    seconds: float
    received: int

    @property
    def line_use(self) -> float:
        """Share of what the line could have carried in that time."""
        return self.received * 8 / (self.seconds * self.megabits * 1e6)


def loaded(browser: Browser, party: Party, network: Network, path: str, slices: int) -> Loaded:
    """Open the series with an empty cache and wait until every slice is unpacked."""
    with phone(browser, party.url, party.cookie, network) as page:
        received = Received(page)
        page.goto(path)
        seconds = all_unpacked(page, slices)
        return Loaded(party.name, network.megabits, seconds, received.bytes)


def all_unpacked(page: Page, slices: int) -> float:
    """Return once so many different slices are unpacked: the seconds from the page's beginning until the last of them."""
    end = time.monotonic() + LONG_SECONDS
    while len(found := page.evaluate(UNPACKED)) < slices:
        if time.monotonic() > end:
            sys.exit(f"{len(found)} of {slices} slices were unpacked within {LONG_SECONDS:.0f} s")
        page.wait_for_timeout(LOOK_MS)
    return float(max(found)) / 1000


def table(ours: Loaded, peers: Sequence[Loaded], required: float) -> Iterator[str]:
    """Rows of a page: bytes, seconds, use of the line, and how many times faster ours is."""
    yield "| all 300 slices, unpacked | received | seconds | of the line | ours is faster | asked | |"
    yield "|---|--:|--:|--:|--:|--:|---|"
    yield f"| {_row(ours)} | | | |"
    for peer in peers:
        ratio = peer.seconds / ours.seconds
        verdict = "reached" if ratio >= required else "SHORT"
        yield f"| {_row(peer)} | {ratio:.1f} × | {required:g} × | {verdict} |"


def _row(one: Loaded) -> str:
    return f"{one.party} | {one.received / MEGABYTE:.1f} MB | {one.seconds:.1f} s | {one.line_use:.0%}"
