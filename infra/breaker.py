"""A breaker: after a few failures in a row nobody asks any more, until one probe has found that it works again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Breaker:
    """Closed at first. `now` is any clock in seconds that only goes forward."""

    failures_to_open: int = 3
    rest_seconds: float = 1.0
    failures: int = 0
    opened_at: float | None = None
    probing: bool = False

    @property
    def closed(self) -> bool:
        """True when everybody may ask."""
        return self.opened_at is None

    def may_probe(self, now: float) -> bool:
        """True for the one who shall try again after the rest; that one then owes `succeeded` or `failed`."""
        if self.opened_at is None or self.probing or now < self.opened_at + self.rest_seconds:
            return False
        self.probing = True
        return True

    def succeeded(self) -> None:
        """It answered."""
        self.failures, self.opened_at, self.probing = 0, None, False

    def failed(self, now: float) -> None:
        """It did not answer, or not in time."""
        self.failures += 1
        self.probing = False
        if self.failures >= self.failures_to_open:
            self.opened_at = now
