"""A histogram of which only the count is looked at behaves like a float counter of that count."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from watchbill.telemetry.promql.engine import range_
from watchbill.telemetry.promql.histogram import Buckets, Histogram
from watchbill.telemetry.promql.storage import STALE, InMemory

STEP = 10_000
slow = settings(
    suppress_health_check=list(HealthCheck), deadline=None, max_examples=40, derandomize=True
)
FUNCTIONS = [
    "rate", "increase", "irate", "delta", "idelta", "changes", "resets", "sum_over_time",
    "avg_over_time", "last_over_time", "first_over_time", "count_over_time", "present_over_time",
    "ts_of_last_over_time", "ts_of_first_over_time",
]  # fmt: skip


@st.composite
def counters(draw: st.DrawFn) -> tuple[dict[int, float], dict[int, int]]:
    """Values by time, now and then a gap, a reset or the end of the series; and start timestamps.

    A start timestamp is any moment before the sample: most are of no use, some tell of a reset.
    """
    times = draw(st.lists(st.integers(1, 40), unique=True, min_size=1, max_size=12))
    samples, starts, value = {}, {}, 0.0
    for time in sorted(times):
        value = draw(st.sampled_from([value + 3, value + 8, value, 2.0]))
        samples[time * STEP // 2] = draw(st.sampled_from([value, value, value, STALE]))
        if draw(st.booleans()):
            starts[time * STEP // 2] = draw(st.integers(0, 20)) * STEP
    return samples, starts


def histogram(value: float) -> Histogram:
    """With the count in a bucket and as the sum, too."""
    one = Buckets(np.array([3], np.int32), np.array([value]))
    return Histogram(0, value, value, 0.001, positive=one)


def answers(store: InMemory, query: str) -> dict[int, float]:
    data = range_(store, query, 0, 25 * STEP, STEP // 2, lookback_ms=3 * STEP).data
    return dict(zip(data.t.tolist(), data.v.tolist(), strict=True))


@pytest.mark.parametrize("extension", ["", " anchored", " smoothed"])
@pytest.mark.parametrize("function", FUNCTIONS)
@slow
@given(counters(), st.booleans())
def test_counts_change_as_floats_do(
    function: str, extension: str, series: tuple[dict[int, float], dict[int, int]], known: bool
) -> None:
    if extension and function not in ("rate", "increase", "delta", "changes", "resets"):
        return
    if extension == " smoothed" and function in ("changes", "resets"):
        return
    samples, starts = series[0], series[1] if known and not extension else {}
    store = InMemory()
    store.add({"__name__": "f_total"}, samples.items(), starts)
    made = {t: v if np.isnan(v) else histogram(v) for t, v in samples.items()}
    store.add({"__name__": "h"}, made.items(), starts)
    wanted = answers(store, f"{function}(f_total[35s]{extension})")
    found = answers(store, f"{function}(h[35s]{extension})")
    assert found.keys() == wanted.keys()
    if any(np.isnan(value) for value in found.values()):  # it is a histogram then
        found = answers(store, f"histogram_count({function}(h[35s]{extension}))")
        sums = answers(store, f"histogram_sum({function}(h[35s]{extension}))")
        assert sums == pytest.approx(found)
    assert found == pytest.approx(wanted)


@slow
@given(counters())
def test_a_smoothed_selector_goes_between_samples(
    series: tuple[dict[int, float], dict[int, int]],
) -> None:
    samples = {t: v for t, v in series[0].items() if not np.isnan(v)}
    rising = dict(zip(sorted(samples), sorted(samples.values()), strict=True))
    store = InMemory()
    store.add({"__name__": "f"}, rising.items())
    store.add({"__name__": "h"}, [(t, histogram(v)) for t, v in rising.items()])
    wanted = answers(store, "f smoothed")
    assert answers(store, "histogram_count(h smoothed)") == pytest.approx(wanted)
    upper = answers(store, "histogram_quantile(1, h smoothed)")
    assert set(upper.values()) <= {8.0} or 0 in wanted.values()


@slow
@given(counters(), counters())
def test_sums_of_histograms_are_histograms_of_sums(
    one: tuple[dict[int, float], dict[int, int]], other: tuple[dict[int, float], dict[int, int]]
) -> None:
    store = InMemory()
    for name, (samples, _) in (("a", one), ("b", other)):
        store.add({"__name__": "f", "i": name}, samples.items())
        made = {t: v if np.isnan(v) else histogram(v) for t, v in samples.items()}
        store.add({"__name__": "h", "i": name}, made.items())
    for query in ("sum({0})", "avg({0})", "{0} + on() group_left() sum({0})", "{0} * 2", "{0} / 4"):
        wanted = range_(store, query.format("f"), 0, 25 * STEP, STEP, lookback_ms=3 * STEP).data
        asked = f"histogram_count({query.format('h')})"
        found = range_(store, asked, 0, 25 * STEP, STEP, lookback_ms=3 * STEP).data
        assert found.labels == wanted.labels
        assert found.t.tolist() == wanted.t.tolist()
        assert found.v == pytest.approx(wanted.v)
