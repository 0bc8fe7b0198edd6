"""Chunks in chDB: one row per series and hour, times and values as arrays.

chDB must not be imported before a fork and one process alone may open a folder, so the import is
inside `open_chdb`. Statements run one at a time; `close` waits for the one that is running, because
leaving while a statement runs crashes the process.
"""

import logging
import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np

from watchbill.telemetry.promql.storage import Labels
from watchbill.telemetry.store import native
from watchbill.telemetry.store.chunks import (
    HOUR_MS,
    ChunkHealth,
    ChunkStoreError,
    Samples,
    StoreDamagedError,
)
from watchbill.telemetry.store.index import METRIC_SHIFT, Ids

log = logging.getLogger(__name__)

LISTED_IDS = 2_000
"""Up to here a query names the series; beyond, it names the metrics and we pick."""

CACHES = "mark_cache_size=16777216&index_mark_cache_size=4194304&primary_index_cache_size=16777216"
"""chDB's defaults are gigabytes; ours is the small machine."""

SETTINGS = "max_threads=2, max_insert_threads=1, use_uncompressed_cache=0"

SCHEMA = (
    "CREATE DATABASE IF NOT EXISTS metrics",
    """CREATE TABLE IF NOT EXISTS metrics.chunks (
        id UInt64 CODEC(Delta, ZSTD(1)),
        b DateTime('UTC') CODEC(Delta, ZSTD(1)),
        t Array(Int64) CODEC(DoubleDelta, ZSTD(1)),
        v Array(Float64) CODEC(Delta, ZSTD(1))
    ) ENGINE = MergeTree PARTITION BY toYYYYMMDD(b) ORDER BY (bitShiftRight(id, 32), b, id)
    SETTINGS index_granularity = 256, fsync_after_insert = 1, fsync_part_directory = 1""",
    """CREATE TABLE IF NOT EXISTS metrics.series (
        id UInt64 CODEC(Delta, ZSTD(1)), labels String CODEC(ZSTD(1))
    ) ENGINE = ReplacingMergeTree ORDER BY id
    SETTINGS fsync_after_insert = 1, fsync_part_directory = 1""",
)


