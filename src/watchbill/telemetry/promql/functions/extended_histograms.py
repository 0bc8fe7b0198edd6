"""`anchored` and `smoothed` changes of native histograms; `kernels.extended` says what they mean.

A change is put together pair by pair: two neighbours add what lies between them, or all of the
later one after a reset, as far as they are inside the window.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

from watchbill.telemetry.promql.histogram import Histogram
from watchbill.telemetry.promql.native.arithmetic import (
    difference,
    empty_like,
    is_reset,
    scaled,
    total,
)
from watchbill.telemetry.promql.native.layout import MixedSchemasError
from watchbill.telemetry.promql.native.notes import note_bounds, warn_mixed_schemas

from .range_histograms import HistogramWindow, Sample, changes, check_hints, resets


def rate(w: HistogramWindow) -> Sample | None:
    """Increase per second."""
    increased = _change(w, counter=True)
    return increased and scaled(increased, 1000 / (w.end - w.begin))


def increase(w: HistogramWindow) -> Sample | None:
    """Increase of a counter."""
    return _change(w, counter=True)


def delta(w: HistogramWindow) -> Sample | None:
    """Difference of a gauge between the window's ends."""
    return _change(w, counter=False)


def _change(w: HistogramWindow, *, counter: bool) -> Histogram | None:
    histograms = w.histograms
    if histograms is None:
        return None
    check_hints(w, histograms, counter=counter)
    times = w.t.tolist()
    out = empty_like(histograms[-1])
    try:
        for at, (before, after) in enumerate(pairwise(histograms)):
            added = after
            if not (counter and is_reset(after, before)):
                found = difference(after, before)
                note_bounds(w.scope, found, "subtraction", w.span)
                added = found.histogram
            share = _share(w, times[at], times[at + 1])
            sum_ = total([out, added if share == 1 else scaled(added, share)])
            note_bounds(w.scope, sum_, "addition", w.span)
            out = sum_.histogram
    except MixedSchemasError:
        warn_mixed_schemas(w.scope, w.metric, w.span)
        return None
    return replace(out, hint="gauge")


def _share(w: HistogramWindow, before: int, after: int) -> float:
    """How much of the time between two samples is inside the window; all of it when anchored."""
    if not w.smoothed:
        return 1.0
    return (min(after, w.end) - max(before, w.begin)) / (after - before)


EXTENDED_FUNCTIONS: dict[str, Callable[[HistogramWindow], Sample | None]] = {
    "rate": rate,
    "increase": increase,
    "delta": delta,
    "changes": changes,
    "resets": resets,
}
"""Like `range_histograms.HISTOGRAM_FUNCTIONS`, for windows that reach beyond their range."""
