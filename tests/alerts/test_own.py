"""Rules that cannot be evaluated raise an alert of their own, after a minute."""

from datetime import timedelta

from tests.alerts.conftest import T0

from watchbill.alerts.models import Alert, Change, Rule
from watchbill.alerts.own import watch_rules

MINUTE = timedelta(minutes=1)


def test_silence_of_telemetry_pages_after_a_minute_and_ends(rule: Rule) -> None:
    Rule.objects.update(health="unknown", error="nothing answers", health_since=T0)
    assert watch_rules(T0 + MINUTE / 2) == 0
    assert watch_rules(T0 + MINUTE) == 1
    assert watch_rules(T0 + MINUTE * 2) == 0
    alert = Alert.objects.get()
    assert (alert.name, alert.severity, alert.state) == ("TelemetryAway", "critical", "firing")
    assert "nothing answers" in alert.summary
    Rule.objects.update(health="ok", health_since=T0 + MINUTE * 3)
    assert watch_rules(T0 + MINUTE * 3) == 1
    assert Alert.objects.get().state == "resolved"
    assert [c.after for c in Change.objects.order_by("id")] == ["firing", "resolved"]


def test_a_failing_rule_warns_once_for_each_time(rule: Rule) -> None:
    for turn in range(2):
        at = T0 + turn * 10 * MINUTE
        Rule.objects.update(health="error", error="wrong", health_since=at)
        watch_rules(at + MINUTE)
        Rule.objects.update(health="ok", health_since=at + 2 * MINUTE)
        watch_rules(at + 2 * MINUTE)
    assert Alert.objects.get().labels["rule"] == "web/Errors"
    assert [c.after for c in Change.objects.order_by("id")] == ["firing", "resolved"] * 2
