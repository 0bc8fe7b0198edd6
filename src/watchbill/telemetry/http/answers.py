"""Answers in the envelope of the Prometheus HTTP API, and parameters in its notation.

Source: https://prometheus.io/docs/prometheus/latest/querying/api/#format-overview
"""

import math
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from watchbill.telemetry.promql.numbers import format_value
from watchbill.telemetry.promql.storage import Selection
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
MAX_FORM_BYTES = 1 << 20
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


class ApiError(Exception):
    """A failure to be answered in the envelope. `kind` is one of `STATUS`."""

    def __init__(self, kind: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.kind, self.headers = kind, dict(headers or {})

    def response(self) -> Response:
        """The answer."""
        return failure(self.kind, str(self), self.headers)


def success(data: Any, warnings: Sequence[str] = (), infos: Sequence[str] = ()) -> Response:
    """200 with data."""
    envelope: dict[str, Any] = {"status": "success", "data": data}
    if warnings:
        envelope["warnings"] = list(warnings)
    if infos:
        envelope["infos"] = list(infos)
    return Response(msgspec.json.encode(envelope), media_type="application/json")


def failure(kind: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error of a kind, with its HTTP status."""
    body = {"status": "error", "errorType": kind, "error": message}
    return Response(
        msgspec.json.encode(body), STATUS[kind], dict(headers or {}), "application/json"
    )


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
        values = Parameters.of_query(request.url.query)._values
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
        value = self.get(name)
        if value is None and default is not None:
            return default
        text = self.text(name)
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
        raise ApiError(
            "bad_data", f'invalid parameter "{name}": cannot parse "{text}" to a valid timestamp'
        )

    def duration_ms(self, name: str, default: int | None = None) -> int:
        """A duration (seconds, or like 1m30s) in ms."""
        value = self.get(name)
        if value is None and default is not None:
            return default
        text = self.text(name)
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

    def count(self, name: str) -> int | None:
        """A number ≥ 0; None when absent or 0, which both mean no limit."""
        text = self.get(name)
        if text is None:
            return None
        if not text.isdigit():
            raise ApiError("bad_data", f'invalid parameter "{name}": must be a non-negative number')
        return int(text) or None


def matrix(data: Selection) -> list[dict[str, Any]]:
    """Series as the API shows a matrix."""
    times = [_seconds(one) for one in data.t.tolist()]
    values = [format_value(one) for one in data.v.tolist()]
    starts = data.starts.tolist()
    return [
        {
            "metric": dict(labels),
            "values": list(zip(times[begin:end], values[begin:end], strict=True)),
        }
        for labels, begin, end in zip(data.labels, starts, starts[1:], strict=False)
    ]


def vector(data: Selection) -> list[dict[str, Any]]:
    """Series as the API shows a vector: one sample each."""
    return [{"metric": series["metric"], "value": series["values"][-1]} for series in matrix(data)]


def scalar(t_ms: int, value: float) -> list[Any]:
    """A scalar as the API shows it."""
    return [_seconds(t_ms), format_value(value)]


def string(t_ms: int, text: str) -> list[Any]:
    """A string as the API shows it."""
    return [_seconds(t_ms), text]


def _seconds(t_ms: int) -> float:
    return t_ms // 1000 if t_ms % 1000 == 0 else t_ms / 1000
