"""The pages of incidents: the list, declaring, and the room."""

from typing import Any

from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render

from watchbill.acts.forms import form_of
from watchbill.acts.registry import KINDS
from watchbill.acts.web import Request, signed_in
from watchbill.alerts.models import Alert
from watchbill.catalog.models import Component
from watchbill.incidents import draft as drafts
from watchbill.incidents import reads
from watchbill.incidents import room as rooms
from watchbill.incidents.models import Incident, Severity
from watchbill.lib.numbers import whole
from watchbill.people.models import House

SEVERITIES = {"critical": Severity.SEV2, "page": Severity.SEV2, "warning": Severity.SEV3}


@signed_in
def incidents(request: Request) -> HttpResponse:
    """What is open now, the worst first; then what is over, newest first."""
    asked = {key: request.GET.get(key, "") for key in ("q", "component", "page")}
    narrowed = any(asked.values())
    context = {
        "open": [] if narrowed else list(reads.open_now()),
        "narrowed": narrowed,
        "page": reads.past(asked),
        "asked": asked,
    }
    return render(request, "incidents/incidents.html", context)


@signed_in
def room(request: Request, number: int) -> HttpResponse:
    """One incident, live: what is known, who does what, what is next for the reader."""
    found = rooms.room(number)
    if found is None:
        raise Http404(f"there is no incident {number}")
    context = {
        "room": found,
        "incident": found.incident,
        "offer": rooms.offer(found, request.user),
        "mine": found.seats_of(request.user),
        "to_debrief": found.to_debrief(request.user),
        "to_judge": found.to_judge(request.user),
        "may_look_back": found.may_look_back(request.user),
        "chart": rooms.chart(found),
    }
    return render(request, "incidents/room.html", context)


@signed_in
def record(request: Request, number: int) -> HttpResponse:
    """What is kept of one incident, in versions; and the draft that the ledger gives."""
    incident = get_object_or_404(Incident.objects.select_related("declared_by"), pk=number)
    known = incident.records.select_related("published_by", "accepted_by")
    versions = list(known.order_by("-number"))
    asked = request.GET.get("version", "")
    shown = next((one for one in versions if str(one.number) == asked), None)
    shown = shown or next(iter(versions), None)
    drafted = drafts.draft(incident)
    kind = KINDS["incidents.publish_record"]
    last = versions[0] if versions else drafted
    written = {"impact": last.impact, "cause": last.cause, "actions": last.actions}
    form = form_of(kind, incident, preset=written)
    for part in form.fields.values():
        part.required = True  # the act names all that is missing at once
    context = {
        "incident": incident,
        "versions": versions,
        "shown": shown,
        "newest": bool(versions) and shown == versions[0],
        "lines": drafts.read(shown.lines if shown else drafted.lines),
        "missing": drafts.missing(incident, **written).values(),
        "form": form,
        "may": kind.may(request.user, incident),
        "responded": incident.seats.filter(person=request.user, provisional=False).exists(),
    }
    return render(request, "incidents/record.html", context)


@signed_in
def declare(request: Request) -> HttpResponse:
    """Declare an incident: from an alert, on a component, or on nothing that is known yet."""
    on: Alert | Component | House
    given: dict[str, Any] = {}
    name = "incidents.declare"
    if (number := whole(request.GET.get("alert", ""))) is not None:
        alert = get_object_or_404(Alert.objects.select_related("component"), pk=number)
        on, name = alert, "incidents.declare_from_alert"
        severity = SEVERITIES.get(alert.severity.lower(), Severity.SEV3)
        given = {"title": alert.summary or str(alert), "severity": severity.value}
    elif slug := request.GET.get("component", ""):
        on = get_object_or_404(Component, Q(slug=slug) | Q(pk=whole(slug)))
    else:
        on = House.get()
    context = {
        "on": on,
        "kind": KINDS[name],
        "form": form_of(KINDS[name], on, preset=given),
        "components": Component.objects.order_by("name") if isinstance(on, House) else [],
    }
    return render(request, "incidents/declare.html", context)
