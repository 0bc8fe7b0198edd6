"""The pages of maintenance."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from watchbill.acts import timeline
from watchbill.acts.web import Request, signed_in
from watchbill.lib import clock
from watchbill.maintenance import reads
from watchbill.maintenance.models import Change
from watchbill.runbooks import reads as procedures
from watchbill.runbooks.models import Run

PER_PAGE = 50


@signed_in
def overview(request: Request) -> HttpResponse:
    """What is changed now, what comes, and what of it waits for the reader."""
    under_way, to_come = reads.counts()
    context = {
        "groups": reads.calendar(clock.now()),
        "under_way": under_way,
        "to_come": to_come,
        "most": reads.MOST_AHEAD,
        "told": reads.to_acknowledge(request.user)[:10],
    }
    return render(request, "maintenance/overview.html", context)


@signed_in
def past(request: Request) -> HttpResponse:
    """The changes that are closed."""
    page = Paginator(reads.past(), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "maintenance/past.html", {"page": page})


@signed_in
def change(request: Request, number: int) -> HttpResponse:
    """One change: where it is, its procedure, what was said and done, what came of it."""
    related = Change.objects.select_related(
        "component", "planned_by", "approved_by", "started_by", "ended_by", "improvement",
        "procedure__runbook", "led_by", "docs_runbook__runbook", "docs_accepted_by", "confirmed_by",
        "component__owner",
    )  # fmt: skip
    found = get_object_or_404(related, pk=number)
    run = found.runs.select_related("of__runbook").first()
    running = run is not None and run.state == Run.State.RUNNING
    guide = reads.guides_for(found, request.user)
    parts = reads.parts(found, request.user)
    context = {
        "change": found,
        "parts": parts,
        "done": sum(row.part.done_at is not None for row in parts),
        **reads.open_to(found, request.user),
        "sentence": reads.sentence(found, clock.now()),
        "needs_approval": reads.needs_approval(found),
        "run": run,
        "running": running,
        "complete": not running and (run is not None or found.procedure is None),
        "lines": procedures.done_and_to_do(run) if run else [],
        "asks": procedures.asks_about(run) if run else [],
        "progress": reads.progress(found),
        "guide": guide.username if guide else "",
        "entries": timeline.of(found),
    }
    return render(request, "maintenance/change.html", context)
