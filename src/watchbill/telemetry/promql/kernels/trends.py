"""Straight lines and smoothing through a window."""

import numpy as np

from watchbill.telemetry.promql.errors import EvalError
from watchbill.telemetry.promql.storage import Times, Values
from watchbill.telemetry.promql.windows import Windows

from .over_time import spread_out


def derivative(w: Windows) -> Values:
    """Slope per second of the least-squares line."""
    slope, _ = _line(w, w.t[w.first])
    return slope


def predict_linear(w: Windows, ahead: Values, now: Times) -> Values:
    """The least-squares line's value `ahead` seconds after `now` (ms), both of length T."""
    slope, at_now = _line(w, np.broadcast_to(now, w.shape))
    return slope * ahead[None, :] + at_now


def _line(w: Windows, origin: Times) -> tuple[Values, Values]:
    """Slope and value at `origin` (n, T) of the least-squares line, both (n, T)."""
    index, window, sizes = spread_out(w)
    count = np.maximum(sizes, 1)
    first = w.v[w.first].ravel()
    x = (w.t[index] - origin.ravel()[window]) / 1000
    y = w.v[index] - first[window]

    def total(numbers: Values) -> Values:
        return np.bincount(window, numbers, len(sizes)).astype(np.float64, copy=False)

    mean_x, mean_y = total(x) / count, total(y) / count
    dx, dy = x - mean_x[window], y - mean_y[window]
    slope = total(dx * dy) / total(dx * dx)
    at_origin = mean_y + first - slope * mean_x
    constant = total((w.v[index] != first[window]).astype(np.float64)) == 0
    slope = np.where(constant, np.where(np.isinf(first), np.nan, 0.0), slope)
    at_origin = np.where(constant, np.where(np.isinf(first), np.nan, first), at_origin)
    return slope.reshape(w.shape), at_origin.reshape(w.shape)


def double_exponential_smoothing(w: Windows, smoothing: Values, trend: Values) -> Values:
    """Holt's linear method; both factors have length T and lie strictly between 0 and 1."""
    _check_factor("smoothing", "sf", smoothing)
    _check_factor("trend", "tf", trend)
    out = np.zeros(w.shape)
    for i, j in np.argwhere(w.counts >= 2).tolist():
        numbers = w.v[w.lo[i, j] : w.hi[i, j]].tolist()
        out[i, j] = _smooth(numbers, float(smoothing[j]), float(trend[j]))
    return out


def _check_factor(name: str, short: str, factor: Values) -> None:
    bad = ~((factor > 0) & (factor < 1))
    if bad.any():
        got = float(factor[bad][0])
        raise EvalError(f"invalid {name} factor. Expected: 0 < {short} < 1, got: {got:f}")


def _smooth(numbers: list[float], smoothing: float, trend: float) -> float:
    level, previous, slope = numbers[0], 0.0, numbers[1] - numbers[0]
    for position, number in enumerate(numbers[1:]):
        if position:
            slope = trend * (level - previous) + (1 - trend) * slope
        level, previous = smoothing * number + (1 - smoothing) * (level + slope), level
    return level
