"""Which series, label names and values there are in a span of time.

By whole hours as far as chunks are concerned: theirs are asked for, not read.
"""

import threading
from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from watchbill.telemetry.promql.storage import Labels, Matcher
from watchbill.telemetry.store.chunks import HOUR_MS, ChunkStore
from watchbill.telemetry.store.head import NEVER, Head
from watchbill.telemetry.store.index import SeriesIndex, Slots


class Store(Protocol):
    """A sample store as it is seen here."""

    index: SeriesIndex
    head: Head
    chunks: ChunkStore
    lock: threading.RLock

    @property
    def floor_ms(self) -> int:
        """The head holds samples from this time on; older ones are in chunks."""
        ...

    def kept_ms(self) -> tuple[int, int]:
        """From when on samples are kept, and now."""
        ...


class Names:
    """Of one store. Safe for threads."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def series(
        self, selectors: Iterable[Sequence[Matcher]], start_ms: int, end_ms: int = -NEVER
    ) -> list[Labels]:
        """Label sets, sorted, that satisfy one of the selectors and have samples in a time span,
        as far as whole hours tell. Raises `ChunkStoreError`."""
        slots = self._find(selectors, start_ms, end_ms)
        with self._store.lock:
            found = [self._store.index.labels[slot] for slot in slots.tolist()]
        return sorted(labels for labels in found if labels)

    def label_names(
        self, selectors: Iterable[Sequence[Matcher]], start_ms: int, end_ms: int = -NEVER
    ) -> list[str]:
        """Label names of series: of all, or of those that satisfy one of the selectors, with
        samples in a time span as `series` has it. Raises `ChunkStoreError`."""
        slots = self._find(selectors, start_ms, end_ms)
        with self._store.lock:
            return self._store.index.label_names(slots)

    def label_values(
        self, name: str, selectors: Iterable[Sequence[Matcher]], start_ms: int, end_ms: int = -NEVER
    ) -> list[str]:
        """Values of a label, likewise. Raises `ChunkStoreError`."""
        slots = self._find(selectors, start_ms, end_ms)
        with self._store.lock:
            return self._store.index.label_values(name, slots)

    def _find(self, selectors: Iterable[Sequence[Matcher]], start_ms: int, end_ms: int) -> Slots:
        """The series with samples in a time span; not under the lock while chunks are asked."""
        store, chosen = self._store, list(selectors)
        index, head, chunks = store.index, store.head, store.chunks
        oldest, now = store.kept_ms()
        with store.lock:
            slots = (
                np.unique(np.concatenate([index.select(matchers) for matchers in chosen]))
                if chosen
                else index.all()
            )
            if start_ms <= oldest and end_ms // HOUR_MS >= now // HOUR_MS:
                return slots  # what has no samples at all is forgotten
            recent = np.zeros(index.end, np.bool_)
            for pool in head.pools(start_ms, end_ms):
                recent[pool.slots()] = True
            recent = recent[slots] & (head.newest(slots) >= start_ms)
            ids, floor = index.ids()[slots], store.floor_ms
        if start_ms < floor and not recent.all():
            missing = None if not chosen else ids[~recent]
            stored = chunks.ids(start_ms, min(end_ms, floor - 1), missing)
            recent |= np.isin(ids, stored)
        return slots[recent]
