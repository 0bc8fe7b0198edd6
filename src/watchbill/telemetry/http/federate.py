"""`/federate`: the newest sample of chosen series, as a page that another Prometheus scrapes.

https://prometheus.io/docs/prometheus/latest/federation/
"""

from collections.abc import Sequence

import numpy as np
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from watchbill.lib import clock
from watchbill.telemetry.http.answers import ApiError, Parameters
from watchbill.telemetry.http.federate_pages import (
    PROTOBUF,
    TEXT,
    Row,
    as_protobuf,
    as_text,
    wants_protobuf,
)
from watchbill.telemetry.http.querylog import Asked
from watchbill.telemetry.http.runner import QueryRunner
from watchbill.telemetry.http.series import selectors
from watchbill.telemetry.promql.engine import DEFAULT_LOOKBACK_MS
from watchbill.telemetry.promql.scope import Limits
from watchbill.telemetry.promql.storage import METRIC_NAME, Labels, Matcher, Storage, is_stale


def routes(storage: Storage, runner: QueryRunner) -> list[Route]:
    """`/federate`."""

    async def federate(request: Request) -> Response:
        given = await Parameters.of(request)
        try:
            chosen = selectors(given)
        except ApiError as error:
            return PlainTextResponse(f"{error}\n", 400)
        now_ms = int(clock.seconds() * 1000)
        accept = request.headers.get("accept", "")
        asked = Asked.of(request, " ".join(given.all("match[]")))

        def work(limits: Limits) -> Response:
            rows = dict[Labels, Row]()
            for matchers in chosen:
                rows |= _newest(storage, matchers, now_ms, limits)
            asked.samples = len(rows)
            return _page(sorted(rows.values(), key=lambda row: (row.name, row.labels)), accept)

        return await runner.run(request, runner.timeout_ms(), work, asked)

    return [Route("/federate", federate)]


def _page(rows: Sequence[Row], accept: str) -> Response:
    if wants_protobuf(accept):
        return Response(as_protobuf(rows), headers={"Content-Type": PROTOBUF})
    quoted = "escaping=allow-utf-8" in accept.replace(" ", "")
    kind = f"{TEXT}; escaping={'allow-utf-8' if quoted else 'underscores'}"
    return Response(as_text(rows, quoted=quoted), headers={"Content-Type": kind})


def _newest(
    storage: Storage, matchers: Sequence[Matcher], now_ms: int, limits: Limits
) -> dict[Labels, Row]:
    """The newest sample of each series in the last five minutes, unless the series has ended."""
    found = storage.select(matchers, now_ms - DEFAULT_LOOKBACK_MS, now_ms)
    if len(found.t) > limits.max_samples:
        raise ApiError("execution", "match[] selects too many samples")
    some = np.flatnonzero(np.diff(found.starts) > 0)
    last = found.starts[1:][some] - 1
    stale = is_stale(found.v[last])
    rows = {}
    for row, at, ended in zip(some.tolist(), last.tolist(), stale.tolist(), strict=True):
        labels = found.labels[row]
        name = next((value for key, value in labels if key == METRIC_NAME), "")
        histogram = None if found.h is None else found.h[at]
        if name and (histogram is not None or not ended):
            rest = tuple(pair for pair in labels if pair[0] != METRIC_NAME)
            rows[labels] = Row(name, rest, int(found.t[at]), float(found.v[at]), histogram)
    return rows
