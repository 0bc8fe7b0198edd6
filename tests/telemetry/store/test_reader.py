"""Reads of chunks: clean, kept, and forgotten when chunks change."""

import numpy as np

from watchbill.telemetry.store.chunks import HOUR_MS, MemoryChunks, Samples
from watchbill.telemetry.store.index import Ids
from watchbill.telemetry.store.reader import ChunkReader

IDS = np.array([3, 5, 9], np.uint64)


class Counting(MemoryChunks):
    reads = 0

    def select(self, ids: Ids, start_ms: int, end_ms: int) -> Samples:
        self.reads += 1
        return super().select(ids, start_ms, end_ms)


def filled(samples_each: int = 4) -> Counting:
    chunks = Counting()
    ids = np.repeat(IDS, samples_each)
    t = np.tile(HOUR_MS + 1_000 * np.arange(samples_each), len(IDS))
    chunks.put(Samples(ids, t, t.astype(np.float64)))
    return chunks


def test_a_block_is_by_series_and_holds_whole_hours() -> None:
    block = ChunkReader(filled()).read(IDS, HOUR_MS + 2_000, HOUR_MS + 2_500)
    assert block.starts.tolist() == [0, 4, 8, 12]
    assert block.t[:4].tolist() == [HOUR_MS + 1_000 * at for at in range(4)]


def test_what_was_stored_twice_or_out_of_order_comes_once_in_order() -> None:
    chunks = filled()
    again = np.array([HOUR_MS + 500, HOUR_MS + 1_000])
    chunks.put(Samples(np.array([5, 5], np.uint64), again, np.array([7.0, 8.0])))
    block = ChunkReader(chunks).read(IDS, HOUR_MS, HOUR_MS)
    own = slice(block.starts[1], block.starts[2])
    assert (block.t[own] - HOUR_MS).tolist() == [0, 500, 1_000, 2_000, 3_000]
    assert block.v[own][1:3].tolist() == [7.0, HOUR_MS + 1_000.0], "the one stored first counts"


def test_the_same_read_is_answered_from_memory_until_chunks_change() -> None:
    chunks = filled()
    reader = ChunkReader(chunks)
    first = reader.read(IDS, HOUR_MS, HOUR_MS + 10)
    assert reader.read(IDS, HOUR_MS + 5, HOUR_MS + 99) is first, "the same hours"
    assert chunks.reads == 1
    reader.read(IDS[:2], HOUR_MS, HOUR_MS + 10)
    reader.forget()
    reader.read(IDS, HOUR_MS, HOUR_MS + 10)
    assert chunks.reads == 3


def test_memory_is_bounded_and_the_oldest_goes_first() -> None:
    chunks = filled()
    one = ChunkReader(chunks).read(IDS, HOUR_MS, HOUR_MS).nbytes()
    reader = ChunkReader(chunks, cache_bytes=3 * one)
    for hours in (1, 2, 3, 1, 4):  # the fourth pushes out the second, which was not used since
        reader.read(IDS, HOUR_MS, hours * HOUR_MS)
    assert reader.nbytes() <= 3 * one
    read = chunks.reads
    reader.read(IDS, HOUR_MS, 1 * HOUR_MS)
    assert chunks.reads == read
    reader.read(IDS, HOUR_MS, 2 * HOUR_MS)
    assert chunks.reads == read + 1
    assert ChunkReader(chunks, cache_bytes=one).nbytes() == 0


def test_a_block_that_is_too_large_is_not_kept() -> None:
    chunks = filled(1_000)
    reader = ChunkReader(chunks, cache_bytes=10_000)
    reader.read(IDS, HOUR_MS, HOUR_MS)
    assert reader.nbytes() == 0
