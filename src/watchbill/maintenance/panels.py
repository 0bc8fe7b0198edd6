"""What maintenance shows elsewhere: changes on a component's page, a count in the rail."""

from collections.abc import Sequence
from datetime import datetime

from django.http import HttpRequest
from django.template.loader import render_to_string

from watchbill.acts.web import Request
from watchbill.catalog.models import Component
from watchbill.catalog.panels import Panel, offer, panel
from watchbill.maintenance import reads
from watchbill.maintenance.models import Change
from watchbill.people.models import Person
from watchbill.seats.work import provides_work
from watchbill.tours.facts import fact
from watchbill.web.context import Counts, provides_counts

offer("maintenance.plan_change", "Plan a change", order=20)


@panel(order=20)
def changes(component: Component, request: Request) -> Panel:
    """Its open changes and the latest closed ones."""
    found = reads.about(component.pk)
    is_open = sum(not change.result for change in found)
    body = render_to_string("maintenance/changes_panel.html", {"changes": found}, request)
    return Panel("Changes", body, f"{is_open} open" if is_open else "", component.ref)


@provides_work
def changes_seen_through(
    component: Component, person: Person, since: datetime, until: datetime
) -> Sequence[Change]:
    """The changes of a component that somebody verified while they were its caretaker."""
    done = component.changes.filter(ended_by=person, result=Change.State.VERIFIED)
    return list(done.filter(ended_at__gte=since, ended_at__lte=until).order_by("pk")[:20])


@fact("last-change")
def last_change(component: Component | None) -> list[str]:
    """The title of its newest change, as a tour may ask."""
    newest = component.changes.order_by("-pk").first() if component else None
    return [newest.title] if newest else []


@provides_counts
def told(request: HttpRequest) -> Counts:
    """How many reports on changes wait for the reader to acknowledge, for the rail."""
    assert isinstance(request.user, Person)
    return {"maintenance": reads.to_acknowledge(request.user).count()}
