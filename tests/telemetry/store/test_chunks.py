"""What every chunk store must do; the fake and the real one alike."""

import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from watchbill.telemetry.promql.histogram import CUSTOM_BOUNDS, Buckets, Histogram
from watchbill.telemetry.promql.storage import STALE_BITS
from watchbill.telemetry.store import chdb_chunks
from watchbill.telemetry.store.chdb import open_chdb
from watchbill.telemetry.store.chdb_chunks import CHUNKS, TABLES, ChdbChunks
from watchbill.telemetry.store.chunks import (
    DAY_MS,
    ChunkStore,
    MemoryChunks,
    Samples,
    StoreDamagedError,
)

pytestmark = pytest.mark.usefixtures("both_ways")

T0 = 1_700_000_000_000


@pytest.fixture(params=["memory", pytest.param("chdb", marks=pytest.mark.server)])
def chunks(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ChunkStore]:
    store: ChunkStore = (
        MemoryChunks() if request.param == "memory" else ChdbChunks(open_chdb(tmp_path, TABLES))
    )
    yield store
    store.close()


def some(ids: list[int], per_series: int, step_ms: int = 60_000) -> Samples:
    t = T0 + np.arange(per_series, dtype=np.int64) * step_ms
    return Samples(
        np.repeat(np.array(ids, np.uint64), per_series),
        np.tile(t, len(ids)),
        np.arange(len(ids) * per_series) / 8,
    )


def test_gives_back_what_was_put(chunks: ChunkStore) -> None:
    given = some([1, 2, 1 << 32, 5 << 32 | 3], 200)
    chunks.put(given)
    found = chunks.select(np.array([2, 5 << 32 | 3], np.uint64), T0 + 60_000, T0 + 150 * 60_000)
    wanted = np.isin(given.ids, [2, 5 << 32 | 3]) & (given.t > T0) & (given.t <= T0 + 150 * 60_000)
    assert np.array_equal(found.ids, given.ids[wanted])
    assert np.array_equal(found.t, given.t[wanted])
    assert np.array_equal(found.v.view(np.uint64), given.v[wanted].view(np.uint64))
    assert len(chunks.select(np.array([77], np.uint64), 0, 2 * T0)) == 0


def test_every_bit_pattern_comes_back(chunks: ChunkStore) -> None:
    stale, other_nan = (np.uint64(bits).view("f8") for bits in (STALE_BITS, 0x7FF8000000000123))
    rows = [
        [1.0, 2.0, stale, 3.0],
        [0.1, 0.25, 100.0, 12345.678],
        [0.0, -0.0, 1.0, 2.0],
        [1e300, 2.0, np.inf, -np.inf],
        [1.0, 2.0, np.nan, other_nan],
        [2.0**53, -(2.0**63), 1.0, 5e-324],
        [1 / 3, stale, 2 / 3, 1.0],
    ]
    given = Samples(
        np.repeat(np.arange(len(rows), dtype=np.uint64), 4),
        np.tile(T0 + np.arange(4), len(rows)),
        np.array(rows).ravel(),
    )
    chunks.put(given)
    found = chunks.select(np.unique(given.ids), 0, 2 * T0)
    assert found.v.view(np.uint64).tolist() == given.v.view(np.uint64).tolist()
    assert found.t.tolist() == given.t.tolist()


def test_histograms_stand_beside_numbers(chunks: ChunkStore) -> None:
    one = Histogram(3, 4.0, 2.0, positive=Buckets(np.array([1], np.int32), np.array([4.0])))
    two = Histogram(CUSTOM_BOUNDS, 4.0, 2.0, bounds=np.array([0.5, 1.0]), hint="reset")
    h = np.array([None, None, one, None, two, None], np.object_)
    ids = np.array([1, 1, 2, 2, 2, 3], np.uint64)
    chunks.put(Samples(ids, T0 + np.arange(6), np.arange(6.0), h))
    chunks.put(some([4], 2))
    found = chunks.select(np.array([1, 2, 3, 4], np.uint64), 0, 2 * T0)
    assert found.h is not None
    assert [None if x is None else x.pack() for x in found.h[:6]] == [
        None if x is None else x.pack() for x in h
    ]
    assert found.v[[0, 1, 3, 5]].tolist() == [0.0, 1.0, 3.0, 5.0]
    numbers = chunks.select(np.array([1, 3, 4], np.uint64), 0, 2 * T0)
    assert numbers.h is None or not numbers.h.any()


