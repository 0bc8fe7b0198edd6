"""What the log's records and the progress file look like on disk."""

import enum
import struct
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np

from watchbill.lib import files
from watchbill.telemetry.promql.histogram import Histogram
from watchbill.telemetry.promql.storage import Labels
from watchbill.telemetry.store.chunks import Samples


class Kind(enum.IntEnum):
    """Kinds of log record."""

    SERIES = 1
    SAMPLES = 2


_COUNT = struct.Struct("<I")
_read_series = msgspec.msgpack.Decoder(list[tuple[int, Labels]]).decode


def pack_series(pairs: list[tuple[int, Labels]]) -> bytes:
    """A record of new series: id and labels."""
    return msgspec.msgpack.encode(pairs)


def unpack_series(payload: bytes) -> list[tuple[int, Labels]]:
    """See `pack_series`."""
    return _read_series(payload)


def pack_samples(samples: Samples) -> bytes:
    """A record of samples, little endian: count, then ids, times and values as columns. Histograms
    follow if there are any: their count, then rows and lengths as columns, then them, packed."""
    parts = [
        _COUNT.pack(len(samples)),
        samples.ids.astype("<u8", copy=False).tobytes(),
        samples.t.astype("<i8", copy=False).tobytes(),
        samples.v.astype("<f8", copy=False).tobytes(),
    ]
    if samples.h is not None:
        rows = np.flatnonzero(samples.h.astype(np.bool_))
        packed = [samples.h[row].pack() for row in rows]
        parts += [
            _COUNT.pack(len(rows)),
            rows.astype("<u4").tobytes(),
            np.array([len(one) for one in packed], "<u4").tobytes(),
            *packed,
        ]
    return b"".join(parts)


def unpack_samples(payload: bytes) -> Samples:
    """See `pack_samples`."""
    (count,) = _COUNT.unpack_from(payload)
    at = _COUNT.size
    ids = np.frombuffer(payload, "<u8", count, at)
    t = np.frombuffer(payload, "<i8", count, at + 8 * count)
    v = np.frombuffer(payload, "<f8", count, at + 16 * count)
    at += 24 * count
    if at == len(payload):
        return Samples(ids, t, v)
    (having,) = _COUNT.unpack_from(payload, at)
    at += _COUNT.size
    rows, lengths = np.frombuffer(payload, "<u4", 2 * having, at).reshape(2, having)
    ends = at + 8 * having + np.cumsum(lengths, dtype=np.int64)
    h = np.full(count, None, np.object_)
    for row, end, length in zip(rows.tolist(), ends.tolist(), lengths.tolist(), strict=True):
        h[row] = Histogram.unpack(payload[end - length : end])
    return Samples(ids, t, v, h)


@dataclass(frozen=True)
class Progress:
    """How far samples have moved into chunks.

    Chunks hold nothing from `floor_ms` on. Log segments up to `segment` have existed. `moved` says
    for an hour: its samples in log segments up to this one are in chunks.
    """

    floor_ms: int = 0
    segment: int = 0
    moved: dict[int, int] = field(default_factory=dict)


def read_progress(path: Path) -> Progress:
    """The progress written last; none when the file does not exist yet."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Progress)
    except FileNotFoundError:
        return Progress()


def write_progress(path: Path, progress: Progress) -> None:
    """Replace the progress file, durably."""
    files.replace(path, msgspec.json.encode(progress).decode())
