"""Answers in the envelope of the Prometheus HTTP API, and parameters in its notation.

Source: https://prometheus.io/docs/prometheus/latest/querying/api/#format-overview
"""

import math
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any
from urllib.parse import parse_qs

import msgspec
import numpy as np
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from watchbill.telemetry.exemplars import Exemplar
from watchbill.telemetry.promql.histogram import Histogram
from watchbill.telemetry.promql.native.text import closed_buckets
from watchbill.telemetry.promql.numbers import format_sample, format_value
from watchbill.telemetry.promql.storage import Selection, are_histograms
from watchbill.telemetry.scrape.yamlfile import duration

Handler = Callable[[Request], Awaitable[Response]]

STATUS = {
    "bad_data": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "not_acceptable": 406,
    "execution": 422,
    "internal": 500,
    "timeout": 503,
    "canceled": 503,
    "unavailable": 503,
}
TRUNCATED = "results truncated due to limit"
_BOUNDARY_RULES = {(False, True): 0, (True, False): 1, (False, False): 2, (True, True): 3}
"""By whether the lower and the upper bound belong to a bucket."""

MAX_FORM_BYTES = 1 << 20
MOST_NOTES = 10
MOST_DIGITS = 18
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


class ApiError(Exception):
    """A failure to be answered in the envelope. `kind` is one of `STATUS`."""

    def __init__(self, kind: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.kind, self.headers = kind, dict(headers or {})

    def response(self) -> Response:
        """The answer."""
        return failure(self.kind, str(self), self.headers)


LATER = msgspec.Raw(b"\0")
"""Stands in data for what is written in pieces; no JSON has this byte."""


def success(
    data: Any,
    warnings: Sequence[str] = (),
    infos: Sequence[str] = (),
    pieces: Iterable[bytes | memoryview] | None = None,
) -> Response:
    """200 with data; `pieces`, if given, go where `LATER` stands, while they are made."""
    envelope: dict[str, Any] = {"status": "success", "data": data}
    if warnings:
        envelope["warnings"] = _few(warnings, "warning")
    if infos:
        envelope["infos"] = _few(infos, "info")
    body = msgspec.json.encode(envelope)
    if pieces is None:
        return Response(body, media_type="application/json")
    begin, _, end = body.partition(LATER)
    return StreamingResponse(chain([begin], pieces, [end]), media_type="application/json")


def _few(notes: Sequence[str], kind: str) -> list[str]:
    """Ten of them, and how many more there are."""
    shown, more = list(notes[:MOST_NOTES]), len(notes) - MOST_NOTES
    return [*shown, f"{more} more {kind} annotations omitted"] if more > 0 else shown


def failure(kind: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error of a kind, with its HTTP status."""
    body = {"status": "error", "errorType": kind, "error": message}
    return Response(
        msgspec.json.encode(body), STATUS[kind], dict(headers or {}), "application/json"
    )


def capped(found: Sequence[Any], limit: int | None) -> Response:
    """200 with a list, cut to `limit` with a warning."""
    if limit is not None and len(found) > limit:
        return success(found[:limit], [TRUNCATED])
    return success(found)


class Parameters:
    """Parameters of a request: the query string and, for POST, the form. Getters raise
    `ApiError` of kind bad_data."""

    def __init__(self, values: dict[str, list[str]]) -> None:
        self._values = values

    @staticmethod
    def of_query(query: str) -> "Parameters":
        """Those of a query string."""
        return Parameters(parse_qs(query, keep_blank_values=True))

    @staticmethod
    async def of(request: Request) -> "Parameters":
        """Read them."""
        values = Parameters.of_query(
            request.scope["query_string"].decode("utf-8", "replace")
        )._values
        if request.method == "POST":
            body = b""
            async for part in request.stream():
                body += part
                if len(body) > MAX_FORM_BYTES:
                    raise ApiError("bad_data", "form is too large")
            try:
                form = parse_qs(body.decode(), keep_blank_values=True)
            except UnicodeDecodeError:
                raise ApiError("bad_data", "form is not UTF-8") from None
            for name, given in form.items():
                values[name] = given + values.get(name, [])
        return Parameters(values)

    def all(self, name: str) -> list[str]:
        """Every value of a repeated parameter."""
        return self._values.get(name, [])

    def get(self, name: str) -> str | None:
        """A parameter, or None when it is absent or empty."""
        return (self._values.get(name) or [""])[0] or None

    def text(self, name: str) -> str:
        """A parameter that has to be there."""
        value = self.get(name)
        if value is None:
            raise ApiError("bad_data", f'invalid parameter "{name}": empty')
        return value

    def time_ms(self, name: str, default: int | None = None) -> int:
        """A time (Unix seconds or RFC 3339) in ms."""
        text = self.get(name) or ""
        if not text and default is not None:
            return default
        try:
            seconds = float(text)
        except ValueError:
            if _RFC3339.fullmatch(text):
                try:
                    return round(datetime.fromisoformat(text.upper()).timestamp() * 1000)
                except ValueError:
                    pass
        else:
            if math.isfinite(seconds) and abs(seconds) < 1e13:
                return round(seconds * 1000)
        # Prometheus says this of parameters that may be left out.
        which = "" if default is None else f"Invalid time value for '{name}': "
        raise ApiError(
            "bad_data",
            f'invalid parameter "{name}": {which}cannot parse "{text}" to a valid timestamp',
        )

    def duration_ms(self, name: str, default: int | None = None) -> int:
        """A duration (seconds, or like 1m30s) in ms."""
        text = self.get(name) or ""
        if not text and default is not None:
            return default
        for read in (float, duration):
            try:
                seconds = read(text)
            except ValueError:
                continue
            if math.isfinite(seconds) and abs(seconds) < 1e13:
                return round(seconds * 1000)
        raise ApiError(
            "bad_data", f'invalid parameter "{name}": cannot parse "{text}" to a valid duration'
        )

    def metadata_limit(self) -> int | None:
        """`limit` as the metadata take it: none below 0 or absent, nothing for 0."""
        text = self.get("limit") or "-1"
        try:
            limit = int(text)
        except ValueError:
            raise ApiError("bad_data", "limit must be a number") from None
        return limit if limit >= 0 else None

    def count(self, name: str) -> int | None:
        """A number ≥ 0; None when absent or 0, which both mean no limit."""
        text = self.get(name)
        if text is None:
            return None
        if not text.isdecimal() or len(text) > MOST_DIGITS:
            raise ApiError("bad_data", f'invalid parameter "{name}": must be a non-negative number')
        return int(text) or None


def matrix(data: Selection) -> list[dict[str, Any]]:
    """Series as the API shows a matrix: numbers in `values`, native histograms in `histograms`."""
    points = _points(data)
    starts = data.starts.tolist()
    bounds = zip(data.labels, starts, starts[1:], strict=False)
    if data.h is None:
        return [{"metric": dict(labels), "values": points[a:b]} for labels, a, b in bounds]
    is_histogram = are_histograms(data.h).tolist()
    shown = []
    for labels, a, b in bounds:
        series: dict[str, Any] = {"metric": dict(labels)}
        kinds: dict[str, list[Any]] = {"values": [], "histograms": []}
        for point, histogram in zip(points[a:b], is_histogram[a:b], strict=True):
            kinds["histograms" if histogram else "values"].append(point)
        shown.append(series | {name: kind for name, kind in kinds.items() if kind})
    return shown


def vector(data: Selection) -> list[dict[str, Any]]:
    """Series as the API shows a vector: one sample each, in `value` or in `histogram`."""
    points = _points(data)
    newest = (data.starts[1:] - 1).tolist()
    return [
        {
            "metric": dict(labels),
            "value" if data.h is None or data.h[at] is None else "histogram": points[at],
        }
        for labels, at in zip(data.labels, newest, strict=True)
    ]


def _points(data: Selection) -> list[Any]:
    """Every sample with its time."""
    times = [_seconds(one) for one in data.t.tolist()]
    values: list[Any] = [format_sample(one) for one in data.v.tolist()]
    if data.h is not None:
        for at in np.flatnonzero(are_histograms(data.h)).tolist():
            values[at] = _histogram(data.h[at])
    return list(zip(times, values, strict=True))


def _histogram(histogram: Histogram) -> dict[str, Any]:
    """A native histogram; each bucket is told by which bounds belong to it, bounds and count."""
    shown: dict[str, Any] = {
        "count": format_sample(histogram.count),
        "sum": format_sample(histogram.sum),
    }
    buckets = [
        [_BOUNDARY_RULES[left, right], *map(format_sample, (lower, upper, count))]
        for left, lower, upper, right, count in closed_buckets(histogram)
    ]
    return shown | ({"buckets": buckets} if buckets else {})


def scalar(t_ms: int, value: float) -> list[Any]:
    """A scalar as the API shows it: other than a sample's, its value never has an exponent."""
    return [_seconds(t_ms), format_value(value)]


def string(t_ms: int, text: str) -> list[Any]:
    """A string as the API shows it."""
    return [_seconds(t_ms), text]


def exemplar(one: Exemplar) -> dict[str, Any]:
    """An exemplar as the API shows it."""
    return {
        "labels": dict(one.labels), "value": format_value(one.value),
        "timestamp": _seconds(one.t_ms),
    }  # fmt: skip


def _seconds(t_ms: int) -> float:
    return t_ms // 1000 if t_ms % 1000 == 0 else t_ms / 1000
