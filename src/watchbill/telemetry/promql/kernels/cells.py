"""Summaries of loose numbers, each tagged with the cell it belongs to.

`x` and `cell` have one entry per number; cells are numbered from 0 and `sizes` counts the numbers
of each. Windows over time and groups of series both come down to this.
"""

import numpy as np

from watchbill.telemetry.promql.storage import Values
from watchbill.telemetry.promql.windows import Index


def mean(x: Values, cell: Index, sizes: Index) -> Values:
    """Mean of every cell."""
    return np.bincount(cell, x, len(sizes)) / np.maximum(sizes, 1)


def variance(x: Values, cell: Index, sizes: Index) -> Values:
    """Population variance of every cell, by two passes over deviations."""
    deviation = x
    for _ in range(2):  # the second pass removes the rounding error of the first mean
        deviation = deviation - mean(deviation, cell, sizes)[cell]
    return mean(deviation * deviation, cell, sizes)


def quantile(x: Values, cell: Index, sizes: Index, q: Values) -> Values:
    """Quantile `q[k]` of cell k, interpolated between neighbours; NaN counts as the lowest.

    -Inf for q < 0, +Inf for q > 1, NaN for an empty cell or q = NaN.
    """
    ordered = np.append(x[np.lexsort((np.where(np.isnan(x), -np.inf, x), cell))], 0.0)
    starts, top = np.cumsum(sizes) - sizes, np.maximum(sizes - 1, 0)
    rank = q * (sizes - 1)
    lower = np.minimum(np.maximum(np.floor(np.nan_to_num(rank)), 0), top).astype(np.int64)
    upper = np.minimum(lower + 1, top)
    weight = rank - np.floor(rank)
    inside = ordered[starts + lower] * (1 - weight) + ordered[starts + upper] * weight
    out = np.where(q < 0, -np.inf, np.where(q > 1, np.inf, inside))
    return np.where(np.isnan(q) | (sizes == 0), np.nan, out)
