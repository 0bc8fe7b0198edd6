"""What of incidents can be read by REST and command line."""

from typing import Any

from watchbill.acts.rest import Resource
from watchbill.incidents.models import Incident, Seat


def _incident(incident: Incident) -> dict[str, Any]:
    return {
        "number": incident.pk,
        "title": incident.title,
        "impact": incident.impact,
        "severity": incident.severity,
        "tier": incident.tier.word,
        "state": incident.state,
        "components": [component.slug for component in incident.components.all()],
        "alerts": [alert.ref for alert in incident.alerts.all()],
        "declared_by": incident.declared_by.username,
        "declared_at": incident.declared_at,
        "next_update_due": incident.next_update_due,
        "resolved_at": incident.resolved_at,
        "closed_at": incident.closed_at,
        "resolution": incident.resolution,
        "seats": [_seat(seat) for seat in incident.seats.all()],
        "notes": [
            {"by": note.by.username, "at": note.at, "text": note.text}
            for note in incident.notes.all()
        ],
        "updates": [
            {"by": one.by.username, "at": one.at, "audience": one.audience, "text": one.text}
            for one in incident.updates.all()
        ],
        "url": incident.get_absolute_url(),
    }


def _seat(seat: Seat) -> dict[str, Any]:
    return {
        "ref": seat.ref,
        "person": seat.person.username,
        "role": seat.role,
        "provisional": seat.provisional,
        "guide": seat.guide.username if seat.guide else None,
        "since": seat.since,
        "until": seat.until,
    }


RESOURCES = [
    Resource(
        "incidents", Incident, _incident,
        lambda: Incident.objects.select_related("declared_by").prefetch_related(
            "components", "alerts", "seats__person", "seats__guide", "notes__by", "updates__by"
        ).order_by("-pk"),
        {"state": "state", "severity": "severity", "component": "components__slug",
         "alert": "alerts__pk"},
        "Incidents with their seats, notes and updates.",
    ),
]  # fmt: skip
