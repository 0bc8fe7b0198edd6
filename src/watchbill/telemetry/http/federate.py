"""`/federate`: the newest sample of chosen series, as a page that another Prometheus scrapes.

https://prometheus.io/docs/prometheus/latest/federation/
"""

import re
from collections.abc import Iterator, Sequence

import numpy as np
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from watchbill.lib import clock
from watchbill.telemetry.http.answers import ApiError, Parameters
from watchbill.telemetry.http.querylog import Asked
from watchbill.telemetry.http.runner import QueryRunner
from watchbill.telemetry.http.series import selectors
from watchbill.telemetry.promql.engine import DEFAULT_LOOKBACK_MS
from watchbill.telemetry.promql.numbers import format_value
from watchbill.telemetry.promql.scope import Limits
from watchbill.telemetry.promql.storage import METRIC_NAME, Labels, Matcher, Storage, is_stale

TEXT = "text/plain; version=0.0.4; charset=utf-8"
_PLAIN_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_NOT_PLAIN = re.compile(r"[^a-zA-Z0-9_:]")

Row = tuple[str, Labels, str]  # metric name, labels without it, `value timestamp`


def routes(storage: Storage, runner: QueryRunner) -> list[Route]:
    """`/federate`."""

    async def federate(request: Request) -> Response:
        given = await Parameters.of(request)
        try:
            chosen = selectors(given)
        except ApiError as error:
            return PlainTextResponse(f"{error}\n", 400)
        now_ms = int(clock.seconds() * 1000)
        quoted = "escaping=allow-utf-8" in request.headers.get("accept", "").replace(" ", "")
        asked = Asked.of(request, " ".join(given.all("match[]")))

        def work(limits: Limits) -> str:
            rows = dict[Labels, Row]()
            for matchers in chosen:
                for labels, row in _newest(storage, matchers, now_ms, limits):
                    rows[labels] = row
            asked.samples = len(rows)
            return "".join(_lines(sorted(rows.values()), quoted=quoted))

        page = await runner.run(request, runner.timeout_ms(), work, asked)
        escaping = "allow-utf-8" if quoted else "underscores"
        return Response(page, headers={"Content-Type": f"{TEXT}; escaping={escaping}"})

    return [Route("/federate", federate)]


def _newest(
    storage: Storage, matchers: Sequence[Matcher], now_ms: int, limits: Limits
) -> Iterator[tuple[Labels, Row]]:
    """The newest sample of each series in the last five minutes, unless the series has ended.

    A native histogram has no form in text and is left out, as Prometheus does.
    """
    found = storage.select(matchers, now_ms - DEFAULT_LOOKBACK_MS, now_ms)
    if len(found.t) > limits.max_samples:
        raise ApiError("execution", "match[] selects too many samples")
    last = found.starts[1:] - 1
    some = np.diff(found.starts) > 0
    ended = np.zeros(len(last), np.bool_)
    ended[some] = is_stale(found.v[last[some]])
    if found.h is not None:
        ended[some] |= np.array([h is not None for h in found.h[last[some]]], np.bool_)
    for row in np.flatnonzero(some & ~ended).tolist():
        labels = found.labels[row]
        at = int(last[row])
        name = next((value for key, value in labels if key == METRIC_NAME), "")
        if name:
            rest = tuple(pair for pair in labels if pair[0] != METRIC_NAME)
            value = format_value(float(found.v[at]))
            yield labels, (name, rest, f"{value} {found.t[at]}")


def _lines(rows: list[Row], *, quoted: bool) -> Iterator[str]:
    family = None
    for name, labels, told in rows:
        if name != family:
            family = name
            yield f"# TYPE {_name(name, quoted=quoted)} untyped\n"
        # Without an instance of its own a sample gets an empty one: else whoever scrapes this
        # would add the instance of this server.
        shown = (
            labels if any(key == "instance" for key, _ in labels) else (*labels, ("instance", ""))
        )
        pairs = [f'{_name(key, quoted=quoted)}="{_value(value)}"' for key, value in shown]
        if quoted and not _PLAIN_NAME.fullmatch(name):
            yield f"{{{','.join([_name(name, quoted=True), *pairs])}}} {told}\n"
        else:
            yield f"{_name(name, quoted=False)}{{{','.join(pairs)}}} {told}\n"


def _name(name: str, *, quoted: bool) -> str:
    """A name as it is, or else quoted, or with underscores for what old readers do not take."""
    if _PLAIN_NAME.fullmatch(name):
        return name
    if quoted:
        return f'"{_value(name)}"'
    plain = _NOT_PLAIN.sub("_", name)
    return f"_{plain}" if plain[:1].isdigit() else plain


def _value(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
