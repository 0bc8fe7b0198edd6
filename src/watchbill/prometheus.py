"""Seam 1: telemetry, over the Prometheus HTTP API. The embedded engine or any cluster answers.

The one client of all apps. What asks by a rhythm gets a `QueryFunc` as a value, so that a test
passes a ten-line fake. https://prometheus.io/docs/prometheus/latest/querying/api/
"""

import os
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

import httpx
import msgspec
from django.conf import settings

CONNECT_WITHIN = 2.0  # seconds
ANSWER_WITHIN = 30.0
LARGEST_ANSWER = 32 * 1024 * 1024  # bytes
MOST_LINES = 1000  # that a log search counts

_NO_NUMBERS = (
    "the query gives native histograms: ask for a number of each, such as histogram_count(…),"
    " histogram_avg(…) or histogram_quantile(0.9, …)"
)

T = TypeVar("T")
Params = Sequence[tuple[str, str]]


class NoAnswer(Exception):
    """There are no values; the message says why."""


class TelemetryAway(NoAnswer):
    """Nothing answers, or not in time, or it cannot work now: the same may be asked later."""


class NotPrometheus(TelemetryAway):
    """Something answers that does not speak Prometheus's API."""


class QueryRefused(NoAnswer):
    """Telemetry answers, but not this query: it takes too long or touches too much."""


class BadQuery(QueryRefused):
    """The query is wrong in itself.

    `line` and `column` count from 1 and are 0 when the answer names no place.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        place = re.search(r"\b(\d+):(\d+): parse error", message)
        self.line, self.column = (int(place[1]), int(place[2])) if place else (0, 0)


@dataclass(frozen=True)
class Sample:
    """One series' value at one moment; `at` in Unix seconds. Several are an instant vector."""

    labels: Mapping[str, str]
    at: float
    value: float

    @property
    def selector(self) -> str:
        """The series as PromQL names it: up{job="shop"}."""
        inside = ", ".join(f'{k}="{v}"' for k, v in self.labels.items() if k != "__name__")
        return self.labels.get("__name__", "") + (f"{{{inside}}}" if inside else "") or "value"

    def __str__(self) -> str:
        return f"{self.selector} {self.value:g}" if self.labels else f"{self.value:g}"


@dataclass(frozen=True)
class Series:
    """One series' values over a range, as (Unix seconds, value). Several are a matrix."""

    labels: Mapping[str, str]
    values: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Target:
    """Where metrics are scraped from, and how that went last. `health`: up, down or unknown."""

    job: str
    url: str
    labels: Mapping[str, str]
    health: str
    last_error: str
    last_scrape: datetime | None
    took: float  # seconds


class QueryFunc(Protocol):
    """Answers an instant query, by default of now: a scalar is one sample without labels.

    Raises NoAnswer: TelemetryAway, QueryRefused or BadQuery.
    """

    def __call__(self, query: str, at: datetime | None = None) -> Sequence[Sample]: ...


class RangeFunc(Protocol):
    """Answers a query from `start` to `end`, every `step` seconds. Raises NoAnswer."""

    def __call__(
        self, query: str, start: datetime, end: datetime, step: float
    ) -> Sequence[Series]: ...


def query(query: str, at: datetime | None = None, *, within: float = ANSWER_WITHIN) -> list[Sample]:
    """The value of PromQL `query` at a moment. See QueryFunc."""
    params = [("query", query)] + ([("time", str(at.timestamp()))] if at else [])
    data = fetch("query", _Result, params, within=within)
    if data.resultType == "scalar":
        return [Sample({}, *_pair(_read(data.result, tuple[float, str])))]
    if data.resultType == "vector":
        found = _read(data.result, list[_Sample])
        if any(one.histogram is not None for one in found):
            raise BadQuery(_NO_NUMBERS)
        return [Sample(one.metric, *_pair(one.value)) for one in found]
    raise BadQuery(f"the query gives a {data.resultType}, not values at one moment")


def query_range(query: str, start: datetime, end: datetime, step: float) -> list[Series]:
    """The values of PromQL `query` over a range. See RangeFunc."""
    params = [("query", query), *_span(start, end), ("step", str(step))]
    data = fetch("query_range", _Result, params)
    found = _read(data.result, list[_Series])
    if any(one.histograms for one in found):
        raise BadQuery(_NO_NUMBERS)
    return [Series(one.metric, [_pair(pair) for pair in one.values]) for one in found]


def series(match: str, start: datetime, end: datetime) -> list[dict[str, str]]:
    """The label sets of the series that `match` selects."""
    return fetch("series", list[dict[str, str]], [("match[]", match), *_span(start, end)])


def count_lines(query: str, start: datetime, end: datetime) -> int:
    """How many log lines LogQL `query` selects, at most MOST_LINES. Raises NoAnswer.

    Loki's API, which the embedded engine has too; where nothing speaks it, TelemetryAway.
    https://grafana.com/docs/loki/latest/reference/loki-http-api/
    """
    span = [("start", f"{start.timestamp():.3f}"), ("end", f"{end.timestamp():.3f}")]
    params = [("query", query), *span, ("limit", str(MOST_LINES))]
    data = fetch("query_range", _Result, params, under="loki/api/v1")
    return sum(len(stream.values) for stream in _read(data.result, list[_Stream]))


def label_values(name: str) -> list[str]:
    """All values of a label; of `__name__`: the metrics there are."""
    return fetch(f"label/{name}/values", list[str], method="GET")


