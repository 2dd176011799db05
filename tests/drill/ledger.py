"""The ledger of a drill: what was done to the system, and what became of the images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(slots=True)
class Line:
    """One kind of fault. `failed_reads` are those that a good copy could have answered."""

    fault: str
    faults: int = 0
    acknowledged: int = 0
    lost: int = 0
    reads: int = 0
    wrong: int = 0
    failed_reads: int = 0
    healed: int = 0
    note: str = ""

    @property
    def good(self) -> bool:
        """True when nothing was lost, wrong or refused without need."""
        return not (self.lost or self.wrong or self.failed_reads)


_COLUMNS = ("fault", "faults", "acknowledged", "lost", "reads", "wrong bytes", "failed reads", "healed", "")


def table(lines: Sequence[Line]) -> str:
    """All lines, with their sums at the end."""
    rows = [_COLUMNS, *(_cells(line) for line in (*lines, _sum(lines)))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS) - 1)]
    return "\n".join(
        "  ".join((row[0].ljust(widths[0]), *map(str.rjust, row[1:-1], widths[1:]), row[-1])).rstrip() for row in rows
    )


def _cells(line: Line) -> tuple[str, ...]:
    numbers = (line.faults, line.acknowledged, line.lost, line.reads, line.wrong, line.failed_reads, line.healed)
    return line.fault, *(str(number) for number in numbers), line.note


def _sum(lines: Sequence[Line]) -> Line:
    total = Line("sum")
    for line in lines:
        for name in ("faults", "acknowledged", "lost", "reads", "wrong", "failed_reads", "healed"):
            setattr(total, name, getattr(total, name) + getattr(line, name))
    return total
