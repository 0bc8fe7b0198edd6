"""Windows over samples, against one loop per window."""

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchbill.telemetry.logs.windows import Windows, aggregate

ORACLES = {
    "count_over_time": len,
    "sum_over_time": math.fsum,
    "bytes_over_time": math.fsum,
    "rate": lambda v: math.fsum(v) / 10,
    "bytes_rate": lambda v: math.fsum(v) / 10,
    "avg_over_time": statistics.fmean,
    "min_over_time": min,
    "max_over_time": max,
    "first_over_time": lambda v: v[0],
    "last_over_time": lambda v: v[-1],
    "stddev_over_time": statistics.pstdev,
    "stdvar_over_time": statistics.pvariance,
    "quantile_over_time": lambda v: float(np.quantile(v, 0.9)),
}
SAMPLES = st.lists(st.tuples(st.integers(0, 60), st.floats(-1e6, 1e6)), max_size=25).map(
    lambda pairs: sorted(pairs, key=lambda pair: pair[0])
)


@pytest.mark.parametrize("op", ORACLES)
@given(samples=SAMPLES, ends=st.lists(st.integers(-5, 80), min_size=1, max_size=8).map(sorted))
def test_each_window_as_by_itself(
    op: str, samples: list[tuple[int, float]], ends: list[int]
) -> None:
    t = np.array([at for at, _ in samples], np.int64)
    v = np.array([value for _, value in samples], np.float64)
    windows = Windows.of(t, v, np.array(ends, np.int64), 10)
    values = aggregate(op, windows, 10.0, 0.9)
    for index, end in enumerate(ends):
        inside = [value for at, value in samples if end - 10 < at <= end]
        assert bool(windows.present[index]) == bool(inside)
        if inside:
            assert values[index] == pytest.approx(ORACLES[op](inside), rel=1e-9, abs=1e-6)


def test_quantiles_beyond_the_ends() -> None:
    one = Windows.of(np.array([1]), np.array([5.0]), np.array([1]), 1)
    assert aggregate("quantile_over_time", one, 1.0, -0.1).tolist() == [-math.inf]
    assert aggregate("quantile_over_time", one, 1.0, 1.1).tolist() == [math.inf]
