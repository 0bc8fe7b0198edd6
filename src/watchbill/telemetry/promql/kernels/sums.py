"""Sums that stay right when large values cancel, as far as Prometheus's do.

Prometheus adds with Kahan and Neumaier's compensation, one number after the other. An exact sum
would be better in rare cases, but then the same query would have two answers. Here plain sums are
taken at full speed, and only those whose rounding error could show (by the bound n * eps * sum |x|,
Higham 2002, ch. 4) are taken again with compensation (Neumaier 1974).
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from watchbill.telemetry.promql.storage import Values
from watchbill.telemetry.promql.windows import Windows

_TOLERANCE = 1e-10
_EPSILON = float(np.finfo(np.float64).eps)


def doubtful(total: Values, absolute: Values, counts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Where a plain sum may be off by more than a relative 1e-10, or overflow on its way."""
    with np.errstate(all="ignore"):
        rounded = counts * _EPSILON * absolute > _TOLERANCE * np.abs(total)
        return np.where(np.isfinite(absolute), rounded, np.isinf(absolute))


def compensated_sum(numbers: list[float]) -> float:
    """The sum; once it overflows it stays infinite."""
    total = lost = 0.0
    for number in numbers:
        total, lost = _add(number, total, lost)
    return total + lost


def compensated_mean(numbers: list[float]) -> float:
    """The mean, also where the sum overflows: from there on it is updated number by number."""
    total = lost = 0.0
    for count, number in enumerate(numbers):
        higher, rest = _add(number, total, lost)
        if math.isinf(higher) and count:
            return _running_mean(numbers, count, total / count, lost / count)
        total, lost = higher, rest
    return total / len(numbers) + lost / len(numbers)


def _running_mean(numbers: list[float], count: int, mean: float, lost: float) -> float:
    """The mean of all, given that of the first `count`."""
    for number in numbers[count:]:
        count += 1
        kept = (count - 1) / count
        mean, lost = _add(number / count, kept * mean, kept * lost)
    return mean + lost


def _add(number: float, total: float, lost: float) -> tuple[float, float]:
    """The new sum, and what rounding has taken from it so far."""
    higher = total + number
    if math.isinf(higher):
        return higher, 0.0
    large, small = (total, number) if abs(total) >= abs(number) else (number, total)
    return higher, lost + ((large - higher) + small)


def reduce_windows(function: np.ufunc, a: Values, w: Windows) -> Values:
    """`function.reduce(a[lo:hi])` for every window that is not empty."""
    padded = np.append(a, 0.0)
    bounds = np.stack([w.lo.ravel(), np.maximum(w.hi, w.lo).ravel()], axis=1).ravel()
    out: Values = function.reduceat(padded, bounds)[::2].reshape(w.shape)
    return out


def sum_over_time(w: Windows) -> Values:
    """Sum of every window."""
    total, absolute = _totals(w)
    for cell, numbers in _cells(w, doubtful(total, absolute, w.counts) & (w.counts > 0)):
        total[cell] = compensated_sum(numbers)
    return total


def avg_over_time(w: Windows) -> Values:
    """Mean of every window."""
    total, absolute = _totals(w)
    mean = total / np.maximum(w.counts, 1)
    again = doubtful(total, absolute, w.counts)
    for cell, numbers in _cells(w, again & (w.counts > 0)):
        mean[cell] = compensated_mean(numbers)
    return mean


def _totals(w: Windows) -> tuple[Values, Values]:
    """Plain sums of the numbers and of their magnitudes."""
    with np.errstate(all="ignore"):
        total = reduce_windows(np.add, w.v, w)
        if w.v.min(initial=0) >= 0:
            return total, total.copy()
        return total, reduce_windows(np.add, np.abs(w.v), w)


def _cells(w: Windows, chosen: NDArray[np.bool_]) -> Iterator[tuple[tuple[int, int], list[float]]]:
    for i, j in np.argwhere(chosen).tolist():
        yield (i, j), w.v[w.lo[i, j] : w.hi[i, j]].tolist()
