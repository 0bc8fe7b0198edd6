"""Series without samples are forgotten: what goes, what stays, and what a crash brings back."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.telemetry.store.test_samples import HOUR, START, World

from watchbill.telemetry.promql.storage import Matcher, labels_of
from watchbill.telemetry.store import samples as samples_module
from watchbill.telemetry.store.chdb import open_chdb
from watchbill.telemetry.store.chdb_chunks import TABLES, ChdbChunks
from watchbill.telemetry.store.chunks import ChunkStoreError
from watchbill.telemetry.store.head import Columns
from watchbill.telemetry.store.index import SeriesLimitError
from watchbill.telemetry.store.samples import OverloadError

pytestmark = pytest.mark.usefixtures("both_ways")

DAY = 24 * HOUR


@pytest.fixture(autouse=True)
def _move_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples_module, "IDLE_SECONDS", 0.0)


@pytest.fixture(params=["memory", pytest.param("chdb", marks=pytest.mark.server)])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path, series_limit=100)
    if request.param == "chdb":
        world.store.wal.close()
        world.chunks = ChdbChunks(open_chdb(tmp_path, TABLES))  # type: ignore[assignment]
        world.store = world._open()
    yield world
    world.store.close()


def names(world: World) -> list[str]:
    return world.store.names.label_values("i", [], 0)


def stored_names(world: World) -> list[str]:
    return sorted(dict(labels)["i"] for _, labels in world.chunks.series())


def test_churn_neither_fills_the_limit_nor_the_index(world: World) -> None:
    """Ninety new series every other month, far beyond the limit of a hundred in all."""
    for round_ in range(40):
        world.now = START + round_ * 32 * DAY
        batch = [(f"{round_}-{i}", world.now, float(i)) for i in range(90)]
        world.write(*batch, ("always", world.now, float(round_)))
        world.now += 2 * HOUR
        world.store.upkeep()
        world.store.expire()
        world.now += 31 * DAY
        world.store.expire()
        assert names(world) == []
        assert len(world.store.index) == 0
        assert stored_names(world) == []
        assert world.read(0, world.now) == {}
    world.write(("always", world.now, 1.0))
    assert world.read(0, world.now) == {"always": [(world.now, 1.0)]}
    assert world.store.cardinality() == {"__name__": {"m": 1}, "i": {"always": 1}}


def test_what_has_samples_in_head_or_chunks_stays(world: World) -> None:
    world.write(("old", world.now, 1.0), ("both", world.now, 1.0))
    world.now += 2 * HOUR
    world.store.upkeep()
    world.now += 20 * DAY
    world.write(("chunks", world.now, 2.0))
    world.now += 2 * HOUR
    world.store.upkeep()
    world.now += 12 * DAY
    world.write(("head", world.now, 3.0), ("both", world.now, 3.0))
    for number in range(96):  # refused, but they count until they are forgotten
        world.write((f"filler{number}", world.now - 40 * DAY, 0.0))
    with pytest.raises(SeriesLimitError):
        world.write(("one too many", world.now, 0.0))
    world.store.intern(labels_of({"__name__": "m", "i": "old"}))
    world.store.upkeep()
    world.store.expire()
    kept = {"chunks", "head", "both"}
    assert kept <= set(names(world))
    assert "old" not in names(world)
    assert set(world.read()) == kept
    expected = world.read()
    world.kill_and_restart()
    assert world.read() == expected
    world.store.upkeep()
    world.store.expire()
    assert world.read() == expected


def test_a_slot_that_was_asked_for_before_is_refused_and_has_to_be_asked_for_again(
    world: World,
) -> None:
    world.write(("a", world.now, 1.0))
    world.now += 2 * HOUR
    world.store.upkeep()
    slot = world.store.intern(labels_of({"__name__": "m", "i": "a"}))
    generation = world.store.generation
    world.now += 32 * DAY
    world.store.expire()
    assert world.store.generation != generation
    one = Columns(np.array([slot]), np.array([int(world.now * 1000)]), np.array([2.0]))
    with pytest.raises(OverloadError, match="try again"):
        world.store.append(one)
    world.write(("a", world.now, 2.0))
    assert world.read() == {"a": [(world.now, 2.0)]}
    world.kill_and_restart()
    assert world.read() == {"a": [(world.now, 2.0)]}


def test_of_a_series_that_came_back_only_the_new_id_counts_after_a_crash(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write(("a", world.now, 1.0))
    world.now += 2 * HOUR
    world.store.upkeep()
    world.now += 32 * DAY

    def fail(_: object) -> None:
        raise ChunkStoreError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(world.chunks, "forget_series", fail)
        with pytest.raises(ChunkStoreError):
            world.store.expire()
    world.write(("a", world.now, 2.0))
    for _ in range(2):
        world.kill_and_restart()
        assert world.read() == {"a": [(world.now, 2.0)]}
        assert world.store.names.series([], 0) == [(("__name__", "m"), ("i", "a"))]
        world.store.expire()
    world.now += 2 * HOUR
    world.store.upkeep()
    assert world.read() == {"a": [(world.now - 2 * HOUR, 2.0)]}
    world.kill_and_restart()
    world.store.expire()
    assert world.read() == {"a": [(world.now - 2 * HOUR, 2.0)]}
    assert stored_names(world) == ["a"]


def test_nothing_is_forgotten_while_chunks_are_set_aside(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write(("a", world.now, 1.0))
    world.now += 2 * HOUR
    world.store.upkeep()
    world.now += 32 * DAY
    monkeypatch.setattr(world.chunks, "lost", lambda: ["a part"])
    world.store.expire()
    assert stored_names(world) == ["a"]
    monkeypatch.undo()
    world.store.expire()
    assert stored_names(world) == []


def test_names_are_those_of_a_time_span(world: World) -> None:
    world.write(("a", world.now, 1.0), ("b", world.now, 1.0))
    world.now += 5 * HOUR
    world.store.upkeep()
    world.write(("b", world.now, 1.0), ("c", world.now, 1.0))
    early = (START * 1000, (START + HOUR) * 1000 - 1)
    between = ((START + 2 * HOUR) * 1000, (START + 4 * HOUR) * 1000)
    late = (int(world.now - 60) * 1000, int(world.now) * 1000)
    assert world.store.names.label_values("i", [], *early) == ["a", "b"]
    assert world.store.names.label_values("i", [], *between) == []
    assert world.store.names.label_values("i", [], *late) == ["b", "c"]
    assert world.store.names.label_values("i", [], early[0], late[1]) == ["a", "b", "c"]
    assert names(world) == ["a", "b", "c"]
    only = [[Matcher("i", "=~", "a|c")]]
    assert world.store.names.series(only, *early) == [(("__name__", "m"), ("i", "a"))]
    assert world.store.names.label_names(only, *between) == []
    assert world.store.names.series(only, *late) == [(("__name__", "m"), ("i", "c"))]


def test_random_churn_agrees_with_a_plain_account(world: World) -> None:
    """Series come and go over many days, with restarts; names are those that have samples."""
    random = np.random.default_rng(int(os.environ.get("SEED", "7")))
    last: dict[str, float] = {}
    for _ in range(60):
        chosen = {str(one) for one in random.integers(0, 60, 4)}
        world.write(*((one, world.now, 1.0) for one in chosen))
        last |= dict.fromkeys(chosen, world.now)
        world.now += 4 * DAY
        world.store.upkeep()
        world.store.expire()
        if random.random() < 0.2:
            world.kill_and_restart()
            world.store.expire()
        floor = (world.now - 30 * DAY) // DAY * DAY
        kept = sorted(one for one, at in last.items() if at >= floor)
        assert names(world) == kept
        assert sorted(world.read()) == kept
