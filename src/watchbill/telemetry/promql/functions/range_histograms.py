"""Functions of ranges in which native histograms lie.

Windows of numbers alone are the kernels' work, here are those that hold a histogram: few enough
to be looked at one by one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from watchbill.telemetry.promql.ast import Span
from watchbill.telemetry.promql.histogram import Histogram
from watchbill.telemetry.promql.kernels.counters import AT_BOUNDARY
from watchbill.telemetry.promql.kernels.starts import began_anew
from watchbill.telemetry.promql.native.arithmetic import (
    Combined,
    difference,
    divided,
    empty_like,
    equal,
    is_reset,
    mean,
    scaled,
    total,
)
from watchbill.telemetry.promql.native.layout import MixedSchemasError, is_custom, reduced
from watchbill.telemetry.promql.native.notes import (
    note_aggregation,
    note_bounds,
    warn_mixed_samples,
    warn_mixed_schemas,
)
from watchbill.telemetry.promql.scope import Scope
from watchbill.telemetry.promql.select import RangeInput
from watchbill.telemetry.promql.storage import METRIC_NAME, Times, are_histograms
from watchbill.telemetry.promql.windows import Columns, Index

Sample = float | Histogram


@dataclass(frozen=True)
class HistogramWindow:
    """Samples of one series in one window, at least one of them a histogram.

    `begin` and `end` are the window's edges in ms. `resets` tells which samples began anew after
    the one before them in the series. `start` is since when the first sample counts, 0 if unknown.
    Extended windows also have a sample from before `begin` and, when `smoothed`, one behind `end`.
    """

    scope: Scope
    metric: str
    span: Span
    begin: int
    end: int
    t: Times
    samples: list[Sample]
    resets: list[bool]
    start: int = 0
    smoothed: bool = False

    @property
    def histograms(self) -> list[Histogram] | None:
        """All samples, if none is a number; a mix is told."""
        found = [sample for sample in self.samples if isinstance(sample, Histogram)]
        if len(found) == len(self.samples):
            return found
        warn_mixed_samples(self.scope, self.metric, self.span)
        return None

    def warn(self, message: str) -> None:
        """Annotate with the metric's name."""
        self.scope.query.warn(f'{message}: "{self.metric}"', self.span)


def histogram_rows(columns: Columns) -> Index:
    """The series that hold a histogram."""
    if columns.h is None:
        return np.zeros(0, np.int64)
    before = np.concatenate([[0], np.cumsum(are_histograms(columns.h))])
    return np.flatnonzero(np.diff(before[columns.starts]))


def windows_with_histograms(
    scope: Scope, given: RangeInput
) -> Iterator[tuple[int, int, HistogramWindow]]:
    """Row, step and samples of every window in which a histogram lies."""
    columns = given.samples.columns
    names = given.samples.labels.texts(METRIC_NAME)
    smoothed = given.extension == "smoothed"
    for row in histogram_rows(columns).tolist():
        own = slice(int(columns.starts[row]), int(columns.starts[row + 1]))
        t, samples = columns.t[own], _samples(columns, own)
        # Extended functions do not look at start timestamps (Prometheus's do not either).
        st = None if columns.st is None or given.extension else columns.st[own]
        began = _resets(samples, t, st)
        for step, (lo, hi) in enumerate(_bounds(scope, given, t)):
            inside = samples[lo:hi]
            if not any(isinstance(sample, Histogram) for sample in inside):
                continue
            scope.query.check()
            end = int(given.ends[step])
            yield row, step, HistogramWindow(
                scope, names[row], given.span, end - given.range_ms, end,
                t[lo:hi], inside, began[lo:hi], 0 if st is None else int(st[lo]), smoothed,
            )  # fmt: skip


