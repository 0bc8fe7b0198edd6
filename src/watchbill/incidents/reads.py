"""What the list of incidents shows."""

from collections.abc import Mapping

from django.core.paginator import Page, Paginator
from django.db.models import Count, Prefetch, QuerySet

from watchbill.catalog.models import Component
from watchbill.incidents.models import Incident, Seat

PER_PAGE = 50


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


def counts() -> dict[str, int]:
    """How many incidents are open, by severity."""
    found = Incident.objects.filter(state__in=Incident.OPEN).order_by()
    return dict(found.values_list("severity").annotate(Count("pk")))


def _for_a_list(rows: QuerySet[Incident]) -> QuerySet[Incident]:
    lead = Seat.objects.filter(role=Seat.Role.LEAD, provisional=False, until=None)
    return rows.prefetch_related(
        "components", Prefetch("seats", lead.select_related("person"), to_attr="leads")
    )
