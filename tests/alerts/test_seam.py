"""Rules are asked of telemetry over HTTP, in bounded time; a slow one holds up no other."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from tests.alerts.conftest import T0
from tests.prometheus_server import Asked, Telemetry, failure, reply, success, vector

from watchbill import prometheus
from watchbill.alerts import ticks
from watchbill.alerts.evaluate import evaluate_due
from watchbill.alerts.models import Alert, Rule, RuleGroup

pytestmark = pytest.mark.django_db


@pytest.fixture
def engine(settings: Any) -> Iterator[Telemetry]:
    """A server at the address where telemetry is looked for."""
    running = Telemetry()
    settings.TELEMETRY_URL = running.url
    yield running
    running.close()


@pytest.fixture
def rules(group: RuleGroup) -> dict[str, Rule]:
    """Three rules of one group, by name, which is their query too."""
    return {
        name: Rule.objects.create(
            group=group, key=name, position=place, line=1, name=name, expr=name, health_since=T0
        )
        for place, name in enumerate(("quick", "slow", "other"))
    }


def health(rules: dict[str, Rule]) -> dict[str, str]:
    return {name: Rule.objects.get(pk=rule.pk).health for name, rule in rules.items()}


def by_query(**answers: Callable[[BaseHTTPRequestHandler], None]) -> Any:
    def answer(handler: BaseHTTPRequestHandler, path: str, asked: Asked) -> None:
        answers.get(asked["query"][0], fires)(handler)

    return answer


def fires(handler: BaseHTTPRequestHandler) -> None:
    reply(handler, success(vector(({"host": "a"}, "1"))))


def test_a_rule_is_a_query_of_its_moment_with_a_time_limit(
    engine: Telemetry, rules: dict[str, Rule]
) -> None:
    engine.answer = by_query()
    assert ticks.evaluate_due(T0) == 1
    assert set(engine.purposes) == {"rules"}
    assert {path for _, path, _ in engine.asked} == {"/api/v1/query"}
    assert {asked["query"][0] for _, _, asked in engine.asked} == {"quick", "slow", "other"}
    for method, _, asked in engine.asked:
        assert (method, asked["time"]) == ("POST", [str(T0.timestamp())])
        assert asked["timeout"] == ["27s"]
    assert Alert.objects.filter(state="firing").count() == 3


def test_one_that_takes_too_long_is_told_and_the_others_go_on(
    engine: Telemetry, rules: dict[str, Rule]
) -> None:
    def too_long(handler: BaseHTTPRequestHandler) -> None:
        reply(handler, failure("timeout", "query timed out in expression evaluation"), 503)

    engine.answer = by_query(slow=too_long)
    evaluate_due(T0, prometheus.query)
    assert health(rules) == {"quick": "ok", "slow": "error", "other": "ok"}
    assert "timed out" in Rule.objects.get(name="slow").error


def test_an_engine_under_load_is_asked_again(engine: Telemetry, rules: dict[str, Rule]) -> None:
    refusals = [3]

    def busy(handler: BaseHTTPRequestHandler) -> None:
        if refusals[0] == 0:
            fires(handler)
            return
        refusals[0] -= 1
        handler.send_response(503)
        handler.send_header("Retry-After", "0")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    engine.answer = by_query(slow=busy)
    evaluate_due(T0, prometheus.query)
    assert health(rules) == {"quick": "ok", "slow": "ok", "other": "ok"}


def test_an_engine_that_is_away_leaves_all_unknown(away: None, rules: dict[str, Rule]) -> None:
    evaluate_due(T0, prometheus.query)
    assert set(health(rules).values()) == {"unknown"}
    assert "nothing answers at http://" in Rule.objects.get(name="slow").error
