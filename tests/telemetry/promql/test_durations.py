"""Durations and duration expressions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchbill.telemetry.promql.durations import (
    QueryTimes,
    format_duration,
    parse_duration,
    to_ms,
)
from watchbill.telemetry.promql.errors import EvalError
from watchbill.telemetry.promql.lexer import TokenStream
from watchbill.telemetry.promql.parse_duration import range_duration

HOUR = QueryTimes(start=0, end=3_600_000, step=15_000)


@pytest.mark.parametrize(
    ("text", "ms"),
    [("5m", 300_000), ("1h30m", 5_400_000), ("1s5ms", 1005), ("1y", 365 * 86_400_000)],
)
def test_durations_in_ms(text: str, ms: int) -> None:
    assert parse_duration(text) == ms


@pytest.mark.parametrize("text", ["", "5", "m", "1m1h", "1m1m", "5x", "999999999y"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@given(st.integers(0, (2**63 - 1) // 10**6))
def test_a_printed_duration_reads_back(ms: int) -> None:
    assert parse_duration(format_duration(ms)) == ms


def test_only_whole_years_and_weeks_are_printed_as_such() -> None:
    assert format_duration(90 * 86_400_000) == "90d"
    assert format_duration(14 * 86_400_000) == "2w"
    assert format_duration(5_400_000) == "1h30m"


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("5m + 30", 330_000),
        ("2 * step()", 30_000),
        ("range() / 4", 900_000),
        ("max(step(), 1m)", 60_000),
        ("-(1m - 90s)", 30_000),
        ("2 ^ 3 ^ 0", 2000),
        ("7m % 2m", 60_000),
        ("1m - 10s - 5s", 45_000),
    ],
)
def test_duration_expressions(text: str, ms: int) -> None:
    assert to_ms(range_duration(TokenStream(text)), HOUR) == ms


@pytest.mark.parametrize("text", ["1m / 0", "1m % 0", "10 ^ 400", "1e300"])
def test_durations_that_cannot_be(text: str) -> None:
    with pytest.raises(EvalError):
        to_ms(range_duration(TokenStream(text)), HOUR)
