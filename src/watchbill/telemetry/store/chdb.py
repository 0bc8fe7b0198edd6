"""chDB, the database inside this process: one session, opened with care.

It must not be imported before a fork and one process alone may open a folder, so the import is
inside. Statements run one at a time; `close` waits for the one that is running, because leaving
while a statement runs crashes the process.
"""

import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np

from watchbill.lib import files
from watchbill.telemetry.store import native
from watchbill.telemetry.store.chunks import ChunkStoreError, StoreDamagedError

log = logging.getLogger(__name__)

CACHES = "mark_cache_size=16777216&index_mark_cache_size=4194304&primary_index_cache_size=16777216"
"""chDB's defaults are gigabytes; ours is the small machine."""

SETTINGS = "max_threads=2, max_insert_threads=1, use_uncompressed_cache=0"

DURABLE = "fsync_after_insert = 1, fsync_part_directory = 1"
"""Table settings: what an INSERT returned from is on disk."""


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
        """Append rows to a table."""
        shape = [(name, kind) for name, kind, _ in columns]
        self.insert_blocks(table, shape, [native.encode(columns, rows)])

    def insert_blocks(
        self,
        table: str,
        columns: list[tuple[str, str]],
        blocks: list[bytes],
        settings: str = SETTINGS,
    ) -> None:
        """Append rows of Native blocks, by way of a scratch file (a statement is text).

        `columns` are names and types as the blocks have them.
        """
        path = self._scratch / f"{table}.native"
        try:
            with path.open("wb") as file:
                file.writelines(blocks)
            names = ", ".join(name for name, _ in columns)
            shape = ", ".join(
                f"{name} {kind.replace(chr(39), chr(92) + chr(39))}" for name, kind in columns
            )
            self.run(
                f"INSERT INTO {table} ({names}) SELECT {names} "  # noqa: S608
                f"FROM file('{path}', 'Native', '{shape}') SETTINGS {settings}"
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

    def drop_days(self, table: str, floor_ms: int) -> None:
        """Drop the partitions (named YYYYMMDD) of a table that lie wholly before a time."""
        floor_day = np.datetime64(floor_ms, "ms").astype("datetime64[D]")
        for partition in self._texts(
            f"SELECT DISTINCT partition AS x FROM system.parts WHERE active AND {_named(table)}"  # noqa: S608
        ):
            day = np.datetime64(f"{partition[:4]}-{partition[4:6]}-{partition[6:]}")
            if day < floor_day:
                self.run(f"ALTER TABLE {table} DROP PARTITION {partition}")
                log.info("retention: dropped %s of %s", day, table)

    def size(self, table: str) -> tuple[int, int, int]:
        """Rows, bytes on disk, and parts that were found damaged and set aside."""
        whole = f"FROM system.parts WHERE active AND {_named(table)}"
        rows = self.number(f"SELECT sum(rows) AS x {whole}")
        size = self.number(f"SELECT sum(bytes_on_disk) AS x {whole}")
        set_aside = f"FROM system.detached_parts WHERE {_named(table)}"
        return rows, size, self.number(f"SELECT count() AS x {set_aside}")

    def number(self, statement: str) -> int:
        """The one number, called x, that a statement gives."""
        (block,) = self.run(statement)
        return int(cast("native.Array", block["x"])[0])

    def tables(self) -> set[str]:
        """Names of our tables, with their database."""
        return set(self._texts(
            "SELECT concat(database, '.', name) AS x FROM system.tables "
            "WHERE database NOT IN ('system', 'INFORMATION_SCHEMA', 'information_schema')"
        ))  # fmt: skip

    def _texts(self, statement: str) -> list[str]:
        blocks = self.run(statement)
        return [item.decode() for block in blocks for item in cast("list[bytes]", block["x"])]


def open_chdb(folder: Path, tables: Mapping[str, str]) -> Chdb:
    """Open the database below `folder`; `tables` tells how to make those that are not there yet.

    Raises `StoreDamagedError` when it cannot be opened, or when tables that were made before are
    gone: an empty store must never pass for a whole one.
    """
    database, record = folder / "chdb", folder / "chdb.made"
    made: set[str] = set(msgspec.json.decode(record.read_bytes())) if record.exists() else set()
    advice = f"Restore it from a backup, or move it and {record} away to start with empty history."
    if made and not database.is_dir():
        raise StoreDamagedError(f"{database} is missing although it was made before. {advice}")
    chdb = Chdb(database)
    try:
        lost = made - chdb.tables()
        if lost:
            raise StoreDamagedError(
                f"{database} was made before but has no {', '.join(sorted(lost))}: it is damaged. "
                + advice
            )
        for name, statement in tables.items():
            chdb.run(f"CREATE DATABASE IF NOT EXISTS {name.partition('.')[0]}")
            chdb.run(f"CREATE TABLE IF NOT EXISTS {name} {statement}")
    except StoreDamagedError:
        chdb.close()
        raise
    except ChunkStoreError as error:
        chdb.close()
        raise StoreDamagedError(f"{database}: {error}") from error
    files.replace(record, msgspec.json.encode(sorted(made | set(tables))).decode())
    return chdb


def _named(table: str) -> str:
    database, _, name = table.partition(".")
    return f"database = '{database}' AND table = '{name}'"


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:400]
