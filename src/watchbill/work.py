"""The `work` process: everything that happens without a person, in lanes that run apart.

Each lane is one thread with one database connection. A tick that hangs delays its own lane only;
one that fails is logged with its name and tried again later; a database that is away is waited for.
"""

import importlib
import json
import logging
import os
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection

from watchbill.lib import clock, files, lifeline
from watchbill.lib.ticks import Tick

BACK_OFF = (1.0, 30.0)  # seconds after the first failure in a row, and at most
# SQLite has one writer at a time: a lane with more to do leaves the database alone for as long as
# it was busy, so that whoever waits finds it free.
PAUSES = (0.002, 0.050)  # seconds, least and most
BEAT = 2.0  # seconds between two writings of the lanes' state

log = logging.getLogger(__name__)


def run() -> None:
    """Run every lane until told to stop. Needs `django.setup()` done."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: lifeline.limit_stop())
    lanes = [Lane(name, ticks) for name, ticks in sorted(collect().items())]
    for lane in lanes:
        lane.start()
    state = settings.DATA / "run" / "work.json"
    while not lifeline.stopping.wait(BEAT):
        said = {lane.name: lane.state() for lane in lanes}
        _write(state, {"pid": os.getpid(), "at": clock.now().isoformat(), "lanes": said})
    for lane in lanes:
        lane.join(timeout=lifeline.GRACE)


def collect() -> dict[str, list[Tick]]:
    """The ticks of all apps by lane: each app offers `TICKS` in its `ticks.py`."""
    lanes: dict[str, list[Tick]] = defaultdict(list)
    for app in settings.INSTALLED_APPS:
        if app.startswith("watchbill.") and find_spec(f"{app}.ticks"):
            for tick in importlib.import_module(f"{app}.ticks").TICKS:
                lanes[tick.lane].append(tick)
    return lanes


class Lane(threading.Thread):
    """One thread that runs its ticks one after the other, each when it is due."""

    def __init__(
        self, name: str, ticks: Iterable[Tick], stopping: threading.Event = lifeline.stopping
    ) -> None:
        super().__init__(name=name, daemon=True)
        self.stopping = stopping
        self.due = dict.fromkeys(ticks, 0.0)  # by the monotonic clock
        self.failures = dict.fromkeys(self.due, 0)
        self.doing = ""
        self.since = clock.now()
        self.advanced = 0
        self.error = ""

    def run(self) -> None:
        while self.due:
            tick = min(self.due, key=lambda tick: self.due[tick])
            if self.stopping.wait(max(0.0, self.due[tick] - time.monotonic())):
                break
            self.due[tick] = time.monotonic() + self._once(tick)
        connection.close()

    def state(self) -> dict[str, Any]:
        """For the health page: what the lane does, since when, and what failed last."""
        return {
            "doing": self.doing,
            "since": self.since.isoformat(),
            "advanced": self.advanced,
            "failing": {tick.name: count for tick, count in self.failures.items() if count},
            "error": self.error,
        }

    def _once(self, tick: Tick) -> float:
        """Run a tick; the seconds until it should run again."""
        self.doing, self.since = tick.name, clock.now()
        begun = time.monotonic()
        close_old_connections()
        try:
            advanced = tick.function(self.since)
        except (OperationalError, InterfaceError) as error:
            connection.close()
            wait = self._failed(tick, error)
            log.warning("Tick %s: the database: %s. Again in %.0f s.", tick.name, error, wait)
            return wait
        except Exception as error:
            connection.close()
            wait = self._failed(tick, error)
            log.exception("Tick %s failed. Again in %.0f s.", tick.name, wait)
            return wait
        finally:
            self.doing, self.since = "", clock.now()
        if self.failures[tick]:
            log.info("Tick %s works again.", tick.name)
            self.failures[tick], self.error = 0, ""
        self.advanced += advanced
        if advanced <= 0:
            return tick.every
        least, most = PAUSES if connection.vendor == "sqlite" else (0.0, 0.0)
        return min(max(time.monotonic() - begun, least), most)

    def _failed(self, tick: Tick, error: Exception) -> float:
        first, most = BACK_OFF
        wait = min(first * 2.0 ** self.failures[tick], most)
        self.failures[tick] += 1
        self.error = f"{tick.name}: {type(error).__name__}: {error}"
        return wait


def _write(file: Path, state: dict[str, Any]) -> None:
    try:
        files.replace(file, json.dumps(state))
    except OSError as error:
        log.error("The state of the lanes cannot be written: %s", error)
