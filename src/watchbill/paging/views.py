"""The pages of paging."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from watchbill.acts import timeline
from watchbill.acts.web import Request, signed_in
from watchbill.alerts.models import Alert
from watchbill.paging import plan, reads
from watchbill.paging.models import EscalationPolicy, Page
from watchbill.people.models import House


@signed_in
def pages(request: Request) -> HttpResponse:
    """What the reader is paged for."""
    context = {
        "open": reads.open_pages(request.user),
        "past": reads.past_pages(request.user),
        "policies": reads.policies(),
    }
    return render(request, "paging/pages.html", context)


@signed_in
def page(request: Request, number: int) -> HttpResponse:
    """One page: acknowledge it, hand it on. Messages link here."""
    related = Page.objects.select_related(
        "person", "answered_by", "handed_from__person", "escalation__policy",
        "escalation__alert__component", "escalation__alert__rule",
    )  # fmt: skip
    found = get_object_or_404(related, pk=number)
    context = {
        "page": found,
        "alert": found.alert,
        "escalation": found.escalation,
        "mine": found.person_id == request.user.pk,
        "deliveries": reads.deliveries(found),
        "entries": timeline.of(found, found.alert),
    }
    return render(request, "paging/page.html", context)


@signed_in
def of_alert(request: Request, number: int) -> HttpResponse:
    """Who was and who would be called for an alert."""
    alert = get_object_or_404(Alert.objects.select_related("component"), pk=number)
    context = {"alert": alert, "escalations": reads.escalations(alert)}
    return render(request, "paging/of_alert.html", context)


@signed_in
def policies(request: Request) -> HttpResponse:
    """Who is called for what."""
    context = {
        "policies": [(policy, reads.preview(policy)) for policy in reads.policies()],
        "house": House.get(),
    }
    return render(request, "paging/policies.html", context)


@signed_in
def policy(request: Request, slug: str) -> HttpResponse:
    """One policy: whom it would call now."""
    found = get_object_or_404(EscalationPolicy, slug=slug)
    context = {
        "policy": found,
        "steps": reads.preview(found),
        "text": plan.write(found),
        "components": [one.component for one in found.coverage.select_related("component")],
        "entries": timeline.of(found),
    }
    return render(request, "paging/policy.html", context)
