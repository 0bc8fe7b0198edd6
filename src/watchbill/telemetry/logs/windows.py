"""What an aggregation makes of the samples in a window of time before each step.

A window is left-open, `(end - range, end]`, as PromQL's. Samples are in order of time and may
share a time.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.int64]
Values = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Windows:
    """The windows of one series: window j has the samples `lo[j] ... hi[j] - 1` of `v`."""

    v: Values
    lo: Times
    hi: Times

    @staticmethod
    def of(t: Times, v: Values, ends: Times, range_ns: int) -> "Windows":
        """Windows of `range_ns` that end at `ends`."""
        lo = np.searchsorted(t, ends - range_ns, "right")
        return Windows(v, lo, np.searchsorted(t, ends, "right"))

    @property
    def present(self) -> Mask:
        """Which windows hold a sample."""
        return self.hi > self.lo

    def counts(self) -> Values:
        """How many samples."""
        return (self.hi - self.lo).astype(np.float64)

    def reduce(self, function: np.ufunc) -> Values:
        """The samples of each window put together; 0 where there is none."""
        padded = np.append(self.v, 0.0)
        pairs = np.stack([self.lo, self.hi], axis=1).ravel()
        out: Values = np.where(self.present, function.reduceat(padded, pairs)[::2], 0.0)
        return out

    def each(self, function: Callable[[Values], float]) -> Values:
        """A function of the samples of each window; 0 where there is none."""
        out = np.zeros(len(self.lo))
        for index in np.flatnonzero(self.present).tolist():
            out[index] = function(self.v[self.lo[index] : self.hi[index]])
        return out


def aggregate(op: str, windows: Windows, seconds: float, parameter: float | None) -> Values:
    """The values of a range aggregation; what they are where no sample is, means nothing."""
    match op:
        case "count_over_time" | "absent_over_time":
            return windows.counts()
        case "sum_over_time" | "bytes_over_time":
            return windows.reduce(np.add)
        case "rate" | "bytes_rate":
            return windows.reduce(np.add) / seconds
        case "min_over_time":
            return windows.reduce(np.fmin)
        case "max_over_time":
            return windows.reduce(np.fmax)
        case "avg_over_time":
            return windows.reduce(np.add) / np.maximum(windows.counts(), 1)
        case "first_over_time":
            return np.append(windows.v, 0.0)[windows.lo]
        case "last_over_time":
            return np.append(windows.v, 0.0)[np.maximum(windows.hi - 1, 0)]
        case "stddev_over_time":
            return windows.each(lambda v: float(np.std(v)))
        case "stdvar_over_time":
            return windows.each(lambda v: float(np.var(v)))
        case "quantile_over_time":
            q = 0.0 if parameter is None else parameter
            return windows.each(lambda v: _quantile(q, v))
    raise AssertionError(op)


def _quantile(q: float, v: Values) -> float:
    if not 0 <= q <= 1:
        return float("-inf") if q < 0 else float("inf")
    return float(np.quantile(v, q))
