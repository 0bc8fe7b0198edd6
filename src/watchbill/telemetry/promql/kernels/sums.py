"""Sums that stay right when large values cancel.

Prometheus adds with Kahan and Neumaier's compensation. Here plain sums are taken at full speed,
and only those whose rounding error could show (by the bound n * eps * sum |x|, Higham 2002, ch. 4)
are taken again exactly with `math.fsum` (Shewchuk 1997).
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
    """Where a plain sum may be off by more than a relative 1e-10."""
    with np.errstate(all="ignore"):
        return np.isfinite(absolute) & (counts * _EPSILON * absolute > _TOLERANCE * np.abs(total))


def exact_sum(numbers: list[float]) -> float:
    """The sum, correctly rounded; overflow gives an infinity."""
    try:
        return math.fsum(numbers)
    except OverflowError:
        return sum(numbers)
    except ValueError:  # infinities of both signs
        return math.nan


def exact_mean(numbers: list[float]) -> float:
    """The mean, also where the sum overflows."""
    total = exact_sum(numbers)
    if math.isinf(total) and all(map(math.isfinite, numbers)):
        return math.fsum(number / len(numbers) for number in numbers)
    return total / len(numbers)


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
        total[cell] = exact_sum(numbers)
    return total


def avg_over_time(w: Windows) -> Values:
    """Mean of every window."""
    total, absolute = _totals(w)
    mean = total / np.maximum(w.counts, 1)
    again = doubtful(total, absolute, w.counts) | np.isinf(absolute)
    for cell, numbers in _cells(w, again & (w.counts > 0)):
        mean[cell] = exact_mean(numbers)
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
