"""Where log lines are kept for long: the seam, the table in chDB, and a fake in memory."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol, cast

import msgspec
import numpy as np

from watchbill.telemetry.logs.logql import LineFilter
from watchbill.telemetry.promql.storage import Labels
from watchbill.telemetry.store import native
from watchbill.telemetry.store.chdb import DURABLE, SETTINGS, Chdb

TABLES = {
    "logs.lines": f"""(
        stream UInt64 CODEC(Delta, ZSTD(1)),
        t Int64 CODEC(DoubleDelta, ZSTD(1)),
        line String CODEC(ZSTD(1)),
        metadata String CODEC(ZSTD(1))
    ) ENGINE = MergeTree PARTITION BY toYYYYMMDD(fromUnixTimestamp64Nano(t, 'UTC'))
    ORDER BY (stream, t) SETTINGS {DURABLE}""",
    "logs.streams": f"""(stream UInt64, labels String CODEC(ZSTD(1)))
    ENGINE = ReplacingMergeTree ORDER BY stream SETTINGS {DURABLE}""",
}


class Row(NamedTuple):
    """A line as it is stored: stream id, Unix ns, text, structured metadata."""

    stream: int
    t_ns: int
    text: str
    metadata: Labels


class LineTable(Protocol):
    """Keeps lines by stream and time. Every method may raise `ChunkStoreError`."""

    def put(self, rows: Sequence[Row]) -> None:
        """Store lines; all of them are durable on return."""
        ...

    def put_streams(self, streams: Iterable[tuple[int, Labels]]) -> None:
        """Store what stream ids mean; storing a pair again is harmless."""
        ...

    def streams(self) -> Iterator[tuple[int, Labels]]:
        """Every stream id with its labels."""
        ...

    def select(
        self,
        streams: Sequence[int],
        start_ns: int,
        end_ns: int,
        filters: Sequence[LineFilter],
        limit: int,
        *,
        newest_first: bool,
    ) -> list[Row]:
        """At most `limit` lines with `start_ns` ≤ time < `end_ns` that pass every filter."""
        ...

    def drop_before(self, floor_ms: int) -> None:
        """Delete days that lie wholly before a time."""
        ...


class MemoryLines:
    """A `LineTable` that forgets everything when the process ends."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._streams: dict[int, Labels] = {}

    def put(self, rows: Sequence[Row]) -> None:
        """See `LineTable.put`."""
        self.rows += rows

    def put_streams(self, streams: Iterable[tuple[int, Labels]]) -> None:
        """See `LineTable.put_streams`."""
        self._streams.update(streams)

    def streams(self) -> Iterator[tuple[int, Labels]]:
        """See `LineTable.streams`."""
        return iter(self._streams.items())

    def select(
        self,
        streams: Sequence[int],
        start_ns: int,
        end_ns: int,
        filters: Sequence[LineFilter],
        limit: int,
        *,
        newest_first: bool,
    ) -> list[Row]:
        """See `LineTable.select`."""
        found = pick(self.rows, streams, start_ns, end_ns, filters)
        return sorted(found, key=lambda row: row.t_ns, reverse=newest_first)[:limit]

    def drop_before(self, floor_ms: int) -> None:
        """See `LineTable.drop_before`; exact here."""
        self.rows = [row for row in self.rows if row.t_ns >= floor_ms * 1_000_000]


def pick(
    rows: Iterable[Row],
    streams: Sequence[int],
    start_ns: int,
    end_ns: int,
    filters: Sequence[LineFilter],
) -> list[Row]:
    """The rows that a query asks for."""
    wanted = set(streams)
    return [
        row
        for row in rows
        if row.stream in wanted
        and start_ns <= row.t_ns < end_ns
        and all(one.keeps(row.text) for one in filters)
    ]


class ChdbLines:
    """The `LineTable` that serves."""

    def __init__(self, chdb: Chdb) -> None:
        self._chdb = chdb

    def put(self, rows: Sequence[Row]) -> None:
        """See `LineTable.put`."""
        if rows:
            self._chdb.insert(
                "logs.lines",
                [
                    ("stream", "UInt64", np.array([row.stream for row in rows], np.uint64)),
                    ("t", "Int64", np.array([row.t_ns for row in rows], np.int64)),
                    ("line", "String", [row.text.encode() for row in rows]),
                    ("metadata", "String", [msgspec.json.encode(row.metadata) for row in rows]),
                ],
                len(rows),
            )

    def put_streams(self, streams: Iterable[tuple[int, Labels]]) -> None:
        """See `LineTable.put_streams`."""
        pairs = list(streams)
        if pairs:
            self._chdb.insert(
                "logs.streams",
                [
                    ("stream", "UInt64", np.array([one for one, _ in pairs], np.uint64)),
                    ("labels", "String", [msgspec.json.encode(labels) for _, labels in pairs]),
                ],
                len(pairs),
            )

    def streams(self) -> Iterator[tuple[int, Labels]]:
        """See `LineTable.streams`."""
        read = msgspec.json.Decoder(Labels).decode
        for block in self._chdb.run("SELECT stream, labels FROM logs.streams ORDER BY stream"):
            ids = cast("native.Array", block["stream"])
            for one, labels in zip(ids, cast("list[bytes]", block["labels"]), strict=True):
                yield int(one), read(labels)

    def select(
        self,
        streams: Sequence[int],
        start_ns: int,
        end_ns: int,
        filters: Sequence[LineFilter],
        limit: int,
        *,
        newest_first: bool,
    ) -> list[Row]:
        """See `LineTable.select`."""
        if not streams:
            return []
        where = " AND ".join([
            f"stream IN ({','.join(map(str, streams))})",
            f"t >= {start_ns} AND t < {end_ns}",
            *map(_condition, filters),
        ])  # fmt: skip
        blocks = self._chdb.run(
            f"SELECT stream, t, line, metadata FROM logs.lines WHERE {where} "  # noqa: S608
            f"ORDER BY t {'DESC' if newest_first else 'ASC'} LIMIT {limit} SETTINGS {SETTINGS}"
        )
        read = msgspec.json.Decoder(Labels).decode
        return [
            Row(int(stream), int(t), line.decode("utf-8", "replace"), read(metadata))
            for block in blocks
            for stream, t, line, metadata in zip(
                cast("native.Array", block["stream"]),
                cast("native.Array", block["t"]),
                cast("list[bytes]", block["line"]),
                cast("list[bytes]", block["metadata"]),
                strict=True,
            )
        ]

    def drop_before(self, floor_ms: int) -> None:
        """See `LineTable.drop_before`."""
        self._chdb.drop_days("logs.lines", floor_ms)


def _condition(one: LineFilter) -> str:
    quoted = "'" + one.text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    if one.op in ("|=", "!="):
        return f"position(line, {quoted}) {'>' if one.op == '|=' else '='} 0"
    return f"{'' if one.op == '|~' else 'NOT '}match(line, {quoted})"
