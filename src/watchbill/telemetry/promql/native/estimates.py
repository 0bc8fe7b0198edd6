"""What the buckets let us guess of the observations: quantiles, shares, spread.

Within a bucket observations are taken to be spread exponentially, in the zero bucket and in custom
buckets evenly. Observations that are NaN count, but lie in no bucket; the sum is NaN then.
"""

import math
from dataclasses import dataclass

import numpy as np

from watchbill.telemetry.promql.histogram import Histogram

from .layout import Ranges, is_custom, ranges


@dataclass(frozen=True)
class _Bucket:
    """One bucket with the bounds between which its observations are thought to be."""

    lower: float
    upper: float
    count: float
    linear: bool

    def share_below(self, value: float) -> float:
        """How much of the bucket lies below `value`, which is inside: 0 to 1."""
        if self.linear:
            if math.isinf(self.lower):
                return 1.0
            return (value - self.lower) / (self.upper - self.lower)
        low, high, at = (math.log2(abs(x)) for x in (self.lower, self.upper, value))
        return (at - low) / (high - low) if value > 0 else 1 - (at - high) / (low - high)

    def value_at(self, share: float) -> float:
        """Below which value that share of the bucket lies."""
        if self.linear:
            return self.lower + (self.upper - self.lower) * share
        low, high = math.log2(abs(self.lower)), math.log2(abs(self.upper))
        if self.lower > 0:
            return math.exp2(low + (high - low) * share)
        return -math.exp2(high + (low - high) * (1 - share))


def _bucket(histogram: Histogram, found: Ranges, at: int) -> _Bucket:
    lower, upper = float(found.lower[at]), float(found.upper[at])
    count = float(found.counts[at])
    if is_custom(histogram):
        if math.isinf(lower) and upper > 0:
            lower = 0.0
        return _Bucket(lower, upper, count, linear=True)
    if lower <= 0 <= upper:
        # Observations of one sign only make it likely that those near zero have it too.
        if not len(histogram.negative) and len(histogram.positive):
            lower = 0.0
        elif not len(histogram.positive) and len(histogram.negative):
            upper = 0.0
        return _Bucket(lower, upper, count, linear=True)
    return _Bucket(lower, upper, count, linear=False)


def quantile(histogram: Histogram, q: float) -> float:
    """The value below which the share `q` of the observations lies.

    -Inf for q < 0, +Inf for q > 1; NaN for no observations, and where the answer is among NaNs.
    """
    if q < 0 or q > 1:
        return -math.inf if q < 0 else math.inf
    if histogram.count == 0 or math.isnan(q):
        return math.nan
    has_nan = math.isnan(histogram.sum)
    # From the nearer end, for less rounding; from below when NaNs, in no bucket, are on top.
    upwards = has_nan or q < 0.5
    rank = (q if upwards else 1 - q) * histogram.count
    found = ranges(histogram)
    filled = np.flatnonzero(found.counts)
    if not len(filled):
        return math.nan if has_nan else 0.0
    order = filled if upwards else filled[::-1]
    below = np.cumsum(found.counts[order])
    reached = np.flatnonzero(below >= rank)
    place = int(reached[0]) if len(reached) else len(order) - 1
    at = int(order[place])
    if is_custom(histogram):
        lower, upper = float(found.lower[at]), float(found.upper[at])
        if math.isinf(lower) and upper <= 0:
            return upper
        if math.isinf(upper) and not math.isinf(lower):
            return lower
    bucket = _bucket(histogram, found, at)
    count = min(float(below[place]), histogram.count)
    if count < rank:
        return math.nan if has_nan else bucket.upper
    inside = rank - (count - bucket.count) if upwards else count - rank
    return bucket.value_at(inside / bucket.count)


def fraction(histogram: Histogram, lower: float, upper: float) -> float:
    """The share of the observations between `lower` and `upper`; NaNs are between no values."""
    if histogram.count == 0 or math.isnan(lower) or math.isnan(upper):
        return math.nan
    if lower >= upper:
        return 0.0
    found = ranges(histogram)
    most = histogram.count
    if math.isnan(histogram.sum):
        most = float(found.counts.sum())
    share = _rank(histogram, found, upper, most) - _rank(histogram, found, lower, most)
    return share / histogram.count


def _rank(histogram: Histogram, found: Ranges, value: float, most: float) -> float:
    """How many observations lie below `value`, at most `most`."""
    begun = int(np.searchsorted(found.lower, value, "left"))
    if not begun:
        return 0.0
    below = float(found.counts[: begun - 1].sum())
    bucket = _bucket(histogram, found, begun - 1)
    if not bucket.lower < value:
        return min(below, most)
    if bucket.upper > value:
        return min(below + bucket.count * bucket.share_below(value), most)
    return most if begun == len(found.lower) else min(below + bucket.count, most)


def variance(histogram: Histogram) -> float:
    """Population variance, each observation taken to be in the middle of its bucket."""
    found = ranges(histogram)
    some = found.counts != 0
    lower, upper, counts = found.lower[some], found.upper[some], found.counts[some]
    with np.errstate(all="ignore"):
        mean = np.float64(histogram.sum) / histogram.count
        if is_custom(histogram):
            middle = (lower + upper) / 2
        else:
            geometric = np.sqrt(lower * upper)
            middle = np.where(upper < 0, -geometric, geometric)
            middle = np.where((lower <= 0) & (upper >= 0), 0.0, middle)
        return float(np.sum(counts * (middle - mean) ** 2) / np.float64(histogram.count))
