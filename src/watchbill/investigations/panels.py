"""Investigations on a component's page."""

from django.template.loader import render_to_string

from watchbill.acts.web import Request
from watchbill.catalog.models import Component
from watchbill.catalog.panels import Panel, offer, panel
from watchbill.investigations import reads

offer("investigations.open_investigation", "Investigate", order=30)


@panel(order=45)
def investigations(component: Component, request: Request) -> Panel | None:
    """What is or was found out about it."""
    rows = reads.about(component)
    if not rows:
        return None
    body = render_to_string("investigations/rows.html", {"investigations": rows}, request)
    is_open = sum(row.is_open for row in rows)
    return Panel("Investigations", body, f"{is_open} open" if is_open else "", component.ref)
