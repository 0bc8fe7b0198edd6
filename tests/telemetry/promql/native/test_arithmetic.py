"""Sums, differences, equality and counter resets of native histograms."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.promqltest.histograms import histograms as written
from tests.telemetry.promql.native import strategies

from watchbill.telemetry.promql.histogram import Buckets, Hint, Histogram
from watchbill.telemetry.promql.native.arithmetic import (
    combined_hint,
    difference,
    divided,
    equal,
    is_reset,
    mean,
    scaled,
    told_resets,
    total,
)
from watchbill.telemetry.promql.native.layout import same_layout


def one(text: str) -> Histogram:
    (histogram,) = written("{{" + text + "}}")
    return histogram


@given(strategies.pairs)
def test_a_sum_less_one_part_is_the_other(pair: tuple[Histogram, Histogram]) -> None:
    left, right = pair
    (wanted, _), _ = same_layout(pair)
    back = difference(total([left, right]).histogram, right).histogram
    assert equal(back, wanted)
    assert equal(total([left, right]).histogram, total([right, left]).histogram)


@given(st.lists(strategies.exponential(), min_size=2, max_size=6))
def test_a_mean_is_a_share_of_the_sum(histograms: list[Histogram]) -> None:
    wanted = divided(total(histograms).histogram, len(histograms))
    found = mean(histograms).histogram
    assert found.count == pytest.approx(wanted.count)
    assert found.positive.index.tolist() == wanted.positive.index.tolist()
    assert found.positive.counts == pytest.approx(wanted.positive.counts)


def test_small_values_survive_large_ones() -> None:
    parts = [
        one(f"sum:{value} count:1 buckets:[{value}]") for value in ("1", "1e100", "1", "-1e100")
    ]
    found = total(parts).histogram
    assert (found.sum, found.positive.counts.tolist()) == (2, [2])


def test_a_mean_does_not_overflow_where_a_sum_does() -> None:
    parts = [one("sum:1.6e308 count:1.6e308 buckets:[1.6e308]")] * 2
    assert total(parts).histogram.sum == math.inf
    found = mean(parts).histogram
    assert (found.sum, found.count, found.positive.counts.tolist()) == (1.6e308, 1.6e308, [1.6e308])


def test_a_negative_factor_makes_a_gauge() -> None:
    assert scaled(one("count:2"), -1.0).hint == "gauge"
    assert scaled(one("count:2 counter_reset_hint:not_reset"), 2.0).hint == "not_reset"


def test_division_by_zero_leaves_no_buckets() -> None:
    found = divided(one("count:2 sum:-1 buckets:[2]"), 0.0)
    assert (found.count, found.sum, len(found.positive)) == (math.inf, -math.inf, 0)


@pytest.mark.parametrize(
    ("hints", "wanted"),
    [
        (["not_reset", "not_reset"], "not_reset"),
        (["not_reset", "unknown"], "unknown"),
        (["not_reset", "reset"], "unknown"),
        (["unknown", "gauge", "reset"], "gauge"),
    ],
)
def test_a_sum_knows_what_all_its_parts_know(hints: list[Hint], wanted: Hint) -> None:
    assert combined_hint(hints) == wanted


def test_equality_looks_at_what_is_counted() -> None:
    assert equal(
        one("count:2 buckets:[1 0 1]"), one("count:2 buckets:[1 0 1 0] counter_reset_hint:gauge")
    )
    assert equal(one("sum:NaN count:1"), one("sum:NaN count:1"))
    for other in (
        "count:3 buckets:[1 0 1]",
        "count:2 buckets:[1 1]",
        "schema:1 count:2 buckets:[1 0 1]",
    ):
        assert not equal(one("count:2 buckets:[1 0 1]"), one(other))


@given(strategies.pairs)
def test_what_only_grew_was_not_reset(pair: tuple[Histogram, Histogram]) -> None:
    (before, added), _ = same_layout(pair)
    after = total([before, added]).histogram
    assert not is_reset(after, before)
    assume(added.count > 0)
    assert is_reset(before, after)


@pytest.mark.parametrize(
    ("after", "before"),
    [
        ("count:5 buckets:[1 1 3]", "count:4 buckets:[1 2 1]"),
        ("count:5 buckets:[5]", "count:4 buckets:[3] n_buckets:[1]"),
        ("count:5 z_bucket:1 z_bucket_w:0.1 buckets:[4]", "count:4 z_bucket:2 z_bucket_w:0.1"),
        ("count:5 z_bucket_w:0.1 buckets:[5]", "count:4 z_bucket_w:0.2 buckets:[4]"),
        ("count:5 z_bucket:4 z_bucket_w:0.8 buckets:[1]", "count:4 z_bucket_w:0.1 buckets:[4]"),
        ("schema:1 count:5 buckets:[0 5]", "schema:0 count:4 buckets:[0 4]"),
        ("schema:-53 count:5 custom_values:[1] buckets:[5]", "count:4 buckets:[4]"),
        (
            "schema:-53 count:9 custom_values:[1 2 3] buckets:[1 1 1 6]",
            "schema:-53 count:4 custom_values:[1 3] buckets:[1 3]",
        ),
        ("count:5 counter_reset_hint:reset", "count:4"),
    ],
)  # fmt: skip
def test_a_reset_shows_in_any_part(after: str, before: str) -> None:
    assert is_reset(one(after), one(before))


@pytest.mark.parametrize(
    ("after", "before"),
    [
        ("schema:0 count:5 buckets:[0 5]", "schema:1 count:4 buckets:[0 2 2]"),
        ("count:5 z_bucket:4 z_bucket_w:1 buckets:[0 1]", "count:4 z_bucket_w:0.5 buckets:[4]"),
        (
            "schema:-53 count:9 custom_values:[1 2 3] buckets:[1 1 2 5]",
            "schema:-53 count:4 custom_values:[1 3] buckets:[1 3]",
        ),
        ("count:1 counter_reset_hint:not_reset", "count:4"),
    ],
)  # fmt: skip
def test_another_layout_alone_is_no_reset(after: str, before: str) -> None:
    assert not is_reset(one(after), one(before))


def test_hints_are_filled_in_where_there_are_none() -> None:
    series = [
        one("count:1"),
        one("count:2"),
        one("count:1"),
        one("count:2 counter_reset_hint:gauge"),
    ]
    assert [found.hint for found in told_resets(series)] == [
        "unknown",
        "not_reset",
        "reset",
        "gauge",
    ]


def test_buckets_far_apart_cost_no_memory() -> None:
    far = Histogram(
        8, 2.0, 0.0,
        positive=Buckets(np.array([-200_000, 200_000], np.int32), np.array([1.0, 1.0])),
    )  # fmt: skip
    assert total([far, far]).histogram.positive.counts.tolist() == [2, 2]
