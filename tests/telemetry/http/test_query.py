"""Queries over HTTP without a process: exemplars, which nothing but memory holds."""

import asyncio
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from watchbill.telemetry.config import QueryLimits
from watchbill.telemetry.exemplars import Exemplar, Exemplars
from watchbill.telemetry.http import query
from watchbill.telemetry.http.answers import ApiError
from watchbill.telemetry.http.runner import QueryRunner
from watchbill.telemetry.promql.storage import InMemory, labels_of

ORDERS = labels_of({"__name__": "orders_bucket", "job": "shop", "le": "0.5"})


def ask(method: str = "GET", **given: str) -> httpx.Response:
    exemplars = Exemplars()
    exemplars.add(ORDERS, Exemplar((("trace_id", "a1"),), 0.25, 10_500))
    exemplars.add(ORDERS, Exemplar((("trace_id", "b2"),), 0.5, 20_000))
    exemplars.add(labels_of({"__name__": "other"}), Exemplar((), 1.0, 10_000))

    async def refused(_: Request, error: Exception) -> Response:
        assert isinstance(error, ApiError)
        return error.response()

    async def answer() -> httpx.Response:
        app = Starlette(
            routes=query.routes(InMemory(), QueryRunner(None, QueryLimits()), exemplars),
            exception_handlers={ApiError: refused},
        )
        sent: dict[str, Any] = {"data": given} if method == "POST" else {"params": given}
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://engine") as client:
            return await client.request(method, "/api/v1/query_exemplars", **sent)

    return asyncio.run(answer())


def test_the_exemplars_of_every_series_in_a_query() -> None:
    answer = ask(
        "POST",
        query='histogram_quantile(0.9, sum by (le) (rate(orders_bucket{job="shop"}[5m])))',
        start="10",
        end="15",
    )
    assert answer.json()["data"] == [{
        "seriesLabels": {"__name__": "orders_bucket", "job": "shop", "le": "0.5"},
        "exemplars": [{"labels": {"trace_id": "a1"}, "value": "0.25", "timestamp": 10.5}],
    }]  # fmt: skip
    every = ask(query="orders_bucket + other").json()["data"]
    assert [len(one["exemplars"]) for one in every] == [2, 1]


@pytest.mark.parametrize(
    "given", [{"query": "up", "start": "5", "end": "1"}, {"query": "up{"}, {"query": ""}]
)
def test_wrong_questions_are_bad_data(given: dict[str, str]) -> None:
    answer = ask(**given)
    assert (answer.status_code, answer.json()["errorType"]) == (400, "bad_data")
