"""Machine code for batches as senders usually send them: one new sample for each series, in order.

What is not like that goes the general way, which is written with NumPy in `rules` and `head`.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from watchbill.telemetry.jit import kernel

Whole: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]

UNUSUAL = -1


@kernel("int64[:]", "int64[:]", "int64[:]", "int64[:]", "int64", "int64", "int64", "int64")
def usual_hour(
    slots: Whole, t: Whole, newest: Whole, seen: Whole, turn: int, oldest: int, latest: int,
    hour_ms: int,
) -> int:  # fmt: skip
    """The hour that all samples of a batch belong to, or `UNUSUAL`: when there are several, a
    sample is not newer than `newest` of its series or out of bounds, or a series comes twice.

    `seen` remembers by series the `turn` in which it came last.
    """
    if len(t) == 0:
        return UNUSUAL
    begin = t[0] // hour_ms * hour_ms
    low = max(begin, oldest)
    high = min(begin + hour_ms - 1, latest)
    for row in range(len(t)):
        slot, time = slots[row], t[row]
        if slot >= len(newest):
            return UNUSUAL
        if time < low or time > high or time <= newest[slot] or seen[slot] == turn:
            return UNUSUAL
        seen[slot] = turn
    return int(begin // hour_ms)


@kernel(
    "int64[:]", "int64[:]", "float64[:]", "int64[:]", "float64[:]",
    "int64[:]", "int64[:]", "int64[:]", "int64[:]", "int64[:,:]", "float64[:,:]", "int64",
)  # fmt: skip
def place(
    slots: Whole, t: Whole, v: Floats, newest: Whole, newest_value: Floats,
    page_of: Whole, fill: Whole, owner: Whole, before: Whole, page_t: Whole, page_v: Floats,
    pages: int,
) -> int:  # fmt: skip
    """Put samples, newer than all of their series before, into pages; gives how many pages are in
    use then. There must be room for one more per sample."""
    size = page_t.shape[1]
    for row in range(len(t)):
        slot, time, value = slots[row], t[row], v[row]
        page = page_of[slot]
        if page < 0 or fill[page] == size:
            before[pages] = page
            page = pages
            pages += 1
            page_of[slot] = page
            owner[page] = slot
            fill[page] = 0
        at = fill[page]
        page_t[page, at] = time
        page_v[page, at] = value
        fill[page] = at + 1
        newest[slot] = time
        newest_value[slot] = value
    return pages