def targets() -> list[Target]:
    """The active scrape targets, those in trouble first."""
    active = fetch("targets", _Targets, method="GET").activeTargets
    found = [
        Target(
            t.scrapePool or t.labels.get("job", ""), t.scrapeUrl, t.labels, t.health,
            t.lastError, t.lastScrape if t.lastScrape and t.lastScrape.year > 1 else None,
            t.lastScrapeDuration,
        )
        for t in active
    ]  # fmt: skip
    order = {"down": 0, "unknown": 1}
    return sorted(found, key=lambda t: (order.get(t.health, 2), t.job, t.url))


def fetch(
    path: str,
    shape: type[T],
    params: Params = (),
    *,
    method: str = "POST",
    within: float = ANSWER_WITHIN,
    under: str = "api/v1",
) -> T:
    """What `/api/v1/<path>` answers as `data`, read as `shape`. Raises NoAnswer."""
    status, body = ask(path, params, method=method, within=within, under=under)
    if status in (401, 403):
        raise TelemetryAway(
            f"telemetry refused the credential ({status}): see WATCHBILL_TELEMETRY_TOKEN"
        )
    try:
        answer = _read(body, _Answer)
    except NotPrometheus:
        if status == 200:
            raise
        raise TelemetryAway(f"telemetry answered with status {status}") from None
    if answer.status == "success":
        return _read(answer.data, shape)
    said = answer.error or f"telemetry answered with status {status}"
    if answer.errorType == "bad_data":
        raise BadQuery(said)
    if status >= 500 and answer.errorType not in ("execution", "timeout", "canceled"):
        raise TelemetryAway(said)
    raise QueryRefused(said)


def ask(
    path: str,
    params: Params,
    *,
    method: str = "POST",
    within: float = ANSWER_WITHIN,
    under: str = "api/v1",
) -> tuple[int, bytes]:
    """Status and body of `/api/v1/<path>`, as they come. Raises TelemetryAway, QueryRefused."""
    token = settings.TELEMETRY_TOKEN
    fields: dict[str, Any] = {}
    for name, value in params:
        fields.setdefault(name, []).append(value)
    until = time.monotonic() + within
    try:
        with _connections.client().stream(
            method,
            f"{settings.TELEMETRY_URL.rstrip('/')}/{under}/{path}",
            headers={"Authorization": f"Bearer {token}"} if token else None,
            timeout=httpx.Timeout(within, connect=CONNECT_WITHIN),
            data=fields if method == "POST" else None,
            params=fields if method == "GET" else None,
        ) as answer:
            return answer.status_code, b"".join(_limited(answer, until))
    except httpx.ConnectError:
        raise TelemetryAway(f"nothing answers at {settings.TELEMETRY_URL}") from None
    except (httpx.TimeoutException, TimeoutError):
        raise TelemetryAway(f"no answer within {within:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise TelemetryAway(f"the connection failed: {error}") from None


def _limited(answer: httpx.Response, until: float) -> Iterator[bytes]:
    """The parts of the body; httpx itself only limits the time between two of them."""
    size = 0
    for part in answer.iter_bytes():
        size += len(part)
        if size > LARGEST_ANSWER:
            raise QueryRefused(f"the answer is larger than {LARGEST_ANSWER >> 20} MB")
        if time.monotonic() > until:
            raise TimeoutError
        yield part


class _Connections:
    """Those of this process: made on first use, shared by its threads, kept between queries."""

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget them, as a forked child must: they are its parent's."""
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None

    def client(self) -> httpx.Client:
        """The client that holds them."""
        with self._lock:
            if self._client is None:
                transport = httpx.HTTPTransport(retries=1)
                self._client = httpx.Client(transport=transport, trust_env=False)
            return self._client


_connections = _Connections()
os.register_at_fork(after_in_child=_connections.begin_anew)


class _Sample(msgspec.Struct):
    metric: dict[str, str]
    value: tuple[float, str] = (0.0, "")
    histogram: tuple[float, msgspec.Raw] | None = None


class _Series(msgspec.Struct):
    metric: dict[str, str]
    values: list[tuple[float, str]] = []
    histograms: list[msgspec.Raw] = []


class _Stream(msgspec.Struct):
    values: list[tuple[str, str]] = []


class _Result(msgspec.Struct):
    resultType: str  # noqa: N815 - Prometheus's word
    result: msgspec.Raw


class _Target(msgspec.Struct):
    scrapeUrl: str  # noqa: N815
    health: str
    labels: dict[str, str] = {}
    scrapePool: str = ""  # noqa: N815
    lastError: str = ""  # noqa: N815
    lastScrape: datetime | None = None  # noqa: N815
    lastScrapeDuration: float = 0.0  # noqa: N815


class _Targets(msgspec.Struct):
    activeTargets: list[_Target]  # noqa: N815


class _Answer(msgspec.Struct):
    status: str
    data: msgspec.Raw = msgspec.Raw(b"null")
    errorType: str = ""  # noqa: N815
    error: str = ""


def _read(body: bytes | msgspec.Raw, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise NotPrometheus("what answers there does not speak Prometheus's API") from None


def _pair(pair: tuple[float, str]) -> tuple[float, float]:
    try:
        return pair[0], float(pair[1])  # "NaN", "+Inf" and "-Inf" are read too
    except ValueError:
        raise NotPrometheus(f"{pair[1]!r} is not a value") from None


def _span(start: datetime, end: datetime) -> Params:
    return [("start", str(start.timestamp())), ("end", str(end.timestamp()))]
