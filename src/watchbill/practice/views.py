"""The pages of reviews, improvements, designs and pairings."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from watchbill.acts import timeline
from watchbill.acts.web import Request, signed_in
from watchbill.catalog.leads import why_not_lead
from watchbill.lib import clock
from watchbill.people.models import House
from watchbill.practice import coverage, reads
from watchbill.practice.confirming import why_not_confirmed_by, why_not_countersigned_by
from watchbill.practice.models import Debrief, Design, Improvement, Review

PER_PAGE = 50
OF_ENTRIES = (Review.Kind.POST_INCIDENT, Review.Kind.RETROSPECTIVE)
LATEST = 200  # entries of a timeline


@signed_in
def reviews(request: Request) -> HttpResponse:
    """Reviews that are open to everybody, and those that were published."""
    kind = request.GET.get("kind", "")
    found = reads.reviews()
    if kind in Review.Kind.values:
        found = found.filter(kind=kind)
    context = {
        "page": Paginator(found, PER_PAGE).get_page(request.GET.get("page")),
        "kinds": Review.Kind.choices, "kind": kind, "query": f"kind={kind}" if kind else "",
        "house": House.get(),
    }  # fmt: skip
    return render(request, "practice/reviews.html", context)


@signed_in
def review(request: Request, number: int) -> HttpResponse:
    """One review: what people put in, what is proposed, what was found."""
    found = get_object_or_404(reads.reviews(), pk=number)
    kinds, matter = reads.entries_by_kind(found), found.matter
    invites = found.state == found.State.OPEN and found.kind in OF_ENTRIES
    gaps = list(found.gaps.select_related("component", "owner").order_by("pk"))
    decisions = list(found.decisions.select_related("owner").order_by("pk"))
    works = list(reads.improvements().filter(about=found.ref))
    proposed = sum(work.state == Improvement.State.PROPOSED for work in works)
    context = {
        "review": found,
        "matter": matter,
        "contributors": sorted({str(entry.by) for kind in kinds for entry in kind.entries}),
        "gaps": gaps,
        "decisions": decisions,
        "map": coverage.map_of(matter)
        if found.kind in (Review.Kind.COVERAGE, Review.Kind.MONITORING)
        else None,
        "may_countersign": not why_not_countersigned_by(found, request.user),
        "waits_for_second": found.kind in Review.COUNTERSIGNED and not found.countersigned_by_id,
        "sentence": reads.sentence_of_review(
            found, sum(len(kind.entries) for kind in kinds), proposed, len(gaps) + len(decisions)
        ),
        "is_open": found.state == found.State.OPEN,
        # Empty sheets invite where entries are what a review is about; elsewhere they are left out.
        "kinds": [kind for kind in kinds if kind.entries or invites],
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
        "why_not_confirm": why_not_confirmed_by(work, request.user),
        "entries": reversed(timeline.of(work).order_by("-pk")[:LATEST]),
    }
    return render(request, "practice/improvement.html", context)


@signed_in
def designs(request: Request) -> HttpResponse:
    """Design decisions that rest on reviews: decided, built, verified."""
    page = Paginator(reads.designs(), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "practice/designs.html", {"page": page})


@signed_in
def design(request: Request, number: int) -> HttpResponse:
    """One design: what is decided, on which reviews it rests, what built it, whether it holds."""
    found = get_object_or_404(reads.designs(), pk=number)
    thread = found.thread()
    context = {
        "design": found,
        "change": thread[-1] if found.change else None,
        "reviews": [one for one in thread if isinstance(one, Review)],
        "why_not": why_not_lead(request.user, found.component),
        "decided_it": found.by_id == request.user.pk,
        "steps": Design.State.choices,
        "entries": reversed(timeline.of(found).order_by("-pk")[:LATEST]),
    }
    return render(request, "practice/design.html", context)


@signed_in
def pairings(request: Request) -> HttpResponse:
    """Who guides whom for a while, and on what."""
    page = Paginator(reads.pairings(), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "practice/pairings.html", {"page": page})


@signed_in
def pairing(request: Request, number: int) -> HttpResponse:
    """One pairing: its duties and plan, the sessions, the looking back."""
    found = get_object_or_404(reads.pairings(), pk=number)
    lines = Debrief.objects.filter(about=found.ref).select_related("by")
    context = {
        "pairing": found,
        "targets": reads.targets_of(found),
        "moved": found.moved(),
        "sessions": list(found.sessions.select_related("by").order_by("-pk")[:LATEST]),
        "lines": list(lines.order_by("pk")),
        "takes_part": request.user.pk in (found.mentor_id, found.learner_id),
        "is_mentor": request.user.pk == found.mentor_id,
        "wrote": any(line.by_id == request.user.pk for line in lines),
        "over": found.until < clock.now().date(),
        "entries": reversed(timeline.of(found).order_by("-pk")[:LATEST]),
    }
    return render(request, "practice/pairing.html", context)