class Chdb:
    """One chDB session: statements in, Native blocks out, one at a time."""

    def __init__(self, folder: Path) -> None:
        # chDB needs half a second and 200 MB to import and must never see a fork: only here.
        from chdb import session

        self._scratch = folder.parent / "scratch"
        self._scratch.mkdir(parents=True, exist_ok=True)
        for leftover in self._scratch.iterdir():
            leftover.unlink()
        self._lock = threading.Lock()
        try:
            make: Any = session.Session  # untyped
            self._session = make(f"{folder}?{CACHES}")
        except RuntimeError as error:
            raise StoreDamagedError(f"cannot open {folder}: {_first_line(error)}") from error

    def run(self, statement: str) -> list[dict[str, native.Column]]:
        """Run one statement. Raises `ChunkStoreError`."""
        with self._lock:
            if self._session is None:
                raise ChunkStoreError("the chunk store is closed")
            try:
                answer = self._session.query(statement, "Native")
            except RuntimeError as error:
                raise ChunkStoreError(_first_line(error)) from error
            return list(native.decode(answer.bytes())) if answer is not None else []

    def insert(self, table: str, columns: list[tuple[str, str, native.Column]], rows: int) -> None:
        """Append rows to a table by way of a scratch file (a statement is text)."""
        path = self._scratch / f"{table}.native"
        try:
            path.write_bytes(native.encode(columns, rows))
            names = ", ".join(name for name, _, _ in columns)
            shape = ", ".join(
                f"{name} {kind.replace(chr(39), chr(92) + chr(39))}" for name, kind, _ in columns
            )
            self.run(
                f"INSERT INTO {table} ({names}) SELECT {names} "  # noqa: S608
                f"FROM file('{path}', 'Native', '{shape}') SETTINGS {SETTINGS}"
            )
        except OSError as error:
            raise ChunkStoreError(f"{path}: {error.strerror}") from error
        finally:
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Wait for the running statement, then close."""
        with self._lock:
            if self._session is not None:
                self._session.close()
                self._session = None


class ChdbChunks:
    """The `ChunkStore` that serves."""

    def __init__(self, chdb: Chdb) -> None:
        self._chdb = chdb

    def put(self, samples: Samples) -> None:
        """See `ChunkStore.put`."""
        if not len(samples):
            return
        hours = samples.t // HOUR_MS
        new = (samples.ids[1:] != samples.ids[:-1]) | (hours[1:] != hours[:-1])
        first = np.flatnonzero(np.concatenate([[True], new]))
        ends = np.append(first[1:], len(samples)).astype(np.uint64)
        self._chdb.insert(
            "metrics.chunks",
            [
                ("id", "UInt64", samples.ids[first]),
                ("b", "DateTime('UTC')", hours[first] * 3600),
                ("t", "Array(Int64)", native.Lists(ends, samples.t)),
                ("v", "Array(Float64)", native.Lists(ends, samples.v)),
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
        metrics = ",".join(map(str, np.unique(ids >> np.uint64(METRIC_SHIFT))))
        named = f" AND id IN ({','.join(map(str, ids))})" if len(ids) <= LISTED_IDS else ""
        blocks = self._chdb.run(
            f"SELECT id, t, v FROM metrics.chunks "  # noqa: S608
            f"WHERE bitShiftRight(id, 32) IN ({metrics})"
            f" AND b >= {start_ms // HOUR_MS * 3600} AND b <= {end_ms // 1000}{named} "
            f"ORDER BY id, b SETTINGS {SETTINGS}"
        )
        parts = [_flatten(block) for block in blocks]
        if not parts:
            return Samples.empty()
        found = Samples(
            np.concatenate([part.ids for part in parts]),
            np.concatenate([part.t for part in parts]),
            np.concatenate([part.v for part in parts]),
        )
        inside = (found.t >= start_ms) & (found.t <= end_ms)
        if not named:
            inside &= np.isin(found.ids, ids)
        if inside.all():
            return found
        return Samples(found.ids[inside], found.t[inside], found.v[inside])

    def drop_before(self, floor_ms: int) -> None:
        """See `ChunkStore.drop_before`."""
        blocks = self._chdb.run(
            "SELECT DISTINCT partition FROM system.parts "
            "WHERE database = 'metrics' AND table = 'chunks' AND active"
        )
        floor_day = np.datetime64(floor_ms, "ms").astype("datetime64[D]")
        for partition in (
            item.decode() for block in blocks for item in cast("list[bytes]", block["partition"])
        ):
            day = np.datetime64(f"{partition[:4]}-{partition[4:6]}-{partition[6:]}")
            if day < floor_day:
                self._chdb.run(f"ALTER TABLE metrics.chunks DROP PARTITION {partition}")
                log.info("retention: dropped the chunks of %s", day)

    def check(self) -> ChunkHealth:
        """See `ChunkStore.check`."""
        try:
            block = self._chdb.run(
                "SELECT sum(rows) AS n, sum(bytes_on_disk) AS size, "
                "toUInt64(toUnixTimestamp(min(min_time))) AS oldest FROM system.parts "
                "WHERE database = 'metrics' AND table = 'chunks' AND active"
            )[0]
        except ChunkStoreError as error:
            return ChunkHealth("chdb", 0, 0, None, str(error))
        rows, size, oldest = (
            int(cast("native.Array", block[name])[0]) for name in ("n", "size", "oldest")
        )
        return ChunkHealth("chdb", rows, size, oldest * 1000 if rows else None)

    def close(self) -> None:
        """See `ChunkStore.close`."""
        self._chdb.close()


def open_chdb(folder: Path) -> Chdb:
    """Open the database below `folder`, made on first use.

    Raises `StoreDamagedError` when it cannot be opened, or when it was made before and its tables
    are gone: an empty store must never pass for a whole one.
    """
    database = folder / "chdb"
    made = folder / "chdb.made"
    if made.exists() and not database.is_dir():
        raise StoreDamagedError(
            f"{database} is missing although it was made before. Restore it from a backup, or "
            f"remove {made} to start with empty history."
        )
    chdb = Chdb(database)
    try:
        if made.exists():
            _demand_tables(chdb, database, made)
        for statement in SCHEMA:
            chdb.run(statement)
    except StoreDamagedError:
        chdb.close()
        raise
    except ChunkStoreError as error:
        chdb.close()
        raise StoreDamagedError(f"{database}: {error}") from error
    fd = os.open(made, os.O_CREAT | os.O_WRONLY, 0o600)
    os.fsync(fd)
    os.close(fd)
    return chdb


def _demand_tables(chdb: Chdb, database: Path, made: Path) -> None:
    blocks = chdb.run("SELECT name FROM system.tables WHERE database = 'metrics'")
    names = {item for block in blocks for item in cast("list[bytes]", block["name"])}
    missing = {b"chunks", b"series"} - names
    if missing:
        lost = ", ".join(sorted(name.decode() for name in missing))
        raise StoreDamagedError(
            f"{database} was made before but has no table {lost}: the folder is damaged. Restore "
            f"it from a backup, or move {database} and {made} away to start with empty history."
        )


def _flatten(block: dict[str, native.Column]) -> Samples:
    times, values = cast("native.Lists", block["t"]), cast("native.Lists", block["v"])
    ends = times.ends.astype(np.int64)
    counts = ends - np.concatenate([[0], ends[:-1]]).astype(np.int64)
    return Samples(np.repeat(cast("Ids", block["id"]), counts), times.values, values.values)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:400]
