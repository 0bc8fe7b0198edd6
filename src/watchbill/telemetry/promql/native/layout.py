"""Where the buckets of histograms end, and how histograms come to have the same buckets."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from watchbill.telemetry.promql.histogram import (
    CUSTOM_BOUNDS,
    Buckets,
    Counts,
    Histogram,
    Index,
)

_LARGEST = float(np.finfo(np.float64).max)
_LARGEST_EXPONENT = 1024


class MixedSchemasError(ValueError):
    """Exponential buckets met custom ones: they have no bounds in common."""


def is_custom(histogram: Histogram) -> bool:
    """Whether the buckets end at bounds of their own."""
    return histogram.schema == CUSTOM_BOUNDS


def upper_bounds(schema: int, index: Index) -> Counts:
    """Where buckets of an exponential schema end; the last finite one at the largest float."""
    exponent = index * 2.0**-schema
    with np.errstate(over="ignore"):
        bounds = np.exp2(exponent)
    return np.where(exponent == _LARGEST_EXPONENT, _LARGEST, bounds)


@dataclass(frozen=True)
class Ranges:
    """All buckets from the lowest to the highest: ranges `(lower, upper]` and what is in them."""

    lower: Counts
    upper: Counts
    counts: Counts


def ranges(histogram: Histogram) -> Ranges:
    """The buckets in the order of the number line, the zero bucket among them if it has any."""
    if is_custom(histogram):
        ends = np.concatenate([[-np.inf], histogram.bounds, [np.inf]])
        index = histogram.positive.index
        return Ranges(ends[index], ends[index + 1], histogram.positive.counts)
    threshold, zeros = histogram.zero_threshold, histogram.zero_count
    low, high = _distances(histogram.schema, histogram.positive.index, threshold)
    near, far = _distances(histogram.schema, histogram.negative.index[::-1], threshold)
    middle = np.full(1 if zeros > 0 else 0, threshold)
    return Ranges(
        np.concatenate([-far, -middle, low]),
        np.concatenate([-near, middle, high]),
        np.concatenate(
            [
                histogram.negative.counts[::-1],
                np.full(len(middle), zeros),
                histogram.positive.counts,
            ]
        ),
    )


def _distances(schema: int, index: Index, threshold: float) -> tuple[Counts, Counts]:
    """How far from zero buckets begin and end; none begins inside the zero bucket."""
    near, far = upper_bounds(schema, index - 1), upper_bounds(schema, index)
    return np.where((near < threshold) & (threshold < far), threshold, near), far


def without_zeros(buckets: Buckets) -> Buckets:
    """Without the buckets that hold nothing."""
    some = buckets.counts != 0
    return buckets if some.all() else Buckets(buckets.index[some], buckets.counts[some])


def compact(histogram: Histogram) -> Histogram:
    """Without the buckets that hold nothing."""
    return replace(
        histogram,
        positive=without_zeros(histogram.positive),
        negative=without_zeros(histogram.negative),
    )


def gathered(index: NDArray[np.integer], counts: Counts) -> Buckets:
    """Buckets from counts in any order; those with the same index are added up."""
    if len(index) and (np.diff(index) > 0).all():
        return Buckets(index.astype(np.int32, copy=False), counts)
    distinct, which = np.unique(index, return_inverse=True)
    sums = np.bincount(which, counts, len(distinct)).astype(np.float64, copy=False)
    return Buckets(distinct.astype(np.int32, copy=False), sums)


# --- The same buckets for several histograms


def same_layout(histograms: Sequence[Histogram]) -> tuple[list[Histogram], bool]:
    """Histograms made comparable bucket by bucket; True when custom bounds had to be given up.

    The result has the coarsest of the resolutions, the widest of the zero buckets, and those
    custom bounds that all have. Raises `MixedSchemasError`.
    """
    first = histograms[0]
    custom = is_custom(first)
    if any(is_custom(histogram) != custom for histogram in histograms):
        raise MixedSchemasError
    if custom:
        return _same_bounds(histograms)
    if len({(histogram.schema, histogram.zero_threshold) for histogram in histograms}) == 1:
        return list(histograms), False
    out = _same_zero_bucket(list(histograms))
    schema = min(histogram.schema for histogram in out)
    return [reduced(histogram, schema) for histogram in out], False


def _same_bounds(histograms: Sequence[Histogram]) -> tuple[list[Histogram], bool]:
    bounds = histograms[0].bounds
    if all(np.array_equal(histogram.bounds, bounds) for histogram in histograms):
        return list(histograms), False
    for histogram in histograms[1:]:
        bounds = np.intersect1d(bounds, histogram.bounds)
    return [_with_bounds(histogram, bounds) for histogram in histograms], True


def _with_bounds(histogram: Histogram, bounds: Counts) -> Histogram:
    """With only some of the custom bounds."""
    ends = np.append(histogram.bounds, np.inf)[histogram.positive.index]
    index = np.searchsorted(bounds, ends, "left")
    return replace(histogram, positive=gathered(index, histogram.positive.counts), bounds=bounds)


def reduced(histogram: Histogram, schema: int) -> Histogram:
    """At a coarser (or the same) exponential resolution."""
    if histogram.schema == schema:
        return histogram
    shift = histogram.schema - schema

    def coarser(buckets: Buckets) -> Buckets:
        return gathered(((buckets.index - 1) >> shift) + 1, buckets.counts)

    return replace(
        histogram,
        schema=schema,
        positive=coarser(histogram.positive),
        negative=coarser(histogram.negative),
    )


def _same_zero_bucket(histograms: list[Histogram]) -> list[Histogram]:
    """With zero buckets as wide as the widest, or wider where it would end inside a bucket."""
    while True:
        widest = max(histogram.zero_threshold for histogram in histograms)
        histograms = [with_zero_bucket(histogram, widest) for histogram in histograms]
        if all(histogram.zero_threshold == widest for histogram in histograms):
            return histograms


def with_zero_bucket(histogram: Histogram, threshold: float) -> Histogram:
    """With a zero bucket at least so wide: it ends where a populated bucket does, if it meets one.

    What it covers is counted in it.
    """
    if threshold <= histogram.zero_threshold:
        return histogram
    sides = (histogram.positive, histogram.negative)
    begins = [upper_bounds(histogram.schema, side.index - 1) for side in sides]
    ends = [upper_bounds(histogram.schema, side.index) for side in sides]
    while True:
        cut = [
            float(end[(begin < threshold) & (end > threshold) & (side.counts != 0)].max(initial=0))
            for begin, end, side in zip(begins, ends, sides, strict=True)
        ]
        if max(cut) <= threshold:
            break
        threshold = max(cut)
    kept = [begin >= threshold for begin in begins]
    swallowed = sum(float(side.counts[~keep].sum()) for side, keep in zip(sides, kept, strict=True))
    positive, negative = (
        Buckets(side.index[keep], side.counts[keep]) for side, keep in zip(sides, kept, strict=True)
    )
    return replace(
        histogram,
        zero_threshold=threshold,
        zero_count=histogram.zero_count + swallowed,
        positive=positive,
        negative=negative,
    )
