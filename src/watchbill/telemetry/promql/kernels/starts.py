"""rate, increase, irate and resets of counters whose samples say since when they count.

A sample that counts since after the one before it began anew, whatever its value. The first sample
of a window that began inside the window was zero then, which takes the place of extrapolation.
Source: Prometheus, promql/functions.go and promqltest/testdata/start_timestamps.test
(experimental there).
"""

import numpy as np
from numpy.typing import NDArray

from watchbill.telemetry.promql.storage import Times, Values
from watchbill.telemetry.promql.windows import Windows

from .counters import AT_BOUNDARY
from .sums import reduce_windows

Mask = NDArray[np.bool_]
STARTING = frozenset(("rate", "increase", "irate", "resets"))
"""The functions that look at start timestamps."""


def began_anew(st: Times, t: Times) -> Mask:
    """Say for each sample but the first whether it began anew after the one before it.

    One that counts since exactly the last sample is a delta, unless that one's start is unknown.
    """
    before_st, before, start, now = st[:-1], t[:-1], st[1:], t[1:]
    delta = (start == before) & (before_st != 0) & (before_st < before)
    out: Mask = (start != 0) & (start < now) & ((start > before) | delta)
    return out


def overlaps(st: Times, t: Times) -> Mask:
    """Say for each sample but the first whether it counts what the one before it counted too."""
    out: Mask = (st[1:] != 0) & (st[1:] < t[:-1]) & (st[1:] != st[:-1])
    return out


def any_overlap(w: Windows) -> Mask:
    """Whether neighbours in a window overlap, (n, T)."""
    assert w.st is not None
    so_far = np.concatenate([[0], np.cumsum(overlaps(w.st, w.t))])
    out: Mask = (so_far[w.last] > so_far[w.first]) & (w.counts > 0)
    return out


def started(function: str, w: Windows) -> tuple[Values, Mask]:
    """Values and presence (n, T) of one of the functions in `STARTING`."""
    assert w.st is not None
    reset = (w.v[1:] < w.v[:-1]) | began_anew(w.st, w.t)
    if function == "resets":
        so_far = np.concatenate([[0], np.cumsum(reset)])
        return (so_far[w.last] - so_far[w.first]).astype(np.float64), w.counts > 0
    if function == "irate":
        last, before = w.last, np.maximum(w.last - 1, 0)
        anew = np.concatenate([[False], reset])[last]
        change = np.where(anew, w.v[last], w.v[last] - w.v[before])
        seconds = (w.t[last] - w.t[before]) / 1000
        return change / np.where(seconds == 0, 1, seconds), w.counts >= 2
    change = w.v[w.last] - w.v[w.first] + _lost(w, reset)
    zero_ms, has_zero = starts_inside(w)
    change = np.where(has_zero, change + w.v[w.first], change)
    value = change * stretch(w, change, w.v[w.first], zero_ms, has_zero)
    if function == "rate":
        value = value / (w.range_ms / 1000)
    return value, (w.counts >= 2) | ((w.counts == 1) & has_zero)


def _lost(w: Windows, reset: Mask) -> Values:
    """What a counter had reached before each reset inside the window, summed."""
    lost = np.zeros(len(w.v))
    lost[1:] = np.where(reset, w.v[:-1], 0)
    inner = w.narrowed(np.minimum(w.lo + 1, w.hi), w.hi)
    return np.where(inner.counts > 0, reduce_windows(np.add, lost, inner), 0)


def starts_inside(w: Windows) -> tuple[Times, Mask]:
    """Since when the first sample of each window counts, and whether that is inside the window."""
    assert w.st is not None
    zero = w.st[w.first]
    begin = w.ends[None, :] - w.range_ms
    return zero, (zero != 0) & (zero > begin) & (zero < w.t[w.first]) & (w.counts > 0)


def stretch(
    w: Windows, change: Values, first_value: Values, zero_ms: Times, has_zero: Mask
) -> Values:
    """The factor by which the window is longer than what was sampled of it (`counters`)."""
    first = w.t[w.first]
    distance = (w.t[w.last] - first) / 1000 / np.maximum(w.counts - 1, 1)
    sampled = (w.t[w.last] - np.where(has_zero, zero_ms, first)) / 1000
    to_start = (first - (w.ends - w.range_ms)[None, :]) / 1000
    to_end = (w.ends[None, :] - w.t[w.last]) / 1000
    to_start = np.where(to_start >= distance * AT_BOUNDARY, distance / 2, to_start)
    rising = (change > 0) & (first_value >= 0)
    to_zero = sampled * (first_value / np.where(change == 0, 1, change))
    to_start = np.where(rising, np.minimum(to_start, to_zero), to_start)
    to_start = np.where(has_zero, 0.0, to_start)
    to_end = np.where(to_end >= distance * AT_BOUNDARY, distance / 2, to_end)
    return (sampled + to_start + to_end) / np.where(sampled == 0, 1, sampled)
