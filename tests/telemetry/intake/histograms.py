"""Native histograms that may be."""

import numpy as np
from hypothesis import strategies as st

from watchbill.telemetry.promql.histogram import CUSTOM_BOUNDS, Buckets, Histogram

COUNTS = st.integers(0, 2**40)


def buckets(index: st.SearchStrategy[int], counts: st.SearchStrategy[float]) -> st.SearchStrategy:
    pairs = st.dictionaries(index, counts, max_size=6)
    return pairs.map(lambda given: Buckets(
        np.array(sorted(given), np.int32), np.array([given[one] for one in sorted(given)], float)
    ))  # fmt: skip


@st.composite
def exponential(draw: st.DrawFn, *, whole: bool = True) -> Histogram:
    counts = COUNTS if whole else st.floats(0, 1e12)
    some = buckets(st.integers(-500, 500), counts)
    positive, negative, zeros = draw(some), draw(some), draw(counts)
    held = positive.counts.sum() + negative.counts.sum() + zeros
    return Histogram(
        draw(st.integers(-4, 8)), float(held), draw(st.floats(allow_nan=False)),
        draw(st.floats(0, 1)), float(zeros), positive, negative,
        hint=draw(st.sampled_from(["unknown", "reset", "not_reset", "gauge"])),
    )  # fmt: skip


@st.composite
def custom(draw: st.DrawFn) -> Histogram:
    bounds = sorted(draw(st.sets(st.floats(-1e6, 1e6), max_size=6)))
    positive = draw(buckets(st.integers(0, len(bounds)), COUNTS))
    return Histogram(
        CUSTOM_BOUNDS, float(positive.counts.sum()), draw(st.floats(allow_nan=False)),
        positive=positive, bounds=np.array(bounds),
    )  # fmt: skip
