"""Loki's HTTP API: lines in, and queries of them.

Source: https://grafana.com/docs/loki/latest/reference/loki-http-api/
"""

import math
import time
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from watchbill.lib import clock
from watchbill.telemetry.http import answers, loki_index, loki_tail
from watchbill.telemetry.http.answers import ApiError, Parameters, success
from watchbill.telemetry.http.bodies import RETRY, BodyQueue, unpacked
from watchbill.telemetry.http.loki_parameters import (
    HOUR_NS,
    TIMEOUT_MS,
    as_loki,
    count,
    direction,
    duration_ns,
    metric_or_lines,
    span_ns,
    time_ns,
)
from watchbill.telemetry.http.runner import QueryRunner
from watchbill.telemetry.intake.protobuf import MalformedError
from watchbill.telemetry.logs import metrics
from watchbill.telemetry.logs.lines import LogStore
from watchbill.telemetry.logs.logql.ast import LogQuery, MetricQuery
from watchbill.telemetry.logs.logql.text import to_text
from watchbill.telemetry.logs.push import read_json, read_protobuf
from watchbill.telemetry.logs.search import Counters, Found, find
from watchbill.telemetry.promql import engine
from watchbill.telemetry.promql.scope import Limits
from watchbill.telemetry.store.index import SeriesLimitError
from watchbill.telemetry.store.samples import OverloadError
from watchbill.telemetry.store.wal import LogFullError

DEFAULT_LIMIT, MAX_LIMIT = 100, 5_000
MAX_JSON_BYTES = 64 << 20
DEFAULT_STEPS = 250
MS = 1_000_000


