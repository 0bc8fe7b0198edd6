"""The `anchored` and `smoothed` range functions: exact ends instead of extrapolation.

Both look beyond the window for the sample before it. `anchored` takes that sample's value at the
window's start; `smoothed` also looks behind the window and interpolates at both ends. Source:
Prometheus, promql/functions.go, `extendedRate` and its helpers (experimental there).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from watchbill.telemetry.promql.storage import Times, Values
from watchbill.telemetry.promql.windows import Index, Windows, find_last

from .sums import reduce_windows

ANCHORED = ("changes", "delta", "increase", "rate", "resets")
SMOOTHED = ("delta", "increase", "rate")


@dataclass(frozen=True)
class _Ends:
    """Values at the two ends of each window, and the samples `inner.lo … inner.hi - 1` between."""

    left: Values
    right: Values
    inner: Windows
    present: NDArray[np.bool_]


def extended(function: str, w: Windows, *, smoothed: bool) -> tuple[Values, NDArray[np.bool_]]:
    """Values and presence (n, T); `w.lo` and `w.hi` already reach as far as may be looked."""
    counter = function in ("rate", "increase")
    ends = _ends(w, smoothed=smoothed, counter=counter)
    if function == "changes":
        return _count(ends, _differ), ends.present
    if function == "resets":
        return _count(ends, np.greater), ends.present
    out = ends.right - ends.left
    if counter:
        out = out + _lost(ends)
    return (out / (w.range_ms / 1000) if function == "rate" else out), ends.present


def _ends(w: Windows, *, smoothed: bool, counter: bool) -> _Ends:
    begin, end = w.ends - w.range_ms, w.ends
    newest = w.last
    oldest = np.maximum(w.lo, np.minimum(find_last(w, begin), newest) - 1)
    if smoothed:
        newest = np.minimum(find_last(w, end - 1), newest)
    some = w.counts > 0
    oldest, newest = np.where(some, oldest, 0), np.where(some, newest, 0)
    present = some & (w.t[newest] > begin)
    left, right = w.v[oldest], w.v[newest]
    if smoothed:
        present &= w.t[oldest] <= end
        before = w.t[oldest] < begin
        left = np.where(before, _between(w, oldest, oldest + 1, begin, counter=counter), left)
        after = (newest > w.lo) & (w.t[newest] > end)
        right = np.where(after, _between(w, newest - 1, newest, end, counter=counter), right)
    lo = np.where(w.t[oldest] <= begin, oldest + 1, oldest)
    hi = np.where(w.t[newest] >= end, newest, newest + 1)
    return _Ends(left, right, w.narrowed(lo, hi), present)


def _between(w: Windows, a: Index, b: Index, at: Times, *, counter: bool) -> Values:
    """The value at `at` on the line from sample a to sample b; a counter that fell began at 0."""
    a, b = np.clip(a, 0, len(w.v) - 1), np.clip(b, 0, len(w.v) - 1)
    start = np.where(counter & (w.v[b] < w.v[a]), 0.0, w.v[a])
    return start + (w.v[b] - start) * ((at[None, :] - w.t[a]) / (w.t[b] - w.t[a]))


def _differ(before: Values, after: Values) -> NDArray[np.bool_]:
    both_nan = np.isnan(before) & np.isnan(after)
    return np.not_equal(before, after) & ~both_nan


def _count(ends: _Ends, happened: Callable[[Values, Values], NDArray[np.bool_]]) -> Values:
    """Events between neighbours in the sequence left, inner samples, right."""
    w = ends.inner
    so_far = np.concatenate([[0], np.cumsum(happened(w.v[:-1], w.v[1:]))])
    inside = so_far[w.last] - so_far[w.first]
    at_ends = happened(ends.left, w.v[w.first]).astype(int) + happened(w.v[w.last], ends.right)
    direct = happened(ends.left, ends.right)
    return np.where(w.counts > 0, inside + at_ends, direct).astype(np.float64)


def _lost(ends: _Ends) -> Values:
    """What a counter had reached before each reset in left, inner samples, right."""
    w = ends.inner
    lost = np.zeros(len(w.v))
    lost[1:] = np.where(w.v[1:] < w.v[:-1], w.v[:-1], 0)
    pairs = w.narrowed(np.minimum(w.lo + 1, w.hi), w.hi)
    inside = np.where(pairs.counts > 0, reduce_windows(np.add, lost, pairs), 0.0)
    first, last = w.v[w.first], w.v[w.last]
    inside += np.where(first < ends.left, ends.left, 0) + np.where(ends.right < last, last, 0)
    direct = np.where(ends.right < ends.left, ends.left, 0)
    return np.where(w.counts > 0, inside, direct)


def interpolate(w: Windows, next_hi: Index) -> tuple[Values, NDArray[np.bool_]]:
    """A smoothed instant vector: the value at each end on the line between its two neighbours.

    `w` are the windows of the lookback, `next_hi` (n, T) the end of the samples that may be looked
    at behind each step. With one neighbour only, its value.
    """
    before, has_before = w.last, w.counts > 0
    has_after = next_hi > w.hi
    after = np.where(has_after, w.hi, 0)
    line = _between(w, before, after, w.ends, counter=False)
    exact = w.t[before] == w.ends[None, :]
    out = np.where(has_before & has_after, line, np.where(has_before, w.v[before], w.v[after]))
    return np.where(has_before & exact, w.v[before], out), has_before | has_after
