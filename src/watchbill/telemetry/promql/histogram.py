"""A native histogram: all buckets of one moment in one sample.

Source: https://prometheus.io/docs/specs/native_histograms/
"""

import struct
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.int32]
Counts = NDArray[np.float64]
Hint = Literal["unknown", "reset", "not_reset", "gauge"]

CUSTOM_BOUNDS = -53
"""The schema whose buckets end at `bounds`; the exponential schemas are -4 to 8."""

_HINTS: tuple[Hint, ...] = ("unknown", "reset", "not_reset", "gauge")
_HEADER = struct.Struct("<bBddddIII")


def _no_index() -> Index:
    return np.zeros(0, np.int32)


def _no_counts() -> Counts:
    return np.zeros(0)


@dataclass(frozen=True, eq=False)
class Buckets:
    """The buckets of one sign that were told: ascending `index`, and how much fell into each.

    Counts are absolute (no deltas) and not cumulative. In an exponential schema bucket i ends at
    2 ** (i * 2 ** -schema), inclusive; with custom bounds it ends at `bounds[i]`, the last at +Inf.
    """

    index: Index = field(default_factory=_no_index)
    counts: Counts = field(default_factory=_no_counts)

    def __len__(self) -> int:
        """How many."""
        return len(self.index)


@dataclass(frozen=True, eq=False)
class Histogram:
    """One sample of a native histogram. `hint` says whether a counter was reset before it."""

    schema: int
    count: float
    sum: float
    zero_threshold: float = 0.0
    zero_count: float = 0.0
    positive: Buckets = field(default_factory=Buckets)
    negative: Buckets = field(default_factory=Buckets)
    bounds: Counts = field(default_factory=_no_counts)
    hint: Hint = "unknown"

    @property
    def bucket_count(self) -> int:
        """How many buckets were told."""
        return len(self.positive) + len(self.negative)

    def pack(self) -> bytes:
        """As the log and the chunks keep it: a header, then the columns, little endian."""
        header = _HEADER.pack(
            self.schema, _HINTS.index(self.hint),
            self.count, self.sum, self.zero_threshold, self.zero_count,
            len(self.positive), len(self.negative), len(self.bounds),
        )  # fmt: skip
        columns = (
            self.positive.index.astype("<i4", copy=False),
            self.negative.index.astype("<i4", copy=False),
            self.positive.counts.astype("<f8", copy=False),
            self.negative.counts.astype("<f8", copy=False),
            self.bounds.astype("<f8", copy=False),
        )
        return header + b"".join(column.tobytes() for column in columns)

    @staticmethod
    def unpack(data: bytes) -> "Histogram":
        """See `pack`."""
        schema, hint, count, total, threshold, zeros, p, n, b = _HEADER.unpack_from(data)
        at = _HEADER.size
        index = np.frombuffer(data, "<i4", p + n, at)
        numbers = np.frombuffer(data, "<f8", p + n + b, at + 4 * (p + n))
        return Histogram(
            schema, count, total, threshold, zeros,
            Buckets(index[:p], numbers[:p]),
            Buckets(index[p:], numbers[p : p + n]),
            numbers[p + n :],
            _HINTS[hint],
        )  # fmt: skip
