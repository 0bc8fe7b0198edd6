"""Thirty days of the shop's metrics, made up: the series the services have, minute by minute.

Every number follows from the seed, the minute and the episodes; constants were read off the running
services. Counters start anew when a release is deployed, and are absent while a service is down, as
they are when they are scraped.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from watchbill.demo.episodes import DAY, DAYS, Episode, episodes, releases
from watchbill.demo.place import SERVICES
from watchbill.demo.remote_write import Column, Labels
from watchbill.demo.rhythm import CHECKOUTS, READS, demand
from watchbill.demo.services import catalogue, payments
from watchbill.demo.services.metrics import BUCKETS

STEP = 60  # seconds between samples
MARK = "example_history"
"""A series that is 1 as long as the samples beside it are made up, and absent afterwards."""

# Shares of requests per bucket of duration, on a usual day and while the ledger is locked.
_CHARGE = (0, 0, 0, 0, 0.71, 0.29, 0, 0, 0, 0, 0)
_CHECKOUT = (0, 0, 0, 0, 0.68, 0.32, 0, 0, 0, 0, 0)
_LOCKED = (0, 0, 0, 0, 0.05, 0.11, 0.2, 0.46, 0.18, 0, 0)
_PRODUCT = (0.999, 0.001, 0, 0, 0, 0, 0, 0, 0, 0, 0)

Values = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Key:
    """One series of one service."""

    service: str
    name: str
    labels: tuple[tuple[str, str], ...] = ()

    def full(self) -> Labels:
        """With the labels that the scrape adds, sorted."""
        scraped = {"__name__": self.name, "job": "example", "instance": f"{self.service}-1"}
        return tuple(sorted((scraped | {"service": self.service} | dict(self.labels)).items()))


@dataclass
class Day:
    """The minutes of one day as columns, as they are worked out. `at` is in Unix seconds."""

    at: NDArray[np.int64]
    rng: np.random.Generator
    episodes: list[Episode]
    gauges: dict[Key, Values] = field(default_factory=dict)
    growth: dict[Key, Values] = field(default_factory=dict)  # of counters, per minute

    def during(self, kind: str) -> Mask:
        """The minutes in which such an episode went on."""
        mask = np.zeros(len(self.at), bool)
        for it in self.episodes:
            if it.kind == kind:
                mask |= (self.at > it.starts) & (self.at <= it.ends)
        return mask

    def minutes_into(self, kind: str) -> Values:
        """How long such an episode had gone on, in minutes; 0 outside."""
        since = np.zeros(len(self.at))
        for it in self.episodes:
            if it.kind == kind:
                inside = (self.at > it.starts) & (self.at <= it.ends)
                since[inside] = (self.at[inside] - it.starts) / 60
        return since


class Past:
    """The thirty days before `end` (Unix seconds, a whole minute)."""

    def __init__(self, seed: int, end: int) -> None:
        self.seed = seed
        self.end = end // STEP * STEP
        self.start = self.end - DAYS * DAY
        self.episodes = episodes(self.end)
        self.releases = releases(self.end)

    def days(self) -> Iterator[tuple[NDArray[np.int64], list[Column]]]:
        """Thirty times a day's minutes in milliseconds and its columns, oldest first."""
        sums: dict[Key, float] = {}
        for number in range(DAYS):
            at = np.arange(self.start + number * DAY, self.start + (number + 1) * DAY, STEP)
            day = Day(at, np.random.default_rng([self.seed, number]), self.episodes)
            _shop(day)
            self._processes(day)
            self._counters(day, sums)
            yield (
                at * 1000,
                [(key.full(), values) for key, values in day.gauges.items()]
                + [((("__name__", MARK), ("job", "example")), np.ones(len(at)))],
            )

    def _processes(self, day: Day) -> None:
        """What every process tells about itself."""
        down = day.during("crash")
        for service in SERVICES:
            mine = [it for it in self.releases if it.service == service]
            runs = np.searchsorted([it.at for it in mine], day.at, side="right") - 1
            started = np.array([it.at for it in mine], float)[runs]
            absent = down if service == "checkout" else np.zeros(len(day.at), bool)
            day.gauges[Key(service, "process_start_time_seconds")] = started
            for version in dict.fromkeys(it.version for it in mine):
                ran = np.array([it.version == version for it in mine])[runs]
                if ran.any():
                    key = Key(service, "build_info", (("version", version),))
                    day.gauges[key] = np.where(ran, 1.0, np.nan)
            for key, values in day.gauges.items():
                if key.service == service:
                    values[absent] = np.nan
            day.gauges[Key(service, "up")] = np.where(absent, 0.0, 1.0)

    def _counters(self, day: Day, sums: dict[Key, float]) -> None:
        """Add the growth up, from the last start of the process."""
        for key, grown in day.growth.items():
            total = sums.get(key, 0.0) + np.cumsum(grown)
            for it in self.releases:
                if it.service == key.service and day.at[0] <= it.at <= day.at[-1]:
                    first = int(np.searchsorted(day.at, it.at, side="right"))
                    total[first:] -= total[first - 1] if first else sums.get(key, 0.0)
            sums[key] = float(total[-1])
            day.gauges[key] = total
            if key.service == "checkout":
                total[day.during("crash")] = np.nan


