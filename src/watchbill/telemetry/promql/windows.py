"""Which samples each step of each series sees, as index arrays.

This is the meeting place of the engine and the kernels: a kernel takes a `Windows` and gives an
(n, T) array, so one written another way (compiled, say) can take its place.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .storage import Times, Values

Index = NDArray[np.int64]


@dataclass(frozen=True)
class Windows:
    """For n series and T steps the samples `lo[i, j] ... hi[i, j] - 1` in a window of time.

    Series i owns `t[starts[i]:starts[i + 1]]` (ms) and the same slice of `v`. Window (i, j) is
    left-open: `(ends[j] - range_ms, ends[j]]`. There is at least one sample in all.
    """

    starts: Index
    t: Times
    v: Values
    ends: Times
    range_ms: int
    lo: Index
    hi: Index

    @property
    def shape(self) -> tuple[int, int]:
        """(n, T)."""
        return self.lo.shape[0], self.lo.shape[1]

    @cached_property
    def counts(self) -> Index:
        """Samples per window, (n, T)."""
        return self.hi - self.lo

    @cached_property
    def first(self) -> Index:
        """Index of the first sample of each window; any valid index where there is none."""
        return np.where(self.counts > 0, self.lo, 0)

    @cached_property
    def last(self) -> Index:
        """Index of the last sample of each window; any valid index where there is none."""
        return np.where(self.counts > 0, self.hi - 1, 0)

    def blocks(self, budget: int) -> Iterator[tuple[slice, "Windows"]]:
        """Runs of series whose windows hold about `budget` samples together, at least one each."""
        sizes = np.cumsum(self.counts.sum(axis=1))
        begin = 0
        while begin < len(sizes):
            before = int(sizes[begin - 1]) if begin else 0
            end = max(int(np.searchsorted(sizes, before + budget, "right")), begin + 1)
            rows = slice(begin, end)
            yield rows, self._rows(rows)
            begin = end

    def _rows(self, rows: slice) -> "Windows":
        base, end = int(self.starts[rows.start]), int(self.starts[rows.stop])
        return Windows(
            self.starts[rows.start : rows.stop + 1] - base,
            self.t[base:end],
            self.v[base:end],
            self.ends,
            self.range_ms,
            self.lo[rows] - base,
            self.hi[rows] - base,
        )


def find_last(starts: Index, t: Times, at: Times) -> Index:
    """For each series and time, how many samples before or at it, as an index into `t`: (n, T)."""
    series = len(starts) - 1
    if not len(t) or not len(at):
        return np.zeros((series, len(at)), np.int64)
    # One sorted key for all series: each gets a stretch of the number line to itself.
    origin = min(int(at.min()), int(t.min())) - 1
    stretch = max(int(at.max()), int(t.max())) - origin + 2
    base = np.arange(series, dtype=np.int64) * stretch
    keys = np.repeat(base, np.diff(starts)) + (t - origin)
    wanted = base[:, None] + (at - origin)[None, :]
    return np.searchsorted(keys, wanted.ravel(), "right").reshape(wanted.shape)


def find_windows(starts: Index, t: Times, v: Values, ends: Times, range_ms: int) -> Windows:
    """The windows `(end - range_ms, end]` of every series."""
    lo = find_last(starts, t, ends - range_ms)
    hi = find_last(starts, t, ends)
    return Windows(starts, t, v, ends, range_ms, lo, hi)
