"""Matchers, staleness markers and the store for tests."""

import math

import numpy as np
import pytest

from watchbill.telemetry.promql.storage import (
    STALE,
    InMemory,
    Matcher,
    PatternError,
    Selection,
    is_stale,
    labels_of,
)


@pytest.mark.parametrize(
    ("op", "pattern", "value", "matches"),
    [
        ("=", "a", "a", True),
        ("=", "a", "ab", False),
        ("!=", "a", "", True),
        ("=~", "a", "ab", False),  # anchored
        ("=~", "a|b", "b", True),
        ("=~", "a.c", "a\nc", True),
        ("=~", "", "", True),
        ("!~", "a.*", "abc", False),
        ("=~", "(?i)ABC", "abc", True),
        ("=~", "é+", "éé", True),
        ("=~", r"\d{2}", "12", True),
    ],
)
def test_a_matcher(op: str, pattern: str, value: str, matches: bool) -> None:
    assert Matcher("x", op, pattern).matches(value) is matches


@pytest.mark.parametrize("pattern", ["(", "a{2,1}", r"(?=look)", r"(a)\1", "\udcff"])
def test_a_pattern_that_re2_does_not_know_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        Matcher("x", "=~", pattern)


def test_a_stale_marker_is_one_nan_among_others() -> None:
    assert is_stale(np.array([STALE, math.nan, 0.0, -math.nan])).tolist() == [True] + [False] * 3


def test_labels_are_sorted_and_hold_no_empty_values() -> None:
    assert labels_of({"b": "1", "a": "2", "c": ""}) == (("a", "2"), ("b", "1"))


def test_in_memory_gives_both_ends_and_leaves_series_without_samples_out() -> None:
    store = InMemory()
    store.add({"__name__": "up", "job": "a"}, [(0, 1.0), (10, 2.0), (20, 3.0)])
    store.add({"__name__": "up", "job": "b"}, [(50, 1.0)])
    found = store.select([Matcher("__name__", "=", "up")], 10, 20)
    assert found.labels == [(("__name__", "up"), ("job", "a"))]
    assert (found.t.tolist(), found.v.tolist(), found.starts.tolist()) == ([10, 20], [2, 3], [0, 2])


def test_selections_are_joined_series_by_series() -> None:
    one = (labels_of({"a": "1"}), np.array([1, 2]), np.array([1.0, 2.0]))
    two = (labels_of({"a": "2"}), np.array([3]), np.array([3.0]))
    joined = Selection.of([one, two])
    assert len(joined) == 2
    assert joined.starts.tolist() == [0, 2, 3]
    assert len(Selection.of([])) == 0
