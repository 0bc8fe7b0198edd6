"""Changes over REST and command line."""

from typing import Any

from django.db.models import QuerySet

from watchbill.acts.rest import Resource
from watchbill.lib.levels import Tier
from watchbill.maintenance import reads
from watchbill.maintenance.models import Change, Part, Progress


def describe(change: Change) -> dict[str, Any]:
    """A change as JSON."""
    return {
        "title": change.title,
        "component": change.component.slug,
        "kind": change.kind,
        "state": change.state,
        "tier": change.tier.word,
        "declared": Tier(change.declared).word,
        "risk_because": change.risk_because,
        "starts": change.starts,
        "ends": change.ends,
        "led_by": change.led_by.username if change.led_by else None,
        "planned_by": change.planned_by.username,
        "started_by": change.started_by.username if change.started_by else None,
        "started_at": change.started_at,
        "ended_at": change.ended_at,
        "result": change.result,
        "outcome": change.outcome,
        "docs": change.docs,
        "docs_link": change.docs_link,
        "docs_runbook": str(change.docs_runbook) if change.docs_runbook else None,
        "docs_reason": change.docs_reason,
        "docs_accepted": change.docs_accepted_how,
        "confirmed_at": change.confirmed_at,
        "parts": [describe_part(one) for one in change.parts.all()],
        "improvement": change.improvement.ref if change.improvement else None,
        "procedure": str(change.procedure) if change.procedure else None,
        "measured_before": change.measured_before,
        "measured_after": change.measured_after,
        "progress": [describe_progress(one) for one in change.progress.all()],
        "url": change.get_absolute_url(),
    }


def describe_part(part: Part) -> dict[str, Any]:
    """A part of a change as JSON."""
    return {
        "ref": part.ref,
        "text": part.text,
        "alters": part.alters,
        "state": part.state,
        "holder": part.holder.username if part.holder else None,
        "result": part.result,
        "word": part.word,
    }


def describe_progress(progress: Progress) -> dict[str, Any]:
    """A line on how a change goes, as JSON."""
    return {
        "ref": progress.ref,
        "by": progress.by.username,
        "to": progress.to.username,
        "text": progress.text,
        "at": progress.at,
        "acknowledged_at": progress.acknowledged_at,
        "word": progress.word,
    }


def _rows() -> QuerySet[Change]:
    related = reads.changes().select_related(
        "approved_by", "improvement", "procedure__runbook", "led_by", "docs_runbook__runbook"
    )
    with_parts = related.prefetch_related("progress__by", "progress__to", "parts__holder")
    return with_parts.order_by("-pk")


RESOURCES = [
    Resource(
        "changes",
        Change,
        describe,
        find=_rows,
        filters={"state": "state", "component": "component__slug", "kind": "kind"},
        doc="Changes: planned, under way, ended, with outcome and documents.",
    )
]
