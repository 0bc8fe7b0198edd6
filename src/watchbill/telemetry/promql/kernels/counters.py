"""How fast things change: rate, increase, delta, irate, idelta, changes, resets."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from watchbill.telemetry.promql.storage import Values
from watchbill.telemetry.promql.windows import Index, Windows

from .sums import reduce_windows

AT_BOUNDARY = 1.1
"""A gap up to this many average sample distances counts as "the series reaches the boundary"."""


def rate(w: Windows) -> Values:
    """Increase per second, extrapolated to the window."""
    return _extrapolated(w, "rate")


def increase(w: Windows) -> Values:
    """Increase of a counter, extrapolated to the window."""
    return _extrapolated(w, "increase")


def delta(w: Windows) -> Values:
    """Difference of a gauge between the window's ends, extrapolated."""
    return _extrapolated(w, "delta")


def _extrapolated(w: Windows, kind: Literal["rate", "increase", "delta"]) -> Values:
    """Prometheus's `extrapolatedRate` (promql/functions.go).

    The change between the first and last sample is stretched to the window's boundaries, or by
    half an average distance where the series seems to begin or end inside the window; a counter
    is never extrapolated below zero.
    """
    counter = kind != "delta"
    first_value = w.v[w.first]
    change = w.v[w.last] - first_value
    if counter:
        change = change + _lost_by_resets(w)
    to_start = (w.t[w.first] - (w.ends - w.range_ms)[None, :]) / 1000
    to_end = (w.ends[None, :] - w.t[w.last]) / 1000
    sampled = (w.t[w.last] - w.t[w.first]) / 1000
    distance = sampled / np.maximum(w.counts - 1, 1)
    to_start = np.where(to_start >= distance * AT_BOUNDARY, distance / 2, to_start)
    if counter:
        rising = (change > 0) & (first_value >= 0)
        to_zero = sampled * (first_value / np.where(change == 0, 1, change))
        to_start = np.where(rising, np.minimum(to_start, to_zero), to_start)
    to_end = np.where(to_end >= distance * AT_BOUNDARY, distance / 2, to_end)
    stretch = (sampled + to_start + to_end) / np.where(sampled == 0, 1, sampled)
    if kind == "rate":
        stretch = stretch / (w.range_ms / 1000)
    return change * stretch


def _lost_by_resets(w: Windows) -> Values:
    """What a counter had reached before each reset inside the window, summed: (n, T)."""
    lost = np.zeros(len(w.v))
    lost[1:] = np.where(w.v[1:] < w.v[:-1], w.v[:-1], 0)
    out = np.zeros(w.shape)
    if lost.any():
        # Compare each sample only with one before it in the same window: skip the first.
        inner = w.narrowed(np.minimum(w.lo + 1, w.hi), w.hi)
        out = np.where(inner.counts > 0, reduce_windows(np.add, lost, inner), 0)
    return out


def irate(w: Windows) -> Values:
    """Increase per second between the last two samples."""
    before, last = _last_two(w)
    change = np.where(w.v[last] < w.v[before], w.v[last], w.v[last] - w.v[before])
    seconds = (w.t[last] - w.t[before]) / 1000
    return change / np.where(seconds == 0, 1, seconds)


def idelta(w: Windows) -> Values:
    """Difference between the last two samples."""
    before, last = _last_two(w)
    return w.v[last] - w.v[before]


def _last_two(w: Windows) -> tuple[Index, Index]:
    return np.maximum(w.last - 1, 0), w.last


def changes(w: Windows) -> Values:
    """How often the value changed; NaN after NaN is no change."""
    before, after = w.v[:-1], w.v[1:]
    return _count_steps(w, (before != after) & ~(np.isnan(before) & np.isnan(after)))


def resets(w: Windows) -> Values:
    """How often the value fell."""
    return _count_steps(w, w.v[1:] < w.v[:-1])


def _count_steps(w: Windows, happened: NDArray[np.bool_]) -> Values:
    """Count events between neighbouring samples: `happened[k]` is between k and k + 1."""
    so_far = np.concatenate([[0], np.cumsum(happened)])
    count: Values = (so_far[w.last] - so_far[w.first]).astype(np.float64)
    return count
