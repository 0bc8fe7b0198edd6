"""The seam to long-term storage: what the store asks of it, and a fake that lives in memory."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from watchbill.telemetry.promql.storage import Histograms, Labels, Times, Values
from watchbill.telemetry.store.index import Ids

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class ChunkStoreError(Exception):
    """Long-term storage did not do what was asked; the message says what it answered."""


class StoreDamagedError(ChunkStoreError):
    """The folder holds less than it should, or cannot be opened. Never start from empty then."""


@dataclass(frozen=True)
class Samples:
    """Samples as parallel columns: series id, time in ms, value; `h` as in `Selection`."""

    ids: Ids
    t: Times
    v: Values
    h: Histograms | None = None

    def __len__(self) -> int:
        """How many samples."""
        return len(self.t)

    def where(self, rows: NDArray[Any]) -> "Samples":
        """Some of them, by mask or by number."""
        h = None if self.h is None else self.h[rows]
        return Samples(self.ids[rows], self.t[rows], self.v[rows], h)

    @staticmethod
    def empty() -> "Samples":
        """No samples."""
        return Samples(np.zeros(0, np.uint64), np.zeros(0, np.int64), np.zeros(0))


def join_histograms(parts: Iterable[tuple[Histograms | None, int]]) -> Histograms | None:
    """The columns `h` of parts of these lengths as one; None when no part has any."""
    parts = list(parts)
    if all(h is None for h, _ in parts):
        return None
    return np.concatenate([np.full(n, None, np.object_) if h is None else h for h, n in parts])


@dataclass(frozen=True)
class ChunkHealth:
    """State of long-term storage, for people."""

    kind: str
    rows: int
    bytes: int
    oldest_ms: int | None
    problem: str | None = None


class ChunkStore(Protocol):
    """Keeps samples by series and hour. Every method may raise `ChunkStoreError`."""

    def put(self, samples: Samples) -> None:
        """Store samples, ordered by id then time; all of them are durable on return."""
        ...

    def put_series(self, series: Iterable[tuple[int, Labels]]) -> None:
        """Store what ids mean; storing a pair again is harmless."""
        ...

    def series(self) -> Iterator[tuple[int, Labels]]:
        """Every id with its labels."""
        ...

    def select(self, ids: Ids, start_ms: int, end_ms: int) -> Samples:
        """Samples of these series, both ends inclusive, ordered by id; times of one id ascend
        within each stored chunk, and samples stored twice come twice."""
        ...

    def drop_before(self, floor_ms: int) -> None:
        """Delete days that lie wholly before `floor_ms`."""
        ...

    def ids(self, start_ms: int, end_ms: int, among: Ids | None = None) -> Ids:
        """The series, of these or of all, that have chunks in an hour that the span touches; by
        id, each once. More than those asked for may come, of the same metrics."""
        ...

    def forget_series(self, ids: Ids) -> None:
        """Delete what these ids mean; they have no chunks."""
        ...

    def days(self) -> dict[int, int]:
        """Bytes by day, which is told by its beginning in ms."""
        ...

    def verify(self) -> bool:
        """Check whether a bit of what was there at the start is still as it was written, and set it
        aside if not; False when all is checked."""
        ...

    def tidy(self) -> bool:
        """Do a bit of what makes later reading cheaper; False when there is nothing to do."""
        ...

    def lost(self) -> list[str]:
        """What was found damaged and set aside, in words."""
        ...

    def check(self) -> ChunkHealth:
        """Look at what is there."""
        ...

    def close(self) -> None:
        """Wait for what is running, then let go."""
        ...


class MemoryChunks:
    """A `ChunkStore` that forgets everything when the process ends."""

    def __init__(self) -> None:
        self._samples = Samples.empty()
        self._series: dict[int, Labels] = {}
        self.failing: str | None = None

    def put(self, samples: Samples) -> None:
        """See `ChunkStore.put`; raises while `failing` is set."""
        if self.failing:
            raise ChunkStoreError(self.failing)
        held = self._samples
        joined = Samples(
            np.concatenate([held.ids, samples.ids]),
            np.concatenate([held.t, samples.t]),
            np.concatenate([held.v, samples.v]),
            join_histograms([(held.h, len(held)), (samples.h, len(samples))]),
        )
        self._samples = joined.where(np.argsort(joined.ids, kind="stable"))

    def put_series(self, series: Iterable[tuple[int, Labels]]) -> None:
        """See `ChunkStore.put_series`."""
        if self.failing:
            raise ChunkStoreError(self.failing)
        self._series.update(series)

    def series(self) -> Iterator[tuple[int, Labels]]:
        """See `ChunkStore.series`."""
        return iter(self._series.items())

    def select(self, ids: Ids, start_ms: int, end_ms: int) -> Samples:
        """See `ChunkStore.select`."""
        held = self._samples
        return held.where(np.isin(held.ids, ids) & (held.t >= start_ms) & (held.t <= end_ms))

    def drop_before(self, floor_ms: int) -> None:
        """See `ChunkStore.drop_before`."""
        self._samples = self._samples.where(self._samples.t >= floor_ms // DAY_MS * DAY_MS)

    def ids(self, start_ms: int, end_ms: int, among: Ids | None = None) -> Ids:
        """See `ChunkStore.ids`."""
        hours = self._samples.t // HOUR_MS
        inside = (hours >= start_ms // HOUR_MS) & (hours <= end_ms // HOUR_MS)
        found = np.unique(self._samples.ids[inside])
        return found if among is None else found[np.isin(found, among)]

    def forget_series(self, ids: Ids) -> None:
        """See `ChunkStore.forget_series`."""
        for one in ids.tolist():
            self._series.pop(one, None)

    def days(self) -> dict[int, int]:
        """See `ChunkStore.days`; a sample takes 24 bytes here."""
        days, counts = np.unique(self._samples.t // DAY_MS, return_counts=True)
        return dict(zip((days * DAY_MS).tolist(), (24 * counts).tolist(), strict=True))

    def verify(self) -> bool:
        """See `ChunkStore.verify`."""
        return False

    def tidy(self) -> bool:
        """See `ChunkStore.tidy`."""
        return False

    def lost(self) -> list[str]:
        """See `ChunkStore.lost`."""
        return []

    def check(self) -> ChunkHealth:
        """See `ChunkStore.check`."""
        held = self._samples
        oldest = int(held.t.min()) if len(held) else None
        return ChunkHealth("memory", len(held), 24 * len(held), oldest, self.failing)

    def close(self) -> None:
        """Nothing to let go of."""
