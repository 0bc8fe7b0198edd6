"""Classic histograms: quantiles and fractions from cumulative buckets.

C histograms of the same layout at once: `bounds` (B) ascend, `counts` (B, C) are cumulative, and
the last bound must be +Inf for there to be a result. Source: Prometheus, promql/quantile.go.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from watchbill.telemetry.promql.storage import Values

_SMALL_DELTA = 1e-12
"""Counts that fall by less than this, relatively, fell by rounding."""


@dataclass(frozen=True)
class Repairs:
    """For each histogram whether its counts had to be made to ascend, and how: the lowest and the
    highest bound of the buckets that were raised, and the largest fall."""

    needed: NDArray[np.bool_]
    lowest: Values
    highest: Values
    drop: Values

    @staticmethod
    def none(size: int) -> "Repairs":
        """All is well."""
        nothing = np.zeros(size)
        return Repairs(
            np.zeros(size, np.bool_), np.full(size, np.inf), np.full(size, -np.inf), nothing
        )

    def take(self, rows: NDArray[np.int64]) -> "Repairs":
        """Some of them."""
        return Repairs(self.needed[rows], self.lowest[rows], self.highest[rows], self.drop[rows])


def bucket_quantile(q: Values, bounds: Values, counts: Values) -> tuple[Values, Repairs]:
    """Quantile `q[k]` of histogram k, and how its counts were made to ascend."""
    size, n = counts.shape
    nothing = np.full(n, np.nan)
    outside = np.where(np.isnan(q), np.nan, np.where(q < 0, -np.inf, np.inf))
    valid = (q >= 0) & (q <= 1)
    if size < 2 or not np.isposinf(bounds[-1]):
        return np.where(valid, nothing, outside), Repairs.none(n)
    counts, repairs = _ascending(bounds, counts)
    total, columns = counts[-1], np.arange(n)
    rank = q * total
    bucket = np.sum(counts[:-1] < rank, axis=0)
    previous = np.maximum(bucket - 1, 0)
    below = np.where(bucket > 0, counts[previous, columns], 0.0)
    start = np.where(bucket > 0, bounds[previous], 0.0)
    share = (rank - below) / (counts[bucket, columns] - below)
    out = start + (bounds[bucket] - start) * share
    out = np.where((bucket == 0) & (bounds[0] <= 0), bounds[0], out)
    out = np.where(bucket == size - 1, bounds[size - 2], out)
    out = np.where((total == 0) | np.isnan(total), nothing, out)
    return np.where(valid, out, outside), replace(repairs, needed=repairs.needed & valid)


def _ascending(bounds: Values, counts: Values) -> tuple[Values, Repairs]:
    """Counts made non-decreasing; only what is more than rounding counts as a repair."""
    counts = counts.copy()
    repairs = Repairs.none(counts.shape[1])
    previous = counts[0].copy()
    for bound, row in zip(bounds[1:], counts[1:], strict=True):
        close = np.abs(row - previous) <= _SMALL_DELTA * (np.abs(row) + np.abs(previous))
        fell = (row < previous) & ~close
        if fell.any():
            repairs.needed[fell] = True
            repairs.lowest[fell] = np.minimum(repairs.lowest[fell], bound)
            repairs.highest[fell] = np.maximum(repairs.highest[fell], bound)
            repairs.drop[fell] = np.maximum(repairs.drop[fell], (previous - row)[fell])
        previous = np.where(close | fell, previous, row)
        row[:] = previous
    return counts, repairs


def bucket_fraction(lower: Values, upper: Values, bounds: Values, counts: Values) -> Values:
    """The share of observations between `lower[k]` and `upper[k]` in histogram k."""
    total = counts[-1]
    if not np.isposinf(bounds[-1]):
        return np.full(counts.shape[1], np.nan)
    share = (_rank(upper, bounds, counts) - _rank(lower, bounds, counts)) / total
    share = np.where(lower >= upper, 0.0, share)
    return np.where((total == 0) | np.isnan(lower) | np.isnan(upper), np.nan, share)


def _rank(at: Values, bounds: Values, counts: Values) -> Values:
    """How many observations lie below `at[k]` in histogram k, interpolated within its bucket."""
    size, n = counts.shape
    bucket = np.minimum(np.searchsorted(bounds, at, "left"), size - 1)
    previous, columns = np.maximum(bucket - 1, 0), np.arange(n)
    below = np.where(bucket > 0, counts[previous, columns], 0.0)
    inside = counts[bucket, columns]
    floor = 0.0 if bounds[0] > 0 else -np.inf
    start = np.where(bucket > 0, bounds[previous], floor)
    line = below + (inside - below) * ((at - start) / (bounds[bucket] - start))
    line = np.where(np.isneginf(start), inside, line)
    line = np.where(at <= start, below, line)
    out: Values = np.minimum(np.where(at >= bounds[bucket], inside, line), counts[-1])
    return out