def _bounds(scope: Scope, given: RangeInput, t: Times) -> list[tuple[int, int]]:
    """Which samples of one series each window sees, begin and end; nothing is `(0, 0)`."""
    begins, ends = given.ends - given.range_ms, given.ends
    lo, hi = np.searchsorted(t, begins, "right"), np.searchsorted(t, ends, "right")
    if given.extension:
        lookback = scope.query.lookback_ms
        oldest = np.maximum(lo - 1, np.searchsorted(t, begins - lookback, "right"))
        newest = hi - 1
        if given.extension == "smoothed":
            latest = np.searchsorted(t, ends + lookback, "right") - 1
            newest = np.minimum(np.searchsorted(t, ends, "left"), latest)
        seen = (oldest <= newest) & (oldest < len(t)) & (newest >= 0)
        some = np.clip([oldest, newest], 0, len(t) - 1)
        seen &= (t[some[1]] > begins) & (t[some[0]] <= ends)
        lo, hi = np.where(seen, oldest, 0), np.where(seen, newest + 1, 0)
    return list(zip(lo.tolist(), hi.tolist(), strict=True))


def _samples(columns: Columns, own: slice) -> list[Sample]:
    numbers: list[Sample] = columns.v[own].tolist()
    assert columns.h is not None
    return [
        number if histogram is None else histogram
        for number, histogram in zip(numbers, columns.h[own], strict=True)
    ]


def _resets(samples: list[Sample], t: Times, st: Times | None) -> list[bool]:
    """Which samples began anew after the one before, by their values or by what they say."""
    out = [False, *(_began_again(*pair) for pair in pairwise(samples))]
    if st is not None:
        anew = [False, *began_anew(st, t).tolist()]
        out = [one or other for one, other in zip(out, anew, strict=True)]
    return out


def _began_again(before: Sample, after: Sample) -> bool:
    if isinstance(before, Histogram) and isinstance(after, Histogram):
        return is_reset(after, before)
    if isinstance(before, Histogram) or isinstance(after, Histogram):
        return True
    return after < before


# --- Sums over time


def sum_over_time(w: HistogramWindow) -> Sample | None:
    """The sum of all samples."""
    return _together(w, total)


def avg_over_time(w: HistogramWindow) -> Sample | None:
    """The mean of all samples."""
    return _together(w, mean)


def _together(w: HistogramWindow, merge: Callable[[list[Histogram]], Combined]) -> Sample | None:
    histograms = w.histograms
    if histograms is None:
        return None
    try:
        found = merge(histograms)
    except MixedSchemasError:
        warn_mixed_schemas(w.scope, w.metric, w.span)
        return None
    note_aggregation(w.scope, found, w.span)
    return found.histogram


# --- How fast things change


def rate(w: HistogramWindow) -> Sample | None:
    """Increase per second, extrapolated to the window."""
    increased = _extrapolated(w, counter=True)
    return increased and scaled(increased, 1000 / (w.end - w.begin))


def increase(w: HistogramWindow) -> Sample | None:
    """Increase of a counter, extrapolated to the window."""
    return _extrapolated(w, counter=True)


def delta(w: HistogramWindow) -> Sample | None:
    """Difference of a gauge between the window's ends, extrapolated."""
    return _extrapolated(w, counter=False)


def _extrapolated(w: HistogramWindow, *, counter: bool) -> Histogram | None:
    """As `kernels.counters` does it, the count standing for the whole histogram."""
    histograms = w.histograms
    first, last = int(w.t[0]), int(w.t[-1])
    zero = _zero_inside(w) if counter else None
    if histograms is None or (len(histograms) < 2 and zero is None):
        return None
    resets_ = w.resets
    if zero is not None:
        histograms, resets_ = [empty_like(histograms[0]), *histograms], [False, *resets_]
        resets_[1] = False
    change = _change(w, histograms, resets_, counter=counter)
    if change is None:
        return None
    distance = (last - first) / max(len(w.t) - 1, 1)
    sampled = last - (first if zero is None else zero)
    to_start, to_end = 0.0, float(w.end - last)
    if zero is None:
        to_start = first - w.begin
        if to_start >= distance * AT_BOUNDARY:
            to_start = distance / 2
        if counter and change.count > 0 and histograms[0].count >= 0:
            to_start = min(to_start, sampled * (histograms[0].count / change.count))
    if to_end >= distance * AT_BOUNDARY:
        to_end = distance / 2
    return scaled(change, (sampled + to_start + to_end) / sampled)


def _zero_inside(w: HistogramWindow) -> int | None:
    """Since when the first sample counts, if that is inside the window."""
    return w.start if w.start and w.begin < w.start < int(w.t[0]) else None


