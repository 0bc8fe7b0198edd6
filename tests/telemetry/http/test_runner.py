"""Limits on queries: how many run, how many wait, who is told to come again, who leaves."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from starlette.requests import Request

from watchbill.telemetry.config import QueryLimits
from watchbill.telemetry.http.answers import ApiError
from watchbill.telemetry.http.querylog import KEPT, TEXT, Asked, QueryLog
from watchbill.telemetry.http.runner import BRIEF_SECONDS, QueryRunner
from watchbill.telemetry.promql.errors import EvalError
from watchbill.telemetry.promql.scope import Limits


class Client:
    """Somebody who asks, and may go away."""

    def __init__(self) -> None:
        self.gone = False

    async def receive(self) -> dict[str, Any]:
        while not self.gone:
            await asyncio.sleep(3600)
        return {"type": "http.disconnect"}

    def request(self) -> Request:
        scope = {"type": "http", "method": "GET", "path": "/api/v1/query", "headers": [],
                 "query_string": b"query=up"}  # fmt: skip
        return Request(scope, self.receive)


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(scenario())


def runner(**limits: Any) -> QueryRunner:
    return QueryRunner(None, QueryLimits(**{"at_once": 1, "waiting": 1, **limits}))


def test_beyond_those_that_wait_one_is_told_to_come_again() -> None:
    async def scenario() -> None:
        runs, release = runner(), threading.Event()
        ask = [asyncio.create_task(runs.run(Client().request(), 9_000, lambda _: release.wait(9)))
               for _ in range(2)]  # fmt: skip
        await asyncio.sleep(0.05)
        assert (runs.shown()["waiting"], len(runs.log.running())) == (1, 2)
        with pytest.raises(ApiError, match="too many queries are waiting") as refused:
            await runs.run(Client().request(), 9_000, lambda _: True)
        assert refused.value.response().status_code == 503
        assert refused.value.headers == {"Retry-After": "1"}
        assert runs.refused == 1
        release.set()
        assert await asyncio.gather(*ask) == [True, True]
        assert runs.log.running() == []

    run(scenario)


def test_the_time_out_counts_the_waiting() -> None:
    async def scenario() -> None:
        runs, release = runner(), threading.Event()
        first = asyncio.create_task(runs.run(Client().request(), 9_000, lambda _: release.wait(9)))
        await asyncio.sleep(0.05)
        began = time.monotonic()
        with pytest.raises(ApiError, match="query timed out in query queue") as late:
            await runs.run(Client().request(), 100, lambda _: True)
        assert late.value.kind == "timeout"
        assert time.monotonic() - began < 2
        release.set()
        assert await first
        assert await runs.run(Client().request(), 9_000, lambda _: 7) == 7

    run(scenario)


def test_a_query_may_ask_for_less_time_than_the_limit_but_not_for_more() -> None:
    async def scenario() -> None:
        runs = runner(timeout=timedelta(seconds=5))

        def left(limits: Limits) -> float:
            assert limits.deadline is not None
            return limits.deadline - time.monotonic()

        assert 1 < await runs.run(Client().request(), 2_000, left) <= 2
        assert 4 < await runs.run(Client().request(), 60_000, left) <= 5

    run(scenario)


def test_who_goes_away_leaves_the_queue_and_ends_the_query() -> None:
    async def scenario() -> None:
        runs, saw = runner(), threading.Event()

        def until_canceled(limits: Limits) -> None:
            assert limits.canceled is not None
            while not limits.canceled():
                time.sleep(0.01)
            saw.set()

        one, two = Client(), Client()
        first = asyncio.create_task(runs.run(one.request(), 9_000, until_canceled))
        await asyncio.sleep(0.05)
        second = asyncio.create_task(runs.run(two.request(), 9_000, lambda _: True))
        await asyncio.sleep(0.05)
        two.gone = True
        with pytest.raises(ApiError) as left:
            await second
        assert left.value.kind == "canceled"
        assert len(runs.log.running()) == 1
        one.gone = True
        await first
        assert saw.is_set()

    run(scenario)


def test_faults_of_the_query_have_their_kinds_and_are_logged() -> None:
    async def scenario() -> None:
        runs = runner()

        def fail(_: Limits) -> None:
            raise MemoryError

        with pytest.raises(ApiError, match="more memory") as failed:
            await runs.run(Client().request(), 9_000, fail)
        assert failed.value.kind == "execution"
        (logged,) = runs.log.slowest()
        assert (logged.query, logged.outcome) == ("up", "execution")

    run(scenario)


def test_the_log_keeps_the_slowest_and_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = [1_000_000.0]
    monkeypatch.setattr("watchbill.lib.clock.seconds", lambda: moment[0])
    log = QueryLog()

    def note(query: str, seconds: float) -> None:
        asked = Asked(query[:TEXT], "/api/v1/query", "", moment[0])
        with log.watched(asked):
            asked.began -= seconds

    for k in range(3 * KEPT):
        note(f"q{k}", float(k))
    note("q149", 1.0)  # it was slower before: that counts
    slowest = log.slowest()
    assert [one.query for one in slowest] == [f"q{k}" for k in range(149, 99, -1)]
    assert slowest[0].seconds >= 149
    moment[0] += 86_401
    note("q149", 1.0)
    assert [(one.query, round(one.seconds)) for one in log.slowest()] == [("q149", 1)]


def test_a_brief_query_is_done_at_once_the_next_time_unless_it_would_have_to_wait() -> None:
    async def scenario() -> None:
        runs, waits = runner(at_once=2), False

        def at_once(_: Limits) -> str:
            if waits:
                raise EvalError("this cannot be read at once")
            return threading.current_thread().name

        def in_thread(_: Limits) -> str:
            return threading.current_thread().name

        async def ask(work: Callable[[Limits], str] = in_thread) -> str:
            asked = Asked("up", "/api/v1/query", "", 0.0)
            return await runs.run(Client().request(), 9_000, work, asked, at_once)

        def slow(limits: Limits) -> str:
            time.sleep(2 * BRIEF_SECONDS)
            return in_thread(limits)

        assert await ask(slow) == "query"
        assert await ask() == "query", "it was slow the last time"
        while await ask() != "MainThread":
            pass  # a busy machine may have made it slow
        waits = True
        assert await ask(slow) == "query"
        waits = False
        assert await ask() == "query"

    run(scenario)
