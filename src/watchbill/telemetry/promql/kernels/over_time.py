"""Summaries of a window: extremes, spread, quantiles, and when the extremes were."""

from collections.abc import Callable

import numpy as np

from watchbill.telemetry.promql.storage import Values
from watchbill.telemetry.promql.windows import Index, Windows

from . import cells
from .sums import reduce_windows


def count(w: Windows) -> Values:
    """Number of samples."""
    return w.counts.astype(np.float64)


def present(w: Windows) -> Values:
    """1 for every window."""
    return np.ones(w.shape)


def last(w: Windows) -> Values:
    """The newest value."""
    return w.v[w.last]


def first(w: Windows) -> Values:
    """The oldest value."""
    return w.v[w.first]


def minimum(w: Windows) -> Values:
    """The smallest value, NaN only if there is nothing else."""
    return reduce_windows(np.fmin, w.v, w)


def maximum(w: Windows) -> Values:
    """The largest value, NaN only if there is nothing else."""
    return reduce_windows(np.fmax, w.v, w)


def variance(w: Windows) -> Values:
    """Population variance."""
    index, window, sizes = spread_out(w)
    return cells.variance(w.v[index], window, sizes).reshape(w.shape)


def deviation(w: Windows) -> Values:
    """Population standard deviation."""
    return np.sqrt(variance(w))


def quantile(w: Windows, q: Values) -> Values:
    """The q-quantile (q has length T); see `cells.quantile`."""
    index, window, sizes = spread_out(w)
    wanted = np.broadcast_to(q, w.shape).ravel()
    return cells.quantile(w.v[index], window, sizes, wanted).reshape(w.shape)


def median_absolute_deviation(w: Windows) -> Values:
    """Median distance from the median."""
    index, window, sizes = spread_out(w)
    half = np.full(len(sizes), 0.5)
    median = cells.quantile(w.v[index], window, sizes, half)
    distance = np.abs(w.v[index] - median[window])
    out = cells.quantile(distance, window, sizes, half)
    out[window[np.isnan(distance)]] = np.nan
    return out.reshape(w.shape)


def time_of_first(w: Windows) -> Values:
    """When the oldest sample was, in Unix seconds."""
    return w.t[w.first] / 1000


def time_of_last(w: Windows) -> Values:
    """When the newest sample was, in Unix seconds."""
    return w.t[w.last] / 1000


def time_of_minimum(w: Windows) -> Values:
    """When the smallest value was seen last, in Unix seconds."""
    return _time_of(w, minimum)


def time_of_maximum(w: Windows) -> Values:
    """When the largest value was seen last, in Unix seconds."""
    return _time_of(w, maximum)


def _time_of(w: Windows, extreme: Callable[[Windows], Values]) -> Values:
    index, window, sizes = spread_out(w)
    wanted = extreme(w).ravel()[window]
    hit = (w.v[index] == wanted) | np.isnan(wanted)
    newest = np.zeros(len(sizes), np.int64)
    np.maximum.at(newest, window[hit], index[hit])
    return w.t[newest].reshape(w.shape) / 1000


def spread_out(w: Windows) -> tuple[Index, Index, Index]:
    """Every sample of every window in a row: its index, its window's number, windows' sizes."""
    sizes = w.counts.ravel()
    window = np.repeat(np.arange(sizes.size), sizes)
    begin = np.cumsum(sizes) - sizes
    return np.arange(len(window)) - begin[window] + w.lo.ravel()[window], window, sizes
