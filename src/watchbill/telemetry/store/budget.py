"""One limit on disk for everything telemetry keeps: metrics and logs, days and write-ahead logs."""

import logging
from collections import Counter
from typing import Protocol

import numpy as np

from watchbill.telemetry.store.chunks import DAY_MS
from watchbill.telemetry.store.wal import Wal

log = logging.getLogger(__name__)


class Sized(Protocol):
    """A store as the budget sees it. Both methods may raise `ChunkStoreError`."""

    wal: Wal

    def days(self) -> dict[int, int]:
        """Bytes on disk by day, which is told by its beginning in ms."""
        ...

    def drop_before(self, floor_ms: int) -> None:
        """Delete days that lie wholly before `floor_ms`."""
        ...


class Budget:
    """Keeps stores within a size together; a `keeper.Kept`."""

    def __init__(self, size: int | None, *stores: Sized) -> None:
        """`size` in bytes; None is no limit."""
        self._size, self._stores = size, stores

    def upkeep(self) -> None:
        """Nothing that could not wait for `expire`."""

    def expire(self) -> None:
        """Delete the oldest days of all stores until the rest fits; the newest day stays.

        Raises `ChunkStoreError`.
        """
        if self._size is None:
            return
        days: Counter[int] = Counter()
        for store in self._stores:
            days.update(store.days())
        total = days.total() + sum(store.wal.nbytes() for store in self._stores)
        floor = None
        for day in sorted(days)[:-1]:
            if total <= self._size:
                break
            total -= days[day]
            floor = day + DAY_MS
        if floor is not None:
            kept_from = np.datetime64(floor, "ms").astype("datetime64[D]")
            log.info("size limit of %d bytes: keeping from %s on", self._size, kept_from)
            for store in self._stores:
                store.drop_before(floor)
