"""`rules` and `alerts` as Prometheus answers them, for whoever is signed in."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from tests.alerts.conftest import T0, FakeTelemetry

from watchbill.alerts.evaluate import evaluate_due
from watchbill.alerts.models import Alert, Rule, RuleGroup
from watchbill.alerts.prometheus_api import _number
from watchbill.people.models import Person, Token

API = "/telemetry/api/v1"
NEVER = "0001-01-01T00:00:00Z"


@pytest.fixture
def browser(client: Client, jun: Person) -> Client:
    client.force_login(jun)
    return client


def asked(browser: Client, **parameters: object) -> list[dict[str, Any]]:
    """The groups that `rules` answers with."""
    answer = browser.get(f"{API}/rules", parameters).json()
    assert answer["status"] == "success"
    groups: list[dict[str, Any]] = answer["data"]["groups"]
    return groups


def test_a_rule_that_was_never_evaluated(browser: Client, rule: Rule) -> None:
    assert asked(browser) == [{
        "name": "web", "file": "web.yml", "interval": 15.0, "limit": 0,
        "lastEvaluation": NEVER, "evaluationTime": 0.0,
        "rules": [{
            "type": "alerting", "name": "Errors", "query": "errors > 1", "duration": 60.0,
            "keepFiringFor": 0.0, "labels": {"severity": "critical"},
            "annotations": {"summary": "{{ $value }} on {{ $labels.host }}"},
            "state": "inactive", "alerts": [], "health": "unknown",
            "lastEvaluation": NEVER, "evaluationTime": 0.0,
        }],
    }]  # fmt: skip


def test_a_rule_whose_alert_fires(browser: Client, rule: Rule, telemetry: FakeTelemetry) -> None:
    telemetry.says({"host": "a"}, value=2.5)
    for state, at in (("pending", T0), ("firing", T0 + timedelta(minutes=1))):
        evaluate_due(at, telemetry)
        (group,) = asked(browser)
        (one,) = group["rules"]
        assert (one["state"], one["health"], "lastError" in one) == (state, "ok", False)
        assert group["lastEvaluation"] == one["lastEvaluation"] == f"{at:%Y-%m-%dT%H:%M:%SZ}"
        assert one["alerts"] == [{
            "labels": {"alertname": "Errors", "host": "a", "severity": "critical"},
            "annotations": {"summary": "2.5 on a"},
            "state": state, "activeAt": "2026-03-01T08:00:00Z", "value": "2.5e+00",
        }]  # fmt: skip
        assert browser.get(f"{API}/alerts").json() == {
            "status": "success", "data": {"alerts": one["alerts"]}
        }  # fmt: skip
    (bare,) = asked(browser, exclude_alerts="true")[0]["rules"]
    assert (bare["state"], bare["alerts"]) == ("firing", [])


def test_an_alert_that_is_only_kept_firing(
    browser: Client, rule: Rule, telemetry: FakeTelemetry
) -> None:
    Rule.objects.update(hold=0, keep_firing=300)
    telemetry.says({"host": "a"})
    evaluate_due(T0, telemetry)
    telemetry.says()
    evaluate_due(T0 + timedelta(seconds=15), telemetry)
    (alert,) = browser.get(f"{API}/alerts").json()["data"]["alerts"]
    assert (alert["state"], alert["keepFiringSince"]) == ("firing", "2026-03-01T08:00:15Z")


def test_what_is_over_sent_by_others_or_out_of_force_is_not_there(
    browser: Client, rule: Rule, firing: Callable[..., Alert]
) -> None:
    firing(host="from another system")
    firing(host="over")
    Alert.objects.filter(labels__host="over").update(rule=rule, state="resolved")
    assert browser.get(f"{API}/alerts").json()["data"] == {"alerts": []}
    Rule.objects.update(in_force=False)
    assert asked(browser) == []


@pytest.mark.parametrize(
    ("health", "shown"),
    [("new", "unknown"), ("ok", "ok"), ("error", "err"), ("unknown", "unknown")],
)
def test_health_in_prometheus_words(browser: Client, rule: Rule, health: str, shown: str) -> None:
    error = "" if shown == "ok" else "nothing answers"
    Rule.objects.update(health=health, error=error)
    (one,) = asked(browser)[0]["rules"]
    assert (one["health"], one.get("lastError", "")) == (shown, error)


@pytest.mark.parametrize(
    ("parameters", "wanted"),
    [
        ({}, ["Errors", "Slow"]),
        ({"type": "alert"}, ["Errors", "Slow"]),
        ({"type": "record"}, []),
        ({"rule_name[]": "Slow"}, ["Slow"]),
        ({"rule_name[]": ["Slow", "Errors"]}, ["Errors", "Slow"]),
        ({"rule_group[]": "web"}, ["Errors", "Slow"]),
        ({"rule_group[]": "db"}, []),
        ({"file[]": "web.yml", "rule_name[]": "Errors"}, ["Errors"]),
        ({"file[]": "db.yml"}, []),
        ({"match[]": '{severity="critical"}'}, ["Errors"]),
        ({"match[]": ['{severity="critical"}', '{severity=~"w.*"}']}, ["Errors", "Slow"]),
        ({"exclude_alerts": "0", "type": "Alert"}, ["Errors", "Slow"]),
    ],
)
def test_narrowed(
    browser: Client, rule: Rule, group: RuleGroup, parameters: dict[str, str], wanted: list[str]
) -> None:
    Rule.objects.create(
        group=group, key="s", position=1, line=9, name="Slow", expr="latency > 1",
        labels={"severity": "warning"},
    )  # fmt: skip
    groups = asked(browser, **parameters)
    assert [rule["name"] for group in groups for rule in group["rules"]] == wanted
    assert len(groups) == bool(wanted)


@pytest.mark.parametrize(
    "parameters", [{"type": "x"}, {"match[]": "{a~b}"}, {"exclude_alerts": "perhaps"}]
)
def test_a_wrong_parameter_is_told(browser: Client, parameters: dict[str, str]) -> None:
    answer = browser.get(f"{API}/rules", parameters)
    assert (answer.status_code, answer.json()["errorType"]) == (400, "bad_data")


@pytest.mark.parametrize("path", ["rules", "alerts"])
def test_who_may_read(client: Client, source: Token, personal: Token, path: str) -> None:
    for secret, status in (("sams-secret", 200), ("source-secret", 401)):
        headers = {"Authorization": f"Bearer {secret}"}
        assert client.get(f"{API}/{path}", headers=headers).status_code == status
    assert client.get(f"{API}/{path}").json()["errorType"] == "unauthorized"
    assert client.post(f"{API}/{path}").status_code == 405


def test_many_rules_take_few_queries(
    browser: Client, group: RuleGroup, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    for number in range(50):
        made = Rule.objects.create(
            group=group, key=str(number), position=number, line=1, name=f"R{number}", expr="up"
        )
        Alert.objects.create(fingerprint=f"f{number}", state="firing", rule=made, active_at=T0)
    with django_assert_max_num_queries(4):  # session, person, rules, alerts
        (one,) = asked(browser)
    assert len(one["rules"]) == 50
    assert all(len(rule["alerts"]) == 1 for rule in one["rules"])


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0, "0e+00"), (1.0, "1e+00"), (-2.5, "-2.5e+00"), (100.0, "1e+02"), (1e-9, "1e-09"),
        (123456.789, "1.23456789e+05"), (1e300, "1e+300"), (float("inf"), "+Inf"),
        (float("-inf"), "-Inf"), (float("nan"), "NaN"),
    ],
)  # fmt: skip
def test_numbers_as_go_writes_them(value: float, written: str) -> None:
    assert _number(value) == written