def _shop(day: Day) -> None:
    """A day of customers, and what came of it in each service."""
    busy = np.array([demand(float(at)) for at in day.at]) * day.rng.normal(1, 0.03, len(day.at))
    bought = np.where(day.during("crash"), 0, day.rng.poisson(CHECKOUTS * STEP * busy))
    paid = _payments(day, bought)
    _checkout(day, bought, paid)
    _catalogue(day, bought, busy)


def _payments(day: Day, bought: NDArray[np.int64]) -> NDArray[np.int64]:
    """Charges; how many of the minute's went through, were declined, failed, were refused."""
    rng, minutes = day.rng, len(day.at)
    stuck = day.minutes_into("queue")
    depth = np.where(stuck > 0, stuck * CHECKOUTS * STEP, rng.poisson(0.2, minutes))
    depth = np.minimum(depth, payments.QUEUE)
    full = depth >= payments.QUEUE
    timed_out = np.where(day.during("errors"), 0.12, payments.TIMED_OUT)
    shares = np.stack(
        [
            np.where(full, 0, 1 - payments.DECLINED - timed_out),
            np.where(full, 0, payments.DECLINED),
            np.where(full, 0, timed_out),
            np.where(full, 1, 0),
        ],
        axis=1,
    )
    came_to = rng.multinomial(bought, shares)
    _requests(day, "payments", "/charge", ("200", "402", "502", "503"), came_to)
    refused = came_to[:, 3]
    slow = day.during("latency")
    _durations(
        day, "payments", "/charge", bought, refused, np.where(slow[:, None], _LOCKED, _CHARGE)
    )
    sent = np.where(stuck > 0, 0, came_to[:, 0])
    just_drained = np.flatnonzero((stuck[:-1] > 0) & (stuck[1:] == 0)) + 1
    sent[just_drained] += depth[just_drained - 1].astype(np.int64)
    day.growth[Key("payments", "receipts_sent_total")] = sent.astype(float)
    day.growth[Key("payments", "pool_refusals_total")] = np.zeros(minutes)
    queue = (("queue", "receipts"),)
    day.gauges |= {
        Key("payments", "queue_depth", queue): depth.astype(float),
        Key("payments", "queue_capacity", queue): np.full(minutes, float(payments.QUEUE)),
        Key("payments", "pool_size"): np.full(minutes, float(payments.POOL)),
        Key("payments", "pool_in_use"): rng.poisson(bought / STEP * np.where(slow, 0.35, 0.085))
        .astype(float),
        Key("payments", "settlement_report_running"): slow.astype(float),
    }  # fmt: skip
    _process(day, "payments", 27.3e6, 0.009, bought)
    return came_to


