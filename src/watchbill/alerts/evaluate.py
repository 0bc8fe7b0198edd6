"""Evaluates rules: asks telemetry at fixed moments and moves alerts from state to state.

The states and their rules are those of Prometheus (rules/alerting.go, `Eval`): pending until `for`
has passed, firing, kept firing for `keep_firing_for`, then resolved. They stand in the database, so
they outlive a restart.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from watchbill.alerts import annotate
from watchbill.alerts.changes import Moved, component_of, components_of, fingerprint, hand_on
from watchbill.alerts.models import Alert, Rule, RuleGroup
from watchbill.lib import clock
from watchbill.prometheus import QueryFunc, QueryRefused, Sample, TelemetryAway
from watchbill.web.live import publish

AT_ONCE = 8  # queries under way at the same time
GROUPS_AT_ONCE = 50
Health = Rule.Health
State = Alert.State


@dataclass(frozen=True)
class Result:
    """What a rule's query gave, or why it gave nothing."""

    samples: Sequence[Sample] = ()
    health: Health = Health.OK
    error: str = ""


def evaluate_due(now: datetime, ask: QueryFunc) -> int:
    """Evaluate every group whose moment has come; how many. Safe beside other workers."""
    due = _claim(now)
    if not due:
        return 0
    rules = {
        group.pk: list(group.rules.filter(in_force=True).order_by("position")) for group, _ in due
    }
    asked = [(rule, at) for group, at in due for rule in rules[group.pk]]
    begun = time.perf_counter()
    results = dict(zip((rule.pk for rule, _ in asked), _ask_all(asked, ask), strict=True))
    took = time.perf_counter() - begun
    for group, at in due:
        _write(group, rules[group.pk], results, at, took)
    return len(due)


def _claim(now: datetime) -> list[tuple[RuleGroup, datetime]]:
    """The groups that are due, each with its newest moment. Whoever moves `next_at` on has it."""
    claimed = []
    due = Q(next_at__lte=now) | Q(next_at__gt=now + clock.SET_BACK)
    waiting = RuleGroup.objects.filter(due, in_force=True).select_related("file")
    for group in waiting.order_by("next_at")[:GROUPS_AT_ONCE]:
        interval = timedelta(seconds=group.interval)
        if now < group.next_at <= now + interval + clock.SET_BACK:
            continue
        at = group.next_at + (now - group.next_at) // interval * interval
        mine = RuleGroup.objects.filter(pk=group.pk, next_at=group.next_at)
        if mine.update(next_at=at + interval):
            claimed.append((group, at))
    return claimed


def _ask_all(asked: Sequence[tuple[Rule, datetime]], ask: QueryFunc) -> list[Result]:
    """Ask for several rules at a time. Once telemetry is found away, the rest is not asked."""
    away = threading.Event()
    reason = ""

    def one(what: tuple[Rule, datetime]) -> Result:
        nonlocal reason
        rule, at = what
        if away.is_set():
            return Result(health=Health.UNKNOWN, error=reason)
        try:
            return Result(ask(rule.expr, at))
        except QueryRefused as error:
            return Result(health=Health.ERROR, error=str(error)[:500])
        except TelemetryAway as error:
            reason = str(error)[:500]
            away.set()
            return Result(health=Health.UNKNOWN, error=reason)

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="rule") as pool:
        return list(pool.map(one, asked))


def _write(
    group: RuleGroup, rules: list[Rule], results: Mapping[int, Result], at: datetime, took: float
) -> None:
    """Write what came of one group, all of it or nothing."""
    with transaction.atomic():
        set_back = at + timedelta(seconds=group.interval) + clock.SET_BACK
        older = Q(evaluated_at=None) | Q(evaluated_at__lt=at) | Q(evaluated_at__gt=set_back)
        fresh = RuleGroup.objects.filter(older, pk=group.pk, in_force=True)
        asked = not rules or any(results[r.pk].health != Health.UNKNOWN for r in rules)
        if not (fresh.update(evaluated_at=at, took=took) if asked else fresh.exists()):
            return  # somebody evaluated a later moment, or the group is gone
        active = Alert.objects.filter(rule__in=rules).exclude(state=State.RESOLVED)
        known: dict[int, dict[str, Alert]] = {rule.pk: {} for rule in rules}
        for alert in active:
            known[alert.rule_id or 0][alert.fingerprint] = alert
        for rule in rules:
            _write_rule(group, rule, results[rule.pk], known[rule.pk], at)


def _write_rule(
    group: RuleGroup, rule: Rule, result: Result, active: dict[str, Alert], at: datetime
) -> None:
    health, error = result.health, result.error
    if health == Health.OK:
        seen, error = wanted(rule, result.samples, group.limit)
        health = Health.ERROR if error else health
        if seen is not None:
            _advance_all(group, rule, seen, active, at)
    if (health, error) != (rule.health, rule.error):
        if health != rule.health:
            rule.health_since = at
        rule.health, rule.error = health, error
        rule.save(update_fields=["health", "health_since", "error"])
        publish("rules")


