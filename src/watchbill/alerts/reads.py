"""What the pages of alerts show."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, QuerySet

from watchbill.alerts.matchers import match_all
from watchbill.alerts.models import (
    STAYS_CLOSED,
    Alert,
    Change,
    Closing,
    Rule,
    RuleFile,
    RuleTrial,
    RuleVersion,
    Silence,
    silenced_by,
    silences_at,
)
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import Area
from watchbill.people.models import Person

State = Alert.State
MOST = 500  # alerts on one page
TO_CONFIRM = timedelta(days=60)  # what was closed longer ago nobody remembers
BEFORE, AFTER = timedelta(minutes=30), timedelta(minutes=10)  # around an alert, on its chart
_LOOKS = {"critical": "bad", "page": "bad", "error": "bad", "warning": "warn"}
_THRESHOLD = re.compile(
    r"(?P<left>.*\S)\s*(?P<sign>>=|<=|>|<)\s*(?:bool\s+)?(?P<number>[-+\d.eE*/()\s]*\d[)\s]*)", re.S
)
_SEVERAL = re.compile(r"\b(and|or|unless)\b", re.I)
EXAMPLE = """groups:
- name: hosts
  rules:
  - alert: DiskNearlyFull
    expr: node_filesystem_avail_bytes / node_filesystem_size_bytes < 0.05
    for: 10m
    labels: {severity: warning}
    annotations: {summary: less than 5 % is left}
"""


@dataclass(frozen=True)
class Row:
    """An alert in a list."""

    alert: Alert
    silenced: bool

    @property
    def look(self) -> str:
        """The kind of its tag: colour means something."""
        if self.alert.state != State.FIRING or self.silenced:
            return ""
        return _LOOKS.get(self.alert.severity.lower(), "warn")

    @property
    def word(self) -> str:
        """What stands in its tag."""
        if self.alert.state != State.FIRING:
            return str(self.alert.state)
        return "silenced" if self.silenced else self.alert.severity or "firing"


@dataclass(frozen=True)
class Listing:
    """The alerts asked for, by component (None: of no known component)."""

    groups: Sequence[tuple[Component | None, Sequence[Row]]]
    firing: int
    critical: int
    more: bool


def listing(asked: Mapping[str, str]) -> Listing:
    """Alerts of a state (firing by default), narrowed by `q` and `component`."""
    wanted = asked.get("state") or State.FIRING.value
    found = Alert.objects.select_related("component", "taken_by", "rule", "token")
    found = found.filter(state=wanted).exclude(state=State.RESOLVED, starts_at=None)
    if text := asked.get("q", "").strip():
        found = found.filter(Q(name__icontains=text) | Q(annotations__summary__icontains=text))
    if slug := asked.get("component"):
        found = found.filter(component__slug=slug)
    alerts = list(found.order_by("-starts_at", "-id")[: MOST + 1])
    counts = Alert.objects.filter(state=State.FIRING).aggregate(
        firing=Count("id"), critical=Count("id", filter=Q(severity__iexact="critical"))
    )
    return Listing(_grouped(rows(alerts[:MOST])), more=len(alerts) > MOST, **counts)


def rows(alerts: Iterable[Alert]) -> list[Row]:
    """The alerts with whether they are silenced now."""
    silences = silences_at(clock.now())
    return [Row(alert, bool(silenced_by(alert, silences))) for alert in alerts]


def _grouped(found: Sequence[Row]) -> list[tuple[Component | None, Sequence[Row]]]:
    groups: dict[int | None, list[Row]] = {}
    for row in found:
        groups.setdefault(row.alert.component_id, []).append(row)

    def rank(group: list[Row]) -> tuple[int, str]:
        worst = min(("bad", "warn", "").index(row.look) for row in group)
        component = group[0].alert.component
        return worst, component.name.lower() if component else "~"

    ordered = sorted(groups.values(), key=rank)
    return [(group[0].alert.component, group) for group in ordered]


def charted(alert: Alert) -> dict[str, Any]:
    """The chart of a rule's expression around an alert: query, threshold band, marks."""
    if alert.rule is None or alert.active_at is None:
        return {}
    query, limit = split(alert.rule.expr)
    ended = alert.state == State.RESOLVED and alert.ends_at is not None
    marks = [{"at": alert.active_at, "label": "begins to hold", "kind": "warn"}]
    if alert.starts_at:
        marks.append({"at": alert.starts_at, "label": "fires", "kind": "bad"})
    if ended and alert.ends_at:
        marks.append({"at": alert.ends_at, "label": "over", "kind": "good"})
    return {
        "query": query,
        "bands": [{"lower": limit, "upper": limit, "label": "threshold"}] if limit else [],
        "marks": marks,
        "start": alert.active_at - BEFORE,
        "end": min(alert.ends_at + AFTER, clock.now()) if ended and alert.ends_at else clock.now(),
    }