def _change(
    w: HistogramWindow, histograms: list[Histogram], resets: list[bool], *, counter: bool
) -> Histogram | None:
    """Last less first, and what a counter had reached before each reset on top; it is a gauge."""
    check_hints(w, histograms, counter=counter)
    first, last = histograms[0], histograms[-1]
    if not counter:
        return _in_one(w, [first, last], [])
    if resets[1]:
        # What was before a reset need not fit what comes after it.
        first = empty_like(histograms[1])
    lost = [before for before, reset in zip(histograms[1:], resets[2:], strict=False) if reset]
    return _in_one(w, [first, *histograms[1:-1], last], lost)


def _in_one(
    w: HistogramWindow, histograms: list[Histogram], lost: list[Histogram]
) -> Histogram | None:
    """The last of `histograms` less the first, and `lost`, at the coarsest resolution of all."""
    if len({is_custom(histogram) for histogram in histograms}) > 1:
        warn_mixed_schemas(w.scope, w.metric, w.span)
        return None
    found = difference(histograms[-1], histograms[0])
    note_bounds(w.scope, found, "subtraction", w.span)
    out = found.histogram
    if lost:
        added = total([out, *lost])
        note_bounds(w.scope, added, "addition", w.span)
        out = added.histogram
    return replace(reduced(out, min(one.schema for one in histograms)), hint="gauge")


def check_hints(w: HistogramWindow, histograms: list[Histogram], *, counter: bool) -> None:
    """Warn where a counter is asked for and a gauge is there, or the other way round."""
    if counter:
        if any(histogram.hint == "gauge" for histogram in histograms):
            w.warn("this native histogram metric is not a counter")
    elif histograms[0].hint != "gauge" or histograms[-1].hint != "gauge":
        w.warn("this native histogram metric is not a gauge")


def irate(w: HistogramWindow) -> Sample | None:
    """Increase per second between the last two samples."""
    changed = _last_change(w, counter=True)
    seconds = int(w.t[-1] - w.t[-2]) / 1000 if len(w.t) > 1 else 0.0
    if changed is None or not seconds:
        return None
    return divided(changed, seconds) if isinstance(changed, Histogram) else changed / seconds


def idelta(w: HistogramWindow) -> Sample | None:
    """Difference between the last two samples."""
    return _last_change(w, counter=False)


def _last_change(w: HistogramWindow, *, counter: bool) -> Sample | None:
    if len(w.samples) < 2:
        return None
    before, last = w.samples[-2:]
    reset = counter and w.resets[-1]
    if isinstance(before, float) and isinstance(last, float):
        return last if reset else last - before
    if isinstance(before, float) or isinstance(last, float):
        warn_mixed_samples(w.scope, w.metric, w.span)
        return None
    if counter:
        check_hints(w, [before, last], counter=counter)
    elif {before.hint, last.hint} != {"gauge"}:
        w.warn("this native histogram metric is not a gauge")
    if reset:
        return replace(last, hint="gauge")
    try:
        found = difference(last, before)
    except MixedSchemasError:
        warn_mixed_schemas(w.scope, w.metric, w.span)
        return None
    note_bounds(w.scope, found, "subtraction", w.span)
    return found.histogram


# --- Counting events


def changes(w: HistogramWindow) -> Sample | None:
    """How often the sample changed; a number after a histogram is a change."""
    return float(sum(_differ(*pair) for pair in pairwise(w.samples)))


def resets(w: HistogramWindow) -> Sample | None:
    """How often a counter began anew; a number after a histogram, or before one, is a reset."""
    return float(sum(w.resets[1:]))


def _differ(before: Sample, after: Sample) -> bool:
    if isinstance(before, Histogram) and isinstance(after, Histogram):
        return not equal(before, after)
    if isinstance(before, Histogram) or isinstance(after, Histogram):
        return True
    return before != after and not (np.isnan(before) and np.isnan(after))


HISTOGRAM_FUNCTIONS: dict[str, Callable[[HistogramWindow], Sample | None]] = {
    "sum_over_time": sum_over_time,
    "avg_over_time": avg_over_time,
    "rate": rate,
    "increase": increase,
    "delta": delta,
    "irate": irate,
    "idelta": idelta,
    "changes": changes,
    "resets": resets,
}
"""What becomes of a window in which histograms lie. All others see the numbers in it only."""
