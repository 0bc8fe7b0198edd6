"""The log store: lines are written to a log of their own, held in memory, and moved in batches
into the table. Small inserts would be slow; an acknowledged line must not be lost."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import msgspec

from watchbill.lib import clock
from watchbill.telemetry.logs.logql import LogQuery
from watchbill.telemetry.logs.push import Line
from watchbill.telemetry.logs.table import LineTable, Row, pick
from watchbill.telemetry.promql.storage import Labels
from watchbill.telemetry.store.index import SeriesIndex
from watchbill.telemetry.store.records import pack_series, unpack_series
from watchbill.telemetry.store.wal import ReplayReport, Wal

log = logging.getLogger(__name__)

FLUSH_LINES = 50_000
FLUSH_SECONDS = 5.0
_STREAMS, _LINES = 1, 2
_read_rows = msgspec.msgpack.Decoder(list[Row]).decode


class LogStore:
    """Lines in and out. Safe for threads."""

    def __init__(
        self,
        folder: Path,
        table: LineTable,
        retention: timedelta,
        seconds: Callable[[], float] = clock.seconds,
    ) -> None:
        self.wal = Wal(folder / "log-wal")
        self.replayed = ReplayReport()
        self._table = table
        self._index = SeriesIndex()
        self._retention_ms = int(retention.total_seconds() * 1000)
        self._seconds = seconds
        self._lock = threading.RLock()
        self._moving = threading.Lock()
        self._held: list[Row] = []
        self._held_since = 0.0
        self._unlogged: list[int] = []
        self._unsaved: list[int] = []

    def open(self) -> None:
        """Read the streams and replay the log; after this the store takes lines."""
        for stream, labels in self._table.streams():
            self._index.restore(stream, labels)
        known = len(self._index)
        for _, kind, payload in self.wal.replay(self.replayed):
            if kind == _STREAMS:
                for stream, labels in unpack_series(payload):
                    self._index.restore(stream, labels)
            else:
                self._held += _read_rows(payload)
        self._unsaved = list(range(known, len(self._index)))
        self.wal.start()

    def close(self) -> None:
        """Flush the log. Lines not yet in the table come back by replay."""
        with self._moving:
            self.wal.close()

    def append(self, lines: Sequence[Line]) -> None:
        """Store lines; on return the log holds them. Raises `LogFullError`."""
        with self._lock:
            rows = [
                Row(self._stream(line.stream), line.t_ns, line.text, line.metadata)
                for line in lines
            ]
            if self._unlogged:
                self.wal.append(_STREAMS, pack_series(self._pairs(self._unlogged)))
                self._unsaved += self._unlogged
                self._unlogged = []
            self.wal.append(_LINES, msgspec.msgpack.encode(rows))
            if not self._held:
                self._held_since = time.monotonic()
            self._held += rows

    def _stream(self, labels: Labels) -> int:
        before = len(self._index)
        slot = self._index.intern(labels)
        if slot == before:
            self._unlogged.append(slot)
        return int(self._index.ids()[slot])

    def _pairs(self, slots: list[int]) -> list[tuple[int, Labels]]:
        ids = self._index.ids()
        return [(int(ids[slot]), self._index.labels[slot]) for slot in slots]

    def select(
        self, query: LogQuery, start_ns: int, end_ns: int, limit: int, *, newest_first: bool
    ) -> list[tuple[Labels, int, str]]:
        """Lines as `(stream, Unix ns, text)`, in order of time; equal ones of a stream once.

        Raises `ChunkStoreError`.
        """
        with self._lock:
            slots = self._index.select(query.matchers)
            labels_of_stream = dict(self._pairs([int(slot) for slot in slots]))
            streams = list(labels_of_stream)
            held = pick(self._held, streams, start_ns, end_ns, query.filters)
        stored = self._table.select(
            streams, start_ns, end_ns, query.filters, limit, newest_first=newest_first
        )
        found = dict.fromkeys((row.stream, row.t_ns, row.text) for row in (*stored, *held))
        ordered = sorted(found, key=lambda row: row[1], reverse=newest_first)
        return [(labels_of_stream[stream], t, line) for stream, t, line in ordered[:limit]]

    def upkeep(self) -> None:
        """Move lines into the table when it is time. Raises `ChunkStoreError`."""
        with self._moving:
            with self._lock:
                waited = time.monotonic() - self._held_since
                due = len(self._held) >= FLUSH_LINES or (self._held and waited >= FLUSH_SECONDS)
                if not due:
                    return
                moving, through = list(self._held), self.wal.rotate()
                unsaved = list(self._unsaved)
                pairs = self._pairs(unsaved)
            self._table.put_streams(pairs)
            self._table.put(moving)
            with self._lock:
                del self._held[: len(moving)]
                del self._unsaved[: len(unsaved)]
                self._held_since = time.monotonic()
            for segment in self.wal.segments():
                if segment <= through:
                    self.wal.remove(segment)

    def expire(self) -> None:
        """Delete lines older than the retention. Raises `ChunkStoreError`."""
        self._table.drop_before(int(self._seconds() * 1000) - self._retention_ms)

    def held(self) -> int:
        """Lines not yet in the table."""
        return len(self._held)
