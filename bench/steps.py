"""Where the time of a store goes: what each function costs when one CT slice is prepared, and what flushing costs here."""

from __future__ import annotations

import cProfile
import os
import pstats
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from archive.prepare import prepare

SLICES = 40
SHOWN = 14


@dataclass(frozen=True, slots=True)
class Steps:
    """Milliseconds for each slice. `own` is the time in a function itself, without what it calls; the profiler adds some."""

    prepare_ms: float
    flush_ms: float
    own: list[tuple[str, float]]


def steps(files: Sequence[Path]) -> Steps:
    """Prepare the first slices in this process, on one core, first without and then under the profiler."""
    with tempfile.TemporaryDirectory(prefix="bench-steps-") as folder:
        target = Path(folder) / "object"
        prepare(str(files[0]), str(target))
        begun = time.process_time()  # of this process alone, so that a busy machine does not count
        for file in files[:SLICES]:
            prepare(str(file), str(target))
        plain_ms = (time.process_time() - begun) * 1000 / len(files[:SLICES])
        flush_ms = _flush_ms(target.read_bytes(), Path(folder))
        return Steps(plain_ms, flush_ms, _profiled(files[:SLICES], target))


def _profiled(files: Sequence[Path], target: Path) -> list[tuple[str, float]]:
    profile = cProfile.Profile()
    for file in files:
        profile.runcall(prepare, str(file), str(target))
    found: dict[tuple[str, int, str], tuple[int, int, float, float, object]] = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    own = sorted(((_name(*place), cost[2] * 1000 / len(files)) for place, cost in found.items()), key=lambda each: -each[1])
    return own[:SHOWN]


def _name(path: str, _line: int, function: str) -> str:
    return function if path == "~" else f"{'/'.join(Path(path).parts[-2:])}:{function}"


def _flush_ms(data: bytes, folder: Path) -> float:
    times = []
    for number in range(SLICES):
        begun = time.perf_counter()
        with (folder / f"flushed{number}").open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(opened)
        os.close(opened)
        times.append((time.perf_counter() - begun) * 1000)
    return sorted(times)[len(times) // 2]
