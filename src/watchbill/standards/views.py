"""The pages of standards."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from watchbill.acts import timeline
from watchbill.acts.web import Request, signed_in
from watchbill.lib import clock
from watchbill.lib.levels import Area
from watchbill.people.models import House
from watchbill.people.subject import find
from watchbill.standards import reads
from watchbill.standards.models import Standard, StandardVersion

LATEST = 200  # entries of a timeline
State = StandardVersion.State


@signed_in
def standards(request: Request) -> HttpResponse:
    """What the team holds itself to, by title."""
    asked = {key: request.GET.get(key, "") for key in ("area", "kind")}
    found = reads.standards(**asked)
    context = {
        "page": Paginator(found, reads.PER_PAGE).get_page(request.GET.get("page")),
        "asked": asked, "areas": list(Area), "kinds": Standard.Kind.choices, "house": House.get(),
    }  # fmt: skip
    return render(request, "standards/standards.html", context)


@signed_in
def standard(request: Request, number: int) -> HttpResponse:
    """One standard: what holds now, how the components conform, what is drafted."""
    found = get_object_or_404(Standard.objects.select_related("owner"), pk=number)
    live = {one.state: one for one in reads.versions().filter(standard=found)}
    return _page(request, found, live.get(State.IN_FORCE) or live.get(State.DRAFT))


@signed_in
def version(request: Request, number: int, edition: int) -> HttpResponse:
    """One version of a standard: a draft, the one in force, or what was said before."""
    found = get_object_or_404(reads.versions(), standard=number, number=edition)
    return _page(request, found.standard, found)


def _page(request: Request, found: Standard, shown: StandardVersion | None) -> HttpResponse:
    context: dict[str, Any] = {
        "standard": found,
        "version": shown,
        "versions": found.versions.order_by("-number")[:50],
        "in_force": shown is not None and shown.state == State.IN_FORCE,
        "is_draft": shown is not None and shown.state == State.DRAFT,
        "has_draft": found.versions.filter(state=State.DRAFT).exists(),
        "entries": reversed(timeline.of(found).order_by("-pk")[:LATEST]),
    }
    if shown is not None:
        reread = reads.reread_from(shown)
        context |= {
            "report": reads.report(shown, request.GET.get("page")),
            "reread_from": reread,
            "due": reread is not None and reread <= clock.now(),
            "carrier": find(shown.automated_by) if shown.automated_by else None,
            "sessions": shown.sessions.select_related("held_by")
            .prefetch_related("participants").order_by("-at")[:20],
            "acceptances": shown.acceptances.select_related("by", "component")
            .order_by("-pk")[:50],
        }  # fmt: skip
    return render(request, "standards/standard.html", context)
