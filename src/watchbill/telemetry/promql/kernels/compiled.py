"""Loops over samples as machine code: one walk along each series instead of index arrays.

They take `windows.Columns` apart: series i owns `starts[i]` to `starts[i + 1]` of `t` and `v`. Rows
`begin` to `end` of `out` and `present` (n, T) are written, whole. What they calculate is what the
NumPy kernels beside them do, and tests hold the two together; while they are not compiled, the
NumPy kernels are used.
"""

import numpy as np
from numpy.typing import NDArray

from watchbill.telemetry.jit import inner, kernel
from watchbill.telemetry.promql.storage import STALE_BITS, Times, Values
from watchbill.telemetry.promql.windows import Columns, Index

Flags = NDArray[np.uint8]

OPERATIONS = {
    name: number
    for number, name in enumerate((
        "rate", "increase", "delta", "irate", "idelta", "changes", "resets",
        "sum_over_time", "avg_over_time", "min_over_time", "max_over_time",
        "count_over_time", "present_over_time", "last_over_time", "first_over_time",
    ))
}  # fmt: skip
"""Range functions that `sweep` knows, by number."""

_RATE, _INCREASE, _DELTA, _IRATE, _IDELTA, _CHANGES, _RESETS = range(7)
_SUM, _AVG, _MIN, _MAX, _COUNT, _PRESENT, _LAST = range(7, 14)


def can_sweep(function: str, columns: Columns) -> bool:
    """Whether `sweep` can do this, and there is machine code for it."""
    plain = columns.h is None and columns.st is None
    return sweep.compiled and plain and function in OPERATIONS


@kernel("int64[:]", "int64[:]", "float64[:]", "int64[:]", "int64", "int64", "int64", "int64",
        "float64[:,:]", "uint8[:,:]")  # fmt: skip
def sweep(
    starts: Index,
    t: Times,
    v: Values,
    ends: Times,
    range_ms: int,
    operation: int,
    begin: int,
    end: int,
    out: Values,
    present: Flags,
) -> int:
    """A range function (`OPERATIONS`) over the windows `(end - range_ms, end]`, `ends` ascending.

    There must be no staleness markers among the samples.
    """
    for row in range(begin, end):
        lo = hi = starts[row]
        stop = starts[row + 1]
        fell = lo  # the newest sample before `hi` that is smaller than the one before it
        for step in range(len(ends)):
            last_ms = ends[step]
            first_ms = last_ms - range_ms
            while hi < stop and t[hi] <= last_ms:
                if hi > starts[row] and v[hi] < v[hi - 1]:
                    fell = hi
                hi += 1
            while lo < hi and t[lo] <= first_ms:
                lo += 1
            found = hi - lo
            if found == 0 or (found == 1 and operation <= _IDELTA):
                out[row, step] = 0.0
                present[row, step] = 0
                continue
            present[row, step] = 1
            if operation <= _DELTA:
                change = v[hi - 1] - v[lo]
                if operation != _DELTA and fell > lo:
                    for at in range(lo + 1, fell + 1):
                        if v[at] < v[at - 1]:
                            change += v[at - 1]
                stretch = _stretch(
                    t[lo] - first_ms, last_ms - t[hi - 1], t[hi - 1] - t[lo], found,
                    change, v[lo], operation != _DELTA,
                )  # fmt: skip
                if operation == _RATE:
                    stretch /= range_ms / 1000.0
                out[row, step] = change * stretch
            else:
                out[row, step] = _of_window(t, v, lo, hi, operation)
    return end - begin


@inner
def _stretch(
    to_start_ms: int,
    to_end_ms: int,
    sampled_ms: int,
    found: int,
    change: float,
    first: float,
    counter: bool,
) -> float:
    """How far the change between first and last sample reaches; see `counters.rate`."""
    sampled = sampled_ms / 1000.0
    to_start = to_start_ms / 1000.0
    to_end = to_end_ms / 1000.0
    distance = sampled / (found - 1)
    if to_start >= distance * 1.1:
        to_start = distance / 2
    if counter and change > 0 and first >= 0:
        to_start = min(to_start, sampled * (first / change))
    if to_end >= distance * 1.1:
        to_end = distance / 2
    return float((sampled + to_start + to_end) / sampled)


