"""The pages of tours."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from watchbill.acts import timeline
from watchbill.acts.web import Request, signed_in
from watchbill.catalog.models import Component
from watchbill.people.models import House
from watchbill.tours import generate, reads
from watchbill.tours.models import Tour, Walk

PER_PAGE = 50
LATEST = 10


@signed_in
def tours(request: Request) -> HttpResponse:
    """What can be walked, what the reader began, whose answers wait to be seen."""
    context = {
        "house": House.get(), "made": generate.of_house(),
        "written": Paginator(reads.written(), PER_PAGE).get_page(request.GET.get("page")),
        "components": Paginator(Component.objects.order_by("name", "pk"), PER_PAGE).get_page(
            request.GET.get("components")
        ),
        "begun": reads.open_walks(request.user)[:LATEST],
        "to_see": reads.to_be_seen(request.user)[:LATEST],
        "mine": Walk.objects.filter(person=request.user, finished_at__isnull=False)
        .select_related("seen_by").order_by("-finished_at")[:LATEST],
    }  # fmt: skip
    return render(request, "tours/tours.html", context)


@signed_in
def tour(request: Request, number: int) -> HttpResponse:
    """One written tour: its steps, its versions, the reader's walks of it."""
    related = Tour.objects.select_related("component", "in_force")
    found = get_object_or_404(related, pk=number)
    context = {
        "tour": found, "steps": found.in_force.steps if found.in_force else [],
        "versions": found.versions.select_related("published_by").order_by("-number")[:LATEST],
        "walks": found.walks.filter(person=request.user).order_by("-pk")[:LATEST],
        "house": House.get(),
        "entries": timeline.of(found).order_by("-id")[:LATEST],
    }  # fmt: skip
    return render(request, "tours/tour.html", context)


@signed_in
def of_component(request: Request, slug: str) -> HttpResponse:
    """The tours of one component: those made from its card, those somebody wrote."""
    found = get_object_or_404(Component.objects.select_related("owner"), slug=slug)
    context = {
        "component": found, "made": generate.of_component(found),
        "written": reads.written().filter(component=found)[:PER_PAGE],
        "begun": reads.open_walks(request.user).filter(component=found)[:LATEST],
    }  # fmt: skip
    return render(request, "tours/component.html", context)


@signed_in
def write(request: Request, number: int = 0) -> HttpResponse:
    """The text of a new tour, or of the next version; publishing it is an act."""
    known = Tour.objects.select_related("in_force")
    found = get_object_or_404(known, pk=number) if number else None
    text = found.in_force.source if found and found.in_force else reads.EXAMPLE
    return render(request, "tours/write.html", {"house": House.get(), "tour": found, "text": text})


@signed_in
def walk(request: Request, number: int) -> HttpResponse:
    """One person's walk: one question at a time, and all of it for whoever guides."""
    related = Walk.objects.select_related("person", "component", "tour", "seen_by")
    found = get_object_or_404(related, pk=number)
    lines = reads.lines(found)
    mine = found.person_id == request.user.pk
    line = reads.current(lines, request.GET.get("step", ""))
    done = sum(line.state != "open" for line in lines)
    context = {
        "walk": found, "lines": lines, "line": line, "mine": mine, "done": done,
        "next": line.number + 1 if line.number < len(lines) else 0,
        "walking": mine and found.finished_at is None,
        "why_not": found.why_not_seen_by(request.user),
        "entries": timeline.of(found),
    }  # fmt: skip
    return render(request, "tours/walk.html", context)
