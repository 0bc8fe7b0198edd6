"""What the list of incidents shows."""

from collections.abc import Mapping
from datetime import timedelta

from django.core.paginator import Page, Paginator
from django.db.models import Count, Prefetch, Q, QuerySet

from watchbill.catalog.models import Component
from watchbill.incidents.models import Incident, Seat, Workaround
from watchbill.lib import clock
from watchbill.people.models import Person
from watchbill.practice.models import Debrief

PER_PAGE = 50
LOOK_BACK_WITHIN = timedelta(days=14)  # after that nobody is asked any more


def open_now() -> QuerySet[Incident]:
    """Incidents that are not over, the worst first."""
    rows = Incident.objects.filter(state__in=Incident.OPEN)
    return _for_a_list(rows).order_by("severity", "-declared_at")


def past(asked: Mapping[str, str]) -> Page[Incident]:
    """Incidents that are over, newest first; `q` and `component` narrow, `page` turns."""
    rows = Incident.objects.filter(state__in=Incident.OVER)
    if words := asked.get("q", "").strip():
        rows = rows.filter(title__icontains=words)
    if slug := asked.get("component", ""):
        rows = rows.filter(components__slug=slug)
    ordered = _for_a_list(rows).order_by("-declared_at", "-pk")
    return Paginator(ordered, PER_PAGE).get_page(asked.get("page"))


def of_component(component: Component) -> QuerySet[Incident]:
    """The incidents of a component, newest first."""
    return _for_a_list(component.incidents.all()).order_by("-declared_at")


def listed_for(component: Component) -> QuerySet[Workaround]:
    """The workarounds that are listed for a component, by title."""
    listed = component.workarounds.filter(withdrawn_at=None)
    return listed.select_related("component", "runbook").order_by("title")[:PER_PAGE]


def to_look_back_on(person: Person) -> list[Seat]:
    """Seats under instruction that `person` learned or guided in lately and said nothing about."""
    guided = Seat.objects.filter(Q(person=person) | Q(guide=person)).exclude(guide=None)
    lately = guided.filter(
        role=Seat.Role.UNDER_INSTRUCTION, incident__state__in=Incident.OVER,
        incident__resolved_at__gte=clock.now() - LOOK_BACK_WITHIN,
    )  # fmt: skip
    found = lately.select_related("incident", "person", "guide").order_by(
        "-incident__resolved_at", "-pk"
    )
    if not (seats := list(found)):
        return []
    about = [seat.ref for seat in seats]
    said = Debrief.objects.filter(by=person, entry=None, about__in=about)
    told = set(said.values_list("about", flat=True))
    return [seat for seat in seats if seat.ref not in told]


def counts() -> dict[str, int]:
    """How many incidents are open, by severity."""
    found = Incident.objects.filter(state__in=Incident.OPEN).order_by()
    return dict(found.values_list("severity").annotate(Count("pk")))


def _for_a_list(rows: QuerySet[Incident]) -> QuerySet[Incident]:
    lead = Seat.objects.filter(role=Seat.Role.LEAD, provisional=False, until=None)
    return rows.prefetch_related(
        "components", Prefetch("seats", lead.select_related("person"), to_attr="leads")
    )
