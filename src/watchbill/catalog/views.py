"""The pages of the catalogue."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from watchbill.acts import timeline
from watchbill.acts.web import Request, signed_in
from watchbill.catalog import bring_in, file, reads
from watchbill.catalog.models import Component
from watchbill.catalog.panels import health_of, offers, panels_of
from watchbill.people.models import House, Team

LATEST = 50  # entries of a timeline


@signed_in
def components(request: Request) -> HttpResponse:
    """Everything that is run, with owner, tier and health."""
    asked = {key: request.GET.get(key, "").strip() for key in ("q", "tier", "owner")}
    listing = reads.listing(
        asked["q"], asked["tier"], asked["owner"], request.GET.get("page", "1")
    )  # fmt: skip
    context = {
        "listing": listing, "asked": asked, "teams": Team.objects.order_by("name"),
        "house": House.get(),
    }  # fmt: skip
    return render(request, "catalog/components.html", context)


@signed_in
def component(request: Request, slug: str) -> HttpResponse:
    """One component: its card, what hangs on it, what happens on it, what people did to it."""
    found = get_object_or_404(Component.objects.select_related("owner"), slug=slug)
    entries = timeline.of(found).order_by("-id")[:LATEST]
    context = {
        "component": found,
        "health": health_of(Component.objects.filter(pk=found.pk))[found.pk],
        "needs": list(found.depends_on.order_by("name")),
        "dependents": list(found.dependents.order_by("name")),
        "panels": panels_of(found, request),
        "offers": offers(),
        "entries": reversed(entries),
    }
    return render(request, "catalog/component.html", context)


@signed_in
def bring(request: Request) -> HttpResponse:
    """A components file: pasted, looked through, then brought in by the act."""
    text, steps, problems = request.POST.get("text", ""), [], []
    if text:
        try:
            steps = bring_in.plan(file.read(text))
        except file.FileError as error:
            problems = error.problems[: file.MOST_PROBLEMS]
    context = {
        "text": text, "steps": steps, "problems": problems, "house": House.get(),
        "same": bool(text) and not steps and not problems,
    }  # fmt: skip
    return render(request, "catalog/bring.html", context, status=422 if problems else 200)