@inner
def _of_window(t: Times, v: Values, lo: int, hi: int, operation: int) -> float:
    """The operations that need nothing but the samples `lo … hi - 1`."""
    if operation <= _IDELTA:
        return _of_last_two(t, v, hi, operation == _IRATE)
    if operation <= _RESETS:
        return _events(v, lo, hi, operation == _RESETS)
    if operation <= _AVG:
        return _total(v, lo, hi, operation == _AVG)
    if operation <= _MAX:
        return _extreme(v, lo, hi, operation == _MAX)
    if operation == _COUNT:
        return float(hi - lo)
    if operation == _PRESENT:
        return 1.0
    return float(v[hi - 1] if operation == _LAST else v[lo])


@inner
def _of_last_two(t: Times, v: Values, hi: int, per_second: bool) -> float:
    a, b = v[hi - 2], v[hi - 1]
    if not per_second:
        return float(b - a)
    return float((b if b < a else b - a) / ((t[hi - 1] - t[hi - 2]) / 1000.0))


@inner
def _events(v: Values, lo: int, hi: int, falls: bool) -> float:
    """How often the value fell, or changed; NaN after NaN is no change."""
    found = 0
    for at in range(lo + 1, hi):
        a, b = v[at - 1], v[at]
        if falls:
            found += b < a
        else:
            found += a != b and not (a != a and b != b)
    return float(found)


@inner
def _extreme(v: Values, lo: int, hi: int, largest: bool) -> float:
    """The largest or smallest value, NaN only if there is nothing else."""
    best = v[lo]
    for at in range(lo + 1, hi):
        x = v[at]
        if best != best or (x > best if largest else x < best):
            best = x
    return float(best)


@inner
def _total(v: Values, lo: int, hi: int, average: bool) -> float:
    """Sum or mean with Neumaier's compensation."""
    total = lost = 0.0
    finite = True
    for at in range(lo, hi):
        x = v[at]
        finite = finite and abs(x) < np.inf
        higher = total + x
        if abs(total) >= abs(x):
            lost += (total - higher) + x
        else:
            lost += (x - higher) + total
        total = higher
    if abs(total) < np.inf:
        total += lost
    if not average:
        return float(total)
    if finite and abs(total) == np.inf:  # the sum overflowed, the mean need not
        mean = 0.0
        for at in range(lo, hi):
            mean += v[at] / (hi - lo)
        return float(mean)
    return float(total / (hi - lo))


@kernel("int64[:]", "int64[:]", "float64[:]", "int64[:]", "int64", "int64", "int64",
        "float64[:,:]", "uint8[:,:]")  # fmt: skip
def newest(
    starts: Index,
    t: Times,
    v: Values,
    ends: Times,
    lookback_ms: int,
    begin: int,
    end: int,
    out: Values,
    present: Flags,
) -> int:
    """The newest value within the lookback, unless it is a staleness marker. `ends` ascend."""
    bits = v.view(np.int64)
    steps = len(ends)
    for row in range(begin, end):
        first, stop = starts[row], starts[row + 1]
        hi = first
        if steps == 1:
            hi = stop  # from the back: the samples are those around this one step
            while hi > first and t[hi - 1] > ends[0]:
                hi -= 1
        for step in range(steps):
            while hi < stop and t[hi] <= ends[step]:
                hi += 1
            found = hi > first and t[hi - 1] > ends[step] - lookback_ms
            if found and bits[hi - 1] != STALE_BITS:
                out[row, step] = v[hi - 1]
                present[row, step] = 1
            else:
                out[row, step] = 0.0
                present[row, step] = 0
    return end - begin


@kernel("int64[:]", "int64[:]", "float64[:]", "int64[:]", "int64[:]", "float64[:]")
def drop_stale(
    starts: Index, t: Times, v: Values, kept_starts: Index, kept_t: Times, kept_v: Values
) -> int:
    """Copy all but staleness markers; how many samples are left."""
    bits = v.view(np.int64)
    kept = 0
    kept_starts[0] = 0
    for row in range(len(starts) - 1):
        for at in range(starts[row], starts[row + 1]):
            if bits[at] != STALE_BITS:
                kept_t[kept] = t[at]
                kept_v[kept] = v[at]
                kept += 1
        kept_starts[row + 1] = kept
    return kept


@kernel("float64[:]")
def count_stale(v: Values) -> int:
    """How many staleness markers there are."""
    bits = v.view(np.int64)
    found = 0
    for at in range(len(bits)):
        found += bits[at] == STALE_BITS
    return found
