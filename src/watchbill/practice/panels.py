"""What practice shows on a component's page: work that was begun on it, and how it is designed."""

from django.template.loader import render_to_string

from watchbill.acts.web import Request
from watchbill.catalog.models import Component
from watchbill.catalog.panels import Panel, panel
from watchbill.practice import reads

LATEST = 5


@panel(order=45)
def practice(component: Component, request: Request) -> Panel:
    """The latest improvements and designs of it, and what can be begun."""
    context = {
        "component": component,
        "improvements": reads.improvements().filter(about=component.ref)[:LATEST],
        "designs": reads.designs().filter(component=component)[:LATEST],
    }
    body = render_to_string("practice/panel.html", context, request)
    return Panel("Improving it", body, live=component.ref)
