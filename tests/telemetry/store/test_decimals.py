"""Values as whole numbers: every bit comes back, whatever stands in a row."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from watchbill.telemetry.promql.storage import STALE
from watchbill.telemetry.store import decimals

VALUE = st.one_of(
    st.floats(),
    st.integers(-(2**60), 2**60).map(float),
    st.integers(-(10**12), 10**12).map(lambda n: n / 1000),
    st.sampled_from([STALE, 0.0, -0.0, float("inf")]),
)


@settings(deadline=None)
@given(st.lists(st.lists(VALUE, min_size=1, max_size=8), min_size=1, max_size=8))
def test_gives_back_every_bit(rows: list[list[float]]) -> None:
    v = np.array([value for row in rows for value in row])
    counts = np.array([len(row) for row in rows], np.int64)
    whole, exponents = decimals.encode(v, np.cumsum(counts) - counts)
    found = decimals.decode(whole, exponents, counts)
    assert found.view(np.uint64).tolist() == v.view(np.uint64).tolist()


def test_finds_the_decimals() -> None:
    v = np.array([1.0, 5.0, STALE, 0.1, 2.25, 1 / 3, 7.0])
    whole, exponents = decimals.encode(v, np.array([0, 3, 5]))
    assert exponents.tolist() == [0, 2, decimals.RAW]
    assert whole[[0, 1, 3, 4]].tolist() == [1, 4, 10, 215]
