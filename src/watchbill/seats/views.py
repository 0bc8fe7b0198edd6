"""The pages of standing seats and of the watch."""

from datetime import timedelta

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from watchbill.acts import timeline
from watchbill.acts.web import Request, signed_in
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.people.models import House
from watchbill.people.subject import Subject
from watchbill.seats import panels, reads
from watchbill.seats.models import Seat

PER_PAGE = 50
WINDOW = timedelta(hours=3)  # of the charts
LATEST = 100  # entries of a timeline


@signed_in
def watch(request: Request) -> HttpResponse:
    """Who stands watch, what they see and wrote, and what the next one must know."""
    seat = reads.watch_of(request.user, request.GET.get("seat", ""))
    others = reads.rows(reads.watches()[:PER_PAGE])
    matter = seat.matter if seat else None
    context = {
        "seat": seat,
        "matter": matter,
        "sentence": reads.sentence(seat, matter, clock.now()),
        "watches": others,
        "places": reads.places(request.user),
        **(_of(seat, matter, request) if seat and matter else {}),
    }
    return render(request, "seats/watch.html", context)


@signed_in
def seats(request: Request) -> HttpResponse:
    """Every standing seat: who answers for an area, who cares for what, who watches."""
    page = Paginator(reads.listed(), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": reads.rows(page.object_list),
        "waiting": reads.rows(reads.waiting_for(request.user)[:20]),
        "unfilled": reads.unfilled(),
        "house": House.get(),
    }
    return render(request, "seats/seats.html", context)


@signed_in
def seat(request: Request, number: int) -> HttpResponse:
    """One seat: who holds it and for how long, its log, its hand-over, what was looked back on."""
    related = reads.seats().select_related("looked_back_by", "follows")
    found = get_object_or_404(related, pk=number)
    matter = found.matter
    lines = reads.log(found) if found.is_watch else []
    context = {
        "seat": found,
        "matter": matter,
        "component": isinstance(matter, Component),
        "title": reads.title(found, matter),
        "sentence": reads.sentence_of_seat(found, matter, clock.now()),
        "overdue": found.overdue(clock.now()),
        "log": lines,
        "mine": found.holder_id == request.user.pk,
        "draft": reads.draft(found, lines) if found.holder_id == request.user.pk else "",
        "entries": reversed(timeline.of(found).order_by("-pk")[:LATEST]),
    }
    return render(request, "seats/seat.html", context)


def _of(seat: Seat, matter: Subject, request: Request) -> dict[str, object]:
    over = reads.components(matter)
    lines, mine = reads.log(seat), seat.holder_id == request.user.pk
    return {
        "log": lines,
        "mine": mine,
        "draft": reads.draft(seat, lines) if mine else "",
        "charts": reads.charts(over),
        "window": WINDOW,
        "before": seat.follows,
        "overdue": seat.overdue(clock.now()),
        "panels": panels.panels_of(panels.Watch(seat, over, isinstance(matter, House)), request),
        "entries": reversed(timeline.of(seat).order_by("-pk")[:LATEST]),
    }
