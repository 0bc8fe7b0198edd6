"""Any query over numbers and native histograms: ranges agree with instants, and nothing crashes."""

import math

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.promqltest.histograms import histograms
from tests.telemetry.promql.queries import LABELS, METRICS, STEP, STEPS, matrices, vectors

from watchbill.telemetry.promql.engine import Result, instant, range_
from watchbill.telemetry.promql.errors import EvalError
from watchbill.telemetry.promql.histogram import Histogram
from watchbill.telemetry.promql.native.layout import ranges
from watchbill.telemetry.promql.storage import STALE, InMemory, Labels

LOOKBACK = 70_000
slow = settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=150)

HISTOGRAMS = [
    one
    for text in (
        "{{}}",
        "{{count:4 sum:5 buckets:[1 3]}}",
        "{{count:9 sum:9 z_bucket:1 z_bucket_w:0.001 buckets:[2 4] n_buckets:[2]}}",
        "{{schema:2 count:7 sum:-3 buckets:[1 0 3] n_buckets:[1 2]}}",
        "{{count:6 sum:NaN z_bucket:2 z_bucket_w:0.7 buckets:[0 3] counter_reset_hint:not_reset}}",
        "{{count:2 sum:1 buckets:[2] counter_reset_hint:gauge}}",
        "{{count:1 sum:1 buckets:[1] counter_reset_hint:reset}}",
        "{{schema:-53 count:5 sum:8 custom_values:[1 2] buckets:[1 2 2]}}",
        "{{schema:-53 count:3 sum:8 custom_values:[2 5] buckets:[1 1 1]}}",
        "{{schema:-53 count:3 sum:8 buckets:[3]}}",
        "{{count:Inf sum:Inf buckets:[Inf 1]}}",
    )
    for one in histograms(text)
]
SAMPLES = st.one_of(
    st.none(),
    st.integers(-2, 9).map(float),
    st.sampled_from((math.nan, STALE)),
    st.sampled_from(HISTOGRAMS),
    st.sampled_from(HISTOGRAMS),
)


@st.composite
def stores(draw: st.DrawFn) -> InMemory:
    """A few series with samples of all kinds, some of which know since when they count."""
    store = InMemory()
    for _ in range(draw(st.integers(1, 6))):
        labels = {"__name__": draw(st.sampled_from(METRICS))}
        for name, values in LABELS.items():
            labels[name] = draw(st.sampled_from(("", *values)))
        every = draw(st.sampled_from((STEP // 2, STEP, STEP + 7)))
        given_ = draw(st.lists(SAMPLES, max_size=2 * STEPS))
        samples = {at * every: sample for at, sample in enumerate(given_) if sample is not None}
        starts = {at: draw(st.integers(0, 9)) * STEP for at in samples if draw(st.booleans())}
        store.add(labels, samples.items(), starts if draw(st.booleans()) else None)
    return store


@st.composite
def queries(draw: st.DrawFn) -> str:
    """A query with something around it that only histograms understand."""
    inner, other = draw(vectors(2)), draw(vectors(1))
    function = draw(st.sampled_from(("count", "sum", "avg", "stddev", "stdvar")))
    q = draw(st.sampled_from(("0", "0.3", "1", "NaN", "7")))
    extended = draw(st.sampled_from(("rate", "increase", "delta")))
    selector = f"{draw(st.sampled_from(METRICS))}[{draw(st.sampled_from(('1m', '2m')))}]"
    forms = [
        inner,
        f"histogram_{function}({inner})",
        f"histogram_quantile({q}, {inner})",
        f'histogram_quantiles({inner}, "q", {q}, 0.5)',
        f"histogram_fraction(-1, {q}, {inner})",
        f"{inner} </ {q}",
        f"{inner} >/ on(job, host, le) {other}",
        f"{extended}({selector} anchored)",
        f"histogram_sum({extended}({selector} smoothed))",
        f"resets({selector} anchored) + changes({selector})",
        f"{draw(st.sampled_from(METRICS))} smoothed",
        f"irate({draw(matrices(1))})",
        f"info({inner})",
        f"start_timestamp({inner})",
    ]
    return draw(st.sampled_from(forms))


Points = dict[tuple[Labels, int], float | Histogram]


def points(result: Result) -> Points:
    data = result.data
    return {
        (labels, int(data.t[at])): float(data.v[at])
        if data.h is None
        else data.h[at] or float(data.v[at])
        for row, labels in enumerate(data.labels)
        for at in range(data.starts[row], data.starts[row + 1])
    }


def by_instants(store: InMemory, query: str) -> Points | None:
    found: Points = {}
    for at in range(0, STEP * STEPS, STEP):
        try:
            found |= points(instant(store, query, at, lookback_ms=LOOKBACK))
        except EvalError:
            return None
    return found


def alike(one: float | Histogram, other: float | Histogram) -> bool:
    if isinstance(one, float) or isinstance(other, float):
        return isinstance(one, float) and isinstance(other, float) and _close(one, other)
    found, wanted = ranges(one), ranges(other)
    return (
        one.schema == other.schema
        and _close([one.count, one.sum, one.zero_count], [other.count, other.sum, other.zero_count])
        and found.upper.tolist() == wanted.upper.tolist()
        and _close(found.counts, wanted.counts)
    )


def _close(one: object, other: object) -> bool:
    return np.allclose(one, other, rtol=1e-9, atol=1e-9, equal_nan=True)  # type: ignore[arg-type]


@slow
@given(stores(), queries())
def test_a_range_query_is_the_instant_query_at_every_step(store: InMemory, query: str) -> None:
    instants = by_instants(store, query)
    try:
        end = STEP * (STEPS - 1)
        ranged = points(range_(store, query, 0, end, STEP, lookback_ms=LOOKBACK))
    except EvalError:
        assert instants is None
        return
    assert instants is not None
    assert ranged.keys() == instants.keys()
    different = {key for key, sample in ranged.items() if not alike(sample, instants[key])}
    assert not different
