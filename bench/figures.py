"""One figure of several runs, and whether what was asked for was reached."""

from __future__ import annotations

from dataclasses import dataclass, field

from bench.results import median


@dataclass
class Line:
    """One figure, of several runs. `required`: what may not be exceeded."""

    title: str
    unit: str
    values: list[float] = field(default_factory=list)
    required: float | None = None
    failed: int = 0
    notes: dict[str, float] = field(default_factory=dict)

    @property
    def median(self) -> float:
        """0 without a value."""
        return median(self.values)

    @property
    def verdict(self) -> str:
        """Whether what was asked for was reached."""
        if self.failed or not self.values:
            return f"{self.failed} FAILED"
        if self.required is None:
            return ""
        return "reached" if self.median <= self.required else "SHORT"
