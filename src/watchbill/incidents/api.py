"""What of incidents can be read by REST and command line."""

from typing import Any

from watchbill.acts.rest import Resource
from watchbill.incidents.models import Fix, Incident, Record, Seat, Workaround


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
        "tasks": [
            {
                "ref": task.ref,
                "text": task.text,
                "state": task.state,
                "owner": task.owner.username if task.owner else None,
                "outcome": task.outcome,
            }
            for task in incident.tasks.all()
        ],
        "fixes": [_fix(fix) for fix in incident.fixes.all()],
        "url": incident.get_absolute_url(),
    }


def _fix(fix: Fix) -> dict[str, Any]:
    return {
        "ref": fix.ref,
        "number": fix.pk,
        "what": fix.what,
        "listed": fix.workaround_id is not None,
        "applied_by": fix.applied_by.username,
        "applied_at": fix.applied_at,
        "alert": f"alerts.alert:{fix.alert_id}" if fix.alert_id else None,
        "measure": fix.measure,
        "before": fix.before,
        "after": fix.after,
        "measure_problem": fix.measure_problem,
        "verdict": fix.verdict or None,
        "because": fix.because,
        "judged_by": fix.judged_by.username if fix.judged_by else None,
    }


def _record(record: Record) -> dict[str, Any]:
    return {
        "ref": record.ref,
        "incident": record.incident_id,
        "version": record.number,
        "impact": record.impact,
        "cause": record.cause,
        "actions": record.actions,
        "timeline": [{"at": at, "who": who, "what": what} for at, who, what in record.lines],
        "published_by": record.published_by.username,
        "published_at": record.published_at,
        "accepted_by": record.accepted_by.username if record.accepted_by else None,
        "accepted_at": record.accepted_at,
        "url": record.get_absolute_url(),
    }


def _workaround(workaround: Workaround) -> dict[str, Any]:
    return {
        "ref": workaround.ref,
        "number": workaround.pk,
        "component": workaround.component.slug,
        "title": workaround.title,
        "how": workaround.how,
        "runbook": workaround.runbook.slug if workaround.runbook else None,
        "listed_by": workaround.listed_by.username,
        "listed_at": workaround.listed_at,
        "withdrawn_at": workaround.withdrawn_at,
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
            "components", "alerts", "seats__person", "seats__guide", "notes__by", "updates__by",
            "tasks__owner", "fixes__applied_by", "fixes__judged_by",
        ).order_by("-pk"),
        {"state": "state", "severity": "severity", "component": "components__slug",
         "alert": "alerts__pk"},
        "Incidents with their seats, notes, updates, tasks and fixes.",
    ),
    Resource(
        "records", Record, _record,
        lambda: Record.objects.select_related("published_by", "accepted_by", "incident")
        .order_by("-pk"),
        {"incident": "incident__pk"}, "What is kept of incidents, each version.",
    ),
    Resource(
        "workarounds", Workaround, _workaround,
        lambda: Workaround.objects.select_related("component", "runbook", "listed_by")
        .order_by("-pk"),
        {"component": "component__slug"}, "Ways to lessen known faults, agreed on beforehand.",
    ),
]  # fmt: skip
