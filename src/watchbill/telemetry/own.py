"""What telemetry counts about itself, as a Prometheus page."""

import os
import threading
from collections import Counter
from collections.abc import Callable, Mapping

import psutil

from watchbill.telemetry.store.samples import SampleStore

_QUERY_BOUNDS = (0.005, 0.025, 0.1, 0.5, 2.5, 10.0)


class OwnMetrics:
    """Counters since the start of this process."""

    def __init__(self, store: SampleStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._taken: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._query_buckets = [0] * (len(_QUERY_BOUNDS) + 1)
        self._query_seconds = 0.0
        self._query_outcomes: Counter[str] = Counter()
        self._process = psutil.Process()
        self.refused_bodies = 0
        self.queries_in_flight: Callable[[], int] = lambda: 0

    def count_samples(self, source: str, taken: int, refused: Mapping[str, int]) -> None:
        """Count a batch."""
        with self._lock:
            self._taken[source] += taken
            self._refused.update(refused)

    def count_query(self, outcome: str, seconds: float) -> None:
        """Count a query; `outcome` is `ok` or the kind of its error."""
        place = sum(seconds > bound for bound in _QUERY_BOUNDS)
        with self._lock:
            self._query_outcomes[outcome] += 1
            self._query_buckets[place] += 1
            self._query_seconds += seconds

    def page(self) -> str:
        """Text exposition 0.0.4."""
        with self._lock:
            lines = [*self._intake(), *self._queries()]
        return "\n".join([*lines, *self._storage(), *self._own_process()]) + "\n"

    def _intake(self) -> list[str]:
        return [
            "# HELP watchbill_telemetry_samples_total Samples taken in.",
            "# TYPE watchbill_telemetry_samples_total counter",
            *(f'watchbill_telemetry_samples_total{{source="{source}"}} {count}'
              for source, count in self._taken.items()),
            "# HELP watchbill_telemetry_samples_refused_total Samples refused, by reason.",
            "# TYPE watchbill_telemetry_samples_refused_total counter",
            *(f'watchbill_telemetry_samples_refused_total{{reason="{reason}"}} {count}'
              for reason, count in self._refused.items()),
            *_one("bodies_refused_total", "counter", "Malformed bodies.", self.refused_bodies),
        ]  # fmt: skip

    def _queries(self) -> list[str]:
        name = "watchbill_telemetry_query_duration_seconds"
        total, lines = 0, [f"# HELP {name} Time to answer queries.", f"# TYPE {name} histogram"]
        for bound, count in zip((*_QUERY_BOUNDS, "+Inf"), self._query_buckets, strict=True):
            total += count
            lines.append(f'{name}_bucket{{le="{bound}"}} {total}')
        outcomes = "watchbill_telemetry_queries_total"
        return [
            *lines, f"{name}_sum {self._query_seconds}", f"{name}_count {total}",
            f"# HELP {outcomes} Queries answered, by outcome.",
            f"# TYPE {outcomes} counter",
            *(f'{outcomes}{{outcome="{outcome}"}} {count}'
              for outcome, count in self._query_outcomes.items()),
            *_one("queries_in_flight", "gauge", "Queries that run or wait.",
                  self.queries_in_flight()),
        ]  # fmt: skip

    def _storage(self) -> list[str]:
        store = self._store
        return [
            *_one("series", "gauge", "Series known.", len(store.index)),
            *_one("head_samples", "gauge", "Samples in memory.", store.head.samples),
            *_one("head_bytes", "gauge", "Bytes of samples in memory.", store.head.nbytes()),
            *_one("wal_bytes", "gauge", "Bytes in the write-ahead log.", store.wal.nbytes()),
            *_one("log_full", "gauge", "1 while the log cannot be written.",
                  int(store.wal.full is not None)),
        ]  # fmt: skip

    def _own_process(self) -> list[str]:
        process = self._process
        with process.oneshot():
            times, memory = process.cpu_times(), process.memory_info()
            return [
                *_family("process_cpu_seconds_total", "counter", "CPU time used, in seconds.",
                         times.user + times.system),
                *_family("process_resident_memory_bytes", "gauge", "Memory resident.", memory.rss),
                *_family("process_virtual_memory_bytes", "gauge", "Memory mapped.", memory.vms),
                *_family("process_start_time_seconds", "gauge", "Start, in Unix seconds.",
                         process.create_time()),
                *_family("process_open_fds", "gauge", "File descriptors open.",
                         len(os.listdir("/proc/self/fd"))),
            ]  # fmt: skip


def _one(name: str, kind: str, about: str, value: float) -> list[str]:
    return _family(f"watchbill_telemetry_{name}", kind, about, value)


def _family(name: str, kind: str, about: str, value: float) -> list[str]:
    return [f"# HELP {name} {about}", f"# TYPE {name} {kind}", f"{name} {value}"]
