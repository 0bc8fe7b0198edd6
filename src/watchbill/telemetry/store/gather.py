"""Putting together what a query reads: pages of the head and a block of chunks, by machine code.

Rows are the series of a selection, one after the other; every source tells how much it has of each
row, then copies it to where that row's samples belong.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from watchbill.telemetry.jit import inner, kernel
from watchbill.telemetry.promql.storage import Times, Values
from watchbill.telemetry.store.head import Pages
from watchbill.telemetry.store.index import Slots
from watchbill.telemetry.store.reader import Block

Index = NDArray[np.int64]


@dataclass(frozen=True)
class Gathered:
    """Samples by row: row i owns `starts[i]` to `starts[i + 1]` of `t` and `v`."""

    starts: Index
    t: Times
    v: Values


class Gathering:
    """One reading of some series in a span of time, both ends inclusive."""

    def __init__(self, rows: int, start_ms: int, end_ms: int, block: Block | None) -> None:
        self._start, self._end = start_ms, end_ms
        self._block = block
        self._from = np.zeros(rows, np.int64)
        self._stored = np.zeros(rows, np.int64)
        if block is not None:
            find_rows(block.starts, block.t, start_ms, end_ms, self._from, self._stored)

    @staticmethod
    def can(block: Block | None, pools: Sequence[Pages], slots: Slots) -> bool:
        """Whether there is machine code and these series have nothing out of the ordinary."""
        plain = block is None or block.h is None
        return plain and copy_pages.compiled and all(pool.are_plain(slots) for pool in pools)

    def take(self, slots: Slots, pools: Sequence[Pages]) -> NDArray[np.bool_]:
        """Copy what is in the head, of hours in their order; which rows have samples at all.

        The caller holds the store's lock.
        """
        counts = [np.zeros(len(slots), np.int64) for _ in pools]
        for pool, count in zip(pools, counts, strict=True):
            count_pages(slots, *pool.chains(), pool.times, self._start, self._end, count)
        total = self._stored + sum(counts)
        some = total > 0
        if not some.all():
            slots, total = slots[some], total[some]
            counts = [count[some] for count in counts]
            self._from, self._stored = self._from[some], self._stored[some]
        self._starts = np.zeros(len(slots) + 1, np.int64)
        np.cumsum(total, out=self._starts[1:])
        size = int(self._starts[-1])
        self._t, self._v = np.empty(size, np.int64), np.empty(size, np.float64)
        at = self._starts[:-1] + self._stored
        for pool, count in zip(pools, counts, strict=True):
            copy_pages(slots, *pool.chains(), pool.times, pool.values, self._end, at, count,
                       self._t, self._v)  # fmt: skip
            at += count
        return some

    def finish(self) -> Gathered | None:
        """Copy what is in the block. None when times do not ascend after all."""
        starts, stored = self._starts, self._stored
        if self._block is not None:
            if int(stored.sum()) == len(self._block.t) == len(self._t):
                return Gathered(starts, self._block.t, self._block.v)
            copy_rows(self._block.t, self._block.v, self._from, stored, starts, self._t, self._v)
        if falls(starts, self._t):
            return None
        return Gathered(starts, self._t, self._v)


@inner
def _first_after(t: Times, lo: int, hi: int, at: int) -> int:
    """The first place in an ascending stretch whose time is later."""
    while lo < hi:
        middle = (lo + hi) >> 1
        if t[middle] <= at:
            lo = middle + 1
        else:
            hi = middle
    return lo


@kernel("int64[:]", "int64[:]", "int64", "int64", "int64[:]", "int64[:]")
def find_rows(
    starts: Index, t: Times, start_ms: int, end_ms: int, first: Index, counts: Index
) -> int:
    """Where in a block each row's samples of a span begin, and how many there are."""
    for row in range(len(first)):
        lo = _first_after(t, starts[row], starts[row + 1], start_ms - 1)
        first[row] = lo
        counts[row] = _first_after(t, lo, starts[row + 1], end_ms) - lo
    return len(first)


@kernel("int64[:]", "float64[:]", "int64[:]", "int64[:]", "int64[:]", "int64[:]", "float64[:]")
def copy_rows(
    t: Times, v: Values, first: Index, counts: Index, at: Index, out_t: Times, out_v: Values
) -> int:
    """Copy what `find_rows` found to `at`."""
    for row in range(len(first)):
        begin, to = first[row], at[row]
        for place in range(counts[row]):
            out_t[to + place] = t[begin + place]
            out_v[to + place] = v[begin + place]
    return len(first)


@kernel("int64[:]", "int64[:]", "int64[:]", "int64[:]", "int64[:,:]", "int64", "int64", "int64[:]")
def count_pages(
    slots: Slots,
    newest: Index,
    before: Index,
    fill: Index,
    t: Times,
    start_ms: int,
    end_ms: int,
    counts: Index,
) -> int:
    """How many samples of a span each series has in a pool of pages (see `head.Pages`)."""
    for row in range(len(slots)):
        page = newest[slots[row]] if slots[row] < len(newest) else -1
        while page >= 0:
            times, used = t[page], fill[page]
            if times[used - 1] < start_ms:
                break
            if times[0] <= end_ms:
                begin = 0 if times[0] >= start_ms else _first_after(times, 0, used, start_ms - 1)
                end = used if times[used - 1] <= end_ms else _first_after(times, 0, used, end_ms)
                counts[row] += end - begin
            page = before[page]
    return len(slots)


@kernel("int64[:]", "int64[:]", "int64[:]", "int64[:]", "int64[:,:]", "float64[:,:]", "int64",
        "int64[:]", "int64[:]", "int64[:]", "float64[:]")  # fmt: skip
def copy_pages(
    slots: Slots,
    newest: Index,
    before: Index,
    fill: Index,
    t: Times,
    v: Values,
    end_ms: int,
    at: Index,
    counts: Index,
    out_t: Times,
    out_v: Values,
) -> int:
    """Copy what `count_pages` counted to `at`, from the back."""
    for row in range(len(slots)):
        left = counts[row]
        page = newest[slots[row]] if slots[row] < len(newest) else -1
        while left > 0:
            times, used = t[page], fill[page]
            if times[0] <= end_ms:
                end = used if times[used - 1] <= end_ms else _first_after(times, 0, used, end_ms)
                some = min(end, left)
                to = at[row] + left - some
                for place in range(some):
                    out_t[to + place] = times[end - some + place]
                    out_v[to + place] = v[page, end - some + place]
                left -= some
            page = before[page]
    return len(slots)


@kernel("int64[:]", "int64[:]")
def falls(starts: Index, t: Times) -> int:
    """Whether a row's times do not strictly ascend somewhere."""
    found = 0
    for row in range(len(starts) - 1):
        for place in range(starts[row] + 1, starts[row + 1]):
            found |= t[place] <= t[place - 1]
    return int(found)
