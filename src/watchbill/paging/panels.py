"""What paging shows elsewhere: whom a component's alerts call."""

from django.template.loader import render_to_string

from watchbill.acts.web import Request
from watchbill.catalog.models import Component
from watchbill.catalog.panels import Panel, offer, panel
from watchbill.paging import reads
from watchbill.paging.models import EscalationPolicy

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
