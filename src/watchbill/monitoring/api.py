"""Reports over REST and command line. Measurements are read at /telemetry/api/v1."""

from typing import Any

from django.db.models import QuerySet

from watchbill.acts.rest import Resource
from watchbill.monitoring.models import Report


def describe(report: Report) -> dict[str, Any]:
    """A report as JSON."""
    return {
        "what": report.what,
        "by": report.by.username,
        "at": report.at,
        "component": report.component.slug if report.component else None,
        "query": report.query,
        "start": report.start,
        "end": report.end,
        "answer": report.answer,
        "because": report.because,
        "answered_by": report.answered_by.username if report.answered_by else None,
        "answered_at": report.answered_at,
        "url": report.get_absolute_url(),
    }


def _rows() -> QuerySet[Report]:
    return Report.objects.select_related("by", "component", "answered_by").order_by("-pk")


RESOURCES = [
    Resource(
        "reports", Report, describe, find=_rows,
        filters={"answer": "answer", "component": "component__slug", "by": "by__username"},
        doc="Anomalies that people reported, and their answers.",
    )
]  # fmt: skip
