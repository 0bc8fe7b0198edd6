"""Recent samples in memory: per hour a pool of fixed pages, filled per series as samples arrive.

A page belongs to one series and holds up to `PAGE` samples in order of arrival. Appending a batch
and gathering many series are whole-array operations; nothing here loops over samples. An hour is
the unit that moves into chunks, so letting one go is to drop its pool.
"""

import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from watchbill.telemetry.promql.histogram import Histogram
from watchbill.telemetry.promql.storage import Histograms, Times, Values
from watchbill.telemetry.store.chunks import HOUR_MS, Samples, join_histograms
from watchbill.telemetry.store.index import Ids, Slots
from watchbill.telemetry.store.kernels import UNUSUAL, place, usual_hour

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
        return self._take(mask)

    def _take(self, rows: NDArray[Any]) -> "Columns":
        h = None if self.h is None else self.h[rows]
        return Columns(self.slots[rows], self.t[rows], self.v[rows], h)

    @staticmethod
    def join(parts: "list[Columns]") -> "Columns":
        """All samples of all parts, in the order of the parts."""
        parts = [part for part in parts if len(part)]
        if not parts:
            return Columns.empty()
        if len(parts) == 1:
            return parts[0]
        return Columns(
            np.concatenate([part.slots for part in parts]),
            np.concatenate([part.t for part in parts]),
            np.concatenate([part.v for part in parts]),
            join_histograms([(part.h, len(part)) for part in parts]),
        )

    def ordered(self) -> "Columns":
        """By slot, then time; of several samples for one time the first one stays."""
        found = self.sorted()
        repeated = found.repeated()
        return found._take(~repeated) if repeated.any() else found

    def sorted(self) -> "Columns":
        """By slot, then time, then arrival."""
        found = self
        if len(found) > 1 and (found.slots[1:] < found.slots[:-1]).any():
            found = found._take(np.argsort(found.slots, kind="stable"))
        same = found.slots[1:] == found.slots[:-1]
        if (same & (found.t[1:] < found.t[:-1])).any():
            found = found._take(np.lexsort((found.t, found.slots)))  # stable
        return found

    def repeated(self) -> NDArray[np.bool_]:
        """Of sorted columns: which samples have the slot and time of the one before."""
        again = np.zeros(len(self), np.bool_)
        again[1:] = (self.slots[1:] == self.slots[:-1]) & (self.t[1:] == self.t[:-1])
        return again


def run_starts(column: NDArray[Any]) -> NDArray[np.int64]:
    """Where each run of equal values begins."""
    if not len(column):
        return np.zeros(0, np.int64)
    return np.flatnonzero(np.concatenate([[True], column[1:] != column[:-1]]))


