"""What queries cost: those that run, and the slowest of the last day. In memory, and bounded."""

import heapq
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from starlette.requests import Request

from watchbill.lib import clock

KEPT = 50
"""How many of the slowest are kept, one for each text: its slowest."""

FOR_SECONDS = 86_400
TEXT, CLIENT = 2_000, 100  # characters kept of a query, and of who asked


@dataclass
class Asked:
    """One query: what was asked by whom, what it cost, how it ended (`ok` or an error's kind)."""

    query: str
    path: str
    client: str
    at: float  # Unix seconds
    began: float = field(default_factory=time.monotonic)
    range: str = ""
    begun: bool = False  # it has left the queue
    waited: float = 0.0  # seconds in the queue, part of `seconds`
    seconds: float = 0.0
    samples: int = 0
    outcome: str = "running"

    @staticmethod
    def of(request: Request, query: str, range_: str = "") -> "Asked":
        """By a request; `range_` says how long a range is, by which step."""
        client = request.headers.get("user-agent", "")[:CLIENT]
        return Asked(query[:TEXT], request.scope["path"], client, clock.seconds(), range=range_)

    @property
    def key(self) -> tuple[str, str]:
        """What queries have in common that ask the same."""
        return self.path, self.query

    def shown(self) -> dict[str, object]:
        """As JSON."""
        running = self.outcome == "running"
        return {
            "query": self.query,
            "path": self.path,
            "range": self.range,
            "client": self.client,
            "at": datetime.fromtimestamp(self.at, UTC).isoformat(),
            "seconds": round(time.monotonic() - self.began if running else self.seconds, 3),
            "waited": round(self.waited, 3),
            "samples": self.samples,
            "outcome": self.outcome,
        }


class QueryLog:
    """Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[int, Asked] = {}
        self._slowest: dict[tuple[str, str], Asked] = {}

    @contextmanager
    def watched(self, asked: Asked) -> Iterator[None]:
        """Keep a query among the running ones meanwhile, and log it after."""
        with self._lock:
            self._running[id(asked)] = asked
        try:
            yield
        finally:
            asked.seconds = time.monotonic() - asked.began
            with self._lock:
                del self._running[id(asked)]
                self._note(asked)

    def _note(self, asked: Asked) -> None:
        known = self._slowest.get(asked.key)
        oldest = clock.seconds() - FOR_SECONDS
        if known is None or known.at < oldest or known.seconds <= asked.seconds:
            self._slowest[asked.key] = asked
        if len(self._slowest) > 2 * KEPT:
            self._slowest = {one.key: one for one in self._ranked()}

    def _ranked(self) -> list[Asked]:
        oldest = clock.seconds() - FOR_SECONDS
        recent = (one for one in self._slowest.values() if one.at >= oldest)
        return heapq.nlargest(KEPT, recent, key=lambda one: one.seconds)

    def running(self) -> list[Asked]:
        """Those under way or waiting, the oldest first."""
        with self._lock:
            return list(self._running.values())

    def slowest(self) -> list[Asked]:
        """The slowest of the last day, slowest first."""
        with self._lock:
            return self._ranked()
