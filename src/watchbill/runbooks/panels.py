"""The runbooks of a component: on its page, and as a fact that tours ask for."""

from django.template.loader import render_to_string

from watchbill.acts.web import Request
from watchbill.catalog.models import Component
from watchbill.catalog.panels import Panel, panel
from watchbill.runbooks.reads import published
from watchbill.tours.facts import fact


@panel(order=50)
def runbooks(component: Component, request: Request) -> Panel | None:
    """Its procedures, to be read or started from here."""
    found = list(published().filter(component=component))
    if not found:
        return None
    context = {"runbooks": found, "matter": component}
    return Panel("Runbooks", render_to_string("runbooks/panel.html", context, request))


@fact("runbooks")
def how_many(component: Component | None) -> list[str]:
    """How many procedures there are for it, as a tour may ask."""
    return [str(published().filter(component=component).count())] if component else []
