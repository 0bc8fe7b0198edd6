"""Incidents on a component's page, in the components' health, in the rail, in trials of rules."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse

from watchbill.acts.web import Request
from watchbill.alerts.harm import Harm, provides_harm
from watchbill.alerts.models import Alert
from watchbill.catalog.models import Component
from watchbill.catalog.panels import Health, Panel, health, offer, panel
from watchbill.incidents.models import Incident
from watchbill.incidents.reads import counts, listed_for, of_component
from watchbill.investigations.signs import Sign, tells_signs
from watchbill.lib import clock
from watchbill.people.subject import Subject
from watchbill.practice.trouble import provides_trouble
from watchbill.web.context import Counts, provides_counts

LATEST = 5
MOST_HARM = 500  # incidents that a trial compares with

offer("incidents.declare", "Declare an incident", order=5)
offer("incidents.list_workaround", "List a workaround", order=40)


@panel(order=10)
def incidents(component: Component, request: Request) -> Panel | None:
    """Its latest incidents."""
    rows = list(of_component(component)[:LATEST])
    if not rows:
        return None
    is_open = sum(not incident.over for incident in rows)
    body = render_to_string("incidents/rows.html", {"incidents": rows}, request)
    return Panel("Incidents", body, f"{is_open} open" if is_open else "", component.ref)


@panel(order=55)
def workarounds(component: Component, request: Request) -> Panel | None:
    """What lessens its known faults and may be applied as routine."""
    rows = list(listed_for(component))
    if not rows:
        return None
    context = {"workarounds": rows}
    body = render_to_string("incidents/workarounds.html", context, request)
    return Panel("Workarounds", body, "", component.ref)


@health
def in_an_incident(components: QuerySet[Component]) -> dict[int, Health]:
    """Components with an open incident."""
    found = Incident.components.through.objects.filter(
        component__in=components, incident__state__in=Incident.OPEN
    )
    return {
        component: Health("bad", "incident", reverse("incidents:room", args=[incident]))
        for component, incident in found.values_list("component_id", "incident_id")
    }


@provides_trouble
def open_incident(on: Subject) -> str | None:
    """An incident is open on a component or an alert: nothing is left to prevent there."""
    about = {Component: "components", Alert: "alerts"}.get(type(on))
    if about is None:
        return None
    found = Incident.objects.filter(Q(**{about: on}), state__in=Incident.OPEN).first()
    return f"Incident {found.pk} is open on it: {found.title}." if found else None


@tells_signs
def declared(components: Sequence[int], since: datetime) -> Iterator[Sign]:
    """Incidents declared on them since then."""
    found = Incident.objects.filter(components__in=components, declared_at__gt=since)
    for incident in found.distinct().order_by("declared_at")[:LATEST]:
        url = incident.get_absolute_url()
        yield Sign(f"{incident} was declared", incident.declared_at, url)


@provides_harm
def harmed(components: Sequence[int], start: datetime, end: datetime) -> Iterator[Harm]:
    """The incidents of some components within a range, for rules that are tried on it."""
    touched = Incident.objects.filter(components__in=components, declared_at__lte=end)
    found = touched.filter(Q(resolved_at=None) | Q(resolved_at__gte=start)).distinct()
    for incident in found.prefetch_related("components").order_by("-declared_at")[:MOST_HARM]:
        own = frozenset(one.pk for one in incident.components.all())
        until = incident.resolved_at or clock.now()
        yield Harm(incident.title, incident.get_absolute_url(), incident.declared_at, until, own)


@provides_counts
def open_incidents(request: HttpRequest) -> Counts:
    """How many incidents are open, for the rail."""
    return {"incidents": sum(counts().values())}