def _checkout(day: Day, bought: NDArray[np.int64], paid: NDArray[np.int64]) -> None:
    failed = paid[:, 2] + paid[:, 3]
    answers = np.stack([paid[:, 0], paid[:, 1], failed, 0 * failed], axis=1)
    _requests(day, "checkout", "/checkout", ("200", "402", "502", "503"), answers)
    slow = day.during("latency")[:, None]
    _durations(day, "checkout", "/checkout", bought, paid[:, 3], np.where(slow, _LOCKED, _CHECKOUT))
    for result, count in zip(("paid", "declined", "failed"), answers.T[:3], strict=True):
        day.growth[Key("checkout", "orders_total", (("result", result),))] = count.astype(float)
    value = np.round(answers[:, 0] * day.rng.normal(6820, 150, len(day.at)) / 10) * 10
    day.growth[Key("checkout", "order_value_cents_total")] = value
    for upstream, count in (("catalogue", 0 * failed), ("payments", failed)):
        key = Key("checkout", "upstream_failures_total", (("upstream", upstream),))
        day.growth[key] = count.astype(float)
    _process(day, "checkout", 27.6e6, 0.012, bought)


def _catalogue(day: Day, bought: NDArray[np.int64], busy: Values) -> None:
    rng = day.rng
    reads = rng.poisson(READS * STEP * busy) + (bought * 4) // 3
    hits = rng.binomial(reads, 0.38)
    misses = reads - hits
    leak = day.minutes_into("memory")
    pages = np.where(
        leak > 0, catalogue.KEPT + leak * misses.mean(), rng.poisson(7, len(reads)) + 60
    )
    pages = np.minimum(pages, catalogue.MOST).astype(float)
    _requests(day, "catalogue", "/products", ("200", "404"), np.stack([reads, 0 * reads], axis=1))
    _durations(day, "catalogue", "/products", reads, 0 * reads, np.tile(_PRODUCT, (len(reads), 1)))
    day.growth |= {
        Key("catalogue", "cache_hits_total"): hits.astype(float),
        Key("catalogue", "cache_misses_total"): misses.astype(float),
        Key("catalogue", "cache_evictions_total"): np.where(leak > 0, 0, misses).astype(float),
    }
    day.gauges[Key("catalogue", "cache_entries")] = pages
    _process(day, "catalogue", 34.2e6 + pages * catalogue.PAGE, 0.016, reads)


def _requests(
    day: Day, service: str, path: str, codes: tuple[str, ...], counts: NDArray[np.int64]
) -> None:
    for code, count in zip(codes, counts.T, strict=True):
        key = Key(service, "http_requests_total", (("path", path), ("code", code)))
        day.growth[key] = count.astype(float)


def _durations(
    day: Day,
    service: str,
    path: str,
    count: NDArray[np.int64],
    refused: NDArray[np.int64],
    shares: Values,
) -> None:
    """The histogram of `count` requests, of which `refused` were answered at once."""
    fell = day.rng.multinomial(count - refused, shares)
    fell[:, 0] += refused
    name, label = "http_request_duration_seconds", ("path", path)
    limits = (*(f"{limit:g}" for limit in BUCKETS), "+Inf")
    for limit, below in zip(limits, np.cumsum(fell, axis=1).T, strict=True):
        day.growth[Key(service, f"{name}_bucket", (label, ("le", limit)))] = below.astype(float)
    middles = np.array(
        [(low + high) / 2 for low, high in zip((0, *BUCKETS), (*BUCKETS, 5), strict=True)]
    )
    day.growth[Key(service, f"{name}_sum", (label,))] = np.round(fell @ middles, 6)
    day.growth[Key(service, f"{name}_count", (label,))] = count.astype(float)


def _process(
    day: Day, service: str, memory: float | Values, cpu: float, requests: NDArray[np.int64]
) -> None:
    """Memory in bytes around `memory`; `cpu` is the share of a core in an average minute."""
    minutes = len(day.at)
    pages = np.round((memory + day.rng.normal(0, 8e4, minutes)) / 4096) * 4096
    day.gauges[Key(service, "process_resident_memory_bytes")] = pages
    busy = requests / max(1.0, float(requests.mean()))
    used = np.round(STEP * cpu * busy * day.rng.normal(1, 0.02, minutes), 6)
    day.growth[Key(service, "process_cpu_seconds_total")] = used
    in_flight = day.rng.poisson(requests / STEP * (0.001 if service == "catalogue" else 0.087))
    day.gauges[Key(service, "http_requests_in_flight")] = in_flight.astype(float)
