"""Live tail: lines that are taken in from now on, to those who wait for them."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from watchbill.telemetry.logs.logql.ast import LogQuery, run
from watchbill.telemetry.logs.logql.entry import Entry
from watchbill.telemetry.logs.push import Line
from watchbill.telemetry.logs.search import Found
from watchbill.telemetry.promql.storage import Labels

MAX_WAITING_LINES = 10_000
"""How many lines may wait for one reader; beyond, they are dropped and it is told."""

_MAX_DROPPED_TOLD = 100


class Dropped(NamedTuple):
    """A line that a slow reader did not get."""

    labels: Labels
    t_ns: int


class Tail:
    """The lines that one reader waits for. `put` comes from the intake's thread."""

    def __init__(self, query: LogQuery, wake: Callable[[], None]) -> None:
        """`wake` is called, in the intake's thread, when lines have come."""
        self._query, self._wake = query, wake
        self._wanted: dict[Labels, bool] = {}
        self._lock = threading.Lock()
        self._waiting: deque[Line] = deque()
        self._dropped: list[Dropped] = []

    def put(self, lines: Sequence[Line]) -> None:
        """Take what the query may want."""
        filters = self._query.filters
        came = [
            line
            for line in lines
            if self._wants(line.stream) and all(one.keeps(line.text) for one in filters)
        ]
        if not came:
            return
        with self._lock:
            room = MAX_WAITING_LINES - len(self._waiting)
            self._waiting += came[:room]
            for line in came[room:][: _MAX_DROPPED_TOLD - len(self._dropped)]:
                self._dropped.append(Dropped(line.stream, line.t_ns))
        self._wake()

    def _wants(self, stream: Labels) -> bool:
        wanted = self._wanted.get(stream)
        if wanted is None:
            if len(self._wanted) > MAX_WAITING_LINES:
                self._wanted.clear()
            labels = dict(stream)
            wanted = all(one.matches(labels.get(one.name, "")) for one in self._query.matchers)
            self._wanted[stream] = wanted
        return wanted

    def take(self) -> tuple[list[Found], list[Dropped]]:
        """What has come since the last time, sent through the query, and what was dropped."""
        with self._lock:
            came, self._waiting = self._waiting, deque()
            dropped, self._dropped = self._dropped, []
        found = []
        for line in came:
            entry = Entry(line.t_ns, line.text, line.stream, line.metadata)
            if run(self._query.rest, entry):
                found.append(Found(tuple(sorted(entry.labels.items())), entry.t_ns, entry.line))
        return found, dropped
