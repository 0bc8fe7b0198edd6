"""Reading chunks: per selection one block of clean columns, and those read last kept in memory.

Dashboards ask for the same series again and again, so what was read is kept by the series and hours
it was read for, up to `CACHE_BYTES` in all; the blocks not used for longest go first.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from watchbill.telemetry.promql.storage import Histograms, Times, Values
from watchbill.telemetry.store.chunks import HOUR_MS, ChunkStore
from watchbill.telemetry.store.head import Columns
from watchbill.telemetry.store.index import Ids, Slots

CACHE_BYTES = 128 << 20
"""How much of what was read from chunks is kept decoded. One block has at most half of it."""


@dataclass(frozen=True)
class Block:
    """Samples of some series in whole hours: series i owns `starts[i]` to `starts[i + 1]`, its
    times ascend."""

    starts: NDArray[np.int64]
    t: Times
    v: Values
    h: Histograms | None

    def nbytes(self) -> int:
        """Bytes of memory; histograms are counted as nothing, so blocks with any are not kept."""
        return self.starts.nbytes + self.t.nbytes + self.v.nbytes


class ChunkReader:
    """Reads from a chunk store. Safe for threads."""

    def __init__(self, chunks: ChunkStore, cache_bytes: int = CACHE_BYTES) -> None:
        self._chunks = chunks
        self._limit = cache_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[bytes, int, int], Block] = OrderedDict()
        self._bytes = 0
        self.epoch = 0
        """Changes whenever chunks may have changed."""

    def read(self, ids: Ids, start_ms: int, end_ms: int) -> Block:
        """Samples of these series (ids ascend) in every hour that the span touches.

        Raises `ChunkStoreError`.
        """
        first, last = start_ms // HOUR_MS, end_ms // HOUR_MS
        key = (blake2b(ids.tobytes(), digest_size=16).digest(), first, last)
        with self._lock:
            epoch, block = self.epoch, self._kept.get(key)
            if block is not None:
                self._kept.move_to_end(key)
                return block
        block = self._load(ids, first * HOUR_MS, (last + 1) * HOUR_MS - 1)
        with self._lock:
            if epoch == self.epoch and key not in self._kept:
                self._keep(key, block)
        return block

    def forget(self) -> None:
        """Chunks have changed: keep nothing of what was read."""
        with self._lock:
            self.epoch += 1
            self._kept.clear()
            self._bytes = 0

    def nbytes(self) -> int:
        """Bytes of memory held."""
        return self._bytes

    def _keep(self, key: tuple[bytes, int, int], block: Block) -> None:
        if block.h is not None or block.nbytes() > self._limit // 2:
            return
        self._kept[key] = block
        self._bytes += block.nbytes()
        while self._bytes > self._limit:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= oldest.nbytes()

    def _load(self, ids: Ids, start_ms: int, end_ms: int) -> Block:
        found = self._chunks.select(ids, start_ms, end_ms)
        bounds = np.append(ids, ids[-1:] + np.uint64(1))
        starts = np.searchsorted(found.ids, bounds).astype(np.int64)
        rising = found.t[1:] > found.t[:-1]
        rising[starts[1:-1][(starts[1:-1] > 0) & (starts[1:-1] < len(found))] - 1] = True
        if rising.all():
            return Block(starts, found.t, found.v, found.h)
        rows = np.repeat(np.arange(len(ids)), np.diff(starts))
        clean = Columns(rows, found.t, found.v, found.h).ordered()
        starts = np.searchsorted(clean.slots, np.arange(len(ids) + 1)).astype(np.int64)
        return Block(starts, clean.t, clean.v, clean.h)


def joined(
    slots: Slots, block: Block | None, recent: Columns, start_ms: int, end_ms: int
) -> Columns:
    """What chunks and head hold of a span, ordered; what both hold counts once."""
    if block is None:
        return recent
    rows = np.repeat(slots, np.diff(block.starts))
    old = Columns(rows, block.t, block.v, block.h)
    inside = (old.t >= start_ms) & (old.t <= end_ms)
    return Columns.join([old.where(inside), recent]).ordered()
