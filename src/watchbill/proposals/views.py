"""The pages of proposals."""

from datetime import timedelta

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from watchbill.acts import timeline
from watchbill.acts.web import Request, signed_in
from watchbill.lib.levels import Area
from watchbill.people.models import House
from watchbill.people.subject import find
from watchbill.proposals import reads
from watchbill.proposals.models import Proposal

PER_PAGE = 50
LATEST = 200  # entries of a timeline
USUAL = timedelta(hours=6)  # what a chart shows when none was looked at


@signed_in
def proposals(request: Request) -> HttpResponse:
    """What people suggest, the open ones first."""
    asked = {key: request.GET.get(key, "") for key in ("area", "state")}
    found = reads.proposals(**asked)
    context = {
        "page": Paginator(found, PER_PAGE).get_page(request.GET.get("page")),
        "open": Proposal.objects.filter(state=Proposal.State.OPEN).count(),
        "asked": asked, "areas": list(Area), "states": Proposal.State.values, "house": House.get(),
    }  # fmt: skip
    return render(request, "proposals/proposals.html", context)


@signed_in
def proposal(request: Request, number: int) -> HttpResponse:
    """One proposal: what is suggested, what people hold of it, what was decided and why."""
    found = get_object_or_404(Proposal.objects.select_related("by", "decided_by"), pk=number)
    arguments = reads.arguments(found)
    context = {
        "proposal": found,
        "matter": found.matter,
        "arguments": arguments,
        "sentence": reads.sentence(found, len(arguments)),
        "window": timedelta(minutes=found.minutes) if found.minutes else USUAL,
        "carrier": find(found.carried_by) if found.carried_by else None,
        "is_open": found.state == Proposal.State.OPEN,
        "entries": reversed(timeline.of(found).order_by("-pk")[:LATEST]),
    }
    return render(request, "proposals/proposal.html", context)
