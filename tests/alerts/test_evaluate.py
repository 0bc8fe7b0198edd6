"""Rules become alerts: Prometheus's states, outliving restarts, beside other workers."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.alerts.conftest import T0, FakeTelemetry

from watchbill.alerts.evaluate import Seen, advance, evaluate_due
from watchbill.alerts.models import Alert, Change, Rule, RuleGroup
from watchbill.catalog.models import Component
from watchbill.prometheus import QueryRefused, TelemetryAway
from watchbill.web.models import Event

HOST = {"__name__": "errors", "host": "a"}


def run(telemetry: FakeTelemetry, *seconds: float) -> None:
    for second in seconds:
        evaluate_due(T0 + timedelta(seconds=second), telemetry)


def changes() -> list[tuple[str, str]]:
    return list(Change.objects.order_by("id").values_list("before", "after"))


def test_an_alert_waits_out_its_for_then_fires_then_ends(
    rule: Rule, telemetry: FakeTelemetry
) -> None:
    telemetry.says(HOST, value=5.0)
    run(telemetry, 0, 15, 30, 45)
    alert = Alert.objects.get()
    assert (alert.state, alert.active_at, alert.starts_at) == ("pending", T0, None)
    run(telemetry, 60)
    alert.refresh_from_db()
    assert (alert.state, alert.starts_at) == ("firing", T0 + timedelta(seconds=60))
    assert alert.labels == {"alertname": "Errors", "host": "a", "severity": "critical"}
    assert (alert.summary, alert.severity, alert.value) == ("5 on a", "critical", 5.0)
    telemetry.says()
    run(telemetry, 75)
    alert.refresh_from_db()
    assert (alert.state, alert.ends_at) == ("resolved", T0 + timedelta(seconds=75))
    assert changes() == [("", "pending"), ("pending", "firing"), ("firing", "resolved")]
    assert Event.objects.filter(topic=alert.ref).count() == 3


def test_it_is_asked_at_fixed_moments_also_when_late(rule: Rule, telemetry: FakeTelemetry) -> None:
    run(telemetry, 0, 7, 16.2, 100)
    at = [(when - T0).total_seconds() for _, when in telemetry.asked if when]
    assert at == [0, 15, 90]


def test_a_condition_that_pauses_starts_its_for_anew(rule: Rule, telemetry: FakeTelemetry) -> None:
    telemetry.says(HOST)
    run(telemetry, 0, 15)
    telemetry.says()
    run(telemetry, 30)
    telemetry.says(HOST)
    run(telemetry, 45, 60, 75, 90)
    assert Alert.objects.get().state == "pending"
    run(telemetry, 105)
    assert Alert.objects.get().state == "firing"


def test_another_occurrence_is_nobodys_again(
    rule: Rule, telemetry: FakeTelemetry, ann: object
) -> None:
    telemetry.says(HOST)
    run(telemetry, 0, 15, 30, 45, 60)
    Alert.objects.update(taken_by=ann, closed_by=ann, closed_at=T0, cause="noise")
    telemetry.says()
    run(telemetry, 75)
    assert Alert.objects.get().taken_by is not None
    telemetry.says(HOST)
    run(telemetry, 90)
    again = Alert.objects.get()
    assert (again.taken_by, again.closed_at, again.cause, again.starts_at) == (None, None, "", None)


def test_keep_firing_for_bridges_a_gap(rule: Rule, telemetry: FakeTelemetry) -> None:
    Rule.objects.update(hold=0, keep_firing=60)
    telemetry.says(HOST)
    run(telemetry, 0)
    telemetry.says()
    run(telemetry, 15, 30, 45, 60)
    assert Alert.objects.get().state == "firing"
    telemetry.says(HOST)
    run(telemetry, 75)
    assert Alert.objects.get().kept_since is None
    telemetry.says()
    run(telemetry, 90, 105, 120, 135, 150)
    assert Alert.objects.get().state == "resolved"
    assert changes() == [("", "firing"), ("firing", "resolved")]


def test_beyond_its_limit_a_rule_has_no_alerts_and_says_so(
    rule: Rule, telemetry: FakeTelemetry
) -> None:
    Rule.objects.update(hold=0)
    RuleGroup.objects.update(limit=1)
    telemetry.says(HOST)
    run(telemetry, 0)
    telemetry.says(HOST, {"host": "b"})
    run(telemetry, 15)
    rule.refresh_from_db()
    assert rule.health == "error"
    assert "limit of 1" in rule.error
    assert not Alert.objects.exclude(state="resolved").exists()


def test_equal_label_sets_are_an_error_and_change_nothing(
    rule: Rule, telemetry: FakeTelemetry
) -> None:
    Rule.objects.update(hold=0)
    telemetry.says(HOST)
    run(telemetry, 0)
    telemetry.says(HOST, {"__name__": "other", "host": "a"})
    run(telemetry, 15)
    rule.refresh_from_db()
    assert rule.health == "error"
    assert Alert.objects.get().state == "firing"


def test_away_leaves_alerts_as_they_are_and_rules_unknown(
    rule: Rule, telemetry: FakeTelemetry
) -> None:
    Rule.objects.update(hold=0)
    telemetry.says(HOST)
    run(telemetry, 0)
    telemetry.error = TelemetryAway("nothing answers")
    run(telemetry, 15, 30)
    rule.refresh_from_db()
    assert (rule.health, rule.error) == ("unknown", "nothing answers")
    assert rule.health_since == T0 + timedelta(seconds=15)
    assert Alert.objects.get().state == "firing"
    telemetry.says(HOST)
    run(telemetry, 45)
    rule.refresh_from_db()
    assert (rule.health, rule.error) == ("ok", "")


def test_one_bad_rule_does_not_stop_its_neighbours(
    rule: Rule, group: RuleGroup, telemetry: FakeTelemetry
) -> None:
    Rule.objects.create(group=group, key="2", position=1, line=9, name="Other", expr="bad")
    telemetry.says(HOST)

    def ask(query: str, at: object = None) -> object:
        if query == "bad":
            raise QueryRefused("many-to-many matching")
        return telemetry(query)

    evaluate_due(T0, ask)  # type: ignore[arg-type]
    assert Alert.objects.count() == 1
    assert Rule.objects.get(name="Other").error == "many-to-many matching"


def test_time_nobody_evaluated_does_not_count_as_for(rule: Rule, telemetry: FakeTelemetry) -> None:
    telemetry.says(HOST)
    run(telemetry, 0, 15)
    run(telemetry, 3600)  # the machine was off for an hour
    assert Alert.objects.get().state == "pending"
    run(telemetry, 3615, 3630, 3645)
    assert Alert.objects.get().state == "firing"


def test_the_component_comes_from_the_labels(
    rule: Rule, telemetry: FakeTelemetry, checkout: Component
) -> None:
    telemetry.says({"host": "a", "job": "checkout", "service": "unknown"})
    run(telemetry, 0)
    assert Alert.objects.get().component == checkout


def test_two_workers_evaluate_a_moment_once(rule: Rule, telemetry: FakeTelemetry) -> None:
    telemetry.says(HOST)
    assert evaluate_due(T0, telemetry) == 1
    assert evaluate_due(T0, telemetry) == 0


def test_an_answer_that_comes_late_changes_nothing_newer(
    rule: Rule, telemetry: FakeTelemetry
) -> None:
    """A worker hung on its query, and another has evaluated the next moment meanwhile."""
    telemetry.says(HOST)
    RuleGroup.objects.update(evaluated_at=T0 + timedelta(seconds=15))
    evaluate_due(T0, telemetry)
    assert not Alert.objects.exists()


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.integers(0, 5), st.integers(0, 5))
@settings(deadline=None)
def test_firing_is_what_the_definition_says(holds: list[bool], hold: int, keep: int) -> None:
    """Against a second, slower statement of the same rule over the whole history."""
    rule = Rule(pk=1, name="X", hold=hold, keep_firing=keep)
    alert = Alert(state="")
    fired = False
    for second, condition in enumerate(holds):
        at = T0 + timedelta(seconds=second)
        seen = Seen({"alertname": "X"}, {}, 1.0) if condition else None
        if seen is not None or alert.state:
            advance(alert, rule, seen, at)
        run_length = 0
        while run_length <= second and holds[second - run_length]:
            run_length += 1
        gap = 0
        while gap <= second and not holds[second - gap]:
            gap += 1
        fired = (fired and (condition or 0 < gap <= keep)) or run_length > hold
        assert (alert.state == "firing") is fired


@pytest.mark.parametrize("word", ["service", "job", "component"])
def test_each_label_that_names_components_works(
    rule: Rule, telemetry: FakeTelemetry, checkout: Component, word: str
) -> None:
    telemetry.says({"host": "a", word: "checkout"})
    run(telemetry, 0)
    assert Alert.objects.get().component == checkout


def test_a_clock_that_was_put_back_stops_nothing(rule: Rule, telemetry: FakeTelemetry) -> None:
    telemetry.says(HOST)
    run(telemetry, 3600, 3615, -3600, -3585, -3570, -3555, -3540)
    assert len(telemetry.asked) == 7
    alert = Alert.objects.get()
    assert (alert.state, alert.starts_at) == ("firing", T0 - timedelta(seconds=3540))


def test_a_group_that_is_not_due_is_no_sign_of_a_clock_put_back(
    rule: Rule, group: RuleGroup, telemetry: FakeTelemetry
) -> None:
    RuleGroup.objects.update(interval=3600)
    run(telemetry, 0, 1, 3599)
    assert len(telemetry.asked) == 1
