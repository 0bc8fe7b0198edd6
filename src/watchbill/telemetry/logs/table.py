"""Where log lines are kept for long: the seam, the table in chDB, and a fake in memory."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Protocol, cast

import msgspec
import numpy as np

from watchbill.telemetry.logs.block import (
    COLUMNS,
    NAME_END,
    PAIR_END,
    SAMPLE_FACTOR,
    SAMPLE_SHIFT,
    Asked,
    Block,
    Marks,
    Row,
    kept_metadata,
    read_metadata,
)
from watchbill.telemetry.logs.pushdown import condition, quoted
from watchbill.telemetry.promql.storage import Labels
from watchbill.telemetry.store import native
from watchbill.telemetry.store.chdb import DURABLE, SETTINGS, Chdb
from watchbill.telemetry.store.chunks import DAY_MS, ChunkStoreError

TABLES = {
    "logs.lines": f"""(
        stream UInt64 CODEC(Delta, ZSTD(1)),
        t Int64 CODEC(DoubleDelta, ZSTD(1)),
        line String CODEC(ZSTD(1)),
        metadata String CODEC(ZSTD(1))
    ) ENGINE = MergeTree PARTITION BY toYYYYMMDD(fromUnixTimestamp64Nano(t, 'UTC'))
    ORDER BY (intDiv(t, 3600000000000), stream, t) SETTINGS {DURABLE}""",
    "logs.streams": f"""(stream UInt64, labels String CODEC(ZSTD(1)))
    ENGINE = ReplacingMergeTree ORDER BY stream SETTINGS {DURABLE}""",
}
_INDEXED = """ALTER TABLE logs.lines
    ADD COLUMN IF NOT EXISTS plain Bool MATERIALIZED length(line) = lengthUTF8(line),
    ADD COLUMN IF NOT EXISTS size UInt32 MATERIALIZED length(line) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS sum UInt32 MATERIALIZED CRC32(line),
    ADD INDEX IF NOT EXISTS words line TYPE text(tokenizer = splitByNonAlpha),
    ADD INDEX IF NOT EXISTS plain_lines plain TYPE minmax,
    MODIFY SETTING non_replicated_deduplication_window = 1000"""
"""Apart from `TABLES`, so that tables made before the index have it for what comes in now."""

_ONCE = "insert_deduplicate = 1, deduplicate_insert_select = 'force_enable'"
_SEARCH = f"{SETTINGS}, use_skip_indexes_for_disjunctions = 1, use_query_condition_cache = 0"


MAX_RESULT_BYTES = 256 << 20
"""What one `select` may find, so that long lines do not fill the memory."""


class TooLargeError(ChunkStoreError):
    """A `select` finds more than `MAX_RESULT_BYTES`: ask for fewer lines."""


class LineTable(Protocol):
    """Keeps lines by stream and time. Every method may raise `ChunkStoreError`."""

    def put(self, blocks: Sequence[Block]) -> None:
        """Store lines; all of them are durable on return. The same blocks again change nothing."""
        ...

    def put_streams(self, streams: Iterable[tuple[int, Labels]]) -> None:
        """Store what stream ids mean; storing a pair again is harmless."""
        ...

    def streams(self) -> Iterator[tuple[int, Labels]]:
        """Every stream id with its labels."""
        ...

    def select(self, asked: Asked, limit: int, *, newest_first: bool) -> list[Row]:
        """The first `limit` lines by time, and those of the same time as the last of them.

        May raise `TooLargeError`.
        """
        ...

    def marks(self, asked: Asked, most: int) -> Marks:
        """All lines without their text; only the first `most` + 1 when there are more."""
        ...

    def metadata(self, asked: Asked, most: int) -> set[Labels]:
        """Up to `most` different structured metadata of the lines."""
        ...

    def present(self, asked: Asked) -> set[int]:
        """The streams that have lines."""
        ...

    def totals(self, asked: Asked) -> dict[int, tuple[int, int]]:
        """By stream, how many lines and bytes of text; streams without lines left out."""
        ...

    def days(self) -> dict[int, int]:
        """Bytes by day, which is told by its beginning in ms."""
        ...

    def drop_before(self, floor_ms: int) -> None:
        """Delete days that lie wholly before a time."""
        ...


class MemoryLines:
    """A `LineTable` that forgets everything when the process ends."""

    def __init__(self) -> None:
        self.blocks: dict[bytes, Block] = {}
        self._streams: dict[int, Labels] = {}

    def put(self, blocks: Sequence[Block]) -> None:
        """See `LineTable.put`."""
        self.blocks |= {block.payload: block for block in blocks}

    def put_streams(self, streams: Iterable[tuple[int, Labels]]) -> None:
        """See `LineTable.put_streams`."""
        self._streams.update(streams)

    def streams(self) -> Iterator[tuple[int, Labels]]:
        """See `LineTable.streams`."""
        return iter(self._streams.items())

    def _rows(self, asked: Asked) -> list[Row]:
        return [row for block in self.blocks.values() for row in block.rows(asked)]

    def select(self, asked: Asked, limit: int, *, newest_first: bool) -> list[Row]:
        """See `LineTable.select`."""
        found = sorted(self._rows(asked), key=lambda row: row.t_ns, reverse=newest_first)
        last = found[limit - 1].t_ns if len(found) > limit else None
        return found[:limit] + [row for row in found[limit:] if row.t_ns == last]

    def marks(self, asked: Asked, most: int) -> Marks:
        """See `LineTable.marks`."""
        return Marks.of(self._rows(asked)[: most + 1], asked.metadata)

    def metadata(self, asked: Asked, most: int) -> set[Labels]:
        """See `LineTable.metadata`."""
        found = {kept_metadata(row.metadata, asked.metadata) for row in self._rows(asked)}
        return set(sorted(found - {()})[:most])

    def present(self, asked: Asked) -> set[int]:
        """See `LineTable.present`."""
        return {row.stream for row in self._rows(asked)}

    def totals(self, asked: Asked) -> dict[int, tuple[int, int]]:
        """See `LineTable.totals`."""
        out: dict[int, tuple[int, int]] = {}
        for row in self._rows(asked):
            lines, size = out.get(row.stream, (0, 0))
            out[row.stream] = lines + 1, size + len(row.text.encode())
        return out

    def days(self) -> dict[int, int]:
        """See `LineTable.days`; here by blocks."""
        days: Counter[int] = Counter()
        for block in self.blocks.values():
            days[int(block.t.max()) // (DAY_MS * 1_000_000) * DAY_MS] += len(block.payload)
        return dict(days)

    def drop_before(self, floor_ms: int) -> None:
        """See `LineTable.drop_before`; here by blocks."""
        floor = floor_ms * 1_000_000
        self.blocks = {key: one for key, one in self.blocks.items() if one.t.max() >= floor}


class ChdbLines:
    """The `LineTable` that serves."""

    def __init__(self, chdb: Chdb) -> None:
        self._chdb = chdb
        chdb.run(_INDEXED)

    def put(self, blocks: Sequence[Block]) -> None:
        """See `LineTable.put`."""
        if not blocks:
            return
        payloads = [block.payload for block in blocks]
        digest = sha256()
        for payload in payloads:
            digest.update(payload)
        self._chdb.insert_blocks(
            "logs.lines",
            COLUMNS,
            payloads,
            f"{SETTINGS}, {_ONCE}, insert_deduplication_token = '{digest.hexdigest()}', "
            "max_partitions_per_insert_block = 0",
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
        for block in self._chdb.run("SELECT stream, labels FROM logs.streams ORDER BY stream"):
            ids = cast("native.Array", block["stream"])
            for one, labels in zip(ids, cast("list[bytes]", block["labels"]), strict=True):
                yield int(one), read_metadata(labels)

    def select(self, asked: Asked, limit: int, *, newest_first: bool) -> list[Row]:
        """See `LineTable.select`."""
        if not asked.streams:
            return []
        order = f"ORDER BY t {'DESC' if newest_first else 'ASC'} LIMIT {limit}"
        rows = self._rows(asked, order)
        if len(rows) < limit:
            return rows
        last = rows[-1].t_ns  # LIMIT … WITH TIES would read the text of all lines
        same = self._rows(asked.only_at(last), "")
        return [row for row in rows if row.t_ns != last] + same

    def _rows(self, asked: Asked, order: str) -> list[Row]:
        try:
            blocks = self._chdb.run(
                "SELECT stream, t, line, metadata FROM logs.lines "  # noqa: S608
                f"WHERE {_where(asked)} {order} "
                f"SETTINGS {_SEARCH}, max_result_bytes = {MAX_RESULT_BYTES}"
            )
        except ChunkStoreError as error:
            if str(error).startswith("Code: 396."):
                raise TooLargeError(str(error)) from error
            raise
        return [
            Row(stream, t, line.decode("utf-8", "replace"), read_metadata(metadata))
            for block in blocks
            for stream, t, line, metadata in zip(
                cast("native.Array", block["stream"]).tolist(),
                cast("native.Array", block["t"]).tolist(),
                cast("list[bytes]", block["line"]),
                cast("list[bytes]", block["metadata"]),
                strict=True,
            )
        ]

    def marks(self, asked: Asked, most: int) -> Marks:
        """See `LineTable.marks`."""
        if not asked.streams:
            return Marks.of(())
        blocks = self._chdb.run(
            f"SELECT stream, t, size, sum, {_metadata_hash(asked.metadata)} AS meta "  # noqa: S608
            f"FROM logs.lines WHERE {_where(asked)} LIMIT {most + 1} SETTINGS {_SEARCH}"
        )
        if not blocks:
            return Marks.of(())
        stream, t, size, check, metadata = (
            np.concatenate([cast("native.Array", block[name]) for block in blocks])
            for name in ("stream", "t", "size", "sum", "meta")
        )
        return Marks(stream, t, size.astype(np.int64), check.astype(np.uint64), metadata)

    def metadata(self, asked: Asked, most: int) -> set[Labels]:
        """See `LineTable.metadata`."""
        if not asked.streams:
            return set()
        if asked.metadata is not None and not asked.metadata:
            return set()
        blocks = self._chdb.run(
            f"SELECT DISTINCT {_pairs(asked.metadata)} AS pairs FROM logs.lines "  # noqa: S608
            f"WHERE {_where(asked)} AND metadata != '[]' AND pairs != '' LIMIT {most} "
            f"SETTINGS {_SEARCH}"
        )
        texts = (one.decode() for block in blocks for one in cast("list[bytes]", block["pairs"]))
        return {
            tuple((name, value) for name, _, value in map(_split_pair, text.split(PAIR_END)))
            for text in texts
        }

    def present(self, asked: Asked) -> set[int]:
        """See `LineTable.present`."""
        if not asked.streams:
            return set()
        blocks = self._chdb.run(
            f"SELECT DISTINCT stream FROM logs.lines WHERE {_where(asked)} SETTINGS {_SEARCH}"  # noqa: S608
        )
        return {one for block in blocks for one in cast("native.Array", block["stream"]).tolist()}

    def totals(self, asked: Asked) -> dict[int, tuple[int, int]]:
        """See `LineTable.totals`."""
        if not asked.streams:
            return {}
        blocks = self._chdb.run(
            "SELECT stream, count() AS lines, toUInt64(sum(size)) AS bytes "  # noqa: S608
            f"FROM logs.lines WHERE {_where(asked)} GROUP BY stream SETTINGS {_SEARCH}"
        )
        return {
            stream: (lines, size)
            for block in blocks
            for stream, lines, size in zip(
                *(
                    cast("native.Array", block[name]).tolist()
                    for name in ("stream", "lines", "bytes")
                ),
                strict=True,
            )
        }

    def days(self) -> dict[int, int]:
        """See `LineTable.days`."""
        return self._chdb.days("logs.lines")

    def drop_before(self, floor_ms: int) -> None:
        """See `LineTable.drop_before`."""
        self._chdb.drop_days("logs.lines", floor_ms)


def _where(asked: Asked) -> str:
    return " AND ".join([
        f"stream IN ({','.join(map(str, asked.streams))})",
        f"t >= {asked.start_ns} AND t < {asked.end_ns}",
        *([_sample(asked.one_in)] if asked.one_in > 1 else []),
        *map(condition, asked.filters),
    ])  # fmt: skip


def _sample(one_in: int) -> str:
    return f"bitShiftRight(toUInt64(t) * {SAMPLE_FACTOR}, {SAMPLE_SHIFT}) % {one_in} = 0"


def _pairs(names: Sequence[str] | None) -> str:
    """SQL: the structured metadata of these names in one text, as `metadata_hash` has it."""
    pairs = "JSONExtract(metadata, 'Array(Array(String))')"
    if names is not None:
        pairs = f"arrayFilter(pair -> pair[1] IN ({', '.join(map(quoted, names))}), {pairs})"
    joined = f"arrayMap(pair -> concat(pair[1], {quoted(NAME_END)}, pair[2]), {pairs})"
    return f"arrayStringConcat({joined}, {quoted(PAIR_END)})"


def _metadata_hash(names: Sequence[str] | None) -> str:
    if names is not None and not names:
        return "toUInt64(0)"
    pairs = _pairs(names)
    return f"toUInt64(if(metadata = '[]', 0, if({pairs} = '', 0, halfMD5({pairs}))))"


def _split_pair(text: str) -> tuple[str, str, str]:
    return text.partition(NAME_END)
