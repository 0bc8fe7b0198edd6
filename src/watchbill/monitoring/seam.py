"""Seam 1: telemetry, over the Prometheus HTTP API. The embedded engine or any cluster answers.

Rules, explore and panels get a `QueryFunc` as a value, so that a test passes a ten-line fake.
https://prometheus.io/docs/prometheus/latest/querying/api/
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Protocol, TypeVar

import httpx
import msgspec
from django.conf import settings

CONNECT_WITHIN = 2.0  # seconds
ANSWER_WITHIN = 30.0
LARGEST_ANSWER = 32 * 1024 * 1024  # bytes

T = TypeVar("T")
Params = Sequence[tuple[str, str]]


class TelemetryAway(Exception):
    """Telemetry did not answer, or not in Prometheus's form; the message says why."""


class BadQuery(Exception):
    """Telemetry answered that the query cannot be answered.

    `kind` is Prometheus's errorType ("bad_data", "execution", "timeout", …); `line` and `column`
    count from 1 and are 0 when the answer names no place.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        place = re.search(r"\b(\d+):(\d+): parse error", message)
        self.line, self.column = (int(place[1]), int(place[2])) if place else (0, 0)


@dataclass(frozen=True)
class Sample:
    """One series' value at one moment; `at` in Unix seconds."""

    labels: Mapping[str, str]
    at: float
    value: float

    @property
    def selector(self) -> str:
        """The series as PromQL names it: up{job="shop"}."""
        inside = ", ".join(f'{k}="{v}"' for k, v in self.labels.items() if k != "__name__")
        return self.labels.get("__name__", "") + (f"{{{inside}}}" if inside else "") or "value"


@dataclass(frozen=True)
class Series:
    """One series' values over a range, as (Unix seconds, value)."""

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
    """Answers an instant query: a scalar is one sample without labels.

    Raises BadQuery, and TelemetryAway when there is no answer.
    """

    def __call__(self, query: str, at: datetime | None = None) -> Sequence[Sample]: ...


def query(query: str, at: datetime | None = None) -> list[Sample]:
    """The value of PromQL `query` at a moment (default: now). See QueryFunc."""
    params = [("query", query)] + ([("time", str(at.timestamp()))] if at else [])
    data = _data("query", params, _Result)
    if data.resultType == "scalar":
        return [Sample({}, *_pair(_read(data.result, tuple[float, str])))]
    if data.resultType == "vector":
        return [Sample(one.metric, *_pair(one.value)) for one in _read(data.result, list[_Sample])]
    raise BadQuery("bad_data", f"the query gives a {data.resultType}, not values at one moment")


def query_range(query: str, start: datetime, end: datetime, step: float) -> list[Series]:
    """The values of PromQL `query` from `start` to `end`, every `step` seconds."""
    params = [
        ("query", query), ("start", str(start.timestamp())), ("end", str(end.timestamp())),
        ("step", str(step)),
    ]  # fmt: skip
    data = _data("query_range", params, _Result)
    return [
        Series(one.metric, [_pair(pair) for pair in one.values])
        for one in _read(data.result, list[_Series])
    ]


def series(match: str, start: datetime, end: datetime) -> list[dict[str, str]]:
    """The label sets of the series that `match` selects."""
    params = [
        ("match[]", match), ("start", str(start.timestamp())), ("end", str(end.timestamp()))
    ]  # fmt: skip
    return _data("series", params, list[dict[str, str]])


def label_values(name: str) -> list[str]:
    """All values of a label; of `__name__`: the metrics there are."""
    return _data(f"label/{name}/values", (), list[str], method="GET")


def targets() -> list[Target]:
    """The active scrape targets, those in trouble first."""
    active = _data("targets", (), _Targets, method="GET").activeTargets
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


def ask(
    path: str, params: Params, *, method: str = "POST", within: float = ANSWER_WITHIN
) -> tuple[int, bytes]:
    """Status and body of `/api/v1/<path>`, as telemetry gives them. Raises TelemetryAway."""
    token = settings.TELEMETRY_TOKEN
    fields: dict[str, Any] = {}
    for name, value in params:
        fields.setdefault(name, []).append(value)
    try:
        with _client().stream(
            method,
            f"{settings.TELEMETRY_URL.rstrip('/')}/api/v1/{path}",
            headers={"Authorization": f"Bearer {token}"} if token else None,
            timeout=httpx.Timeout(within, connect=CONNECT_WITHIN),
            data=fields if method == "POST" else None,
            params=fields if method == "GET" else None,
        ) as answer:
            return answer.status_code, b"".join(_limited(answer))
    except httpx.ConnectError:
        raise TelemetryAway(f"nothing answers at {settings.TELEMETRY_URL}") from None
    except httpx.TimeoutException:
        raise TelemetryAway(f"no answer within {within:g} s") from None
    except httpx.HTTPError as error:
        raise TelemetryAway(f"the connection failed: {error}") from None


def _limited(answer: httpx.Response) -> Iterator[bytes]:
    size = 0
    for part in answer.iter_bytes():
        size += len(part)
        if size > LARGEST_ANSWER:
            raise TelemetryAway(f"the answer is larger than {LARGEST_ANSWER >> 20} MB")
        yield part


@cache
def _client() -> httpx.Client:
    """One pool for the process; made on first use, so after any fork."""
    return httpx.Client(transport=httpx.HTTPTransport(retries=1), trust_env=False)


class _Sample(msgspec.Struct):
    metric: dict[str, str]
    value: tuple[float, str]


class _Series(msgspec.Struct):
    metric: dict[str, str]
    values: list[tuple[float, str]] = []


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


def _data(path: str, params: Params, shape: type[T], method: str = "POST") -> T:
    status, body = ask(path, params, method=method)
    if status in (401, 403):
        raise TelemetryAway(f"it refused the credential ({status}): see WATCHBILL_TELEMETRY_TOKEN")
    try:
        answer = _read(body, _Answer)
    except TelemetryAway:
        if status == 200:
            raise
        raise TelemetryAway(f"it answered with status {status}") from None
    if answer.status == "success":
        return _read(answer.data, shape)
    if status >= 500 and answer.errorType not in ("execution", "timeout", "canceled"):
        raise TelemetryAway(answer.error or f"it answered with status {status}")
    raise BadQuery(answer.errorType, answer.error or f"status {status}")


def _read(body: bytes | msgspec.Raw, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise TelemetryAway("what answers there does not speak Prometheus's API") from None


def _pair(pair: tuple[float, str]) -> tuple[float, float]:
    try:
        return pair[0], float(pair[1])  # "NaN", "+Inf" and "-Inf" are read too
    except ValueError:
        raise TelemetryAway(f"{pair[1]!r} is not a value") from None
