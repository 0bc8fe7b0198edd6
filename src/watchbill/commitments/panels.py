"""Commitments on a component's page: shared objectives and monitors of dependencies."""

from django.template.loader import render_to_string

from watchbill.acts.web import Request
from watchbill.catalog.models import Component
from watchbill.catalog.panels import Panel, offer, panel
from watchbill.commitments import reads

LATEST = 10

offer("commitments.make", "Agree with another team", order=60)


@panel(order=60)
def agreed(component: Component, request: Request) -> Panel | None:
    """What is agreed with others about it."""
    rows = list(reads.about(component).reverse()[:LATEST])
    if not rows:
        return None
    body = render_to_string("commitments/rows.html", {"commitments": rows}, request)
    return Panel("Agreed with others", body, live=component.ref)