def test_tells_its_size_by_day_and_drops_days(chunks: ChunkStore) -> None:
    assert chunks.days() == {}
    for day in range(4):
        rows = some([1], 100)
        chunks.put(Samples(rows.ids, rows.t + day * DAY_MS, np.random.default_rng(day).random(100)))
    first = T0 // DAY_MS * DAY_MS
    days = chunks.days()
    assert list(days) == [first + day * DAY_MS for day in range(4)]
    assert sum(days.values()) == chunks.check().bytes
    chunks.drop_before(first + 2 * DAY_MS)
    left = chunks.select(np.array([1], np.uint64), 0, 2 * T0)
    assert len(left) == 200
    assert left.t[0] == T0 + 2 * DAY_MS


def test_many_series_can_be_asked_for_at_once(chunks: ChunkStore) -> None:
    ids = list(range(3000))
    chunks.put(some(ids, 2))
    assert len(chunks.select(np.array(ids[::2] * 1, np.uint64), 0, 2 * T0)) == 3000
    assert len(chunks.select(np.array(ids[:2500], np.uint64), 0, 2 * T0)) == 5000


def test_a_large_selection_is_read_in_parts(
    chunks: ChunkStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chdb_chunks, "ROWS_AT_ONCE", 6)
    put = some([1, 2, 3], per_series=500)  # more than eight hours
    chunks.put(put)
    found = chunks.select(np.array([1, 2, 3], np.uint64), T0, int(put.t.max()))
    assert found.ids.tolist() == put.ids.tolist()
    assert found.t.tolist() == put.t.tolist()
    assert found.v.tolist() == put.v.tolist()


def test_however_long_a_time_is_asked_for_the_parts_are_few() -> None:
    parts = list(chdb_chunks._parts(0, 480_003, 2_400))
    assert len(parts) == chdb_chunks.MOST_PARTS
    assert (parts[0].start, parts[-1].stop) == (0, 480_003)
    assert all(one.stop == other.start for one, other in pairwise(parts))
    assert list(chdb_chunks._parts(7, 10, 100_000)) == [range(7, 8), range(8, 9), range(9, 10)]


def test_keeps_series(chunks: ChunkStore) -> None:
    pairs = [(1, (("__name__", "a"),)), (2 << 32, (("__name__", 'ü"\n'), ("x", "y")))]
    chunks.put_series(pairs)
    chunks.put_series(pairs[:1])
    assert dict(chunks.series()) == dict(pairs)


def test_drops_whole_days(chunks: ChunkStore) -> None:
    chunks.put(some([1], 4, step_ms=86_400_000))
    chunks.drop_before(T0 + 2 * 86_400_000)
    found = chunks.select(np.array([1], np.uint64), 0, 2 * T0)
    assert found.t.tolist() == [T0 + 2 * 86_400_000, T0 + 3 * 86_400_000]
    assert chunks.check().rows == 2
    assert chunks.check().problem is None


def two_days(folder: Path) -> tuple[ChdbChunks, Path]:
    """A store with a day before yesterday and a day after it, and where the first one lies."""
    chunks = ChdbChunks(open_chdb(folder, TABLES))
    for day in range(2):
        rows = some([1, 2], 200, step_ms=30_000)
        values = np.random.default_rng(day).random(400)
        chunks.put(Samples(rows.ids, rows.t + day * 86_400_000, values))
    return chunks, next(folder.glob("chdb/store/*/*/20231114_*"))