class _Api:
    def __init__(self, store: LogStore, runner: QueryRunner, queue: BodyQueue) -> None:
        self._store, self._runner, self._queue = store, runner, queue

    async def push(self, request: Request) -> Response:
        """Lines in: 204 when the log holds them; 400, 415, 429, 503 else."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        encoding = request.headers.get("content-encoding", "identity").lower()
        if kind not in ("application/json", "application/x-protobuf"):
            return PlainTextResponse(f"content type {kind!r} is not supported", 415)

        def take(body: bytes) -> Response:
            try:
                if kind == "application/json":
                    refusal = self._store.append(
                        read_json(unpacked(body, encoding, MAX_JSON_BYTES))
                    )
                else:
                    refusal = self._store.append(read_protobuf(body))
            except (MalformedError, SeriesLimitError) as error:
                return PlainTextResponse(str(error), 400)
            except OverloadError as error:
                return PlainTextResponse(str(error), 429, RETRY)
            except LogFullError as error:
                return PlainTextResponse(str(error), 503, RETRY)
            return PlainTextResponse(refusal, 400) if refusal else Response(status_code=204)

        return await self._queue.take(request, take)

    async def query(self, request: Request) -> Response:
        """The value of a metric query at one time."""
        given = await Parameters.of(request)
        asked = metric_or_lines(given.text("query"))
        if isinstance(asked, LogQuery):
            raise ApiError(
                "bad_data",
                "log queries are not supported as an instant query type, please change your query "
                "to a range query type",
            )
        at_ms = time_ns(given, "time", int(clock.seconds() * 1e9)) // MS

        def work(limits: Limits) -> Response:
            began, counters = time.perf_counter(), Counters()
            result = metrics.instant(self._store, asked, at_ms, limits, counters)
            return _numbers(result, at_ms, _stats(counters, began))

        return await self._runner.run(request, TIMEOUT_MS, work)

    async def query_range(self, request: Request) -> Response:
        """Lines, or the values of a metric query over time."""
        given = await Parameters.of(request)
        asked = metric_or_lines(given.text("query"))
        start, end = span_ns(given, HOUR_NS)
        if isinstance(asked, MetricQuery):
            return await self._matrix(request, given, asked, start, end)
        limit = count(given, "limit", DEFAULT_LIMIT)
        if limit > MAX_LIMIT:
            raise ApiError(
                "bad_data",
                f"max entries limit per query exceeded, limit > max_entries_limit_per_query "
                f"({limit} > {MAX_LIMIT})",
            )
        newest_first = direction(given)
        interval = duration_ns(given, "interval", 0)

        def work(limits: Limits) -> Response:
            began, counters = time.perf_counter(), Counters()
            found = find(
                self._store, asked, start, end, limit, newest_first=newest_first,
                interval_ns=interval, limits=limits, counters=counters,
            )  # fmt: skip
            data = {"resultType": "streams", "result": streams(found)}
            return success({**data, "stats": _stats(counters, began)})

        return await self._runner.run(request, TIMEOUT_MS, work)

    async def _matrix(
        self, request: Request, given: Parameters, asked: MetricQuery, start: int, end: int
    ) -> Response:
        step = duration_ns(given, "step", _default_step_ns(start, end)) // MS
        if step <= 0:
            raise ApiError(
                "bad_data",
                "zero or negative query resolution step widths are not accepted. Try a positive "
                "integer",
            )
        if (end - start) // MS // step > engine.MAX_STEPS:
            raise ApiError(
                "bad_data",
                f"exceeded maximum resolution of {engine.MAX_STEPS:,} points per time series. Try "
                "increasing the value of the step parameter",
            )

        def work(limits: Limits) -> Response:
            began, counters = time.perf_counter(), Counters()
            first, last = start // MS, end // MS
            result = metrics.range_(self._store, asked, first, last, step, limits, counters)
            return _numbers(result, last, _stats(counters, began))

        return await self._runner.run(request, TIMEOUT_MS, work)

    async def formatted(self, request: Request) -> Response:
        """A query written in one form."""
        given = await Parameters.of(request)
        return success(to_text(metric_or_lines(given.text("query"))))

    async def ready(self, _: Request) -> Response:
        """Whether requests are served: always, once the port is open."""
        return PlainTextResponse("ready\n")

    async def build(self, _: Request) -> Response:
        """What this is."""
        # The version is Loki's whose API this speaks: clients switch features by it.
        return Response(
            msgspec.json.encode({
                "version": "3.0.0", "revision": version("watchbill"), "branch": "",
                "buildUser": "", "buildDate": "", "goVersion": "",
            }),
            media_type="application/json",
        )  # fmt: skip


def routes(store: LogStore, runner: QueryRunner, queue: BodyQueue) -> list[BaseRoute]:
    """Everything under `/loki/api/v1`, and `/ready`."""
    api = _Api(store, runner, queue)
    both = ["GET", "POST"]
    return [
        Route("/loki/api/v1/push", api.push, methods=["POST"]),
        Route("/loki/api/v1/query", as_loki(api.query), methods=both),
        Route("/loki/api/v1/query_range", as_loki(api.query_range), methods=both),
        Route("/loki/api/v1/format_query", as_loki(api.formatted), methods=both),
        Route("/loki/api/v1/status/buildinfo", api.build),
        Route("/ready", api.ready),
        *loki_index.routes(store, runner),
        *loki_tail.routes(store),
    ]


def streams(found: Sequence[Found]) -> list[dict[str, Any]]:
    """Lines as the API shows them, by their labels."""
    by_labels: dict[Any, list[tuple[str, str]]] = {}
    for labels, t_ns, line in found:
        by_labels.setdefault(labels, []).append((str(t_ns), line))
    return [
        {"stream": dict(labels), "values": values} for labels, values in sorted(by_labels.items())
    ]


def _numbers(result: engine.Result, at_ms: int, stats: dict[str, Any]) -> Response:
    shown: Any
    if result.type == "vector":
        shown = answers.vector(result.data)
    elif result.type == "matrix":
        shown = answers.matrix(result.data)
    else:
        shown = answers.scalar(at_ms, result.scalar)
    return success({"resultType": result.type, "result": shown, "stats": stats})


def _default_step_ns(start: int, end: int) -> int:
    return max(math.ceil((end - start) / 1e9 / DEFAULT_STEPS), 1) * 1_000_000_000


def _stats(counters: Counters, began: float) -> dict[str, Any]:
    seconds = time.perf_counter() - began
    return {"summary": {
        "bytesProcessedPerSecond": int(counters.bytes / seconds),
        "linesProcessedPerSecond": int(counters.lines / seconds),
        "totalBytesProcessed": counters.bytes,
        "totalLinesProcessed": counters.lines,
        "execTime": seconds,
    }}  # fmt: skip
