"""Native histograms as they are kept."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from watchbill.telemetry.promql.histogram import CUSTOM_BOUNDS, Buckets, Histogram


def buckets(draw: st.DrawFn) -> Buckets:
    index = sorted(draw(st.sets(st.integers(-(2**31), 2**31 - 1), max_size=20)))
    counts = draw(st.lists(st.floats(0), min_size=len(index), max_size=len(index)))
    return Buckets(np.array(index, np.int32), np.array(counts, np.float64))


@st.composite
def histograms(draw: st.DrawFn) -> Histogram:
    schema = draw(st.sampled_from([*range(-4, 9), CUSTOM_BOUNDS]))
    bounds = sorted(draw(st.sets(st.floats(allow_nan=False), max_size=9)))
    return Histogram(
        schema,
        draw(st.floats()),
        draw(st.floats()),
        draw(st.floats(0, 1)),
        draw(st.floats(0)),
        buckets(draw),
        buckets(draw),
        np.array(bounds if schema == CUSTOM_BOUNDS else [], np.float64),
        draw(st.sampled_from(["unknown", "reset", "not_reset", "gauge"])),
    )


@given(histograms())
def test_what_is_packed_comes_back_to_the_bit(given: Histogram) -> None:
    packed = given.pack()
    read = Histogram.unpack(packed)
    assert read.pack() == packed
    assert (read.schema, read.hint) == (given.schema, given.hint)
    assert np.array_equal(read.positive.counts, given.positive.counts, equal_nan=True)
    assert np.array_equal(read.negative.index, given.negative.index)
    assert np.array_equal(read.bounds, given.bounds)
