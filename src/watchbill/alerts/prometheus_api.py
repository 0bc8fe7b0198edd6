"""`rules` and `alerts` of the Prometheus API: rules are evaluated here, so telemetry has neither.

They stand beside what monitoring passes on to telemetry. Pages of groups (`group_limit`) are not
made: all come at once. https://prometheus.io/docs/prometheus/latest/querying/api/#rules
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from http import HTTPStatus
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.views.decorators.http import require_safe

from watchbill.alerts import matchers
from watchbill.alerts.models import Alert, Rule, RuleGroup
from watchbill.monitoring.proxy import for_readers, refuse

NEVER = "0001-01-01T00:00:00Z"  # Go's zero time
TYPES = ("", "alert", "record")
TRUE, FALSE = {"1", "t", "true"}, {"", "0", "f", "false"}
HEALTH: Mapping[str, str] = {Rule.Health.OK: "ok", Rule.Health.ERROR: "err"}  # else "unknown"
CHOSEN_BY = {"rule_name[]": "name", "rule_group[]": "group__name", "file[]": "group__file__path"}


@require_safe
@for_readers
def rules(request: HttpRequest) -> HttpResponse:
    """Prometheus's `rules`: the groups in force, each rule with its health and active alerts."""
    try:
        found, bare = _chosen(request.GET), _flag(request.GET, "exclude_alerts")
    except ValueError as error:
        return refuse(HTTPStatus.BAD_REQUEST, "bad_data", str(error))
    active = defaultdict(list)
    for alert in _active():
        active[alert.rule_id].append(alert)
    groups: dict[int, dict[str, Any]] = {}
    for rule in found:
        group = groups.setdefault(rule.group_id, _group(rule.group))
        group["rules"].append(_rule(rule, active[rule.pk], bare=bare))
    return _success({"groups": list(groups.values())})


@require_safe
@for_readers
def alerts(request: HttpRequest) -> HttpResponse:
    """Prometheus's `alerts`: those of rules that are pending or firing."""
    return _success({"alerts": [_alert(alert) for alert in _active()]})


def _success(data: Mapping[str, Any]) -> JsonResponse:
    return JsonResponse({"status": "success", "data": data})


def _active() -> QuerySet[Alert]:
    of_rules = Alert.objects.filter(rule__in_force=True).exclude(state=Alert.State.RESOLVED)
    return of_rules.order_by("id")


def _chosen(asked: QueryDict) -> Iterable[Rule]:
    """The rules that the parameters ask for, in the order of their files. Raises ValueError."""
    kind = asked.get("type", "").lower()
    if kind not in TYPES:
        raise ValueError(f'not supported value "{kind}"')
    selectors = [matchers.parse(text) for text in asked.getlist("match[]")]
    found = Rule.objects.filter(in_force=True).select_related("group__file")
    for parameter, field in CHOSEN_BY.items():
        if wanted := asked.getlist(parameter):
            found = found.filter(**{f"{field}__in": wanted})
    if kind == "record":
        return []
    return [
        rule
        for rule in found.order_by("group__file__path", "group__id", "position")
        if not selectors or any(matchers.match_all(one, rule.labels) for one in selectors)
    ]


def _flag(asked: QueryDict, name: str) -> bool:
    text = asked.get(name, "").lower()
    if text not in TRUE | FALSE:
        raise ValueError(f'invalid parameter "{name}": "{text}" is not true or false')
    return text in TRUE


def _group(group: RuleGroup) -> dict[str, Any]:
    return {
        "name": group.name,
        "file": group.file.path,
        "interval": group.interval,
        "limit": group.limit,
        "rules": [],
        **_evaluated(group),
    }


def _evaluated(group: RuleGroup) -> dict[str, Any]:
    """When and how long: the same for a group and its rules, which are asked at the same time."""
    return {"lastEvaluation": group.evaluated_at or NEVER, "evaluationTime": group.took}


def _rule(rule: Rule, active: Sequence[Alert], *, bare: bool) -> dict[str, Any]:
    states = {alert.state for alert in active}
    return {
        "state": next((s for s in ("firing", "pending") if s in states), "inactive"),
        "name": rule.name,
        "query": rule.expr,
        "duration": rule.hold,
        "keepFiringFor": rule.keep_firing,
        "labels": rule.labels,
        "annotations": rule.annotations,
        "alerts": [] if bare else [_alert(alert) for alert in active],
        "health": HEALTH.get(rule.health, "unknown"),
        **({"lastError": rule.error} if rule.error else {}),
        **_evaluated(rule.group),
        "type": "alerting",
    }


def _alert(alert: Alert) -> dict[str, Any]:
    return {
        "labels": alert.labels,
        "annotations": alert.annotations,
        "state": alert.state,
        "activeAt": alert.active_at,
        **({"keepFiringSince": alert.kept_since} if alert.kept_since else {}),
        "value": _number(math.nan if alert.value is None else alert.value),
    }


def _number(value: float) -> str:
    """As Go's strconv.FormatFloat(value, 'e', -1, 64) writes it: 1.5e+00."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{value:+}".title()
    digits, _, exponent = f"{Decimal(repr(value)).normalize():e}".partition("e")
    return f"{digits}e{int(exponent):+03d}"
