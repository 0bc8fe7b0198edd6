"""What monitoring shows elsewhere: on a component's page and in the rail."""

from collections.abc import Mapping

from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string

from watchbill.acts.web import Request
from watchbill.catalog.models import Component
from watchbill.catalog.panels import Panel, offer, panel
from watchbill.monitoring import reads
from watchbill.monitoring.models import Report
from watchbill.people.models import Person
from watchbill.practice.coverage import provides_coverage
from watchbill.web.context import Counts, provides_counts

LATEST = 5

offer("monitoring.report_anomaly", "Report an anomaly", order=10)


@panel(order=30)
def charts(component: Component, request: Request) -> Panel:
    """Its charts over the last hour."""
    context = reads.charted(component, reads.WINDOWS["1h"])
    return Panel("Charts", render_to_string("monitoring/charts_panel.html", context, request))


@panel(order=40)
def reports(component: Component, request: Request) -> Panel | None:
    """The latest reports about it, the open ones first."""
    about = Report.objects.filter(component=component).select_related("by")
    is_open = list(about.filter(answer=Report.Answer.OPEN).order_by("pk")[:LATEST])
    rest = about.exclude(answer=Report.Answer.OPEN).order_by("-pk")[: LATEST - len(is_open)]
    rows = [*is_open, *rest]
    if not rows:
        return None
    body = render_to_string("monitoring/reports_panel.html", {"rows": rows}, request)
    return Panel("Reports", body, f"{len(is_open)} open" if is_open else "", component.ref)


@provides_coverage("Charts")
def charts_of(components: QuerySet[Component]) -> Mapping[int, int]:
    """How many charts each component has."""
    return {pk: len(charts) for pk, charts in components.values_list("pk", "charts")}


@provides_counts
def waiting(request: HttpRequest) -> Counts:
    """How many reports wait for the reader's answer, for the rail."""
    assert isinstance(request.user, Person)
    return {"monitoring": reads.waiting_for(request.user).count()}
