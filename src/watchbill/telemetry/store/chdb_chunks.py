"""Chunks in chDB: one row per series and hour, times and values as arrays."""

import logging
import math
import re
from collections.abc import Iterable, Iterator
from typing import cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from watchbill.telemetry.promql.storage import Histograms, Labels
from watchbill.telemetry.store import decimals, native, rows
from watchbill.telemetry.store.chdb import DURABLE, SETTINGS, Chdb, is_damage
from watchbill.telemetry.store.chunks import (
    HOUR_MS,
    ChunkHealth,
    ChunkStoreError,
    Samples,
    StoreDamagedError,
)
from watchbill.telemetry.store.head import run_starts
from watchbill.telemetry.store.index import METRIC_SHIFT, Ids

LISTED_IDS = 2_000
"""Up to here a query names the series; beyond, it names the metrics and we pick."""
LISTED_METRICS = 10_000
"""Beyond, not even those: a statement must not become too long."""

ROWS_AT_ONCE, MOST_PARTS = 5_000, 8
"""A selection of more rows (4 kB each, usually) is read in parts: the database needs several times
the memory of what it answers."""

CHUNKS = "metrics.chunks"
COLUMNS = ["id UInt64", "b DateTime('UTC')", "t Array(Int64)", "v Array(Int64)", "e UInt8",
           "h Array(String)"]  # fmt: skip
TABLES = {
    CHUNKS: f"""(
        id UInt64 CODEC(Delta, ZSTD(1)),
        b DateTime('UTC') CODEC(Delta, ZSTD(1)),
        t Array(Int64) CODEC(DoubleDelta, ZSTD(1)),
        v Array(Int64) CODEC(T64('bit'), ZSTD(1)),
        e UInt8 CODEC(ZSTD(1)),
        h Array(String) CODEC(ZSTD(1))
    ) ENGINE = MergeTree PARTITION BY toYYYYMMDD(b) ORDER BY (bitShiftRight(id, 32), b, id)
    SETTINGS index_granularity = 256, {DURABLE}""",
    "metrics.series": f"""(id UInt64 CODEC(Delta, ZSTD(1)), labels String CODEC(ZSTD(1)))
    ENGINE = ReplacingMergeTree ORDER BY id SETTINGS {DURABLE}""",
}


_DAY = re.compile(r"\d{8}")

log = logging.getLogger(__name__)


