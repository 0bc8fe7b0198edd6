"""What the log's records and the progress file look like on disk."""

import enum
import struct
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from watchbill.lib import files
from watchbill.telemetry.promql.storage import Labels
from watchbill.telemetry.store.chunks import Samples


class Kind(enum.IntEnum):
    """Kinds of log record."""

    SERIES = 1
    HEAD = 2
    LATE = 3


_COUNT = struct.Struct("<I")
_read_series = msgspec.msgpack.Decoder(list[tuple[int, Labels]]).decode


def pack_series(pairs: list[tuple[int, Labels]]) -> bytes:
    """A record of new series: id and labels."""
    return msgspec.msgpack.encode(pairs)


def unpack_series(payload: bytes) -> list[tuple[int, Labels]]:
    """See `pack_series`."""
    return _read_series(payload)


def pack_samples(samples: Samples) -> bytes:
    """A record of samples: count, then ids, times and values as little-endian columns."""
    return b"".join(
        (
            _COUNT.pack(len(samples)),
            samples.ids.astype("<u8", copy=False).tobytes(),
            samples.t.astype("<i8", copy=False).tobytes(),
            samples.v.astype("<f8", copy=False).tobytes(),
        )
    )


def unpack_samples(payload: bytes) -> Samples:
    """See `pack_samples`."""
    (count,) = _COUNT.unpack_from(payload)
    at = _COUNT.size
    return Samples(
        np.frombuffer(payload, "<u8", count, at),
        np.frombuffer(payload, "<i8", count, at + 8 * count),
        np.frombuffer(payload, "<f8", count, at + 16 * count),
    )


@dataclass(frozen=True)
class Progress:
    """How far samples have moved into chunks: everything before `floor_ms`, and late samples of
    log segments up to `late_through`."""

    floor_ms: int = 0
    late_through: int = 0


def read_progress(path: Path) -> Progress:
    """The progress written last; none when the file does not exist yet."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Progress)
    except FileNotFoundError:
        return Progress()


def write_progress(path: Path, progress: Progress) -> None:
    """Replace the progress file, durably."""
    files.replace(path, msgspec.json.encode(progress).decode())
