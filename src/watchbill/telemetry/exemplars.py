"""Exemplars: single events, mostly traces, that stand for what a series counted.

The newest `LIMIT` are kept in memory and a restart forgets them: they point into a trace store that
forgets too. Source: https://prometheus.io/docs/prometheus/latest/feature_flags/#exemplars-storage
"""

import threading
from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from watchbill.telemetry.promql.storage import Labels, Matcher

LIMIT = 100_000
LABELS_LIMIT = 128
"""Characters that the names and values of one exemplar's labels may have together."""


class Exemplar(NamedTuple):
    """One event: its labels (`trace_id`, …; not the series'), value, and time in Unix ms."""

    labels: Labels
    value: float
    t_ms: int


class Exemplars:
    """A ring of the newest exemplars of all series. Safe for threads."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._by_series: dict[Labels, deque[Exemplar]] = {}
        self._arrivals: deque[Labels] = deque()

    def __len__(self) -> int:
        """How many are held."""
        return len(self._arrivals)

    def add(self, series: Labels, exemplar: Exemplar) -> bool:
        """Keep one; the oldest arrival makes room. False when it is not to be had: too long, or
        older than the newest one of its series. One that is repeated is held once."""
        if sum(len(name) + len(value) for name, value in exemplar.labels) > LABELS_LIMIT:
            return False
        with self._lock:
            own = self._by_series.get(series)
            if own is not None:
                if own[-1] == exemplar:
                    return True
                if exemplar.t_ms <= own[-1].t_ms:
                    return False
            if len(self._arrivals) >= self._limit:
                self._forget_oldest()
            self._by_series.setdefault(series, deque()).append(exemplar)
            self._arrivals.append(series)
            return True

    def _forget_oldest(self) -> None:
        series = self._arrivals.popleft()
        own = self._by_series[series]
        own.popleft()
        if not own:
            del self._by_series[series]

    def query(
        self, selectors: Iterable[Sequence[Matcher]], start_ms: int, end_ms: int
    ) -> list[tuple[Labels, list[Exemplar]]]:
        """Exemplars from `start_ms` to `end_ms` (both inclusive) of the series that satisfy one of
        the selectors; series sorted, exemplars by time."""
        chosen = list(selectors)
        with self._lock:
            held = [
                (series, list(own))
                for series, own in self._by_series.items()
                if own[-1].t_ms >= start_ms and own[0].t_ms <= end_ms
            ]
        found = []
        for series, own in held:
            values = dict(series)
            if any(
                all(matcher.matches(values.get(matcher.name, "")) for matcher in matchers)
                for matchers in chosen
            ):
                inside = [one for one in own if start_ms <= one.t_ms <= end_ms]
                if inside:
                    found.append((series, inside))
        return sorted(found)