class Pages:
    """A pool of pages: the samples of one hour. Callers hold the store's lock."""

    def __init__(self, pages: int = 0) -> None:
        """`pages`: how many will be needed, about."""
        self._page = np.empty(0, np.int64)
        self._t = np.empty((0, PAGE), np.int64)
        self._v = np.empty((0, PAGE), np.float64)
        self._owner = np.empty(0, np.int64)
        self._fill = np.empty(0, np.int64)
        self._before = np.empty(0, np.int64)
        self._pages = 0
        # Series with samples out of order or histograms: they are read with more care.
        self._special = np.empty(0, np.bool_)
        # Packed, because they are many and seldom looked at; only pages that have any are here.
        self._packed: dict[int, NDArray[np.object_]] = {}
        self._packed_bytes = 0
        self.samples = 0
        self.began = self.touched = time.monotonic()
        self._reserve(pages)

    def __len__(self) -> int:
        """How many pages are in use."""
        return self._pages

    def append(self, batch: Columns) -> None:
        """Take samples in; several per series are welcome, in any order."""
        if not len(batch):
            return
        self.touched = time.monotonic()
        self._know(batch.slots)
        slots = batch.slots
        if len(slots) > 1 and (slots[1:] < slots[:-1]).any():
            batch = batch.sorted()
            slots = batch.slots
        first = run_starts(slots)
        counts = np.diff(np.append(first, len(slots)))
        self._place(batch, first, counts)
        self.samples += len(batch)

    def append_new(self, batch: Columns, newest: Times, newest_value: Values) -> None:
        """Take in samples that are newer than all of their series, by machine code; keeps `newest`
        and `newest_value` by slot."""
        self.touched = time.monotonic()
        self._know(batch.slots)
        self._reserve(self._pages + len(batch))
        self._pages = place(
            batch.slots, batch.t, batch.v, newest, newest_value,
            self._page, self._fill, self._owner, self._before, self._t, self._v, self._pages,
        )  # fmt: skip
        self.samples += len(batch)

    def _place(self, batch: Columns, first: NDArray[np.int64], counts: NDArray[np.int64]) -> None:
        """Write samples sorted by slot into the series' pages, opening new ones as needed."""
        owners = batch.slots[first]
        current = self._page[owners]
        used = np.where(current >= 0, self._fill[current] if self._pages else 0, PAGE)
        self._note_disorder(batch, first, current, used)
        room = PAGE - used
        missing = np.maximum(0, -(-(counts - room) // PAGE))
        opened = self._pages + np.cumsum(missing) - missing
        self._open(np.repeat(owners, missing))
        # the k-th sample of a series goes into its current page, or into the ones just opened
        rank = np.arange(len(batch)) - np.repeat(first, counts)
        beyond = rank - np.repeat(room, counts)
        page = np.where(
            beyond < 0, np.repeat(current, counts), np.repeat(opened, counts) + beyond // PAGE
        )
        at = np.where(beyond < 0, np.repeat(used, counts) + rank, beyond % PAGE)
        self._t[page, at] = batch.t
        self._v[page, at] = batch.v
        np.maximum.at(self._fill, page, at + 1)
        self._page[owners] = np.where(missing > 0, opened + missing - 1, current)
        if batch.h is not None:
            for row in np.flatnonzero(batch.h.astype(np.bool_)):
                self._pack(int(page[row]), int(at[row]), batch.h[row])
                self._special[batch.slots[row]] = True

    def _note_disorder(
        self,
        batch: Columns,
        first: NDArray[np.int64],
        current: NDArray[np.int64],
        used: NDArray[np.int64],
    ) -> None:
        """Mark the series of a batch whose times do not ascend, from what is here on."""
        owners, t = batch.slots[first], batch.t
        if self._pages:
            before = np.where(current >= 0, self._t[current, used - 1], NEVER)
            behind = t[first] <= before
            if behind.any():
                self._special[owners[behind]] = True
        if len(first) < len(batch):
            again = (t[1:] <= t[:-1]) & (batch.slots[1:] == batch.slots[:-1])
            self._special[batch.slots[1:][again]] = True

    def _pack(self, page: int, at: int, histogram: Histogram) -> None:
        packed = histogram.pack()
        column = self._packed.setdefault(page, np.full(PAGE, None, np.object_))
        column[at] = packed
        self._packed_bytes += len(packed)

    def _open(self, owners: Slots) -> None:
        needed = self._pages + len(owners)
        self._reserve(needed)
        opened = np.arange(self._pages, needed)
        same = np.zeros(len(owners), np.bool_)
        same[1:] = owners[1:] == owners[:-1]
        self._before[self._pages : needed] = np.where(same, opened - 1, self._page[owners])
        self._owner[self._pages : needed] = owners
        self._fill[self._pages : needed] = 0
        self._pages = needed

    def _reserve(self, pages: int) -> None:
        """Room for so many pages. What is not used yet is not yet touched memory."""
        if pages > len(self._owner):
            size = max(pages, len(self._owner) * 3 // 2, 256)
            self._t = _grown(self._t, size)
            self._v = _grown(self._v, size)
            self._owner = _grown(self._owner, size)
            self._fill = _grown(self._fill, size)
            self._before = _grown(self._before, size)

    def _know(self, slots: Slots) -> None:
        missing = int(slots.max(initial=-1)) + 1 - len(self._page)
        if missing > 0:
            missing = max(missing, len(self._page) // 4, 1024)
            self._page = np.concatenate([self._page, np.full(missing, -1, np.int64)])
            self._special = np.concatenate([self._special, np.zeros(missing, np.bool_)])

    def are_plain(self, slots: Slots) -> bool:
        """Whether these series have neither samples out of order nor histograms here."""
        return not self._special[slots[slots < len(self._special)]].any()

    def chains(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """The newest page of every slot (-1: none), the page before each page, and how full
        each is."""
        return self._page, self._before, self._fill

    @property
    def times(self) -> Times:
        """The times in every page: (pages, `PAGE`)."""
        return self._t

    @property
    def values(self) -> Values:
        """The values in every page, likewise."""
        return self._v

    def gather(self, slots: Slots | None, start_ms: int, end_ms: int) -> Columns:
        """Samples of these series (all when None) in a time span, both ends inclusive, ordered."""
        owner = self._owner[: self._pages]
        pages = np.arange(self._pages) if slots is None else self._pages_of(slots)
        pages = pages[np.argsort(owner[pages], kind="stable")]
        if not len(pages):
            return Columns.empty()
        fill = self._fill[pages]
        filled = np.arange(PAGE)[None, :] < fill[:, None]
        t = self._t[pages]
        filled &= (t >= start_ms) & (t <= end_ms)
        kept = filled.sum(axis=1)
        return Columns(
            np.repeat(owner[pages], kept),
            t[filled],
            self._v[pages][filled],
            self._unpacked(pages, filled),
        ).ordered()

    def _pages_of(self, slots: Slots) -> NDArray[np.int64]:
        """The pages of these series, those of each in the order in which they were opened."""
        page = self._page[slots[slots < len(self._page)]]
        levels = []
        while len(page := page[page >= 0]):
            levels.append(page)
            page = self._before[page]
        return np.concatenate(levels[::-1]) if levels else np.zeros(0, np.int64)

    def _unpacked(self, pages: NDArray[np.int64], wanted: NDArray[np.bool_]) -> Histograms | None:
        """The histograms of pages, of the samples that are wanted; None when there are none."""
        if not self._packed:
            return None
        found = np.full(wanted.shape, None, np.object_)
        any_found = False
        for row, page in enumerate(pages.tolist()):
            column = self._packed.get(page)
            if column is None:
                continue
            for at in np.flatnonzero(wanted[row] & column.astype(np.bool_)):
                found[row, at] = Histogram.unpack(column[at])
                any_found = True
        return found[wanted] if any_found else None

    def slots(self) -> Slots:
        """The series that have samples here, ascending."""
        return np.unique(self._owner[: self._pages])

    def by_id(self, ids: Ids, size: int) -> Iterator[Samples]:
        """All samples in parts of about `size`, ordered by the id that each slot has in `ids`."""
        slots = self.slots()
        by_id = np.argsort(ids[slots])
        for some in np.array_split(by_id, math.ceil(self.samples / size)):
            part = self.gather(np.sort(slots[some]), NEVER, -NEVER)
            part_ids = ids[part.slots]
            order = np.argsort(part_ids, kind="stable")
            h = None if part.h is None else part.h[order]
            yield Samples(part_ids[order], part.t[order], part.v[order], h)

    def nbytes(self) -> int:
        """Bytes of memory in use."""
        page = 2 * (8 * PAGE) + 24  # times and values, owner, fill and the page before
        return self._pages * page + self._page.nbytes + self._packed_bytes


class Head:
    """The samples not yet in chunks, hour by hour, and the newest of every series.

    Callers hold the store's lock. Hours are numbered from the Unix epoch.
    """

    def __init__(self) -> None:
        self.hours: dict[int, Pages] = {}
        self.leaving: dict[int, Pages] = {}
        self._newest = np.empty(0, np.int64)
        self._newest_value = np.empty(0, np.float64)
        self._seen = np.empty(0, np.int64)
        self._turn = 0

    @property
    def samples(self) -> int:
        """How many samples are held."""
        return sum(pool.samples for pool in self._pools())

    def newest(self, slots: Slots) -> Times:
        """The newest time each series ever had here; `NEVER` when none."""
        self._know(slots)
        return self._newest[slots]

    def newest_value(self, slots: Slots) -> Values:
        """The value at `newest`; NaN when none."""
        self._know(slots)
        return self._newest_value[slots]

    def usual_hour(self, batch: Columns, oldest_ms: int, latest_ms: int) -> int | None:
        """The hour of a batch of numbers within these bounds, all of one hour, each of another
        series and newer than that has; None for other batches, and without machine code."""
        if batch.h is not None or not usual_hour.compiled:
            return None
        self._know(batch.slots)
        self._turn += 1
        hour = usual_hour(
            batch.slots, batch.t, self._newest, self._seen, self._turn,
            oldest_ms, latest_ms, HOUR_MS,
        )  # fmt: skip
        return None if hour == UNUSUAL else hour

    def append_usual(self, batch: Columns, hour: int) -> list[int]:
        """Take in a batch of which `usual_hour` gave this hour, just now."""
        self._hour(hour).append_new(batch, self._newest, self._newest_value)
        return [hour]

    def append(self, batch: Columns) -> list[int]:
        """Take samples in, in any order; gives the hours they belong to."""
        if not len(batch):
            return []
        self._know(batch.slots)
        self._remember_newest(batch)
        first, last = int(batch.t.min()) // HOUR_MS, int(batch.t.max()) // HOUR_MS
        if first == last:
            self._hour(first).append(batch)
            return [first]
        hours = batch.t // HOUR_MS
        found: list[int] = np.unique(hours).tolist()
        for hour in found:
            self._hour(hour).append(batch.where(hours == hour))
        return found

    def _hour(self, hour: int) -> Pages:
        pool = self.hours.get(hour)
        if pool is None:
            before = self.hours.get(hour - 1) or self.leaving.get(hour - 1)
            pool = self.hours[hour] = Pages(0 if before is None else len(before) * 9 // 8)
        return pool

    def _remember_newest(self, batch: Columns) -> None:
        slots, t, v = batch.slots, batch.t, batch.v
        if len(slots) > 1 and (slots[1:] <= slots[:-1]).any():
            order = np.lexsort((t, slots))
            slots, t, v = slots[order], t[order], v[order]
            last = np.append(run_starts(slots)[1:], len(slots)) - 1
            slots, t, v = slots[last], t[last], v[last]
        newer = t >= self._newest[slots]
        self._newest[slots[newer]] = t[newer]
        self._newest_value[slots[newer]] = v[newer]

    def _know(self, slots: Slots) -> None:
        missing = int(slots.max(initial=-1)) + 1 - len(self._newest)
        if missing > 0:
            missing = max(missing, len(self._newest) // 4, 1024)
            self._newest = np.concatenate([self._newest, np.full(missing, NEVER, np.int64)])
            self._newest_value = np.concatenate([self._newest_value, np.full(missing, np.nan)])
            self._seen = np.concatenate([self._seen, np.zeros(missing, np.int64)])

    def gather(self, slots: Slots | None, start_ms: int, end_ms: int) -> Columns:
        """Samples of these series (all when None) in a time span, both ends inclusive, ordered."""
        parts = [pool.gather(slots, start_ms, end_ms) for pool in self.pools(start_ms, end_ms)]
        found = Columns.join(parts)
        return found if len(parts) < 2 else found.ordered()

    def pools(self, start_ms: int, end_ms: int) -> list[Pages]:
        """The pools that a time span touches, older ones first; an hour may have two."""
        found = [
            (hour, order, pool)
            for order, hours in enumerate((self.leaving, self.hours))
            for hour, pool in hours.items()
            if hour * HOUR_MS <= end_ms and (hour + 1) * HOUR_MS > start_ms
        ]
        return [pool for _, _, pool in sorted(found, key=lambda one: one[:2])]

    def detach(self, hours: Iterable[int]) -> dict[int, Pages]:
        """Close hours: what comes for them later begins anew. They can still be read until
        `release`, which has to come before the next ones are closed."""
        assert not self.leaving
        self.leaving = {hour: self.hours.pop(hour) for hour in hours}
        return self.leaving

    def release(self) -> None:
        """Forget what was detached; the newest time per series stays known."""
        self.leaving = {}

    def nbytes(self) -> int:
        """Bytes of memory held."""
        newest = self._newest.nbytes + self._newest_value.nbytes + self._seen.nbytes
        return newest + sum(pool.nbytes() for pool in self._pools())

    def _pools(self) -> list[Pages]:
        return [*self.leaving.values(), *self.hours.values()]


def _grown(column: NDArray[Number], size: int) -> NDArray[Number]:
    """A longer array that begins with `column`; the rest is not yet touched memory."""
    longer = np.empty((size, *column.shape[1:]), column.dtype)
    longer[: len(column)] = column
    return longer
