"""Recent samples in memory: fixed pages of a NumPy pool, filled per series as they arrive.

A page belongs to one series and holds up to `PAGE` samples in order of arrival. Appending a batch
and gathering many series are whole-array operations; nothing here loops over samples.
"""

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from watchbill.telemetry.promql.storage import Histograms, Times, Values
from watchbill.telemetry.store.index import Slots

Number = TypeVar("Number", np.int64, np.float64)

PAGE = 64
NEVER = -(1 << 62)


@dataclass(frozen=True)
class Columns:
    """Samples of several series as parallel columns: slot, time in ms, value; `h` as in
    `promql.storage.Selection`."""

    slots: Slots
    t: Times
    v: Values
    h: Histograms | None = None

    def __len__(self) -> int:
        """How many samples."""
        return len(self.t)

    @staticmethod
    def empty() -> "Columns":
        """No samples."""
        return Columns(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))

    def where(self, mask: NDArray[np.bool_]) -> "Columns":
        """Only the samples where `mask` is true."""
        if mask.all():
            return self
        return self._at(mask)

    @staticmethod
    def join(parts: "list[Columns]") -> "Columns":
        """All samples of all parts, in the order of the parts."""
        parts = [part for part in parts if len(part)]
        if not parts:
            return Columns.empty()
        if len(parts) == 1:
            return parts[0]
        histograms = None
        if any(part.h is not None for part in parts):
            histograms = np.concatenate([
                np.full(len(part), None) if part.h is None else part.h for part in parts
            ])  # fmt: skip
        return Columns(
            np.concatenate([part.slots for part in parts]),
            np.concatenate([part.t for part in parts]),
            np.concatenate([part.v for part in parts]),
            histograms,
        )

    def ordered(self) -> "Columns":
        """By slot, then time; of several samples for one time the first one stays."""
        found = self
        if len(found) > 1 and (found.slots[1:] < found.slots[:-1]).any():
            found = found._at(np.argsort(found.slots, kind="stable"))
        same = found.slots[1:] == found.slots[:-1]
        if (same & (found.t[1:] < found.t[:-1])).any():
            # stable, so the earliest arrival leads its equals
            found = found._at(np.lexsort((found.t, found.slots)))
            same = found.slots[1:] == found.slots[:-1]
        repeated = same & (found.t[1:] == found.t[:-1])
        if repeated.any():
            found = found._at(np.concatenate([[True], ~repeated]))
        return found

    def _at(self, which: NDArray[Any]) -> "Columns":
        """The samples that a mask or an index picks."""
        histograms = None if self.h is None else self.h[which]
        return Columns(self.slots[which], self.t[which], self.v[which], histograms)


def run_starts(column: NDArray[Any]) -> NDArray[np.int64]:
    """Where each run of equal values begins."""
    if not len(column):
        return np.zeros(0, np.int64)
    return np.flatnonzero(np.concatenate([[True], column[1:] != column[:-1]]))


