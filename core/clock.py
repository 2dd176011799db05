"""The one place that reads the clock; everything pure takes `now` as an argument."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)


def rfc3339(at: datetime | None, timespec: str = "seconds") -> str | None:
    """As answers tell a moment: 2026-01-31T08:00:00+00:00, always UTC; None stays None. `timespec` as of `isoformat`."""
    return at.astimezone(UTC).isoformat(timespec=timespec) if at else None
