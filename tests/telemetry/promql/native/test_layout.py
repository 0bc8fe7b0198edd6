"""Buckets: where they end, and that nothing is lost when they are made the same."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.promqltest.histograms import histograms as written
from tests.telemetry.promql.native import strategies

from watchbill.telemetry.promql.histogram import Histogram
from watchbill.telemetry.promql.native.layout import (
    MixedSchemasError,
    compact,
    ranges,
    reduced,
    same_layout,
    upper_bounds,
    with_zero_bucket,
)


def observations(histogram: Histogram) -> float:
    """How many lie in buckets."""
    return float(ranges(histogram).counts.sum())


def test_buckets_end_at_powers_of_the_base() -> None:
    index = np.arange(-2, 3, dtype=np.int32)
    assert upper_bounds(0, index).tolist() == [0.25, 0.5, 1, 2, 4]
    assert upper_bounds(-1, index).tolist() == [1 / 16, 1 / 4, 1, 4, 16]
    assert upper_bounds(1, index).tolist() == pytest.approx([0.5, 0.5**0.5, 1, 2**0.5, 2])


def test_the_last_finite_bucket_ends_at_the_largest_float() -> None:
    largest = float(np.finfo(np.float64).max)
    for schema, last in ((0, 1024), (2, 4096), (-4, 64)):
        ends = upper_bounds(schema, np.array([last - 1, last, last + 1], np.int32)).tolist()
        assert ends[1:] == [largest, np.inf]
        assert ends[0] < largest


def test_ranges_go_up_the_number_line() -> None:
    (histogram,) = written("{{z_bucket:3 z_bucket_w:0.6 buckets:[1 2] n_buckets:[4 5]}}")
    found = ranges(histogram)
    assert found.lower.tolist() == [-2, -1, -0.6, 0.6, 1]
    assert found.upper.tolist() == [-1, -0.6, 0.6, 1, 2]
    assert found.counts.tolist() == [5, 4, 3, 1, 2]


def test_custom_buckets_reach_to_infinity() -> None:
    (histogram,) = written("{{schema:-53 custom_values:[5 10] buckets:[1 2 3]}}")
    found = ranges(histogram)
    assert found.lower.tolist() == [-np.inf, 5, 10]
    assert found.upper.tolist() == [5, 10, np.inf]


def test_coarser_buckets_take_in_the_finer_ones() -> None:
    (histogram,) = written("{{schema:1 buckets:[1 2 4 8 16] offset:-1 n_buckets:[1]}}")
    coarse = reduced(histogram, 0)
    assert coarse.positive.index.tolist() == [0, 1, 2]
    assert coarse.positive.counts.tolist() == [1 + 2, 4 + 8, 16]
    assert observations(coarse) == observations(histogram)


@given(strategies.exponential(), st.integers(0, 4))
def test_a_coarser_histogram_agrees_at_its_own_bounds(histogram: Histogram, steps: int) -> None:
    schema = max(histogram.schema - steps, -4)
    coarse, fine = ranges(compact(reduced(histogram, schema))), ranges(compact(histogram))
    for bound, below in zip(coarse.upper, np.cumsum(coarse.counts), strict=True):
        assert fine.counts[fine.upper <= bound * (1 + 1e-12)].sum() == below or bound < 0


@given(strategies.exponential(), st.sampled_from([1e-3, 0.4, 0.5, 1.0, 3.0, 100.0]))
def test_a_wider_zero_bucket_swallows_whole_buckets(histogram: Histogram, width: float) -> None:
    wide = with_zero_bucket(histogram, width)
    assert wide.zero_threshold >= max(width, histogram.zero_threshold)
    assert observations(wide) == observations(histogram)
    found = ranges(compact(wide))
    outside = (found.upper <= -wide.zero_threshold) | (found.lower >= wide.zero_threshold)
    assert (outside | (found.lower == -wide.zero_threshold)).all()


@given(strategies.pairs)
def test_the_same_layout_loses_nothing(pair: tuple[Histogram, Histogram]) -> None:
    (one, other), _ = same_layout(pair)
    assert (one.schema, one.zero_threshold) == (other.schema, other.zero_threshold)
    assert one.bounds.tolist() == other.bounds.tolist()
    assert [observations(one), observations(other)] == list(map(observations, pair))


def test_only_common_bounds_remain() -> None:
    one, other = written("{{schema:-53 custom_values:[1 2 4] buckets:[1 2 3 4]}}") + written(
        "{{schema:-53 custom_values:[2 3] buckets:[5 6 7]}}"
    )
    (one, other), given_up = same_layout([one, other])
    assert given_up
    assert one.bounds.tolist() == other.bounds.tolist() == [2]
    assert one.positive.counts.tolist() == [1 + 2, 3 + 4]
    assert other.positive.counts.tolist() == [5, 6 + 7]


def test_exponential_and_custom_buckets_do_not_meet() -> None:
    with pytest.raises(MixedSchemasError):
        same_layout(written("{{}}") + written("{{schema:-53 custom_values:[1]}}"))
