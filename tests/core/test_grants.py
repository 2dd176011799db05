"""Grants: who may see which pictures, until when; what is not granted looks like what is not there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.errors import NotFound, Unauthenticated
from core.grants import Grant, Role

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def grant(**more: object) -> Grant:
    return Grant("someone", Role.PATIENT, "session", LATER, **more)  # type: ignore[arg-type]  # of the kind that is tried


WHOLE = grant(hospitals=frozenset({"a"}))
STUDY = grant(studies=frozenset({("a", "1.2")}))
SERIES = grant(series=frozenset({("a", "1.2", "1.2.3")}))


@pytest.mark.parametrize(
    ("granted", "asked", "seen"),
    [
        (WHOLE, ("a", "1.2", None), True),
        (WHOLE, ("a", "9.9", "9.9.1"), True),
        (WHOLE, ("b", "1.2", None), False),
        (STUDY, ("a", "1.2", None), True),
        (STUDY, ("a", "1.2", "1.2.9"), True),
        (STUDY, ("a", "1.3", None), False),
        (STUDY, ("b", "1.2", None), False),
        (SERIES, ("a", "1.2", "1.2.3"), True),
        (SERIES, ("a", "1.2", "1.2.4"), False),
        (SERIES, ("a", "1.2", None), False),
        (SERIES, ("b", "1.2", "1.2.3"), False),
        (grant(), ("a", "1.2", "1.2.3"), False),
    ],
)
def test_what_is_granted_is_seen_and_nothing_else(granted: Grant, asked: tuple[str, str, str | None], seen: bool) -> None:
    assert granted.allows(*asked) is seen
    if seen:
        granted.require(*asked, NOW)
        return
    with pytest.raises(NotFound):
        granted.require(*asked, NOW)


def test_over_is_over_at_that_very_moment() -> None:
    WHOLE.require("a", "1.2", None, LATER - timedelta(microseconds=1))
    for moment in (LATER, LATER + timedelta(days=1)):
        with pytest.raises(Unauthenticated):
            WHOLE.require("a", "1.2", None, moment)
        with pytest.raises(Unauthenticated):
            grant().require("a", "1.2", None, moment)


def test_a_study_is_looked_for_only_where_something_is_granted() -> None:
    mixed = grant(
        hospitals=frozenset({"a"}), studies=frozenset({("b", "1.2"), ("c", "1.3")}), series=frozenset({("d", "1.2", "1.2.3")})
    )
    assert mixed.hospitals_of("1.2") == {"a", "b", "d"}
    assert mixed.hospitals_of("1.3") == {"a", "c"}
    assert mixed.hospitals_of("9.9") == {"a"}
    assert mixed.hospitals_of("1.2") == {"a", "b", "d"}, "also when it was asked before"
