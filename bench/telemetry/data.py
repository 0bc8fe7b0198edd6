"""The data set: machines and services scraped every 15 s, drawn from one seed.

Half of the targets are machines (a node exporter and a container exporter), half are services; each
has 100 series. Counters, gauges, histograms and constants move as such things do. One target of
each kind goes away for ten minutes: its series get a staleness marker, then nothing, and its
counters begin again from zero. Every target is scraped at its own moment within the 15 s, one time
in twenty some milliseconds early or late.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import cramjam
import numpy as np

SEED = 20250106
START_MS = 1_736_121_600_000  # 2025-01-06 00:00 UTC
STEP_MS = 15_000
PER_TARGET = 100
PER_BODY = 2_000
STALE = np.array([0x7FF0000000000002], np.uint64).view(np.float64)[0]

SERVICES = ("checkout", "cart", "search", "auth", "billing", "catalog", "mail", "gateway",
            "reports", "users")  # fmt: skip
BOUNDS = ("0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf")
HANDLERS = ("/api/list", "/api/item", "/login", "/health")
COUNTERS = ("seconds", "bytes", "events", "rare", "bucket", "observed", "observations")


@dataclass
class DataSet:
    """`labels[i]` belongs to row i of the values; `kinds[i]` says how it moves."""

    targets: int
    steps: int
    labels: list[dict[str, str]] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)

    @property
    def end_ms(self) -> int:
        return START_MS + self.steps * STEP_MS

    def add(self, kind: str, name: str, **labels: str) -> None:
        self.labels.append({"__name__": name, **labels})
        self.kinds.append(kind)


def make(series: int, hours: float) -> DataSet:
    """The series of a data set of about this size (a multiple of 200) and length."""
    data = DataSet(max(series // PER_TARGET, 2), round(hours * 3_600_000 / STEP_MS))
    for number in range(data.targets):
        if number % 2:
            _service(data, number // 2)
        else:
            _machine(data, number // 2)
    return data


def _machine(data: DataSet, number: int) -> None:
    zone = {"dc": f"dc{number % 3}", "instance": f"node-{number:03d}:9100"}
    own = {"job": "node", **zone}
    for cpu in range(8):
        for mode in ("idle", "user", "system", "iowait"):
            data.add("seconds", "node_cpu_seconds_total", cpu=str(cpu), mode=mode, **own)
    data.add("memory", "node_memory_MemAvailable_bytes", **own)
    data.add("constant", "node_memory_MemTotal_bytes", **own)
    for name in ("node_load1", "node_load5", "node_procs_running"):
        data.add("load", name, **own)
    for mount in ("/", "/var", "/home", "/boot"):
        disk = {"mountpoint": mount, "device": "/dev/sda1", "fstype": "ext4", **own}
        data.add("memory", "node_filesystem_avail_bytes", **disk)
        data.add("constant", "node_filesystem_size_bytes", **disk)
    for device in ("eth0", "eth1", "lo"):
        for way in ("receive", "transmit"):
            data.add("bytes", f"node_network_{way}_bytes_total", device=device, **own)
    for device in ("sda", "sdb"):
        data.add("seconds", "node_disk_io_time_seconds_total", device=device, **own)
    data.add("events", "node_context_switches_total", **own)
    data.add("one", "up", **own)
    data.add("one", "node_uname_info", release=f"6.1.{number % 4}", team=f"t{number % 5}", **own)
    for each in range(11):
        service = SERVICES[each % len(SERVICES)]
        pod = {"job": "containers", "namespace": f"ns{each % 4}", "container": service,
               "pod": f"{service}-{number:03d}-{each}", **zone}  # fmt: skip
        data.add("seconds", "container_cpu_usage_seconds_total", **pod)
        data.add("memory", "container_memory_working_set_bytes", **pod)
        data.add("bytes", "container_network_receive_bytes_total", **pod)
        data.add("rare", "container_restarts_total", **pod)


def _service(data: DataSet, number: int) -> None:
    own = {"job": SERVICES[number % len(SERVICES)], "dc": f"dc{number % 3}",
           "instance": f"app-{number:03d}:8080"}  # fmt: skip
    for handler in HANDLERS:
        for method in ("GET", "POST"):
            for code in ("200", "404", "500"):
                data.add("events", "http_requests_total", handler=handler, method=method,
                         code=code, **own)  # fmt: skip
        name = "http_request_duration_seconds"
        for bound in BOUNDS:
            data.add("bucket", f"{name}_bucket", handler=handler, le=bound, **own)
        data.add("observed", f"{name}_sum", handler=handler, **own)
        data.add("observations", f"{name}_count", handler=handler, **own)
        data.add("integer", "http_requests_in_flight", handler=handler, **own)
    for quantile in ("0", "0.25", "0.5", "0.75", "1"):
        data.add("load", "go_gc_duration_seconds", quantile=quantile, **own)
    data.add("memory", "go_memstats_heap_alloc_bytes", **own)
    data.add("memory", "process_resident_memory_bytes", **own)
    data.add("seconds", "process_cpu_seconds_total", **own)
    data.add("constant", "process_start_time_seconds", **own)
    for name in ("go_goroutines", "process_open_fds", "queue_depth"):
        data.add("integer", name, **own)
    for queue in ("high", "low"):
        data.add("events", "queue_jobs_total", queue=queue, **own)
    data.add("one", "up", **own)
    data.add("one", "build_info", version=f"1.{number % 7}.0", team=f"t{number % 5}", **own)


def values(data: DataSet) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times (targets, steps), values (series, steps), and where there is a sample at all."""
    random = np.random.default_rng(SEED)
    steps, count = data.steps, len(data.labels)
    v = np.empty((count, steps))
    for row, kind in enumerate(data.kinds):
        if kind not in ("bucket", "observed", "observations"):
            v[row] = _draw(random, kind, steps)
        elif data.labels[row].get("le") == BOUNDS[0]:
            v[row : row + 14] = _histogram(random, steps)
    t = START_MS + STEP_MS * np.arange(steps)[None, :]
    t = t + random.integers(10, STEP_MS - 10, data.targets)[:, None]
    t = t + (random.random(t.shape) < 0.05) * random.integers(-4, 5, t.shape)
    present = np.ones((count, steps), np.bool_)
    for target, begin in ((data.targets // 4, 0.3), (data.targets // 2 + 1, 0.55)):
        _go_away(data, v, present, target, round(begin * steps))
    return t, v, present


def _draw(random: np.random.Generator, kind: str, steps: int) -> np.ndarray:
    if kind == "seconds":
        grown = np.round(random.gamma(2, random.uniform(0.1, 5), steps), 2)
        return np.round(random.uniform(0, 1e5) + np.cumsum(grown), 2)
    if kind == "bytes":
        return random.integers(0, 10**10) + np.cumsum(
            random.poisson(random.uniform(1e3, 1e6), steps)
        )
    if kind == "events":
        return random.integers(0, 10**6) + np.cumsum(
            random.poisson(random.uniform(0.1, 200), steps)
        )
    if kind == "rare":
        return np.cumsum(random.random(steps) < 0.002)
    if kind == "memory":
        moved = random.normal(0, 50, steps) * (random.random(steps) < 0.5)
        return 4096 * np.round(random.uniform(1e5, 1e6) + np.cumsum(moved))
    if kind == "load":
        return np.round(
            np.abs(random.uniform(0.2, 4) + np.cumsum(random.normal(0, 0.05, steps))), 2
        )
    if kind == "integer":
        moved = np.round(np.cumsum(random.normal(0, 2, steps)))
        return np.maximum(0, random.integers(5, 500) + moved)
    if kind == "constant":
        return np.full(steps, 4096.0 * random.integers(10**6, 10**7))
    return np.ones(steps)


def _histogram(random: np.random.Generator, steps: int) -> np.ndarray:
    """Twelve cumulative buckets, their sum and their count: 14 rows."""
    shares = random.dirichlet([1, 2, 4, 8, 8, 6, 4, 2, 1, 0.5, 0.3, 0.1])
    observed = random.multinomial(random.poisson(random.uniform(1, 100), steps), shares)
    buckets = np.cumsum(np.cumsum(observed, axis=1), axis=0).T
    middle = [0.003, 0.007, 0.02, 0.04, 0.07, 0.2, 0.4, 0.7, 1.5, 3, 7, 15]
    total = np.round(np.cumsum(observed @ np.array(middle)), 6)
    return np.vstack([buckets, total, buckets[-1]])


def _go_away(data: DataSet, v: np.ndarray, present: np.ndarray, target: int, begin: int) -> None:
    """A target that cannot be scraped for ten minutes and was restarted meanwhile."""
    end = min(begin + 40, data.steps - 1)
    rows = slice(target * PER_TARGET, (target + 1) * PER_TARGET)
    for row in range(rows.start, rows.stop):
        if data.labels[row]["__name__"] == "up":
            v[row, begin:end] = 0
            continue
        if data.kinds[row] in COUNTERS:
            v[row, end:] -= v[row, end - 1]
        v[row, begin] = STALE
        present[row, begin + 1 : end] = False


@dataclass(frozen=True)
class Body:
    """One remote-write request."""

    step: int
    samples: int
    data: bytes


def bodies(data: DataSet) -> Iterator[Body]:
    """The data set as remote-write 1.0 bodies of up to 2,000 samples, in order of time."""
    t, v, present = values(data)
    heads = [_series_head(labels) for labels in data.labels]
    count = len(heads)
    groups = [np.arange(at, min(at + PER_BODY, count)) for at in range(0, count, PER_BODY)]
    templates = [_template(heads, rows) for rows in groups]
    for step in range(data.steps):
        for rows, whole in zip(groups, templates, strict=True):
            here = present[rows, step]
            template = whole if here.all() else _template(heads, rows[here])
            chosen = rows if here.all() else rows[here]
            filled = template.fill(t[chosen // PER_TARGET, step], v[chosen, step])
            yield Body(step, len(chosen), bytes(cramjam.snappy.compress_raw(filled)))


@dataclass(frozen=True)
class _Template:
    """The bytes of a body and where its values and times stand (8 and 6 bytes each)."""

    text: np.ndarray
    at: np.ndarray

    def fill(self, t: np.ndarray, v: np.ndarray) -> bytes:
        text = self.text.copy()
        text[self.at[:, None] + np.arange(8)] = v.astype("<f8").view(np.uint8).reshape(-1, 8)
        digits = (t[:, None] >> (7 * np.arange(6))) & 0x7F
        digits[:, :5] |= 0x80
        text[self.at[:, None] + np.arange(9, 15)] = digits
        return text.tobytes()


def _template(heads: list[bytes], rows: np.ndarray) -> _Template:
    text, at = bytearray(), []
    for row in rows.tolist():
        text += heads[row]
        at.append(len(text))
        text += b"\0" * 8 + b"\x10" + b"\0" * 6
    return _Template(np.frombuffer(bytes(text), np.uint8), np.array(at))


def _series_head(labels: dict[str, str]) -> bytes:
    """A time series with one sample, up to the sample's value. (prometheus/prompb/types.proto)"""
    named = b""
    for name, value in sorted(labels.items()):
        pair = b"\x0a" + _text(name) + b"\x12" + _text(value)
        named += b"\x0a" + _varint(len(pair)) + pair
    return b"\x0a" + _varint(len(named) + 18) + named + b"\x12\x10\x09"


def _text(value: str) -> bytes:
    return _varint(len(value.encode())) + value.encode()


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])
