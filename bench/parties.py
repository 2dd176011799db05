"""The two servers that are compared, seen the same way: where they answer, what they want in a header, what they use."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

MEBIBYTE = 1 << 20
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Party:
    """One server. `processes` gives all that belong to it now."""

    name: str
    root: str  # of its DICOMweb service, without a trailing slash
    headers: Mapping[str, str]
    processes: Callable[[], list[psutil.Process]]

    def accepting(self, media_type: str) -> dict[str, str]:
        """The header of a request."""
        return {**self.headers, "Accept": media_type}

    def memory_mib(self) -> float:
        """PSS of all its processes: shared pages count once."""
        return sum(_pss(process.pid) for process in self.processes()) / MEBIBYTE

    def cpu_seconds(self) -> float:
        """Used so far by the processes that live now."""
        return sum(_cpu(process) for process in self.processes())


@dataclass(frozen=True, slots=True)
class Noise:
    """What the machine had used, and what our own processes had, at one moment."""

    at: float
    all_seconds: float
    known_seconds: float

    def since(self, then: Noise) -> float:
        """The share of the machine (0 to 1) that strangers took between the two moments."""
        strangers = (self.all_seconds - then.all_seconds) - (self.known_seconds - then.known_seconds)
        return max(0.0, strangers / (self.at - then.at) / (os.cpu_count() or 1))


def noise(parties: list[Party]) -> Noise:
    """The state of now. The client's own processes are known too."""
    user, nice, system, _, _, irq, softirq, steal = map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:9])
    everything = (user + nice + system + irq + softirq + steal) / _TICKS
    times = os.times()
    client = times.user + times.system + times.children_user + times.children_system
    return Noise(time.monotonic(), everything, client + sum(party.cpu_seconds() for party in parties))


def _pss(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def _cpu(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return float(times.user + times.system)
    return 0.0
