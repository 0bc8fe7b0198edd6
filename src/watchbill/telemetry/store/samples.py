"""The sample store: one way in, one way out, over log, head and chunks.

In: judged → written to the log → appended to the head, or, when its hour has already been cut, to
the late buffer. Both move into chunks in the background; a log segment goes when everything in it
has moved. Out: head, late buffer and chunks are read together, and what is held twice counts once.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np

from watchbill.lib import clock
from watchbill.telemetry.promql.storage import Labels, Matcher, Selection
from watchbill.telemetry.store import records
from watchbill.telemetry.store.chunks import HOUR_MS, ChunkStore, Samples
from watchbill.telemetry.store.head import Columns, Head, run_starts
from watchbill.telemetry.store.index import SeriesIndex, Slots
from watchbill.telemetry.store.records import Kind, Progress
from watchbill.telemetry.store.rules import LATE_MS, Verdict, judge
from watchbill.telemetry.store.wal import ReplayReport, Wal

log = logging.getLogger(__name__)

LATE_FLUSH_SAMPLES = 500_000
LATE_FLUSH_SECONDS = 30.0
LATE_LIMIT = 2_000_000


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
        series_limit: int = 1_000_000,
    ) -> None:
        self.index = SeriesIndex(series_limit)
        self.head = Head()
        self.chunks = chunks
        self.replayed = ReplayReport()
        self.retention_ms = int(retention.total_seconds() * 1000)
        self._seconds = seconds
        self._lock = threading.RLock()
        self._moving = threading.Lock()
        self._progress_file = folder / "progress.json"
        self._progress = records.read_progress(self._progress_file)
        # Samples before this go late. It leads the progress on disk while a cut is under way.
        self._floor_ms = self._progress.floor_ms
        self.wal = Wal(folder / "wal", after=self._progress.late_through)
        self._late: list[Columns] = []
        self._late_since = 0.0
        self._unlogged: list[int] = []
        self._unsaved: list[int] = []
        self._segment_newest: dict[int, int] = {}

    # --- start and stop

    def open(self) -> None:
        """Read the series and replay the log; after this the store takes samples."""
        began = time.perf_counter()
        for series_id, labels in self.chunks.series():
            self.index.restore(series_id, labels)
        known = len(self.index)
        for segment, kind, payload in self.wal.replay(self.replayed):
            self._replay(segment, kind, payload)
        self._unsaved = list(range(known, len(self.index)))
        self.replayed.seconds = time.perf_counter() - began
        self.wal.start()
        log.info(
            "store open: %d series, %d samples replayed from %d log segments in %.2f s",
            len(self.index),
            self.replayed.samples,
            self.replayed.segments,
            self.replayed.seconds,
        )

    def _replay(self, segment: int, kind: int, payload: bytes) -> None:
        self._segment_newest.setdefault(segment, 0)
        if kind == Kind.SERIES:
            for series_id, labels in records.unpack_series(payload):
                self.index.restore(series_id, labels)
            return
        samples = records.unpack_samples(payload)
        slots = self.index.slots_of_ids(samples.ids)
        batch = Columns(slots, samples.t, samples.v).where(slots >= 0)
        if kind == Kind.LATE:
            if segment > self._progress.late_through:
                self._hold_late(batch)
                self.replayed.samples += len(batch)
            return
        batch = batch.where(batch.t >= self._progress.floor_ms)
        self.head.append(batch)
        self._note(segment, batch)
        self.replayed.samples += len(batch)

    def close(self) -> None:
        """Flush the log and wait for chunk storage. What is in the head comes back by replay."""
        with self._moving:
            self.wal.close()
            self.chunks.close()

    # --- in

    def intern(self, labels: Labels) -> int:
        """The slot of a series, new or known. Raises `SeriesLimitError`."""
        with self._lock:
            before = len(self.index)
            slot = self.index.intern(labels)
            if slot == before:
                self._unlogged.append(slot)
            return slot

    def append(self, batch: Columns, *, backfill: bool = False) -> Verdict:
        """Store samples; on return the log holds them. Raises `LogFullError`, `OverloadError`."""
        now_ms = int(self._seconds() * 1000)
        with self._lock:
            batch, verdict = judge(
                batch, self.head, now_ms, now_ms - self.retention_ms, backfill=backfill
            )
            if not len(batch):
                return verdict
            late = batch.t < self._floor_ms
            if late.any() and sum(map(len, self._late)) > LATE_LIMIT:
                raise OverloadError("too much history at once: try again in a moment")
            if self._unlogged:
                self._log_series()
            self._take(batch.where(~late), Kind.HEAD)
            self._take(batch.where(late), Kind.LATE)
            return verdict

    def _log_series(self) -> None:
        ids = self.index.ids()
        pairs = [(int(ids[slot]), self.index.labels[slot]) for slot in self._unlogged]
        self.wal.append(Kind.SERIES, records.pack_series(pairs))
        self._unsaved += self._unlogged
        self._unlogged = []

    def _take(self, batch: Columns, kind: Kind) -> None:
        if not len(batch):
            return
        ids = self.index.ids()[batch.slots]
        segment = self.wal.append(kind, records.pack_samples(Samples(ids, batch.t, batch.v)))
        if kind == Kind.LATE:
            self._hold_late(batch)
        else:
            self.head.append(batch)
            self._note(segment, batch)

    def _note(self, segment: int, batch: Columns) -> None:
        newest = int(batch.t.max(initial=0))
        self._segment_newest[segment] = max(self._segment_newest.get(segment, 0), newest)

    def _hold_late(self, batch: Columns) -> None:
        if not self._late:
            self._late_since = time.monotonic()
        self._late.append(batch)

    # --- out

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Selection:
        """See `promql.storage.Storage.select`. Raises `ChunkStoreError`."""
        with self._lock:
            slots = self.index.select(matchers)
            if not len(slots):
                return Selection.empty()
            recent = self.head.gather(slots, start_ms, end_ms)
            late = self._late_of(slots, start_ms, end_ms)
            floor = self._floor_ms
            ids = self.index.ids()[slots]
        parts = [late, recent]
        if start_ms < floor:
            old = self.chunks.select(ids, start_ms, min(end_ms, floor - 1))
            first = run_starts(old.ids)
            order = np.argsort(ids)
            found = order[np.searchsorted(ids, old.ids[first], sorter=order)]
            rows = np.repeat(slots[found], np.diff(np.append(first, len(old))))
            parts.insert(0, Columns(rows, old.t, old.v))
        return self._selection(Columns.join(parts).ordered())

    def _late_of(self, slots: Slots, start_ms: int, end_ms: int) -> Columns:
        wanted = np.zeros(len(self.index), np.bool_)
        wanted[slots] = True
        return Columns.join(
            [
                part.where(wanted[part.slots] & (part.t >= start_ms) & (part.t <= end_ms))
                for part in self._late
            ]
        )

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
        )

    def series(self, selectors: Iterable[Sequence[Matcher]], start_ms: int) -> list[Labels]:
        """Label sets that satisfy one of the selectors, sorted. Those silent since `start_ms` are
        left out as far as the head can tell; chunks are not opened for this."""
        with self._lock:
            return sorted(self.index.labels[slot] for slot in self._find(selectors, start_ms))

    def label_names(self, selectors: Iterable[Sequence[Matcher]], start_ms: int) -> list[str]:
        """Label names of all series, or of those that satisfy one of the selectors."""
        with self._lock:
            return self.index.label_names(self._find(selectors, start_ms))

    def label_values(
        self, name: str, selectors: Iterable[Sequence[Matcher]], start_ms: int
    ) -> list[str]:
        """Values of a label, of all series or of those that satisfy one of the selectors."""
        with self._lock:
            return self.index.label_values(name, self._find(selectors, start_ms))

    def _find(self, selectors: Iterable[Sequence[Matcher]], start_ms: int) -> Slots:
        chosen = list(selectors)
        found = (
            np.unique(np.concatenate([self.index.select(matchers) for matchers in chosen]))
            if chosen
            else np.arange(len(self.index))
        )
        if start_ms >= self._floor_ms:
            found = found[self.head.newest(found) >= start_ms]
        return found

    # --- background

    def upkeep(self) -> None:
        """One round of what has to happen in time: cut, flush, forget. Raises `ChunkStoreError`."""
        with self._moving:
            now_ms = int(self._seconds() * 1000)
            floor = (now_ms - LATE_MS) // HOUR_MS * HOUR_MS
            if floor > self._progress.floor_ms:
                self._cut(floor)
            if self._late_due():
                self._flush_late()
            self._drop_segments()

    def expire(self) -> None:
        """Delete chunks older than the retention. Raises `ChunkStoreError`."""
        self.chunks.drop_before(int(self._seconds() * 1000) - self.retention_ms)

    def _cut(self, floor: int) -> None:
        """Move everything before `floor` from the head into chunks."""
        with self._lock:
            self._floor_ms = floor  # newcomers below go to the late buffer: `moving` is complete
            moving = self.head.gather(None, 0, floor - 1)
        self._put(moving)
        self._progress = Progress(floor, self._progress.late_through)
        records.write_progress(self._progress_file, self._progress)
        with self._lock:
            self.head.drop_before(floor)

    def _late_due(self) -> bool:
        with self._lock:
            held = sum(map(len, self._late))
            waited = time.monotonic() - self._late_since
        return held >= LATE_FLUSH_SAMPLES or (held > 0 and waited >= LATE_FLUSH_SECONDS)

    def _flush_late(self) -> None:
        with self._lock:
            moving = list(self._late)
            through = self.wal.rotate()
        self._put(Columns.join(moving).ordered())
        self._progress = Progress(self._progress.floor_ms, through)
        records.write_progress(self._progress_file, self._progress)
        with self._lock:
            del self._late[: len(moving)]
            self._late_since = time.monotonic()

    def _put(self, moving: Columns) -> None:
        """Write samples to chunks, their series first."""
        self._save_series()
        if not len(moving):
            return
        with self._lock:
            ids = self.index.ids()[moving.slots]
        order = np.argsort(ids, kind="stable")
        self.chunks.put(Samples(ids[order], moving.t[order], moving.v[order]))
        log.info("moved %d samples into chunks", len(moving))

    def _save_series(self) -> None:
        with self._lock:
            unsaved = list(self._unsaved)
            ids = self.index.ids()
            pairs = [(int(ids[slot]), self.index.labels[slot]) for slot in unsaved]
        if pairs:
            self.chunks.put_series(pairs)
        with self._lock:
            del self._unsaved[: len(unsaved)]

    def _drop_segments(self) -> None:
        """Delete log segments whose every sample and series is in chunks."""
        with self._lock:
            done = [
                segment
                for segment in self.wal.segments()
                if self._segment_newest.get(segment, 0) < self._progress.floor_ms
                and (segment <= self._progress.late_through or not self._late)
            ]
        if done:
            self._save_series()
        for segment in done:
            self.wal.remove(segment)
            self._segment_newest.pop(segment, None)

    # --- for people

    def cardinality(self) -> Mapping[str, Mapping[str, int]]:
        """How many series each label value has, by label name."""
        with self._lock:
            return self.index.cardinality()

    def late_samples(self) -> int:
        """Samples waiting in the late buffer."""
        with self._lock:
            return sum(map(len, self._late))

    @property
    def floor_ms(self) -> int:
        """The head holds samples from this time on; older ones are in chunks."""
        return self._floor_ms