class ChdbChunks:
    """The `ChunkStore` that serves."""

    def __init__(self, chdb: Chdb) -> None:
        """Raises `StoreDamagedError` for a table that another version made."""
        self._chdb = chdb
        columns = chdb.columns(CHUNKS)
        if columns != COLUMNS:
            raise StoreDamagedError(
                f"{CHUNKS} has the columns {', '.join(columns)}, this version needs "
                f"{', '.join(COLUMNS)}: it was made by an earlier version and cannot be read. "
                "Move the telemetry folder away to start with empty history."
            )
        self._unchecked: list[str] | None = None
        self._look_for_losses()

    def put(self, samples: Samples) -> None:
        """See `ChunkStore.put`."""
        if not len(samples):
            return
        hours = samples.t // HOUR_MS
        first = np.union1d(run_starts(samples.ids), run_starts(hours))
        ends = np.append(first[1:], len(samples)).astype(np.uint64)
        numbers = samples.v if samples.h is None else np.where(samples.h.astype("?"), 0, samples.v)
        whole, exponents = decimals.encode(numbers, first)
        self._chdb.insert(
            CHUNKS,
            [
                ("id", "UInt64", samples.ids[first]),
                ("b", "DateTime('UTC')", hours[first] * 3600),
                ("t", "Array(Int64)", native.Lists(ends, samples.t)),
                ("v", "Array(Int64)", native.Lists(ends, whole)),
                ("e", "UInt8", exponents),
                ("h", "Array(String)", _packed(samples.h, first, ends)),
            ],
            len(first),
        )

    def put_series(self, series: Iterable[tuple[int, Labels]]) -> None:
        """See `ChunkStore.put_series`."""
        pairs = list(series)
        if not pairs:
            return
        self._chdb.insert(
            "metrics.series",
            [
                ("id", "UInt64", np.array([one for one, _ in pairs], np.uint64)),
                ("labels", "String", [msgspec.json.encode(labels) for _, labels in pairs]),
            ],
            len(pairs),
        )

    def series(self) -> Iterator[tuple[int, Labels]]:
        """See `ChunkStore.series`."""
        read = msgspec.json.Decoder(Labels).decode
        for block in self._chdb.run("SELECT id, labels FROM metrics.series ORDER BY id"):
            ids = cast("Ids", block["id"])
            for one, labels in zip(ids, cast("list[bytes]", block["labels"]), strict=True):
                yield int(one), read(labels)

    def select(self, ids: Ids, start_ms: int, end_ms: int) -> Samples:
        """See `ChunkStore.select`."""
        if not len(ids):
            return Samples.empty()
        named = f" AND id IN ({','.join(map(str, ids))})" if len(ids) <= LISTED_IDS else ""
        blocks: list[dict[str, native.Column]] = []
        for hours in _parts(start_ms // HOUR_MS, end_ms // HOUR_MS + 1, len(ids)):
            # Not ordered by the database: that takes it twice as long as everything else.
            blocks += self._read(
                f"SELECT id, b, t, v, e, h FROM metrics.chunks "  # noqa: S608
                f"WHERE {_of_metrics(ids)}"
                f" AND b >= {hours.start * 3600} AND b < {hours.stop * 3600}{named} "
                f"SETTINGS {SETTINGS}"
            )
        found = rows.join(blocks, ids)
        if start_ms % HOUR_MS == 0 and (end_ms + 1) % HOUR_MS == 0:
            return found
        return found.where((found.t >= start_ms) & (found.t <= end_ms))

    def _read(self, statement: str) -> list[dict[str, native.Column]]:
        """Run a statement; what is damaged is set aside, and the rest is read."""
        try:
            return self._chdb.run(statement)
        except ChunkStoreError as error:
            if not is_damage(error) or not self._chdb.set_damaged_aside(CHUNKS):
                raise
            self._look_for_losses()
            return self._chdb.run(statement)

    def _look_for_losses(self) -> None:
        self._lost = [
            f"chunks of the day {_DAY.findall(part)[0]}: part {part} is damaged and set aside"
            for part in self._chdb.set_aside(CHUNKS)
        ]
        for loss in self._lost:
            log.error("%s", loss)

    def lost(self) -> list[str]:
        """See `ChunkStore.lost`."""
        return list(self._lost)

    def verify(self) -> bool:
        """See `ChunkStore.verify`: one part."""
        if self._unchecked is None:
            self._unchecked = self._chdb.parts(CHUNKS)[::-1]
        if not self._unchecked:
            return False
        part = self._unchecked.pop()
        if part in self._chdb.parts(CHUNKS) and not self._chdb.is_whole(CHUNKS, part):
            self._chdb.set_part_aside(CHUNKS, part)
            self._look_for_losses()
        return True

    def tidy(self) -> bool:
        """See `ChunkStore.tidy`."""
        return self._chdb.merge_closed(CHUNKS)

    def drop_before(self, floor_ms: int) -> None:
        """See `ChunkStore.drop_before`."""
        self._chdb.drop_days(CHUNKS, floor_ms)

    def ids(self, start_ms: int, end_ms: int, among: Ids | None = None) -> Ids:
        """See `ChunkStore.ids`."""
        metrics = "" if among is None else f"{_of_metrics(among)} AND "
        blocks = self._read(
            f"SELECT DISTINCT id FROM {CHUNKS} WHERE {metrics}"  # noqa: S608
            f"b >= {start_ms // HOUR_MS * 3600} AND b <= {end_ms // 1000} SETTINGS {SETTINGS}"
        )
        found = [cast("Ids", block["id"]) for block in blocks]
        return np.unique(np.concatenate(found)) if found else np.zeros(0, np.uint64)

    def forget_series(self, ids: Ids) -> None:
        """See `ChunkStore.forget_series`."""
        self._chdb.delete("metrics.series", "id", ids)

    def days(self) -> dict[int, int]:
        """See `ChunkStore.days`."""
        return self._chdb.days(CHUNKS)

    def check(self) -> ChunkHealth:
        """See `ChunkStore.check`."""
        try:
            rows, size = self._chdb.size(CHUNKS)
            oldest = self._chdb.number(
                "SELECT toUInt64(toUnixTimestamp(min(b))) AS x FROM metrics.chunks"
            )
        except ChunkStoreError as error:
            return ChunkHealth("chdb", 0, 0, None, str(error))
        return ChunkHealth("chdb", rows, size, oldest * 1000 if rows else None)

    def close(self) -> None:
        """See `ChunkStore.close`."""
        self._chdb.close()


def _parts(first: int, end: int, series: int) -> Iterator[range]:
    """Hours in parts of about `ROWS_AT_ONCE`; a few parts, however many hours there are."""
    size = max(ROWS_AT_ONCE // series, math.ceil((end - first) / MOST_PARTS), 1)
    for begin in range(first, end, size):
        yield range(begin, min(begin + size, end))


def _of_metrics(ids: Ids) -> str:
    """SQL: the series of the metrics that these belong to; what the key of the table finds."""
    metrics = np.unique(ids >> np.uint64(METRIC_SHIFT))
    if len(metrics) > LISTED_METRICS:
        return "1"
    return f"bitShiftRight(id, 32) IN ({','.join(map(str, metrics))})"


def _packed(
    h: Histograms | None, first: NDArray[np.int64], ends: NDArray[np.uint64]
) -> native.Lists:
    """Histograms as a column of lists: a row without any has an empty one, others a text per
    sample, empty for numbers."""
    if h is None:
        return native.Lists(np.zeros(len(first), np.uint64), [])
    having = np.logical_or.reduceat(h.astype(np.bool_), first)
    counts = ends.astype(np.int64) - first
    texts = [b"" if one is None else one.pack() for one in h[np.repeat(having, counts)]]
    return native.Lists(np.cumsum(np.where(having, counts, 0)).astype(np.uint64), texts)
