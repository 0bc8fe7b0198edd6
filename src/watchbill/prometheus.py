"""Seam 1: telemetry, over the Prometheus HTTP API. The embedded engine or any other answers.

Prometheus and VictoriaMetrics are tested. This is the one client of all apps. What asks by a rhythm
gets a `QueryFunc` as a value, so that a test passes a ten-line fake.
https://prometheus.io/docs/prometheus/latest/querying/api/
"""

import os
import re
import ssl
import threading
import time
from base64 import b64encode
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
LONGEST_WAIT = 5.0  # seconds that an engine under load may ask us to wait before we come again
# VictoriaMetrics gives 422 for every error: by these words it says that it cannot read a query.
UNREADABLE = re.compile(r"unparsed data|unknown func|unsupported function|cannot parse")

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
    return _instant(query, at, within)


def _instant(query: str, at: datetime | None, within: float, purpose: str = "") -> list[Sample]:
    params = [("query", query), time_limit(within)]
    params += [("time", str(at.timestamp()))] if at else []
    data = fetch("query", _Result, params, within=within, purpose=purpose)
    if data.resultType == "scalar":
        return [Sample({}, *_pair(_read(data.result, tuple[float, str])))]
    if data.resultType == "vector":
        found = _read(data.result, list[_Sample])
        if any(one.histogram is not None for one in found):
            raise BadQuery(_NO_NUMBERS)
        return [Sample(one.metric, *_pair(one.value)) for one in found]
    raise BadQuery(f"the query gives a {data.resultType}, not values at one moment")


def query_for_rules(query: str, at: datetime | None = None) -> list[Sample]:
    """As `query`, for rules: the embedded engine lets these wait for no dashboard."""
    return _instant(query, at, ANSWER_WITHIN, purpose="rules")


def query_range(query: str, start: datetime, end: datetime, step: float) -> list[Series]:
    """The values of PromQL `query` over a range. See RangeFunc."""
    params = [("query", query), *_span(start, end), ("step", str(step)), time_limit()]
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


def time_limit(within: float = ANSWER_WITHIN) -> tuple[str, str]:
    """The parameter that has the engine end a query shortly before we would give it up.

    Then one that takes too long is refused, and does not look like an engine that is away.
    """
    return "timeout", f"{within * 0.9:g}s"


def fetch(
    path: str,
    shape: type[T],
    params: Params = (),
    *,
    method: str = "POST",
    within: float = ANSWER_WITHIN,
    under: str = "api/v1",
    purpose: str = "",
) -> T:
    """What `/api/v1/<path>` answers as `data`, read as `shape`. Raises NoAnswer."""
    status, body = ask(path, params, method=method, within=within, under=under, purpose=purpose)
    if status in (401, 403):
        raise TelemetryAway(
            f"telemetry refused the credential ({status}): see WATCHBILL_TELEMETRY_TOKEN,"
            " or WATCHBILL_TELEMETRY_USER"
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
    if answer.errorType == "bad_data" or (status == 422 and UNREADABLE.search(said)):
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
    purpose: str = "",
) -> tuple[int, bytes]:
    """Status and body of `/api/v1/<path>`, as they come. Raises TelemetryAway, QueryRefused.

    An engine under load that says when to come again is asked again, as long as time is left.
    """
    until = time.monotonic() + within
    url = "/".join(part for part in (settings.TELEMETRY_URL.rstrip("/"), under, path) if part)
    headers = _credential() | ({"X-Watchbill-Purpose": purpose} if purpose else {})
    while True:
        status, body, again = _ask_once(url, params, method, headers, until, within)
        if again is None or time.monotonic() + again >= until:
            return status, body
        time.sleep(again)


def _ask_once(
    url: str,
    params: Params,
    method: str,
    headers: Mapping[str, str],
    until: float,
    within: float,
) -> tuple[int, bytes, float | None]:
    """Status, body, and in how many seconds to come again, if the engine says so."""
    fields: dict[str, Any] = {}
    for name, value in params:
        fields.setdefault(name, []).append(value)
    left = max(until - time.monotonic(), 0.1)
    try:
        with _connections.client().stream(
            method,
            url,
            headers=headers,
            timeout=httpx.Timeout(left, connect=min(left, CONNECT_WITHIN)),
            data=fields if method == "POST" else None,
            params=fields if method == "GET" else None,
        ) as answer:
            body = b"".join(_limited(answer, until))
            return answer.status_code, body, _come_again(answer)
    except httpx.ConnectError as error:
        if "CERTIFICATE" in str(error):
            raise TelemetryAway(
                f"the certificate of {settings.TELEMETRY_URL} is not trusted ({error}):"
                " see WATCHBILL_TELEMETRY_CA"
            ) from None
        raise TelemetryAway(f"nothing answers at {settings.TELEMETRY_URL}") from None
    except (httpx.TimeoutException, TimeoutError):
        raise TelemetryAway(f"no answer within {within:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise TelemetryAway(f"the connection failed: {error}") from None


def _credential() -> dict[str, str]:
    """The header that lets us in: a bearer token, or user and password."""
    if settings.TELEMETRY_TOKEN:
        return {"Authorization": f"Bearer {settings.TELEMETRY_TOKEN}"}
    if settings.TELEMETRY_USER:
        pair = f"{settings.TELEMETRY_USER}:{settings.TELEMETRY_PASSWORD}"
        return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
    return {}


def _come_again(answer: httpx.Response) -> float | None:
    after = answer.headers.get("Retry-After", "")
    if answer.status_code not in (429, 503) or not after.isdigit():
        return None
    return float(after) if float(after) <= LONGEST_WAIT else None


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
                transport = httpx.HTTPTransport(retries=1, verify=_trusted())
                self._client = httpx.Client(
                    transport=transport, trust_env=False, headers={"User-Agent": "Watchbill"}
                )
            return self._client


def _trusted() -> ssl.SSLContext:
    """Whose certificates we trust: the usual authorities, or one's own."""
    ca = settings.TELEMETRY_CA
    try:
        return ssl.create_default_context(cafile=str(ca) if ca else None)
    except (OSError, ssl.SSLError) as error:
        raise TelemetryAway(f"WATCHBILL_TELEMETRY_CA={ca} cannot be used: {error}") from None


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
