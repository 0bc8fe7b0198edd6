"""Native histograms of all kinds, for property tests."""

import numpy as np
from hypothesis import strategies as st

from watchbill.telemetry.promql.histogram import CUSTOM_BOUNDS, Buckets, Histogram


@st.composite
def buckets(draw: st.DrawFn, lowest: int, highest: int) -> Buckets:
    """Some buckets within these indices, with whole counts."""
    index = draw(st.lists(st.integers(lowest, highest), unique=True, max_size=8))
    counts = draw(st.lists(st.integers(0, 20).map(float), min_size=len(index), max_size=len(index)))
    return Buckets(np.array(sorted(index), np.int32), np.array(counts, float))


@st.composite
def exponential(draw: st.DrawFn, *, signed: bool = True) -> Histogram:
    """Exponential buckets; the count is what is in the buckets."""
    schema = draw(st.integers(-4, 8))
    reach = 4 << max(schema, 0)
    positive = draw(buckets(-reach, reach))
    negative = draw(buckets(-reach, reach)) if signed else Buckets()
    threshold = draw(st.sampled_from([0.0, 1e-3, 0.5, 3.0]))
    # Buckets wholly inside the zero bucket cannot be.
    ends = [2.0 ** (side.index * 2.0**-schema) for side in (positive, negative)]
    positive, negative = (
        Buckets(side.index[end > threshold], side.counts[end > threshold])
        for side, end in zip((positive, negative), ends, strict=True)
    )
    zeros = float(draw(st.integers(0, 20)))
    count = zeros + float(positive.counts.sum() + negative.counts.sum())
    total = draw(st.integers(-1000, 1000).map(float))
    return Histogram(schema, count, total, threshold, zeros, positive, negative)


@st.composite
def custom(draw: st.DrawFn) -> Histogram:
    """Custom bounds, among them always 0 and 10 so that any two have some in common."""
    bounds = sorted({0.0, 10.0, *draw(st.lists(st.integers(-20, 20).map(float), max_size=6))})
    positive = draw(buckets(0, len(bounds)))
    count, total = float(positive.counts.sum()), draw(st.integers(-1000, 1000).map(float))
    return Histogram(CUSTOM_BOUNDS, count, total, positive=positive, bounds=np.array(bounds))


histograms = st.one_of(exponential(), custom())
pairs = st.one_of(st.tuples(exponential(), exponential()), st.tuples(custom(), custom()))
