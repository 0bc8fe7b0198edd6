"""Proposals on a component's page."""

from django.template.loader import render_to_string

from watchbill.acts.web import Request
from watchbill.catalog.models import Component
from watchbill.catalog.panels import Panel, panel
from watchbill.proposals.models import Proposal
from watchbill.proposals.reads import proposals

LATEST = 5


@panel(order=70)
def suggested(component: Component, request: Request) -> Panel | None:
    """What is suggested for it, the open ones first."""
    rows = list(proposals().filter(about=component.ref)[:LATEST])
    if not rows:
        return None
    waiting = sum(row.state == Proposal.State.OPEN for row in rows)
    body = render_to_string("proposals/rows.html", {"proposals": rows}, request)
    return Panel("Proposals", body, f"{waiting} open" if waiting else "", component.ref)
