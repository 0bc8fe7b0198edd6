"""Adding, subtracting and scaling native histograms; are two equal, and which way do they count."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from watchbill.telemetry.promql.histogram import Buckets, Counts, Hint, Histogram, Index
from watchbill.telemetry.promql.kernels.sums import compensated_mean, compensated_sum, doubtful

from .layout import compact, gathered, is_custom, same_layout, with_zero_bucket, without_zeros


@dataclass(frozen=True)
class Combined:
    """What came of several histograms, and what is to be told about it.

    `reconciled`: their custom bounds differed. `collision`: one began anew where another did not.
    """

    histogram: Histogram
    reconciled: bool
    collision: bool


def total(histograms: Sequence[Histogram]) -> Combined:
    """The sum. Raises `MixedSchemasError`."""
    return _merge(histograms, average=False)


def mean(histograms: Sequence[Histogram]) -> Combined:
    """The average, bucket by bucket, also where the sum overflows. Raises `MixedSchemasError`."""
    return _merge(histograms, average=True)


def _merge(histograms: Sequence[Histogram], *, average: bool) -> Combined:
    hints = {histogram.hint for histogram in histograms}
    collision = {"reset", "not_reset"} <= hints
    if len(histograms) == 1:
        return Combined(compact(histograms[0]), reconciled=False, collision=False)
    alike, reconciled = same_layout(histograms)
    size = len(alike)

    def single(numbers: Iterable[float]) -> float:
        given = list(numbers)
        return compensated_mean(given) if average else compensated_sum(given)

    first = alike[0]
    divisor = size if average else None
    merged = Histogram(
        first.schema,
        single(histogram.count for histogram in alike),
        single(histogram.sum for histogram in alike),
        first.zero_threshold,
        single(histogram.zero_count for histogram in alike),
        _merged([histogram.positive for histogram in alike], divisor),
        _merged([histogram.negative for histogram in alike], divisor),
        first.bounds,
        combined_hint(hints),
    )
    return Combined(merged, reconciled, collision)


def _merged(parts: Sequence[Buckets], divisor: int | None) -> Buckets:
    """Buckets added up, each divided by `divisor` if there is one."""
    parts = [part for part in parts if len(part)]
    if not parts:
        return Buckets()
    if len(parts) == 2 and divisor is None:
        return without_zeros(_added(*parts))
    index = np.concatenate([part.index for part in parts])
    counts = np.concatenate([part.counts for part in parts])
    distinct, which = np.unique(index, return_inverse=True)
    size = len(distinct)
    sums = np.bincount(which, counts, size).astype(np.float64, copy=False)
    absolute = np.bincount(which, np.abs(counts), size)
    sizes = np.bincount(which, minlength=size)
    again = doubtful(sums, absolute.astype(np.float64, copy=False), sizes) | ~np.isfinite(sums)
    out = sums / (divisor or 1)
    for bucket in np.flatnonzero(again).tolist():
        numbers = counts[which == bucket].tolist()
        missing = [0.0] * ((divisor or 0) - len(numbers))
        out[bucket] = compensated_mean(numbers + missing) if divisor else compensated_sum(numbers)
    return without_zeros(Buckets(distinct, out))


def _added(one: Buckets, other: Buckets) -> Buckets:
    """The sum of two, which needs no care: it is rounded once."""
    if np.array_equal(one.index, other.index):
        with np.errstate(over="ignore", invalid="ignore"):
            return Buckets(one.index, one.counts + other.counts)
    return gathered(
        np.concatenate([one.index, other.index]), np.concatenate([one.counts, other.counts])
    )


def combined_hint(hints: Iterable[Hint]) -> Hint:
    """What is known of a sum: a gauge once one part is, otherwise only what all parts say."""
    known = set(hints)
    if "gauge" in known:
        return "gauge"
    return known.pop() if len(known) == 1 else "unknown"


def scaled(histogram: Histogram, factor: float) -> Histogram:
    """Everything times `factor`; a negative one makes a gauge."""
    with np.errstate(all="ignore"):
        return compact(
            replace(
                histogram,
                count=histogram.count * factor,
                sum=histogram.sum * factor,
                zero_count=histogram.zero_count * factor,
                positive=Buckets(histogram.positive.index, histogram.positive.counts * factor),
                negative=Buckets(histogram.negative.index, histogram.negative.counts * factor),
                hint="gauge" if factor < 0 else histogram.hint,
            )
        )


def divided(histogram: Histogram, divisor: float) -> Histogram:
    """Everything divided by `divisor`. Division by zero leaves no buckets."""
    if divisor == 0:
        count, total_, zeros = np.array([histogram.count, histogram.sum, histogram.zero_count])
        with np.errstate(all="ignore"):
            return replace(
                histogram,
                count=float(count / divisor),
                sum=float(total_ / divisor),
                zero_count=float(zeros / divisor),
                positive=Buckets(),
                negative=Buckets(),
            )
    with np.errstate(all="ignore"):
        return compact(
            replace(
                histogram,
                count=histogram.count / divisor,
                sum=histogram.sum / divisor,
                zero_count=histogram.zero_count / divisor,
                positive=Buckets(histogram.positive.index, histogram.positive.counts / divisor),
                negative=Buckets(histogram.negative.index, histogram.negative.counts / divisor),
                hint="gauge" if divisor < 0 else histogram.hint,
            )
        )


def difference(left: Histogram, right: Histogram) -> Combined:
    """`left - right`, which is a gauge. Raises `MixedSchemasError`."""
    collision = {left.hint, right.hint} == {"reset", "not_reset"}
    (one, other), reconciled = same_layout([left, right])
    out = Histogram(
        one.schema,
        one.count - other.count,
        one.sum - other.sum,
        one.zero_threshold,
        one.zero_count - other.zero_count,
        _merged([one.positive, _negative(other.positive)], None),
        _merged([one.negative, _negative(other.negative)], None),
        one.bounds,
        "gauge",
    )
    return Combined(out, reconciled, collision)


def _negative(buckets: Buckets) -> Buckets:
    return Buckets(buckets.index, -buckets.counts)


def equal(left: Histogram, right: Histogram) -> bool:
    """Whether two histograms say the same; hints do not count."""
    return (
        left.schema == right.schema
        and _same(left.count, right.count)
        and _same(left.sum, right.sum)
        and left.zero_threshold == right.zero_threshold
        and _same(left.zero_count, right.zero_count)
        and np.array_equal(left.bounds, right.bounds)
        and _same_buckets(left.positive, right.positive)
        and _same_buckets(left.negative, right.negative)
    )


def _same(left: float, right: float) -> bool:
    return left == right or (left != left and right != right)


def _same_buckets(left: Buckets, right: Buckets) -> bool:
    left, right = without_zeros(left), without_zeros(right)
    return np.array_equal(left.index, right.index) and np.array_equal(
        left.counts, right.counts, equal_nan=True
    )


# --- Counter resets


def is_reset(histogram: Histogram, previous: Histogram) -> bool:
    """Whether a counter began anew between two samples.

    The hint decides where it can. Otherwise it did when anything that only grows has shrunk, or
    when the buckets became finer, which cannot be without a restart.
    """
    if histogram.hint in ("reset", "not_reset"):
        return histogram.hint == "reset"
    if histogram.count < previous.count or is_custom(histogram) != is_custom(previous):
        return True
    if not is_custom(histogram):
        if histogram.schema > previous.schema:
            return True
        if histogram.zero_threshold < previous.zero_threshold:
            return True
        previous = with_zero_bucket(previous, histogram.zero_threshold)
        if previous.zero_threshold != histogram.zero_threshold:
            return True
        if histogram.zero_count < previous.zero_count:
            return True
    (now, before), _ = same_layout([histogram, previous])
    return _fell(now.positive, before.positive) or _fell(now.negative, before.negative)


def _fell(now: Buckets, before: Buckets) -> bool:
    """Whether any bucket holds less than before."""
    if np.array_equal(now.index, before.index):
        return bool((now.counts < before.counts).any())
    return bool((_looked_up(now, before.index) < before.counts).any())


def _looked_up(buckets: Buckets, index: Index) -> Counts:
    """The counts at `index`, 0 where nothing was told."""
    if not len(buckets):
        return np.zeros(len(index))
    at = np.minimum(np.searchsorted(buckets.index, index), len(buckets) - 1)
    return np.where(buckets.index[at] == index, buckets.counts[at], 0.0)


def told_resets(histograms: Sequence[Histogram]) -> list[Histogram]:
    """Successive samples of a counter with hints filled in where there were none."""
    out: list[Histogram] = []
    previous: Histogram | None = None
    for histogram in histograms:
        hint = histogram.hint
        if hint == "unknown" and previous is not None:
            hint = "reset" if is_reset(histogram, previous) else "not_reset"
        out.append(replace(histogram, hint=hint))
        previous = histogram
    return out


def empty_like(histogram: Histogram) -> Histogram:
    """Nothing observed, in the same buckets."""
    threshold = histogram.zero_threshold
    return Histogram(histogram.schema, 0.0, 0.0, threshold, bounds=histogram.bounds)
