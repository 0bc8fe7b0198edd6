"""What alerts show elsewhere: on a component's page, its health, a count in the rail."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string

from watchbill.acts.web import Request
from watchbill.alerts import reads
from watchbill.alerts.changes import component_of, components_of
from watchbill.alerts.models import Alert, Change, Rule
from watchbill.catalog.models import Component
from watchbill.catalog.panels import Health, Panel, health, panel
from watchbill.investigations.signs import Sign, tells_signs
from watchbill.practice.coverage import provides_coverage
from watchbill.seats.panels import Watch, watch_panel
from watchbill.web.context import Counts, provides_counts

LATEST = 5


@panel(order=10)
def alerts(component: Component, request: Request) -> Panel | None:
    """Its alerts that fire, then those that ended last."""
    about = component.alerts.exclude(starts_at=None).select_related("component", "taken_by")
    firing = list(about.filter(state=Alert.State.FIRING).order_by("-starts_at")[:50])
    rest = about.filter(state=Alert.State.RESOLVED).order_by("-ends_at")[:LATEST]
    rows = reads.rows([*firing, *rest])
    if not rows:
        return None
    body = render_to_string("alerts/rows.html", {"rows": rows}, request)
    return Panel("Alerts", body, f"{len(firing)} firing" if firing else "none firing", "alerts")


@health
def firing(components: QuerySet[Component]) -> Mapping[int, Health]:
    """Bad or warn while an alert fires; good for what is watched and quiet."""
    told = dict.fromkeys(_watched(components), Health("good", "quiet"))
    now = Alert.objects.filter(component__in=components, state=Alert.State.FIRING, closed_at=None)
    for row in reads.rows(now.order_by("-starts_at")):
        kind, number = row.look or "warn", row.alert.component_id
        if number is None or row.silenced or told[number].kind == "bad":
            continue
        told[number] = Health(kind, row.alert.name, row.alert.get_absolute_url())
    return told


@provides_coverage("Alert rules")
def rules_of(components: QuerySet[Component]) -> Mapping[int, int]:
    """How many rules in force name each component."""
    named = list(Rule.objects.filter(in_force=True).values_list("labels", flat=True))
    known = components_of(named)
    return Counter(number for labels in named if (number := component_of(labels, known)))


def _watched(components: QuerySet[Component]) -> set[int]:
    """Those that a rule in force names, as far as it can be evaluated, or that had an alert."""
    cannot = (Rule.Health.ERROR, Rule.Health.UNKNOWN)
    rules = Rule.objects.filter(in_force=True).exclude(health__in=cannot)
    named = list(rules.values_list("labels", flat=True))
    known = components_of(named)
    by_rule = (component_of(labels, known) for labels in named)
    had = components.filter(Exists(Alert.objects.filter(component=OuterRef("pk"))))
    return {number for number in by_rule if number}.union(had.values_list("pk", flat=True))


@tells_signs
def fired(components: Sequence[int], since: datetime) -> Iterator[Sign]:
    """Alerts that began to fire on them since then."""
    began = Change.objects.filter(
        alert__component__in=components, after=Alert.State.FIRING, at__gt=since
    )
    for change in began.select_related("alert").order_by("at")[:LATEST]:
        url = change.alert.get_absolute_url()
        yield Sign(f"the alert {change.alert} fired", change.at, url)


@provides_counts
def firing_now(request: HttpRequest) -> Counts:
    """How many alerts fire that nobody has taken or closed, for the rail."""
    now = Alert.objects.filter(state=Alert.State.FIRING, taken_by=None, closed_at=None)
    return {"monitoring": now.count()}


@watch_panel(order=10)
def alerts_of_watch(watch: Watch, request: Request) -> Panel:
    """What fires of what the watch is over, then what ended or was closed while it was stood."""
    of = Alert.objects.exclude(starts_at=None).select_related("component", "taken_by")
    if not watch.everything:  # which sees what names no component too
        of = of.filter(component__in=watch.components)
    now = of.filter(state=Alert.State.FIRING, closed_at=None).order_by("-starts_at")
    since = watch.seat.since
    over = of.filter(Q(closed_at__gte=since) | Q(state=Alert.State.RESOLVED, ends_at__gte=since))
    firing, ended = list(now[:50]), over.order_by("-starts_at")[:LATEST]
    rows = reads.rows([*firing, *ended])
    body = render_to_string("alerts/watch_panel.html", {"rows": rows}, request)
    return Panel("Alerts", body, f"{len(firing)} firing" if firing else "none firing", "alerts")
