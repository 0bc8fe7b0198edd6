"""`anchored` and `smoothed` changes of native histograms; `kernels.extended` says what they mean.

A change is put together pair by pair: two neighbours add what lies between them, or all of the
later one after a reset, as far as they are inside the window.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from watchbill.telemetry.promql.histogram import Histogram
from watchbill.telemetry.promql.native.arithmetic import (
    difference,
    empty_like,
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
    try:
        parts = [
            one if share == 1 else scaled(one, share)
            for one, share in _parts(w, histograms, counter)
        ]
        found = total([empty_like(histograms[-1]), *parts])
    except MixedSchemasError:
        warn_mixed_schemas(w.scope, w.metric, w.span)
        return None
    note_bounds(w.scope, found, "addition", w.span)
    return replace(found.histogram, hint="gauge")


def _parts(
    w: HistogramWindow, histograms: list[Histogram], counter: bool
) -> Iterator[tuple[Histogram, float]]:
    """What neighbours add, and which share of that; those that are all inside, in one."""
    begin = 0
    for at in range(1, len(histograms) + 1):
        inside = at < len(histograms) and _share(w, at) == 1
        if inside and not (counter and w.resets[at]):
            continue
        if begin < at - 1:
            yield _difference(w, histograms[at - 1], histograms[begin]), 1.0
        begin = at
        if at == len(histograms):
            return
        reset = counter and w.resets[at]
        after, before = histograms[at], histograms[at - 1]
        yield after if reset else _difference(w, after, before), _share(w, at)


def _difference(w: HistogramWindow, after: Histogram, before: Histogram) -> Histogram:
    found = difference(after, before)
    note_bounds(w.scope, found, "subtraction", w.span)
    return found.histogram


def _share(w: HistogramWindow, at: int) -> float:
    """How much of the time before a sample is inside the window; all of it when anchored."""
    if not w.smoothed:
        return 1.0
    before, after = int(w.t[at - 1]), int(w.t[at])
    return (min(after, w.end) - max(before, w.begin)) / (after - before)


EXTENDED_FUNCTIONS: dict[str, Callable[[HistogramWindow], Sample | None]] = {
    "rate": rate,
    "increase": increase,
    "delta": delta,
    "changes": changes,
    "resets": resets,
}
"""Like `range_histograms.HISTOGRAM_FUNCTIONS`, for windows that reach beyond their range."""
