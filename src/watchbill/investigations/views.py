"""The pages of investigations."""

from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render

from watchbill.acts import timeline
from watchbill.acts.web import Request, signed_in
from watchbill.investigations import reads
from watchbill.people.models import House

PER_PAGE = 50
LATEST = 200  # entries of a timeline


@signed_in
def investigations(request: Request) -> HttpResponse:
    """What is being found out, and what was: open ones first, by area, the reader's own."""
    asked = {key: request.GET.get(key, "") for key in ("area", "mine")}
    found = reads.listed(asked, request.user)
    context = {
        "page": Paginator(found, PER_PAGE).get_page(request.GET.get("page")),
        "open": reads.open_now(),
        "asked": asked,
        "query": urlencode({key: value for key, value in asked.items() if value}),
        "areas": reads.AREAS,
        "house": House.get(),
    }
    return render(request, "investigations/investigations.html", context)


@signed_in
def investigation(request: Request, number: int) -> HttpResponse:
    """One investigation: the question, hypotheses with findings, protocol, parts, analysis."""
    found = reads.case(number)
    if found is None:
        raise Http404(f"there is no investigation {number}")
    act, label = reads.next_for(found, request.user)
    context = {
        "case": found,
        "one": found.investigation,
        "next_act": act, "next_label": label,
        "entries": reversed(timeline.of(found.investigation).order_by("-pk")[:LATEST]),
    }  # fmt: skip
    return render(request, "investigations/investigation.html", context)


@signed_in
def protocols(request: Request) -> HttpResponse:
    """The checklists that investigations follow, each in its newest edition."""
    context = {"protocols": reads.protocols_in_force(), "house": House.get()}
    return render(request, "investigations/protocols.html", context)
