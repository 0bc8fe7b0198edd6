"""Lines as columns: what one record of the log holds, and what chDB is given."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import md5
from typing import NamedTuple, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from watchbill.telemetry.logs.logql.line_filter import LineFilter
from watchbill.telemetry.promql.storage import Labels
from watchbill.telemetry.store import native

COLUMNS = [("stream", "UInt64"), ("t", "Int64"), ("line", "String"), ("metadata", "String")]
_NO_METADATA = b"[]"

read_metadata = msgspec.json.Decoder(Labels).decode


NAME_END, PAIR_END = "\x00", "\x01"

SAMPLE_FACTOR, SAMPLE_SHIFT = 0x9E3779B97F4A7C15, 33
"""Which lines are in a sample: those for which `(time * factor mod 2**64 >> shift) % n` is 0."""


def metadata_hash(metadata: Labels) -> int:
    """As `Marks` has it: half of the MD5 of the pairs in one text."""
    if not metadata:
        return 0
    packed = PAIR_END.join(f"{name}{NAME_END}{value}" for name, value in metadata)
    return int.from_bytes(md5(packed.encode(), usedforsecurity=False).digest()[:8], "big")


def kept_metadata(metadata: Labels, names: Sequence[str] | None) -> Labels:
    """Only the metadata that is asked for."""
    return metadata if names is None else tuple(one for one in metadata if one[0] in names)


class Row(NamedTuple):
    """A line as it is stored: stream id, Unix ns, text, structured metadata."""

    stream: int
    t_ns: int
    text: str
    metadata: Labels


class Asked(NamedTuple):
    """Lines that a query wants: of these streams, `start_ns` ≤ time < `end_ns`, past the filters;
    with `one_in`, about one in so many of them, always the same. `metadata` are the names of the
    structured metadata that matters, None when all does."""

    streams: Sequence[int]
    start_ns: int
    end_ns: int
    filters: Sequence[LineFilter] = ()
    one_in: int = 1
    metadata: Sequence[str] | None = None

    def earlier_than(self, t_ns: int) -> "Asked":
        """The same, ended there."""
        return self._replace(end_ns=min(t_ns, self.end_ns))

    def later_than(self, t_ns: int) -> "Asked":
        """The same, begun behind there."""
        return self._replace(start_ns=max(t_ns + 1, self.start_ns))

    def only_at(self, t_ns: int) -> "Asked":
        """The same, of one time."""
        return self._replace(start_ns=t_ns, end_ns=t_ns + 1)


@dataclass(frozen=True)
class Marks:
    """Lines without their text, to be counted: stream, Unix ns, size in bytes, checksum of the
    text, and a hash of the metadata, which is 0 where there is none."""

    stream: NDArray[np.uint64]
    t: NDArray[np.int64]
    size: NDArray[np.int64]
    check: NDArray[np.uint64]
    metadata: NDArray[np.uint64]

    def __len__(self) -> int:
        """How many lines."""
        return len(self.t)

    @staticmethod
    def of(rows: Sequence[Row], names: Sequence[str] | None = None) -> "Marks":
        """The marks of lines that are here; `names` of metadata as in `Asked`."""
        texts = [row.text.encode() for row in rows]
        return Marks(
            np.array([row.stream for row in rows], np.uint64),
            np.array([row.t_ns for row in rows], np.int64),
            np.array([len(text) for text in texts], np.int64),
            np.array([zlib.crc32(text) for text in texts], np.uint64),
            np.array(
                [metadata_hash(kept_metadata(row.metadata, names)) for row in rows], np.uint64
            ),
        )

    @staticmethod
    def joined(parts: Sequence["Marks"]) -> "Marks":
        """All lines of the parts by stream and time, equal ones once: a line is the same when
        stream, time, size and checksum are."""
        whole = Marks(
            np.concatenate([part.stream for part in parts]),
            np.concatenate([part.t for part in parts]),
            np.concatenate([part.size for part in parts]),
            np.concatenate([part.check for part in parts]),
            np.concatenate([part.metadata for part in parts]),
        )
        # Lines come in runs that are in order already, which a stable sort makes use of.
        by_time = np.argsort(whole.t, kind="stable")
        marks = whole.take(by_time[np.argsort(whole.stream[by_time], kind="stable")])
        return marks.take(marks.first_of_equal())

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "Marks":
        """Some lines, by number or by mask."""
        return Marks(
            self.stream[rows], self.t[rows], self.size[rows], self.check[rows], self.metadata[rows]
        )

    def first_of_equal(self) -> NDArray[np.bool_]:
        """Which lines are not the same as one before, for lines by stream and time."""
        first = np.ones(len(self), np.bool_)
        same_time = (self.stream[1:] == self.stream[:-1]) & (self.t[1:] == self.t[:-1])
        repeats = np.flatnonzero(same_time) + 1
        if len(repeats):
            rows = np.union1d(repeats, repeats - 1)  # all that share their time with another
            key = (self.check << np.uint64(32)) ^ self.size.astype(np.uint64)
            order = np.lexsort((rows, key[rows], self.t[rows], self.stream[rows]))
            ranked = rows[order]
            before, after = ranked[:-1], ranked[1:]
            first[after] = (
                (key[before] != key[after])
                | (self.t[before] != self.t[after])
                | (self.stream[before] != self.stream[after])
            )
        return first


@dataclass(frozen=True)
class Block:
    """Lines in the order they came. `payload` is the same as a Native block of `COLUMNS`."""

    streams: NDArray[np.uint64]
    t: NDArray[np.int64]
    texts: list[str]
    metadata: list[Labels]
    payload: bytes

    def __len__(self) -> int:
        """How many lines."""
        return len(self.texts)

    @staticmethod
    def of(streams: list[int], t: list[int], texts: list[str], metadata: list[Labels]) -> "Block":
        """From columns. Raises `OverflowError` when a time does not fit into 64 bits."""
        ids, times = np.array(streams, np.uint64), np.array(t, np.int64)
        packed = [msgspec.json.encode(one) if one else _NO_METADATA for one in metadata]
        data: list[native.Column] = [ids, times, [text.encode() for text in texts], packed]
        named = [(*column, given) for column, given in zip(COLUMNS, data, strict=True)]
        return Block(ids, times, texts, metadata, native.encode(named, len(texts)))

    @staticmethod
    def read(payload: bytes) -> "Block":
        """From the log."""
        (columns,) = native.decode(payload)
        texts = [text.decode() for text in cast("list[bytes]", columns["line"])]
        metadata = [
            () if one == _NO_METADATA else read_metadata(one)
            for one in cast("list[bytes]", columns["metadata"])
        ]
        streams, t = cast("native.Array", columns["stream"]), cast("native.Array", columns["t"])
        return Block(streams, t, texts, metadata, payload)

    def rows(self, asked: Asked) -> Iterator[Row]:
        """The lines that a query wants."""
        inside = (self.t >= asked.start_ns) & (self.t < asked.end_ns)
        inside &= np.isin(self.streams, np.array(asked.streams, np.uint64))
        if asked.one_in > 1:
            mixed = self.t.astype(np.uint64) * np.uint64(SAMPLE_FACTOR) >> np.uint64(SAMPLE_SHIFT)
            inside &= mixed % np.uint64(asked.one_in) == 0
        for index in np.flatnonzero(inside).tolist():
            text = self.texts[index]
            if all(one.keeps(text) for one in asked.filters):
                stream, t = int(self.streams[index]), int(self.t[index])
                yield Row(stream, t, text, self.metadata[index])
