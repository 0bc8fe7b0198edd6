"""Conformance to standards on a component's page."""

from django.template.loader import render_to_string

from watchbill.acts.web import Request
from watchbill.catalog.models import Component
from watchbill.catalog.panels import Panel, panel
from watchbill.standards import reads


@panel(order=80)
def conformance(component: Component, request: Request) -> Panel | None:
    """How it stands to each standard in force."""
    found = reads.of_component(component)
    if not found:
        return None
    missing = sum(len(one.missing) for one in found)
    body = render_to_string("standards/panel.html", {"standings": found}, request)
    live = " ".join([component.ref, *(one.version.ref for one in found[:10])])
    return Panel("Standards", body, f"{missing} to do" if missing else "conforms", live)
