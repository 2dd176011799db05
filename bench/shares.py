"""`python -m bench.shares`: a shared frame under its mask beside one without, QR codes, and 2,000 shares opened at once."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench import load, machine
from bench.figures import Line
from bench.interleaved import interleaved
from bench.openings import openings
from bench.parties import Party
from bench.results import Row, median
from bench.sharesworld import SIDE, SLICES, World, filled, recipient
from tests.parts.installation import Installation

OUT = Path(__file__).with_name("out")
PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks-shares.md"
MASKED_AT_MOST = 1.3  # times the answer without a mask
QR_MS_AT_MOST = 30.0
# what is asked for, in which form, and the end of its path
FRAMES = (
    ("frame as stored", "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.4.202", ""),
    ("frame as a JPEG", "image/jpeg", "/rendered"),
)
MASKED, NAMED = "masked", "named"
WARMING = 16  # connections, so that each process gets some


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit 0 when everything answered and every limit was kept, 1 otherwise."""
    asked = _arguments(arguments)
    at, lines = datetime.now(UTC), []
    with tempfile.TemporaryDirectory(prefix="cloudfilm-shares-") as folder, Installation(Path(folder)) as installation:
        world = asyncio.run(filled(installation))
        for found in (_frames(world, asked), _codes(world, asked), openings(world, asked.opens)):
            for line in found:
                print(_text(line), flush=True)
                lines.append(line)
    print(f"written: {_write(at, lines, asked)}")
    return int(any(line.verdict not in ("", "reached") for line in lines))


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.shares", description=__doc__)
    parser.add_argument("--opens", type=int, default=2000, help="shares opened at once (default 2000)")
    parser.add_argument("--seconds", type=int, default=4, help="of one run (default 4)")
    parser.add_argument("--runs", type=int, default=4, help="of each kind, in turn (default 4)")
    parser.add_argument("--tries", type=int, default=3, help="of a run while strangers use more than 10 %% of the machine")
    parser.add_argument("--page", action="store_true", help=f"write {PAGE.name}")
    return parser.parse_args(given)


def _frames(world: World, asked: argparse.Namespace) -> list[Line]:
    """The same frames, asked for before, by two recipients: in turn, A B B A."""
    root = f"{world.installation.url}/dicom-web"
    paths, parties = {}, []
    for name in (MASKED, NAMED):
        token, paths[name] = recipient(world, mask=name == MASKED)
        parties.append(Party(name, root, {"Authorization": f"Bearer {token}"}, world.installation.processes))
    lines: list[Line] = []
    for connections in (1, 16):
        for title, accept, ending in FRAMES:
            asks = {name: [f"{path}{ending}" for path in found] for name, found in paths.items()}
            pair = Pair(Row(title, title, "/s", connections), asks, accept, asked.seconds)
            for party in parties:  # in every process
                pair.ask(party, WARMING)
            interleaved(pair.row, parties[0], parties[1], pair.measure, asked.runs, asked.tries)
            lines += compared(pair)
    return lines


@dataclass
class Pair:
    """Frames of one form, asked for by two recipients. `microseconds`: of our processors, for each answer."""

    row: Row
    paths: Mapping[str, list[str]]
    accept: str
    seconds: int
    microseconds: dict[str, list[float]] = field(default_factory=dict)

    def ask(self, party: Party, connections: int) -> load.Load:
        """As often as it answers."""
        headers = party.accepting(self.accept)
        return load.run(party.root, self.paths[party.name], headers, connections=connections, seconds=self.seconds)

    def measure(self, party: Party) -> tuple[float, int]:
        """Answers a second, and how many failed."""
        before = _processor_seconds(party)
        got = self.ask(party, self.row.connections)
        spent = _processor_seconds(party) - before
        self.microseconds.setdefault(party.name, []).append(spent / max(1, got.requests) * 1e6)
        return got.per_second, got.failed


