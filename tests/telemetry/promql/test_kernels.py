"""Kernels against plain loops that follow Prometheus's source line by line."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchbill.telemetry.promql.kernels import buckets, cells, counters, over_time, sums, trends
from watchbill.telemetry.promql.windows import Columns, Windows, find_windows

RANGE = 60_000
ENDS = np.arange(0, 300_000, 20_000)

Sample = tuple[int, float]
Series = list[Sample]
numbers = st.integers(-3, 30).map(float) | st.floats(-1e6, 1e6) | st.just(math.nan)
series = st.dictionaries(st.integers(0, 300_000), numbers, max_size=25).map(
    lambda samples: sorted(samples.items())
)


def windows(several: Sequence[Series]) -> Windows:
    flat = [sample for one in several for sample in one]
    starts = np.concatenate([[0], np.cumsum([len(one) for one in several])]).astype(np.int64)
    t, v = np.array([t for t, _ in flat], np.int64), np.array([v for _, v in flat], np.float64)
    return find_windows(Columns(starts, t, v), ENDS, RANGE)


def each(several: Sequence[Series], w: Windows) -> list[tuple[int, int, Series]]:
    """Every window that holds samples: series, step, and the samples in (end - range, end]."""
    out = []
    for i, one in enumerate(several):
        for j, end in enumerate(ENDS.tolist()):
            inside = [sample for sample in one if end - RANGE < sample[0] <= end]
            assert len(inside) == w.counts[i, j]
            if inside:
                out.append((i, j, inside))
    return out


def reference_increase(samples: Series, end: int, *, counter: bool) -> float:
    """promql/functions.go, extrapolatedRate, for one window."""
    (first_t, first), (last_t, last) = samples[0], samples[-1]
    result, previous = last - first, first
    if counter:
        for _, value in samples[1:]:
            if value < previous:
                result += previous
            previous = value
    to_start, to_end = (first_t - (end - RANGE)) / 1000, (end - last_t) / 1000
    sampled = (last_t - first_t) / 1000
    average = sampled / (len(samples) - 1)
    if to_start >= average * 1.1:
        to_start = average / 2
    if counter and result > 0 and first >= 0:
        to_start = min(to_start, sampled * (first / result))
    if to_end >= average * 1.1:
        to_end = average / 2
    return result * (sampled + to_start + to_end) / sampled


def same(found: float, wanted: float) -> bool:
    both_nan = math.isnan(found) and math.isnan(wanted)
    return both_nan or math.isclose(found, wanted, rel_tol=1e-9, abs_tol=1e-6)


@given(st.lists(series, min_size=1, max_size=3))
def test_rate_increase_and_delta(several: list[Series]) -> None:
    w = windows(several)
    if not len(w.t):
        return
    rate, increase, delta = counters.rate(w), counters.increase(w), counters.delta(w)
    for i, j, samples in each(several, w):
        if len(samples) < 2:
            continue
        wanted = reference_increase(samples, int(ENDS[j]), counter=True)
        assert same(increase[i, j], wanted)
        assert same(rate[i, j], wanted / (RANGE / 1000))
        assert same(delta[i, j], reference_increase(samples, int(ENDS[j]), counter=False))


def without_nan(values: list[float]) -> list[float]:
    return [value for value in values if not math.isnan(value)] or [math.nan]


def falls(values: list[float]) -> float:
    return sum(after < before for before, after in pairwise(values))


def quantile(values: list[float], q: float) -> float:
    ordered = sorted(values, key=lambda value: -math.inf if math.isnan(value) else value)
    rank = q * (len(ordered) - 1)
    low = math.floor(rank)
    weight = rank - low
    return ordered[low] * (1 - weight) + ordered[min(low + 1, len(ordered) - 1)] * weight


@pytest.mark.parametrize(
    ("kernel", "reference"),
    [
        (sums.sum_over_time, math.fsum),
        (sums.avg_over_time, lambda values: math.fsum(values) / len(values)),
        (over_time.minimum, lambda values: min(without_nan(values))),
        (over_time.maximum, lambda values: max(without_nan(values))),
        (over_time.first, lambda values: values[0]),
        (over_time.last, lambda values: values[-1]),
        (over_time.count, len),
        (over_time.variance, lambda values: float(np.var(values))),
        (counters.resets, falls),
        (lambda w: over_time.quantile(w, np.full(len(ENDS), 0.3)), lambda v: quantile(v, 0.3)),
    ],
)
@given(several=st.lists(series, min_size=1, max_size=3))
def test_a_summary_of_each_window(
    kernel: Callable[[Windows], np.ndarray],
    reference: Callable[[list[float]], float],
    several: list[Series],
) -> None:
    w = windows(several)
    if not len(w.t):
        return
    with np.errstate(all="ignore"):
        found = kernel(w)
    for i, j, samples in each(several, w):
        values = [value for _, value in samples]
        assert math.isclose(found[i, j], reference(values), rel_tol=1e-9, abs_tol=1e-3) or same(
            found[i, j], reference(values)
        )


def test_sums_survive_cancellation_and_means_survive_overflow() -> None:
    w = windows([[(1000, 1e300), (2000, 3.0), (3000, -1e300)], [(1000, 1.7e308), (2000, 1.7e308)]])
    column = 1  # the first step whose window holds samples
    with np.errstate(all="ignore"):
        assert sums.sum_over_time(w)[:, column].tolist() == [3.0, math.inf]
        assert sums.avg_over_time(w)[:, column].tolist() == [1.0, 1.7e308]


def test_a_line_is_found_again() -> None:
    w = windows([[(t, 2 * t / 1000 + 5) for t in range(0, 60_000, 7000)]])
    step = int(np.argmax(ENDS == 60_000))
    with np.errstate(all="ignore"):
        assert trends.derivative(w)[0, step] == pytest.approx(2)
        ahead = np.full(len(ENDS), 10.0)
        assert trends.predict_linear(w, ahead, ENDS.astype(float))[0, step] == pytest.approx(145)


def test_blocks_cover_every_series_once_and_change_nothing() -> None:
    several = [[(t, float(t % 7000)) for t in range(0, 300_000, 5000 + 100 * i)] for i in range(9)]
    w = windows(several)
    whole = counters.increase(w)
    parts = np.full(w.shape, np.nan)
    sizes = []
    for rows, block in w.parts(300):
        parts[rows] = counters.increase(block)
        sizes.append(block.shape[0])
    assert sum(sizes) == len(several)
    assert len(sizes) > 1
    enough = w.counts >= 2
    np.testing.assert_array_equal(parts[enough], whole[enough])


def test_quantiles_outside_and_of_nothing() -> None:
    x, cell = np.array([1.0, 2.0, 3.0]), np.array([0, 0, 2])
    q = np.array([0.5, 0.5, 0.5])
    assert cells.quantile(x, cell, np.array([2, 0, 1]), q).tolist()[::2] == [1.5, 3.0]
    outside = cells.quantile(x, np.array([0, 1, 2]), np.ones(3, int), np.array([-1, 2, math.nan]))
    assert outside.tolist()[:2] == [-math.inf, math.inf]
    assert math.isnan(outside[2])


@given(st.lists(st.floats(0, 100), min_size=3, max_size=6), st.floats(0, 1))
def test_a_bucket_quantile_has_its_share_below_it(added: list[float], q: float) -> None:
    bounds = np.array([*np.arange(1.0, len(added)), np.inf])
    counts = np.cumsum(added)[:, None]
    if counts[-1, 0] == 0:
        return
    with np.errstate(all="ignore"):
        value, repairs = buckets.bucket_quantile(np.array([q]), bounds, counts)
        share = buckets.bucket_fraction(np.array([-np.inf]), value, bounds, counts)
    assert not repairs.needed.any()
    if 0 < value[0] < bounds[-2]:
        assert share[0] == pytest.approx(q, abs=1e-6)
