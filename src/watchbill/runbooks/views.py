"""The pages of runbooks and their runs."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from watchbill.acts import timeline
from watchbill.acts.web import Request, signed_in
from watchbill.people.models import House
from watchbill.runbooks import reads
from watchbill.runbooks.effect import CLEAN_RUNS, READ_AGAIN
from watchbill.runbooks.models import Run, Runbook


@signed_in
def runbooks(request: Request) -> HttpResponse:
    """Every procedure, by title."""
    words = request.GET.get("q", "").strip()
    found = reads.published()
    if words:
        found = found.filter(title__icontains=words)
    context = {"runbooks": found, "q": words, "house": House.get(), "example": reads.EXAMPLE}
    return render(request, "runbooks/runbooks.html", context)


@signed_in
def runbook(request: Request, slug: str) -> HttpResponse:
    """One procedure as it is in force, or as an earlier version had it; its runs."""
    found = get_object_or_404(Runbook.objects.select_related("component"), slug=slug)
    versions = list(
        found.versions.select_related("published_by", "confirmed_by").order_by("-number")
    )
    number = request.GET.get("version", "")
    shown = next((v for v in versions if str(v.number) == number), versions[0])
    runs = Run.objects.filter(of__runbook=found).select_related("of__runbook", "started_by")
    context = {
        "runbook": found,
        "versions": versions,
        "shown": shown,
        "lines": reads.written(shown.procedure.steps),
        "runs": runs.order_by("-pk")[:10],
        "entries": timeline.of(found).order_by("-pk")[:20],
        "clean_runs": CLEAN_RUNS,
        "read_again": READ_AGAIN.days,
    }
    return render(request, "runbooks/runbook.html", context)


@signed_in
def write(request: Request, slug: str = "") -> HttpResponse:
    """The text of a new runbook, or of the next version; publishing it is an act."""
    known = Runbook.objects.select_related("in_force")
    found = get_object_or_404(known, slug=slug) if slug else None
    version = found.in_force if found else None
    context = {
        "house": House.get(),
        "runbook": found,
        "text": version.source if version else reads.EXAMPLE,
        "after": version.number if version else 0,
        "clean_runs": CLEAN_RUNS,
        "read_again": READ_AGAIN.days,
    }
    return render(request, "runbooks/write.html", context)


@signed_in
def run(request: Request, number: int) -> HttpResponse:
    """One run: each step with what exactly is done, by whom, with whom, and what came of it."""
    found = get_object_or_404(Run.objects.select_related("of__runbook", "started_by"), pk=number)
    asks = reads.asks_about(found)
    entries = timeline.of(found).exclude(pk__in=[ask.pk for ask in asks]).order_by("-pk")
    context = {
        "run": found,
        "matter": found.matter,
        "sentence": reads.sentence(found),
        "lines": reads.done_and_to_do(found, request.user),
        "running": found.state == Run.State.RUNNING,
        "asks": asks,
        "entries": reversed(entries[: reads.LATEST]),
    }
    return render(request, "runbooks/run.html", context)
