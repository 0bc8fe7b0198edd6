"""Values as whole numbers with a decimal exponent, which compress far better than floats.

Most series hold counts, bytes, or readings with a few decimals. A row whose every value is a whole
number divided by the same power of ten, exactly, is kept as those whole numbers; any other row as
the bit patterns of its floats. Of either, what is kept is the first and then the steps from one to
the next, modulo 2 ** 64. Both give back every value to the bit.
"""

import numpy as np
from numpy.typing import NDArray

from watchbill.telemetry.promql.storage import STALE_BITS, Values

RAW = 255
"""The exponent of rows that are kept as bit patterns."""

_MOST = 9
_EXACT = 2.0**53
STALE = int(np.iinfo(np.int64).min)
"""Stands for a staleness marker among whole numbers."""

POWERS = 10.0 ** np.arange(_MOST + 1)


def encode(v: Values, starts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Steps of whole numbers for values, and an exponent per row; rows begin at `starts`, none is
    empty."""
    bits = np.ascontiguousarray(v, np.float64).view(np.int64)
    whole = bits.copy()
    exponents = np.full(len(starts), RAW, np.uint8)
    counts = np.diff(np.append(starts, len(v)))
    stale = bits == STALE_BITS
    open_rows = np.ones(len(starts), np.bool_)
    for exponent, power in enumerate(POWERS):
        rows = np.flatnonzero(open_rows)
        if not len(rows):
            break
        every = len(rows) == len(starts)
        samples = slice(None) if every else np.repeat(open_rows, counts)
        begins = np.cumsum(counts[rows]) - counts[rows]
        numbers, exact = _scaled(v[samples], stale[samples], power)
        good = np.logical_and.reduceat(exact, begins)
        if not good.any():
            continue
        chosen = np.zeros(len(starts), np.bool_)
        chosen[rows[good]] = True
        whole[np.repeat(chosen, counts)] = numbers[np.repeat(good, counts[rows])]
        exponents[chosen] = exponent
        open_rows &= ~chosen
    steps = whole.copy()
    steps[1:] -= whole[:-1]
    steps[starts] = whole[starts]
    return steps, exponents


def _scaled(
    v: Values, stale: NDArray[np.bool_], power: float
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Values times a power of ten as whole numbers, and which of them say the value exactly."""
    with np.errstate(all="ignore"):
        scaled = np.rint(v * power)
        fits = np.abs(scaled) < _EXACT
        numbers = np.where(fits, scaled, 0.0).astype(np.int64)
        exact = fits & ((numbers / power).view(np.int64) == np.ascontiguousarray(v).view(np.int64))
    numbers[stale] = STALE
    return numbers, exact | stale


def decode(
    steps: NDArray[np.int64], exponents: NDArray[np.uint8], counts: NDArray[np.int64]
) -> Values:
    """The values of rows with so many samples each; see `encode`."""
    whole = np.cumsum(steps)
    starts = np.cumsum(counts) - counts
    whole -= np.repeat(np.where(starts > 0, whole[starts - 1], 0), counts)
    raw = exponents == RAW
    if raw.all():
        return whole.view(np.float64)
    powers = np.where(raw, 1.0, POWERS[np.minimum(exponents, _MOST)])
    v: Values = whole / np.repeat(powers, counts) if (powers != 1).any() else whole.astype("f8")
    v.view(np.uint64)[whole == STALE] = STALE_BITS
    if raw.any():
        bits = np.repeat(raw, counts)
        v[bits] = whole.view(np.float64)[bits]
    return v
