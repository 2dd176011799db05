"""Measuring two servers in turn, A B B A, so that what the machine does meanwhile meets both alike."""

from __future__ import annotations

import time
from collections.abc import Callable

from bench.parties import Party, noise
from bench.results import Row

QUIET = 0.1  # a run during which strangers took more of the machine than this is repeated
TRIES = 3
PAUSE_SECONDS = 1.0

Measure = Callable[[Party], tuple[float, int]]  # the figure, and how many answers failed


def interleaved(row: Row, ours: Party, peer: Party | None, measure: Measure, runs: int, tries: int = TRIES) -> None:
    """Add `runs` figures of each party to the row."""
    parties = [ours] if peer is None else [ours, peer]
    for run in range(runs):
        for party in parties if run % 2 == 0 else reversed(parties):
            value, failed, foreign = _quiet(party, measure, parties, tries)
            (row.ours if party is ours else row.peers).append(value)
            row.failed += failed
            row.foreign.append(foreign)


def _quiet(party: Party, measure: Measure, parties: list[Party], tries: int) -> tuple[float, int, float]:
    """The run during which strangers took least, of up to `tries`."""
    best: tuple[float, int, float] | None = None
    for left in reversed(range(tries)):
        before = noise(parties)
        value, failed = measure(party)
        foreign = noise(parties).since(before)
        if best is None or foreign < best[2]:
            best = value, failed, foreign
        if foreign <= QUIET or not left:
            break
        time.sleep(PAUSE_SECONDS)
    assert best is not None
    return best
