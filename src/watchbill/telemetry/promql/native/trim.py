"""The operators `</` and `>/`: what of a histogram lies below or above a value."""

import math
from dataclasses import replace

import numpy as np

from watchbill.telemetry.promql.histogram import Buckets, Counts, Histogram

from .layout import is_custom, ranges, without_zeros


def trimmed(histogram: Histogram, value: float, *, keep_below: bool) -> Histogram:
    """The part below `value`, or the part above it.

    Count and sum are made anew from the buckets, each observation taken to be in the middle of
    what is left of its bucket, unless nothing was cut.
    """
    if math.isnan(value):
        kept, middle = _nothing(histogram)
    elif is_custom(histogram):
        kept, middle = _custom(histogram, value, keep_below=keep_below)
    else:
        kept, middle = _exponential(histogram, value, keep_below=keep_below)
    if np.array_equal(kept, ranges(histogram).counts):
        return histogram
    some = kept != 0
    return replace(
        _with_counts(histogram, kept),
        count=float(kept.sum()),
        sum=float(np.sum(kept[some] * middle[some])),
    )


def _nothing(histogram: Histogram) -> tuple[Counts, Counts]:
    counts = ranges(histogram).counts
    return np.zeros(len(counts)), np.zeros(len(counts))


def _with_counts(histogram: Histogram, counts: Counts) -> Histogram:
    """Other counts for the buckets in the order of `ranges`."""
    size, zeros = len(histogram.negative), histogram.zero_count
    zero_buckets = len(counts) - size - len(histogram.positive)
    return replace(
        histogram,
        zero_count=float(counts[size]) if zero_buckets else zeros,
        negative=without_zeros(Buckets(histogram.negative.index, counts[:size][::-1])),
        positive=without_zeros(Buckets(histogram.positive.index, counts[size + zero_buckets :])),
    )


def _exponential(histogram: Histogram, value: float, *, keep_below: bool) -> tuple[Counts, Counts]:
    """What is kept of each bucket, and the middle of that."""
    found = ranges(histogram)
    zero = (found.lower <= 0) & (found.upper >= 0)
    lower, upper = found.lower.copy(), found.upper.copy()
    if not len(histogram.negative) and len(histogram.positive):
        lower[zero] = 0.0
    elif not len(histogram.positive) and len(histogram.negative):
        upper[zero] = 0.0
    cut = np.clip(value, lower, upper)
    with np.errstate(all="ignore"):
        near, far, at = (np.log2(np.abs(x)) for x in (lower, upper, cut))
        logarithmic = np.where(upper > 0, (at - near) / (far - near), 1 - (at - far) / (near - far))
        below = np.where(zero, (cut - lower) / (upper - lower), logarithmic)
        below = np.where(value <= lower, 0.0, np.where(value >= upper, 1.0, below))
        start, end = (lower, cut) if keep_below else (cut, upper)
        geometric = np.sqrt(start * end)
    middle = np.where(zero, (start + end) / 2, np.where(upper > 0, geometric, -geometric))
    share = below if keep_below else 1 - below
    return found.counts * share, middle


def _custom(histogram: Histogram, value: float, *, keep_below: bool) -> tuple[Counts, Counts]:
    """Like `_exponential`. The outermost buckets have an infinite side, and cannot be divided."""
    found = ranges(histogram)
    if math.isinf(value):
        everything = (value > 0) == keep_below
        return found.counts * everything, np.zeros(len(found.counts))
    kept, middle = np.zeros(len(found.counts)), np.zeros(len(found.counts))
    for at, (lower, upper, count) in enumerate(
        zip(found.lower.tolist(), found.upper.tolist(), found.counts.tolist(), strict=True)
    ):
        share, centre = _custom_share(lower, upper, value, keep_below=keep_below)
        kept[at], middle[at] = count * share, centre
    return kept, middle


def _custom_share(
    lower: float, upper: float, value: float, *, keep_below: bool
) -> tuple[float, float]:
    """How much of one custom bucket is kept, and the middle of that."""
    if math.isinf(lower) and math.isinf(upper):
        return 0.0, 0.0
    if math.isinf(upper):
        return (0.0, 0.0) if keep_below else (1.0, max(lower, value))
    if math.isinf(lower):
        if upper <= 0:
            return (1.0, min(upper, value)) if keep_below else (0.0, 0.0)
        if not keep_below and value < 0:
            return 0.0, 0.0
        lower = 0.0  # a lowest bucket that ends above zero begins there
    cut = min(max(value, lower), upper)
    below = (cut - lower) / (upper - lower)
    if keep_below:
        return below, (lower + cut) / 2
    return 1 - below, (cut + upper) / 2
