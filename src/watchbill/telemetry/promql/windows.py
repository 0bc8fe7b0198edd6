"""Which samples each step of each series sees, as index arrays.

This is the meeting place of the engine and the kernels: a kernel takes a `Windows` and gives an
(n, T) array, so one written another way (compiled, say) can take its place.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from .storage import Histograms, Times, Values

Index = NDArray[np.int64]

_BLOCK_CELLS = 1 << 17
_BLOCK_SAMPLES = 1 << 20
_RUN_SAMPLES = 1 << 22


@dataclass(frozen=True)
class Columns:
    """Samples of n series, one series after the other.

    Series i owns `t[starts[i]:starts[i + 1]]` (ms, ascending) and the same slice of `v`. `h` and
    `st` are as in `Selection`.
    """

    starts: Index
    t: Times
    v: Values
    h: Histograms | None = field(default=None, kw_only=True)
    st: Times | None = field(default=None, kw_only=True)

    def __len__(self) -> int:
        """How many series."""
        return len(self.starts) - 1

    def row_runs(self, steps: int) -> Iterator[slice]:
        """Runs of series with at most some millions of cells, at so many steps, and samples."""
        begin = 0
        while begin < len(self):
            samples = int(self.starts[begin]) + _RUN_SAMPLES
            size = max(_RUN_SAMPLES // max(steps, 1), 1)
            end = int(np.searchsorted(self.starts, samples, "right")) - 1
            end = min(max(end, begin + 1), begin + size, len(self))
            yield slice(begin, end)
            begin = end

    def runs(self, steps: int) -> Iterator[tuple[slice, "Columns"]]:
        """Runs of series with about as many cells, at so many steps, as fit into a cache."""
        size = max(_BLOCK_CELLS // max(steps, 1), 1)
        for begin in range(0, len(self), size):
            rows = slice(begin, min(begin + size, len(self)))
            base, end = int(self.starts[rows.start]), int(self.starts[rows.stop])
            starts = self.starts[rows.start : rows.stop + 1] - base
            own = slice(base, end)
            yield rows, Columns(starts, self.t[own], self.v[own], **self._extras(own))

    def only(self, kept: NDArray[np.bool_]) -> "Columns":
        """Some of the samples; series that have none left stay."""
        before = np.concatenate([[0], np.cumsum(kept)])
        return Columns(before[self.starts], self.t[kept], self.v[kept], **self._extras(kept))

    def _extras(self, chosen: slice | NDArray[np.bool_]) -> "_Extras":
        return {
            "h": None if self.h is None else self.h[chosen],
            "st": None if self.st is None else self.st[chosen],
        }


class _Extras(TypedDict):
    """The columns that are seldom there."""

    h: Histograms | None
    st: Times | None


@dataclass(frozen=True)
class Windows(Columns):
    """For n series and T steps the samples `lo[i, j] ... hi[i, j] - 1` in a window of time.

    Window (i, j) is left-open: `(ends[j] - range_ms, ends[j]]`. There is at least one sample in
    all, though a window may be empty.
    """

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

    def narrowed(self, lo: Index, hi: Index) -> "Windows":
        """Other windows over the same samples; empty where `hi` is not above `lo`."""
        return replace(self, lo=lo, hi=np.maximum(lo, hi))

    def parts(self, budget: int) -> Iterator[tuple[slice, "Windows"]]:
        """Runs of series whose windows hold about `budget` samples together, at least one each."""
        sizes = np.cumsum(self.counts.sum(axis=1))
        begin = 0
        while begin < len(sizes):
            before = int(sizes[begin - 1]) if begin else 0
            end = max(int(np.searchsorted(sizes, before + budget, "right")), begin + 1)
            rows = slice(begin, end)
            yield rows, self._part(rows)
            begin = end

    def _part(self, rows: slice) -> "Windows":
        base, end = int(self.starts[rows.start]), int(self.starts[rows.stop])
        own = slice(base, end)
        return Windows(
            self.starts[rows.start : rows.stop + 1] - base,
            self.t[own],
            self.v[own],
            self.ends,
            self.range_ms,
            self.lo[rows] - base,
            self.hi[rows] - base,
            **self._extras(own),
        )


def find_last(columns: Columns, at: Times) -> Index:
    """For each series and time the index behind its last sample that is not later: (n, T)."""
    series, starts, t = len(columns), columns.starts, columns.t
    if not len(t) or not len(at):
        return np.zeros((series, len(at)), np.int64)
    # One sorted key for all series: each gets a stretch of the number line to itself. Times
    # outside of the data are moved to its edge, which changes no answer and avoids overflow.
    origin, latest = int(t.min()) - 1, int(t.max())
    stretch = latest - origin + 1
    at = np.clip(at, origin, latest)
    base = np.arange(series, dtype=np.int64) * stretch
    keys = np.repeat(base, np.diff(starts)) + (t - origin)
    wanted = base[:, None] + (at - origin)[None, :]
    return np.searchsorted(keys, wanted.ravel(), "right").reshape(wanted.shape)


def find_windows(columns: Columns, ends: Times, range_ms: int) -> Windows:
    """The windows `(end - range_ms, end]` of every series."""
    lo, hi = find_last(columns, ends - range_ms), find_last(columns, ends)
    return Windows(
        columns.starts, columns.t, columns.v, ends, range_ms, lo, hi, h=columns.h, st=columns.st
    )


def window_blocks(columns: Columns, ends: Times, range_ms: int) -> Iterator[tuple[slice, Windows]]:
    """The windows of `find_windows` by runs of series, so that memory stays bounded.

    Neither the cells of a run nor the samples in its windows (which overlap) are very many.
    """
    for rows, run in columns.runs(len(ends)):
        for part, windows in find_windows(run, ends, range_ms).parts(_BLOCK_SAMPLES):
            yield slice(rows.start + part.start, rows.start + part.stop), windows
