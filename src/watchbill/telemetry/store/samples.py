"""The sample store: one way in, one way out, over log, head and chunks.

In: judged → written to the log → appended to the head. Hours that are over move into chunks in the
background; a log segment goes when everything in it has moved. An hour for which more samples come
after that moves once more. Out: head and chunks are read together, and what is held twice counts
once.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from watchbill.lib import clock
from watchbill.telemetry.promql.storage import Labels, Matcher, Selection
from watchbill.telemetry.promql.symbols import LabelColumns
from watchbill.telemetry.store import records
from watchbill.telemetry.store.chunks import DAY_MS, HOUR_MS, ChunkStore, Samples
from watchbill.telemetry.store.families import Families
from watchbill.telemetry.store.gather import Gathered, Gathering
from watchbill.telemetry.store.head import NEVER, Columns, Head, run_starts
from watchbill.telemetry.store.index import Ids, SeriesIndex, Slots
from watchbill.telemetry.store.names import Names
from watchbill.telemetry.store.reader import ChunkReader, joined
from watchbill.telemetry.store.records import Kind, Progress
from watchbill.telemetry.store.rules import EARLY_MS, Limits, Verdict, judge
from watchbill.telemetry.store.wal import ReplayReport, Wal

log = logging.getLogger(__name__)

OVER_MS = 10 * 60_000
"""An hour counts as over this long after its end: most senders have caught up by then."""
IDLE_SECONDS = 2.0
"""An hour that is over moves into chunks when nothing came for it for so long …"""
OPEN_SECONDS = 600.0
"""… or when the head has held it for so long …"""
HELD_BYTES = 64 << 20
"""… or when hours that are over take up so much memory."""
HELD_LIMIT = 256 << 20
"""Beyond this, samples for hours that are over are put off."""
FORGET_AT_ONCE = 10_000
"""At most so many series are forgotten while others wait."""
VERIFY_PAUSE = 9
"""After a part was verified, so many times as long is left for queries."""
PUT_SAMPLES = 300_000
"""At most so many go into chunks at once, which bounds the memory that it takes."""


class OverloadError(Exception):
    """Samples arrive faster than they can be stored; the sender should come back."""


class SampleStore:
    """Implements `promql.storage.Storage`. Safe for threads."""

    def __init__(
        self,
        folder: Path,
        chunks: ChunkStore,
        retention: timedelta,
        seconds: Callable[[], float] = clock.seconds,
        *,
        series_limit: int = 1_000_000,
        late: timedelta = timedelta(minutes=10),
    ) -> None:
        """`retention` says how long samples are kept, `late` how much older than the newest sample
        of its series a sample may be."""
        self.index = SeriesIndex(series_limit)
        self._families = Families(self.index)
        self.head = Head()
        self.chunks = chunks
        self._reader = ChunkReader(chunks)
        self.replayed = ReplayReport()
        self.retention_ms = _ms(retention)
        self._late_ms = _ms(late)
        self._seconds = seconds
        self.lock = threading.RLock()
        self._moving = threading.Lock()
        self._progress_file = folder / "progress.json"
        self._progress = records.read_progress(self._progress_file)
        # What the chunks may hold ends here; it leads the progress on disk while hours move.
        self._floor_ms = self._progress.floor_ms
        self._leaving_through = 0
        self.wal = Wal(folder / "wal", after=self._progress.segment)
        self.names = Names(self)
        self.generation = 0
        """Changes when series are forgotten: whoever keeps slots has to ask for them again."""
        self._may_forget = True
        self._verify_at = 0.0
        self._unlogged: list[int] = []
        self._unsaved: list[int] = []
        self._segment_hours: dict[int, set[int]] = {}
        self._missing: list[str] = []

    # --- start and stop

    def open(self) -> None:
        """Read the series and replay the log; after this the store takes samples."""
        began = time.perf_counter()
        self._look_for_chunks()
        for series_id, labels in self.chunks.series():
            self.index.restore(series_id, labels)
        known = self.index.end
        read = time.perf_counter()
        for segment, kind, payload in self.wal.replay(self.replayed):
            self._replay(segment, kind, payload)
        self._unsaved = [slot for slot in self.index.all().tolist() if slot >= known]
        self.replayed.seconds = time.perf_counter() - read
        self.wal.start()
        log.info(
            "store open: %d series (%d read in %.2f s), %d samples replayed from %d log segments "
            "in %.2f s",
            len(self.index),
            known,
            read - began,
            self.replayed.samples,
            self.replayed.segments,
            self.replayed.seconds,
        )

    def _look_for_chunks(self) -> None:
        """Say so when chunks hold nothing although samples that are still kept moved there."""
        floor = self._progress.floor_ms
        if floor > self._seconds() * 1000 - self.retention_ms and not self.chunks.check().rows:
            until = np.datetime64(floor, "ms")
            self._missing = [
                f"all chunks: there are none, but samples up to {until} had moved there"
            ]
            log.error("%s", self._missing[0])

    def _replay(self, segment: int, kind: int, payload: bytes) -> None:
        self._segment_hours.setdefault(segment, set())
        if kind == Kind.SERIES:
            for series_id, labels in records.unpack_series(payload):
                self.index.restore(series_id, labels)
            return
        samples = records.unpack_samples(payload)
        if not len(samples):
            return
        slots = self.index.slots_of_ids(samples.ids)
        batch = Columns(slots, samples.t, samples.v, samples.h).where(slots >= 0)
        hours = batch.t // HOUR_MS
        for hour in np.unique(hours).tolist():
            self._segment_hours[segment].add(hour)
            if self._moved(hour, segment):
                batch = batch.where(batch.t // HOUR_MS != hour)
        self.head.append(batch)
        self.replayed.samples += len(batch)

    def _moved(self, hour: int, segment: int) -> bool:
        return segment <= self._progress.moved.get(hour, 0)

    def close(self) -> None:
        """Flush the log and wait for chunk storage. What is in the head comes back by replay."""
        with self._moving:
            self.wal.close()
            self.chunks.close()

    # --- in

    def intern(self, labels: Labels) -> int:
        """The slot of a series, new or known. Raises `SeriesLimitError`."""
        with self.lock:
            before = self.index.end
            slot = self.index.intern(labels)
            if slot == before:
                self._unlogged.append(slot)
            return slot

    def known(self, slots: Slots) -> Slots:
        """Those of these slots whose series are not forgotten."""
        with self.lock:
            return np.intersect1d(slots, self.index.all())

    def append(self, batch: Columns, *, backfill: bool = False) -> Verdict:
        """Store samples; on return the log holds them.

        Raises `LogFullError`, and `OverloadError`, also when a series was forgotten after its slot
        was asked for: the next time it has another.
        """
        now = int(self._seconds() * 1000)
        limits = Limits(now, now - self.retention_ms, self._late_ms)
        with self.lock:
            if not self.index.are_known(batch.slots):
                raise OverloadError("a series was just forgotten: try again")
            hour = self.head.usual_hour(batch, limits.oldest, now + EARLY_MS)
            verdict = Verdict(len(batch))
            if hour is None or backfill:
                batch, verdict = judge(batch, self.head, limits, backfill=backfill)
                if not len(batch):
                    return verdict
            if int(batch.t.min()) < now - OVER_MS - HOUR_MS and self._held() > HELD_LIMIT:
                raise OverloadError("too much history at once: try again in a moment")
            if self._unlogged:
                self._log_series()
            ids = self.index.ids()[batch.slots]
            samples = Samples(ids, batch.t, batch.v, batch.h)
            segment = self.wal.append(Kind.SAMPLES, records.pack_samples(samples))
            if hour is None or backfill:
                hours = self.head.append(batch)
            else:
                hours = self.head.append_usual(batch, hour)
            self._segment_hours.setdefault(segment, set()).update(hours)
            return verdict

    def _log_series(self) -> None:
        ids = self.index.ids()
        pairs = [(int(ids[slot]), self.index.labels[slot]) for slot in self._unlogged]
        segment = self.wal.append(Kind.SERIES, records.pack_series(pairs))
        self._segment_hours.setdefault(segment, set())
        self._unsaved += self._unlogged
        self._unlogged = []

    def _over(self) -> list[int]:
        """Hours in the head that are over."""
        end = (int(self._seconds() * 1000) - OVER_MS) // HOUR_MS
        return [hour for hour in self.head.hours if hour < end]

    def _held(self) -> int:
        """Bytes of hours in the head that are over."""
        hours, leaving = self.head.hours, self.head.leaving.values()
        pools = [*(hours[hour] for hour in self._over()), *leaving]
        return sum(pool.nbytes() for pool in pools)

    # --- out

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Selection:
        """See `promql.storage.Storage.select`. Raises `ChunkStoreError`."""
        while True:
            generation = self.generation
            found = self._read(matchers, start_ms, end_ms)
            if found is not None and generation == self.generation:
                return found

    def select_at_once(
        self, matchers: Sequence[Matcher], start_ms: int, end_ms: int
    ) -> Selection | None:
        """What `select` gives, or None when that might have to wait: for chunks, or because
        somebody else works on the store just now."""
        if not self.lock.acquire(blocking=False):
            return None
        try:
            return None if start_ms < self._floor_ms else self._read(matchers, start_ms, end_ms)
        finally:
            self.lock.release()

    def _read(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Selection | None:
        """What `select` gives, or None when samples moved from head to chunks meanwhile."""
        with self.lock:
            slots, columns = self._named(matchers)
            ids, floor, epoch = self.index.ids()[slots], self._floor_ms, self._reader.epoch
        if not len(slots):
            return Selection.empty()
        block = None
        if start_ms < floor:
            block = self._reader.read(ids, start_ms, min(end_ms, floor - 1))
        with self.lock:
            # The block may lack what has moved into chunks since, and the head lacks it too.
            if epoch != self._reader.epoch:
                return None
            pools = self.head.pools(start_ms, end_ms)
            if not Gathering.can(block, pools, slots):
                recent = self.head.gather(slots, start_ms, end_ms)
                return self._selection(joined(slots, block, recent, start_ms, end_ms))
            gathering = Gathering(len(slots), start_ms, end_ms, block)
            some = gathering.take(slots, pools)
        found = gathering.finish()
        if found is None:  # an hour is in both: it is moving just now, or samples came late
            with self.lock:
                if epoch != self._reader.epoch:
                    return None
                recent = self.head.gather(slots, start_ms, end_ms)
            return self._selection(joined(slots, block, recent, start_ms, end_ms))
        return self._selected(slots, columns, some, found)

    def _named(self, matchers: Sequence[Matcher]) -> tuple[Slots, LabelColumns | None]:
        """The series that satisfy every matcher, by id, and their labels as columns if there."""
        found = self._families.select(matchers)
        slots, columns = (self.index.select(matchers), None) if found is None else found
        ids = self.index.ids()[slots]
        if (ids[1:] < ids[:-1]).any():
            order = np.argsort(ids)
            slots = slots[order]
            if columns is not None:
                columns = columns.take(order)
        return slots, columns

    def _selected(
        self,
        slots: Slots,
        columns: LabelColumns | None,
        some: NDArray[np.bool_],
        found: Gathered,
    ) -> Selection:
        if not some.all():
            slots = slots[some]
            if columns is not None:
                columns = columns.take(some)
        labels = [self.index.labels[slot] for slot in slots.tolist()]
        return Selection(labels, found.starts, found.t, found.v, columns=columns)

    def _selection(self, columns: Columns) -> Selection:
        if not len(columns):
            return Selection.empty()
        slots = columns.slots
        first = run_starts(slots)
        labels = self.index.labels
        return Selection(
            [labels[slot] for slot in slots[first]],
            np.append(first, len(slots)).astype(np.int64),
            columns.t,
            columns.v,
            columns.h,
        )

    # --- background

    def upkeep(self) -> None:
        """One round of what has to happen in time. Raises `ChunkStoreError`, `OSError`."""
        self._verify()
        with self._moving:
            if not self.head.leaving:  # else the last move failed: once more
                self._detach()
            if self.head.leaving:
                self._move()
            self._drop_segments()

    def _verify(self) -> None:
        """Look for damage that no query has met yet: a bit at a time, with pauses."""
        began = time.monotonic()
        if began >= self._verify_at:
            more = self.chunks.verify()
            pause = VERIFY_PAUSE * (time.monotonic() - began)
            self._verify_at = time.monotonic() + pause if more else math.inf

    def expire(self) -> None:
        """Delete chunks beyond the retention, and tidy up. Raises `ChunkStoreError`."""
        self.drop_before(int(self._seconds() * 1000) - self.retention_ms)
        self.chunks.tidy()
        if self._may_forget:
            self.forget_series()

    def days(self) -> dict[int, int]:
        """Bytes of chunks by day: see `budget.Sized`. Raises `ChunkStoreError`."""
        return self.chunks.days()

    def drop_before(self, floor_ms: int) -> None:
        """Delete the days of chunks that lie wholly before a time. Raises `ChunkStoreError`."""
        if any(day + DAY_MS <= floor_ms for day in self.chunks.days()):
            self.chunks.drop_before(floor_ms)
            self._may_forget = True
        self._reader.forget()

    def forget_series(self) -> None:
        """Forget the series that have samples neither in the head nor in chunks.

        None as long as damaged chunks are set aside: what is in them may be needed again. Raises
        `ChunkStoreError`.
        """
        with self._moving:  # so that nothing is on its way from head to chunks
            days = [self.chunks.ids(day, day + DAY_MS - 1) for day in self.chunks.days()]
            stored = np.unique(np.concatenate([np.zeros(0, np.uint64), *days]))
            if self._missing or self.chunks.lost():  # maybe found out just now
                return
            gone = self.index.superseded  # which keeps them until the chunk store has done it too
            while some := self._forget_some(stored):
                gone += some
            if gone:
                self.chunks.forget_series(np.array(gone, np.uint64))
                log.info("forgot %d series without samples", len(gone))
                gone.clear()
        self._may_forget = False

    def _forget_some(self, stored: Ids) -> list[int]:
        """Forget a few of the series that have no samples: not many under one hold of the lock."""
        with self.lock:
            known, ids = self.index.all(), self.index.ids()
            needed = np.isin(ids, stored)
            needed[self._unlogged + self._unsaved] = True
            for pool in self.head.pools(NEVER, -NEVER):
                needed[pool.slots()] = True
            gone = known[~needed[known]][:FORGET_AT_ONCE]
            if len(gone):
                self.index.forget(gone)
                self._families.forget()
                self._reader.forget()
                self.generation += 1
            forgotten: list[int] = ids[gone].tolist()
            return forgotten

    def _due(self) -> list[int]:
        """Hours that should move now: idle, or held for long; the longest idle ones when memory
        is short."""
        over = sorted(self._over(), key=lambda hour: self.head.hours[hour].touched)
        now = time.monotonic()
        held, due = self._held(), []
        for hour in over:
            pool = self.head.hours[hour]
            idle = now - pool.touched >= IDLE_SECONDS
            if idle or held > HELD_BYTES or now - pool.began >= OPEN_SECONDS:
                due.append(hour)
                held -= pool.nbytes()
        return due

    def _detach(self) -> None:
        """Close the hours that are due; the log so far holds all of their samples."""
        with self.lock:
            due = self._due()
            if due:
                self._leaving_through = self.wal.rotate()
                self.head.detach(due)
                self._floor_ms = max(self._floor_ms, (max(due) + 1) * HOUR_MS)

    def _move(self) -> None:
        """Write what is leaving the head to chunks, then forget it."""
        began, moved = time.perf_counter(), 0
        leaving = self.head.leaving
        self._save_series()
        with self.lock:
            ids = self.index.ids()
        for pool in leaving.values():
            for part in pool.by_id(ids, PUT_SAMPLES):
                self.chunks.put(part)
                moved += len(part)
        through = self._leaving_through
        with self.lock:
            live = {hour for hours in self._segment_hours.values() for hour in hours}
        kept = {hour: end for hour, end in self._progress.moved.items() if hour in live}
        progress = Progress(self._floor_ms, through, {**kept, **dict.fromkeys(leaving, through)})
        records.write_progress(self._progress_file, progress)
        with self.lock:
            self._progress = progress
            self.head.release()
            self._reader.forget()
        seconds = time.perf_counter() - began
        log.info("moved %d samples of %d hours into chunks in %.2f s", moved, len(leaving), seconds)

    def _save_series(self) -> None:
        with self.lock:
            unsaved = list(self._unsaved)
            ids = self.index.ids()
            pairs = [(int(ids[slot]), self.index.labels[slot]) for slot in unsaved]
        if pairs:
            self.chunks.put_series(pairs)
        with self.lock:
            del self._unsaved[: len(unsaved)]

    def _drop_segments(self) -> None:
        """Delete log segments whose every sample and series is in chunks."""
        with self.lock:
            done = [
                segment
                for segment in self.wal.segments()
                if all(self._moved(hour, segment) for hour in self._segment_hours.get(segment, ()))
            ]
        if done:
            self._save_series()
        for segment in done:
            self.wal.remove(segment)
            with self.lock:
                self._segment_hours.pop(segment, None)

    # --- for people

    def lost(self) -> list[str]:
        """What could not be read when it should have been, in words."""
        torn = [f"write-ahead log, {torn}" for torn in self.replayed.torn]
        return torn + self._missing + self.chunks.lost()

    def cardinality(self) -> Mapping[str, Mapping[str, int]]:
        """How many series each label value has, by label name."""
        with self.lock:
            return self.index.cardinality()

    def kept_ms(self) -> tuple[int, int]:
        """From when on samples are kept, and now."""
        now = int(self._seconds() * 1000)
        return now - self.retention_ms, now

    def late_samples(self) -> int:
        """Samples for hours that are over, which wait in memory to move into chunks."""
        with self.lock:
            leaving = sum(pool.samples for pool in self.head.leaving.values())
            return leaving + sum(self.head.hours[hour].samples for hour in self._over())

    @property
    def floor_ms(self) -> int:
        """The head holds samples from this time on; older ones are in chunks."""
        return self._floor_ms


def _ms(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)
