"""What was measured, as a table: ours, the peer's, the ratio that was reached beside the one that was asked for."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field


@dataclass(slots=True)
class Row:
    """One job at one number of connections. `ours` and `peers` are the runs in the order they were made."""

    job: str
    title: str
    unit: str  # "/s" or "MB/s" (more is better), "ms" or "MiB" (less is better)
    connections: int
    required: float | None = None
    ours: list[float] = field(default_factory=list)
    peers: list[float] = field(default_factory=list)
    failed: int = 0
    foreign: list[float] = field(default_factory=list)
    notes: dict[str, float] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        """How many times better ours is, by the medians; None without a peer."""
        ours, peers = median(self.ours), median(self.peers)
        if not ours or not peers:
            return None
        return peers / ours if self.unit in ("ms", "MiB") else ours / peers

    @property
    def verdict(self) -> str:
        """Whether what was asked for was reached."""
        if self.required is None or self.ratio is None:
            return ""
        return "reached" if self.ratio >= self.required else "SHORT"

    def as_json(self) -> dict[str, object]:
        """For bench/out."""
        return {**asdict(self), "ratio": self.ratio, "verdict": self.verdict}


def median(values: Sequence[float]) -> float:
    """0 without values."""
    return statistics.median(values) if values else 0.0


HEADER = ("job", "conn.", "cloudfilm", "Orthanc", "ratio", "asked", "", "strangers' CPU")


def cells(row: Row) -> tuple[str, ...]:
    """One line of the table, below HEADER."""
    ours, peers = (f"{_number(median(each))} {row.unit}" if each else "–" for each in (row.ours, row.peers))
    ratio = f"{_number(row.ratio)}×" if row.ratio else "–"
    asked = f"{row.required:g}×" if row.required else "–"
    failed = f" {row.failed} FAILED" if row.failed else ""
    return row.title, str(row.connections), ours, peers, ratio, asked, row.verdict + failed, f"{median(row.foreign):.0%}"


def line(row: Row) -> str:
    """For a terminal."""
    title, connections, ours, peers, ratio, asked, verdict, foreign = cells(row)
    return f"{title:52.52s} c{connections:>2s} {ours:>13s} {peers:>13s} {ratio:>8s} {asked:>6s} {verdict:10s} {foreign:>4s}"


def markdown(rows: Sequence[Row]) -> str:
    """For a page of docs/."""
    lines = ["| " + " | ".join(HEADER) + " |", "|---|--:|--:|--:|--:|--:|---|--:|"]
    return "\n".join(lines + ["| " + " | ".join(cells(row)) + " |" for row in rows])


def _number(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
