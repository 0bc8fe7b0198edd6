"""Runs queries: a few at a time, some waiting, the rest told to come again; in bounded time."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TypeVar

from starlette.requests import Request

from watchbill.telemetry.config import QueryLimits
from watchbill.telemetry.http.answers import ApiError
from watchbill.telemetry.http.querylog import Asked, QueryLog
from watchbill.telemetry.own import OwnMetrics
from watchbill.telemetry.promql.errors import (
    EvalError,
    ParseError,
    PromqlError,
    QueryCanceledError,
    QueryTimeoutError,
)
from watchbill.telemetry.promql.scope import Limits
from watchbill.telemetry.store.chunks import ChunkStoreError

T = TypeVar("T")

log = logging.getLogger(__name__)

DISCONNECT_POLL_SECONDS = 0.1
BRIEF_SECONDS = 0.003
"""A query that took no longer the last time need not leave the event loop: to hand it to a thread
and back would take about as long."""
MOST_SECONDS, MOST_SAMPLES = 0.01, 200_000
"""What it may cost there; beyond this it is done in a thread after all."""
BRIEF_TEXTS = 1_000  # that many are remembered
RETRY = {"Retry-After": "1"}
SLOW_SECONDS = 10.0
"""A query that takes longer is a line of the process's log."""


class QueueTimeoutError(QueryTimeoutError):
    """The deadline passed before the query began."""

    def __str__(self) -> str:
        return "query timed out in query queue"


class QueryRunner:
    """Runs blocking reads for requests, each in a thread of its own; counts them in `own`.

    Several may share a log.
    """

    def __init__(
        self, own: OwnMetrics | None, limits: QueryLimits, log: QueryLog | None = None
    ) -> None:
        self.limits = limits
        self.log = log or QueryLog()
        self.refused = 0
        self.active = 0
        self._own = own
        self._free = asyncio.Semaphore(limits.at_once)
        self._workers = Workers()
        self._brief: set[tuple[str, str]] = set()
        self._stopping = threading.Event()

    def timeout_ms(self) -> int:
        """The time a query has when it names none, and at most."""
        return round(self.limits.timeout.total_seconds() * 1000)

    async def run(
        self,
        request: Request,
        timeout_ms: int,
        work: Callable[[Limits], T],
        asked: Asked | None = None,
        at_once: Callable[[Limits], T] | None = None,
    ) -> T:
        """Do `work` in a thread. Raises `ApiError` for every way in which a query can fail.

        `at_once` does the same, but gives up with `PromqlError` where it would have to wait: it is
        called instead, without a thread, for a query that was brief the last time.
        """
        asked = asked or Asked.of(request, request.query_params.get("query", ""))
        if self.active >= self.limits.at_once + self.limits.waiting:
            self.refused += 1
            if self._own is not None:
                self._own.count_query("unavailable", 0.0)
            raise ApiError("unavailable", "too many queries are waiting: try again soon", RETRY)
        self.active += 1
        with self.log.watched(asked):
            try:
                result = self._briefly(at_once, asked)
                if result is None:
                    result = await self._watch(request, timeout_ms, work, asked)
                asked.outcome = "ok"
                return result
            except ApiError as error:
                asked.outcome = error.kind
                raise
            finally:
                self.active -= 1
                if asked.outcome == "running":  # the request itself was cancelled
                    asked.outcome = "canceled"
                self._ended(asked)

    def _briefly(self, at_once: Callable[[Limits], T] | None, asked: Asked) -> T | None:
        """The result of a brief query; None when it is not one, or others wait."""
        if at_once is None or asked.key not in self._brief or self._free.locked():
            return None
        try:
            return at_once(Limits(MOST_SAMPLES, time.monotonic() + MOST_SECONDS))
        except PromqlError:
            return None

    async def _watch(
        self, request: Request, timeout_ms: int, work: Callable[[Limits], T], asked: Asked
    ) -> T:
        """End the work when its client goes."""
        gone = threading.Event()
        limits = Limits(
            max_samples=self.limits.samples,
            deadline=time.monotonic() + min(timeout_ms, self.timeout_ms()) / 1000,
            canceled=lambda: gone.is_set() or self._stopping.is_set(),
        )
        task = asyncio.create_task(self._when_free(work, limits, asked))
        try:
            while not (await asyncio.wait([task], timeout=DISCONNECT_POLL_SECONDS))[0]:
                if not gone.is_set() and await request.is_disconnected():
                    gone.set()
                if not asked.begun:
                    _check(limits)
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
        except MemoryError as error:
            raise ApiError("execution", "the query needs more memory than there is") from error
        finally:
            gone.set()  # also when this request was cancelled
            if not asked.begun:
                task.cancel()  # it leaves the queue

    async def _when_free(self, work: Callable[[Limits], T], limits: Limits, asked: Asked) -> T:
        async with self._free:
            asked.begun, asked.waited = True, time.monotonic() - asked.began
            _check(limits)
            return await asyncio.wrap_future(self._workers.submit(lambda: work(limits)))

    def _ended(self, asked: Asked) -> None:
        seconds = time.monotonic() - asked.began
        self._brief.discard(asked.key)
        if seconds <= BRIEF_SECONDS and asked.outcome == "ok":
            if len(self._brief) >= BRIEF_TEXTS:
                self._brief.clear()
            self._brief.add(asked.key)
        if self._own is not None:
            self._own.count_query(asked.outcome, seconds)
        if seconds > SLOW_SECONDS and asked.query:
            log.warning(
                "slow query: %.1f s, %d samples, %s, by %r: %s",
                seconds, asked.samples, asked.outcome, asked.client, asked.query,
            )  # fmt: skip

    def stop(self) -> None:
        """End every query soon."""
        self._stopping.set()

    def shown(self) -> dict[str, object]:
        """Limits, what runs and what was slowest, as JSON."""
        limits = self.limits
        return {
            "limits": {
                "timeoutSeconds": limits.timeout.total_seconds(), "samples": limits.samples,
                "atOnce": limits.at_once, "waiting": limits.waiting,
            },
            "waiting": max(0, self.active - limits.at_once),
            "refused": self.refused,
            "running": [one.shown() for one in self.log.running()],
            "slowest": [one.shown() for one in self.log.slowest()],
        }  # fmt: skip


class Workers:
    """Threads that wait for work, as many as there ever was work at once.

    To start one takes as long as many a query. They cannot hold up the end of the process, as a
    pool's would.
    """

    def __init__(self) -> None:
        self._waiting: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._idle = 0
        self._lock = threading.Lock()

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Have a thread do it now."""
        future: Future[T] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001  whatever it is, it belongs to who waits
                future.set_exception(error)

        with self._lock:
            found = self._idle > 0
            self._idle -= found
        self._waiting.put(run)
        if not found:
            threading.Thread(target=self._work, name="query", daemon=True).start()
        return future

    def _work(self) -> None:
        while True:
            self._waiting.get()()
            with self._lock:
                self._idle += 1


def _check(limits: Limits) -> None:
    """Raise when a query that waits need not begin any more."""
    if limits.canceled is not None and limits.canceled():
        raise QueryCanceledError
    if limits.deadline is not None and time.monotonic() > limits.deadline:
        raise QueueTimeoutError