class Head:
    """The samples not yet in chunks. Callers hold the store's lock."""

    def __init__(self) -> None:
        self._page = np.empty(0, np.int64)
        self._newest = np.empty(0, np.int64)
        self._newest_value = np.empty(0, np.float64)
        self._clear_pages()

    def _clear_pages(self) -> None:
        self._t = np.empty((0, PAGE), np.int64)
        self._v = np.empty((0, PAGE), np.float64)
        self._owner = np.empty(0, np.int64)
        self._fill = np.empty(0, np.int64)
        self._pages = 0
        self.samples = 0

    def newest(self, slots: Slots) -> Times:
        """The newest time each series ever had here; `NEVER` when none."""
        self._know(slots)
        return self._newest[slots]

    def newest_value(self, slots: Slots) -> Values:
        """The value at `newest`; NaN when none."""
        self._know(slots)
        return self._newest_value[slots]

    def append(self, batch: Columns) -> None:
        """Take samples in; several per series are welcome, in any order."""
        if not len(batch):
            return
        self._know(batch.slots)
        slots, t, v = batch.slots, batch.t, batch.v
        if len(slots) > 1 and (slots[1:] <= slots[:-1]).any():
            order = np.lexsort((t, slots))
            slots, t, v = slots[order], t[order], v[order]
        first = run_starts(slots)
        counts = np.diff(np.append(first, len(slots)))
        self._place(slots, t, v, first, counts)
        last = first + counts - 1
        owners = slots[last]
        newer = t[last] >= self._newest[owners]
        self._newest[owners[newer]] = t[last][newer]
        self._newest_value[owners[newer]] = v[last][newer]
        self.samples += len(t)

    def _place(
        self,
        slots: Slots,
        t: Times,
        v: Values,
        first: NDArray[np.int64],
        counts: NDArray[np.int64],
    ) -> None:
        """Write samples sorted by slot into the series' pages, opening new ones as needed."""
        owners = slots[first]
        current = self._page[owners]
        used = np.where(current >= 0, self._fill[current] if self._pages else 0, PAGE)
        room = PAGE - used
        missing = np.maximum(0, -(-(counts - room) // PAGE))
        opened = self._pages + np.cumsum(missing) - missing
        self._open(np.repeat(owners, missing))
        # the k-th sample of a series goes into its current page, or into the ones just opened
        rank = np.arange(len(slots)) - np.repeat(first, counts)
        beyond = rank - np.repeat(room, counts)
        page = np.where(
            beyond < 0, np.repeat(current, counts), np.repeat(opened, counts) + beyond // PAGE
        )
        at = np.where(beyond < 0, np.repeat(used, counts) + rank, beyond % PAGE)
        self._t[page, at] = t
        self._v[page, at] = v
        np.maximum.at(self._fill, page, at + 1)
        self._page[owners] = np.where(missing > 0, opened + missing - 1, current)

    def _open(self, owners: Slots) -> None:
        needed = self._pages + len(owners)
        if needed > len(self._owner):
            size = max(needed, len(self._owner) * 5 // 4, 256)
            self._t = _grown(self._t, size)
            self._v = _grown(self._v, size)
            self._owner = _grown(self._owner, size)
            self._fill = _grown(self._fill, size)
        self._owner[self._pages : needed] = owners
        self._fill[self._pages : needed] = 0
        self._pages = needed

    def _know(self, slots: Slots) -> None:
        highest = int(slots.max(initial=-1)) + 1
        missing = highest - len(self._page)
        if missing > 0:
            missing = max(missing, len(self._page) // 4, 1024)
            self._page = np.concatenate([self._page, np.full(missing, -1, np.int64)])
            self._newest = np.concatenate([self._newest, np.full(missing, NEVER, np.int64)])
            self._newest_value = np.concatenate([self._newest_value, np.full(missing, np.nan)])

    def gather(self, slots: Slots | None, start_ms: int, end_ms: int) -> Columns:
        """Samples of these series (all when None) in a time span, both ends inclusive, ordered."""
        owner = self._owner[: self._pages]
        if slots is None:
            pages = np.arange(self._pages)
        else:
            wanted = np.zeros(max(len(self._page), int(slots.max(initial=0)) + 1), np.bool_)
            wanted[slots] = True
            pages = np.flatnonzero(wanted[owner])
        pages = pages[np.argsort(owner[pages], kind="stable")]
        if not len(pages):
            return Columns.empty()
        fill = self._fill[pages]
        filled = np.arange(PAGE)[None, :] < fill[:, None]
        t = self._t[pages]
        filled &= (t >= start_ms) & (t <= end_ms)
        kept = filled.sum(axis=1)
        return Columns(np.repeat(owner[pages], kept), t[filled], self._v[pages][filled]).ordered()

    def drop_before(self, floor_ms: int) -> None:
        """Forget samples older than `floor_ms`; the newest time per series stays known."""
        rest = self.gather(None, floor_ms, np.iinfo(np.int64).max)
        self._clear_pages()
        self._page = np.full(len(self._newest), -1, np.int64)
        self.append(rest)

    def nbytes(self) -> int:
        """Bytes of memory held by pages."""
        return self._t.nbytes + self._v.nbytes + self._owner.nbytes + self._fill.nbytes


def _grown(column: NDArray[Number], size: int) -> NDArray[Number]:
    """A longer array that begins with `column`; the rest is not yet touched memory."""
    longer = np.empty((size, *column.shape[1:]), column.dtype)
    longer[: len(column)] = column
    return longer
