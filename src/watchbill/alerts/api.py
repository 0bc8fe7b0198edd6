"""Alerts, rules and silences over REST and command line."""

from typing import Any

from django.db.models import QuerySet

from watchbill.acts.rest import Resource
from watchbill.alerts.models import Alert, Rule, Silence
from watchbill.lib import clock


def alert(alert: Alert) -> dict[str, Any]:
    """An alert as JSON."""
    return {
        "name": alert.name,
        "state": alert.state,
        "severity": alert.severity,
        "summary": alert.summary,
        "component": alert.component.slug if alert.component else None,
        "labels": alert.labels,
        "annotations": alert.annotations,
        "value": alert.value,
        "active_at": alert.active_at,
        "starts_at": alert.starts_at,
        "ends_at": alert.ends_at,
        "source": alert.source,
        "rule": alert.rule_id,
        "taken_by": alert.taken_by.username if alert.taken_by else None,
        "closed_at": alert.closed_at,
        "cause": alert.cause,
        "fingerprint": alert.fingerprint,
        "url": alert.get_absolute_url(),
    }


def rule(rule: Rule) -> dict[str, Any]:
    """A rule as JSON."""
    return {
        "name": rule.name,
        "group": rule.group.name,
        "file": rule.group.file.path,
        "line": rule.line,
        "expr": rule.expr,
        "interval": rule.group.interval,
        "for": rule.hold,
        "keep_firing_for": rule.keep_firing,
        "labels": rule.labels,
        "annotations": rule.annotations,
        "in_force": rule.in_force,
        "health": rule.health,
        "error": rule.error,
        "evaluated_at": rule.group.evaluated_at,
        "refused": rule.group.file.wrong,
    }


def silence(silence: Silence) -> dict[str, Any]:
    """A silence as JSON."""
    return {
        "matchers": silence.matchers,
        "state": silence.state(clock.now()),
        "starts_at": silence.starts_at,
        "ends_at": silence.ends_at,
        "by": silence.by.username,
        "comment": silence.comment,
        "url": silence.get_absolute_url(),
    }


def _alerts() -> QuerySet[Alert]:
    related = Alert.objects.select_related("component", "rule", "token", "taken_by")
    return related.order_by("-starts_at", "-id")


def _rules() -> QuerySet[Rule]:
    return Rule.objects.filter(in_force=True).select_related("group__file").order_by("id")


def _silences() -> QuerySet[Silence]:
    return Silence.objects.select_related("by").order_by("-ends_at")


RESOURCES = [
    Resource(
        "alerts",
        Alert,
        alert,
        find=_alerts,
        filters={
            "state": "state",
            "severity": "severity",
            "component": "component__slug",
            "name": "name",
            "taken_by": "taken_by__username",
        },
        doc="Alerts of rules and of other systems.",
    ),
    Resource(
        "rules",
        Rule,
        rule,
        find=_rules,
        filters={"health": "health", "group": "group__name", "name": "name"},
        doc="Alert rules in force, with their health.",
    ),
    Resource(
        "silences",
        Silence,
        silence,
        find=_silences,
        filters={"by": "by__username"},
        doc="What was and is kept quiet.",
    ),
]
