"""The pages of reviews and improvements."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from watchbill.acts import timeline
from watchbill.acts.web import Request, signed_in
from watchbill.lib import clock
from watchbill.practice import reads
from watchbill.practice.models import Improvement

PER_PAGE = 50
LATEST = 200  # entries of a timeline


@signed_in
def reviews(request: Request) -> HttpResponse:
    """Reviews that are open to everybody, and those that were published."""
    page = Paginator(reads.reviews(), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "practice/reviews.html", {"page": page})


@signed_in
def review(request: Request, number: int) -> HttpResponse:
    """One review: what people put in, what is proposed, what was found."""
    found = get_object_or_404(reads.reviews(), pk=number)
    kinds = reads.entries_by_kind(found)
    works = list(reads.improvements().filter(about=found.ref))
    proposed = sum(work.state == Improvement.State.PROPOSED for work in works)
    context = {
        "review": found,
        "matter": found.matter,
        "sentence": reads.sentence_of_review(
            found, sum(len(kind.entries) for kind in kinds), proposed
        ),
        "is_open": found.state == found.State.OPEN,
        "kinds": kinds,
        "improvements": works,
        "entries": reversed(timeline.of(found).order_by("-pk")[:LATEST]),
    }
    return render(request, "practice/review.html", context)


@signed_in
def improvements(request: Request) -> HttpResponse:
    """What is proposed, under way and done."""
    page = Paginator(reads.improvements(), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "practice/improvements.html", {"page": page})


@signed_in
def improvement(request: Request, number: int) -> HttpResponse:
    """One improvement: what is expected of it, who does it, what came of it."""
    work = get_object_or_404(reads.improvements(), pk=number)
    context = {
        "work": work,
        "matter": work.matter,
        "change": next(iter(work.thread()[-1:]), None) if work.change else None,
        "sentence": reads.sentence_of_improvement(work, clock.now().date()),
        "entries": reversed(timeline.of(work).order_by("-pk")[:LATEST]),
    }
    return render(request, "practice/improvement.html", context)
