"""What telemetry counts about itself, as a Prometheus page."""

import os
import threading
from collections import Counter
from collections.abc import Mapping

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
        self._process = psutil.Process()
        self.refused_bodies = 0

    def count_samples(self, source: str, taken: int, refused: Mapping[str, int]) -> None:
        """Count a batch."""
        with self._lock:
            self._taken[source] += taken
            self._refused.update(refused)

    def count_query(self, seconds: float) -> None:
        """Count a query."""
        place = sum(seconds > bound for bound in _QUERY_BOUNDS)
        with self._lock:
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
        return [*lines, f"{name}_sum {self._query_seconds}", f"{name}_count {total}"]

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
                "# TYPE process_cpu_seconds_total counter",
                f"process_cpu_seconds_total {times.user + times.system}",
                "# TYPE process_resident_memory_bytes gauge",
                f"process_resident_memory_bytes {memory.rss}",
                "# TYPE process_virtual_memory_bytes gauge",
                f"process_virtual_memory_bytes {memory.vms}",
                "# TYPE process_start_time_seconds gauge",
                f"process_start_time_seconds {process.create_time()}",
                "# TYPE process_open_fds gauge",
                f"process_open_fds {len(os.listdir('/proc/self/fd'))}",
            ]


def _one(name: str, kind: str, about: str, value: float) -> list[str]:
    full = f"watchbill_telemetry_{name}"
    return [f"# HELP {full} {about}", f"# TYPE {full} {kind}", f"{full} {value}"]
