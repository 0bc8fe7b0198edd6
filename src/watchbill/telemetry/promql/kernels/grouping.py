"""Putting rows together by numbers, and adding up the rows of each group, as machine code."""

import numpy as np
from numpy.typing import NDArray

from watchbill.telemetry.jit import kernel
from watchbill.telemetry.promql.storage import Values

Index = NDArray[np.int64]
Flags = NDArray[np.uint8]


@kernel("int64[:]", "int32[:]", "int64[:]", "int64[:]", "int64[:]")
def split_groups(
    groups: Index, column: NDArray[np.int32], keys: Index, numbers: Index, first: Index
) -> int:
    """Split groups of rows further by a column; how many there are then.

    `groups` is changed in place: groups are numbered from 0 in order of first appearance, `first`
    gets the first row of each. `keys` and `numbers` are room for a hash table; their length is a
    power of two and at least twice the number of rows.
    """
    mask = len(keys) - 1
    for at in range(len(keys)):
        keys[at] = -1
    found = 0
    for row in range(len(groups)):
        key = groups[row] << 32 | np.int64(column[row])
        mixed = key * -7046029254386353131
        at = (mixed ^ (mixed >> 29)) & mask
        while keys[at] != -1 and keys[at] != key:
            at = (at + 1) & mask
        if keys[at] == -1:
            keys[at] = key
            numbers[at] = found
            first[found] = row
            found += 1
        groups[row] = numbers[at]
    return found


@kernel("int64[:]", "float64[:,:]", "uint8[:,:]", "float64[:,:]", "float64[:,:]", "int64[:,:]")
def add_groups(
    groups: Index, values: Values, present: Flags, total: Values, absolute: Values, counts: Index
) -> int:
    """Add the rows of each group: values, their magnitudes, and how many there are."""
    for row in range(len(groups)):
        group = groups[row]
        for step in range(values.shape[1]):
            if present[row, step]:
                x = values[row, step]
                total[group, step] += x
                absolute[group, step] += abs(x)
                counts[group, step] += 1
    return len(groups)


@kernel("int64[:]", "uint8[:,:]", "int64[:,:]")
def count_groups(groups: Index, present: Flags, counts: Index) -> int:
    """How many of each group's rows are present at each step."""
    for row in range(len(groups)):
        group = groups[row]
        for step in range(present.shape[1]):
            counts[group, step] += present[row, step]
    return len(groups)


@kernel("int64[:]", "float64[:,:]", "uint8[:,:]", "int64", "float64[:,:]")
def extreme_of_groups(
    groups: Index, values: Values, present: Flags, largest: int, out: Values
) -> int:
    """The largest (or smallest) value of each group; `out` comes filled with NaN."""
    for row in range(len(groups)):
        group = groups[row]
        for step in range(values.shape[1]):
            if present[row, step]:
                x, best = values[row, step], out[group, step]
                if best != best or (x > best if largest else x < best):
                    out[group, step] = x
    return len(groups)
