"""Counters, gauges and histograms in the Prometheus text format 0.0.4.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

import threading
from collections.abc import Callable, Iterator

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5)  # seconds

Labels = tuple[str, ...]


class Counter:
    """A sum that only grows. Series named in `start` are there from the beginning, at 0."""

    def __init__(
        self, name: str, doc: str, labels: Labels = (), start: tuple[Labels, ...] = ()
    ) -> None:
        self.name, self.doc, self.labels = name, doc, labels
        self._lock = threading.Lock()
        self._values: dict[Labels, float] = dict.fromkeys(start or (() if labels else ((),)), 0.0)

    def inc(self, *values: str, by: float = 1.0) -> None:
        with self._lock:
            self._values[values] = self._values.get(values, 0.0) + by

    def lines(self) -> Iterator[str]:
        yield f"# HELP {self.name} {self.doc}\n# TYPE {self.name} counter"
        with self._lock:
            values = list(self._values.items())
        for key, value in values:
            yield f"{self.name}{_braces(self.labels, key)} {_number(value)}"


class Gauge:
    """A value that is read when somebody asks for it; `kind` is counter where it only grows."""

    def __init__(
        self,
        name: str,
        doc: str,
        read: Callable[[], float],
        labels: dict[str, str] | None = None,
        kind: str = "gauge",
    ) -> None:
        self.name, self.doc, self.read, self.kind = name, doc, read, kind
        self.labels = labels or {}

    def lines(self) -> Iterator[str]:
        braces = _braces(tuple(self.labels), tuple(self.labels.values()))
        yield f"# HELP {self.name} {self.doc}\n# TYPE {self.name} {self.kind}"
        yield f"{self.name}{braces} {_number(self.read())}"


class Histogram:
    """How often a duration fell under each of `BUCKETS`, by one label."""

    def __init__(self, name: str, doc: str, label: str, start: tuple[str, ...]) -> None:
        self.name, self.doc, self.label = name, doc, label
        self._lock = threading.Lock()
        self._counts: dict[str, list[int]] = {value: [0] * (len(BUCKETS) + 1) for value in start}
        self._sums: dict[str, float] = dict.fromkeys(start, 0.0)

    def observe(self, value: str, seconds: float) -> None:
        bucket = next((i for i, limit in enumerate(BUCKETS) if seconds <= limit), len(BUCKETS))
        with self._lock:
            self._counts[value][bucket] += 1
            self._sums[value] += seconds

    def lines(self) -> Iterator[str]:
        yield f"# HELP {self.name} {self.doc}\n# TYPE {self.name} histogram"
        with self._lock:
            read = [
                (value, list(counts), self._sums[value]) for value, counts in self._counts.items()
            ]
        for value, counts, total in read:
            below = 0
            for limit, count in zip((*map(_number, BUCKETS), "+Inf"), counts, strict=True):
                below += count
                yield f"{self.name}_bucket{_braces((self.label, 'le'), (value, limit))} {below}"
            braces = _braces((self.label,), (value,))
            yield f"{self.name}_sum{braces} {_number(total)}"
            yield f"{self.name}_count{braces} {below}"


Metric = Counter | Gauge | Histogram


def exposition(metrics: list[Metric]) -> str:
    """The page that a scraper reads."""
    return "".join(f"{line}\n" for metric in metrics for line in metric.lines())


def _braces(names: Labels, values: Labels) -> str:
    """`{path="/checkout",code="200"}`; the example's own values need no escaping."""
    pairs = ",".join(f'{name}="{value}"' for name, value in zip(names, values, strict=True))
    return f"{{{pairs}}}" if pairs else ""


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
