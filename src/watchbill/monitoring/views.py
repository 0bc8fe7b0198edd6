"""The pages of monitoring."""

from urllib.parse import urlencode

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from watchbill import prometheus
from watchbill.acts import timeline
from watchbill.acts.web import Request, signed_in
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.monitoring import engine, freeze, host, reads
from watchbill.monitoring.models import Report
from watchbill.people.models import House

PER_PAGE = 50


@signed_in
def overview(request: Request) -> HttpResponse:
    """Whether measurements arrive, and which reports wait."""
    context = {
        **_targets(),
        "waiting": reads.waiting_for(request.user)[:10],
        "open": Report.objects.filter(answer=Report.Answer.OPEN).count(),
        "charted": [c for c in Component.objects.order_by("name")[:500] if c.charts],
        "house": House.get(),
    }
    return render(request, "monitoring/overview.html", context)


@signed_in
def explore(request: Request) -> HttpResponse:
    """Ask for anything that is measured."""
    slug = request.GET.get("component", "")
    about = Component.objects.filter(slug=slug).first() if slug else None
    found = reads.exploration(request.GET.dict())
    context = {
        "found": found,
        "windows": reads.WINDOWS, "steps": reads.STEPS,
        "about": about, "on": about or House.get(),
    }  # fmt: skip
    status = 422 if found.error or found.away else 200
    return render(request, "monitoring/explore.html", context, status=status)


@signed_in
def report_range(request: Request) -> HttpResponse:
    """From a range chosen on a chart (Unix seconds) to the form that reports it."""
    given = {"on": request.GET.get("on") or House.get().ref}
    for name in ("start", "end"):
        if at := reads.moment(request.GET.get(name, "")):
            given[name] = f"{timezone.localtime(at):%Y-%m-%dT%H:%M:%S}"
    for name in ("query", "next"):
        if value := request.GET.get(name):
            given[name] = value
    form = reverse("acts:do", args=["monitoring.report_anomaly"])
    return HttpResponseRedirect(f"{form}?{urlencode(given)}")


@signed_in
def reports(request: Request) -> HttpResponse:
    """What people reported, and what came of it."""
    answer = request.GET.get("answer", "")
    context = {
        "page": Paginator(reads.reports(answer), PER_PAGE).get_page(request.GET.get("page")),
        "waiting": reads.waiting_for(request.user).count(),
        "to_confirm": reads.to_confirm(request.user)[:10],
        "answer": answer, "answers": Report.Answer.values, "house": House.get(),
    }  # fmt: skip
    return render(request, "monitoring/reports.html", context)


@signed_in
def report(request: Request, number: int) -> HttpResponse:
    """One report: what was seen, the chart as it was, the answer."""
    related = Report.objects.select_related(
        "by", "component", "answered_by", "closed_by", "confirmed_by"
    )
    found = get_object_or_404(related, pk=number)
    start, end, step = freeze.window(found.start, found.end)
    context = {
        "report": found, "start": start, "end": end, "step": step,
        "marks": [{"at": found.start, "label": "since", "kind": "warn"},
                  {"at": found.end, "label": "until", "kind": "warn"}],
        "why_not": found.why_not_received_by(request.user) if found.is_open else "",
        "to_close": found.answer == Report.Answer.REAL and found.closed_at is None,
        "to_confirm": found.closed_at is not None
        and not found.why_not_confirmed_by(request.user, clock.now()),
        "entries": timeline.of(found),
    }  # fmt: skip
    return render(request, "monitoring/report.html", context)


@signed_in
def sources(request: Request) -> HttpResponse:
    """Where metrics come from, and which of it fails."""
    return render(request, "monitoring/sources.html", _targets())


@signed_in
def engine_page(request: Request) -> HttpResponse:
    """Which engine answers, what it can, its limits, and which queries cost it most."""
    try:
        found, away = engine.look(), ""
    except prometheus.NoAnswer as error:
        found, away = None, str(error)
    return render(request, "monitoring/engine.html", {"engine": found, "away": away})


@signed_in
def hosts(request: Request) -> HttpResponse:
    """The machines: CPU, memory, disk, network."""
    asked = request.GET.get("instance", "")
    try:
        instances, away = host.instances(), ""
    except prometheus.NoAnswer as error:
        instances, away = [], str(error)
    shown = asked if asked in instances else (instances[0] if instances else "")
    context = {
        "instances": instances, "instance": shown, "away": away,
        "charts": host.charts(shown) if shown else [], "embedded": settings.TELEMETRY_EMBEDDED,
    }  # fmt: skip
    return render(request, "monitoring/hosts.html", context)


@signed_in
def component(request: Request, slug: str) -> HttpResponse:
    """One component's charts, large."""
    found = get_object_or_404(Component, slug=slug)
    name = request.GET.get("range", "")
    window = reads.WINDOWS.get(name) or reads.WINDOWS["1h"]
    context = {
        **reads.charted(found, window), "windows": reads.WINDOWS,
        "minutes": int(window.total_seconds() // 60),
        "shown": name if name in reads.WINDOWS else "1h",
    }  # fmt: skip
    return render(request, "monitoring/component.html", context)


def _targets() -> dict[str, object]:
    try:
        targets, away = prometheus.targets(), ""
    except prometheus.NoAnswer as error:
        targets, away = [], str(error)
    down = [target for target in targets if target.health == "down"]
    embedded = settings.TELEMETRY_EMBEDDED
    itself = all(target.url.startswith("local:") for target in targets)
    return {
        "targets": targets, "down": down, "away": away, "embedded": embedded,
        "only_itself": embedded and itself and not away,
    }  # fmt: skip
