"""chDB, the database inside this process: one session, opened with care.

It must not be imported before a fork and one process alone may open a folder, so the import is
inside. Statements run one at a time; `close` waits for the one that is running, because leaving
while a statement runs crashes the process.
"""

import contextlib
import logging
import re
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


# Read after the end, not all data, checksum, no such file, incorrect, corrupted, not to decompress.
_DAMAGE = re.compile(r"Code: (32|33|40|107|117|246|271)\b")


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
                # What it had put out before it failed would come with the next answer.
                with contextlib.suppress(RuntimeError):
                    self._session.query("SELECT 0", "Native")
                raise ChunkStoreError(_first_line(error)) from error
            data = b"" if answer is None else answer.bytes()
            del answer  # it is as large, and the caller has to decode yet
            return list(native.decode(data))

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

    def delete(self, table: str, column: str, numbers: native.Array) -> None:
        """Delete the rows whose column, of unsigned numbers, has one of these."""
        path = self._scratch / f"{table}.gone"
        try:
            path.write_bytes(native.encode([(column, "UInt64", numbers)], len(numbers)))
            self.run(
                f"ALTER TABLE {table} DELETE WHERE {column} IN "  # noqa: S608
                f"(SELECT {column} FROM file('{path}', 'Native', '{column} UInt64')) "
                "SETTINGS mutations_sync = 1"
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
            day = _day(partition)
            if day < floor_day:
                self.run(f"ALTER TABLE {table} DROP PARTITION {partition}")
                log.info("dropped %s of %s", day, table)

    def days(self, table: str) -> dict[int, int]:
        """Bytes on disk by partition (named YYYYMMDD), which is told by its beginning in ms."""
        blocks = self.run(
            "SELECT partition AS p, sum(bytes_on_disk) AS x FROM system.parts "  # noqa: S608
            f"WHERE active AND {_named(table)} GROUP BY p ORDER BY p"
        )
        return {
            int(_day(partition.decode()).astype("datetime64[ms]").astype(np.int64)): int(held)
            for block in blocks
            for partition, held in zip(
                cast("list[bytes]", block["p"]), cast("native.Array", block["x"]), strict=True
            )
        }

    def size(self, table: str) -> tuple[int, int]:
        """Rows, and bytes on disk."""
        whole = f"FROM system.parts WHERE active AND {_named(table)}"
        rows = self.number(f"SELECT sum(rows) AS x {whole}")
        return rows, self.number(f"SELECT sum(bytes_on_disk) AS x {whole}")

    def merge_closed(self, table: str, rest_seconds: int = 3600) -> bool:
        """Make one part of the oldest day before today that has several and was left alone for so
        long; False when there is none. Queries read fewer and better compressed parts then."""
        found = self._texts(
            "SELECT partition AS x FROM system.parts "  # noqa: S608
            f"WHERE active AND {_named(table)} GROUP BY x HAVING count() > 1 "
            f"AND max(modification_time) <= now() - {rest_seconds} "
            "AND max(max_time) < toStartOfDay(now()) ORDER BY x LIMIT 1"
        )
        for partition in found:
            self.run(f"OPTIMIZE TABLE {table} PARTITION {partition} FINAL")
            log.info("merged day %s of %s", partition, table)
        return bool(found)

    def parts(self, table: str) -> list[str]:
        """Names of the parts that are in use, older days first."""
        return self._texts(
            f"SELECT name AS x FROM system.parts WHERE active AND {_named(table)} ORDER BY x"  # noqa: S608
        )

    def is_whole(self, table: str, part: str) -> bool:
        """Whether a part still agrees with its sums; true for one that is no more."""
        try:
            return not self._damaged(f"{table} PART '{part}'")
        except ChunkStoreError:
            if part in self.parts(table):
                raise
            return True  # it was merged in between

    def set_damaged_aside(self, table: str) -> list[str]:
        """Check every part against its sums and detach those that are damaged; their names."""
        damaged = self._damaged(table)
        for part in damaged:
            self.set_part_aside(table, part)
        return damaged

    def set_part_aside(self, table: str, part: str) -> None:
        """Detach a part that is damaged."""
        self.run(f"ALTER TABLE {table} DETACH PART '{part}'")
        log.error("%s: part %s is damaged and was set aside", table, part)

    def _damaged(self, what: str) -> list[str]:
        blocks = self.run(f"CHECK TABLE {what} SETTINGS check_query_single_value_result = 0")
        return [
            part.decode()
            for block in blocks
            for part, good in zip(
                cast("list[bytes]", block["part_path"]),
                cast("native.Array", block["is_passed"]),
                strict=True,
            )
            if not good
        ]

    def set_aside(self, table: str) -> list[str]:
        """Names of parts that were found damaged, now or at a start, and set aside."""
        return self._texts(
            f"SELECT name AS x FROM system.detached_parts WHERE {_named(table)} "  # noqa: S608
            "AND (reason = '' OR startsWith(reason, 'broken')) ORDER BY x"
        )

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

    def columns(self, table: str) -> list[str]:
        """Names and types of the columns of a table."""
        return self._texts(
            f"SELECT concat(name, ' ', type) AS x FROM system.columns "  # noqa: S608
            f"WHERE {_named(table)} ORDER BY position"
        )

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


def is_damage(error: Exception) -> bool:
    """Whether chDB's message says that what it read is not what was written."""
    return _DAMAGE.match(str(error)) is not None


def _day(partition: str) -> np.datetime64:
    return np.datetime64(f"{partition[:4]}-{partition[4:6]}-{partition[6:]}")


def _named(table: str) -> str:
    database, _, name = table.partition(".")
    return f"database = '{database}' AND table = '{name}'"


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:400]
