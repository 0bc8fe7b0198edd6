"""Which engine answers, what it can and cannot do, and which queries cost it most.

The pages work the same with any of them; where one lacks something, that is shown here.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec
from django.conf import settings

from watchbill import prometheus

ANSWER_WITHIN = 3.0  # seconds for each thing that is asked
SHOWN = 20  # slow queries
T = TypeVar("T")

WATCHBILL, PROMETHEUS, VICTORIA, OTHER = (
    "Watchbill's own engine",
    "Prometheus",
    "VictoriaMetrics",
    "A server that speaks Prometheus's API",
)
# What each says at /-/healthy.
_GREETINGS = (
    (WATCHBILL, "Watchbill telemetry"),
    (VICTORIA, "VictoriaMetrics"),
    (PROMETHEUS, "Prometheus"),
)
_LATENCY = re.compile(r'search\.latencyOffset="?([^"\s]+)')


@dataclass(frozen=True)
class Ability:
    """Something an engine may be able to do. `has` is None when nobody can tell."""

    what: str
    has: bool | None
    says: str


@dataclass(frozen=True)
class SlowQuery:
    """A query that took long: `count` times, on average `seconds` when more than once."""

    query: str
    seconds: float
    samples: int | None = None
    count: int = 1
    at: datetime | None = None
    client: str = ""
    outcome: str = "ok"
    range: str = ""  # its length and step; empty for one moment


@dataclass(frozen=True)
class Load:
    """What the queries cost. `limits` in words; empty where the engine tells none."""

    limits: Mapping[str, str]
    slowest: Sequence[SlowQuery]
    running: Sequence[SlowQuery] = ()
    refused: int = 0


@dataclass(frozen=True)
class Engine:
    """The engine that answers at `address`. `load` is None when it keeps no log of queries."""

    kind: str
    version: str
    address: str
    abilities: Sequence[Ability]
    load: Load | None


def look() -> Engine:
    """Ask the engine what it is. Raises prometheus.TelemetryAway when nothing answers."""
    status, greeting = prometheus.ask("healthy", (), method="GET", within=ANSWER_WITHIN, under="-")
    said = greeting[:200].decode("utf-8", "replace") if status == HTTPStatus.OK else ""
    kind = next((name for name, word in _GREETINGS if said.startswith(word)), OTHER)
    flags = _fetch("status/flags", dict[str, str]) or {}
    build = _fetch("status/buildinfo", dict[str, Any]) or {}
    version = str(build.get("revision" if kind == WATCHBILL else "version", ""))
    abilities = _ABILITIES[kind](flags, version)
    return Engine(kind, version, settings.TELEMETRY_URL, abilities, _load(kind))


def _own(flags: Mapping[str, str], version: str) -> list[Ability]:
    return [
        Ability("Remote write", True, "takes samples from a Prometheus, an agent or a collector"),
        Ability("Logs", True, "takes and answers them in Loki's form"),
        Ability("Native histograms", True, "stored and queried"),
        Ability("Exemplars", True, "the newest, in memory"),
        Ability("Slow queries", True, "the slowest of the last day, below"),
        Ability("Mistakes in a query", True, "shown at their character"),
        Ability(
            "This machine", settings.HOST_METRICS,
            "measured without an exporter" if settings.HOST_METRICS
            else "not measured: WATCHBILL_HOST_METRICS is off",
        ),
    ]  # fmt: skip


def _prometheus(flags: Mapping[str, str], version: str) -> list[Ability]:
    features = flags.get("enable-feature", "").split(",")
    receives = flags.get("web.enable-remote-write-receiver") == "true"
    newer = version.partition(".")[0] not in ("", "0", "1", "2")
    native = newer or "native-histograms" in features
    exemplars = "exemplar-storage" in features
    return [
        Ability(
            "Remote write", receives,
            "takes samples from others" if receives
            else "off: start it with --web.enable-remote-write-receiver",
        ),
        _logs(),
        Ability(
            "Native histograms", native,
            "stored where a scrape configuration asks for them" if native
            else "off: start it with --enable-feature=native-histograms",
        ),
        Ability(
            "Exemplars", exemplars,
            "kept" if exemplars else "off: start it with --enable-feature=exemplar-storage",
        ),
        Ability("Slow queries", False, "only in a file of its own, its query_log_file"),
        Ability("Mistakes in a query", True, "shown at their character"),
        _NO_HOST,
    ]  # fmt: skip


def _victoria(flags: Mapping[str, str], version: str) -> list[Ability]:
    behind = _victoria_latency()
    return [
        Ability("Remote write", True, "takes samples from others"),
        _logs(),
        Ability("Native histograms", False, "it has histograms of its own (vmrange)"),
        Ability("Exemplars", False, "it answers none"),
        Ability("Slow queries", True, "the slowest of the last 10 minutes on average, below"),
        Ability("Mistakes in a query", False, "said in words, not shown at their character"),
        Ability(
            "The newest samples", False,
            f"queries leave out the last {behind}, so alerts come that much later: "
            "-search.latencyOffset",
        ),
        Ability("MetricsQL", True, "rate and increase differ from Prometheus's at the edges"),
        _NO_HOST,
    ]  # fmt: skip


def _other(flags: Mapping[str, str], version: str) -> list[Ability]:
    asked = "ask whoever runs it"
    return [
        Ability("Remote write", None, asked),
        _logs(),
        Ability("Native histograms", None, asked),
        Ability("Exemplars", None, asked),
        Ability("Slow queries", False, "it tells none here"),
        Ability("Mistakes in a query", None, "shown at their character when it names it"),
        _NO_HOST,
    ]


_NO_HOST = Ability("This machine", False, "not measured by itself: scrape a node_exporter on it")
_ABILITIES: Mapping[str, Callable[[Mapping[str, str], str], list[Ability]]] = {
    WATCHBILL: _own, PROMETHEUS: _prometheus, VICTORIA: _victoria, OTHER: _other,
}  # fmt: skip


def _logs() -> Ability:
    try:
        status, _ = prometheus.ask(
            "labels", (), method="GET", within=ANSWER_WITHIN, under="loki/api/v1"
        )
    except prometheus.NoAnswer:
        return Ability("Logs", None, "it did not answer in time")
    if status == HTTPStatus.OK:
        return Ability("Logs", True, "answered in Loki's form")
    return Ability("Logs", False, "steps and standards that count log lines stay unknown")


def _victoria_latency() -> str:
    try:
        _, told = prometheus.ask("flags", (), method="GET", within=ANSWER_WITHIN, under="")
    except prometheus.NoAnswer:
        return "30s"
    found = _LATENCY.search(told.decode("utf-8", "replace"))
    return found[1] if found else "30s"


def _fetch(path: str, shape: type[T]) -> T | None:
    try:
        return prometheus.fetch(path, shape, method="GET", within=ANSWER_WITHIN)
    except prometheus.NoAnswer:
        return None


# ── slow queries ──


class _Query(msgspec.Struct):
    query: str
    seconds: float
    samples: int
    at: datetime
    client: str
    outcome: str
    range: str

    def shown(self) -> SlowQuery:
        return SlowQuery(
            self.query,
            self.seconds,
            self.samples,
            1,
            self.at,
            self.client,
            self.outcome,
            self.range,
        )


class _Limits(msgspec.Struct, rename="camel"):
    timeout_seconds: float
    samples: int
    at_once: int
    waiting: int


class _Queries(msgspec.Struct):
    limits: _Limits
    running: list[_Query]
    slowest: list[_Query]
    refused: int


class _Average(msgspec.Struct):
    query: str
    avgDurationSeconds: float  # noqa: N815 - VictoriaMetrics's word
    count: int


class _Top(msgspec.Struct):
    topByAvgDuration: list[_Average]  # noqa: N815


def _load(kind: str) -> Load | None:
    if kind == WATCHBILL:
        return _own_load()
    return _victoria_load() if kind == VICTORIA else None


def _own_load() -> Load | None:
    told = _fetch("status/queries", _Queries)
    if told is None:
        return None
    limits = told.limits
    return Load(
        {
            "longest": f"{limits.timeout_seconds:g} s",
            "samples of one": f"{limits.samples:,}",
            "at once": str(limits.at_once),
            "waiting": str(limits.waiting),
        },
        [one.shown() for one in told.slowest[:SHOWN]],
        [one.shown() for one in told.running],
        told.refused,
    )


def _victoria_load() -> Load | None:
    """Its answer is no envelope of Prometheus's."""
    given = [("topN", str(SHOWN)), ("maxLifetime", "10m")]
    try:
        _, body = prometheus.ask("status/top_queries", given, method="GET", within=ANSWER_WITHIN)
        top = msgspec.json.decode(body, type=_Top).topByAvgDuration
    except (prometheus.NoAnswer, msgspec.DecodeError, UnicodeDecodeError):
        return None
    return Load({}, [SlowQuery(q.query, q.avgDurationSeconds, None, q.count) for q in top])
