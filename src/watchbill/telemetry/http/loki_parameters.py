"""Parameters in Loki's notation, and errors as Loki gives them: a status and plain text."""

import re
from datetime import datetime

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from watchbill.lib import clock
from watchbill.telemetry.http.answers import ApiError, Handler, Parameters
from watchbill.telemetry.logs.logql.ast import LogQuery
from watchbill.telemetry.logs.logql.errors import LogqlError
from watchbill.telemetry.logs.logql.parse import Query, parse_lines, parse_logql, parse_matchers
from watchbill.telemetry.logs.logql.units import parse_duration

HOUR_NS = 3_600_000_000_000
TIMEOUT_MS = 120_000
LATEST_NS = 2**62
_STATUS = {"bad_data": 400, "execution": 400, "unavailable": 429, "timeout": 504, "canceled": 499}
_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)"
)


def as_loki(handler: Handler) -> Handler:
    """The same, with errors as Loki gives them."""

    async def handle(request: Request) -> Response:
        try:
            return await handler(request)
        except ApiError as error:
            status = _STATUS.get(error.kind, 500)
            return PlainTextResponse(str(error), status, error.headers)

    return handle


def metric_or_lines(text: str) -> Query:
    """A query of any kind. Raises `ApiError`."""
    try:
        return parse_logql(text)
    except LogqlError as error:
        raise ApiError("bad_data", str(error)) from None


def lines(text: str) -> LogQuery:
    """A query for lines. Raises `ApiError`."""
    try:
        return parse_lines(text)
    except LogqlError as error:
        raise ApiError("bad_data", str(error)) from None


def matchers(text: str) -> LogQuery:
    """A stream selector. Raises `ApiError`."""
    try:
        return parse_matchers(text)
    except LogqlError as error:
        raise ApiError("bad_data", str(error)) from None


def time_ns(given: Parameters, name: str, default: int) -> int:
    """A time: RFC 3339, Unix nanoseconds (a whole number of more than ten digits), or seconds."""
    text = given.get(name)
    if text is None:
        return default
    value: float | None = None
    if re.fullmatch(r"-?\d{1,20}", text):
        value = int(text) if len(text) > 10 else int(text) * 1_000_000_000
    elif match := _RFC3339.fullmatch(text):
        whole, fraction, zone = match.groups()
        try:
            moment = datetime.fromisoformat((whole + zone).upper())
            value = int(moment.timestamp()) * 1_000_000_000 + int((fraction or "").ljust(9, "0"))
        except (ValueError, OverflowError):
            value = None
    else:
        try:
            value = float(text) * 1e9
        except ValueError:
            value = None
    if value is None or not abs(value) <= LATEST_NS:
        raise ApiError(
            "bad_data",
            f'could not parse "{name}": cannot parse "{text}" to a valid timestamp: give Unix '
            "nanoseconds, Unix seconds or RFC 3339",
        )
    return int(value)


def duration_ns(given: Parameters, name: str, default: int) -> int:
    """A duration such as `1m30s`, or seconds."""
    text = given.get(name)
    if text is None:
        return default
    for read in (float, parse_duration):
        try:
            seconds = read(text)
        except ValueError:
            continue
        if abs(seconds) < 1e9:
            return round(seconds * 1e9)
    raise ApiError("bad_data", f'"{name}": cannot parse "{text}" to a valid duration')


def span_ns(given: Parameters, default: int) -> tuple[int, int]:
    """`start` and `end`; without `start`, `since` (or `default`) before the end."""
    end = time_ns(given, "end", int(clock.seconds() * 1e9))
    start = time_ns(given, "start", end - duration_ns(given, "since", default))
    if end < start:
        raise ApiError("bad_data", "end timestamp must not be before or equal to start time")
    return start, end


def count(given: Parameters, name: str, default: int) -> int:
    """A number above 0."""
    text = given.get(name)
    if text is None:
        return default
    if not text.isdecimal() or len(text) > 18 or int(text) == 0:
        raise ApiError("bad_data", f'"{name}" must be a positive number, not "{text}"')
    return int(text)


def direction(given: Parameters) -> bool:
    """Whether the newest lines come first, as they do without a word."""
    text = (given.get("direction") or "backward").lower()
    if text not in ("forward", "backward"):
        raise ApiError("bad_data", f'invalid direction "{text}": forward or backward')
    return text == "backward"