def split(expr: str) -> tuple[str, str]:
    """What a rule measures and the threshold it is compared with ("" when there is none)."""
    found = _THRESHOLD.fullmatch(expr.strip())
    if found is None or _SEVERAL.search(expr):
        return expr, ""
    return found["left"], found["number"].strip()


def history(alert: Alert) -> QuerySet[Change]:
    """When it fired and ended before, newest first."""
    return alert.changes.exclude(after=State.PENDING).order_by("-id")[:20]


def quiet_for(alert: Alert) -> list[Silence]:
    """The silences that keep it quiet now."""
    return silenced_by(alert, silences_at(clock.now()))


def to_confirm(person: Person) -> QuerySet[Closing]:
    """What others closed alone over a week ago and has not fired since: `person` may confirm it."""
    if person.level(Area.MONITORING) < 2:
        return Closing.objects.none()
    now = clock.now()
    within = Q(at__gt=OuterRef("at"), at__lte=OuterRef("at") + STAYS_CLOSED)
    again = Change.objects.filter(within, alert=OuterRef("alert"), after=State.FIRING)
    found = Closing.objects.filter(
        confirmed_at=None, own=True, alone=True, at__lte=now - STAYS_CLOSED, at__gt=now - TO_CONFIRM
    )
    still = Q(alert__state=State.FIRING, alert__closed_at=F("at"))
    rest = found.exclude(still).exclude(by=person).exclude(Exists(again))
    return rest.select_related("by", "alert__component").order_by("-at")


def drafts() -> QuerySet[RuleVersion]:
    """Versions that wait to be put in force, the newest first, each with its trials."""
    return _with_trials(RuleVersion.objects.filter(put_at=None).order_by("-at", "-pk"))


def versions(rule: Rule) -> QuerySet[RuleVersion]:
    """Every version of a rule that was written in Watchbill, the newest first."""
    return _with_trials(rule.versions.order_by("-number"))


def _with_trials(found: QuerySet[RuleVersion]) -> QuerySet[RuleVersion]:
    trials = RuleTrial.objects.defer("held", "result").order_by("-pk")
    return found.select_related("by", "put_by", "rule").prefetch_related(Prefetch("trials", trials))


def rule_files() -> list[RuleFile]:
    """The files, those that were refused first."""
    present = RuleFile.objects.filter(present=True).order_by("path")
    return sorted(present, key=lambda file: not file.wrong)


def rules_in_force() -> QuerySet[Rule]:
    """Every rule that is evaluated, with how many of its alerts are active."""
    firing, pending = Q(alerts__state=State.FIRING), Q(alerts__state=State.PENDING)
    return (
        Rule.objects.filter(in_force=True)
        .select_related("group__file")
        .annotate(firing=Count("alerts", filter=firing), pending=Count("alerts", filter=pending))
        .order_by("group__file__path", "group__id", "position")
    )


def silences(*, past: bool) -> list[tuple[Silence, int]]:
    """Silences in force or to come, each with how many alerts it keeps quiet now.

    With `past` those that ended, newest first.
    """
    found, now = Silence.objects.select_related("by"), clock.now()
    chosen = found.filter(ends_at__gt=now).order_by("ends_at")
    if past:
        chosen = found.filter(ends_at__lte=now).order_by("-ends_at")[:100]
    labels = list(Alert.objects.filter(state=State.FIRING).values_list("labels", flat=True))
    return [
        (silence, sum(match_all(silence.conditions, one) for one in labels)) for silence in chosen
    ]
