"""What paging shows elsewhere: whom a component's alerts call, and a count in the rail."""

from django.http import HttpRequest
from django.template.loader import render_to_string

from watchbill.acts.web import Request
from watchbill.catalog.models import Component
from watchbill.catalog.panels import Panel, offer, panel
from watchbill.paging import reads
from watchbill.paging.models import EscalationPolicy
from watchbill.people.models import Person
from watchbill.web.context import Counts, provides_counts

offer("paging.cover", "Choose who is called", order=60)


@panel(order=60)
def called(component: Component, request: Request) -> Panel | None:
    """Whom its alerts would call now."""
    policies = EscalationPolicy.objects.filter(coverage__component=component)
    policy = policies.first() or EscalationPolicy.objects.filter(for_rest=True).first()
    if policy is None:
        return None
    context = {"policy": policy, "steps": reads.preview(policy)}
    body = render_to_string("paging/steps.html", context, request)
    return Panel("Who is called", body, policy.name)


@provides_counts
def waiting(request: HttpRequest) -> Counts:
    """How many pages ask the reader for an answer."""
    assert isinstance(request.user, Person)
    return {"now": reads.open_pages(request.user).count()}