def _processor_seconds(party: Party) -> float:
    spent = [process.cpu_times() for process in party.processes()]
    return float(sum(times.user + times.system for times in spent))


def compared(pair: Pair) -> tuple[Line, Line, Line]:
    """Answers a second without and with the mask, and how many times fewer those are."""
    row = pair.row
    title = f"{row.title}, c{row.connections}"
    named, masked = Line(f"{title}, named", "/s", row.peers), Line(f"{title}, masked", "/s", row.ours)
    for line, name in ((named, NAMED), (masked, MASKED)):
        line.notes = {"processor µs an answer": round(median(pair.microseconds.get(name, [])))}
    ratio = [median(row.peers) / median(row.ours)] if median(row.ours) else []
    notes = {"strangers' share of the processor": round(median(row.foreign), 2)}
    return named, masked, Line(f"{title}, cost of the mask", "×", ratio, MASKED_AT_MOST, row.failed, notes)


def _codes(world: World, asked: argparse.Namespace) -> list[Line]:
    """The signed QR of a share: drawn anew at each request, since nobody on the way may keep it."""
    share = world.patient.post("/api/v1/shares", json={"exams": [world.exam]}).raise_for_status().json()
    headers = {"Authorization": world.patient.headers["Authorization"]}
    lines = []
    for ending in ("png", "svg"):
        line = Line(f"QR as {ending}, c1", "ms", required=QR_MS_AT_MOST)
        for _ in range(asked.runs):
            path = f"/api/v1/shares/{share['id']}/qr.{ending}"
            got = load.run(world.installation.url, [path], headers, connections=1, seconds=asked.seconds)
            line.values.append(got.p50_ms)
            line.failed += got.failed
            line.notes["p99 ms"] = round(max(line.notes.get("p99 ms", 0.0), got.p99_ms), 1)
        lines.append(line)
    return lines


def _text(line: Line) -> str:
    limit = f"≤ {line.required:g}" if line.required is not None else ""
    notes = ", ".join(f"{what} {value:g}" for what, value in line.notes.items())
    return f"{line.title:48s} {line.median:9.2f} {line.unit:3s} {limit:8s} {line.verdict:10s} {notes}"


def _write(at: datetime, lines: Sequence[Line], asked: argparse.Namespace) -> Path:
    """All figures as JSON; as a page when that is asked for."""
    OUT.mkdir(parents=True, exist_ok=True)
    path = OUT / f"shares-{at:%Y%m%d-%H%M%S}.json"
    found = {"at": at.isoformat(), "machine": machine.described(), "lines": [dataclasses.asdict(line) for line in lines]}
    path.write_text(json.dumps(found, ensure_ascii=False))
    if asked.page:
        PAGE.write_text(_page(at, lines))
    return path


def _page(at: datetime, lines: Sequence[Line]) -> str:
    described = "\n".join(f"* {what}: {which}" for what, which in machine.described().items() if what != "peer")
    rows = [
        f"| {line.title} | {line.median:.2f} {line.unit} | {f'≤ {line.required:g}' if line.required is not None else ''} |"
        f" {line.verdict} | {', '.join(f'{what} {value:g}' for what, value in line.notes.items())} |"
        for line in lines
    ]
    return (
        "# Benchmarks: shares\n\n"
        f"Measured {at:%Y-%m-%d %H:%M} UTC by `python -m bench.shares`. A recipient's session asks over HTTP for the {SLICES}"
        f" slices of a CT ({SIDE}×{SIDE}) that it asked for before, by a share with the patient's name and by a masked one,"
        " in turn; figures are medians of runs. A QR is signed and drawn at each request. All"
        " shares opened at once have connections, passcodes and visits of their own. The client runs on the same cores.\n\n"
        f"{described}\n\n| what | median | asked | | besides |\n|---|--:|--:|---|---|\n" + "\n".join(rows) + "\n"
    )


if __name__ == "__main__":
    sys.exit(main())
