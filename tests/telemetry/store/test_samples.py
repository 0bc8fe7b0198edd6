"""The store as a whole: what is taken and refused, and that every move and crash keeps it all."""

import os
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from watchbill.telemetry.promql.errors import EvalError
from watchbill.telemetry.promql.histogram import Buckets, Histogram
from watchbill.telemetry.promql.storage import Matcher, labels_of
from watchbill.telemetry.store import samples as samples_module
from watchbill.telemetry.store.at_once import AtOnce
from watchbill.telemetry.store.chunks import HOUR_MS, ChunkStoreError, MemoryChunks
from watchbill.telemetry.store.head import Columns
from watchbill.telemetry.store.rules import DUPLICATE, OUT_OF_ORDER, TOO_EARLY, TOO_OLD, Verdict
from watchbill.telemetry.store.samples import SampleStore

pytestmark = pytest.mark.usefixtures("both_ways")

HOUR = 3600
START = 472_222 * HOUR  # a full hour in 2023


class World:
    """A store, its clock and its chunks; `restart` loses what a kill would lose."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.folder, self.now, self.chunks = folder, float(START), MemoryChunks()
        self.options = options
        self.store = self._open()

    def _open(self) -> SampleStore:
        store = SampleStore(
            self.folder, self.chunks, timedelta(days=30), lambda: self.now, **self.options
        )
        store.open()
        return store

    def kill_and_restart(self) -> None:
        self.store.wal.close()
        self.store = self._open()

    def write(self, *samples: tuple[str, float, float], backfill: bool = False) -> Verdict:
        slots = [self.store.intern(labels_of({"__name__": "m", "i": i})) for i, _, _ in samples]
        return self.store.append(
            Columns(
                np.array(slots, np.int64),
                np.array([int(t * 1000) for _, t, _ in samples], np.int64),
                np.array([v for _, _, v in samples], np.float64),
            ),
            backfill=backfill,
        )

    def read(
        self, start: float = START - 40 * 86400, end: float = START * 2
    ) -> dict[str, list[tuple[float, float]]]:
        found = self.store.select(
            [Matcher("__name__", "=", "m")], int(start * 1000), int(end * 1000)
        )
        return {
            dict(labels)["i"]: list(
                zip((found.t[a:b] / 1000).tolist(), found.v[a:b].tolist(), strict=True)
            )
            for labels, a, b in zip(found.labels, found.starts, found.starts[1:], strict=False)
        }


@pytest.fixture(autouse=True)
def _move_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples_module, "IDLE_SECONDS", 0.0)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.store.close()


def test_order_age_and_duplicates(world: World) -> None:
    now = world.now
    assert world.write(("a", now, 1.0)) == Verdict(1)
    assert world.write(("a", now, 1.0)) == Verdict(1)
    assert world.write(("a", now, 2.0)) == Verdict(0, {DUPLICATE: 1})
    assert world.write(("a", now - 599, 3.0)) == Verdict(1)
    assert world.write(("a", now - 601, 4.0)) == Verdict(0, {OUT_OF_ORDER: 1})
    assert world.write(("b", now - 7200, 5.0)) == Verdict(1)
    assert world.write(("c", now - 31 * 86400, 6.0), ("c", now, 7.0)) == Verdict(1, {TOO_OLD: 1})
    assert world.write(("d", now + 601, 8.0)) == Verdict(0, {TOO_EARLY: 1})
    assert world.read() == {
        "a": [(now - 599, 3.0), (now, 1.0)],
        "b": [(now - 7200, 5.0)],
        "c": [(now, 7.0)],
    }


def test_a_clock_that_was_put_back_takes_samples_again(world: World) -> None:
    now = world.now
    for minute in range(120):
        world.now = now + 60 * minute
        world.write(("a", world.now, float(minute)))
        world.store.upkeep()
    world.now = now + 31
    assert world.write(("a", world.now, 7.0)) == Verdict(1)
    assert world.read(end=world.now)["a"] == [(now, 0.0), (now + 31, 7.0)]


def test_cut_samples_are_read_from_chunks_and_head_together(world: World) -> None:
    expected = []
    for minute in range(200):
        world.now = START + 60 * minute
        world.write(("a", world.now, float(minute)))
        expected.append((world.now, float(minute)))
        world.store.upkeep()
    assert world.store.floor_ms == (START + 3 * HOUR) * 1000
    assert len(world.chunks.select(world.store.index.ids(), 0, 2**60)) == 180
    assert world.store.head.samples == 20
    assert world.read() == {"a": expected}
    assert world.read(START + 90, START + 150) == {"a": [expected[2]]}
    world.kill_and_restart()
    assert world.read() == {"a": expected}


def test_what_is_read_at_once_waits_for_nothing(world: World) -> None:
    matchers = [Matcher("__name__", "=", "m")]
    world.write(("a", START, 1.0))
    world.now = START + HOUR + 700
    world.write(("a", world.now, 2.0))
    world.store.upkeep()
    read = AtOnce(world.store).select
    now = int(world.now * 1000)
    assert read(matchers, now - 1000, now).v.tolist() == [2.0]
    with pytest.raises(EvalError, match="at once"):
        read(matchers, START * 1000, now)  # the first sample is in chunks
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with world.store.lock:
            held.set()
            done.wait(9)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(9)
    with pytest.raises(EvalError, match="at once"):
        read(matchers, now - 1000, now)
    done.set()
    holder.join()


def test_the_log_shrinks_when_chunks_hold_its_samples(world: World) -> None:
    world.write(("a", world.now, 1.0))
    world.kill_and_restart()
    world.now += 2 * HOUR
    world.store.upkeep()
    assert world.store.wal.segments() == []
    world.write(("a", world.now, 2.0))
    world.kill_and_restart()
    assert world.read() == {"a": [(START, 1.0), (START + 2 * HOUR, 2.0)]}
    assert world.store.replayed.samples == 1


def test_a_failed_cut_keeps_everything_and_is_tried_again(world: World) -> None:
    world.write(("a", world.now, 1.0))
    world.now += 2 * HOUR
    world.chunks.failing = "disk full"
    with pytest.raises(ChunkStoreError):
        world.store.upkeep()
    world.write(("b", START + 5, 2.0), backfill=True)
    assert world.read() == {"a": [(START, 1.0)], "b": [(START + 5, 2.0)]}
    world.kill_and_restart()
    assert world.read() == {"a": [(START, 1.0)], "b": [(START + 5, 2.0)]}
    world.chunks.failing = None
    world.store.upkeep()
    assert world.store.head.samples == 0
    assert world.read() == {"a": [(START, 1.0)], "b": [(START + 5, 2.0)]}


def test_a_kill_between_chunks_and_progress_doubles_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write(("a", world.now, 1.0))
    world.now += 2 * HOUR

    def killed(*_: object) -> None:
        raise ChunkStoreError("killed here")

    with monkeypatch.context() as patch:
        patch.setattr(samples_module.records, "write_progress", killed)
        with pytest.raises(ChunkStoreError):
            world.store.upkeep()
    world.kill_and_restart()
    world.store.upkeep()
    assert len(world.chunks.select(world.store.index.ids(), 0, 2**60)) == 2  # stored twice
    assert world.read() == {"a": [(START, 1.0)]}


def test_history_is_imported_beside_live_samples(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.store.upkeep()
    expected = []
    for minute in range(48 * 60):
        t = START - 48 * HOUR + 60 * minute
        if minute % 10 == 0:
            batch = [("a", t + 60 * k, float(minute + k)) for k in range(10)]
            assert world.write(*batch, backfill=True) == Verdict(10)
        if minute % 600 == 0:
            world.now += 15
            world.write(("a", world.now, -1.0))
            world.store.upkeep()
            world.kill_and_restart()
        expected.append((t, float(minute)))
    live = [(START + 15.0 * k, -1.0) for k in range(1, 6)]
    assert world.read() == {"a": expected + live}
    world.store.upkeep()
    assert world.store.late_samples() == 0
    assert world.read() == {"a": expected + live}
    world.kill_and_restart()
    assert world.store.replayed.samples < len(expected) / 4
    assert world.read() == {"a": expected + live}


def test_hours_wait_while_samples_come_for_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples_module, "IDLE_SECONDS", 3600.0)
    for hour in (3, 2, 4):
        world.write(("a", START - hour * HOUR, 1.0), backfill=True)
    world.store.upkeep()
    assert world.store.late_samples() == 3
    one_hour = next(iter(world.store.head.hours.values())).nbytes()
    monkeypatch.setattr(samples_module, "HELD_BYTES", one_hour)
    world.store.upkeep()
    assert world.store.head.hours.keys() == {START // HOUR - 4}, "the last one touched stays"
    monkeypatch.setattr(samples_module, "OPEN_SECONDS", 0.0)
    world.store.upkeep()
    assert world.store.late_samples() == 0
    assert len(world.read()["a"]) == 3


def test_too_much_history_at_once_is_put_off(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples_module, "HELD_LIMIT", 1)
    world.write(("a", START - 2 * HOUR, 1.0), ("a", START - 2 * HOUR + 1, 1.0), backfill=True)
    with pytest.raises(samples_module.OverloadError):
        world.write(("a", START - 2 * HOUR + 2, 1.0), backfill=True)
    assert world.write(("a", START, 1.0)) == Verdict(1)
    world.store.upkeep()
    assert world.write(("a", START - 2 * HOUR + 2, 1.0), backfill=True) == Verdict(1)


def test_duplicates_within_the_window_and_within_a_body(world: World) -> None:
    now = world.now
    both = world.write(("a", now, 1.0), ("a", now, 1.0), ("a", now, 2.0), ("b", now, 1.0))
    assert both == Verdict(3, {DUPLICATE: 1})
    for back in (60, 30):
        assert world.write(("a", now - back, 5.0)) == Verdict(1)
    assert world.write(("a", now - 60, 5.0), ("a", now - 30, 6.0)) == Verdict(1, {DUPLICATE: 1})
    assert world.read()["a"] == [(now - 60, 5.0), (now - 30, 5.0), (now, 1.0)]


def test_the_window_for_late_samples_can_be_wide(tmp_path: Path) -> None:
    world = World(tmp_path, late=timedelta(hours=3))
    for hour in range(5):
        world.now = START + hour * HOUR
        world.write(("a", world.now, float(hour)))
        world.store.upkeep()
    assert world.write(("a", world.now - 2.5 * HOUR, 9.0)) == Verdict(1)
    assert world.write(("a", world.now - 3.5 * HOUR, 9.0)) == Verdict(0, {OUT_OF_ORDER: 1})
    expected = [(START + hour * HOUR, float(hour)) for hour in range(5)]
    expected = sorted([*expected, (START + 1.5 * HOUR, 9.0)])
    assert world.read()["a"] == expected
    world.kill_and_restart()
    world.store.upkeep()
    assert world.read()["a"] == expected
    world.store.close()


def exponential(count: float, **more: Any) -> Histogram:
    index = np.array([-3, 0, 7], np.int32)
    buckets = Buckets(index, np.array([1.0, 2.0, count - 3]))
    return Histogram(3, count, 2.5 * count, positive=buckets, **more)


def test_histograms_are_kept_beside_numbers_through_every_move_and_crash(world: World) -> None:
    slot = world.store.intern(labels_of({"__name__": "m", "i": "a"}))
    plain = world.store.intern(labels_of({"__name__": "m", "i": "b"}))

    def write(*samples: tuple[int, float, Any]) -> Verdict:
        h = np.full(len(samples), None, np.object_)
        h[:] = [one if isinstance(one, Histogram) else None for _, _, one in samples]
        return world.store.append(Columns(
            np.array([slot for slot, _, _ in samples], np.int64),
            np.array([int(t * 1000) for _, t, _ in samples], np.int64),
            np.array([0.0 if isinstance(one, Histogram) else one for _, _, one in samples]),
            h,
        ))  # fmt: skip

    def check() -> None:
        found = world.store.select([Matcher("__name__", "=", "m")], 0, 2**60)
        assert [dict(labels)["i"] for labels in found.labels] == ["a", "b"]
        assert found.starts.tolist() == [0, 4, 5]
        assert found.h is not None
        kinds = [one is not None for one in found.h]
        assert kinds == [True, True, False, True, False]
        assert found.v[[2, 4]].tolist() == [3.5, 7.0]
        for row, count in ((0, 4.0), (1, 5.0), (3, 6.0)):
            assert found.h[row].pack() == exponential(count, hint="gauge").pack()

    t = world.now
    first = exponential(4.0, hint="gauge")
    assert write((slot, t, first), (plain, t, 7.0), (slot, t + 60, exponential(5.0, hint="gauge")),
                 (slot, t + 120, 3.5), (slot, t + 180, exponential(6.0, hint="gauge"))
                 ) == Verdict(5)  # fmt: skip
    assert write((slot, t + 180, exponential(6.0, hint="gauge"))) == Verdict(1)
    assert write((slot, t + 180, exponential(9.0, hint="gauge"))) == Verdict(0, {DUPLICATE: 1})
    assert write((slot, t, first), (slot, t + 60, 1.0)) == Verdict(1, {DUPLICATE: 1})
    check()
    world.kill_and_restart()
    check()
    assert write((slot, t + 180, exponential(6.0, hint="gauge"))) == Verdict(1)
    world.now += 2 * HOUR
    world.store.upkeep()
    assert world.store.head.samples == 0
    check()
    world.kill_and_restart()
    check()


def test_samples_older_than_the_retention_go(world: World) -> None:
    world.write(("a", world.now, 1.0))
    world.now += 2 * HOUR
    world.store.upkeep()
    world.now += 31 * 86400
    world.write(("a", world.now, 2.0))
    world.store.expire()
    assert world.read(end=world.now) == {"a": [(world.now, 2.0)]}


def test_chunks_that_vanished_are_missed(world: World) -> None:
    world.write(("a", world.now, 1.0))
    world.now += 2 * HOUR
    world.store.upkeep()
    world.kill_and_restart()
    assert world.store.lost() == []
    world.chunks = MemoryChunks()
    world.kill_and_restart()
    (loss,) = world.store.lost()
    assert "there are none, but samples up to 2023-11-14T23:00" in loss
    world.now += 31 * 86_400
    world.kill_and_restart()
    assert world.store.lost() == [], "they would be gone by now anyway"


def test_a_torn_log_is_told(world: World) -> None:
    world.write(("a", world.now, 1.0))
    world.write(("a", world.now + 15, 2.0))
    world.store.wal.close()
    (segment,) = (world.folder / "wal").iterdir()
    os.truncate(segment, segment.stat().st_size - 3)
    world.kill_and_restart()
    assert world.read() == {"a": [(world.now, 1.0)]}
    (loss,) = world.store.lost()
    assert "unreadable" in loss


def test_series_and_labels(world: World) -> None:
    world.write(("a", world.now, 1.0), ("b", world.now, 1.0))
    world.store.upkeep()
    only_b = [[Matcher("i", "=", "b")]]
    assert world.store.names.series(only_b, 0) == [(("__name__", "m"), ("i", "b"))]
    assert world.store.names.label_names([], 0) == ["__name__", "i"]
    assert world.store.names.label_values("i", [], 0) == ["a", "b"]
    assert world.store.names.label_values("i", only_b, 0) == ["b"]
    assert world.store.names.series(only_b, int(world.now * 1000) + 1) == []
    assert world.store.floor_ms % HOUR_MS == 0