@pytest.mark.server
@pytest.mark.parametrize("damage", ["flipped", "cut", "gone", "no sums", "no columns"])
def test_a_damaged_part_is_set_aside_and_the_rest_is_read(tmp_path: Path, damage: str) -> None:
    chunks, part = two_days(tmp_path)
    assert chunks.lost() == []
    chunks.close()
    data = part / "data.bin"
    match damage:
        case "flipped":
            held = bytearray(data.read_bytes())
            held[len(held) // 2] ^= 255
            data.write_bytes(held)
        case "cut":
            os.truncate(data, 100)
        case "gone":
            data.unlink()
        case "no sums":
            (part / "checksums.txt").write_text("nothing")
        case "no columns":
            (part / "columns.txt").write_text("nothing")
    chunks = ChdbChunks(open_chdb(tmp_path, TABLES))
    for _ in range(2):
        found = chunks.select(np.array([1, 2], np.uint64), 0, 2 * T0)
        assert len(found) == 400
        assert found.t.min() == T0 + 86_400_000
    (loss,) = chunks.lost()
    assert "20231114" in loss
    chunks.put(some([3], 5))
    assert len(chunks.select(np.array([3], np.uint64), 0, 2 * T0)) == 5
    chunks.close()
    again = ChdbChunks(open_chdb(tmp_path, TABLES))
    assert len(again.lost()) == 1, "it is said until somebody has looked after it"
    again.close()


@pytest.mark.server
def test_days_that_are_over_become_one_part_each(tmp_path: Path) -> None:
    chdb = open_chdb(tmp_path, TABLES)
    chunks = ChdbChunks(chdb)
    for hour in range(3):
        rows = some([1, 2], 10)
        chunks.put(Samples(rows.ids, rows.t + hour * 600_000, rows.v))
    whole = chunks.select(np.array([1, 2], np.uint64), 0, 2 * T0)
    assert not chunks.tidy(), "the day has just been written to"
    assert chdb.merge_closed(CHUNKS, rest_seconds=0)
    assert not chdb.merge_closed(CHUNKS, rest_seconds=0)
    merged = chunks.select(np.array([1, 2], np.uint64), 0, 2 * T0)
    assert sorted(merged.t.tolist()) == sorted(whole.t.tolist())
    chunks.close()


@pytest.mark.server
def test_a_table_of_an_earlier_version_is_refused(tmp_path: Path) -> None:
    earlier = TABLES[CHUNKS].replace("        e UInt8 CODEC(ZSTD(1)),\n", "")
    chdb = open_chdb(tmp_path, {**TABLES, CHUNKS: earlier})
    with pytest.raises(StoreDamagedError, match="made by an earlier version"):
        ChdbChunks(chdb)
    chdb.close()


@pytest.mark.server
@pytest.mark.server
@pytest.mark.parametrize("damage", ["none", "flipped", "cut", "gone"])
def test_damage_is_found_before_anything_is_read(tmp_path: Path, damage: str) -> None:
    chunks, part = two_days(tmp_path)
    chunks.close()
    data = part / "data.bin"
    match damage:
        case "flipped":
            held = bytearray(data.read_bytes())
            held[len(held) // 2] ^= 255
            data.write_bytes(held)
        case "cut":
            os.truncate(data, 100)
        case "gone":
            data.unlink()
    chunks = ChdbChunks(open_chdb(tmp_path, TABLES))
    rounds = 0
    while chunks.verify():
        rounds += 1
    assert rounds <= 2, "one part a day"
    assert ["20231114" in loss for loss in chunks.lost()] == ([] if damage == "none" else [True])
    found = chunks.select(np.array([1, 2], np.uint64), 0, 2 * T0)
    assert len(found) == (800 if damage == "none" else 400)
    chunks.close()


def test_a_damaged_folder_is_never_taken_for_an_empty_one(tmp_path: Path) -> None:
    open_chdb(tmp_path, TABLES).close()
    for path in (tmp_path / "chdb" / "metadata").rglob("*.sql"):
        if path.stem in ("chunks", "metrics"):
            path.unlink()
    with pytest.raises(StoreDamagedError, match=r"damaged|cannot open|chunks"):
        open_chdb(tmp_path, TABLES)
    (tmp_path / "chdb").rename(tmp_path / "elsewhere")
    with pytest.raises(StoreDamagedError, match="is missing although it was made before"):
        open_chdb(tmp_path, TABLES)


def test_chdb_is_not_imported_before_it_is_opened() -> None:
    """A fork after the import would hang, and half a second would be lost."""
    code = "import sys, watchbill.telemetry.server; sys.exit('chdb' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
