"""Which engine answers: told from what it says, by a server that says it."""

import json
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from django.test import Client
from tests.prometheus_server import Asked, Telemetry, reply, success

from watchbill.monitoring import engine
from watchbill.people.models import Person

pytestmark = pytest.mark.django_db
PATH = "/monitoring/engine/"


def is_engine(telemetry: Telemetry, answers: dict[str, Any]) -> None:
    """Answer each path with text or, in the envelope, JSON; others are unknown."""

    def answer(handler: BaseHTTPRequestHandler, path: str, asked: Asked) -> None:
        told = answers.get(path)
        if told is None:
            reply(handler, b"404 page not found", 404)
        else:
            reply(handler, told.encode() if isinstance(told, str) else success(told))

    telemetry.answer = answer


def has(found: engine.Engine) -> dict[str, bool | None]:
    return {one.what: one.has for one in found.abilities}


SLOW = {
    "query": "sum(<b>)", "path": "/api/v1/query_range", "range": "1h by 15s",
    "client": "Grafana/12",
    "at": "2026-03-03T02:41:00Z", "seconds": 3.5, "waited": 0.5, "samples": 12,
    "outcome": "timeout",
}  # fmt: skip
LIMITS = {"timeoutSeconds": 120.0, "samples": 50_000_000, "atOnce": 2, "waiting": 32}


def test_the_own_engine_with_its_limits_and_slowest_queries(
    client: Client, jun: Person, telemetry: Telemetry
) -> None:
    client.force_login(jun)
    is_engine(telemetry, {
        "/-/healthy": "Watchbill telemetry is healthy.\n",
        "/api/v1/status/buildinfo": {"version": "3.14.0", "revision": "0.1.0"},
        "/api/v1/status/queries": {
            "limits": LIMITS, "running": [{**SLOW, "outcome": "running"}], "slowest": [SLOW],
            "refused": 4, "waiting": 0,
        },
    })  # fmt: skip
    page = client.get(PATH).content.decode()
    assert "Watchbill&#x27;s own engine answers." in page
    for told in (
        "version 0.1.0",
        "50,000,000",
        "4 refused",
        "Queries now",
        "Grafana/12",
        "1h by 15s",
    ):
        assert told in page
    assert "sum(&lt;b&gt;)" in page
    assert "sum(<b>)" not in page


@pytest.mark.parametrize(
    ("version", "flags", "expected"),
    [
        ("2.42.0", {}, {"Remote write": False, "Native histograms": False, "Exemplars": False}),
        (
            "2.55.0",
            {
                "web.enable-remote-write-receiver": "true",
                "enable-feature": "exemplar-storage,native-histograms",
            },
            {"Remote write": True, "Native histograms": True, "Exemplars": True},
        ),
        ("3.5.0", {"enable-feature": ""}, {"Remote write": False, "Native histograms": True}),
    ],
)
def test_prometheus_has_what_its_flags_say(
    version: str, flags: dict[str, str], expected: dict[str, bool], telemetry: Telemetry
) -> None:
    is_engine(telemetry, {
        "/-/healthy": "Prometheus Server is Healthy.\n",
        "/api/v1/status/buildinfo": {"version": version},
        "/api/v1/status/flags": flags,
    })  # fmt: skip
    found = engine.look()
    assert (found.kind, found.version, found.load) == (engine.PROMETHEUS, version, None)
    told = has(found)
    assert {what: told[what] for what in expected} == expected
    assert (told["Logs"], told["Slow queries"]) == (False, False)


def test_victoria_metrics_has_slow_queries_and_a_latency(telemetry: Telemetry) -> None:
    top = {"topByAvgDuration": [{"query": "up", "avgDurationSeconds": 1.25, "count": 3}]}
    is_engine(telemetry, {
        "/-/healthy": "VictoriaMetrics is Healthy.\n",
        "/flags": '-search.latencyOffset="7s"\n',
        "/api/v1/status/top_queries": json.dumps(top),
        "/loki/api/v1/labels": [],
    })  # fmt: skip
    found = engine.look()
    assert found.kind == engine.VICTORIA
    assert has(found)["Logs"] is True
    assert "the last 7s" in " ".join(one.says for one in found.abilities)
    assert found.load is not None
    assert found.load.slowest == [engine.SlowQuery("up", 1.25, None, 3)]


def test_an_engine_that_says_nothing_of_itself(
    client: Client, jun: Person, telemetry: Telemetry
) -> None:
    client.force_login(jun)
    is_engine(telemetry, {})
    assert has(engine.look())["Remote write"] is None
    page = client.get(PATH).content.decode()
    assert "A server that speaks Prometheus&#x27;s API answers." in page
    is_engine(telemetry, {
        "/-/healthy": "Watchbill telemetry is healthy.\n",
        "/api/v1/status/queries": {"limits": "none"},
    })  # fmt: skip
    assert engine.look().load is None