@dataclass(frozen=True)
class Seen:
    """An element that the condition holds for, as the alert it becomes."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    value: float


def wanted(
    rule: Rule, samples: Sequence[Sample], limit: int = 0
) -> tuple[dict[str, Seen] | None, str]:
    """The alerts that these samples ask for, by fingerprint, and what is wrong, if anything.

    None in place of the alerts: nothing can be said, so nothing changes.
    """
    found: dict[str, Seen] = {}
    for sample in samples:
        bare = {name: text for name, text in sample.labels.items() if name != "__name__"}
        own = {name: annotate.fill(text, bare, sample.value) for name, text in rule.labels.items()}
        labels = {n: t for n, t in {**bare, **own, "alertname": rule.name}.items() if t}
        key = fingerprint(f"rule:{rule.pk}", labels)
        if key in found:
            return None, "two results have the same labels once the rule's own labels are laid over"
        notes = {n: annotate.fill(t, bare, sample.value) for n, t in rule.annotations.items()}
        found[key] = Seen(labels, notes, sample.value)
    if limit and len(found) > limit:
        return (
            {},
            f"the limit of {limit} alerts is exceeded: there are {len(found)}; all are dropped",
        )
    return found, ""


def _advance_all(
    group: RuleGroup, rule: Rule, seen: dict[str, Seen], active: dict[str, Alert], at: datetime
) -> None:
    again = Alert.objects.filter(fingerprint__in=seen.keys() - active.keys())
    alerts = {**{alert.fingerprint: alert for alert in again}, **active}
    known = components_of(one.labels for one in seen.values())
    gap = _gap(group, at)
    changed: list[tuple[Alert, str]] = []
    for key in alerts.keys() | seen.keys():
        alert = alerts.get(key) or Alert(fingerprint=key, rule=rule, state="")
        before, since = alert.state, alert.active_at
        if before == State.PENDING and since:
            alert.active_at = min(since + gap, at)
        if advance(alert, rule, seen.get(key), at) or alert.active_at != since:
            alert.component_id = component_of(alert.labels, known)
            alert.received_at = at
            alert.save()
        if alert.state != before:
            changed.append((alert, before))
    hand_on(_moved(changed))


def _moved(changed: list[tuple[Alert, str]]) -> list[Moved]:
    return [
        (alert.pk, before, alert.state) for alert, before in sorted(changed, key=lambda c: c[0].pk)
    ]


def advance(alert: Alert, rule: Rule, seen: Seen | None, at: datetime) -> bool:
    """Move one alert on, given whether its condition holds `at`. Whether anything changed."""
    if seen is None:
        return _without_condition(alert, rule, at)
    changed = (alert.annotations, alert.value) != (dict(seen.annotations), seen.value)
    changed = changed or alert.kept_since is not None
    alert.annotations, alert.value, alert.kept_since = dict(seen.annotations), seen.value, None
    if alert.state not in (State.PENDING, State.FIRING):
        begin(alert, seen.labels, at)
        changed = True
    if alert.state == State.PENDING and at - (alert.active_at or at) >= timedelta(
        seconds=rule.hold
    ):
        alert.state, alert.starts_at, changed = State.FIRING, at, True
    return changed


def begin(alert: Alert, labels: Mapping[str, str], at: datetime) -> None:
    """A new occurrence: pending, and nobody's yet."""
    alert.state, alert.active_at, alert.starts_at, alert.ends_at = State.PENDING, at, None, None
    alert.labels = dict(labels)
    alert.name, alert.severity = labels["alertname"][:200], labels.get("severity", "")[:40]
    alert.taken_by, alert.taken_at = None, None
    alert.closed_by, alert.closed_at, alert.cause = None, None, ""


def _without_condition(alert: Alert, rule: Rule, at: datetime) -> bool:
    if alert.state == State.RESOLVED:
        return False
    if alert.state == State.FIRING and rule.keep_firing:
        since = min(alert.kept_since or at, at)
        if at - since < timedelta(seconds=rule.keep_firing):
            changed, alert.kept_since = alert.kept_since is None, since
            return changed
    alert.state, alert.ends_at, alert.kept_since = State.RESOLVED, at, None
    return True


def _gap(group: RuleGroup, at: datetime) -> timedelta:
    """How long nobody evaluated, beyond what a restart takes: such time does not count as `for`."""
    interval = timedelta(seconds=group.interval)
    if group.evaluated_at is None or at - group.evaluated_at <= max(
        2 * interval, timedelta(minutes=1)
    ):
        return timedelta()
    return at - group.evaluated_at - interval
