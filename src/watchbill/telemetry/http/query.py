"""Queries: run in threads, limited in number and time, ended when the client goes."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from watchbill.lib import clock
from watchbill.telemetry.http import answers
from watchbill.telemetry.http.answers import ApiError, Parameters, success
from watchbill.telemetry.own import OwnMetrics
from watchbill.telemetry.promql import engine
from watchbill.telemetry.promql.errors import (
    EvalError,
    ParseError,
    QueryCanceledError,
    QueryTimeoutError,
)
from watchbill.telemetry.promql.format import format_query
from watchbill.telemetry.promql.parse import parse
from watchbill.telemetry.promql.scope import Limits
from watchbill.telemetry.promql.storage import Storage
from watchbill.telemetry.store.chunks import ChunkStoreError

T = TypeVar("T")

THREADS = 2
MAX_WAITING = 32
TIMEOUT_MS = 120_000
MAX_SAMPLES = 50_000_000
DISCONNECT_POLL_SECONDS = 0.1


class QueryRunner:
    """Runs blocking reads for requests: a few at a time, some waiting, the rest turned away."""

    def __init__(self, own: OwnMetrics) -> None:
        self._own = own
        self._free = asyncio.Semaphore(THREADS)
        self._active = 0
        self._stopping = threading.Event()

    async def run(self, request: Request, timeout_ms: int, work: Callable[[Limits], T]) -> T:
        """Do `work` in a thread. Raises `ApiError` for every way in which a query can fail."""
        if self._active >= THREADS + MAX_WAITING:
            raise ApiError("unavailable", "too many queries are waiting", {"Retry-After": "1"})
        gone = threading.Event()
        limits = Limits(
            max_samples=MAX_SAMPLES,
            deadline=time.monotonic() + min(timeout_ms, TIMEOUT_MS) / 1000,
            canceled=lambda: gone.is_set() or self._stopping.is_set(),
        )
        self._active += 1
        began = time.perf_counter()
        try:
            task = asyncio.create_task(self._when_free(work, limits))
            while not (await asyncio.wait([task], timeout=DISCONNECT_POLL_SECONDS))[0]:
                if not gone.is_set() and await request.is_disconnected():
                    gone.set()
            return task.result()
        except ParseError as error:
            raise ApiError("bad_data", f'invalid parameter "query": {error}') from error
        except QueryTimeoutError as error:
            raise ApiError("timeout", str(error)) from error
        except QueryCanceledError as error:
            raise ApiError("canceled", str(error)) from error
        except EvalError as error:
            raise ApiError("execution", str(error)) from error
        except ChunkStoreError as error:
            raise ApiError("internal", f"chunk store: {error}") from error
        finally:
            gone.set()  # also when this request was cancelled
            self._active -= 1
            self._own.count_query(time.perf_counter() - began)

    def stop(self) -> None:
        """End every query soon."""
        self._stopping.set()

    async def _when_free(self, work: Callable[[Limits], T], limits: Limits) -> T:
        async with self._free:
            return await _in_thread(lambda: _started(work, limits))


async def _in_thread(work: Callable[[], T]) -> T:
    """Do `work` in a thread that cannot hold up the end of the process, as a pool's would."""
    future: Future[T] = Future()

    def run() -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001  whatever it is, it belongs to who waits
            future.set_exception(error)

    threading.Thread(target=run, name="query", daemon=True).start()
    return await asyncio.wrap_future(future)


def _started(work: Callable[[Limits], T], limits: Limits) -> T:
    """Do the work unless its time ran out, or its client left, while it waited for a thread."""
    if limits.canceled is not None and limits.canceled():
        raise QueryCanceledError
    if limits.deadline is not None and time.monotonic() > limits.deadline:
        raise QueryTimeoutError
    return work(limits)


def routes(storage: Storage, runner: QueryRunner, features: frozenset[str]) -> list[Route]:
    """`query`, `query_range`, `format_query`; `features` as for `promql.parse`."""

    async def query(request: Request) -> Response:
        given = await Parameters.of(request)
        text = given.text("query")
        at_ms = given.time_ms("time", int(clock.seconds() * 1000))
        lookback_ms = given.duration_ms("lookback_delta", engine.DEFAULT_LOOKBACK_MS)
        limit = given.count("limit")

        def work(limits: Limits) -> Response:
            expr = parse(text, features)
            result = engine.instant(storage, expr, at_ms, lookback_ms=lookback_ms, limits=limits)
            return _answer(result, at_ms, limit)

        return await runner.run(request, given.duration_ms("timeout", TIMEOUT_MS), work)

    async def query_range(request: Request) -> Response:
        given = await Parameters.of(request)
        text = given.text("query")
        start, end = given.time_ms("start"), given.time_ms("end")
        step = given.duration_ms("step")
        lookback_ms = given.duration_ms("lookback_delta", engine.DEFAULT_LOOKBACK_MS)
        limit = given.count("limit")
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

        def work(limits: Limits) -> Response:
            expr = parse(text, features)
            result = engine.range_(
                storage, expr, start, end, step, lookback_ms=lookback_ms, limits=limits
            )
            return _answer(result, end, limit)

        return await runner.run(request, given.duration_ms("timeout", TIMEOUT_MS), work)

    async def formatted(request: Request) -> Response:
        given = await Parameters.of(request)
        try:
            return success(format_query(parse(given.text("query"), features)))
        except ParseError as error:
            raise ApiError("bad_data", f'invalid parameter "query": {error}') from error

    return [
        Route("/api/v1/query", query, methods=["GET", "POST"]),
        Route("/api/v1/query_range", query_range, methods=["GET", "POST"]),
        Route("/api/v1/format_query", formatted, methods=["GET", "POST"]),
    ]


def _answer(result: engine.Result, at_ms: int, limit: int | None) -> Response:
    data, warnings = result.data, list(result.warnings)
    shown: object
    if result.type in ("vector", "matrix") and limit is not None and len(data) > limit:
        data = data.take(range(limit))
        warnings.append("results truncated due to limit")
    if result.type == "vector":
        shown = answers.vector(data)
    elif result.type == "matrix":
        shown = answers.matrix(data)
    elif result.type == "scalar":
        shown = answers.scalar(at_ms, result.scalar)
    else:
        shown = answers.string(at_ms, result.text)
    return success({"resultType": result.type, "result": shown}, warnings, result.infos)
