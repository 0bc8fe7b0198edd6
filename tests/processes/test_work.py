"""Lanes: what hangs or fails in one leaves the others alone; a database that was away is back."""

import logging
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from django.db import OperationalError
from tests.processes.installation import until

from watchbill import work
from watchbill.lib.ticks import Tick
from watchbill.work import Lane


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "BACK_OFF", (0.01, 0.05))
    monkeypatch.setattr(work, "close_old_connections", lambda: None)


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    stop = threading.Event()
    yield stop
    stop.set()


def start(stop: threading.Event, *ticks: Tick) -> list[Lane]:
    lanes = [Lane(tick.lane, [tick], stop) for tick in ticks]
    for lane in lanes:
        lane.start()
    return lanes


class Counted:
    """A tick function that counts its calls and does what it was told for each."""

    def __init__(self, *results: int | Exception) -> None:
        self.results = list(results)
        self.calls = 0

    def __call__(self, now: datetime) -> int:
        self.calls += 1
        result = self.results.pop(0) if self.results else 0
        if isinstance(result, Exception):
            raise result
        return result


def test_a_tick_with_more_to_do_is_called_again_at_once(stop: threading.Event) -> None:
    busy = Counted(3, 2, 0)
    (lane,) = start(stop, Tick("busy", busy, every=60.0, lane="a"))
    until("it found nothing left", lambda: busy.calls == 3, 2)
    time.sleep(0.1)
    assert busy.calls == 3
    assert lane.state()["advanced"] == 5


@pytest.mark.parametrize(("takes", "least", "most"), [(0.0, 0.002, 0.02), (0.03, 0.03, 0.05)])
def test_a_busy_lane_leaves_sqlite_to_others_in_between(
    monkeypatch: pytest.MonkeyPatch, takes: float, least: float, most: float
) -> None:
    monkeypatch.setattr(work.connection, "vendor", "sqlite")

    def busy(now: datetime) -> int:
        time.sleep(takes)
        return 1

    tick = Tick("busy", busy, every=60.0, lane="a")
    assert least <= Lane("a", [tick])._once(tick) <= most


def test_a_hanging_tick_delays_no_other_lane(stop: threading.Event) -> None:
    free, other = threading.Event(), Counted()

    def hang(now: datetime) -> int:
        free.wait(10)
        return 0

    hanging, _ = start(
        stop,
        Tick("hangs", hang, every=0.01, lane="a"),
        Tick("goes on", other, every=0.01, lane="b"),
    )
    until("the other went on", lambda: other.calls > 5, 2)
    assert hanging.state()["doing"] == "hangs"
    free.set()


def test_a_failing_tick_is_named_backs_off_and_recovers(
    stop: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    failing = Counted(ValueError("a bug"), ValueError("a bug"), 0)
    with caplog.at_level(logging.INFO):
        (lane,) = start(stop, Tick("alerts.evaluate", failing, every=60.0, lane="a"))
        until("it works again", lambda: "works again" in caplog.text, 2)
    assert caplog.text.count("Tick alerts.evaluate failed") == 2
    assert lane.is_alive()
    assert lane.state() | {"since": ""} == {
        "doing": "", "since": "", "advanced": 0, "failing": {}, "error": "",
    }  # fmt: skip


def test_a_database_that_is_away_is_waited_for(
    stop: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    gone = [OperationalError("connection refused")] * 4
    tick = Counted(*gone, 1, 0)
    (lane,) = start(stop, Tick("paging.deliver", tick, every=60.0, lane="a"))
    until("it failed", lambda: lane.state()["failing"].get("paging.deliver"), 2)
    assert "connection refused" in lane.state()["error"]
    until("it worked", lambda: lane.state()["advanced"] == 1, 2)
    assert "Traceback" not in caplog.text


def test_the_wait_grows_up_to_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "BACK_OFF", (1.0, 30.0))
    tick = Tick("x", Counted(), every=1.0, lane="a")
    lane = Lane("a", [tick])
    waits = [lane._failed(tick, ValueError()) for _ in range(7)]
    assert waits == [1, 2, 4, 8, 16, 30, 30]


def test_every_app_offers_ticks_of_the_agreed_shape() -> None:
    found: dict[str, Any] = work.collect()
    ticks = [tick for lane in found.values() for tick in lane]
    assert len({tick.name for tick in ticks}) == len(ticks), "two ticks share a name"
    assert all(tick.every > 0 for tick in ticks)
