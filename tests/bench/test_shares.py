"""The bench of shares says SHORT for what is too slow, and never calls reached what failed or was not measured."""

from __future__ import annotations

import pytest

from bench.figures import Line
from bench.results import Row
from bench.shares import MASKED_AT_MOST, Pair, compared


@pytest.mark.parametrize(
    ("values", "required", "failed", "verdict"),
    [
        ([10.0, 40.0, 20.0], 30.0, 0, "reached"),
        ([30.0], 30.0, 0, "reached"),
        ([31.0], 30.0, 0, "SHORT"),
        ([1.0], None, 0, ""),
        ([1.0], 30.0, 1, "1 FAILED"),
        ([], None, 0, "0 FAILED"),
    ],
)
def test_a_verdict(values: list[float], required: float | None, failed: int, verdict: str) -> None:
    assert Line("", "ms", values, required, failed).verdict == verdict


def test_the_cost_of_a_mask_is_how_many_times_fewer_answers_there_are() -> None:
    row = Row("", "frame", "/s", 1, ours=[700.0, 800.0, 750.0], peers=[900.0, 1000.0, 1500.0])
    pair = Pair(row, {}, "", 1, {"masked": [110.0], "named": [100.0]})
    named, masked, cost = compared(pair)
    assert (named.median, masked.median, round(cost.median, 3)) == (1000.0, 750.0, 1.333)
    assert cost.median > MASKED_AT_MOST and cost.verdict == "SHORT"
    row.failed = 2
    assert compared(pair)[2].verdict == "2 FAILED"
