"""The first page, and what the command palette finds."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse

from watchbill.acts import timeline
from watchbill.acts.authority import Effect
from watchbill.acts.registry import KINDS
from watchbill.acts.web import Request, form_url, signed_in
from watchbill.catalog.models import Component
from watchbill.home import needs, reads
from watchbill.home.panels import sheets_for
from watchbill.incidents.models import Incident
from watchbill.ladder.reads import matrix
from watchbill.ladder.views import rows_of
from watchbill.paging.reads import open_pages
from watchbill.people.models import House, Person
from watchbill.runbooks.models import Runbook
from watchbill.web.context import provides_counts
from watchbill.web.sections import SECTIONS

FOUND = 200  # of each sort in the palette


@signed_in
def now(request: Request) -> HttpResponse:
    """What needs the reader, how the system does, where the reader stands."""
    mine = matrix(request.user)
    return render(
        request,
        "home/now.html",
        {
            "system": reads.system(),
            "needs": needs.needs_of(request.user, mine),
            "matrix": mine,
            "groups": [(cell, rows_of(cell.lines, request.user)) for cell in mine.mine],
            "who": request.user,
            "sheets": sheets_for(request),
        },
    )


@signed_in
def palette(request: Request) -> HttpResponse:
    """Every page and everything the reader may do without a narrower subject."""
    entries: list[dict[str, Any]] = [
        {"label": section.label, "hint": "", "url": section.path, "group": "Pages"}
        for section in SECTIONS
    ]
    entries += [
        {"label": label, "hint": "", "url": reverse(name), "group": "Pages"}
        for label, name in (
            ("Go-aheads", "acts:asks"),
            ("People", "accounts:people"),
            ("Duties", "ladder:duties"),
            ("Settings", "accounts:settings"),
            ("Glossary", "web:glossary"),
        )
    ]
    entries += _acts(request.user)
    for incident in Incident.objects.filter(state__in=Incident.OPEN).order_by("-pk")[:FOUND]:
        url = reverse("incidents:room", args=[incident.pk])
        entries.append(_entry(incident.title, incident.how_bad.short, url, "Incidents"))
    for component in Component.objects.order_by("name")[:FOUND]:
        entries.append(_entry(component.name, "", component.get_absolute_url(), "Components"))
    for runbook in Runbook.objects.order_by("title")[:FOUND]:
        url = reverse("runbooks:runbook", args=[runbook.slug])
        entries.append(_entry(runbook.title, runbook.slug, url, "Runbooks"))
    for person in Person.objects.humans().order_by("name")[:FOUND]:
        url = reverse("accounts:person", args=[person.username])
        entries.append(_entry(person.name, person.username, url, "People"))
    return JsonResponse(entries, safe=False)


def _entry(label: str, hint: str, url: str, group: str) -> dict[str, Any]:
    return {"label": label, "hint": hint, "url": url, "group": group}


def _acts(reader: Person) -> list[dict[str, Any]]:
    house = House.get()
    offered = [
        _entry(kind.title, kind.doc, form_url(kind, house), "Do")
        for kind in KINDS.values()
        if kind.subject is House and kind.may(reader, house).effect is not Effect.REFUSE
    ]
    return [_entry("Declare an incident", "", reverse("incidents:declare"), "Do"), *offered]


@provides_counts
def waiting(request: HttpRequest) -> dict[str, int]:
    """How much waits for the reader, beside "Now" in the rail."""
    reader = request.user
    if not isinstance(reader, Person):
        return {}
    return {"now": open_pages(reader).count() + len(timeline.asks_for(reader))}
