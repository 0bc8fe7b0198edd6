"""Quantiles, shares and trimming: they have to agree with each other."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.promqltest.histograms import histograms as written
from tests.telemetry.promql.native import strategies

from watchbill.telemetry.promql.histogram import Histogram
from watchbill.telemetry.promql.native.estimates import fraction, quantile, variance
from watchbill.telemetry.promql.native.layout import ranges
from watchbill.telemetry.promql.native.trim import trimmed

CUTS = st.one_of(
    st.sampled_from([0.0, 0.5, 1.0, -1.0, 3.0, math.inf, -math.inf]),
    st.floats(-50, 50, allow_subnormal=False),
)


def one(text: str) -> Histogram:
    (histogram,) = written("{{" + text + "}}")
    return histogram


@given(strategies.exponential(), st.floats(0, 1))
def test_a_quantile_has_its_share_below_it(histogram: Histogram, q: float) -> None:
    assume(histogram.count > 0)
    value = quantile(histogram, q)
    assume(math.isfinite(value))
    # A little to either side: the value may be the bound of a bucket of no width.
    below = fraction(histogram, -math.inf, value - 1e-9 * max(1.0, abs(value)))
    upto = fraction(histogram, -math.inf, value + 1e-9 * max(1.0, abs(value)))
    assert below - 1e-6 <= q <= upto + 1e-6


@given(strategies.histograms, st.floats(0, 1), st.floats(0, 1))
def test_quantiles_ascend(histogram: Histogram, one: float, other: float) -> None:
    assume(histogram.count > 0)
    low, high = sorted((one, other))
    assert quantile(histogram, low) <= quantile(histogram, high) + 1e-9


@given(strategies.histograms, CUTS, CUTS)
def test_shares_add_up(histogram: Histogram, one: float, other: float) -> None:
    assume(histogram.count > 0)
    low, high = sorted((one, other))
    parts = [
        fraction(histogram, -math.inf, low),
        fraction(histogram, low, high),
        fraction(histogram, high, math.inf),
    ]
    assert all(0 <= part <= 1 + 1e-12 for part in parts)
    assert sum(parts) == pytest.approx(1)


@given(strategies.exponential(), CUTS)
def test_what_is_trimmed_off_is_the_share_beyond(histogram: Histogram, cut: float) -> None:
    assume(histogram.count > 0)
    below, above = (trimmed(histogram, cut, keep_below=keep) for keep in (True, False))
    assert below.count + above.count == pytest.approx(histogram.count)
    share = fraction(histogram, -math.inf, cut)
    assert below.count == pytest.approx(share * histogram.count, abs=1e-6)


@given(strategies.histograms, CUTS)
def test_trimming_twice_is_trimming_once(histogram: Histogram, cut: float) -> None:
    once = trimmed(histogram, cut, keep_below=True)
    assert once.count <= histogram.count + 1e-9
    assert (ranges(once).counts >= 0).all()


def test_a_trimmed_sum_lies_in_the_middles() -> None:
    histogram = one("sum:100 count:6 buckets:[2 4] offset:1")
    below = trimmed(histogram, 2, keep_below=True)
    assert (below.count, below.sum) == (2, pytest.approx(2 * math.sqrt(2)))
    above = trimmed(histogram, 2, keep_below=False)
    assert (above.count, above.sum) == (4, pytest.approx(4 * math.sqrt(8)))
    assert trimmed(histogram, 100, keep_below=True) is histogram


def test_nothing_is_above_or_below_no_number() -> None:
    assert trimmed(one("count:2 buckets:[2]"), math.nan, keep_below=True).count == 0


@pytest.mark.parametrize(
    ("text", "q", "wanted"),
    [
        ("count:4 buckets:[4] offset:1", 0.5, math.sqrt(2)),
        ("count:4 n_buckets:[4] n_offset:1", 0.25, -(2**0.75)),
        ("count:4 z_bucket:4 z_bucket_w:1", 0.75, 0.5),
        ("count:6 z_bucket:4 z_bucket_w:1 buckets:[0 2]", 0.5, 0.75),
        ("schema:-53 count:4 custom_values:[-1 3] buckets:[2 0 2]", 0.25, -1),
        ("schema:-53 count:4 custom_values:[-1 3] buckets:[2 0 2]", 0.9, 3),
        ("schema:-53 count:4 custom_values:[4] buckets:[4]", 0.5, 2),
        ("count:4 sum:NaN buckets:[2] offset:1", 0.25, math.sqrt(2)),
        ("count:4 sum:NaN buckets:[2] offset:1", 0.75, math.nan),
        ("", 0.5, math.nan),
        ("count:1 buckets:[1]", -0.1, -math.inf),
        ("count:1 buckets:[1]", 1.1, math.inf),
    ],
)
def test_quantiles_within_a_bucket(text: str, q: float, wanted: float) -> None:
    assert quantile(one(text), q) == pytest.approx(wanted, nan_ok=True)


def test_nans_are_in_no_share() -> None:
    histogram = one("count:4 sum:NaN buckets:[3]")
    assert fraction(histogram, -math.inf, math.inf) == 0.75
    assert math.isnan(fraction(histogram, math.nan, 1))
    assert fraction(histogram, 2, 1) == 0


def test_spread_is_measured_from_middles() -> None:
    # Two at sqrt(2), two at sqrt(8): a mean of 3/sqrt(2), half of sqrt(2) off either way.
    histogram = one("count:4 sum:8.48528137423857 buckets:[2 2] offset:1")
    assert variance(histogram) == pytest.approx(0.5)
    assert math.isnan(variance(one("")))
