"""The log store: lines are written to a log of their own, held in memory, and moved in batches
into the table. Small inserts would be slow; an acknowledged line must not be lost."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec

from watchbill.lib import clock
from watchbill.telemetry.intake.protobuf import MalformedError
from watchbill.telemetry.logs.block import Asked, Block, Marks, Row, kept_metadata
from watchbill.telemetry.logs.push import Line
from watchbill.telemetry.logs.table import LineTable
from watchbill.telemetry.promql.storage import Labels, Matcher
from watchbill.telemetry.store.index import SeriesIndex
from watchbill.telemetry.store.records import pack_series, unpack_series
from watchbill.telemetry.store.samples import OverloadError
from watchbill.telemetry.store.wal import ReplayReport, Wal

log = logging.getLogger(__name__)

FLUSH_LINES = 50_000
FLUSH_SECONDS = 5.0
FLUSH_BYTES = 32 << 20
MAX_HELD_LINES = 1_000_000
MAX_HELD_BYTES = 256 << 20
MAX_STREAMS = 100_000
MAX_LINE_CHARACTERS = 262_144
MAX_METADATA = 256
"""How many pairs of structured metadata a line may have."""
MAX_LEAD_SECONDS = 600
"""How far ahead of our clock a line may be."""

_REMEMBERED_BODIES = 4_096
_STREAMS, _ROWS, _BLOCK = 1, 2, 3
_read_rows = msgspec.msgpack.Decoder(list[Row]).decode

Listener = Callable[[Sequence[Line]], None]


class Page(NamedTuple):
    """Lines in order of time, and the time up to which there are no others; None at the end."""

    rows: list[Row]
    bound_ns: int | None


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
        self.listeners: list[Listener] = []
        self._table = table
        self._index = SeriesIndex(MAX_STREAMS)
        self._retention_ms = int(retention.total_seconds() * 1000)
        self._seconds = seconds
        self._lock = threading.RLock()
        self._moving = threading.Lock()
        self._held: list[tuple[int, Block]] = []  # with the log's segment
        self._held_lines = self._held_bytes = 0
        self._held_since = 0.0
        self._seen: dict[bytes, None] = {}
        self._unlogged: list[int] = []
        self._unsaved: list[int] = []

    def open(self) -> None:
        """Read the streams and replay the log; after this the store takes lines."""
        for stream, labels in self._table.streams():
            self._index.restore(stream, labels)
        known = self._index.end
        for segment, kind, payload in self.wal.replay(self.replayed):
            if kind == _STREAMS:
                for stream, labels in unpack_series(payload):
                    self._index.restore(stream, labels)
            else:
                block = Block.read(payload) if kind == _BLOCK else _old_block(payload)
                self._hold(segment, block)
        self._unsaved = list(range(known, self._index.end))
        self.wal.start()

    def close(self) -> None:
        """Flush the log. Lines not yet in the table come back by replay."""
        with self._moving:
            self.wal.close()

    def append(self, lines: Sequence[Line]) -> str | None:
        """Store lines; on return the log holds them. The same lines sent again are stored once.

        Lines too old, too new or too long are left out, and what is returned says so. Raises
        `LogFullError`, `SeriesLimitError`, `OverloadError`, and `MalformedError` for text that is
        not Unicode.
        """
        kept, refusal = self._acceptable(lines)
        if not kept:
            return refusal
        with self._lock:
            waiting = self._held_lines + len(kept)
            if waiting > MAX_HELD_LINES or self._held_bytes > MAX_HELD_BYTES:
                raise OverloadError("too many log lines wait to be moved into the table")
            block = self._block(kept)
            digest = sha256(block.payload).digest()
            if digest in self._seen:
                return refusal
            if self._unlogged:
                self.wal.append(_STREAMS, pack_series(self._pairs(self._unlogged)))
                self._unsaved += self._unlogged
                self._unlogged = []
            self._hold(self.wal.append(_BLOCK, block.payload), block, digest)
        for listener in tuple(self.listeners):
            listener(kept)
        return refusal

    def _acceptable(self, lines: Sequence[Line]) -> tuple[Sequence[Line], str | None]:
        """The lines within the limits, and what is wrong with the first of the others."""
        now_ns = int(self._seconds() * 1e9)
        oldest, newest = now_ns - self._retention_ms * 1_000_000, now_ns + MAX_LEAD_SECONDS * 10**9
        times = [line.t_ns for line in lines]
        if times and oldest <= min(times) and max(times) <= newest:
            longest = max(len(line.text) for line in lines)
            most = max(len(line.metadata) for line in lines)
            if longest <= MAX_LINE_CHARACTERS and most <= MAX_METADATA:
                return lines, None
        kept = [
            line
            for line in lines
            if oldest <= line.t_ns <= newest
            and len(line.text) <= MAX_LINE_CHARACTERS
            and len(line.metadata) <= MAX_METADATA
        ]
        if len(kept) == len(lines):
            return lines, None
        accepted = set(map(id, kept))
        first = next(line for line in lines if id(line) not in accepted)
        stream = ", ".join(f'{name}="{value}"' for name, value in first.stream)
        reason = (
            f"it has {len(first.metadata)} pairs of structured metadata, at most {MAX_METADATA} "
            "are taken"
            if len(first.metadata) > MAX_METADATA
            else f"max entry size '{MAX_LINE_CHARACTERS}' exceeded by {len(first.text)} characters"
            if oldest <= first.t_ns <= newest
            else f"entry has timestamp too old: {_iso(first.t_ns)}, oldest acceptable timestamp "
            f"is: {_iso(oldest)}"
            if first.t_ns < oldest
            else f"entry has timestamp too new: {_iso(first.t_ns)}, newest is: {_iso(newest)}"
        )
        refused = len(lines) - len(kept)
        return kept, f"{refused} of {len(lines)} entries refused: stream '{{{stream}}}': {reason}"

    def _block(self, lines: Sequence[Line]) -> Block:
        streams: list[int] = []
        last: Labels | None = None
        number = 0
        for line in lines:
            if line.stream is not last:  # those of one stream come in a row
                last, number = line.stream, self._stream(line.stream)
            streams.append(number)
        try:
            return Block.of(
                streams,
                [line.t_ns for line in lines],
                [line.text for line in lines],
                [line.metadata for line in lines],
            )
        except UnicodeEncodeError:
            raise MalformedError("a line is not valid UTF-8") from None

    def _hold(self, segment: int, block: Block, digest: bytes | None = None) -> None:
        if not self._held:
            self._held_since = time.monotonic()
        self._held.append((segment, block))
        self._held_lines += len(block)
        self._held_bytes += len(block.payload)
        self._seen[digest or sha256(block.payload).digest()] = None
        if len(self._seen) > _REMEMBERED_BODIES:
            del self._seen[next(iter(self._seen))]

    def _stream(self, labels: Labels) -> int:
        before = self._index.end
        slot = self._index.intern(labels)
        if slot == before:
            self._unlogged.append(slot)
        return int(self._index.ids()[slot])

    def _pairs(self, slots: Sequence[int]) -> list[tuple[int, Labels]]:
        ids = self._index.ids()
        return [(int(ids[slot]), self._index.labels[slot]) for slot in slots]

    def streams(self, matchers: Sequence[Matcher]) -> dict[int, Labels]:
        """The streams that satisfy every matcher, by id."""
        with self._lock:
            return dict(self._pairs(self._index.select(matchers).tolist()))

    def page(self, asked: Asked, size: int, *, newest_first: bool) -> Page:
        """About the first `size` lines by time; equal ones of a stream once.

        Raises `ChunkStoreError`.
        """
        held = self._held_rows(asked)
        stored = self._table.select(asked, size, newest_first=newest_first)
        bound = stored[-1].t_ns if len(stored) >= size else None
        if bound is not None:
            held = [
                row for row in held if (row.t_ns >= bound if newest_first else row.t_ns <= bound)
            ]
        found = {(row.stream, row.t_ns, row.text): row for row in (*held, *stored)}
        rows = sorted(found.values(), key=lambda row: row.t_ns, reverse=newest_first)
        return Page(rows, bound)

    def marks(self, asked: Asked, most: int) -> Marks | None:
        """All lines to be counted, equal ones once; None when there are more than about `most`.

        Raises `ChunkStoreError`.
        """
        held = Marks.of(self._held_rows(asked), asked.metadata)
        stored = self._table.marks(asked, most)
        return None if len(stored) > most else Marks.joined([held, stored])

    def metadata(self, asked: Asked, most: int) -> set[Labels]:
        """Up to `most` different structured metadata of the lines. Raises `ChunkStoreError`."""
        held = {kept_metadata(row.metadata, asked.metadata) for row in self._held_rows(asked)}
        return (held - {()}) | self._table.metadata(asked, most)

    def present(self, asked: Asked) -> set[int]:
        """The streams that have lines. Raises `ChunkStoreError`."""
        return {row.stream for row in self._held_rows(asked)} | self._table.present(asked)

    def totals(self, asked: Asked) -> dict[int, tuple[int, int]]:
        """By stream, how many lines and bytes there are. Raises `ChunkStoreError`."""
        held = self._held_rows(asked)
        totals = self._table.totals(asked)
        for row in held:
            lines, size = totals.get(row.stream, (0, 0))
            totals[row.stream] = lines + 1, size + len(row.text.encode())
        return totals

    def _held_rows(self, asked: Asked) -> list[Row]:
        with self._lock:
            blocks = [block for _, block in self._held]
        return [row for block in blocks for row in block.rows(asked)]

    def upkeep(self) -> None:
        """Move lines into the table when it is time. Raises `ChunkStoreError`."""
        with self._moving:
            with self._lock:
                waited = time.monotonic() - self._held_since
                much = self._held_lines >= FLUSH_LINES or self._held_bytes >= FLUSH_BYTES
                if not (much or (self._held and waited >= FLUSH_SECONDS)):
                    return
                through = self.wal.rotate()
                moving: dict[int, list[Block]] = {}
                for segment, block in self._held:
                    moving.setdefault(segment, []).append(block)
                unsaved = list(self._unsaved)
                pairs = self._pairs(unsaved)
            self._table.put_streams(pairs)
            with self._lock:
                del self._unsaved[: len(unsaved)]
            for segment, blocks in moving.items():
                # A whole segment at a time: after a crash it comes again as the same blocks.
                self._table.put(blocks)
                with self._lock:
                    del self._held[: len(blocks)]
                    self._held_lines -= sum(map(len, blocks))
                    self._held_bytes -= sum(len(block.payload) for block in blocks)
                    self._held_since = time.monotonic()
                self.wal.remove(segment)
            for segment in self.wal.segments():
                if segment <= through:  # those that held no lines
                    self.wal.remove(segment)

    def expire(self) -> None:
        """Delete lines older than the retention. Raises `ChunkStoreError`."""
        self.drop_before(int(self._seconds() * 1000) - self._retention_ms)

    def days(self) -> dict[int, int]:
        """Bytes in the table by day: see `budget.Sized`. Raises `ChunkStoreError`."""
        return self._table.days()

    def drop_before(self, floor_ms: int) -> None:
        """Delete the days that lie wholly before a time. Raises `ChunkStoreError`."""
        self._table.drop_before(floor_ms)

    def held(self) -> int:
        """Lines not yet in the table."""
        return self._held_lines


def _old_block(payload: bytes) -> Block:
    """A record as it was written before blocks."""
    rows = _read_rows(payload)
    columns = zip(*rows, strict=True) if rows else ((), (), (), ())
    streams, t, texts, metadata = map(list, columns)
    return Block.of(streams, t, texts, metadata)


def _iso(t_ns: int) -> str:
    try:
        return datetime.fromtimestamp(t_ns / 1e9, UTC).isoformat(timespec="seconds")
    except (OverflowError, ValueError, OSError):
        return f"{t_ns} ns"
