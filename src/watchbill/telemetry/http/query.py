"""Queries over HTTP: `query`, `query_range`, `query_exemplars`.

https://prometheus.io/docs/prometheus/latest/querying/api/#expression-queries
"""

import time
from collections.abc import Callable
from functools import lru_cache, partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from watchbill.lib import clock
from watchbill.telemetry.exemplars import Exemplars
from watchbill.telemetry.http import answers, series_json
from watchbill.telemetry.http.answers import ApiError, Parameters, success
from watchbill.telemetry.http.querylog import Asked
from watchbill.telemetry.http.runner import QueryRunner
from watchbill.telemetry.http.syntax import parse_parameter, selectors
from watchbill.telemetry.promql import engine
from watchbill.telemetry.promql.ast import Expr
from watchbill.telemetry.promql.durations import format_duration
from watchbill.telemetry.promql.features import ALL
from watchbill.telemetry.promql.parse import parse
from watchbill.telemetry.promql.scope import Limits
from watchbill.telemetry.promql.storage import Storage

_remembered = lru_cache(256)(parse)

PURPOSE = "X-Watchbill-Purpose"
"""The header by which the application tells that a query is for `rules`: those have a place of
their own, so that alerts do not wait until dashboards are drawn."""


def _parsed(text: str, features: frozenset[str]) -> Expr:
    """A syntax tree, which does not change: dashboards and rules ask the same over and over."""
    return (_remembered if len(text) <= 2_000 else parse)(text, features)


def routes(
    storage: Storage,
    runner: QueryRunner,
    exemplars: Exemplars,
    rules: QueryRunner | None = None,
    *,
    at_once: Storage | None = None,
    features: frozenset[str] = ALL,
) -> list[Route]:
    """`query`, `query_range`, `query_exemplars`; `features` as for `promql.parse`.

    Queries for `rules` run apart from the others. `at_once` has what `storage` has, but raises
    `EvalError` where it would have to wait.
    """

    async def query(request: Request) -> Response:
        given = await Parameters.of(request)
        text = given.get("query") or ""
        at_ms = given.time_ms("time", _now_ms())
        lookback_ms = given.duration_ms("lookback_delta", engine.DEFAULT_LOOKBACK_MS)

        def answer(limits: Limits, storage: Storage = storage) -> engine.Result:
            expr = _parsed(text, features)
            return engine.instant(storage, expr, at_ms, lookback_ms=lookback_ms, limits=limits)

        brief = None if at_once is None else partial(answer, storage=at_once)
        return await _run(request, given, Asked.of(request, text), at_ms, answer, brief)

    async def query_range(request: Request) -> Response:
        given = await Parameters.of(request)
        text = given.get("query") or ""
        start, end = given.time_ms("start"), given.time_ms("end")
        step = given.duration_ms("step")
        lookback_ms = given.duration_ms("lookback_delta", engine.DEFAULT_LOOKBACK_MS)
        _check_steps(start, end, step)

        def answer(limits: Limits) -> engine.Result:
            expr = _parsed(text, features)
            return engine.range_(
                storage, expr, start, end, step, lookback_ms=lookback_ms, limits=limits
            )

        span = f"{format_duration(end - start)} by {format_duration(step)}"
        return await _run(request, given, Asked.of(request, text, span), end, answer)

    async def _run(
        request: Request,
        given: Parameters,
        asked: Asked,
        at_ms: int,
        answer: Callable[[Limits], engine.Result],
        brief: Callable[[Limits], engine.Result] | None = None,
    ) -> Response:
        limit, wants_stats = given.count("limit"), given.get("stats") is not None

        def work(limits: Limits, answer: Callable[[Limits], engine.Result] = answer) -> Response:
            began = time.monotonic()
            result = answer(limits)
            asked.samples = result.samples_read
            stats = _stats(asked, time.monotonic() - began) if wants_stats else None
            return _answer(result, at_ms, limit, stats)

        for_rules = request.headers.get(PURPOSE) == "rules"
        runs = rules if rules is not None and for_rules else runner
        quick = None if brief is None else partial(work, answer=brief)
        return await runs.run(request, timeout_ms(given, runs), work, asked, quick)

    async def query_exemplars(request: Request) -> Response:
        given = await Parameters.of(request)
        expr = parse_parameter(given.get("query") or "")
        start, end = given.time_ms("start", 0), given.time_ms("end", _now_ms())
        if end < start:
            raise ApiError("bad_data", "end timestamp must not be before start timestamp")
        found = exemplars.query(selectors(expr), start, end)
        return success([
            {"seriesLabels": dict(series), "exemplars": [answers.exemplar(one) for one in own]}
            for series, own in found
        ])  # fmt: skip

    return [
        Route("/api/v1/query", query, methods=["GET", "POST"]),
        Route("/api/v1/query_range", query_range, methods=["GET", "POST"]),
        Route("/api/v1/query_exemplars", query_exemplars, methods=["GET", "POST"]),
    ]


def timeout_ms(given: Parameters, runner: QueryRunner) -> int:
    """The time that a request may take: what it asks for, at most the limit."""
    return min(given.duration_ms("timeout", runner.timeout_ms()), runner.timeout_ms())


def _now_ms() -> int:
    return int(clock.seconds() * 1000)


def _check_steps(start: int, end: int, step: int) -> None:
    if end < start:
        raise ApiError(
            "bad_data", 'invalid parameter "end": end timestamp must not be before start time'
        )
    if step <= 0:
        raise ApiError(
            "bad_data",
            'invalid parameter "step": zero or negative query resolution step widths are not '
            "accepted. Try a positive integer",
        )
    if (end - start) // step > engine.MAX_STEPS:
        raise ApiError(
            "bad_data",
            f"exceeded maximum resolution of {engine.MAX_STEPS:,} points per timeseries. Try "
            "decreasing the query resolution (?step=XX)",
        )


def _stats(asked: Asked, evaluated: float) -> dict[str, object]:
    """What a query cost, in seconds and samples. Each sample that was read counts once, however
    many steps use it; how many a step used is not told."""
    return {
        "timings": {
            "evalTotalTime": evaluated,
            "execQueueTime": asked.waited,
            "execTotalTime": asked.waited + evaluated,
        },
        "samples": {"totalQueryableSamples": asked.samples, "peakSamples": asked.samples},
    }


def _answer(
    result: engine.Result, at_ms: int, limit: int | None, stats: dict[str, object] | None
) -> Response:
    data, warnings = result.data, list(result.warnings)
    shown: object
    pieces = None
    if result.type in ("vector", "matrix") and limit is not None and len(data) > limit:
        data = data.take(range(limit))
        warnings.append(answers.TRUNCATED)
    if result.type == "vector":
        shown = series_json.shown(data, is_vector=True)
    elif result.type == "matrix" and series_json.is_long(data):
        shown, pieces = answers.LATER, series_json.pieces(data, is_vector=False)
    elif result.type == "matrix":
        shown = series_json.shown(data, is_vector=False)
    elif result.type == "scalar":
        shown = answers.scalar(at_ms, result.scalar)
    else:
        shown = answers.string(at_ms, result.text)
    told: dict[str, object] = {"resultType": result.type, "result": shown}
    if stats is not None:
        told["stats"] = stats
    return success(told, warnings, result.infos, pieces)
