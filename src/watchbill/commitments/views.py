"""The pages of commitments."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from watchbill.acts import timeline
from watchbill.acts.web import Request, signed_in
from watchbill.catalog.models import Component
from watchbill.commitments import monitors, reads
from watchbill.commitments.models import Commitment
from watchbill.lib.levels import Area
from watchbill.people.subject import find

PER_PAGE = 50
LATEST = 200  # entries of a timeline


@signed_in
def commitments(request: Request) -> HttpResponse:
    """What was agreed with others, and what waits for the reader's answer."""
    asked = {key: request.GET.get(key, "") for key in ("area", "state")}
    found = reads.commitments(**asked)
    context = {
        "page": Paginator(found, PER_PAGE).get_page(request.GET.get("page")),
        "waiting": list(reads.waiting_for(request.user)[:20]),
        "asked": asked, "areas": list(Area), "states": Commitment.State.choices,
    }  # fmt: skip
    return render(request, "commitments/commitments.html", context)


@signed_in
def commitment(request: Request, number: int) -> HttpResponse:
    """One commitment: who does what by when, who answered, what came of it."""
    related = Commitment.objects.select_related(
        "by", "team", "speaker", "answered_by", "closed_by", "confirmed_by"
    )
    found = get_object_or_404(related, pk=number)
    matter = found.matter
    mine = not found.why_not_of_other_side(request.user)
    watched = isinstance(matter, Component) and monitors.in_force(found.query, matter)
    over = found.is_closed
    if found.area == Area.MONITORING:
        over = watched and found.state in (found.State.AGREED, found.State.KEPT)
    elif found.area == Area.MAINTENANCE:
        over = getattr(matter, "state", "") == "closed" and found.answered_by_id is not None
    context = {
        "commitment": found,
        "matter": matter,
        "sentence": reads.sentence(found),
        "mine": mine,
        "confirms": mine and over and found.confirmed_by_id is None,
        "watched": watched,
        "earlier": found.earlier.select_related("answered_by", "replaced_by").order_by("pk")[:50],
        "review": find(found.review) if found.review else None,
        "entries": reversed(timeline.of(found).order_by("-pk")[:LATEST]),
    }
    return render(request, "commitments/commitment.html", context)
