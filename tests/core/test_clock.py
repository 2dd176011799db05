"""Moments are told in UTC, with their offset."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from core.clock import rfc3339

NOON = datetime(2026, 1, 31, 12, 0, 0, 250_000, ZoneInfo("Asia/Shanghai"))


def test_a_moment_of_any_zone_is_told_in_utc() -> None:
    assert rfc3339(NOON) == "2026-01-31T04:00:00+00:00"
    assert rfc3339(NOON, "auto") == "2026-01-31T04:00:00.250000+00:00"


def test_no_moment_is_told_as_none() -> None:
    assert rfc3339(None) is None
