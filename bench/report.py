"""What stays of a run: all figures as JSON, and the page docs/benchmarks.md."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from bench.results import Row, markdown
from bench.steps import Steps

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
REMARKS = Path(__file__).with_name("remarks.md")  # what a person found out about the figures


def write_json(folder: Path, at: datetime, machine: dict[str, str], rows: Sequence[Row], steps: Steps | None) -> Path:
    """All that was measured, in a file named by the time."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{at:%Y%m%d-%H%M%S}.json"
    found = {"at": at.isoformat(), "machine": machine, "rows": [row.as_json() for row in rows]}
    path.write_text(json.dumps({**found, "steps": asdict(steps) if steps else None}, indent=1, ensure_ascii=False))
    return path


def write_page(command: str, at: datetime, machine: dict[str, str], rows: Sequence[Row], steps: Steps | None) -> None:
    """The page for people."""
    parts = [
        "# Benchmarks",
        f"Measured {at:%Y-%m-%d %H:%M} UTC by `{command}`. Every figure is the median of runs taken in turn, A B B A, of"
        " cloudfilm (login on) and Orthanc (login off) with the same files on the same machine; the client runs on the same"
        " cores. Ratios can be compared with other machines, absolute figures hardly.",
        "\n".join(f"* {what}: {which}" for what, which in machine.items()),
        "## Beside Orthanc",
        markdown(rows),
        "Orthanc caches no rendered pictures: *never asked before* compares the computing of both, *asked before* our memory"
        " with its computing. `strangers' CPU` is the share of the machine that other programs took meanwhile: a line with"
        " more than 10 % is not to be quoted.",
        "## Notes of the runs",
        "\n".join(f"* {row.title}, {row.connections} conn.: {_notes(row)}" for row in rows if row.notes),
    ]
    if steps is not None:
        parts += ["## Where the time of a store goes", _steps(steps)]
    if REMARKS.exists():
        parts.append(REMARKS.read_text().strip())
    PAGE.write_text("\n\n".join(part for part in parts if part) + "\n")


def _notes(row: Row) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in row.notes.items())


def _steps(steps: Steps) -> str:
    lines = [
        f"Preparing one CT slice (examine, compress, prove, index rows, thumbnail) takes {steps.prepare_ms:.2f} ms of one core;"
        f" flushing one object and its folder {steps.flush_ms:.2f} ms on this disk, twice before the answer. Own time of the"
        " functions of preparing, under the profiler:",
        "",
        "| function | ms a slice |",
        "|---|--:|",
        *(f"| `{name}` | {own_ms:.2f} |" for name, own_ms in steps.own),
    ]
    return "\n".join(lines)
